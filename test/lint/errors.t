# errors.t - extension/errcodes.def is whole, and whoever names an error names one
# that is there, with the values that its text wants.

use strict;
use warnings;
use utf8;

use Encode qw(decode_utf8);
use FindBin;
use lib "$FindBin::Bin/lib";
use Lint;
use Test::More;

binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);

my $LIST = 'extension/errcodes.def';
my %STATUS = map { $_ => 1 }
	400, 401, 403, 404, 405, 406, 408, 409, 410, 413, 414, 415, 422, 429, 431, 500, 501, 503, 505;
my (@rows, %row, %state);

sub places
{
	my ($text) = @_;
	my %seen;

	return join ' ', sort grep { !$seen{$_}++ } $text =~ /\{(\w+)\}/g;
}

sub read_rows
{
	my $number = 0;
	my @unread;

	for my $line (split /\n/, decode_utf8(slurp($LIST)))
	{
		$number++;
		next if $line !~ /^\s*MJC_ERROR\(/;
		my $text = qr/"((?:[^"\\]|\\.)*)"/;

		if ($line =~ /^MJC_ERROR\((\w+), "(\w*)", (\d+), $text, $text, $text\)$/)
		{
			push @rows, { line => $number, name => $1, state => $2, status => $3, en => $4, fr => $5, ar => $6 };
		}
		else
		{
			push @unread, "$LIST:$number";
		}
	}
	%row = map { $_->{name} => $_ } @rows;
	%state = map { $_->{state} => $_ } @rows;
	return rule('every row can be read: name, SQLSTATE, status, three texts', @unread);
}

sub twice
{
	my ($key) = @_;
	my %seen;

	return map { "$LIST:$_->{line}: $_->{$key}" } grep { $seen{ $_->{$key} }++ } @rows;
}

sub bad
{
	my ($test) = @_;

	return map { "$LIST:$_->{line}: $_->{name} ($_->{state}, $_->{status})" } grep { $test->($_) } @rows;
}

# MJC_ERR_X in the extension, ERROR_X in the shim.
sub unknown_in_c
{
	my ($folder, $prefix) = @_;
	my @found;

	for my $file (files(qr{^(?:$folder)/.*\.[ch]$}))
	{
		my $code = blank_c(slurp($file), preprocessor => 1);
		my %own = map { $_ => 1 } $code =~ /^\s*#\s*define\s+${prefix}(\w+)/mg;

		while ($code =~ /\b${prefix}([A-Z0-9][A-Z0-9_]*)\b/g)
		{
			push @found, "$file:" . line_at($code, $-[0]) . ": $prefix$1"
				unless $row{$1} || $own{$1} || $1 =~ /^(?:_MAX|NONE|MAX_FIELDS|H)$/;
		}
	}
	return @found;
}

# What a text needs and what is given for it.
sub wanting
{
	my ($where, $name, @given) = @_;

	return () unless $row{$name};
	my %given = map { $_ => 1 } @given;
	my @missing = grep { !$given{$_} } split ' ', places($row{$name}{en});
	return @missing ? "$where: $name without {@missing}" : ();
}

sub values_in_c
{
	my @found;

	for my $file (files(qr{^extension/.*\.c$}))
	{
		my $code = blank_c(slurp($file), strings => 1);

		while ($code =~ /\bMJC_RAISE\(MJC_ERR_(\w+),([^;]*)\);/g)
		{
			my ($name, $values, $at) = ($1, $2, $-[0]);

			push @found, wanting("$file:" . line_at($code, $at), $name, $values =~ /\{"(\w+)"/g);
		}
		while ($code =~ /\bmjc_raise\(MJC_ERR_(\w+)\)/g)
		{
			push @found, wanting("$file:" . line_at($code, $-[0]), $1);
		}
	}
	return @found;
}

sub raised_in_sql
{
	my (@unknown, @wanting);

	for my $file (files(qr{^sql/.*\.sql$}))
	{
		my $code = blank_sql(slurp($file));

		while ($code =~ /\bmjc\.raise\('(\w+)'(?:\s*,\s*'(\w+)')?/g)
		{
			my $where = "$file:" . line_at($code, $-[0]);

			push @unknown, "$where: $1" unless $row{$1};
			push @wanting, wanting($where, $1, $2 // ());
		}
	}
	rule('mjc.raise names errors that are there', @unknown);
	rule('mjc.raise fills the place of the text', @wanting);
	return;
}

# MJ001 and the like, in comments and tests; "MJ302 to MJ305" names its ends.
sub unknown_codes
{
	my @found;

	for my $file (files(qr{^(?:sql|extension|shim|doc|docker|test/(?:sql|http|isolation))/|^[A-Z]+\.md$}))
	{
		next if $file eq $LIST;
		my $text = slurp($file);

		while ($text =~ /\b(MJ\d{3})\b/g)
		{
			push @found, "$file:" . line_at($text, $-[0]) . ": $1" unless $state{$1};
		}
	}
	return @found;
}

read_rows();
ok(scalar @rows > 50, 'the list is found') or diag(scalar @rows);
rule('names are unique', twice('name'));
rule('SQLSTATEs are unique', twice('state'));
rule('SQLSTATEs are of class MJ and never end in 000', bad(sub { $_[0]{state} !~ /^MJ(?!000)[0-9]{3}$/ }));
rule('the HTTP status is one that the shop uses', bad(sub { !$STATUS{ $_[0]{status} } }));
rule('no text is empty', bad(sub { grep { $_[0]{$_} !~ /\S/ } qw(en fr ar) }));
rule('the three texts have the same places',
	bad(sub { places($_[0]{en}) ne places($_[0]{fr}) || places($_[0]{en}) ne places($_[0]{ar}) }));
rule('no brace is left alone',
	bad(sub { grep { $_[0]{$_} =~ s/\{[a-z][a-z0-9_]*\}//gr =~ /[{}%]/ } qw(en fr ar) }));
rule('English starts in lower case and has no full stop', bad(sub { $_[0]{en} !~ /^[a-z]/ || $_[0]{en} =~ /\.$/ }));
rule('French starts like a sentence or, for a field, like its end',
	bad(sub { ($_[0]{name} =~ /^FIELD_/) != ($_[0]{fr} =~ /^\p{Ll}/) }));
rule('Arabic is in Arabic letters', bad(sub { $_[0]{ar} !~ /\p{Arabic}/ }));
rule('the extension names errors that are there', unknown_in_c('extension', 'MJC_ERR_'));
rule('the shim names errors that are there', unknown_in_c('shim|test/shim|test/fuzz', 'ERROR_'));
rule('the extension fills every place of a text', values_in_c());
raised_in_sql();
rule('every code named in a comment, a document or a test is there', unknown_codes());

done_testing();

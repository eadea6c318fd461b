# Lint.pm - what the lints share: the list of files, C and SQL without their
# comments and texts, and one TAP line a rule.
#
# Everything works on the folder two above test/lint; nothing is built or started.
# A text that is blanked keeps its length and its line ends, so that a position
# in it is a position in the file.

package Lint;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Find ();
use Test::More;

our @EXPORT = qw($ROOT files slurp line_at rule blank_c c_functions blank_sql sql_statements
	sql_parts split_list table_classes c_strings);

our $ROOT = abs_path(dirname(__FILE__) . '/../../..');

my @files;
my %content;

# Files of the project, relative to $ROOT, whose name matches the pattern.
sub files
{
	my ($pattern) = @_;

	@files = find_files() unless @files;
	return grep { $_ =~ $pattern } @files;
}

# What git would commit; without git what stands there, less what is built.
sub find_files
{
	my @found;

	if (-e "$ROOT/.git" && open my $git, '-|', 'git', '-c', "safe.directory=$ROOT", '-C', $ROOT,
		qw(ls-files -z --cached --others --exclude-standard))
	{
		local $/ = "\0";
		chomp(@found = <$git>);
	}
	if (!@found)
	{
		my $keep = sub { grep { !/^(?:\.git|\.build|node_modules)$/ } @_ };

		File::Find::find({ no_chdir => 1, preprocess => $keep,
				wanted => sub { push @found, substr $_, 1 + length $ROOT if -f } }, $ROOT);
	}
	my %seen;
	return sort grep { -f "$ROOT/$_" && !$seen{$_}++ } @found;
}

sub slurp
{
	my ($file) = @_;

	return $content{$file} //= do {
		open my $in, '<:raw', "$ROOT/$file" or die "$file: $!\n";
		local $/;
		scalar <$in> // '';
	};
}

sub line_at
{
	my ($text, $position) = @_;

	return 1 + (substr($text, 0, $position) =~ tr/\n//);
}

# One TAP line; each violation is a diagnostic of its own.
sub rule
{
	my ($name, @violations) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	ok(!@violations, $name);
	diag($_) for @violations;
	return !@violations;
}

# Blanks everything but line ends.
sub blank
{
	my ($text) = @_;

	$text =~ s/[^\n]/ /g;
	return $text;
}

#----------------------------------------------------------------------- C

# Without comments and preprocessor lines; texts and characters become "   ".
sub blank_c
{
	my ($text, %keep) = @_;

	$text =~ s{
		( /\* .*? \*/ | //[^\n]* )
	  | ( " (?: [^"\\\n] | \\. )* " )
	  | ( ' (?: [^'\\\n] | \\. )+ ' )
	}{ defined $1 ? blank($1)
		: defined $2 ? ($keep{strings} ? $2 : '"' . blank(substr $2, 1, -1) . '"')
		: "'" . blank(substr $3, 1, -1) . "'" }gsex;
	$text =~ s/^([ \t]*#(?:[^\n]*\\\n)*[^\n]*)/blank($1)/gme unless $keep{preprocessor};
	return $text;
}

# Functions defined in a C text: name, line, body lines, static or not, position
# of the first word of the declaration.
sub c_functions
{
	my ($text) = @_;
	my $code = blank_c($text);
	my ($depth, $start, @found) = (0, 0);

	while ($code =~ /([{};])/g)
	{
		my ($sign, $at) = ($1, $-[1]);

		if ($sign eq '{')
		{
			my $head = substr $code, $start, $at - $start;

			push @found, c_function($code, $head, $start, $at)
				if $depth == 0 && $head =~ /\)\s*$/;
			$depth++;
		}
		elsif ($sign eq '}')
		{
			$depth--;
			$found[-1]{end} = $at if $depth == 0 && @found && !defined $found[-1]{end};
		}
		$start = $at + 1 if $depth == 0;
	}
	for my $function (@found)
	{
		my $body = substr $code, $function->{open}, ($function->{end} // length $code) - $function->{open};

		$function->{lines} = ($body =~ tr/\n//) - 1;
	}
	return @found;
}

sub c_function
{
	my ($code, $head, $start, $open) = @_;
	my ($space) = $head =~ /^(\s*)/;
	my ($name) = $head =~ /(\w+)\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\s*$/;

	return {
		name => $name // '?',
		first => $start + length $space,
		open => $open,
		line => line_at($code, $start + length($space)),
		static => $head =~ /\bstatic\b/ ? 1 : 0,
	};
}

# A run of adjacent C texts, joined, without their quotes.
sub c_strings
{
	my ($text) = @_;

	return join '', map { s/\\n/\n/gr =~ s/\\(.)/$1/gr } $text =~ /"((?:[^"\\]|\\.)*)"/g;
}

#----------------------------------------------------------------------- SQL

# Without comments; with strings => 1 texts are blanked too, not the bodies of functions.
sub blank_sql
{
	my ($text, %also) = @_;

	$text =~ s{
		( --[^\n]* | /\* .*? \*/ )
	  | ( ' (?: [^'] | '' )* ' )
	}{ defined $1 ? blank($1) : $also{strings} ? "'" . blank(substr $2, 1, -1) . "'" : $2 }gsex;
	return $text;
}

# Statements of a file: {line, text}, comments blanked; $$ bodies stay inside theirs.
sub sql_statements
{
	my ($file) = @_;
	my $text = blank_sql(slurp($file) =~ s/^\\[^\n]*//gmr);
	my ($start, @found) = (0);

	while ($text =~ /\G(?: [^;'\$]+ | '(?:[^']|'')*' | \$(\w*)\$.*?\$\1\$ | \$ )*;/gsx)
	{
		my $end = $+[0];
		my $statement = substr $text, $start, $end - $start;
		my ($space) = $statement =~ /^(\s*)/;

		push @found, {
			file => $file,
			line => line_at($text, $start + length $space),
			text => substr $statement, length $space,
		};
		$start = $end;
	}
	return @found;
}

# The parts of the extension script in order, as the Makefile names them.
sub sql_parts
{
	my ($list) = slurp('Makefile') =~ /^SQL_PARTS\s*=((?:[^\n]*\\\n)*[^\n]*)/m;

	return split ' ', ($list // '') =~ s/\\\n/ /gr;
}

# Splits at the commas that stand in no parentheses and no text.
sub split_list
{
	my ($text) = @_;
	my ($depth, $part, @parts) = (0, '');

	for my $piece ($text =~ /'(?:[^']|'')*'|./gs)
	{
		$depth++ if $piece eq '(';
		$depth-- if $piece eq ')';
		if ($piece eq ',' && $depth == 0)
		{
			push @parts, $part;
			$part = '';
			next;
		}
		$part .= $piece;
	}
	push @parts, $part if $part =~ /\S/;
	return map { s/^\s+|\s+$//gr } @parts;
}

# Name => {class, column, group} from sql/distribution.sql.
sub table_classes
{
	my %class;
	my $text = blank_sql(slurp('sql/distribution.sql'));

	while ($text =~ /\(\s*'(\w+)',\s*'(\w+)',\s*(NULL|'\w+'),\s*(NULL|'\w+')\s*\)/g)
	{
		my ($table, $class, @rest) = ($1, $2, $3, $4);
		my ($column, $group) = map { $_ eq 'NULL' ? undef : s/'//gr } @rest;

		$class{$table} = { class => $class, column => $column, group => $group };
	}
	return %class;
}

1;

# code.t - the rules for C that a program can see (layout, length, names, calls),
# and for every file of the project what must not stand in it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Lint;
use Test::More;

use constant MAX_FUNCTION_LINES => 80;
use constant MAX_FILE_LINES => 900;

my @c = files(qr{\.[ch]$});
my @ours = grep { m{^(?:extension|shim)/} } @c;
my @functions = map { my $file = $_; map { { %$_, file => $file } } c_functions(slurp($file)) } @c;

# Places of a pattern in the code of the C files, texts and comments left out.
sub found_in_code
{
	my ($pattern, @files) = @_;
	my @found;

	for my $file (@files)
	{
		my $code = blank_c(slurp($file), preprocessor => 1);

		push @found, "$file:" . line_at($code, $-[0]) . ": $&" =~ s/\s+/ /gr while $code =~ /$pattern/g;
	}
	return @found;
}

sub layout
{
	my $version = `clang-format --version 2>/dev/null` =~ /version (\d+)/ ? $1 : 0;
	my %first;

	# Every version lays out a little differently; .clang-format names this one.
	skip('clang-format 14 is not here', 1) if $version != 14;
	open my $out, '-|', "cd '$ROOT' && clang-format --dry-run --Werror @c 2>&1" or die $!;
	while (<$out>)
	{
		$first{$1} //= "$1:$2: not as .clang-format has it (make format)" if /^(\S+?):(\d+):\d+: error/;
	}
	close $out;
	rule('C files are laid out as .clang-format says', map { $first{$_} } sort keys %first);
	return;
}

# A contract stands before the definition or before the declaration in a header.
sub has_comment
{
	my ($function) = @_;
	my $name = $function->{name};

	return 1 if substr(slurp($function->{file}), 0, $function->{first}) =~
		m{\*/[ \t]*\n(?:PG_FUNCTION_INFO_V1\(\w+\);\n)?$};
	my ($folder) = $function->{file} =~ m{^(\w+)/};
	for my $header (grep { m{^$folder/.*\.h$} } @ours)
	{
		# Declarations that follow each other without an empty line share a comment.
		return 1 if slurp($header) =~ m{\*/[ \t]*\n(?:[ \t]*\S[^\n]*\n)*?[^\n]*\b\Q$name\E\(};
	}
	return $name eq 'main';
}

sub symbols
{
	my ($option, @files) = @_;
	my (@found, $file);

	open my $nm, '-|', 'nm', $option, '--defined-only', @files or return;
	while (<$nm>)
	{
		push @found, [ $1, $2 ] if /^[0-9a-f]*\s+([A-Z])\s+(\w+)$/;
	}
	return @found;
}

sub exported
{
	my $build = "$ROOT/.build" . ($ENV{MJC_VARIANT} ? "/$ENV{MJC_VARIANT}" : '');
	my $allowed = qr/^(?:mjc_\w+|Pg_magic_func|pg_finfo_mjc_\w+|_PG_\w+)$/;
	my @objects = glob "$build/extension/*.o";

	skip("$build/mjchauffage.so is not built", 2) unless -e "$build/mjchauffage.so";
	rule('the library shows the server only names of its own',
		map { "$build/mjchauffage.so: $_->[1]" } grep { $_->[1] !~ $allowed } symbols('-D', "$build/mjchauffage.so"));
	# The version script hides the others; without it they would clash all the same.
	rule('no object of the extension has a global name of another form',
		map { "extension: $_->[1]" } grep { $_->[1] !~ $allowed && $_->[1] !~ /^_{2}(?:gcov|asan|ubsan|odr)/ }
			symbols('-g', @objects));
	return;
}

# The words are put together here, or this file would find itself.
sub in_every_file
{
	my @marks = map { join '', @$_ } [ 'TO', 'DO' ], [ 'FIX', 'ME' ], [ 'X', 'X', 'X' ];
	my $mark = join '|', @marks;
	my $machine = join '|', map { "/$_/" } 'work', 'root', 'home/\w+';
	my (@marked, @paths, @bytes);

	# but for inputs of the fuzz targets, which are any bytes
	for my $file (grep { !m{^test/fuzz/corpus/} } files(qr/./))
	{
		my $text = slurp($file);

		next if $text =~ /\0/;
		# but for Perl's block of tests that are known not to hold yet, with their reason
		push @marked, "$file:" . line_at($text, $-[0]) . ": $&" while $text =~ /(?<!\$)\b(?:$mark)\b(?! ?\(?#\d)(?!:\n)/g;
		push @paths, "$file:" . line_at($text, $-[0]) . ": $&" while $text =~ m,(?<![\w.}])(?:$machine),g;
		next if $file =~ /\.(?:csv|out)$/; # data, and what isolationtester writes
		push @bytes, "$file:" . line_at($text, $-[0]) while $text =~ /[ \t]+$|\r/mg;
		push @bytes, "$file: no line end at the end" if length $text && $text !~ /\n\z/;
	}
	rule('no mark of unfinished work without an issue number', @marked);
	rule('no path of somebody\'s machine', @paths);
	rule('no blanks at line ends, every file ends with a line end', @bytes);
	return;
}

ok(scalar @ours > 20 && scalar @functions > 200, 'the C files and their functions are found')
	or diag(@ours . ' files, ' . @functions . ' functions');

SKIP: { layout() }
rule("functions have at most ${\MAX_FUNCTION_LINES} lines",
	map { "$_->{file}:$_->{line}: $_->{name} has $_->{lines}" } grep { $_->{lines} > MAX_FUNCTION_LINES } @functions);
rule("C files have less than ${\MAX_FILE_LINES} lines",
	map { "$_->[0]: $_->[1]" } grep { $_->[1] >= MAX_FILE_LINES } map { [ $_, slurp($_) =~ tr/\n// ] } @c);
rule('no call that cannot be used safely',
	found_in_code(qr/\b(?:strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|gets|system|popen)\s*\(/, @c));
rule('versions of PostgreSQL are told apart in extension/compat.h only',
	found_in_code(qr/^[ \t]*#[ \t]*(?:if|elif)\b[^\n]*\bPG_VERSION_NUM\b/m, grep { $_ ne 'extension/compat.h' } @ours));
rule('SQL text goes to the server through extension/spi.c (and the installer)',
	found_in_code(qr/\bSPI_(?:execute\w*|exec|prepare\w*|execp|cursor_\w+)\s*\(/,
		grep { m{^extension/} && !m{/(?:spi|install)\.c$} } @ours));
rule('functions that are not static are named mjc_* in the extension',
	map { "$_->{file}:$_->{line}: $_->{name}" }
	grep { $_->{file} =~ m{^extension/} && !$_->{static} && $_->{name} !~ /^(?:mjc_|_PG_)/ } @functions);
rule('functions that are not static say what they do, at the definition or in the header',
	map { "$_->{file}:$_->{line}: $_->{name}" }
	grep { $_->{file} =~ m{^(?:extension|shim)/} && !$_->{static} && !has_comment($_) } @functions);
rule('C files and headers open with a comment',
	map { "$_:1" } grep { slurp($_) !~ m{\A/\*} } @c);
SKIP: { exported() }
in_every_file();

done_testing();

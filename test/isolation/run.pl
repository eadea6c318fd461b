#!/usr/bin/perl
#
# run.pl SPEC - runs one isolation spec and speaks TAP.
#
# A spec runs in a database of its own, a copy of the clean shop, once for each
# isolation level that has an expected output beside it:
#
#   name.spec   name.out (read committed)   name.repeatable-read.out   name.serializable.out
#
# Every run ends with mjc.check_invariants(), which must be empty. With
# MJC_ACCEPT=yes the output that came is written as the expected one.

use strict;
use warnings;

use File::Temp qw(tempfile);
use Test::More;

my $spec = shift or die "usage: run.pl SPEC\n";
my ($base) = $spec =~ /^(.*)\.spec$/ or die "$spec: not a spec\n";
my $bin = $ENV{MJC_TEST_PG_BIN};
my $database = "iso_$$";
my $tester = isolationtester();
my %suffix = (
	'read committed' => '',
	'repeatable read' => '.repeatable-read',
	'serializable' => '.serializable',
);

(my $dsn = $ENV{MJC_TEST_DSN}) =~ s{/shop\?}{/$database?};

for my $level (sort keys %suffix)
{
	my $expected = "$base$suffix{$level}.out";

	next unless -e $expected || ($ENV{MJC_ACCEPT} && $level eq 'read committed');
	# Files, not pages through the log: a third of the time, and here nobody waits for the disk.
	superuser("CREATE DATABASE $database TEMPLATE $ENV{MJC_TEST_TEMPLATE} STRATEGY FILE_COPY");
	my $got = run_spec($level);
	check_output($level, $expected, $got);
	my $broken = qx{"$bin/psql" -XqAt -d "$dsn" -c "SELECT * FROM mjc.check_invariants()" 2>&1};
	is($broken, '', "$level: no broken promise");
	superuser("DROP DATABASE $database (FORCE)");
}
done_testing();

# Debian ships it with the development files.
sub isolationtester
{
	my $pgxs = qx{"$ENV{MJC_TEST_PG_CONFIG}" --pgxs};
	my ($root) = $pgxs =~ m{^(.*)/makefiles/pgxs\.mk} or die "no PGXS\n";

	return "$root/test/isolation/isolationtester";
}

sub superuser
{
	my $sql = shift;

	system("$bin/psql", '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $ENV{MJC_TEST_DSN}, '-c', $sql) == 0
	  or BAIL_OUT("$sql failed");
	return;
}

sub run_spec
{
	my $level = shift;
	(my $setting = $level) =~ s/ /\\ /g;

	local $ENV{PGOPTIONS} = "-c default_transaction_isolation=$setting";
	return scalar qx{"$tester" "$dsn" < "$spec" 2>&1};
}

sub check_output
{
	my ($level, $expected, $got) = @_;

	write_file($expected, $got) if $ENV{MJC_ACCEPT};
	open my $file, '<', $expected or die "$expected: $!\n";
	my $wanted = do { local $/; <$file> };

	return if ok($got eq $wanted, "$level: as expected");
	my ($handle, $name) = tempfile(UNLINK => 1);
	print $handle $got;
	close $handle;
	diag(scalar qx{diff -u "$expected" "$name"});
	return;
}

sub write_file
{
	my ($name, $text) = @_;

	open my $file, '>', $name or die "$name: $!\n";
	print $file $text;
	close $file or die "$name: $!\n";
	return;
}

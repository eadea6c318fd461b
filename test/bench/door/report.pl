#!/usr/bin/perl
#
# report.pl RUNS - table and ratio lines of test/bench/door.sh.
#
# A ratio compares runs of one round; printed are medians with [smallest-largest] and the
# number of runs that counted. The lines `ratio NAME VALUE goal VALUE` are for scripts.

use strict;
use warnings;

my @COLUMNS = qw(device round case clients seconds tps cpu_us idle stolen counts);
my %TEXT = (
	detail_pgbench => 'product page, pgbench', detail_http => 'product page, HTTP',
	detail_gzip => 'product page, HTTP and gzip', detail_old => 'product page, HTTP, old shim',
	order_pgbench => 'guest order, pgbench', order_http => 'guest order, HTTP',
	order_gzip => 'guest order, HTTP and gzip', order_old => 'guest order, HTTP, old shim');
# name, case, compared with, goal
my @GOALS = (
	[ 'door_detail_gzip', 'detail_gzip', 'detail_pgbench', 'none' ],
	[ 'door_order_gzip', 'order_gzip', 'order_pgbench', 'none' ],
	[ 'door_detail_new_vs_old', 'detail_http', 'detail_old', 'none' ],
	[ 'door_order_new_vs_old', 'order_http', 'order_old', 'none' ],
	[ 'door_detail', 'detail_http', 'detail_pgbench', 1.3 ],
	[ 'door_order', 'order_http', 'order_pgbench', 1.0 ]);
my (@runs, $left_out);

sub median
{
	my @sorted = sort { $a <=> $b } @_;

	return @sorted % 2 ? $sorted[ $#sorted / 2 ] : ($sorted[ @sorted / 2 - 1 ] + $sorted[ @sorted / 2 ]) / 2;
}

sub spread
{
	my ($format, @values) = @_;
	my @sorted = sort { $a <=> $b } @values or return '-';

	return sprintf("$format [$format-$format]", median(@sorted), @sorted[ 0, -1 ]);
}

# tps of a case over tps of another, round by round.
sub ratios
{
	my ($case, $base) = @_;
	my %base = map { $_->{round} => $_->{tps} } grep { $_->{case} eq $base } @runs;

	return map { $_->{tps} / $base{ $_->{round} } } grep { $_->{case} eq $case && $base{ $_->{round} } } @runs;
}

while (<>)
{
	my %run;

	chomp;
	@run{@COLUMNS} = split /\t/;
	$run{counts} eq 'yes' ? push @runs, \%run : $left_out++;
}
printf "\n%-30s %2s  %-24s %-20s %10s %7s\n", 'case', 'n', 'requests/s', 'ratio to pgbench', 'CPU us', 'idle %';
for my $case (map { my $what = $_; map { "${what}_$_" } qw(pgbench http gzip old) } qw(detail order))
{
	my @of = grep { $_->{case} eq $case } @runs or next;

	printf "%-30s %2d  %-24s %-20s %10.0f %7.0f\n", $TEXT{$case}, scalar @of, spread('%.0f', map { $_->{tps} } @of),
		spread('%.2f', ratios($case, $case =~ s/_.*/_pgbench/r)), median(map { $_->{cpu_us} } @of),
		median(map { $_->{idle} } @of);
}
printf "\n%d runs, %d more left out because the CPU was stolen\n\n", scalar @runs, $left_out // 0;
for my $goal (@GOALS)
{
	my ($name, $case, $base, $wanted) = @$goal;
	my @ratios = ratios($case, $base);

	printf "ratio %s %.2f goal %s\n", $name, median(@ratios), $wanted if @ratios;
}

#!/usr/bin/perl
#
# report.pl RUNS WAL - table and ratio lines of test/bench/sales.sh. A ratio compares the two runs
# of one round; printed are medians with [smallest-largest].

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Report;

my ($runs, $left_out) = read_runs($ARGV[0]);
my (%cpu, %wal);

exit 0 if !@$runs;
$cpu{ $_->{case} }{ $_->{round} } = $_->{cpu_us} for @$runs;
open(my $in, '<', $ARGV[1]) or die "$ARGV[1]: $!";
while (<$in>)
{
	my ($round, $case, $bytes) = split;

	$wal{$case}{$round} = $bytes;
}
close $in;
for my $case (qw(with without))
{
	printf "%-8s %2d runs  CPU us an order %-24s WAL bytes an order %s\n", $case, scalar values %{ $cpu{$case} },
		spread('%.0f', values %{ $cpu{$case} }), spread('%.0f', values %{ $wal{$case} });
}
printf "%d runs left out because the CPU was stolen\n\n", $left_out;
for my $what ([ cpu => \%cpu ], [ wal => \%wal ])
{
	my ($name, $of) = @$what;
	my @ratios = map { $of->{with}{$_} / $of->{without}{$_} } grep { $of->{with}{$_} } keys %{ $of->{without} };

	printf "%s with/without, %d pairs: %s\n", $name, scalar @ratios, spread('%.3f', @ratios);
	printf "ratio order_%s_with_sales %.3f goal 1.08\n", $name, median(@ratios) if @ratios;
}

my %year;

open(my $years, '<', $ARGV[2]) or die "$ARGV[2]: $!";
while (<$years>)
{
	my ($orders, $median, $least, $most) = split;

	$year{$orders} = $median;
	printf "dashboard of a year of %d orders: %.2f ms [%.2f-%.2f]\n", $orders, $median, $least, $most;
}
close $years;
if ($year{1_000_000})
{
	printf "ratio dashboard_of_20_ms %.2f goal 1 (lower is better)\n", $year{1_000_000} / 20;
	printf "ratio dashboard_million_vs_10000 %.2f goal 2 (lower is better)\n", $year{1_000_000} / $year{10_000};
}

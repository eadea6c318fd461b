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

#!/usr/bin/perl
#
# report.pl RUNS - table and ratio lines of test/bench/orders.sh.
#
# A ratio compares runs of one round; printed are medians with [smallest-largest] and the
# number of runs that counted. The lines `ratio NAME VALUE goal VALUE` are for scripts.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Report;

my %TEXT = (
	ins => 'ins: INSERT, the limit', random => 'a: order, 3 lines', hot => 'b: order, one hot line', http => 'c: order of a, HTTP',
	issue => 'd: invoice, no gap', sequence => 'd: invoice, sequence');
my %BASE = (random => 'ins', hot => 'ins', http => 'random', issue => 'sequence');
# name, case, compared with, goal
my @GOALS = (
	[ 'a_order_vs_ins', 'random', 'ins', 'none' ],
	[ 'b_hot_order_vs_ins', 'hot', 'ins', 'none' ],
	[ 'b_hot_order_vs_random', 'hot', 'random', 'none' ],
	[ 'c_http_vs_pgbench', 'http', 'random', 1.0 ],
	[ 'd_gapless_vs_sequence', 'issue', 'sequence', 0.7 ]);
my ($runs, $left_out) = read_runs($ARGV[0]);

exit 0 if !@$runs;
printf "\n%s, %d clients\n", $runs->[0]{device} eq '1ms' ? 'each flush 1 ms' : 'real device', $runs->[0]{clients};
printf "%-24s %2s  %-24s %-32s %10s %7s\n", 'case', 'n', 'a second', 'ratio', 'CPU us', 'idle %';
for my $case (qw(ins random hot http issue sequence))
{
	my @of = grep { $_->{case} eq $case } @$runs or next;
	my $base = $BASE{$case};

	printf "%-24s %2d  %-24s %-32s %10.0f %7.0f\n", $TEXT{$case}, scalar @of, spread('%.0f', map { $_->{tps} } @of),
		$base ? spread('%.2f', ratios($runs, $case, $base)) . " to $base" : '1', median(map { $_->{cpu_us} } @of), median(map { $_->{idle} } @of);
}
print_goals($runs, $left_out, @GOALS);

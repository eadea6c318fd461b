#!/usr/bin/perl
#
# report.pl RUNS - table and ratio lines of test/bench/door.sh.
#
# A ratio compares runs of one round; printed are medians with [smallest-largest] and the
# number of runs that counted. The lines `ratio NAME VALUE goal VALUE` are for scripts.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Report;

my %TEXT = (
	detail_pgbench => 'product page, pgbench', detail_http => 'product page, HTTP',
	detail_gzip => 'product page, HTTP and gzip', detail_cached => 'product page, HTTP with cache', detail_old => 'product page, HTTP, old shim',
	list_pgbench => 'list of a category, pgbench', list_http => 'list of a category, HTTP',
	list_gzip => 'list of a category, HTTP and gzip', list_cached => 'list of a category, HTTP with cache', list_old => 'list of a category, HTTP, old shim',
	order_pgbench => 'guest order, pgbench', order_http => 'guest order, HTTP',
	order_gzip => 'guest order, HTTP and gzip', order_old => 'guest order, HTTP, old shim');
# name, case, compared with, goal
my @GOALS = (
	[ 'door_detail_gzip', 'detail_gzip', 'detail_pgbench', 'none' ],
	[ 'door_order_gzip', 'order_gzip', 'order_pgbench', 'none' ],
	[ 'door_detail_new_vs_old', 'detail_http', 'detail_old', 'none' ],
	[ 'door_order_new_vs_old', 'order_http', 'order_old', 'none' ],
	[ 'door_detail_uncached', 'detail_http', 'detail_pgbench', 'none' ],
	[ 'door_list_gzip', 'list_gzip', 'list_pgbench', 'none' ],
	[ 'door_list_new_vs_old', 'list_http', 'list_old', 'none' ],
	[ 'door_list_cached', 'list_cached', 'list_pgbench', 'none' ],
	[ 'door_list', 'list_http', 'list_pgbench', 'none' ],
	[ 'door_detail', 'detail_cached', 'detail_pgbench', 1.3 ],
	[ 'door_order', 'order_http', 'order_pgbench', 1.0 ]);
my ($runs, $left_out) = read_runs($ARGV[0]);

printf "\n%-35s %2s  %-24s %-20s %10s %7s\n", 'case', 'n', 'requests/s', 'ratio to pgbench', 'CPU us', 'idle %';
for my $case (map { my $what = $_; map { "${what}_$_" } qw(pgbench http gzip cached old) } qw(detail list order))
{
	my @of = grep { $_->{case} eq $case } @$runs or next;

	printf "%-35s %2d  %-24s %-20s %10.0f %7.0f\n", $TEXT{$case}, scalar @of, spread('%.0f', map { $_->{tps} } @of),
		spread('%.2f', ratios($runs, $case, $case =~ s/_.*/_pgbench/r)), median(map { $_->{cpu_us} } @of),
		median(map { $_->{idle} } @of);
}
print_goals($runs, $left_out, @GOALS);

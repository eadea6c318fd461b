#!/usr/bin/perl
#
# report.pl RUNS - table and ratio lines of test/bench/analytics.sh.
#
# A ratio compares runs of one round, the fastest way of each side by its median; printed are medians
# with [smallest-largest]. The lines `ratio NAME VALUE goal VALUE` are for scripts; larger is better.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Report qw(median spread read_runs print_goals ratios);

# case, its sides, each with its ways
my %SIDES = (
	funnel => { sql => [qw(sql_window sql_join)], ours => [qw(ours_serial ours_parallel)],
		person => [qw(person_serial person_parallel)], duckdb => [qw(duckdb_window duckdb_join)] },
	retention => { sql => ['sql'], ours => [qw(ours_serial ours_parallel)], duckdb => ['duckdb'] },
	visitors => { sql => ['sql'], ours => [qw(ours_serial ours_parallel)], duckdb => ['duckdb'] },
	revenue => { sql => ['sql'], duckdb => ['duckdb'] },
	products => { sql => ['sql'], duckdb => ['duckdb'] },
);
# name, case, side, compared with, goal
my @GOALS = (
	[ 'funnel_vs_sql', 'funnel', 'ours', 'sql', 2 ],
	[ 'funnel_by_person_vs_sql', 'funnel', 'person', 'sql', 1 ],
	[ 'retention_vs_sql', 'retention', 'ours', 'sql', 2 ],
	[ 'visitors_vs_sql', 'visitors', 'ours', 'sql', 1 ],
	[ 'funnel_vs_duckdb', 'funnel', 'ours', 'duckdb', 0.33 ],
	[ 'retention_vs_duckdb', 'retention', 'ours', 'duckdb', 0.33 ],
);
my ($runs, $left_out) = read_runs($ARGV[0]);
my %ms;

push @{ $ms{ $_->{case} } }, 1000 / $_->{tps} for @$runs;

# The way with the smallest median, undef when none was measured.
sub fastest
{
	my ($case, $side) = @_;
	my ($fastest) = sort { median(@{ $ms{$a} }) <=> median(@{ $ms{$b} }) }
		grep { $ms{$_} } map { "${case}_$_" } @{ $SIDES{$case}{$side} };

	return $fastest;
}

printf "\n%-24s %3s  %s\n", 'way', 'n', 'milliseconds';
for my $case (qw(funnel retention visitors revenue products))
{
	for my $way (grep { $ms{$_} } map { my $side = $_; map { "${case}_$_" } @{ $SIDES{$case}{$side} } } grep { $SIDES{$case}{$_} } qw(sql ours person duckdb))
	{
		printf "%-24s %3d  %s\n", $way, scalar @{ $ms{$way} }, spread('%.0f', @{ $ms{$way} });
	}
}
print "\n";
my @named = map { [ $_->[0], fastest(@$_[ 1, 2 ]), fastest(@$_[ 1, 3 ]), $_->[4] ] } @GOALS;

@named = grep { defined $_->[1] && defined $_->[2] } @named;
printf "%-24s %s  (%s to %s)\n", $_->[0], spread('%.2f', ratios($runs, @$_[ 1, 2 ])), @$_[ 1, 2 ] for @named;
print_goals($runs, $left_out, @named);

#!/usr/bin/perl
#
# report.pl RUNS - table and ratio lines of test/bench/pricing.sh.
#
# A ratio compares runs of one round; printed are medians with [smallest-largest] and the
# number of runs that counted. The lines `ratio NAME VALUE goal VALUE` are for scripts.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Report qw(median spread);

my @CASES = (
	[ 'a', 'a: the rule in C' ],
	[ 'b', 'b: the rule in PL/pgSQL' ],
	[ 'c', 'c: price_cart, documents' ],
	[ 'c_model', '   in PL/pgSQL' ],
	[ 'd_10', 'd: quote, 10 promotions' ],
	[ 'd_200_none', '   200, none applies' ],
	[ 'd_2000_none', '   2000, none applies' ],
	[ 'd_200_all', '   200, all can' ],
	[ 'd_2000_all', '   2000, all can' ],
	[ 'e_0', 'e: order, no promotion' ],
	[ 'e_200', '   200 promotions' ],
);
# name, case, compared with, goal, remark
my @GOALS = (
	[ 'b_plpgsql_vs_a_c', 'b', 'a', 30, '' ],
	[ 'c_documents_plpgsql_vs_c', 'c_model', 'c', 2, '' ],
	[ 'd_growth_200_none', 'd_200_none', 'd_10', 1.3, ' (lower is better)' ],
	[ 'd_growth_2000_none', 'd_2000_none', 'd_10', 1.5, ' (lower is better)' ],
	[ 'e_order_200_vs_none', 'e_200', 'e_0', 1.3, ' (lower is better)' ],
);
my @COLUMNS = qw(server round case clients seconds tps us idle stolen counts);
my ($left_out, %us) = (0);

# Time of a case over that of another, round by round.
sub ratios
{
	my ($case, $base) = @_;

	return map { $us{$case}{$_} / $us{$base}{$_} } grep { $us{$base}{$_} } keys %{ $us{$case} };
}

while (<>)
{
	my %run;

	chomp;
	@run{@COLUMNS} = split /\t/;
	$run{counts} eq 'yes' ? $us{ $run{case} }{ $run{round} } = $run{us} : $left_out++;
}
printf "\n%-26s %3s  %s\n", 'case', 'n', 'microseconds';
for (@CASES)
{
	my ($case, $text) = @$_;
	my @values = values %{ $us{$case} } or next;

	printf "%-26s %3d  %s\n", $text, scalar @values, spread('%.1f', @values);
}
print "\n";
for (@GOALS)
{
	my ($name, $case, $base, $goal, $remark) = @$_;
	my @values = ratios($case, $base) or next;

	printf "%-26s %3d  %s\n", $name, scalar @values, spread('%.2f', @values);
}
printf "\n%d runs left out because the CPU was stolen\n\n", $left_out;
printf "ratio a_rule_us %.1f goal 60 (lower is better)\n", median(values %{ $us{a} }) if $us{a} && %{ $us{a} };
for (@GOALS)
{
	my ($name, $case, $base, $goal, $remark) = @$_;
	my @values = ratios($case, $base) or next;

	printf "ratio %s %.2f goal %s%s\n", $name, median(@values), $goal, $remark;
}

#!/usr/bin/perl
#
# report.pl RUNS - table and ratio lines of test/bench/ingest.sh.
#
# A ratio compares runs of one round; printed are medians with [smallest-largest] and the
# number of runs that counted. The lines `ratio NAME VALUE goal VALUE` are for scripts.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Report;

use constant EVENTS => 20_000; # a second, at least

my @COLUMNS = qw(device round case orders p50 p95 p99 events busy stolen counts);
my %TEXT = (alone => 'orders alone', both => 'orders and events');
my (@runs, $left_out);

open(my $in, '<', $ARGV[0]) or die "$ARGV[0]: $!";
while (<$in>)
{
	my %run;

	chomp;
	@run{@COLUMNS} = split /\t/;
	$run{counts} eq 'yes' ? push @runs, \%run : $left_out++;
}
close $in;

sub of { my ($case, $column) = @_; return map { $_->{$column} } grep { $_->{case} eq $case } @runs }

printf "\n%-18s %2s  %-18s %-26s %-26s %-22s %7s\n", 'case', 'n', 'orders/s', 'order p50 ms', 'order p95 ms', 'events/s', 'busy %';
for my $case (qw(alone both))
{
	next unless of($case, 'orders');
	printf "%-18s %2d  %-18s %-26s %-26s %-22s %7.0f\n", $TEXT{$case}, scalar of($case, 'orders'), spread('%.0f', of($case, 'orders')),
		spread('%.1f', map { $_ / 1000 } of($case, 'p50')), spread('%.1f', map { $_ / 1000 } of($case, 'p95')),
		spread('%.0f', of($case, 'events')), median(of($case, 'busy'));
}

# p95 with events by p95 alone, round by round: above 1, orders take longer.
my %alone = map { $_->{round} => $_->{p95} } grep { $_->{case} eq 'alone' } @runs;
my @kept = map { $alone{ $_->{round} } / $_->{p95} } grep { $_->{case} eq 'both' && $alone{ $_->{round} } } @runs;

printf "\n%d runs, %d more left out because the CPU was stolen\n\n", scalar @runs, $left_out // 0;
exit 0 unless @kept;
printf "p95 of an order grows by a factor of %s\n\n", spread('%.2f', map { 1 / $_ } @kept);
printf "ratio ingest_events_vs_20000 %.2f goal 1\n", median(of('both', 'events')) / EVENTS;
printf "ratio ingest_order_p95_alone_vs_both %.2f goal 0.83\n", median(@kept);

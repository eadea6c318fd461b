#!/usr/bin/perl
#
# report.pl DIR LINES - the seconds of the imports and the p95 of reads beside them, with the goals.

use strict;
use warnings;

my ($dir, $lines) = @ARGV;
my (%p95, %seconds);

for my $step (qw(before during after again))
{
	open(my $in, '<', "$dir/$step") or next;
	my @us = sort { $a <=> $b } map { (split)[1] } <$in>;
	next unless @us;
	$p95{$step} = $us[ int(0.95 * $#us) ];
	printf "%-7s %6d reads, p50 %.1f ms, p95 %.1f ms, p99 %.1f ms\n", $step, scalar @us, $us[ $#us / 2 ] / 1000, $p95{$step} / 1000, $us[ int(0.99 * $#us) ] / 1000;
}
open(my $in, '<', "$dir/runs") or exit;
while (<$in>)
{
	my ($what, $step, $seconds) = split;
	$seconds{$step} = $seconds if $what eq 'import';
}
print "\n";
printf "ratio import-seconds-per-100000 %.1f goal 60\n", $seconds{during} * 100_000 / $lines if $seconds{during};
printf "ratio import-again-seconds-per-100000 %.1f goal 60\n", $seconds{again} * 100_000 / $lines if $seconds{again};
exit unless $p95{before} && $p95{after};
printf "ratio read-p95-during %.2f goal 2\n", $p95{during} / ($p95{after} > $p95{before} ? $p95{after} : $p95{before});
printf "ratio read-p95-again %.2f goal 2\n", $p95{again} / $p95{after} if $p95{again};

#!/usr/bin/perl
#
# report.pl RUNS TIMES SIZES - table and ratio lines of test/bench/search.sh.
#
# Printed are medians over the rounds, milliseconds, of pgbench and of HTTP. `ratio NAME_p95 VALUE goal
# VALUE` is a p95 over its goal of 20 ms, `ratio NAME_growth VALUE goal 2` the p95 among many parts over
# that among few, the larger of 1 and 8 clients: smaller is better in both. NAME is search_CASE by pgbench,
# search_CASE_http over HTTP.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Report qw(median);

my $GOAL_MS = 20;
my (undef, $times, $sizes) = @ARGV;
my (%us, @cases, %seen, @parts);

open(my $in, '<', $times) or die "$times: $!";
while (<$in>)
{
	chomp;
	my ($parts, undef, $case, $way, $clients, $p50, $p95, $p99) = split /\t/;

	push @{ $us{$case}{$way}{$clients}{$parts}{p50} }, $p50;
	push @{ $us{$case}{$way}{$clients}{$parts}{p95} }, $p95;
	push @{ $us{$case}{$way}{$clients}{$parts}{p99} }, $p99;
	push @cases, $case unless $seen{$case}++;
	push @parts, $parts unless grep { $_ == $parts } @parts;
}
close $in;
@parts = sort { $a <=> $b } @parts;

open($in, '<', $sizes) or die "$sizes: $!";
printf "\n%-8s %-24s %12s %12s\n", 'parts', 'built / table', 's, or MB', 'indexes MB';
while (<$in>)
{
	chomp;
	my ($parts, $what, $size, $indexes) = split /\t/;

	printf "%-8s %-24s %12s %12s\n", $parts, $what, defined $indexes ? sprintf('%.1f', $size / 2**20) : $size, defined $indexes ? sprintf('%.1f', $indexes / 2**20) : '';
}
close $in;

sub ms { return $_[0] ? median(@{ $_[0] }) / 1000 : undef }

printf "\n%-10s %-8s %7s  %s\n", 'case', 'way', 'clients', join('  ', map { "p50, p95, p99 ms of $_ parts" } @parts);
my @ratios;
for my $case (@cases)
{
	for my $way (grep { $us{$case}{$_} } qw(pgbench http))
	{
		my ($worst, $growth) = (0, 0);
		my $name = "search_$case" . ($way eq 'http' ? '_http' : '');

		for my $clients (sort { $a <=> $b } keys %{ $us{$case}{$way} })
		{
			my $of = $us{$case}{$way}{$clients};

			printf "%-10s %-8s %7d  %s\n", $case, $way, $clients, join('  ', map { my $p = $_; sprintf '%8.2f %8.2f %8.2f    ', map { ms($of->{$p}{$_}) // 0 } qw(p50 p95 p99) } @parts);
			my ($few, $many) = map { ms($of->{$_}{p95}) } @parts[ 0, -1 ];
			next unless $few && $many; # every run was left out
			$worst = $many if $many > $worst;
			$growth = $many / $few if $many / $few > $growth;
		}
		push @ratios, sprintf("ratio %s_p95 %.2f goal 1", $name, $worst / $GOAL_MS), sprintf("ratio %s_growth %.2f goal 2", $name, $growth) if $worst;
	}
}
print "\n", map { "$_\n" } @ratios;

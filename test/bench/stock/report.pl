#!/usr/bin/perl
#
# report.pl RUNS - tables and ratio lines of test/bench/stock.sh.
#
# A ratio compares runs of one round; printed are medians with [smallest-largest] and the
# number of runs that counted. The lines `ratio NAME VALUE goal VALUE` are for scripts.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Report qw(median spread);

# name, case, compared with, clients: quoted with a flush of 1 ms
my @GOALS = (
	[ 'c0_movement_vs_ins_32_1ms', 'c0', 'ins', 32, 0.6 ],
	[ 'c0_vs_b_32_1ms', 'c0', 'b', 32, 8 ],
	[ 'c0_movement_vs_ins_64_1ms', 'c0', 'ins', 64, 0.5 ],
	[ 'c0_movement_vs_ins_8_1ms', 'c0', 'ins', 8, 0.9 ],
	[ 'c_reserve_vs_ins_32_1ms', 'c', 'ins', 32, 0.5 ],
	[ 'e_elr_on_vs_off_32_1ms', 'e_on', 'e_off', 32, 3.5 ],
);
my %TEXT = (
	ins => 'ins: INSERT, the limit',
	b => 'b: hot UPDATE',
	c0 => 'c0: ledger movement',
	c => 'c: reserve, hot',
	d => 'd: reserve, 10 000',
	e_on => 'e: order, ELR on',
	e_off => 'e: order, ELR off',
);
my @COLUMNS = qw(device round case clients seconds tps cpu_us idle stolen counts);
my (@runs, $left_out);

sub runs_of
{
	my (%want) = @_;

	return grep {
		my $run = $_;
		!grep { $run->{$_} ne $want{$_} } keys %want
	} @runs;
}

# tps of a case over tps of another, round by round.
sub ratios
{
	my ($case, $base, %where) = @_;
	my %base = map { $_->{round} => $_->{tps} } runs_of(case => $base, %where);

	return map { $_->{tps} / $base{ $_->{round} } } grep { $base{ $_->{round} } } runs_of(case => $case, %where);
}

sub ratio_line
{
	my ($name, $goal, $remark, @values) = @_;

	printf "ratio %s %.2f goal %s%s\n", $name, median(@values), $goal, $remark if @values;
	return;
}

sub distinct
{
	my ($column, @of) = @_;
	my %seen;

	return grep { !$seen{$_}++ } map { $_->{$column} } @of;
}

#------------------------------------------------------------------ tables

sub table
{
	my ($device, $clients) = @_;
	my %where = (device => $device, clients => $clients);
	my %limit;

	printf "\n%s, %d client%s\n", $device eq '1ms' ? 'each flush 1 ms' : 'real device', $clients, $clients == 1 ? '' : 's';
	printf "%-24s %2s  %-24s %-20s %10s %7s\n", 'case', 'n', 'tps', 'ratio to ins', 'CPU us/tx', 'idle %';
	for my $case (qw(ins b c0 c d e_on e_off))
	{
		my @of = runs_of(case => $case, %where) or next;

		printf "%-24s %2d  %-24s %-20s %10.0f %7.0f\n", $TEXT{$case}, scalar @of,
			spread('%.0f', map { $_->{tps} } @of), $case eq 'ins' ? '1' : spread('%.2f', ratios($case, 'ins', %where)),
			median(map { $_->{cpu_us} } @of), median(map { $_->{idle} } @of);
	}
	return;
}

# Every run beside a snapshot against the runs before and after it; and how it ends.
sub snapshot
{
	my (@all, @late);

	for my $block (distinct('round', runs_of(case => 'f_snapshot')))
	{
		my @plain = map { $_->{tps} } runs_of(case => 'f_plain', round => $block) or next;
		my @ratios = map { $_->{tps} / median(@plain) } runs_of(case => 'f_snapshot', round => $block);

		push @all, @ratios;
		push @late, @ratios > 2 ? @ratios[ -2, -1 ] : @ratios;
	}
	return unless @all;
	print "\nf: case c beside a snapshot open for 60 s, 32 clients, each flush 1 ms\n";
	printf "%-24s %2d  %s tps\n", 'without', scalar runs_of(case => 'f_plain'),
		spread('%.0f', map { $_->{tps} } runs_of(case => 'f_plain'));
	printf "%-24s %2d  %s tps, ratio %s\n", 'with', scalar @all,
		spread('%.0f', map { $_->{tps} } runs_of(case => 'f_snapshot')), spread('%.2f', @all);
	printf "%-24s %2d  ratio %s\n", '  its last runs', scalar @late, spread('%.2f', @late);
	return @all;
}

sub growth
{
	my @past = sort { $a <=> $b } map { /^g_(\d+)$/ } distinct('case', @runs) or return;
	my @lines;

	print "\ng: time of one reservation without the flush, one client\n";
	for my $past (@past)
	{
		my @ratios = map { 1 / $_ } ratios("g_$past", "g_$past[0]");
		my $short = $past % 1_000_000 ? $past / 1000 . 'k' : $past / 1_000_000 . 'm';

		printf "%9d past reservations  %2d  %s us, ratio %s\n", $past, scalar @ratios,
			spread('%.0f', map { $_->{cpu_us} } runs_of(case => "g_$past")), spread('%.2f', @ratios);
		push @lines, [ "growth_$short", 1.3, ' (lower is better)', @ratios ] if $past > $past[0];
	}
	return @lines;
}

while (<>)
{
	my %run;

	chomp;
	@run{@COLUMNS} = split /\t/;
	$run{counts} eq 'yes' ? push @runs, \%run : $left_out++;
}
for my $device (distinct('device', @runs))
{
	my @of = grep { $TEXT{ $_->{case} } } runs_of(device => $device);

	table($device, $_) for sort { $a <=> $b } distinct('clients', @of);
}
my @snapshot = snapshot();
my @growth = growth();
printf "\n%d runs, %d more left out because the CPU was stolen\n\n", scalar @runs, $left_out // 0;
ratio_line($_->[0], $_->[4], '', ratios(@$_[ 1, 2 ], device => '1ms', clients => $_->[3])) for @GOALS;
ratio_line('f_old_snapshot_32_1ms', 0.85, '', @snapshot);
ratio_line(@$_) for @growth;

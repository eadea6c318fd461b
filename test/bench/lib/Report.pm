package Report;

# Report.pm - what the reports of the benches share: medians with [smallest-largest], ratios
# within a round, and the lines `ratio NAME VALUE goal VALUE` for scripts.

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT = qw(median spread read_runs ratios print_goals);

my @COLUMNS = qw(device round case clients seconds tps cpu_us idle stolen counts);

sub median
{
	my @sorted = sort { $a <=> $b } @_;

	return @sorted % 2 ? $sorted[ $#sorted / 2 ] : ($sorted[ @sorted / 2 - 1 ] + $sorted[ @sorted / 2 ]) / 2;
}

# "median [smallest-largest]", "-" of nothing
sub spread
{
	my ($format, @values) = @_;
	my @sorted = sort { $a <=> $b } @values or return '-';

	return sprintf("$format [$format-$format]", median(@sorted), @sorted[ 0, -1 ]);
}

# The runs of a file of bench.sh that count, and how many do not. Round 0 is what is run for the
# invariants alone.
sub read_runs
{
	my ($file) = @_;
	my (@runs, $left_out);

	open(my $in, '<', $file) or die "$file: $!";
	while (<$in>)
	{
		my %run;

		chomp;
		@run{@COLUMNS} = split /\t/;
		next if $run{round} == 0;
		$run{counts} eq 'yes' ? push @runs, \%run : $left_out++;
	}
	close $in;
	return (\@runs, $left_out // 0);
}

# tps of a case over tps of another, round by round.
sub ratios
{
	my ($runs, $case, $base) = @_;
	my %base = map { $_->{round} => $_->{tps} } grep { $_->{case} eq $base } @$runs;

	return map { $_->{tps} / $base{ $_->{round} } } grep { $_->{case} eq $case && $base{ $_->{round} } } @$runs;
}

# goals: [name, case, compared with, goal]
sub print_goals
{
	my ($runs, $left_out, @goals) = @_;

	printf "\n%d runs, %d more left out because the CPU was stolen\n\n", scalar @$runs, $left_out;
	for my $goal (@goals)
	{
		my ($name, $case, $base, $wanted) = @$goal;
		my @ratios = ratios($runs, $case, $base);

		printf "ratio %s %.2f goal %s\n", $name, median(@ratios), $wanted if @ratios;
	}
	return;
}

1;

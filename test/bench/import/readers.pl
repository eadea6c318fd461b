#!/usr/bin/perl
#
# readers.pl URL RATE SECONDS STOP - reads the shop at a steady rate until the time is over or the file
# STOP is there; prints "status microseconds" for each. The time of a read counts from when it was due:
# a shop that stands still is not asked less.

use strict;
use warnings;

use HTTP::Tiny;
use JSON::PP;
use POSIX ();
use Time::HiRes qw(sleep time);

use constant WORKERS => 4;

my ($url, $rate, $seconds, $stop) = @ARGV;
# Of a category that stays as it is: a catalogue a hundred times as large is another measurement.
my $shelf = '/api/v1/products?category=banc';
my $list = decode_json(HTTP::Tiny->new->get("$url$shelf&limit=20&sortOrder=asc")->{content});
my @paths = ("$shelf&limit=20", "$shelf&limit=20&sortBy=name", map { "/api/v1/products/$_->{id}" } @{ $list->{data}{products} });
my $begin = time + 0.2;
my @children;

for my $worker (0 .. WORKERS - 1)
{
	my $pid = fork // die;
	push(@children, $pid), next if $pid;
	my $http = HTTP::Tiny->new(timeout => 30);
	my @lines;

	for (my $n = $worker; !-e $stop; $n += WORKERS)
	{
		my $due = $begin + $n / $rate;
		last if $due > $begin + $seconds;
		my $wait = $due - time;
		sleep $wait if $wait > 0;
		my $reply = $http->get($url . $paths[ $n * 7 % @paths ]);
		push @lines, sprintf "%s %d\n", $reply->{status}, (time - $due) * 1e6;
	}
	print @lines;
	STDOUT->flush;
	POSIX::_exit(0);
}
waitpid $_, 0 for @children;

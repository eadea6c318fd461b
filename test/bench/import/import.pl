#!/usr/bin/perl
#
# import.pl URL FILE TOKEN - a file into the catalogue over REST, in parts of 3 MB; waits for its end.

use strict;
use warnings;

use HTTP::Tiny;
use JSON::PP;
use Time::HiRes qw(sleep time);

my ($url, $file, $token) = @ARGV;
my $http = HTTP::Tiny->new(timeout => 60, default_headers => { Authorization => "Bearer $token" });

sub call
{
	my ($method, $path, $type, $content) = @_;
	my $reply = $http->request($method, "$url/api/v1/admin/imports$path", { defined $content ? (content => $content, headers => { 'Content-Type' => $type }) : () });

	die "$method $path: $reply->{status} $reply->{content}\n" unless $reply->{success};
	return decode_json($reply->{content})->{data}{import};
}

my $begin = time;
my $id = call(POST => '', 'application/json', '{"kind": "products"}')->{id};
my ($n, $part) = (0);
open(my $in, '<:raw', $file) or die;
call(PUT => "/$id/lines/" . ++$n, 'text/csv', $part) while read $in, $part, 3_000_000;
call(POST => "/$id/start", 'application/json', '{}');
printf "sent in %.1f s\n", time - $begin;
my $import;
while (($import = call(GET => "/$id"))->{state} eq 'running') { sleep 0.25 }
printf "%s in %.1f s: %d lines, %d new, %d changed, %d bad\n", $import->{state}, time - $begin, @$import{qw(lines created changed bad)};
exit($import->{state} eq 'done' && $import->{bad} == 0 ? 0 : 1);

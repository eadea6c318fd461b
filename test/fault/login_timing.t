#!/usr/bin/perl
#
# login_timing.t - who has an account cannot be told from a sign-in: an unknown e-mail, a
# wrong password and a blocked account hear the same bytes after the same time.
#
# The medians of 200 tries of each, one of each kind in turn, differ by 5 % at most: on a
# machine that does nothing else. Rates are wide here, so that no limit answers.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../http/lib";
use HTTP::Tiny;
use Shop;
use Test::More;
use Time::HiRes qw(time);

use constant TRIES => 200;
use constant ACCOUNTS => 10; # of each kind: one try each between two clearings of their limits
use constant APART => 0.05;

my $shim = start_shim(MJC_RATE_SCALE => 100_000);
my $http = HTTP::Tiny->new(timeout => 30, keep_alive => 1);
my $password = 'Pa55 word of the owner';

sub median
{
	my @sorted = sort { $a <=> $b } @_;

	return ($sorted[ @sorted / 2 ] + $sorted[ (@sorted - 1) / 2 ]) / 2;
}

# By what part the longest median is longer than the shortest.
sub apart
{
	my %times = @_;
	my ($least, $most) = (sort { $a <=> $b } map { median(@$_) } values %times)[ 0, -1 ];

	return $most / $least - 1;
}

# No account has failed yet.
sub clear_limits
{
	sql(<<~'SQL');
		DO $$
		BEGIN
		    IF to_regclass('mjc.login_failure') IS NOT NULL THEN DELETE FROM mjc.login_failure; END IF;
		    IF to_regclass('mjc.sign_in_limit') IS NOT NULL THEN DELETE FROM mjc.sign_in_limit; END IF;
		END
		$$
		SQL
	return;
}

sub accounts
{
	my ($role, $blocked) = @_;
	my @emails = map { make_login($role, $password) } 1 .. ACCOUNTS;

	change_account($_, 'is_active = false') for $blocked ? @emails : ();
	sql(q{UPDATE mjc.customer c SET status = 'blocked' FROM mjc.account_email e
	       WHERE c.customer_id = e.account_id AND e.email = ANY (:'emails')}, emails => '{' . join(',', @emails) . '}')
		if $blocked && $role eq 'CUSTOMER';
	return @emails;
}

sub try
{
	my ($path, $email, $word) = @_;
	my $start = time;
	my $reply = $http->post("$shim->{url}$path",
		{ headers => { 'Content-Type' => 'application/json' }, content => encode({ email => $email, password => $word }) });

	return (time - $start, "$reply->{status} $reply->{content}");
}

sub compare
{
	my ($path, $role) = @_;
	my @wrong = accounts($role);
	my @blocked = accounts($role, 1);
	my %kind = (
		'an unknown e-mail' => sub { (sprintf('nobody-%d-%d@example.dz', $$, $_[0]), 'x' x 12) },
		'a wrong password' => sub { ($wrong[ $_[0] % ACCOUNTS ], 'x' x 12) },
		'a blocked account' => sub { ($blocked[ $_[0] % ACCOUNTS ], 'x' x 12) },
		'a blocked account with its password' => sub { ($blocked[ $_[0] % ACCOUNTS ], $password) });
	my (%times, %answers);

	for my $n (0 .. 3 * TRIES - 1)
	{
		# What is no difference but the machine's weather goes away with more tries.
		last if $n && $n % TRIES == 0 && apart(%times) < APART;
		my @order = sort keys %kind;

		clear_limits() if $n % ACCOUNTS == 0;
		for my $name (map { $order[ ($_ + $n) % @order ] } 0 .. $#order)
		{
			my ($took, $answer) = try($path, $kind{$name}->($n));

			push @{ $times{$name} }, $took;
			$answers{$answer}{$name}++;
		}
	}
	is(scalar keys %answers, 1, "$path: one answer for all of them") || diag(explain(\%answers));
	like((keys %answers)[0], qr/^401 .*INVALID_CREDENTIALS/, 'that says nothing');

	cmp_ok(apart(%times), '<', APART, 'nor how long it takes');
	diag(sprintf '%s: %.1f ms, %d tries', $_, 1000 * median(@{ $times{$_} }), scalar @{ $times{$_} }) for sort keys %times;
	clear_limits();
	is((try($path, $wrong[0], $password))[1] =~ /^200 / ? 1 : 0, 1, 'the right password comes in');
	return;
}

compare('/api/v1/admin/login', 'ADMIN');
# The sign-in of customers, once the table of routes has it.
compare('/api/v1/auth/login', 'CUSTOMER') if qx("$ENV{MJC_TEST_SHIM}" --print-routes) =~ m{^POST\t/auth/login\t}m;
finish();

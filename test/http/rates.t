#!/usr/bin/perl
#
# rates.t - how many requests a client may send: by class, account and address; what the
# frontend's server may; what the replies say of it. On shims of their own, with the rates
# as they are (MJC_RATE_SCALE=1) or such that the test need not wait.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use Shop;
use Test::More;
use Time::HiRes qw(sleep time);

my $api = '/api/v1';
my $track = "$api/orders/track?orderNumber=x&phone=0550000000";
my $token = admin_token();
my $password = one_line($ENV{MJC_TEST_ADMIN_PASSWORD_FILE});
my ($shim, $reply, $passed, $refused);

# How many of n requests in a row are let through, and the first reply that is not.
sub let_through
{
	my ($n, $ask) = @_;
	my $through = 0;

	for (1 .. $n)
	{
		my $got = $ask->();

		return ($through, $got) if $got->{status} == 429;
		$through++;
	}
	return ($through, undef);
}

sub rate_of { return [ map { $_[0]{headers}{"ratelimit-$_"} } qw(limit remaining reset) ] }

sub guest { return post("$api/orders/guest", shim => $shim, body => {}, @_) }

sub me { return get("$api/admin/me", shim => $shim, @_) }

#------------------------------------------------------------------ the rates as they are

$shim = start_shim(MJC_RATE_SCALE => 1);
is_deeply(rate_of(guest()), [ 20, 19, 180 ], 'the reply to a guest order says what is left');
($passed, $refused) = let_through(30, \&guest);
is($passed, 19, 'twenty guest orders');
is_error($refused, 429, 'RATE_LIMIT_EXCEEDED', 'the next has to wait');
like($refused->{headers}{'retry-after'}, qr/^1[78]\d$/, 'three minutes, by Retry-After');
is($refused->{json}{retryAfter}, $refused->{headers}{'retry-after'}, 'the same in the body');
is_deeply([ @{ rate_of($refused) }[ 0, 1 ] ], [ 20, 0 ], 'and nothing is left');
like(rate_of($refused)->[2], qr/^3[56]\d\d$/, 'an hour until all is');
is($refused->{json}{message}, text_of('RATE_LIMIT_EXCEEDED', 'fr'), 'in French');
is(guest(lang => 'ar')->{json}{message}, text_of('RATE_LIMIT_EXCEEDED', 'ar'), 'or Arabic');
is(guest(headers => { $_ => '203.0.113.9' })->{status}, 429, "4a.47 $_ of a stranger changes nothing")
	for 'X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'True-Client-IP', 'CF-Connecting-IP',
	'X-Client-IP', 'X-Frontend-Secret';
is(post('/orders/guest', shim => $shim, body => {})->{status}, 429,
	'nor does another form of the address');
($passed) = let_through(30, sub { get($track, shim => $shim) });
ok($passed == 10 || $passed == 11, "tracking has ten of its own ($passed)");
is(get("$api/products?limit=1", shim => $shim)->{status}, 200, 'the catalogue is not touched');
$reply = get('/health', shim => $shim);
is_deeply([ $reply->{status}, @{ rate_of($reply) } ], [ 200, undef, undef, undef ],
	'the health check has no limit');
is_deeply(rate_of(get('/no/such/route', shim => $shim)), [ undef, undef, undef ],
	'nor has what does not exist');
is(rate_of(get("$api/payments/methods", shim => $shim))->[0], 1000, 'the api has a thousand');
($passed) = let_through(110, sub { me(token => $token) });
ok($passed >= 100 && $passed <= 104, "an admin has a hundred a minute ($passed)");

# Failed sign-ins: twenty an address, and successes do not count.
my @sign_ins = map {
	post("$api/admin/login", shim => $shim,
		body => { email => $ENV{MJC_TEST_ADMIN_EMAIL}, password => $password })
} 1 .. 3;
is_deeply([ map { $_->{status} } @sign_ins ], [ 200, 200, 200 ], 'successes');
is_deeply(rate_of($sign_ins[2]), [ 20, 20, 0 ], 'do not count');
my $stranger = 0;
sub fail_to_sign_in
{
	return post("$api/admin/login", shim => $shim, @_,
		body => { email => sprintf('nobody-%d@example.dz', ++$stranger), password => 'x' });
}
$reply = fail_to_sign_in();
is_deeply([ $reply->{status}, rate_of($reply)->[1] ], [ 401, 19 ], 'a failure does');
my $begun = time;
($passed, $refused) = let_through(40, \&fail_to_sign_in);
my $more = int((time - $begun) / 3) + 1;
ok($passed >= 19 && $passed <= 19 + $more, "4a.49 twenty failures an address ($passed)");
is_error($refused, 429, 'RATE_LIMIT_EXCEEDED', 'then nobody signs in from there');
cmp_ok($refused->{headers}{'retry-after'}, '<=', 3, 'for three seconds');
is_error(
	post(
		"$api/admin/login", shim => $shim,
		body => { email => $ENV{MJC_TEST_ADMIN_EMAIL}, password => $password }),
	429, 'RATE_LIMIT_EXCEEDED', 'not even with the password');
my $page = HTTP::Tiny->new->get("$shim->{metrics}/metrics")->{content};
cmp_ok(metric($page, 'mjc_rate_limited_total{class="order"}'), '>=', 10,
	'the metrics count refusals by class');
cmp_ok(metric($page, 'mjc_rate_limited_total{class="auth"}'), '>=', 2, 'sign-ins too');
is(metric($page, 'mjc_rate_limited_total{class="cart"}'), 0, 'and none where there was none');
is(metric($page, 'mjc_login_failures_total'), $passed + 1, 'failed sign-ins');
stop_shim($shim);
sql('DELETE FROM mjc.sign_in_limit');

#------------------------------------------------------------------ figures as settings

$shim = start_shim(MJC_RATE_SCALE => 1, MJC_RATE_LIMITS => 'order=120/min:2,api=3/h');
is_deeply([ map { guest()->{status} } 1 .. 3 ], [ 422, 422, 429 ], 'a burst of two by MJC_RATE_LIMITS');
sleep 0.7;
is(guest()->{status}, 422, 'half a second later there is one more');
is_deeply([ map { get("$api/payments/methods", shim => $shim)->{status} } 1 .. 4 ],
	[ 200, 200, 200, 429 ], 'another class');
is(rate_of(get($track, shim => $shim))->[0], 10, 'a class that is not named keeps its rate');
stop_shim($shim);

#------------------------------------------------------------------ accounts and bad tokens

$shim = start_shim(MJC_RATE_SCALE => 1, MJC_RATE_LIMITS => 'admin=5/h');
my @admins = map { mint('ADMIN', make_account('ADMIN'), 0) } 1 .. 2;
is_deeply([ map { me(token => $admins[0])->{status} } 1 .. 6 ], [ (200) x 5, 429 ],
	'an account has its own bucket');
is(me(token => $admins[1])->{status}, 200, 'another account at the same address too');
is(me(headers => { Cookie => "accessToken=$admins[0]" })->{status}, 429,
	'it is the account that counts, however the token comes');
my $bad = substr($admins[1], 0, -2) . 'xx';
($passed, $refused) = let_through(10, sub { me(token => $bad) });
is($passed, 5, 'a bad token counts against the address');
is_error($refused, 429, 'RATE_LIMIT_EXCEEDED', 'which then has to wait');
is(me()->{status}, 429, 'with no token as well');
is(me(token => $admins[1])->{status}, 200, 'but not the accounts behind it');
my @roles = map { mint('CUSTOMER', $_, 0) } make_account('CUSTOMER');
is(me(token => $roles[0])->{status}, 429, 'a token of too low a role counts against the address');
stop_shim($shim);
$shim = start_shim(MJC_RATE_SCALE => 1, MJC_RATE_LIMITS => 'admin=5/h');
is_error(me(token => $bad), 401, 'TOKEN_INVALID', 'before that a bad token is 401');
is(rate_of(me(token => $bad))->[1], 3, 'counted');
stop_shim($shim);

#------------------------------------------------------------------ addresses

# One request of each class; the client is the address that a trusted proxy names.
$shim = start_shim(
	MJC_RATE_SCALE => 1, MJC_RATE_LIMITS => 'track=1/h',
	MJC_TRUSTED_PROXIES => '127.0.0.1, 10.0.0.0/8');

sub through
{
	my ($path, $forwarded, %opt) = @_;
	return get($path, shim => $shim, %opt,
		headers => { %{ $opt{headers} // {} }, 'X-Forwarded-For' => $forwarded });
}

is(through($track, '203.0.113.1')->{status}, 404, 'tracking from one address');
is(through($track, '203.0.113.1')->{status}, 429, 'again');
is(through($track, '203.0.113.2')->{status}, 404, 'another address has its own');
is(through($track, '198.51.100.1, 203.0.113.1')->{status}, 429,
	'4a.47 what stands left of the client is his own story');
is(through($track, '203.0.113.1, 198.51.100.2')->{status}, 404,
	'4a.47 the rightmost stranger is the client');
is(through($track, '203.0.113.1, 10.1.2.3, 127.0.0.1')->{status}, 429,
	'trusted ones are passed over');
is(through($track, '2001:db8::1')->{status}, 404, 'an IPv6 address');
is(through($track, '2001:db8::ffff')->{status}, 429, '4a.47 counts with its /64');
is(through($track, '2001:db8:0:1::1')->{status}, 404, '4a.47 and not beyond');
is(through($track, '::ffff:203.0.113.2')->{status}, 429, 'a mapped one is the IPv4 address');
like(through($track, $_)->{status}, qr/^(404|429)$/, "'$_' for an address does no harm")
	for 'unknown', '', ',,,', '999.1.1.1', 'x' x 500, '203.0.113.3:1234', '[2001:db8:9::1]:80';
is(get('/health', shim => $shim, headers => { 'X-Request-Id' => 'proxy-id-12345678' })
		->{headers}{'x-request-id'}, 'proxy-id-12345678', 'a proxy may choose the id of a request');
isnt(get('/health', shim => $shim, headers => { 'X-Request-Id' => $_ })->{headers}{'x-request-id'},
	$_, "but not '$_'")
	for 'short', 'x' x 65, 'a b c d e f g h';
stop_shim($shim);

#------------------------------------------------------------------ the frontend's server

my $known = 'frontend-secret-of-the-tests-4711';
my %shown = (headers => { 'X-Frontend-Secret' => $known });
$shim = start_shim(
	MJC_RATE_SCALE => 1, MJC_RATE_LIMITS => 'track=2/h,auth=2/h,frontend=50/h',
	MJC_FRONTEND_SECRET => $known);
is_deeply([ map { get($track, shim => $shim)->{status} } 1 .. 3 ], [ 404, 404, 429 ],
	'a stranger has the rate of the class');
is_deeply([ map { get($track, shim => $shim, headers => { 'X-Frontend-Secret' => $_ })->{status} }
		'', 'x', substr($known, 1), "${known}x", uc $known ],
	[ (429) x 5 ], 'so has who guesses the secret');
($passed, $refused) = let_through(60, sub { get($track, shim => $shim, %shown) });
is($passed, 50, 'the frontend has its own');
is(rate_of($refused)->[0], 50, 'and is told so');
is(through($track, '203.0.113.1', %shown)->{status}, 404, 'for its visitors it names their address');
is_deeply([ map { through($track, '203.0.113.1', %shown)->{status} } 1 .. 2 ], [ 404, 429 ],
	'whose rate is that of everybody');
is(through($track, '203.0.113.9, 203.0.113.1', %shown)->{status}, 429,
	'what a visitor says of himself does not count');
is(through($track, '203.0.113.2')->{status}, 429, 'nor does who has not shown the secret');
is_deeply([ map { fail_to_sign_in(%shown)->{status} } 1 .. 3 ], [ 401, 401, 401 ],
	'failures that it passes on without an address shut nobody out');
is_deeply([ map { fail_to_sign_in(headers => { %{ $shown{headers} }, 'X-Forwarded-For' => '203.0.113.3' })->{status} } 1 .. 3 ],
	[ 401, 401, 429 ], 'with one they are that visitor\'s');
is($shim && stop_shim($shim), 0, 'it ends well');
unlike(slurp($shim->{log}), qr/\Q$known\E/, 'the secret is not in the log');
sql('DELETE FROM mjc.sign_in_limit');

finish();

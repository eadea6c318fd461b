#!/usr/bin/perl
#
# headers.t - what stands over every reply, whichever route and whatever went wrong, and
# which replies come packed.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Uncompress::Gunzip qw(gunzip);
use Routes;
use Shop;
use Test::More;

my $api = '/api/v1';
my $json = 'Content-Type: application/json';
my $token = admin_token();
my $part = make_product(price => 1000, stock => 100);
my $nothing = '00000000-0000-4000-8000-0000000000ff';

my %every = (
	'x-content-type-options' => 'nosniff',
	'x-frame-options' => 'DENY',
	'referrer-policy' => 'no-referrer',
	'content-security-policy' => "default-src 'none'; frame-ancestors 'none'",
	'cross-origin-resource-policy' => 'same-site',
	'cross-origin-opener-policy' => 'same-origin',
	'permissions-policy' => 'camera=(), geolocation=(), microphone=()',
	'x-dns-prefetch-control' => 'off',
	'x-permitted-cross-domain-policies' => 'none',
	'origin-agent-cluster' => '?1',
	'x-xss-protection' => '0',
	'x-api-version' => 'v1',
	'vary' => 'Origin, Accept-Language, Accept-Encoding',
	'content-type' => 'application/json; charset=utf-8',
	'server' => 'none',
	'x-powered-by' => 'none',
	'strict-transport-security' => 'none',
);

# All of them, once each, and nothing that says who made the server.
sub is_dressed
{
	my ($reply, $status, $name, %change) = @_;
	my %want = (%every, %change);
	my %got = map { $_ => join ' AND ', map { ref ? @$_ : $_ } $reply->{headers}{$_} // 'none' } keys %want;

	$status = $reply->{status} unless defined $status;
	return is_deeply({ status => $reply->{status}, %got }, { status => $status, %want }, $name)
		&& like((map { ref ? $_->[0] : $_ } $reply->{headers}{'x-request-id'} // '')[0],
			qr/^[A-Za-z0-9._-]{8,64}$/, 'with an id');
}

#------------------------------------------------------------------ every route

for my $row (routes())
{
	my $path = "$api$row->{pattern}" =~ s/:\w+/$nothing/gr;

	is_dressed(request($row->{method}, $path), undef, "$row->{method} $row->{pattern}");
	is_dressed(get($path, token => $token), undef, "$row->{pattern} as an admin")
		if $row->{method} eq 'GET' && $row->{role} ne 'public';
}

#------------------------------------------------------------------ every refusal

my $methods = "$api/payments/methods";
my $cost = "$api/payments/shipping-cost";
for my $case (
	[ 400 => ask("GET $methods HTTP/1.1", headers => ['Host: a']), 'two Hosts' ],
	[ 400 => ask("GET $api/products/%00 HTTP/1.1"), 'a NUL in the path' ],
	[ 400 => ask("POST $cost HTTP/1.1", headers => [$json], body => '{'), 'no JSON' ],
	[ 401 => ask("GET $api/admin/me HTTP/1.1"), 'no token' ],
	[ 401 => ask("GET $api/admin/me HTTP/1.1", headers => ['Authorization: Bearer x']), 'a bad token' ],
	[ 403 => ask("GET $api/admin/me HTTP/1.1", headers => [ 'Authorization: Bearer ' . mint('CUSTOMER', make_account('CUSTOMER'), 0) ]), 'too low a role' ],
	[ 404 => ask('GET /no/such/route HTTP/1.1'), 'no route' ],
	[ 404 => ask("GET $api/products/no-such-part HTTP/1.1"), 'no part' ],
	[ 405 => ask("DELETE $methods HTTP/1.1"), 'no such method here' ],
	[ 413 => ask("POST $cost HTTP/1.1", headers => [ $json, 'Content-Length: 2000000' ]) . 'x' x 2_000_000, 'too large a body' ],
	[ 414 => ask("GET $api/products?search=" . 'x' x 9000 . ' HTTP/1.1'), 'too long an address' ],
	[ 415 => ask("POST $cost HTTP/1.1", headers => ['Content-Type: text/plain'], body => '{}'), 'no JSON by its type' ],
	[ 422 => ask("POST $cost HTTP/1.1", headers => [$json], body => '{}'), 'a field that is missing' ],
	[ 431 => ask("GET $methods HTTP/1.1", headers => [ 'X-Big: ' . 'x' x 17_000 ]), 'too large a head' ],
	[ 501 => ask("PROPFIND $methods HTTP/1.1"), 'a method that nobody knows' ])
{
	is_dressed(raw($case->[1]), $case->[0], "$case->[0]: $case->[2]");
}
my $head = raw(ask("HEAD $api/products?limit=1 HTTP/1.1"), no_body => 1);
is_dressed($head, 200, 'HEAD');
my $options = request('OPTIONS', "$api/products");
is_dressed($options, 204, 'OPTIONS', 'content-type' => 'none');
is_deeply([ sort split /, /, $options->{headers}{allow} ], [qw(GET HEAD OPTIONS POST)], 'says what is allowed');
is_dressed(request('OPTIONS', "$api/products",
	headers => { Origin => 'http://localhost:3000', 'Access-Control-Request-Method' => 'GET' }),
	204, 'a question ahead of a request', 'content-type' => 'none');

my $shim = start_shim(MJC_RATE_SCALE => 1, MJC_RATE_LIMITS => 'track=1/h');
get("$api/orders/track?orderNumber=x&phone=0550000000", shim => $shim);
is_dressed(get("$api/orders/track?orderNumber=x&phone=0550000000", shim => $shim), 429, '429: too many');
stop_shim($shim);
$shim = start_shim(MJC_DSN => 'postgresql://nobody@127.0.0.1:1/none', MJC_QUEUE_TIMEOUT_MS => 100, wait => 0);
wait_for(sub { get('/health/live', shim => $shim)->{status} == 200 }, 10);
is_dressed(get($methods, shim => $shim), 503, '503: no database');
is_dressed(get('/health/ready', shim => $shim), 503, '503: not ready');
stop_shim($shim);

# Only behind TLS may a browser be told to insist on it.
my %https = ('strict-transport-security' => 'max-age=31536000; includeSubDomains');
$shim = start_shim(MJC_COOKIE_SECURE => 'true');
is_dressed(get($methods, shim => $shim), 200, 'HTTPS from then on', %https);
is_dressed(get('/no/such/route', shim => $shim), 404, 'on errors too', %https);
stop_shim($shim);

#------------------------------------------------------------------ packed replies

# The same request plain and packed: the same bytes and headers but for how they are sent.
sub is_packed
{
	my ($name, $method, $path, %opt) = @_;
	my ($plain, $packed) = map {
		request($method, $path, %opt, headers => { %{ $opt{headers} // {} }, @$_ })
	} [], [ 'Accept-Encoding' => 'gzip' ];
	my $text;

	gunzip(\$packed->{content}, \$text);
	is($packed->{headers}{'content-encoding'}, 'gzip', $name);
	is($plain->{headers}{'content-encoding'}, undef, 'not for who does not ask');
	is($packed->{headers}{'content-length'}, length $packed->{content}, 'its length is what is sent');
	cmp_ok(length $packed->{content}, '<', length($plain->{content}) / 2, 'less than half');
	is($text, $plain->{content}, 'and it holds the same');
	is_dressed($packed, $plain->{status}, 'with all headers');
	is($packed->{headers}{'cache-control'}, $plain->{headers}{'cache-control'}, 'kept by the same');
	return $packed;
}

sub is_plain
{
	my ($name, $reply, $status) = @_;
	return is_deeply([ $reply->{status}, $reply->{headers}{'content-encoding'} ], [ $status // 200, undef ], $name);
}

my %gzip = (headers => { 'Accept-Encoding' => 'gzip, deflate, br' });
is_packed('the catalogue is packed', 'GET', "$api/products?limit=20");
is_packed('what the shim wraps', 'GET', "$api/wilayas");
is_packed('what staff see', 'GET', "$api/admin/orders?limit=100", token => $token)
	if place([ [ $part, 1 ] ]) && place([ [ $part, 2 ] ]) && place([ [ $part, 1 ] ]);
is_packed('a large refusal', 'POST', "$api/orders/guest", body => { items => [ map { {} } 1 .. 30 ] });
is_plain('a small reply is not', get("$api/products?limit=1", %gzip)) if length get("$api/products?limit=1")->{content} < 1024;
is_plain('nor the health check', get('/health', %gzip));
is_plain("nor for '$_'", get("$api/wilayas", headers => { 'Accept-Encoding' => $_ }))
	for 'identity', 'gzip;q=0', 'br', '*;q=0', 'gzip;q=0.5, identity';
is(get("$api/wilayas", headers => { 'Accept-Encoding' => $_ })->{headers}{'content-encoding'}, 'gzip', "but for '$_'")
	for '*', 'br, *;q=0.1', 'gzip;q=0.001', 'x-gzip';
is(get('/health', headers => { 'Accept-Encoding' => 'gzip, identity;q=0' })->{headers}{'content-encoding'},
	undef, 'bytes that do not get fewer stay as they are, whatever is asked');
is(raw(ask("GET $api/wilayas HTTP/1.1", headers => [ 'Accept-Encoding: br', 'Accept-Encoding: gzip' ]))
		->{headers}{'content-encoding'}[0], 'gzip', 'two lines of Accept-Encoding');
is(raw(ask("GET $api/wilayas HTTP/1.1", headers => [ 'Accept-Encoding: ' . 'x,' x 6000 . 'gzip' ]))
		->{status}, 200, 'a long one does no harm');
{
	my @both = map { raw(ask("$_ $api/wilayas HTTP/1.1", headers => ['Accept-Encoding: gzip']), no_body => $_ eq 'HEAD') } qw(GET HEAD);
	my @names = grep { !/^(date|x-request-id|ratelimit-.*)$/ } sort keys %{ $both[0]{headers} };

	is_deeply({ map { $_ => $both[1]{headers}{$_} } @names }, { map { $_ => $both[0]{headers}{$_} } @names },
		'HEAD has the headers of GET, also of a packed one');
}
my $sock = connect_to();
print $sock ask("GET $api/wilayas HTTP/1.1", keep => 1, headers => ['Accept-Encoding: gzip']) x 5;
is_deeply([ map { my $n = read_reply($sock); length $n->{content} == $n->{headers}{'content-length'}[0] ? 1 : 0 } 1 .. 5 ],
	[ (1) x 5 ], 'one after the other on a connection');

# A reply with tokens never: its length would tell of them.
my $password = one_line($ENV{MJC_TEST_ADMIN_PASSWORD_FILE});
my %sign_in = (body => { email => $ENV{MJC_TEST_ADMIN_EMAIL}, password => $password });
my $signed = post("$api/admin/login", %sign_in, %gzip);
is_plain('a sign-in is never packed', $signed);
cmp_ok(length $signed->{content}, '>', 1024, 'although it is large enough');
is_plain('not even when nothing else is taken', post("$api/admin/login", %sign_in, headers => { 'Accept-Encoding' => 'gzip, identity;q=0' }));
my $email = make_login('CUSTOMER', 'Zx9-right-pass-77');
my $session = post("$api/auth/login", body => { email => $email, password => 'Zx9-right-pass-77' }, %gzip);
is_plain('nor a customer\'s', $session);
is_plain('nor a refresh', post("$api/auth/refresh", body => { refreshToken => $session->{json}{data}{refreshToken} }, %gzip));

# What is too large to be packed while everybody waits goes as it is.
my $large = make_product(price => 1000);
for my $case ([ 200_000, 'gzip' ], [ 300_000, undef ])
{
	my ($size, $coding) = @$case;

	sql("UPDATE mjc.product SET description = repeat('é ', $size / 3) WHERE product_id = '$large'; SELECT mjc.product_changed(ARRAY['$large'::uuid])");
	is(get("$api/products/$large", %gzip)->{headers}{'content-encoding'}, $coding,
		"$size bytes: " . ($coding // 'plain'));
}
# No rule takes such a text, and no import of what others export.
sql("UPDATE mjc.product SET description = NULL WHERE product_id = '$large'; SELECT mjc.product_changed(ARRAY['$large'::uuid])");

finish();

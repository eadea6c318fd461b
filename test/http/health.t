#!/usr/bin/perl
#
# health.t - the banner, the health routes, the forms of a URL, HEAD, and the headers
# that every reply carries.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Shop;
use Test::More;

#------------------------------------------------------------------ bodies

my $reply = get('/');
is($reply->{status}, 200, 'banner');
shape($reply->{json}, { message => 'text', environment => 'text', timestamp => 'time' },
	'its members');

for my $path ('/health', '/api/health', '/api/v1/health')
{
	$reply = get($path);
	is($reply->{status}, 200, $path);
	shape(
		$reply->{json},
		{ status => 'text', timestamp => 'time', uptime => 'num', message => 'text' },
		"$path: its members");
	is($reply->{json}{status}, 'healthy', "$path: healthy");
}

$reply = get('/health/live');
is($reply->{status}, 200, 'live');
shape($reply->{json}, { status => 'text', timestamp => 'time', uptime => 'num' }, 'its members');
is($reply->{json}{status}, 'alive', 'alive');

$reply = get('/health/ready');
is($reply->{status}, 200, 'ready');
shape($reply->{json}, { status => 'text', timestamp => 'time', checks => 'object' }, 'its members');
is($reply->{json}{status}, 'ready', 'the word for it');

#------------------------------------------------------------------ forms of a URL

# Any run of leading api and v1 segments leads to the same route (contract 1.1).
for my $prefix ('', '/api', '/v1', '/api/v1', '/api/api/v1', '/v1/api', '/api/v1/api',
	'/api/v1/api/v1')
{
	is(status_of('GET', "$prefix/payments/methods"), 200, "'$prefix' before a route");
}
is(status_of('GET', '/apiv1/payments/methods'), 404, 'only whole segments count');
is(status_of('GET', '/payments/api/methods'), 404, 'only leading ones');
is(status_of('GET', '/API/payments/methods'), 404, 'case counts');
is(status_of('GET', '/health?x=1&y'), 200, 'a query that nobody reads is ignored');

#------------------------------------------------------------------ unknown

is_error(get('/no/such/thing'), 404, 'NOT_FOUND', 'an unknown route');
is_error(get('/api/v1/orders/track/x'), 404, 'NOT_FOUND', 'a segment too many');
$reply = request('DELETE', '/health');
is_error($reply, 405, 'METHOD_NOT_ALLOWED', 'a known path by another method');
is_deeply([ grep { $_ eq 'GET' } split /,\s*/, $reply->{headers}{allow} ], ['GET'],
	'Allow names the one it has');
$reply = request('DELETE', '/api/v1/admin/orders/00000000-0000-4000-8000-000000000000/status');
is_deeply(
	[ grep { $_ ne 'OPTIONS' } sort split /,\s*/, $reply->{headers}{allow} ], [ 'PATCH', 'PUT' ],
	'Allow lists all methods of a path');
$reply = request('OPTIONS', '/api/v1/orders/guest');
ok($reply->{status} == 204 || $reply->{status} == 200, 'OPTIONS is answered');
like($reply->{headers}{allow}, qr/\bPOST\b/, 'with the methods of the path');

#------------------------------------------------------------------ HEAD

for my $path ('/health', '/api/v1/products?limit=2', '/api/v1/wilayas', '/no/such/thing')
{
	my $whole = get($path);
	my $sock = connect_to();
	print $sock ask("HEAD $path HTTP/1.1", keep => 1), ask('GET /health/live HTTP/1.1');
	my $head = read_reply($sock, 10, 1);
	my $next = read_reply($sock, 10);

	is($head->{status}, $whole->{status}, "HEAD $path: the status of GET");
	is($head->{headers}{'content-type'}[0], $whole->{headers}{'content-type'}, 'the same type');
	is($next->{status}, 200, 'and no body: the next reply follows at once');
	is($head->{headers}{'content-length'}[0], length $whole->{content}, 'the length of GET')
		unless $path eq '/health';
}

#------------------------------------------------------------------ the id of a request, who may keep a reply

isnt(get('/health')->{headers}{'x-request-id'}, get('/health')->{headers}{'x-request-id'},
	'ids differ');
isnt(
	get('/health', headers => { 'X-Request-Id' => 'chosen-by-client' })->{headers}{'x-request-id'},
	'chosen-by-client', 'a stranger cannot choose the id');

is(
	get('/api/v1/products?limit=1')->{headers}{'cache-control'},
	'public, max-age=0, must-revalidate',
	'the catalogue may be kept and must be asked again');
for my $path ('/api/v1/admin/me', '/api/v1/orders/track?orderNumber=x&phone=0550000000')
{
	is(get($path)->{headers}{'cache-control'}, 'no-store', "$path: not kept anywhere");
}
is(
	get('/api/v1/products?limit=1', token => admin_token())->{headers}{'cache-control'}, 'no-store',
	'what an admin sees of the catalogue is not kept');

finish();

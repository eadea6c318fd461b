#!/usr/bin/perl
#
# bad_input.t - hostile requests, by the numbers of the list of bad inputs that the project
# keeps: framing, bodies, paths, methods, headers, texts. Each has the status that the
# list names, in the envelope of errors and without an echo; nothing answers 5xx but what is
# named so, and the shim is the same process at the end.
#
# The other numbers stand in the names of tests of the file of their subject; the end of this
# one looks that each is somewhere.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Select;
use Shop;
use Test::More;
use Time::HiRes qw(time);

my $begin = get('/health/live')->{json}{uptime};
my $start = time;
my $api = '/api/v1';
my $token = admin_token();
my $part = make_product(price => 1000, stock => 10_000);
my $order = place([ [ $part, 1 ] ]);
my $json = 'Content-Type: application/json';

# A raw request: the status must be one of those wanted (a number, 'closed' or 'silent').
sub try
{
	my ($bytes, $want, $name, %opt) = @_;
	my $got = raw($bytes, timeout => 10, %opt);
	my @want = ref $want ? @$want : $want;

	ok((grep { $_ eq $got->{status} } @want), $name)
		|| said({ content => "$got->{status}, not @want: " . ($got->{content} // '') });
	is_refusal($got) if $got->{status} =~ /^\d/ && $got->{status} >= 400 && !$opt{by_parser};
	return $got;
}

# The envelope of an error, and nothing in it of what was sent.
sub is_refusal
{
	my $got = shift;
	my $body = ref $got->{json} eq 'HASH' ? $got->{json} : {};

	return is_deeply(
		[
			$got->{headers}{'content-type'}[0], $body->{success} ? 'success' : 'refused',
			length($body->{message} // '') ? $body->{message} : 'no message', $body->{code} =~ /^[A-Z_]+$/ ? 'code' : '',
			$got->{content} =~ /Zx9Canary/ ? 'echo' : 'no echo'
		],
		[ 'application/json; charset=utf-8', 'refused', $body->{error}, 'code', 'no echo' ],
		'in our envelope');
}

sub with_body
{
	my ($body, @headers) = @_;
	return ask(
		"POST $api/payments/shipping-cost HTTP/1.1", headers => [ $json, @headers ],
		body => $body);
}

sub guest { return ask("POST $api/orders/guest HTTP/1.1", headers => [$json], body => $_[0]) }

sub chunked
{
	my ($chunks, @headers) = @_;
	return ask(
		"POST $api/payments/shipping-cost HTTP/1.1",
		headers => [ $json, 'Transfer-Encoding: chunked', @headers ]
	) . $chunks;
}

my $good = '{"wilaya":"16"}';
my $get = "GET $api/payments/methods HTTP/1.1";

#------------------------------------------------------------------ 1 to 3: sizes of the head

try(
	ask($get, headers => [ 'X-Big: ' . 'x' x 40_000 ]), 431, '4a.1 a header of 40 KB',
	by_parser => 1);
try(ask($get, headers => [ 'X-Big: ' . 'x' x 17_000 ]), 431, '4a.1 a header of 17 KB');
try(ask($get, headers => [ 'X-Big: ' . 'x' x 8000 ]), 200, '4a.1 a header of 8 KB is fine');
try(
	ask("GET $api/products?search=" . 'x' x 20_000 . ' HTTP/1.1'), 414, '4a.2 an address of 20 KB',
	by_parser => 1);
try(ask("GET $api/products?search=" . 'x' x 9000 . ' HTTP/1.1'), 414, '4a.2 an address of 9 KB');
try(ask("GET $api/products?x=" . 'x' x 7000 . ' HTTP/1.1'), 200, '4a.2 an address of 7 KB is fine');
try(ask($get, headers => [ map { "X-$_: y" } 1 .. 200 ]), 431, '4a.3 200 headers');
try(ask($get, headers => [ map { "X-$_: y" } 1 .. 90 ]), 200, '4a.3 90 headers are fine');

#------------------------------------------------------------------ 4: sizes of the body

my $limit = 1048576;
my $resident = sub {
	HTTP::Tiny->new->get("$ENV{MJC_TEST_METRICS_URL}/metrics")->{content} =~
		/^process_resident_memory_bytes (\d+)/m ? $1 : 0;
};
my $memory = $resident->();
try(with_body(' ' x ($limit + 1)), 413, '4a.4 a byte too much, announced');
try(with_body('x' x 30_000_000), 413, '4a.4 30 MB, announced');
try(
	chunked(sprintf("%x\r\n%s\r\n0\r\n\r\n", $limit + 1, ' ' x ($limit + 1))), 413,
	'4a.4 a byte too much, in one chunk');
try(
	chunked(join('', map { sprintf("%x\r\n%s\r\n", 10_000, ' ' x 10_000) } 1 .. 200) . "0\r\n\r\n"),
	413, '4a.4 2 MB in chunks of 10 KB');
try(
	chunked(
		join('', map { sprintf("%x\r\n%s\r\n", 100_000, ' ' x 100_000) } 1 .. 300) . "0\r\n\r\n"
	),
	[ 413, 'closed' ],
	'4a.4 30 MB in chunks');
try(with_body($good . ' ' x ($limit - length $good)), 200, '4a.4 exactly the limit');
cmp_ok($resident->() - $memory, '<', 20_000_000, '4a.4 memory stays flat') if $memory;

#------------------------------------------------------------------ 5 to 10: framing

try("$get\r\nConnection: close\r\n\r\n", 400, '4a.5 no Host', by_parser => 1);
try(ask($get, headers => ['Host: a']), 400, '4a.5 two Hosts');
try(ask($get, headers => ['Host: localhost']), 400, '4a.5 the same Host twice');
for my $host ('a b', 'a/b', 'a@b', '', 'x' x 300)
{
	try(
		ask($get, no_host => 1, headers => ["Host: $host"]), 400,
		'4a.5 Host ' . substr($host, 0, 10), by_parser => 1);
}
try(ask($get, no_host => 1, headers => ["Host: $_"]), 200, "4a.5 Host $_")
	for 'localhost:3001', '127.0.0.1', '[::1]:80', 'shop.example';
try(
	ask(
		"POST $api/payments/shipping-cost HTTP/1.1",
		headers => [ $json, 'Content-Length: 4', 'Transfer-Encoding: chunked' ]
		)
		. "f\r\n$good\r\n0\r\n\r\n",
	400,
	'4a.6 a length and chunks');
try(
	ask(
		"POST $api/payments/shipping-cost HTTP/1.1",
		headers => [ $json, 'Transfer-Encoding: chunked', 'Content-Length: 15' ]
		)
		. "f\r\n$good\r\n0\r\n\r\n",
	400,
	'4a.6 chunks and a length');
try(
	ask(
		"POST $api/payments/shipping-cost HTTP/1.1",
		headers => [ $json, "Content-Length: $_->[0]" ], body => $good
	),
	$_->[1],
	"4a.7 Content-Length $_->[0]",
	by_parser => 1)
	for [ '-5', 400 ], [ '5x', 400 ], [ '+15', 400 ], [ '0x0f', 400 ], [ '15, 15', 400 ],
	[ '1' x 20, 413 ], [ '9' x 30, 413 ];
try(
	ask(
		"POST $api/payments/shipping-cost HTTP/1.1",
		headers => [ $json, 'Content-Length: 15', "Content-Length: $_" ], body => $good
	),
	400,
	"4a.7 two lengths, 15 and $_",
	by_parser => 1
) for 15, 3;
try(
	chunked("fffffffffffffffff\r\nx"), [ 413, 400, 'closed' ], '4a.8 a chunk larger than any number',
	by_parser => 1);
try(
	chunked("$_\r\n$good\r\n0\r\n\r\n"), [ 400, 'closed' ], "4a.8 a chunk of $_ bytes",
	by_parser => 1
) for '-f', '0x0f', ' f', 'zz', '';
try(
	chunked('f;' . 'x' x 1_000_000 . "\r\n$good\r\n0\r\n\r\n"), [ 413, 400, 'closed' ],
	'4a.8 a chunk extension of 1 MB', by_parser => 1);
try(
	chunked("f\r\n${good}f\r\n$good\r\n0\r\n\r\n"), [ 400, 'closed' ],
	'4a.8 a chunk without its end', by_parser => 1);
try(chunked("f\r\n$good\r\n0\r\n\r\n"), 200, '4a.8 good chunks');
try(chunked("8\r\n{\"wilaya\r\n7\r\n\":\"16\"}\r\n0\r\n\r\n"), 200, '4a.8 a body in two');
try(
	ask($get, headers => ['X-A : b']), [ 400, 'closed' ], '4a.9 a blank before the colon',
	by_parser => 1);
try(ask("POST $api/payments/shipping-cost HTTP/1.1", headers => [ $json, 'Content-Length : 15' ])
		. $good, [ 400, 'closed' ], '4a.9 a blank before the colon of a length', by_parser => 1);
try(
	"$get\nHost: localhost\nConnection: close\n\n", [ 200, 400 ], '4a.9 bare line feeds',
	by_parser => 1);
try(ask($get, headers => ["X-A: b\x01c"]), 400, '4a.9 a control character in a header');
try(
	ask($get, headers => ["X-A: b\rc"]), [ 400, 'closed' ], '4a.9 a bare CR in a header',
	by_parser => 1);
try(
	ask($get, headers => ['no colon']), [ 400, 'closed' ], '4a.9 a header without a colon',
	by_parser => 1);
# libmicrohttpd mends these two before we see them; what matters is that nothing hides in them.
my $me = "GET $api/admin/me HTTP/1.1";
try(
	ask($me, headers => ["X-A: b\r\n Cookie: accessToken=$token"]), [ 400, 401 ],
	'4a.9 a folded line is no header', by_parser => 1);
try(
	ask($me, headers => ["Authorization: Bearer \x00$token"]), [ 400, 401 ],
	'4a.9 nothing behind NUL in a header counts', by_parser => 1);
try(
	ask("POST $api/payments/shipping-cost HTTP/1.1", headers => [ $json, "Transfer-Encoding: $_" ])
		. "f\r\n$good\r\n0\r\n\r\n", $_ =~ /^x/ ? 501 : [ 400, 501 ], "4a.10 Transfer-Encoding: $_",
	by_parser => 1
) for 'xchunked', 'gzip, chunked', 'chunked, chunked', 'identity', 'chunked;q=1';
try(
	ask(
		"POST $api/payments/shipping-cost HTTP/1.1",
		headers => [ $json, 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity' ]
		)
		. "f\r\n$good\r\n0\r\n\r\n",
	[ 400, 501 ],
	'4a.10 two of them',
	by_parser => 1);
try(
	ask(
		"POST $api/payments/shipping-cost HTTP/1.0",
		headers => [ $json, 'Transfer-Encoding: chunked' ]
		)
		. "f\r\n$good\r\n0\r\n\r\n",
	400,
	'4a.10 chunks in HTTP/1.0',
	by_parser => 1);

#------------------------------------------------------------------ 11: pipelines

{
	my $sock = connect_to();
	my $pid = fork // die;
	if (!$pid)
	{
		print $sock join(
			'',
			map { ask("GET $api/products?limit=1&page=$_ HTTP/1.1", keep => 1) } 1 .. 1000);
		$sock->flush;
		POSIX::_exit(0);
	}
	my @pages = map {
		my $reply = read_reply($sock, 20);
		$reply->{json} ? $reply->{json}{data}{pagination}{page} : $reply->{status}
	} 1 .. 1000;
	waitpid($pid, 0);
	is_deeply(\@pages, [ 1 .. 1000 ], '4a.11 a thousand requests in one go are answered in order');
}
{
	my $sock = connect_to();
	print $sock ask(
		"POST $api/payments/shipping-cost HTTP/1.1", keep => 1, headers => [$json],
		body => $good
		),
		ask("GET $api/me HTTP/1.1", keep => 1), ask($get);
	is_deeply(
		[ map { read_reply($sock)->{status} } 1 .. 3 ], [ 200, 404, 200 ],
		'4a.11 a mixed pipeline');
	is(read_reply($sock)->{status}, 'closed', '4a.11 Connection: close closes');
}

#------------------------------------------------------------------ 12 to 14: versions, Expect

try("GET $api/payments/methods\r\n\r\n", [ 400, 505, 'closed' ], '4a.12 HTTP/0.9', by_parser => 1);
try(ask("GET $api/payments/methods HTTP/$_"), [ 400, 505, 'closed' ], "4a.12 HTTP/$_", by_parser => 1)
	for qw(3.0 2.0 1.2 0.9 9.9 1.10 x 1), '';
try(
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [ 400, 505, 'closed' ], '4a.12 the preface of HTTP/2',
	by_parser => 1);
try($_, [ 400, 'closed', 'silent' ], '4a.12 no HTTP at all', by_parser => 1, timeout => 2)
	for "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "\r\n\r\n \r\n\r\n",
	"SSH-2.0-x\r\n\r\n", "GET\r\n\r\n", "\x00" x 64 . "\r\n\r\n";
try(ask("GET $api/payments/methods HTTP/1.0", no_host => 1), 200, '4a.12 HTTP/1.0 is served');
{
	my $sock = connect_to();
	print $sock ask(
		"POST $api/payments/shipping-cost HTTP/1.1",
		headers => [ $json, 'Expect: 100-continue', 'Content-Length: 2000000' ]);
	is(
		read_reply($sock, 3)->{status}, 413,
		'4a.13 Expect: 100-continue and too much: refused before the body');
	$sock = connect_to();
	print $sock ask(
		"POST $api/payments/shipping-cost HTTP/1.1",
		headers => [ $json, 'Expect: 100-continue', 'Content-Length: ' . length $good ]);
	IO::Select->new($sock)->can_read(3);
	sysread($sock, my $line, 1000);
	like($line, qr{^HTTP/1\.1 100 }, '4a.13 Expect: 100-continue is answered');
	print $sock $good;
	is(read_reply($sock, 3)->{status}, 200, '4a.13 and the request after it');
}
try(
	ask($get, headers => [ 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__' ]), 200,
	'4a.14 Upgrade is ignored');
try(
	ask(
		$get, keep => 1,
		headers => [ 'Connection: Upgrade, x', 'Upgrade: websocket', 'Sec-WebSocket-Key: x' ]
	),
	200,
	'4a.14 a WebSocket is ignored');

#------------------------------------------------------------------ 15 to 25: the body

try(with_body($_->[0]), 400, "$_->[1]")
	for [ qq({"wilaya":"\xff"}), '4a.15 a byte that is no UTF-8' ],
	[ qq({"wilaya":"\xc0\xaf"}), '4a.15 an overlong form' ],
	[ qq({"wilaya":"\xed\xa0\x80"}), '4a.15 an encoded surrogate' ],
	[ qq({"wilaya":"\xf5\x80\x80\x80"}), '4a.15 past the last character' ],
	[ qq({"wilaya":"\xe2\x82"}), '4a.15 a cut sequence' ],
	[ '{"wilaya":"\ud800"}', '4a.16 a lone surrogate' ],
	[ '{"wilaya":"\udc00\ud800"}', '4a.16 surrogates the wrong way' ],
	[ '{"wilaya":"\u0000"}', '4a.17 an escaped NUL' ], [ '{"\u0000":1}', '4a.17 in a name' ],
	[ "{\"wilaya\":\"a\x00b\"}", '4a.17 a NUL' ], [ "$good\x00", '4a.17 a NUL behind' ],
	[ '[' x 5000, '4a.19 5 000 brackets' ],
	[ '{"wilaya":' . '[' x 5000 . ']' x 5000 . '}', '4a.19 5 000 levels' ],
	[ '{"wilaya":' . '{"a":' x 64 . '1' . '}' x 65, '4a.19 65 levels' ],
	[ '{"wilaya":"16","totalAmount":1e999}', '4a.20 1e999' ],
	[ '{"wilaya":"16","totalAmount":' . '9' x 20 . '}', '4a.20 20 digits' ],
	[ '{"wilaya":"16","totalAmount":NaN}', '4a.20 NaN' ],
	[ '{"wilaya":"16","totalAmount":Infinity}', '4a.20 Infinity' ],
	[ '{"wilaya":"16","totalAmount":01}', '4a.20 01' ],
	[ '{"wilaya":"16","totalAmount":1.}', '4a.20 1.' ],
	[ '{"wilaya":"16","totalAmount":.5}', '4a.20 .5' ],
	[ '{"wilaya":"16","totalAmount":+1}', '4a.20 +1' ],
	[ '{"wilaya":"16","totalAmount":0x10}', '4a.20 0x10' ],
	[ '{"wilaya":"16","wilaya":"31"}', '4a.21 a name twice' ],
	[ '{"wilaya":"16","w\u0069laya":"31"}', '4a.21 twice in two spellings' ],
	[ "$good x", '4a.24 something behind' ], [ "$good$good", '4a.24 two documents' ],
	[ "\xef\xbb\xbf$good", '4a.24 a byte order mark' ], [ "{'wilaya':'16'}", '4a.24 other quotes' ],
	[ '{"wilaya":"16",}', '4a.24 a comma too many' ],
	[ '{"wilaya":"16"', '4a.24 no end' ], [ '{wilaya:"16"}', '4a.24 a name without quotes' ],
	[ "{\"wilaya\":\"1\n6\"}", '4a.24 a line feed in a string' ],
	[ '{"wilaya":"\x16"}', '4a.24 an unknown escape' ], [ '/**/{"wilaya":"16"}', '4a.24 a comment' ];
try(with_body('{"wilaya":' . '{"a":' x 63 . '1' . '}' x 64), 422, '4a.19 64 levels are read');
try(with_body('{"wilaya":"' . '[' x 100 . '"}'), 422, '4a.19 brackets in a text are no levels');
try(with_body('{"wilaya":"\ud83d\ude00"}'), 200, '4a.16 a pair is a character');
try(with_body("{\"wilaya\":\"16\"}\r\n \t"), 200, '4a.24 blanks behind are fine');

# A good order whose quantity is any text.
sub quantity { return guest(encode(order_body([ [ $part, 4711 ] ])) =~ s/4711/$_[0]/r) }

try(quantity($_), 422, "4a.20 4a.53 quantity $_")
	for qw(1e2 1.0 -0 0 -1 1.5 "1" "1e3" 1000 2147483648 4294967297 null true [] {} [1]), '""';
try(quantity($_), [ 400, 422 ], "4a.53 quantity $_")
	for '9223372036854775808', '-9223372036854775809', '18446744073709551617';
try(quantity(2), 201, '4a.53 quantity 2');

try(
	with_body('{"wilaya":"16","__proto__":{"admin":true},"constructor":1}'), 422,
	'4a.22 __proto__ is a field that nobody knows');
try(
	with_body('{' . join(',', map { qq("k$_":1) } 1 .. 10_000) . '}'), [ 400, 413, 422 ],
	'4a.22 10 000 names');
try(with_body('{"' . 'k' x 1_000_000 . '":1}'), [ 400, 413, 422 ], '4a.22 a name of 1 MB');
unlike(
	raw(with_body('{"Zx9Canary":1,"wilaya":"16"}'))->{content} // '',
	qr/<script|Zx9Canary.*Zx9Canary.*Zx9Canary/, '4a.22 and a name is not repeated over and over');

for my $type (
	'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x',
	'application/json; charset=utf-16', 'application/json; charset=iso-8859-1',
	'application/jsonx', 'text/json', 'application/xml', '')
{
	try(
		ask(
			"POST $api/payments/shipping-cost HTTP/1.1", headers => ["Content-Type: $type"],
			body => $good
		),
		415,
		"4a.23 Content-Type '$type'");
}
try(ask("POST $api/payments/shipping-cost HTTP/1.1", body => $good), 415, '4a.23 no Content-Type');
try(
	ask(
		"POST $api/payments/shipping-cost HTTP/1.1", headers => [ $json, "Content-Encoding: $_" ],
		body => $good
	),
	415,
	"4a.23 Content-Encoding: $_"
) for qw(gzip deflate br zstd);
try(
	ask("POST $api/payments/shipping-cost HTTP/1.1", headers => [ $json, $json ], body => $good),
	400, '4a.23 Content-Type twice');
try(
	ask(
		"POST $api/payments/shipping-cost HTTP/1.1", headers => ["Content-Type: $_"], body => $good
	),
	200,
	"4a.23 Content-Type $_"
) for 'application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"';
try(with_body($_), 422, "4a.25 a body of $_") for '', 'null', '[]', '"x"', '5', 'true', ' ';

#------------------------------------------------------------------ 15, 18, 26: the path

for my $path (
	'%ff', '%c0%af', '%ed%a0%80', '%80', 'products/%00', 'products/a%00b', 'products%00',
	'products?search=%ff', 'products?search=a%00b', 'products?%ff=1', 'products?search=%',
	'products?search=%4', 'products?search=%zz', 'products/%', 'products/%g0')
{
	try(ask("GET $api/$path HTTP/1.1"), 400, ($path =~ /00/ ? '4a.18 ' : '4a.15 ') . $path);
}
for my $path (
	'/..%2fproducts', '/%2e%2e/products', '/../products', '/x/../api/v1/products',
	'//api/v1/products', '/api//v1/products', '/api/v1//products', '/api/v1/products/',
	'/api/./products', '/api/v1/./products', '/api/v1/products/.', '/api/v1/products/..',
	'/api/v1/products;x', '/api/v1;x/products', '/api/v1/products;x=1/featured',
	'/api/v1/%252e%252e/products', '/api/v1\\products', '/api/v1/admin%2f..%2fproducts',
	'/%61pi/v1/../products', '/api/v1/PRODUCTS', '/api/v1/products%20')
{
	try(ask("GET $path HTTP/1.1"), 404, "4a.26 $path");
}
is(
	raw_status(ask("GET $_->[0] HTTP/1.1")), $_->[1],
	"4a.26 $_->[0] is what it decodes to, with its rules")
	for [ '/api/v1%2fpayments/methods', 200 ], [ '/api/v1/admin%2Forders', 401 ],
	[ '/api/v1/%61dmin/orders', 401 ], [ '/api%2fv1%2fadmin%2forders', 401 ];
try(ask("GET $_ HTTP/1.1"), [ 400, 404 ], "4a.26 $_")
	for "/api/v1/products#x", 'api/v1/products', '*', 'ftp://localhost/api/v1/products', '?x',
	'http:/api/v1/products';
try(ask("GET http://localhost$api/payments/methods HTTP/1.1"), 200, '4a.26 an absolute address');
try(ask("GET /%61pi/%76%31/payments/methods HTTP/1.1"), 200, '4a.26 decoded once');
try(ask("GET $api/products/%2e%2e%2f%2e%2e%2fetc%2fpasswd HTTP/1.1"), 404, '4a.26 a slug is no file');

#------------------------------------------------------------------ 27 and 28: methods

is(
	post(
		"$api/orders/track",
		headers => {
			'X-HTTP-Method-Override' => 'GET', 'X-HTTP-Method' => 'GET',
			'X-Method-Override' => 'GET'
		}
	)->{status},
	405,
	'4a.27 a method in a header is ignored');
is(get("$api/payments/shipping-cost?_method=POST")->{status}, 405, '4a.27 and one in the query');
is(
	get(
		"$api/admin/orders/$order->{id}?_method=DELETE", token => $token,
		headers => { 'X-HTTP-Method-Override' => 'DELETE' }
	)->{status},
	200,
	'4a.27 a GET stays one');
for my $method (qw(TRACE CONNECT PROPFIND LINK get Get GETS X M-SEARCH), 'A' x 100)
{
	try(
		ask("$method $api/payments/methods HTTP/1.1"), [ 501, 405 ],
		'4a.28 ' . substr($method, 0, 10), by_parser => 1);
}
try(
	ask('CONNECT example.com:443 HTTP/1.1'), [ 400, 405, 501 ], '4a.28 CONNECT to another',
	by_parser => 1);
try(ask("TRACE / HTTP/1.1", headers => ['X-Secret: Zx9Canary']), [ 405, 501 ], '4a.28 TRACE');
unlike(
	raw(ask("TRACE / HTTP/1.1", headers => ['X-Secret: Zx9Canary']))->{content}, qr/Zx9Canary/,
	'4a.28 TRACE gives nothing back');
is(
	status_of('PATCH', "$api/products/$part", token => $token, body => {}), 405,
	'4a.28 a method that the path has not');

#------------------------------------------------------------------ 29 to 32: headers

for my $path (
	"$api/products/x%0d%0aSet-Cookie:%20a=b",
	"$api/products?search=%0d%0aSet-Cookie:%20a=b",
	"$api/orders/track?orderNumber=x%0d%0aX-Bad:%20y&phone=0550000000")
{
	my $reply = get($path);

	is_deeply(
		[ @{ $reply->{headers} }{qw(set-cookie x-bad)} ], [ undef, undef ],
		'4a.29 no header by way of a path');
	ok($reply->{status} >= 200 && $reply->{status} < 500, '4a.29 and no error of ours');
}
is(
	get("$api/payments/methods", headers => { Range => $_ })->{status}, 200,
	'4a.31 Range: ' . substr($_, 0, 20))
	for 'bytes=0-0', 'bytes=9-1', 'bytes=' . join(',', map { "$_-$_" } 1 .. 1000),
	'bytes=-99999999999999999999', 'x';
try(
	ask($get, headers => [ 'If-None-Match: ' . '"x",' x 16_000 ]), 431,
	'4a.32 If-None-Match of 64 KB', by_parser => 1);
is(get("$api/payments/methods", headers => { 'If-None-Match' => $_, 'If-Modified-Since' => 'x' })
		->{status}, 200, '4a.32 If-None-Match ' . $_)
	for '*', '"x"', 'x';

# 30: a link in an e-mail is made from settings, so no Host reaches what the mail is made of.
{
	my $email = make_login('CUSTOMER', 'Zx9-right-pass-77');
	my $body = encode({ email => $email });

	for my $headers ([ 'Host: evil-shop.dz' ], [ 'Host: localhost', 'X-Forwarded-Host: evil-shop.dz' ])
	{
		try(
			ask("POST $api/auth/request-password-reset HTTP/1.1", no_host => 1, headers => [ @$headers, $json ], body => $body),
			200, '4a.30 a password reset with another Host');
	}
	is(sql("SELECT count(*) FROM mjc.outbox m WHERE m::text LIKE '%evil-shop%'"), 0, '4a.30 which reaches no link');
}

#------------------------------------------------------------------ 44: fields that nobody may set

is_field(
	put(
		"$api/admin/orders/$order->{id}/status", token => $token,
		body => { status => 'PENDING', $_ => 'ADMIN' }
	),
	$_,
	"4a.44 a field $_"
) for qw(role price paid customer_id id);
is(post("$api/admin/login", body => { email => 'a@b.dz', password => 'x', role => 'ADMIN' })
		->{status}, 401, '4a.44 a role at the sign-in helps nobody');

#------------------------------------------------------------------ 54: sums

my $dear = make_product(price => 1_000_000_000, stock => 10_000);
try(guest(encode(order_body([ map { [ $dear, 999 ] } 1 .. 50 ]))), [ 409, 422 ], '4a.54 a sum past every amount');
try(
	ask("POST $api/cart/quote HTTP/1.1", headers => [$json], body => encode({ items => [ map { { productId => $dear, quantity => 999 } } 1 .. 50 ], wilaya => '16' })),
	422, '4a.54 nor is it quoted');

#------------------------------------------------------------------ 47, 60, 61: addresses and texts

my @texts = (
	"'; DROP TABLE mjc.order; --", "'||pg_sleep(5)||'", '${7*7}{{7*7}}', '=cmd|calc',
	'<script>alert(1)</script>', 'a\\', '%s%n%p', '"}],"x":"', '{"a":1}', '../../etc/passwd',
	"\$1", '$$x$$', 'ﷺ' x 10, "e\x{301}\x{202e}abc", "\x{1f600} \x{10ffff}");
my %numbers;
for my $text (@texts)
{
	my $begun = time;
	my $got = post(
		"$api/orders/guest",
		body => order_body(
			[ [ $part, 1 ] ],
			customerInfo => { firstName => $text, lastName => $text, phone => phone() },
			shippingAddress => {
				street => $text . '.....', city => $text, region => $text, postalCode => '16000',
				country => $text
			},
			notes => $text
		));
	my $made = order_of($got);

	is_deeply(
		[
			$got->{status}, $made->{customerName},
			@{ $made->{shippingAddress} // {} }{qw(street city region country)}, $made->{notes}
		],
		[ 201, "$text $text", "$text.....", $text, $text, $text, $text ],
		'4a.61 kept as it is: ' . $text =~ s/[^ -~]/?/gr);
	$numbers{$text} = $made->{orderNumber};
	cmp_ok(time - $begun, '<', 2, 'and no more than a text');
}
is(sql("SELECT to_regclass('mjc.order') IS NOT NULL"), 't', '4a.61 all tables are there');
my $listed = get("$api/admin/orders?limit=100", token => $token);
is($listed->{status}, 200, '4a.61 and the list of orders shows them');
is((grep { $_->{orderNumber} eq $numbers{ $texts[4] } } @{ $listed->{json}{data}{orders} })
	[0]{customerName}, "$texts[4] $texts[4]", '4a.61 as they are');

for my $agent ("Mozilla \x1b[31m", 'x' x 7000, "a\x{e9}b", '{"level":"error"}', '%s%n')
{
	is(
		raw_status(ask($get, headers => ["User-Agent: $agent"])), $agent =~ /\x1b/ ? 400 : 200,
		'4a.60 a user agent of ' . length($agent) . ' bytes');
}

#------------------------------------------------------------------ the same process, still well

for my $bytes (
	"POST $api/orders/guest HTTP/1.1\r\nHost: x\r\n$json\r\nContent-Length: 100\r\n\r\n{",
	"GET $api/products HTTP/1.1\r\nHo", '', 'G')
{
	my $sock = connect_to();

	print $sock $bytes;
	$sock->flush;
	close $sock;
}
for (1 .. 50)
{
	my $sock = connect_to();

	print $sock ask("GET $api/products?limit=100 HTTP/1.1");
	$sock->flush;
	close $sock;
}
my $alive = get('/health/live');
is($alive->{status}, 200, 'the shim lives');
cmp_ok(
	$alive->{json}{uptime}, '>=', $begin + (time - $start) - 1,
	'and has not been started again');
is(get('/health/ready')->{status}, 200, 'and is ready');

#------------------------------------------------------------------ the whole list

# Each number of the list is in the name of a test, but for what the shop does not have yet:
# returns (56), webhooks (57), uploads (58), images by address (59), streams (65).
my %named = map { $_ => 1 } map { slurp($_) =~ /4a\.(\d+)/g } glob "$FindBin::Bin/*.t";
is_deeply([ grep { !$named{$_} } 1 .. 66 ], [ 56 .. 59, 65 ], 'every number of the list has a test');

finish();

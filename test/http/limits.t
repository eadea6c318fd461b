#!/usr/bin/perl
#
# limits.t - what keeps the shim standing: settings, sizes, deadlines, numbers of connections,
# full queues, no database; and its metrics. On shims of their own, so that their settings
# are known. Rates are in rates.t, what clients may not do slowly in slow.t as well.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::INET;
use IPC::Open3;
use POSIX qw(sysconf _SC_CLK_TCK);
use Shop;
use Socket qw(SOL_SOCKET SO_RCVBUF);
use Test::More;
use Time::HiRes qw(sleep time);

my $api = '/api/v1';
my $json = 'Content-Type: application/json';
my $secret = one_line($ENV{MJC_TEST_JWT_SECRET_FILE});
my $token = admin_token();
my $part = make_product(price => 1000, stock => 100_000);
my $dir = tempdir(CLEANUP => 1);
my ($shim, $page);
my @keys = map { "MJC_$_" } qw(LISTEN METRICS_LISTEN DSN DSN_READ JWT_SECRET JWT_SECRET_PREVIOUS
	FRONTEND_SECRET GOOGLE_CLIENT_ID GOOGLE_JWKS_FILE
	STRIPE_KEY STRIPE_WEBHOOK_SECRET STRIPE_WEBHOOK_SECRET_PREVIOUS STRIPE_URL CHARGILY_KEY CHARGILY_KEY_PREVIOUS
	CHARGILY_URL YALIDINE_WEBHOOK_SECRET PAY_SUCCESS_URL PAY_FAILURE_URL PAY_TIMEOUT_MS PAY_CA_FILE
	CORS_ORIGINS TRUSTED_PROXIES RATE_LIMITS RATE_SCALE READ_CONNECTIONS WRITE_CONNECTIONS SLOW_CONNECTIONS
	MAX_CONNECTIONS BODY_LIMIT HEADER_TIMEOUT_S REQUEST_TIMEOUT_S DB_TIMEOUT_S QUEUE_TIMEOUT_MS
	DRAIN_TIMEOUT_S BCRYPT_THREADS BCRYPT_QUEUE COOKIE_SECURE COOKIE_DOMAIN HOUSEKEEP_INTERVAL_S
	ENVIRONMENT LOG_LEVEL);

#------------------------------------------------------------------ the command

# command({ settings }, arguments): exit code, output, error output.
sub command
{
	my ($settings, @arguments) = @_;
	local %ENV = %ENV;

	delete $ENV{$_} for grep { /^MJC_(?!TEST_)/ } keys %ENV;
	$ENV{MJC_JWT_SECRET} = $secret;
	for (keys %$settings)
	{
		if (defined $settings->{$_}) { $ENV{$_} = $settings->{$_} }
		else { delete $ENV{$_} }
	}
	my $pid = open3(my $in, my $out, my $err = Symbol::gensym(), $ENV{MJC_TEST_SHIM}, @arguments);
	close $in;
	my ($text, $error) = map { local $/; my $t = readline $_; $t // '' } $out, $err;
	waitpid($pid, 0);
	return ($? >> 8, $text, $error);
}

my ($code, $out, $err) = command({}, '--help');
is($code, 0, '--help');
is_deeply([ grep { $out !~ /\b$_\b/ } @keys ], [], 'names every setting');
unlike($out, qr/\Q$secret\E/, 'and shows no secret');
($code, $out) = command({}, '--version');
is($code, 0, '--version');
like($out, qr/^mjc-shim \d+\.\d+/, 'says it');
($code, $out, $err) = command({}, '--check');
is_deeply([ $code, $err ], [ 0, '' ], '--check of good settings');

for my $case (
	[ MJC_LISTEN => 'nowhere' ], [ MJC_LISTEN => '127.0.0.1:99999' ],
	[ MJC_METRICS_LISTEN => 'x' ], [ MJC_JWT_SECRET => 'hunter2hunter2' ],
	[ MJC_JWT_SECRET => '' ], [ MJC_JWT_SECRET => undef ],
	[ MJC_JWT_SECRET_PREVIOUS => 'hunter2hunter2' ], [ MJC_FRONTEND_SECRET => 'hunter2hunter2' ],
	[ MJC_GOOGLE_CLIENT_ID => 'shop' ], [ MJC_GOOGLE_JWKS_FILE => 'keys' ],
	[ MJC_STRIPE_URL => 'http://api.stripe.com' ], [ MJC_STRIPE_URL => 'https://a@b' ], [ MJC_STRIPE_URL => '' ],
	[ MJC_CHARGILY_URL => 'http://127.0.0.1.example' ], [ MJC_CHARGILY_URL => 'https://a/?b' ],
	[ MJC_STRIPE_KEY => 'hunter2hunter2 x' ], [ MJC_STRIPE_WEBHOOK_SECRET_PREVIOUS => 'hunter2hunter2' ],
	[ MJC_PAY_SUCCESS_URL => 'payment' ], [ MJC_PAY_FAILURE_URL => 'https://a/#b' ], [ MJC_PAY_CA_FILE => '/nowhere/ca' ],
	[ MJC_PDF_PROGRAM => '/nowhere/weasyprint' ], [ MJC_PDF_PROGRAM => '/etc/passwd' ], [ MJC_PDF_PROGRAM => './' ],
	[ MJC_DSN => 'password=hunter2hunter2 nonsense' ],
	[ MJC_DSN_READ => 'password=hunter2hunter2 nonsense' ], [ MJC_CORS_ORIGINS => '*' ],
	[ MJC_CORS_ORIGINS => 'localhost' ], [ MJC_CORS_ORIGINS => 'http://x/path' ],
	[ MJC_TRUSTED_PROXIES => '10.0.0.0/33' ], [ MJC_TRUSTED_PROXIES => 'nginx' ],
	[ MJC_RATE_SCALE => '0' ], [ MJC_RATE_SCALE => '-1' ], [ MJC_RATE_SCALE => 'fast' ],
	[ MJC_RATE_SCALE => 'nan' ], [ MJC_RATE_LIMITS => 'api' ], [ MJC_RATE_LIMITS => 'api=5/day' ],
	[ MJC_RATE_LIMITS => 'order=20/h,x=1/s' ],
	[ MJC_COOKIE_SECURE => 'maybe' ], [ MJC_COOKIE_DOMAIN => 'a; Path=/x' ],
	[ MJC_LOG_LEVEL => 'loud' ],
	(
		map {
			my $key = $_;
			map { [ $key => $_ ] } '', '-1', 'x', '1.5', '99999999999999999999', '10 '
		} grep { /CONNECTIONS|LIMIT$|TIMEOUT|BCRYPT|INTERVAL/ } @keys
	))
{
	my ($key, $value) = @$case;

	($code, $out, $err) = command({ $key => $value }, '--check');
	is_deeply(
		[ $code, $out, scalar(my @lines = split /\n/, $err), $err =~ /\b$key\b/ ? 'named' : $err ],
		[ 1, '', 1, 'named' ],
		"$key=" . ($value // 'missing') . ' is refused in one line that names it');
	unlike($err, qr/hunter2/, 'and shows no secret') if ($value // '') =~ /hunter2/;
}
($code, $out, $err) = command({ MJC_LISTEN => 'nowhere' });
is_deeply([ $code, $out, $err =~ /^[^\n]*MJC_LISTEN[^\n]*\n\z/ ? 'named' : $err ],
	[ 1, '', 'named' ], 'without --check it does not start either');
my ($port) = $ENV{MJC_TEST_URL} =~ /:(\d+)$/;
($code, $out, $err) = command(
	{
		MJC_LISTEN => "127.0.0.1:$port", MJC_METRICS_LISTEN => 'off',
		MJC_DSN => $ENV{MJC_TEST_SHIM_DSN} });
is_deeply([ $code, $err =~ /^[^\n]*$port[^\n]*\n\z/ ? 'named' : $err ], [ 1, 'named' ],
	'nor on a port in use');
is((command({}, '--no-such-thing'))[0], 1, 'an argument that nobody knows');

sub write_file
{
	my ($name, $text) = @_;
	open(my $file, '>', "$dir/$name") or die;
	print $file $text;
	close $file;
	return "$dir/$name";
}

is(
	(
		command(
			{}, '--config',
			write_file('good', "# mine\n\nMJC_RATE_SCALE = 2\nMJC_LOG_LEVEL=\"warn\"\n"), '--check')
	)[0],
	0,
	'settings of a file');
for my $text ("MJC_RATE_SCALE=x\n", "MJC_RATE_SPEED=1\n", "just words\n")
{
	is((command({}, '--config', write_file('bad', $text), '--check'))[0], 1,
		'a file with ' . substr($text, 0, -1));
}
is((command({ MJC_RATE_SCALE => '3' }, '--config', "$dir/bad", '--check'))[0], 1,
	'a file that is no list of settings, whatever the environment');
is(
	(
		command(
			{ MJC_RATE_SCALE => '3' }, '--config', write_file('bad', "MJC_RATE_SCALE=x\n"),
			'--check')
	)[0],
	0,
	'the environment wins over the file');
is((command({}, '--config', "$dir/nothing", '--check'))[0], 1, 'a file that is not there');
is(
	(
		command(
			{ MJC_JWT_SECRET => undef, MJC_JWT_SECRET_FILE => $ENV{MJC_TEST_JWT_SECRET_FILE} },
			'--check')
	)[0],
	0,
	'a secret from a file');
($code, $out, $err) =
	command({ MJC_JWT_SECRET => undef, MJC_JWT_SECRET_FILE => "$dir/nothing" }, '--check');
is_deeply([ $code, $err =~ /MJC_JWT_SECRET/ ? 'named' : $err ], [ 1, 'named' ],
	'which must be there');

#------------------------------------------------------------------ sizes and deadlines

$shim = start_shim(MJC_BODY_LIMIT => 1024, MJC_HEADER_TIMEOUT_S => 1, MJC_REQUEST_TIMEOUT_S => 2,
	MJC_MAX_CONNECTIONS => 60);
my $quote = '{"wilaya":"16"}';
is(
	post(
		"$api/payments/shipping-cost", shim => $shim,
		content => $quote . ' ' x (1024 - length $quote)
	)->{status},
	200,
	'a body of the limit');
is_error(
	post(
		"$api/payments/shipping-cost", shim => $shim,
		content => $quote . ' ' x (1025 - length $quote)
	),
	413,
	'PAYLOAD_TOO_LARGE',
	'a byte more');

# Everything that is slow, at once: what it sends first, then one byte of $more each 0.2 s.
my $post = "POST $api/payments/shipping-cost HTTP/1.1\r\nHost: localhost\r\n$json\r\n";
my %slow = (
	'nothing at all' => [ 1, '', '' ],
	'a slow head' => [ 1, "GET /health HTTP/1.1\r\nX-Slow: ", 'x' ],
	'a slow request line' => [ 1, 'GET /', 'x' ],
	'a slow body' => [ 2, "${post}Content-Length: 1000\r\n\r\n", ' ' ],
	'a body that does not come' => [ 2, "${post}Content-Length: 1000\r\n\r\n", '' ],
	'slow chunks' => [ 2, "${post}Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n" ],
	'no last chunk' => [ 2, "${post}Transfer-Encoding: chunked\r\n\r\nf\r\n$quote\r\n", '' ],
	'a chunk of 2^64' =>
		[ 2, "${post}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", 'x' ],
	'a chunk size without end' => [ 2, "${post}Transfer-Encoding: chunked\r\n\r\n1;", 'x' ],
);
my (%socks, %closed);
for my $name (sort keys %slow)
{
	$socks{$name} = connect_to($shim);
	$socks{$name}->blocking(0);
	syswrite($socks{$name}, $slow{$name}[1]) if length $slow{$name}[1];
}
# And one that does not read: small buffers, 20 MB of replies.
my $deaf = IO::Socket::INET->new(Proto => 'tcp');
setsockopt($deaf, SOL_SOCKET, SO_RCVBUF, 4096);
connect($deaf, Socket::pack_sockaddr_in($shim->{port}, Socket::inet_aton('127.0.0.1')));
$deaf->blocking(0);
my $deaf_asks =
	syswrite($deaf, "GET $api/products?limit=100 HTTP/1.1\r\nHost: localhost\r\n\r\n" x 200);
is($deaf_asks, 200 * length "GET $api/products?limit=100 HTTP/1.1\r\nHost: localhost\r\n\r\n",
	'two hundred requests without reading');
my $begun = time;
my $worst = 0;

while (%socks && time - $begun < 6)
{
	for my $name (sort keys %socks)
	{
		my $n = sysread($socks{$name}, my $got, 65536);

		if (defined $n && $n == 0 || !defined $n && !$!{EAGAIN})
		{
			$closed{$name} = time - $begun;
			delete $socks{$name};
			next;
		}
		syswrite($socks{$name}, $slow{$name}[2]) if length $slow{$name}[2];
	}
	my $asked = time;
	get("$api/payments/methods", shim => $shim);
	$worst = time - $asked if time - $asked > $worst;
	sleep 0.2;
}
for my $name (sort keys %slow)
{
	my $wanted = $slow{$name}[0];

	ok(defined $closed{$name} && $closed{$name} > $wanted - 0.3 && $closed{$name} < $wanted + 1.2,
		"$name is cut after $wanted s")
		|| diag($closed{$name} // 'never');
}
cmp_ok($worst, '<', 0.5, 'meanwhile others are served at once');
ok(
	wait_for(
		sub {
			my $text = HTTP::Tiny->new->get("$shim->{metrics}/metrics")->{content};
			(metric($text, 'mjc_http_connections') // 9) == 0;
		},
		6
	),
	'who does not read is cut as well');
my ($size, $heard) = (length get("$api/products?limit=100", shim => $shim)->{content}, 0);
$deaf->blocking(1);
while (my $n = sysread($deaf, my $piece, 65536)) { $heard += $n }
ok($heard > 0 && $heard < 200 * $size, 'in the middle of what was meant for it');
is(post("$api/payments/shipping-cost", shim => $shim, content => $quote)->{status}, 200,
	'and everything goes on');
stop_shim($shim);

# What waits for the database is bounded as well, should the database's own limits be wider.
$shim = start_shim(MJC_REQUEST_TIMEOUT_S => 1, MJC_DB_TIMEOUT_S => 10);
my $locked = hold('LOCK TABLE mjc.order IN ACCESS EXCLUSIVE MODE');
my $waiting = connect_to($shim);
print $waiting ask("GET $api/admin/orders/stats HTTP/1.1", headers => ["Authorization: Bearer $token"]);
$waiting->flush;
$begun = time;
is(read_reply($waiting, 5)->{status}, 'closed', 'a wait for the database is cut');
cmp_ok(abs(time - $begun - 1), '<', 0.7, 'after the time of a request');
release($locked);
is(get('/health', shim => $shim)->{status}, 200, 'and the shim goes on');
stop_shim($shim);

#------------------------------------------------------------------ a client that costs time

# Seconds of CPU that a shim has used.
sub cpu_of
{
	my @field = split ' ', slurp("/proc/$_[0]{pid}/stat") =~ s/^.*\) //sr;

	return ($field[11] + $field[12]) / sysconf(_SC_CLK_TCK);
}

# Extensions of a chunk around the size that fills the buffer to the last byte.
$shim = start_shim();
my $chunked = "POST $api/payments/shipping-cost HTTP/1.1\r\nHost: a\r\n$json\r\n"
	. "Transfer-Encoding: chunked\r\n\r\n";
my @full;

for my $length (32_425 .. 32_499)
{
	my $sock = connect_to($shim);

	print $sock "${chunked}1;" . 'a' x $length;
	$sock->flush;
	push @full, $sock;
}
my $pause = connect_to($shim);
print $pause $chunked =~ s/Transfer-Encoding: chunked/'Content-Length: ' . length $quote/er;
$pause->flush;
sleep 0.05;
my $used = cpu_of($shim);
$begun = time;
is(get('/health', shim => $shim)->{status}, 200, 'others are served meanwhile');
cmp_ok(time - $begun, '<', 2, 'soon: the machine may be busy, the CPU below says what it costs');
sleep 2;
cmp_ok(cpu_of($shim) - $used, '<', 0.6, 'a chunk header as large as the buffer costs no CPU');
$used = cpu_of($shim);
sleep 0.5;
cmp_ok(cpu_of($shim) - $used, '<', 0.05, 'and is cut');
print $pause $quote;
is(read_reply($pause, 2)->{status}, 200, 'a body that pauses is not');
@full = ();
stop_shim($shim);

#------------------------------------------------------------------ connections

sub refused
{
	my $sock = shift;
	return 1 unless $sock;
	my $reply = read_reply($sock, 1);
	return $reply->{status} eq 'closed';
}

# What start_shim asked on has gone.
sub await_no_connections
{
	my ($of) = @_;
	my $url = "$of->{metrics}/metrics";

	return wait_for(sub { (metric(HTTP::Tiny->new->get($url)->{content}, 'mjc_http_connections') // 9) == 0 }, 5);
}

$shim = start_shim(MJC_MAX_CONNECTIONS => 20);
await_no_connections($shim);
my @open = map { connect_to($shim) } 1 .. 20;
sleep 0.2;
$begun = time;
ok(refused(connect_to($shim)), 'a connection too many is closed');
cmp_ok(time - $begun, '<', 0.5, 'at once');
is(HTTP::Tiny->new->get("$shim->{metrics}/metrics")->{status}, 200,
	'the metrics stay within reach');
print { $open[0] } ask('GET /health HTTP/1.1');
is(read_reply($open[0])->{status}, 200, 'the others are served');
close $open[0];
ok(wait_for(sub { get('/health', shim => $shim)->{status} == 200 }, 2),
	'and one that goes makes room');
@open = ();
stop_shim($shim);

$shim = start_shim();
await_no_connections($shim);
@open = map { connect_to($shim) } 1 .. 100;
sleep 0.2;
ok(refused(connect_to($shim)), 'one address has a hundred connections at most');
print { $open[99] } ask('GET /health HTTP/1.1');
is(read_reply($open[99])->{status}, 200, 'which are served');
@open = ();
stop_shim($shim);

# Whoever is cut off in the middle of a request gives his place back: the end of the line may
# reach a busy shim together with the bytes before it.
$shim = start_shim(MJC_HEADER_TIMEOUT_S => 600, MJC_REQUEST_TIMEOUT_S => 3600);
my $whole = ask("POST $api/orders/guest HTTP/1.1", headers => [$json], body => encode(order_body([ [ $part, 1 ] ])));
for my $length (40, 80, length($whole) - 20)
{
	kill 'STOP', $shim->{pid};
	for (1 .. 60)
	{
		my $sock = connect_to($shim) or last;

		syswrite($sock, substr($whole, 0, $length));
		close $sock;
	}
	kill 'CONT', $shim->{pid};
}
ok(wait_for(sub { get('/health/live', shim => $shim)->{status} == 200 }, 30), 'after 180 broken requests of one address it is served');
ok(wait_for(sub { metric(HTTP::Tiny->new->get("$shim->{metrics}/metrics")->{content}, 'mjc_http_connections') == 0 }, 30),
	'none of them is kept');
# A client that has said all it will say may shut its side and wait for the answer.
my $shut = connect_to($shim);
syswrite($shut, ask("GET $api/payments/methods HTTP/1.1", keep => 1) . ask("GET $api/payments/methods HTTP/1.1"));
shutdown($shut, 1);
is_deeply([ map { read_reply($shut)->{status} } 1, 2 ], [ 200, 200 ], 'two requests and the end of the line at once: both are answered');
stop_shim($shim);
#------------------------------------------------------------------ a busy database

$shim =
	start_shim(MJC_SLOW_CONNECTIONS => 1, MJC_WRITE_CONNECTIONS => 1, MJC_QUEUE_TIMEOUT_MS => 300,
	MJC_DB_TIMEOUT_S => 1);
is(get("$api/admin/orders/stats", shim => $shim, token => $token)->{status}, 200, 'a slow route');
my $held = hold('LOCK TABLE mjc.order IN ACCESS EXCLUSIVE MODE');
my $ask_stats =
	ask("GET $api/admin/orders/stats HTTP/1.1", headers => ["Authorization: Bearer $token"]);
$begun = time;
my %sock = map { my $sock = connect_to($shim); print $sock $ask_stats; $sock->flush; ($_ => $sock) }
	1 .. 80;
my $select = IO::Select->new(values %sock);
my @answers;

while ($select->count && time - $begun < 10)
{
	for my $sock ($select->can_read(1))
	{
		my $reply = read_reply($sock, 1);

		push @answers,
			{ status => $reply->{status}, after => time - $begun,
			retry => $reply->{headers}{'retry-after'}[0], code => $reply->{json}{code} };
		$select->remove($sock);
	}
}
is(scalar @answers, 80, 'eighty requests that wait for a lock are all answered');
is_deeply([ grep { $_->{status} != 503 } @answers ], [], 'with 503');
is_deeply([ grep { ($_->{retry} // '') !~ /^\d+$/ } @answers ], [], 'and Retry-After');
cmp_ok(scalar(grep { $_->{after} < 0.3 } @answers), '>=', 15,
	'at once where the queue of 64 is full');
cmp_ok(scalar(grep { $_->{after} > 0.25 && $_->{after} < 0.95 } @answers), '>=', 60,
	'after 0.3 s in the queue');
is_deeply([ map { $_->{code} } grep { $_->{after} > 0.95 } @answers ], ['DATABASE_TIMEOUT'],
	'after a second for the one that runs');
%sock = ();
$begun = time;
is(get("$api/products?limit=1", shim => $shim)->{status}, 200,
	'public routes do not wait for slow ones');
is(get('/health/ready', shim => $shim)->{status}, 200, 'nor does the health check');
cmp_ok(time - $begun, '<', 0.5, 'at all');
my $write = post("$api/orders/guest", shim => $shim, body => order_body([ [ $part, 1 ] ]));
is_error($write, 503, 'DATABASE_TIMEOUT', 'an order that cannot be written in time');
like($write->{headers}{'retry-after'}, qr/^\d+$/, 'with Retry-After');
release($held);
ok(
	wait_for(
		sub { get("$api/admin/orders/stats", shim => $shim, token => $token)->{status} == 200 }, 5
	),
	'once the lock is gone all is well');
is(post("$api/orders/guest", shim => $shim, body => order_body([ [ $part, 1 ] ]))->{status}, 201,
	'and orders are taken');
stop_shim($shim);

$shim = start_shim(MJC_BCRYPT_QUEUE => 1, MJC_BCRYPT_THREADS => 1);
my %sign_in = (200 => 0, 401 => 0, 503 => 0);
my @many = parallel(
	12,
	sub {
		my $got = post("$api/admin/login", shim => $shim,
			body => { email => "nobody-$_[0]\@example.dz", password => 'x' });
		return { status => $got->{status}, retry => $got->{headers}{'retry-after'} // '' };
	});
$sign_in{ $_->{status} }++ for @many;
cmp_ok($sign_in{503}, '>=', 6, 'sign-ins past the queue of passwords are 503');
cmp_ok($sign_in{401}, '>=', 1, 'the others are decided');
is($sign_in{503} + $sign_in{401}, 12, 'and nothing else happens');
is_deeply([ grep { $_->{status} == 503 && $_->{retry} !~ /^\d+$/ } @many ], [], 'with Retry-After');
stop_shim($shim);
sql('DELETE FROM mjc.sign_in_limit');

# No database at all.
$shim = start_shim(MJC_DSN => 'postgresql://nobody@127.0.0.1:1/none', MJC_QUEUE_TIMEOUT_MS => 300,
	wait => 0);
ok(wait_for(sub { get('/health/live', shim => $shim)->{status} == 200 }, 10),
	'without a database the shim lives');
my $reply = get('/health/ready', shim => $shim);
is($reply->{status}, 503, 'but is not ready');
is($reply->{json}{status}, 'not ready', 'and says so');
$begun = time;
$reply = get("$api/payments/methods", shim => $shim);
is_error($reply, 503, 'SERVICE_UNAVAILABLE', 'a route that needs it');
like($reply->{headers}{'retry-after'}, qr/^\d+$/, 'with Retry-After');
cmp_ok(time - $begun, '<', 2, 'soon');
is_error(get("$api/admin/me", shim => $shim), 401, 'MISSING_TOKEN', 'what needs none is answered');
is(stop_shim($shim), 0, 'it can be stopped');

#------------------------------------------------------------------ metrics

$shim = start_shim();
get('/health', shim => $shim) for 1 .. 3;
get("$api/payments/methods", shim => $shim) for 1 .. 5;
get("$api/products/none", shim => $shim) for 1 .. 2;
get('/no/such/route', shim => $shim);
my $public = get('/metrics', shim => $shim);
is_error($public, 404, 'NOT_FOUND', 'no metrics on the public listener');
is_error(get("$api/metrics", shim => $shim), 404, 'NOT_FOUND', 'by no name');
my $metrics = HTTP::Tiny->new->get("$shim->{metrics}/metrics");
is($metrics->{status}, 200, 'metrics on the private one');
like($metrics->{headers}{'content-type'}, qr{^text/plain; version=0\.0\.4},
	'as Prometheus reads them');
is(HTTP::Tiny->new->get("$shim->{metrics}/")->{status}, 404, 'and nothing else there');
is(HTTP::Tiny->new->get("$shim->{metrics}$api/products")->{status}, 404, 'no route of the shop');
$page = $metrics->{content};
is(metric($page, 'mjc_http_requests_total{route="/health",method="GET",status="200"}'), 3,
	'requests by route and status');
is(metric($page, 'mjc_http_requests_total{route="/payments/methods",method="GET",status="200"}'),
	5, 'each of them');
is(metric($page, 'mjc_http_requests_total{route="/products/:idOrSlug",method="GET",status="404"}'),
	2, 'by pattern, never by path');
unlike($page, qr{no/such/route}, 'what a client makes up is not in it');
is(metric($page, 'mjc_http_request_seconds_count{route="/payments/methods"}'), 5,
	'times of a route');
my @buckets =
	map { metric($page, qq(mjc_http_request_seconds_bucket{route="/payments/methods",le="$_"})) }
	qw(0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 +Inf);
is_deeply(\@buckets, [ sort { $a <=> $b } @buckets ], 'in buckets that add up');
is($buckets[-1], 5, 'to all of them');
is(metric($page, 'mjc_db_connections{pool="read",state="ready"}'), 2, 'connections of a pool');
is(metric($page, 'mjc_db_connections{pool="write",state="ready"}'), 4, 'of another');
is(metric($page, 'mjc_db_queue{pool="write"}'), 0, 'nobody waits');
like(metric($page, 'mjc_db_query_seconds_count{pool="read"}'), qr/^[7-9]$/, 'queries');
my @single = qw(mjc_http_in_flight mjc_http_connections mjc_db_retries_total
	mjc_login_failures_total mjc_housekeep_runs_total mjc_housekeep_errors_total
	mjc_housekeep_last_ok_seconds process_resident_memory_bytes process_start_time_seconds);

for my $name (@single)
{
	like($page, qr/^$name(\{[^}]*\})? [0-9.e+-]+$/m, $name);
	like($page, qr/^# TYPE $name (counter|gauge)$/m, "$name: its type");
}
cmp_ok(abs(metric($page, 'process_start_time_seconds') - time), '<', 60, 'started just now');
cmp_ok(metric($page, 'process_resident_memory_bytes'), '>', 1_000_000, 'memory in bytes');
like($page, qr/^mjc_build_info\{version="\d+\.\d+[^"]*"\} 1$/m, 'the version');
is_deeply(
	[
		grep { !/^(#|[a-z_]+(\{[a-z_]+="[^"\n]*"(,[a-z_]+="[^"\n]*")*\})? [0-9.e+Inf-]+$)/ }
			split /\n/, $page
	],
	[],
	'every line can be read');
stop_shim($shim);
$shim = start_shim(MJC_HOUSEKEEP_INTERVAL_S => 1, MJC_METRICS_LISTEN => 'off');
ok(!IO::Socket::INET->new($shim->{metrics} =~ m{//(.*)}), 'no metrics when they are off');
stop_shim($shim);
$shim = start_shim(MJC_HOUSEKEEP_INTERVAL_S => 1);
ok(
	wait_for(
		sub {
			$page = HTTP::Tiny->new->get("$shim->{metrics}/metrics")->{content};
			metric($page, 'mjc_housekeep_runs_total') > 0;
		},
		10
	),
	'a shim keeps house');
is(metric($page, 'mjc_housekeep_errors_total'), 0, 'without errors');
stop_shim($shim);

#------------------------------------------------------------------ the end of a shim

$shim = start_shim();
my $half = connect_to($shim);
print $half "GET /health/ready HTTP/1.1\r\nHost: localhost\r\n";
$half->flush;
my $idle = connect_to($shim);
print $idle ask('GET /health HTTP/1.1', keep => 1);
is(read_reply($idle)->{status}, 200, 'a kept connection');
$held = hold('LOCK TABLE mjc.order IN SHARE MODE');
my $flight = connect_to($shim);
print $flight ask("POST $api/orders/guest HTTP/1.1", keep => 1, headers => [$json],
	body => encode(order_body([ [ $part, 1 ] ])));
$flight->flush;
sleep 0.3;
kill 'TERM', $shim->{pid};
ok(wait_for(sub { !connect_to($shim) }, 2), 'after SIGTERM nobody new gets in');
print $half "\r\n";
$reply = read_reply($half, 2);
is_deeply([ $reply->{status}, $reply->{json}{status} ], [ 503, 'not ready' ],
	'who was halfway in hears that it is not ready');
is(read_reply($idle, 2)->{status}, 'closed', 'idle connections are closed');
is(read_reply($flight, 0.2)->{status}, 'silent', 'an order under way');
release($held);
$reply = read_reply($flight, 5);
is($reply->{status}, 201, 'is finished');
is(lc $reply->{headers}{connection}[0], 'close', 'as the last of its connection');
is(stop_shim($shim, 0, 5), 0, 'then the shim ends well');
is(
	sql(
		"SELECT count(*) FROM mjc.order_reference WHERE reference = :'number'",
		number => $reply->{json}{data}{order}{orderNumber}
	),
	1,
	'and the order is there');

for my $case ([ 'a second SIGTERM', {}, 2 ],
	[ 'a drain of one second', { MJC_DRAIN_TIMEOUT_S => 1 }, 1 ])
{
	my ($name, $settings, $signals) = @$case;
	$shim = start_shim(%$settings);
	$held = hold('LOCK TABLE mjc.order IN SHARE MODE');
	$flight = connect_to($shim);
	print $flight ask("POST $api/orders/guest HTTP/1.1", keep => 1, headers => [$json],
		body => encode(order_body([ [ $part, 1 ] ])));
	$flight->flush;
	sleep 0.3;
	$begun = time;
	for (1 .. $signals) { kill 'TERM', $shim->{pid}; sleep 0.1 }
	ok(defined stop_shim($shim, 0, 10), "$name ends it with an order under way");
	cmp_ok(time - $begun, '<', 2, 'soon');
	release($held);
}
$shim = start_shim();
is(stop_shim($shim, 'INT', 5), 0, 'SIGINT ends it too');

finish();

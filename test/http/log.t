#!/usr/bin/perl
#
# log.t - what the shim writes of its requests, and what it keeps out of there: JSON lines,
# no secret, no text of a client unescaped or long, no core file.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use Cwd qw(getcwd);
use File::Temp qw(tempdir);
use Shop;
use Test::More;

my $api = '/api/v1';
my $secret = one_line($ENV{MJC_TEST_JWT_SECRET_FILE});
my $password = one_line($ENV{MJC_TEST_ADMIN_PASSWORD_FILE});
my $token = admin_token();
my $part = make_product(price => 1000, stock => 1000);
my ($shim, $reply);

#------------------------------------------------------------------ the log

$shim = start_shim(MJC_COOKIE_SECURE => 'true', MJC_COOKIE_DOMAIN => 'shop.example',
	MJC_ENVIRONMENT => 'trial');
is(get('/', shim => $shim)->{json}{environment}, 'trial', 'the banner names the environment');
my $phone = '0661' . sprintf '%06d', rand 1_000_000;
my %secret =
	(phone => $phone, national => substr($phone, 1), password => 'Zx9-wrong-pass-77',
	admin => $password, token => $token, key => "Zx9-key-$part", email => 'zx9.client@example.dz',
	name => 'Zx9prenom', note => 'Zx9note', street => 'Zx9street',
	signature => (split /\./, $token)[2], jwt => $secret, query => 'Zx9query');
$reply = post(
	"$api/orders/guest",
	shim => $shim,
	key => $secret{key},
	body => order_body(
		[ [ $part, 1 ] ], notes => $secret{note},
		customerInfo => {
			firstName => $secret{name}, lastName => 'Benali', phone => $phone,
			email => $secret{email}
		},
		shippingAddress => { street => $secret{street}, city => 'Alger', region => '16' }
	));
is($reply->{status}, 201, 'an order, to be logged');
my $id = $reply->{headers}{'x-request-id'};
my $number = order_of($reply)->{orderNumber};
get("$api/orders/track?orderNumber=$number&phone=$phone", shim => $shim);
post("$api/orders/guest", shim => $shim, content => qq({"phone":"$phone","note":"$secret{note}));
my $signed = post("$api/admin/login", shim => $shim,
	body => { email => $ENV{MJC_TEST_ADMIN_EMAIL}, password => $password });
post("$api/admin/login", shim => $shim,
	body => { email => $secret{email}, password => $secret{password} });
sql('DELETE FROM mjc.sign_in_limit');
get("$api/admin/orders?search=$secret{query}", shim => $shim, token => $token);
get("$api/admin/me", shim => $shim, headers => { Cookie => "accessToken=$token" });
raw(
	ask(
		"GET $api/products/" . 'a' x 1000 . ' HTTP/1.1',
		headers => [ 'User-Agent: ' . qq(x"\\ é ) . 'u' x 1000 ]
	),
	shim => $shim);
raw(ask("GET $api/products/%0A%1b%22x HTTP/1.1"), shim => $shim);
raw("nonsense $secret{note}\r\n\r\n", shim => $shim, timeout => 1);
$secret{fresh} = $signed->{json}{token} // 'none';
stop_shim($shim);
my $log = slurp($shim->{log});
is_deeply([ grep { $_->{broken} } shim_log($shim) ], [], 'every line of the log is JSON');
is_deeply([ grep { index($log, $secret{$_}) >= 0 } sort keys %secret ], [],
	'no phone, name, password, token or key is in it');
is(slurp($shim->{err}), '', 'nothing on standard error');
my @lines = shim_log($shim);
is_deeply([ map { $_->{event} } @lines[ 0, -1 ] ], [ 'ready', 'stopped' ], 'from ready to stopped');
like($lines[0]{listen}, qr/:$shim->{port}$/, 'ready where');
my ($line) = grep { ($_->{id} // '') eq $id } @lines;
is_deeply([ @$line{qw(event method route path status ip)} ],
	[ 'request', 'POST', '/orders/guest', "$api/orders/guest", 201, '127.0.0.0' ],
	'a request by its id, with a cut address');
shape($line,
	{ ts => 'time', level => 'text', ms => 'num', db_ms => 'num', bytes => 'int', ua => 'text' },
	'and its figures');
($line) = grep { ($_->{route} // '') eq '/orders/track' } @lines;
is($line->{path}, "$api/orders/track", 'a path without its query');
($line) = grep { ($_->{code} // '') eq 'INVALID_CREDENTIALS' } @lines;
is($line->{status}, 401, 'a refusal by its code');
($line) = grep { ($_->{route} // '') eq '/admin/me' } @lines;
is($line->{actor}, admin_id(), 'who acted');
($line) = grep { length($_->{ua} // '') > 200 } @lines;
cmp_ok(length $line->{ua}, '<=', 256, 'a user agent is cut');
cmp_ok(length $line->{path}, '<=', 256, 'a path too');
unlike($log, qr/[\x00-\x09\x0b-\x1f]/, 'no control character');
is_deeply([ grep { length > 2000 } split /\n/, $log ], [], 'no line without end');
my @cookies = @{ $signed->{headers}{'set-cookie'} // [] };
is(scalar(grep { /; Secure/ && /; Domain=shop\.example/ } @cookies), 3,
	'cookies for HTTPS and a domain when told');
is($signed->{headers}{'strict-transport-security'}, 'max-age=31536000; includeSubDomains',
	'and only HTTPS from then on');
is(get('/health')->{headers}{'strict-transport-security'}, undef, 'else not');

SKIP:
{
	my $file = "$ENV{MJC_TEST_HOME}/log/postgresql.log";

	skip('the log of the database cannot be read', 1) unless -r $file;
	my $text = slurp($file);
	is_deeply([ grep { index($text, $secret{$_}) >= 0 } sort keys %secret ], [],
		'nor does the log of the database show anything of it');
}

#------------------------------------------------------------------ secrets in the wrong place

# People paste what they hold into an address; a path and a user agent are logged.
my @odd = (
	$token, '$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde.', '4111111111111111',
	'4111 1111 1111 1111', 'zx9.other@example.dz', 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA');
$shim = start_shim();
for my $text (@odd)
{
	get("$api/" . uri($text), shim => $shim);
	get("$api/products/" . uri($text), shim => $shim);
	get('/health', shim => $shim, headers => { 'User-Agent' => "Zx9Agent $text" });
	get("/health?token=" . uri($text), shim => $shim);
	get('/health', shim => $shim, headers => { $_ => $text })
		for 'Referer', 'X-Request-Id', 'X-Api-Key', 'Cookie', 'Authorization', 'Idempotency-Key';
}
stop_shim($shim);
$log = slurp($shim->{log});
is_deeply([ grep { index($log, $_) >= 0 } @odd ], [], '4a.60 what looks like a secret is not in the log');
like($log, qr/"Zx9Agent \[$_\]"/, "$_: what it was is") for qw(jwt hash card email token);
is_deeply([ grep { $_->{broken} } shim_log($shim) ], [], 'every line is JSON');

#------------------------------------------------------------------ core files

# Killed like by a fault of its own, with a core file asked for: none is written.
SKIP:
{
	my $before = getcwd();
	my $dir = tempdir(CLEANUP => 1);

	skip('sanitizers end a process by themselves', 2) if ($ENV{MJC_VARIANT} // '') eq 'asan';
	skip('core files cannot be had here', 2) if system(qw(prlimit --core=unlimited -- true)) != 0;
	chmod 0777, $dir;
	chdir $dir;
	$shim = start_shim(under => [qw(prlimit --core=unlimited --)]);
	post("$api/admin/login", shim => $shim,
		body => { email => $ENV{MJC_TEST_ADMIN_EMAIL}, password => $password });
	my $status = stop_shim($shim, 'ABRT', 10);
	chdir $before;
	is_deeply([ $status & 127, $status & 128 ], [ 6, 0 ], 'a shim that is aborted dumps no core');
	is_deeply([ glob "$dir/*" ], [], 'nor is there a file');
}

finish();

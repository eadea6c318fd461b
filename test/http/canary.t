#!/usr/bin/perl
#
# canary.t - secrets are sent wherever a client can put them, in requests that succeed,
# are refused by the shim and are refused by the database. Afterwards nobody finds them
# in what is kept for operators: the log and the metrics of the shim, the log of
# PostgreSQL, pg_stat_activity.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use MIME::Base64 qw(encode_base64 encode_base64url);
use Shop;
use Test::More;

my $api = '/api/v1';
my $part = make_product(price => 1000, stock => 1000);
my $frontend = 'Zx9front' . 'end-secret-' x 3 . $$;
my $shim = start_shim(MJC_LOG_LEVEL => 'debug', MJC_FRONTEND_SECRET => $frontend);
my $admin = admin_token();
my $pg_log = "$ENV{MJC_TEST_HOME}/log/postgresql.log";
my $pg_start = -s $pg_log || 0;

# Each is used once for each place, and none occurs in anything else.
my %canary = (
	password => "Zx9-pass-$$-owl", other_password => "Zx9-wrong-$$-elk", new_password => "Zx9-next-$$-yak",
	basic => encode_base64("zx9user:Zx9-basic-$$", ''), bearer => "Zx9bearer$$" . 'a' x 40,
	cookie => "Zx9cookie$$", refresh => 'Zx9r' . encode_base64url("refresh-$$" x 5), link => 'Zx9l' . 'k' x 39,
	device => "Zx9device$$" . 'd' x 30, query => "Zx9query$$", key => "Zx9-key-$$", header => "Zx9header$$",
	field => "Zx9field$$", text => "Zx9note$$", name => 'Zxprenomq', email => "zx9.mail.$$\@example.dz",
	phone => phone(), street => "Zx9 rue $$", totp => '739105', frontend => $frontend, host => "zx9host$$",
	referer => "Zx9referer$$", language => "zx9lang$$",
	jwt_path => forge({ alg => 'HS256', typ => 'JWT' }, claims(), 'Zx9 another secret of 32 bytes..'),
	jwt_agent => forge({ alg => 'HS256', typ => 'JWT' }, claims(), 'Zx9 one more secret of 32 bytes..'),
	hash_path => '$2b$12$Zx9pathpathpathpathpauO4mYz1r3vF6c8xWq5nUeJtKs7LhGd0y',
	hash_agent => '$2b$12$Zx9agentagentagentagu.O4mYz1r3vF6c8xWq5nUeJtKs7LhGd0y',
	card_path => '4111111111111111', card_agent => '5555555555554444', card_body => '378282246310005',
	card_query => '6011111111111117', card_spaced => '4012-8888-8888-1881',
	admin => $admin, signing => one_line($ENV{MJC_TEST_JWT_SECRET_FILE}));
my @activity;

# A request to that shim; what the database shows of its sessions is kept.
sub send_it
{
	my ($method, $path, %opt) = @_;
	my $reply = request($method, "$api$path", shim => $shim, %opt);

	push @activity, sql("SELECT string_agg(query || coalesce(application_name, ''), ' ')"
			. ' FROM pg_catalog.pg_stat_activity WHERE pid <> pg_catalog.pg_backend_pid()');
	cmp_ok($reply->{status}, '<', 500, "$method $path" =~ s/[^ -~]/?/gr =~ s/^(.{50}).*/$1/r);
	return $reply;
}

#------------------------------------------------------------------ bodies

my %person = (email => $canary{email}, firstName => $canary{name}, lastName => 'Benali');
my $made = send_it('POST', '/auth/register', body => { %person, password => $canary{password} });
my $session = $made->{json}{data} // {};

$canary{made_access} = $session->{accessToken} // 'Zx9 none';
$canary{made_refresh} = $session->{refreshToken} // 'Zx9 none';
is($made->{status}, 201, 'an account, whose tokens are canaries too') || diag($made->{content});
send_it('POST', '/auth/register', body => { %person, password => $canary{password} });
send_it('POST', '/auth/register', body => { %person, password => $canary{password}, card => $canary{card_body} });
send_it('POST', '/auth/login', body => { email => $canary{email}, password => $canary{other_password} });
send_it('POST', '/auth/login', body => { email => "x$canary{email}", password => $canary{other_password} });
send_it('POST', '/auth/login', body => { email => $canary{email}, password => $canary{password}, $canary{field} => 1 });
send_it('POST', '/auth/login', body => { email => $canary{password}, password => $canary{email} });
send_it('POST', '/auth/login', body => { email => [ $canary{email} ], password => { x => $canary{password} } });
send_it('POST', '/auth/login', content => qq({"email":"$canary{email}","password":"$canary{password}));
send_it('POST', '/auth/login', content => "email=$canary{email}&password=$canary{password}",
	headers => { 'Content-Type' => 'application/x-www-form-urlencoded' });
send_it('POST', '/admin/login', body => { email => $canary{email}, password => $canary{password}, totp => $canary{totp} });
send_it('POST', '/auth/change-password', token => $canary{made_access},
	body => { currentPassword => $canary{password}, newPassword => $canary{new_password} });
send_it('POST', '/auth/change-password', token => $admin,
	body => { currentPassword => $canary{other_password}, newPassword => $canary{new_password} });
send_it('POST', '/auth/reset-password', body => { token => $canary{link}, password => $canary{new_password} });
send_it('POST', '/auth/reset-password', body => { token => $canary{link}, newPassword => $canary{new_password} });
send_it('POST', '/auth/verify-email', body => { token => $canary{link} });
send_it('POST', '/auth/request-password-reset', body => { email => $canary{email} });
send_it('POST', '/auth/refresh', body => { refreshToken => $canary{made_refresh} });
send_it('POST', '/auth/refresh', body => { refreshToken => $canary{refresh} });
send_it('POST', '/auth/social-login', headers => { 'X-Frontend-Secret' => $frontend },
	body => { provider => 'google', email => "g$canary{email}", idToken => $canary{jwt_path} });
my $order = order_body(
	[ [ $part, 1 ] ], notes => $canary{text},
	customerInfo => { firstName => $canary{name}, lastName => 'Benali', phone => $canary{phone}, email => $canary{email} },
	shippingAddress => { street => $canary{street}, city => 'Alger', region => '16' });
is(send_it('POST', '/orders/guest', body => $order, key => $canary{key})->{status}, 201, 'an order');
send_it('POST', '/orders/guest', body => { %$order, notes => "$canary{text} $canary{card_body}" }, key => $canary{key});
send_it('POST', '/orders/guest', body => { %$order, items => [ { productId => $part, quantity => 999_999 } ] });
send_it('POST', '/orders/guest', body => { %$order, items => [ { productId => $canary{text}, quantity => 1 } ] });
send_it('POST', '/cart/coupons', body => { code => $canary{text} });

#------------------------------------------------------------------ heads, addresses

send_it('GET', "/orders/track?orderNumber=$canary{query}&phone=$canary{phone}");
send_it('GET', "/products?search=$canary{query}&token=$canary{link}&card=$canary{card_query}");
send_it('GET', "/admin/orders?search=$canary{query}", token => $admin);
send_it('GET', '/products?limit=1', headers => { Authorization => "Basic $canary{basic}" });
send_it('GET', '/auth/me', token => $canary{bearer});
send_it('GET', '/auth/me', token => $canary{made_access});
send_it('GET', '/auth/me', headers => { Cookie => "accessToken=$canary{cookie}; refreshToken=$canary{refresh}; deviceToken=$canary{device}" });
send_it('POST', '/auth/logout', headers => { Cookie => "refreshToken=$canary{made_refresh}; accessToken=$canary{made_access}" });
send_it('GET', '/cart', headers => { Cookie => "cartToken=$canary{cookie}" });
send_it('GET', '/products?limit=1', headers => {
		'X-Api-Key' => $canary{header}, 'X-Frontend-Secret' => $canary{header}, Referer => "https://x/$canary{referer}",
		Origin => "https://$canary{host}.dz", 'X-Forwarded-For' => $canary{header}, 'X-Request-Id' => $canary{header} });
send_it('GET', '/products?limit=1', lang => $canary{language});
send_it('GET', "/products/$canary{jwt_path}");
send_it('GET', '/products/' . uri($canary{hash_path}));
send_it('GET', "/products/$canary{card_path}");
send_it('GET', "/products/pay-$canary{card_spaced}-now");
send_it('GET', "/no/$canary{jwt_path}/such/$canary{card_path}");
for my $name (qw(jwt_agent hash_agent card_agent))
{
	is(raw_status(ask("GET $api/payments/methods HTTP/1.1", headers => ["User-Agent: x $canary{$name} y"]), shim => $shim),
		200, "a user agent with $name");
}
raw("GET /$canary{query} nonsense $canary{header}\r\n\r\n", shim => $shim, timeout => 1);
raw(ask("GET $api/products HTTP/1.1", headers => [ "$canary{header} : x", "X : $canary{text}" ]), shim => $shim, timeout => 1);

#------------------------------------------------------------------ what is kept of it

my $metrics = HTTP::Tiny->new->get("$shim->{metrics}/metrics")->{content};
my $limits = slurp("/proc/$shim->{pid}/limits");

like($limits, qr/^Max core file size\s+0\s+0\s/m, 'the shim leaves no core file');
stop_shim($shim);
my $log = slurp($shim->{log}) . slurp($shim->{err});
my @lines = grep { ($_->{event} // '') eq 'request' } shim_log($shim);

sub found
{
	my ($text) = @_;
	my $bytes = $text;

	utf8::encode($bytes) if utf8::is_utf8($bytes);
	return [ grep { index($bytes, $canary{$_}) >= 0 } sort keys %canary ];
}

cmp_ok(scalar @lines, '>', 35, 'every request is in the log');
is_deeply([ grep { $_->{broken} } shim_log($shim) ], [], 'in lines of JSON');
is_deeply(found($log), [], 'no canary in the log of the shim');
ok($log !~ /Zx9/i, 'nor a part of one');
is_deeply(found($metrics), [], 'none in the metrics');
is_deeply(found(join ' ', @activity), [], 'none in pg_stat_activity');
ok("@activity" !~ /Zx9/i, 'nor a part of one');
cmp_ok(length "@activity", '>', 1000, 'which was looked at');

SKIP:
{
	skip('the log of the database cannot be read', 2) unless -r $pg_log;
	my $text = substr(slurp($pg_log), $pg_start);

	is_deeply(found($text), [], 'none in the log of the database');
	ok($text !~ /Zx9/i, 'nor a part of one');
}

# The test sees what it looks for.
is_deeply(found("x $canary{password} y"), ['password'], 'a canary in a text is found');

finish();

#!/usr/bin/perl
#
# bad_token.t - hostile tokens and cookies, by the numbers of the list of bad inputs that the
# project keeps: each is refused, soon, by 401 or 400.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use MIME::Base64;
use Shop;
use Test::More;
use Time::HiRes qw(time);

my $api = '/api/v1';
my $token = admin_token();
my $part = make_product(price => 1000, stock => 10);
my $order = place([ [ $part, 1 ] ]);

#------------------------------------------------------------------ 33 to 37: tokens

my %head = (alg => 'HS256', typ => 'JWT');
my $secret = one_line($ENV{MJC_TEST_JWT_SECRET_FILE});
my $now = int time;
my ($h, $c, $s) = split /\./, forge(\%head, claims());

sub is_refused
{
	my ($bad, $name) = @_;
	return is_deeply(
		[
			map { $_->{status} } get("$api/admin/me", token => $bad),
			get("$api/admin/me", headers => { Cookie => "accessToken=$bad" })
		],
		[ 401, 401 ],
		$name);
}

sub flat { my $text = MIME::Base64::encode_base64url($_[0]); return $text }

is(
	get("$api/admin/me", token => "$h.$c.$s")->{status}, 200,
	'4a.33 a token made by hand like ours is good');
is_refused(forge($_, claims()), "4a.33 another head of the same meaning: $_")
	for '{"alg":"HS256"}', '{"typ":"JWT","alg":"HS256"}', '{"alg":"HS256", "typ":"JWT"}',
	'{"alg":"HS256","typ":"jwt"}';
for my $alg (qw(none None NONE nOnE), '')
{
	is_refused(forge({ %head, alg => $alg }, claims()), "4a.33 alg '$alg', signed");
	is_refused(flat(encode({ %head, alg => $alg })) . ".$c.", "4a.33 alg '$alg', not signed");
	is_refused(flat(encode({ %head, alg => $alg })) . ".$c", "4a.33 alg '$alg', two parts");
}
is_refused("$h.$c.", '4a.33 an empty signature');
is_refused("$h.$c." . substr($s, 0, -1), '4a.33 a shorter signature');
is_refused("$h.$c." . reverse($s), '4a.33 another signature');
is_refused(forge({ %head, alg => $_ }, claims()), "4a.34 alg $_")
	for qw(RS256 ES256 HS512 HS384 hs256 PS256);
is_refused(forge({ %head, @$_ }, claims()), "4a.34 $_->[0] in the head")
	for [ kid => '../../dev/null' ], [ kid => "' UNION SELECT 'x" ],
	[ jku => 'https://evil-shop.dz/k' ], [ jwk => { kty => 'oct', k => 'eA' } ],
	[ crit => ['exp'] ], [ x5u => 'https://evil-shop.dz' ], [ zip => 'DEF' ], [ typ => 'JOSE' ],
	[ b64 => \0 ];
is_refused(forge(\%head, claims(), $_), '4a.34 a secret of ' . length($_) . ' bytes')
	for '', 'secret', "${secret}x", substr($secret, 1), uc $secret,
	'your-super-secret-jwt-key-change-in-production-minimum-64-chars';
is_refused(
	forge(\%head, claims(%$_)), '4a.35 ' . join ' ',
	map { "$_->[0] " . ($_->[1] // 'missing') } [%$_])
	for { exp => undef }
, { iat => undef }, { exp => "$now" . '9' }, { exp => 1e30 }, { exp => -1 },
	{ exp => $now + 3600.5 }, { exp => $now + 9 * 3600 }, { exp => $now + 10 * 365 * 86400 },
	{ exp => 9007199254740993 },
	{ iat => $now + 120, exp => $now + 3600 }, { nbf => $now + 120 }, { nbf => 'x' },
	{ iat => $now - 100, exp => $now - 31 }, { iat => $now - 7200, exp => $now - 3600 },
	{ iat => -1 }, { exp => [] };
is(get("$api/admin/me", token => forge(\%head, claims(iat => int(time) - 100, exp => int(time) - 10)))
		->{status}, 200, '4a.35 half a minute of another clock is forgiven');
is(get("$api/admin/me", token => forge(\%head, claims(iat => int(time) + 15, exp => int(time) + 3600)))
		->{status}, 200, '4a.35 both ways');
is_refused(
	forge(\%head, claims(%$_)), '4a.36 ' . join ' ',
	map { "$_->[0] " . (ref $_->[1] ? 'a list' : $_->[1] // 'missing') } [%$_])
	for { iss => undef }
, { iss => 'x' }, { aud => undef }, { aud => 'x' }, { aud => ['mj-chauffage-app'] },
	{ iss => 'MJ-chauffage' }, { typ => 'refresh' }, { type => 'refresh' }, { sub => undef },
	{ sub => 'x' }, { sub => 5 }, { jti => undef }, { jti => 'x' }, { sid => 'x' }, { sid => 5 },
	{ role => undef }, { role => 'ROOT' }, { role => 'admin' }, { role => ['ADMIN'] },
	{ tv => undef }, { tv => '0' }, { tv => -1 }, { tv => 4294967296 }, { tv => 0.5 };

my @long =
	map { my $begun = time; is_refused($_->[0], "4a.37 $_->[1]"); time - $begun }
	[ forge(\%head, claims(pad => 'x' x 7000)), 'a token of 10 KB' ],
	[ "$h.$c.$s.x", 'four parts' ], [ "$h.$c.$s.", 'a dot behind' ],
	[ ".$h.$c.$s", 'a dot before' ], [ $h, 'one part' ], [ '..', 'dots' ],
	[ 'a' x 2000, 'letters' ], [ '.' x 1000, 'a thousand dots' ],
	[ "$h=.$c.$s", 'padding' ], [ "$h.$c.$s=", 'padding of the signature' ],
	[
	($s =~ /[-_]/ ? "$h.$c." . $s =~ tr/-_/+\//r : "$h.$c.+" . substr($s, 1)),
	'the other alphabet'
	],
	[
		  "$h.$c."
		. substr($s, 0, 42)
		. substr('BCDFGH', index('AEIMQUYcgkosw048', substr($s, 42)) % 6, 1),
	'a last character with loose bits'
	],
	[ forge('{"alg":"none","alg":"HS256","typ":"JWT"}', claims()), 'alg twice' ],
	[ forge(\%head, encode(claims()) =~ s/\}$/,"role":"SUPER_ADMIN"}/r), 'role twice' ],
	[ forge('{"alg":"HS256"', claims()), 'no JSON' ], [ forge('[]', claims()), 'a list' ],
	[ forge(\%head, '"x"'), 'a text for claims' ],
	[ forge(\%head, encode(claims()) . ' {}'), 'two documents of claims' ];
cmp_ok((sort { $a <=> $b } @long)[ @long / 2 ], '<', 0.05, '4a.37 and it takes no time');
is(
	raw_status(ask(
		"GET $api/admin/me HTTP/1.1",
		headers => [ "Authorization: Bearer $h.$c.$s", 'Authorization: Bearer x' ])),
	400,
	'4a.37 two Authorization headers');
is(
	raw_status(ask("GET $api/admin/me HTTP/1.1", headers => ["Authorization: $_"])), 401,
	"4a.37 Authorization: $_")
	for 'Bearer', 'Bearer ', "Bearer$h.$c.$s", 'Token x', "bearer x $h.$c.$s", "Bearer $h.$c.$s,x";
is(
	raw_status(ask("GET $api/admin/me HTTP/1.1", headers => ["Authorization: bearer   $h.$c.$s"])),
	200, '4a.37 the scheme in any case');

#------------------------------------------------------------------ 38: whose token

my $leaver = make_account('ADMIN');
my $leaving = mint('ADMIN', $leaver, 0);
is(get("$api/admin/me", token => $leaving)->{status}, 200, '4a.38 an admin');
sql("UPDATE mjc.account SET role = 'CUSTOMER' WHERE account_id = '$leaver'");
is(get("$api/admin/me", token => $leaving)->{status}, 403, '4a.38 demoted');
is(
	post("$api/admin/orders/$order->{id}/cancel", token => $leaving)->{status}, 403,
	'4a.38 cannot change anything');
sql("UPDATE mjc.account SET role = 'ADMIN', is_active = false WHERE account_id = '$leaver'");
is(get("$api/admin/me", token => $leaving)->{status}, 401, '4a.38 blocked');
is(
	post("$api/admin/orders/$order->{id}/cancel", token => $leaving)->{status}, 401,
	'4a.38 cannot change anything');
sql("UPDATE mjc.account SET is_active = true, token_version = 1 WHERE account_id = '$leaver'");
is(get("$api/admin/me", token => $leaving)->{status}, 401, '4a.38 a token of another version');
sql("DELETE FROM mjc.$_ WHERE account_id = '$leaver'") for qw(account_email account_person account);
is(get("$api/admin/me", token => $leaving)->{status}, 401, '4a.38 deleted');
is(get("$api/admin/orders", token => $leaving)->{status}, 401, '4a.38 for every route');
is(
	sql("SELECT status FROM mjc.order WHERE order_id = '$order->{id}'"), 'PENDING',
	'4a.38 and nothing was changed');

#------------------------------------------------------------------ 43: cookies

is(
	raw_status(ask("GET $api/admin/me HTTP/1.1", headers => [$_])), 400,
	'4a.43 ' . substr($_, 0, 40) . '... twice'
	) for "Cookie: accessToken=$token; accessToken=x",
	"Cookie: accessToken=$token; accessToken=$token", "Cookie: authToken=x; a=b; authToken=$token",
	"Cookie: accessToken=$token\r\nCookie: accessToken=x";
is(
	raw_status(ask(
		"GET $api/admin/me HTTP/1.1",
		headers => [ 'Cookie: ' . join('; ', map { "c$_=x" } 1 .. 200) . "; accessToken=$token" ])),
	200,
	'4a.43 two hundred other cookies');
like(
	raw_status(ask("GET $api/admin/me HTTP/1.1", headers => ["Cookie: $_"])),
	qr/^(400|401|431|closed)$/, '4a.43 a bomb of cookies'
) for join('; ', map { "c$_=x" } 1 .. 2000), ';' x 5000, '=;' x 5000;
is(
	raw_status(ask("GET $api/admin/me HTTP/1.1", headers => ["Cookie: $_"])), 401,
	'4a.43 cookie ' . substr($_, 0, 20))
	for ';;;;', '=', 'accessToken', 'accessToken=;', "x accessToken=$token",
	"\"accessToken\"=$token", '=' x 1000, ';' x 100;
finish();

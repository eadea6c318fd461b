#!/usr/bin/perl
#
# social.t - sign-in that another service vouches for: Google by its id token, the frontend's
# server by its secret; never without proof, never for staff.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use File::Temp qw(tempdir);
use IPC::Open2;
use MIME::Base64 qw(decode_base64url encode_base64url);
use Shop;
use Test::More;
use Time::HiRes qw(time);

my $api = '/api/v1/auth';
my $run = sprintf '%x%x', time, $$;
my $client = 'shop.apps.example';
my $secret = 'the frontend server shows this, 40 bytes';
my $dir = tempdir(CLEANUP => 1);
my $serial = 0;

sub address { return sprintf 'social-%s-%d@example.dz', $run, ++$serial }

#------------------------------------------------------------------ keys and tokens

sub make_key
{
	my $name = shift;

	system("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out $dir/$name 2>$dir/err") == 0
		or BAIL_OUT('no openssl');
	my ($modulus) = qx{openssl rsa -in $dir/$name -noout -modulus} =~ /=([0-9A-F]+)/;
	return {
		kty => 'RSA', kid => $name, use => 'sig', alg => 'RS256', e => 'AQAB',
		n => encode_base64url(pack 'H*', $modulus) };
}

sub write_keys
{
	open(my $out, '>', "$dir/jwks.new") or die;
	print $out encode({ keys => [@_] });
	close $out;
	rename "$dir/jwks.new", "$dir/jwks" or die;
	return;
}

# id_token(e-mail, change...): as Google makes them; key => names another key.
sub id_token
{
	my ($email, %change) = @_;
	my $key = delete $change{key} // 'one';
	my $header = delete $change{header} // { alg => 'RS256', kid => $key, typ => 'JWT' };
	my %claims = (
		iss => 'https://accounts.google.com', aud => $client, azp => $client, sub => "g-$email",
		email => $email, email_verified => \1, given_name => 'أمينة', family_name => 'Benali',
		iat => int(time), exp => int(time) + 3600, %change);
	my $text;

	delete $claims{$_} for grep { !defined $claims{$_} } keys %claims;
	$text = join '.', map { encode_base64url(encode($_)) } $header, \%claims;
	my $pid = open2(my $out, my $in, 'openssl', 'dgst', '-sha256', '-sign', "$dir/$key");
	binmode $_ for $in, $out;
	print $in $text;
	close $in;
	my $signature = do { local $/; <$out> };
	waitpid $pid, 0;
	return $text . '.' . encode_base64url($signature);
}

my $one = make_key('one');
my $two = make_key('two');
write_keys($one);
my $shim = start_shim(MJC_FRONTEND_SECRET => $secret, MJC_GOOGLE_CLIENT_ID => $client,
	MJC_GOOGLE_JWKS_FILE => "$dir/jwks");

sub google
{
	my ($token, @opt) = @_;
	return post("$api/social-login", body => { idToken => $token }, shim => $shim, @opt);
}

sub frontend
{
	my ($body, $proof, @opt) = @_;
	return post("$api/social-login", body => $body, shim => $shim, @opt,
		headers => { 'X-Frontend-Secret' => $proof // $secret });
}

#------------------------------------------------------------------ by the frontend's server

my $email = address();
my $reply = frontend({ email => uc $email, firstName => 'Amina', lastName => 'Benali',
		image => 'https://lh3.googleusercontent.com/a/x', provider => 'google' });
is($reply->{status}, 200, 'the frontend vouches for a person') || said($reply);
shape($reply->{json}, { success => 'bool', data => { accessToken => 'text', refreshToken => 'text',
			user => { id => 'uuid', email => 'text', firstName => 'text', role => 'text' } } },
	'who gets what a sign-in gives');
my $user = $reply->{json}{data}{user};
is_deeply([ @$user{qw(email firstName role)} ], [ $email, 'Amina', 'CUSTOMER' ], 'and is a customer');
is(get("$api/me", token => $reply->{json}{data}{accessToken})->{status}, 200, 'signed in');
my %cookie = cookies_of($reply);
is_deeply([ sort keys %cookie ], [qw(accessToken refreshToken)], 'with the cookies of a session');
is(frontend({ email => $email })->{json}{data}{user}{id}, $user->{id}, 'next time it is the same account');
is_error(frontend({ email => $email }, $_), 401, 'SOCIAL_PROOF_INVALID', 'not with another secret')
	for '', 'x', substr($secret, 1), "$secret ", "${secret}x", uc $secret;
is_error(post("$api/social-login", body => { email => $email }, shim => $shim), 401,
	'SOCIAL_PROOF_INVALID', 'nor without one');
is_error(frontend({}), 401, 'SOCIAL_PROOF_INVALID', 'nor for nobody');
is_field(frontend({ email => 'x' }), 'email', 'nor for what is no e-mail');
is_error(post("$api/social-login", body => { email => $email },
		headers => { 'X-Frontend-Secret' => '' }), 401, 'SOCIAL_PROOF_INVALID',
	'without a secret of ours there is no such way');

#------------------------------------------------------------------ by Google

my $person = address();
$reply = google(id_token($person));
is($reply->{status}, 200, 'Google vouches for a person') || said($reply);
my $id = $reply->{json}{data}{user}{id};
is_deeply([ @{ $reply->{json}{data}{user} }{qw(email firstName lastName role)} ],
	[ $person, 'أمينة', 'Benali', 'CUSTOMER' ], 'who is a customer of that name');
ok($reply->{json}{data}{user}{isVerified}, 'whose e-mail is verified');
is(google(id_token($person, iss => 'accounts.google.com'))->{json}{data}{user}{id}, $id,
	'next time it is the same account');
is_error(google(id_token($person, @$_)), 401, 'SOCIAL_PROOF_INVALID', "not with $_->[0] " . ($_->[1] // 'left out'))
	for [ aud => 'other.apps.example' ], [ iss => 'https://evil-shop.dz' ],
	[ exp => int(time) - 31 ], [ iat => int(time) + 120 ], [ email_verified => \0 ],
	[ email => undef ], [ sub => undef ], [ key => 'two' ],
	[ header => { alg => 'none', kid => 'one' } ], [ header => { alg => 'HS256', kid => 'one' } ];
is_error(google($_), 401, 'SOCIAL_PROOF_INVALID', 'nor rubbish')
	for 'x', 'a.b.c', '..', mint('CUSTOMER', $id, 0);
is_error(post("$api/social-login", shim => $shim, body => { idToken => 'a.b.c', email => $email },
		headers => { 'X-Frontend-Secret' => $secret }), 401, 'SOCIAL_PROOF_INVALID',
	'a bad token is not made good by the secret');
is_error(post("$api/social-login", body => { idToken => id_token($person) }), 401,
	'SOCIAL_PROOF_INVALID', 'a shim that knows no client takes none');
is_error(google(id_token($person), headers => { Origin => 'https://evil-shop.dz' }), 403,
	'ORIGIN_REFUSED', 'nor from another site');
my $token = id_token($person, key => 'two');
write_keys($one, $two);
is(google($token)->{status}, 200, 'a new key of the file counts at once');
write_keys($two);
is_error(google(id_token($person)), 401, 'SOCIAL_PROOF_INVALID', 'one that is gone does not');

#------------------------------------------------------------------ whom nobody vouches for

my $word = 'Kz7-cheval lampe';
my $admin = make_login('ADMIN', $word);
my $tech = make_login('TECHNICIAN', $word);
for my $who ($admin, $tech, $ENV{MJC_TEST_ADMIN_EMAIL})
{
	is_error(frontend({ email => $who }), 403, 'FORBIDDEN', 'staff does not sign in so');
	is_error(google(id_token($who, key => 'two')), 403, 'FORBIDDEN', 'nor by Google');
}
is(post('/api/v1/admin/login', body => { email => $admin, password => $word })->{status}, 200,
	'which does no harm');
customer_status($id, 'blocked');
is_error(google(id_token($person, key => 'two')), 403, 'ACCOUNT_INACTIVE', 'nor does who is blocked');
is_error(frontend({ email => $person }), 403, 'ACCOUNT_INACTIVE', 'whoever vouches');
customer_status($id, 'active');

# Somebody registers with the address of another, who then comes by Google.
my $taken = address();
my $squatter = post("$api/register",
	body => { email => $taken, password => $word, firstName => 'X', lastName => 'Y' });
is($squatter->{status}, 201, 'somebody takes an address that is not his');
is(google(id_token($taken, key => 'two'))->{status}, 200, 'its owner comes by Google');
is_error(get("$api/me", token => $squatter->{json}{data}{accessToken}), 401, 'TOKEN_REVOKED',
	'the other is out');
is_error(post("$api/login", body => { email => $taken, password => $word }), 401,
	'INVALID_CREDENTIALS', 'and his password is gone');
is_error(post("$api/refresh", body => { refreshToken => $squatter->{json}{data}{refreshToken} }), 401,
	'INVALID_REFRESH_TOKEN', 'and his session');

# Both at once for a new address: one account.
my $wanted = address();
my $proof = id_token($wanted, key => 'two');
my @race = parallel(6,
	sub {
		my $got = $_[0] % 2 ? google($proof) : frontend({ email => $wanted, firstName => 'A', lastName => 'B' });
		return { status => $got->{status}, id => $got->{json}{data}{user}{id} };
	});
is_deeply([ map { $_->{status} } @race ], [ (200) x 6 ], 'six at once');
my %ids = map { ($_->{id} // 'none') => 1 } @race;
is(scalar keys %ids, 1, 'are one account');

my $log = slurp($shim->{log});
unlike($log, qr/\Q$secret\E|\Q$proof\E|\Q$wanted\E/, 'no secret, token or e-mail is in the log');

finish();

#!/usr/bin/perl
#
# auth.t - accounts of customers: registration, sign-in and its cookies, sessions that go on
# and end, passwords changed and forgotten, the second factor of staff, what strangers may try.

use strict;
use warnings;
use utf8;

use Digest::SHA qw(hmac_sha1 sha256_hex);
use FindBin;
use lib "$FindBin::Bin/lib";
use MIME::Base64 qw(decode_base64url encode_base64url);
use Shop;
use Test::More;
use Time::HiRes qw(sleep time);

my $api = '/api/v1/auth';
my $run = sprintf '%x%x', time, $$;
my $word = 'Kz7-cheval lampe';
my $serial = 0;
my %user = (
	id => 'uuid', email => 'text', firstName => 'text', lastName => 'text', role => 'text',
	phone => 'str?', isActive => 'bool', isVerified => 'bool', createdAt => 'time',
	updatedAt => 'time');

sub address { return sprintf 'auth-%s-%d@example.dz', $run, ++$serial }

# register(e-mail, change...): the reply; the jar, when given as jar =>, holds the cookies.
sub register
{
	my ($email, %change) = @_;
	my $jar = delete $change{jar} // {};
	my $shim = delete $change{shim};

	return browse(
		$jar, 'POST', "$api/register", ($shim ? (shim => $shim) : ()),
		body => {
			email => $email, password => $word, firstName => 'Amina', lastName => 'Benali', %change
		});
}

sub login
{
	my ($jar, $email, $password, %opt) = @_;
	my $code = delete $opt{code};

	return browse(
		$jar, 'POST', $opt{path} // "$api/login",
		body => { email => $email, password => $password, defined $code ? (code => $code) : () },
		%opt);
}

# A customer of this test: e-mail, id, and the jar of a browser that is signed in.
sub customer
{
	my $email = address();
	my $jar = {};
	my $reply = register($email, jar => $jar, @_);

	die "no account: $reply->{content}" if $reply->{status} != 201;
	return ($email, $reply->{json}{data}{user}{id}, $jar);
}

sub me { my ($jar, @opt) = @_; return browse($jar, 'GET', "$api/me", @opt) }

sub refresh { my ($jar, @opt) = @_; return browse($jar, 'POST', "$api/refresh", @opt) }

sub live_sessions
{
	return sql(
		"SELECT count(*) FROM mjc.session s JOIN mjc.account a USING (account_id, token_version)"
			. " WHERE s.account_id = '$_[0]' AND s.revoked_at IS NULL");
}

sub mail_token
{
	my ($id, $topic) = @_;

	return sql(
		"SELECT o.payload->>'token' FROM mjc.outbox o WHERE o.topic = :'topic'"
			. " AND o.aggregate_id = '$id' ORDER BY o.outbox_id DESC LIMIT 1",
		topic => $topic);
}

# So that attempts of one part of the test are not in the way of the next.
sub forget_attempts { sql('DELETE FROM mjc.sign_in_limit'); return }

#------------------------------------------------------------------ registration

my $email = address();
my %jar;
my $reply = register(uc $email, jar => \%jar, phone => phone(), companyName => 'Chauffe & Fils',
	customerType => 'b2b', vatNumber => '000016001234567', role => 'ADMIN', isVerified => \1);
is($reply->{status}, 201, 'registration') || said($reply);
shape($reply->{json}, { success => 'bool',
		data => { user => \%user, accessToken => 'text', refreshToken => 'text' } },
	'its reply has the fields that the pages read');
my $user = $reply->{json}{data}{user};
is($user->{email}, $email, 'the e-mail in lower case');
is($user->{role}, 'CUSTOMER', 'a customer, whatever was sent');
ok(!$user->{isVerified}, 'the e-mail is not verified yet');
unlike($reply->{content}, qr/\Q$word\E|hash|tokenVersion|\$2b\$/i, 'no secret in it');
is(length $reply->{json}{data}{refreshToken}, 64, 'a refresh token of 64 characters');
like(sql("SELECT s.password_hash FROM mjc.account_secret s WHERE s.account_id = '$user->{id}'"),
	qr/^\$2b\$12\$.{53}$/, 'bcrypt of cost 12 is kept');

my %cookie = cookies_of($reply);
is($cookie{accessToken},
	"accessToken=$reply->{json}{data}{accessToken}; Path=/; HttpOnly; SameSite=Lax; Max-Age=900",
	'the access token for 15 minutes');
is($cookie{refreshToken},
	"refreshToken=$reply->{json}{data}{refreshToken}; Path=/; HttpOnly; SameSite=Lax; Max-Age=604800",
	'the refresh token for seven days');
my $claims = decode(decode_base64url((split /\./, $jar{accessToken})[1]));
is($claims->{sub}, $user->{id}, 'the token speaks for the account');
is($claims->{exp} - $claims->{iat}, 900, 'for 15 minutes');
is($claims->{sid}, sql("SELECT session_id FROM mjc.session WHERE account_id = '$user->{id}'"),
	'in its session');
is(sql("SELECT encode(token_hash, 'hex') FROM mjc.session WHERE account_id = '$user->{id}'"),
	sha256_hex(substr decode_base64url($jar{refreshToken}), 16),
	'of which the database knows a hash');
is(me(\%jar)->{status}, 200, 'who registers is signed in');

is_error(register($email), 409, 'EMAIL_EXISTS', 'the same e-mail again');
is_error(register(ucfirst $email, lang => 'ar'), 409, 'EMAIL_EXISTS', 'in any case');
$reply = register(address(), firstName => 'محمد الأمين', lastName => "بن عيسى-O'Brien");
is($reply->{status}, 201, 'Arabic names, hyphens and apostrophes') || said($reply);
is($reply->{json}{data}{user}{firstName}, 'محمد الأمين', 'are kept as they are');
is(register(address(), customerType => undef, phone => '', companyName => '', extra => [1])->{status},
	201, 'what is empty or not known is nothing');

# At once: the place is taken by one. (Who waits too long for a hashing thread is 503.)
my $wanted = address();
my @race = map { $_->{status} } parallel(4, sub { return { status => register($wanted)->{status} } });
is(scalar(grep { $_ == 201 } @race), 1, 'four registrations at once: one account');
is_deeply([ grep { $_ != 201 && $_ != 409 && $_ != 503 } @race ], [], 'and nothing odd');

my $seventy_two = 'é' x 12 . 'kZ3vQp8xWm5tRj2yHnB7cLgF4dSs9aTe0uYi6oXwVqPzKk1M';
my $fits = address();
is(register($fits, password => $seventy_two)->{status}, 201, 'a password of 72 bytes');
is(login({}, $fits, $seventy_two)->{status}, 200, 'signs in');
is_error(login({}, $fits, substr($seventy_two, 0, 59) . 'X'), 401, 'INVALID_CREDENTIALS',
	'to its last byte');
is_field(register(address(), password => "${seventy_two}a"), 'password', 'one of 73 bytes');
is_field(register(address(), password => 'é' x 37), 'password', 'or 74 in 37 characters');
is_field(register(address(), password => 'Kz7-che'), 'password', 'or seven');
is_field(register(address(), email => $_), 'email', 'no e-mail: ' . ($_ // 'null'))
	for undef, '', 'x', 'a@b', 'a b@c.dz', 'x' x 250 . '@b.dz';
is_field(register(address(), phone => '12'), 'phone', 'no phone number');
is_field(register(address(), customerType => 'VIP'), 'customerType', 'an unknown type');
is_field(register(address(), firstName => 'x' x 51, lastName => ''), [qw(firstName lastName)],
	'names that are none');
is_field(post("$api/register", body => {}), [qw(email password firstName lastName)], 'nothing');
is(request('POST', "$api/register",
		content => qq({"email":"a\@b.dz","password":"abcd\\u0000efgh","firstName":"A","lastName":"B"}))
		->{status}, 400, '4a.51 a NUL in a password');
for my $weak ('password', 'Motdepasse123!', 'azertyuiop', 'Benali2024', "Auth-$run", 'chaudiere16',
	'00000000')
{
	$reply = register("auth-$run-weak\@example.dz", password => $weak);
	is_error($reply, 422, 'WEAK_PASSWORD', "easily guessed: $weak");
	unlike($reply->{content}, qr/\Q$weak\E/, 'and not repeated');
}
is(sql("SELECT count(*) FROM mjc.account_email WHERE email LIKE 'auth-$run-weak%'"), '0',
	'nothing is left of what was refused');

#------------------------------------------------------------------ sign-in

forget_attempts();
%jar = ();
$reply = login(\%jar, " $email ", $word);
is($reply->{status}, 200, 'sign-in') || said($reply);
shape($reply->{json}, { success => 'bool', message => 'text',
		data => { user => \%user, accessToken => 'text', refreshToken => 'text' } }, 'its reply');
is_deeply([ sort keys %jar ], [qw(accessToken deviceToken refreshToken)], 'three cookies');
%cookie = cookies_of($reply);
like($cookie{deviceToken}, qr/^deviceToken=[\w-]{64}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=31536000$/,
	'one of them for the device, for a year');
is($reply->{headers}{'cache-control'}, 'no-store', 'nobody keeps it');
my $wrong = login({}, $email, 'not the password');
is_error($wrong, 401, 'INVALID_CREDENTIALS', '4a.48 a wrong password');
is_deeply({ cookies_of($wrong) }, {}, 'gets no cookie');
my ($blocked, $blocked_id) = customer();
customer_status($blocked_id, 'blocked');
is_deeply([ @{ login({}, @$_) }{qw(status content)} ], [ @$wrong{qw(status content)} ],
	"the same answer for $_->[0]")
	for [ address(), $word ], [ $blocked, $word ], [ $blocked, 'x' ], [ 'no e-mail', 'x' ],
	[ "' OR 1=1 --", 'x' ];
is_field(login({}, $email, 'x' x 73), 'password', 'a password of 73 bytes');
is_field(post("$api/login", body => { email => [], password => 5, code => {} }),
	[qw(email password code)], 'fields of other types');
is(request('POST', "$api/login", content => qq({"email":"$email","password":"a\\u0000b"}))->{status},
	400, 'a NUL');
is_error(login({}, $email, $word, headers => { Origin => 'https://evil-shop.dz' }), 403,
	'ORIGIN_REFUSED', 'a sign-in from another site');

# That refusals take the same time for everybody: test/fault/login_timing.t.

# A hash of less work is replaced by one of today's.
my ($old, $old_id) = customer();
my $weak = crypt($word, '$2b$06$abcdefghijklmnopqrstuu');
sql("UPDATE mjc.account_secret SET password_hash = :'hash' WHERE account_id = '$old_id'", hash => $weak);
is_error(login({}, $old, 'x'), 401, 'INVALID_CREDENTIALS', 'a weak hash and a wrong password');
forget_attempts();
is(login({}, $old, $word)->{status}, 200, 'a weak hash lets in');
like(sql("SELECT s.password_hash FROM mjc.account_secret s WHERE s.account_id = '$old_id'"),
	qr/^\$2b\$12\$/, 'but is stored with more work');

#------------------------------------------------------------------ who is signed in

$reply = me(\%jar);
is($reply->{status}, 200, 'by cookie') || said($reply);
is($reply->{json}{data}{user}{email}, $email, 'who');
is(get("$api/profile", token => $jar{accessToken})->{json}{data}{user}{email}, $email, 'by token');
my ($other_email, $other_id, $other_jar) = customer();
is(me(\%jar, token => $other_jar->{accessToken})->{json}{data}{user}{email}, $other_email,
	'the Bearer token wins over the cookie');
is_error(me(\%jar, token => 'rubbish'), 401, 'TOKEN_INVALID', 'even one that is none');
is_error(get("$api/me"), 401, 'MISSING_TOKEN', 'without either');
sub expired
{
	return forge({ alg => 'HS256', typ => 'JWT' },
		claims(sub => $_[0], role => 'CUSTOMER', iat => int(time) - 1000, exp => int(time) - 100));
}
is_error(get("$api/me", token => expired($user->{id})), 401, 'TOKEN_EXPIRED', 'expired is 401');
$reply = browse(\%jar, 'PUT', "$api/profile",
	body => { firstName => 'أمينة', lastName => 'Benali', phone => phone() });
is($reply->{status}, 200, 'the profile is changed') || said($reply);
is($reply->{json}{data}{user}{firstName}, 'أمينة', 'as asked');
is_field(browse(\%jar, 'PUT', "$api/profile", body => {}), [qw(firstName lastName)], 'both names are needed');
is_error(browse(\%jar, 'PUT', "$api/profile", body => { firstName => 'A', lastName => 'B' },
		headers => { Cookie => "accessToken=$jar{accessToken}", Origin => 'https://evil-shop.dz' }),
	403, 'ORIGIN_REFUSED', 'not from another site');

#------------------------------------------------------------------ sessions that go on

my %before = %jar;
my $session = $claims = decode(decode_base64url((split /\./, $jar{accessToken})[1]))->{sid};
$reply = refresh(\%jar);
is($reply->{status}, 200, 'a refresh, without a body') || said($reply);
is_deeply([ sort keys %{ $reply->{json}{data}{user} } ], [qw(email firstName id lastName role)],
	'with what a page shows');
isnt($jar{refreshToken}, $before{refreshToken}, 'the refresh token is another one');
isnt($jar{accessToken}, $before{accessToken}, 'the access token too');
is($reply->{json}{data}{refreshToken}, $jar{refreshToken}, 'as in the reply');
is(decode(decode_base64url((split /\./, $jar{accessToken})[1]))->{sid}, $session, 'the same session');
is(me(\%jar)->{status}, 200, 'it goes on');
my %late = %before;
is(refresh(\%late)->{status}, 200, 'the other tab asks with the old one');
is($late{refreshToken}, $jar{refreshToken}, 'and gets the same');
is(refresh(\%jar)->{status}, 200, 'again at once');
is($jar{refreshToken}, $late{refreshToken}, 'which changes nothing yet');

# Thirty-two at once are one step.
sub age { sql("UPDATE mjc.session SET rotated_at = rotated_at - interval '$_[1]' WHERE session_id = '$_[0]'"); return }
age($session, '11 seconds');
my @many = parallel(32,
	sub {
		my $got = refresh({%jar});
		return { status => $got->{status}, token => $got->{json}{data}{refreshToken} };
	});
is(scalar(grep { $_->{status} == 200 } @many), 32, '4a.39 32 refreshes at once');
my %seen = map { ($_->{token} // 'none') => 1 } @many;
is(scalar keys %seen, 1, 'one child');
isnt((keys %seen)[0], $jar{refreshToken}, 'which is new');
%late = %jar;
$jar{refreshToken} = (keys %seen)[0];
is(live_sessions($user->{id}) >= 1, 1, 'the session lives');

# Ways in which it is sent.
is(post("$api/refresh", body => { refreshToken => $jar{refreshToken} })->{status}, 200,
	'by a server, in the body');
is(request('POST', "$api/refresh", headers => { Cookie => "refreshToken=$jar{refreshToken}",
		'Content-Length' => 0, 'Content-Type' => undef })->{status}, 200, 'an empty body');
is_error(post("$api/refresh"), 401, 'MISSING_REFRESH_TOKEN', 'without one');
is_error(post("$api/refresh", headers => { Cookie => "refreshToken=$_" }), 401,
	'INVALID_REFRESH_TOKEN', "which is none: $_")
	for 'x', $jar{accessToken}, 'A' x 64, substr($jar{refreshToken}, 1), "$jar{refreshToken}A";
is_error(post("$api/refresh", headers => {
			Cookie => "refreshToken=$jar{refreshToken}; refreshToken=$jar{refreshToken}" }), 400,
	'MALFORMED_REQUEST', 'twice');
is_error(refresh({%jar}, headers => { Cookie => "refreshToken=$jar{refreshToken}", @$_ }), 403,
	'ORIGIN_REFUSED', "from elsewhere: @$_")
	for [ Origin => 'https://evil-shop.dz' ], [ 'Sec-Fetch-Site' => 'cross-site' ];
is_error(get("$api/me", token => $jar{refreshToken}), 401, 'TOKEN_INVALID',
	'a refresh token is no access token');

# A token that was used up comes again: everything of that session ends.
is(me(\%jar)->{status}, 200, 'before the replay');
age($session, '11 seconds');
$reply = refresh(\%before);
is_error($reply, 401, 'INVALID_REFRESH_TOKEN', '4a.39 a token of two steps before');
is_deeply([ sort keys %before ], ['deviceToken'], 'clears the cookies');
is_error(me({%jar}), 401, 'TOKEN_REVOKED', 'the access tokens of the session are out');
is_error(refresh({%jar}), 401, 'INVALID_REFRESH_TOKEN', 'so is the newest refresh token');
is(sql("SELECT revoked_why FROM mjc.session WHERE session_id = '$session'"), 'replay', 'by replay');
is(login(\%jar, $email, $word)->{status}, 200, 'a new sign-in');
$session = decode(decode_base64url((split /\./, $jar{accessToken})[1]))->{sid};
%before = %jar;
refresh(\%jar);
age($session, '11 seconds');
is_error(refresh({%before}), 401, 'INVALID_REFRESH_TOKEN', 'the parent, after its ten seconds');
is_error(refresh({%jar}), 401, 'INVALID_REFRESH_TOKEN', 'ends the child');

my ($away, $away_id, $away_jar) = customer();
sql("UPDATE mjc.session SET expires_at = clock_timestamp() - interval '1 second', created_at = created_at - interval '8 days' WHERE account_id = '$away_id'");
is_error(refresh($away_jar), 401, 'REFRESH_TOKEN_EXPIRED', 'who was away for long');

#------------------------------------------------------------------ sessions that end

forget_attempts();
login(\%jar, $email, $word);
my %phone_jar;
login(\%phone_jar, $email, $word);
%before = %jar;
$reply = browse(\%jar, 'POST', "$api/logout");
is($reply->{status}, 200, 'logout, without a body') || said($reply);
is_deeply([ sort keys %jar ], ['deviceToken'], 'clears the cookies of the session');
is_error(me({%before}), 401, 'TOKEN_REVOKED', '4a.40 the access token is out');
is_error(refresh({%before}), 401, 'INVALID_REFRESH_TOKEN', 'the refresh token too');
is(me(\%phone_jar)->{status}, 200, 'the other device stays in');
is(browse({%before}, 'POST', "$api/logout")->{status}, 200, 'logout again');
is(post("$api/logout", @$_)->{status}, 200, 'logout with nothing good')
	for [], [ token => 'rubbish' ], [ headers => { Cookie => 'accessToken=x; refreshToken=y' } ],
	[ body => { refreshToken => 'z' } ], [ token => expired($user->{id}) ];
is_error(browse({%phone_jar}, 'POST', "$api/logout", headers => {
			Cookie => "accessToken=$phone_jar{accessToken}", 'Sec-Fetch-Site' => 'cross-site' }), 403,
	'ORIGIN_REFUSED', 'another site logs nobody out');
login(\%jar, $email, $word);
is(post("$api/logout", headers => { Cookie => "refreshToken=$jar{refreshToken}" })->{status}, 200,
	'logout by the refresh cookie alone');
is_error(me({%jar}), 401, 'TOKEN_REVOKED', 'ends the session');
login(\%jar, $email, $word);
is(post("$api/logout", token => $jar{accessToken})->{status}, 200, 'logout by Bearer alone');
is_error(refresh({%jar}), 401, 'INVALID_REFRESH_TOKEN', 'ends it too');
login(\%jar, $email, $word);
is(browse(\%jar, 'POST', "$api/logout-all")->{status}, 200, 'logout everywhere');
is_error(me({%phone_jar}), 401, 'TOKEN_REVOKED', 'the other device is out');
is_error(refresh({%phone_jar}), 401, 'INVALID_REFRESH_TOKEN', 'for good');
is(live_sessions($user->{id}), '0', 'no session is left');

#------------------------------------------------------------------ another password

my $next = 'Vert-Tortue-92-Lac';
sub change
{
	my ($jar, $current, $new, @opt) = @_;

	return browse($jar, 'POST', "$api/change-password",
		body => { currentPassword => $current, newPassword => $new }, @opt);
}
login(\%jar, $email, $word);
login(\%phone_jar, $email, $word);
is_error(change(\%jar, $word, $word), 422, 'SAME_PASSWORD', 'the same password');
is_error(change(\%jar, $word, 'Password1!'), 422, 'WEAK_PASSWORD', 'one that is easily guessed');
is_error(change(\%jar, $word, "Auth-$run"), 422, 'WEAK_PASSWORD', 'one made of the person');
is_error(change(\%jar, 'not the password', $next), 422, 'INVALID_CURRENT_PASSWORD',
	'not knowing the current one');
is_field(change(\%jar, $word, 'x' x 73), 'newPassword', 'one that is too long');
is_field(browse(\%jar, 'POST', "$api/change-password", body => {}),
	[qw(currentPassword newPassword)], 'nothing');
is_error(post("$api/change-password", body => { currentPassword => $word, newPassword => $next }), 401,
	'MISSING_TOKEN', 'nobody');
is(me(\%jar)->{status}, 200, 'nothing has changed');
%before = %jar;
$reply = change(\%jar, $word, $next);
is($reply->{status}, 200, 'the password is changed') || said($reply);
is_deeply([ sort keys %jar ], ['deviceToken'], 'the cookies are cleared');
is_error(me({%before}), 401, 'TOKEN_REVOKED', 'this session has ended');
is_error(me({%phone_jar}), 401, 'TOKEN_REVOKED', 'and the others');
is_error(refresh({%phone_jar}), 401, 'INVALID_REFRESH_TOKEN', 'for good');
is_error(login({}, $email, $word), 401, 'INVALID_CREDENTIALS', 'the old password is out');
is(login(\%jar, $email, $next)->{status}, 200, 'the new one is in');
$word = $next;

#------------------------------------------------------------------ a forgotten password

$reply = post("$api/request-password-reset", body => { email => address() });
is($reply->{status}, 200, 'nobody forgot his password') || said($reply);
my $neutral = $reply->{content};
$reply = post("$api/request-password-reset", body => { email => uc $email });
is($reply->{content}, $neutral, 'the same answer for somebody');
is_field(post("$api/request-password-reset", body => {}), 'email', 'an e-mail is needed');
my $link = mail_token($user->{id}, 'password_reset');
like($link, qr/^[\w-]{43}$/, 'a link is in the outbox') or BAIL_OUT('no link');
my $third = 'Lampe-jaune-31-riz';
sub reset_with
{
	my ($token, $password, @opt) = @_;
	return post("$api/reset-password", body => { token => $token, newPassword => $password }, @opt);
}
is_error(reset_with($_, $third), 422, 'ACCOUNT_TOKEN_INVALID', "not a link: $_")
	for 'x', 'A' x 43, substr($link, 1) . 'A', "$link=", $jar{accessToken};
is_error(reset_with($link, 'azertyuiop'), 422, 'WEAK_PASSWORD', 'a weak password uses nothing up');
is_field(reset_with($link, 'short'), 'newPassword', 'nor does a short one');
is_error(reset_with($link, "Auth-$run"), 422, 'WEAK_PASSWORD', 'nor does what is made of the person');
my @resets = map { $_->{status} } parallel(3, sub { return { status => reset_with($link, $third)->{status} } });
is(scalar(grep { $_ == 200 } @resets), 1, 'a link works once');
is_deeply([ grep { $_ != 200 && $_ != 422 && $_ != 503 } @resets ], [], 'and nothing odd');
is_error(reset_with($link, $third), 422, 'ACCOUNT_TOKEN_INVALID', 'and not again');
is_error(me({%jar}), 401, 'TOKEN_REVOKED', 'every session has ended');
is_error(login({}, $email, $word), 401, 'INVALID_CREDENTIALS', 'the old password is out');
is(login(\%jar, $email, $third)->{status}, 200, 'the new one is in');
$word = $third;

# The e-mail is verified by a link.
my ($fresh_email, $fresh_id, $fresh_jar) = customer(password => 'Kz7-cheval lampe');
$link = mail_token($fresh_id, 'email_verify');
like($link, qr/^[\w-]{43}$/, 'registration sends a link to verify the e-mail');
is_error(reset_with($link, $third), 422, 'ACCOUNT_TOKEN_INVALID', 'which resets no password');
is_error(post("$api/verify-email", body => { token => 'A' x 43 }), 422, 'ACCOUNT_TOKEN_INVALID',
	'another does not verify');
is(post("$api/verify-email", body => { token => $link })->{status}, 200, 'the e-mail is verified');
ok(me($fresh_jar)->{json}{data}{user}{isVerified}, 'as the account says');
is_error(post("$api/verify-email", body => { token => $link }), 422, 'ACCOUNT_TOKEN_INVALID', 'once');
my (undef, $again_id, $again_jar) = customer(password => 'Kz7-cheval lampe');
is(browse($again_jar, 'POST', "$api/resend-verification")->{status}, 200, 'the link is sent again');

#------------------------------------------------------------------ out at once

my ($out, $out_id, $out_jar) = customer(password => 'Kz7-cheval lampe');
is(me($out_jar)->{status}, 200, 'a customer');
customer_status($out_id, 'blocked');
is_error(me({%$out_jar}), 401, 'TOKEN_REVOKED', 'blocked: out at once');
is_error(refresh({%$out_jar}), 401, 'INVALID_REFRESH_TOKEN', 'and not in again');
customer_status($out_id, 'active');
is_error(me({%$out_jar}), 401, 'TOKEN_REVOKED', 'readmitted, old tokens stay out');
my $tech = make_login('TECHNICIAN', $word);
my %tech_jar;
is(login(\%tech_jar, $tech, $word)->{json}{data}{user}{role}, 'TECHNICIAN', 'a technician signs in');
is_error(login({}, $tech, $word, path => '/api/v1/admin/login'), 403, 'FORBIDDEN', 'but not as admin');
change_account($tech, "role = 'CUSTOMER', token_version = token_version + 1");
is_error(me({%tech_jar}), 401, 'TOKEN_REVOKED', 'demoted: out at once');
change_account($tech, "role = 'TECHNICIAN'");

#------------------------------------------------------------------ the second factor

# The six digits of an authenticator for a secret in base32, n half minutes from now.
sub totp
{
	my ($secret, $step) = @_;
	my $bits = join '', map { sprintf '%05b', index 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', $_ } split //, $secret;
	my $mac = hmac_sha1(pack('Q>', int(time / 30) + ($step // 0)), pack 'B*', substr $bits, 0, length($bits) - length($bits) % 8);
	my $at = ord(substr $mac, -1) & 15;

	return sprintf '%06d', (unpack('N', substr $mac, $at, 4) & 0x7fffffff) % 1_000_000;
}

forget_attempts();
my $staff = make_login('ADMIN', $word);
my $admin_login = '/api/v1/admin/login';
my $admin = login({}, $staff, $word, path => $admin_login)->{json}{token};
$reply = post('/api/v1/admin/totp/begin', token => $admin);
is($reply->{status}, 200, 'a second factor is begun') || said($reply);
my $secret = $reply->{json}{data}{secret};
like($secret, qr/^[A-Z2-7]{16,}$/, 'its secret');
is(login({}, $staff, $word, path => $admin_login)->{status}, 200, 'not needed yet');
is_error(post('/api/v1/admin/totp/enable', token => $admin, body => { code => '000000' }), 422,
	'TOTP_CODE_WRONG', 'a wrong code does not enable it');
sleep 30 - time % 30 + 0.1 if time % 30 > 25; # so that the codes below are of one half minute
$reply = post('/api/v1/admin/totp/enable', token => $admin, body => { code => totp($secret) });
is($reply->{status}, 200, 'the right one does') || said($reply);
my @recovery = @{ $reply->{json}{data}{recoveryCodes} // [] };
cmp_ok(scalar @recovery, '>=', 5, 'and gives codes for the day the telephone is lost');
is_error(login({}, $staff, $word, path => $admin_login), 401, 'TOTP_REQUIRED', 'now a code is wanted');
is_error(login({}, $staff, $word), 401, 'TOTP_REQUIRED', 'at the other door too');
is_error(login({}, $staff, 'x', path => $admin_login, code => totp($secret, 1)), 401,
	'INVALID_CREDENTIALS', 'not before the password');
is_error(login({}, $staff, $word, path => $admin_login, code => '000000'), 401, 'TOTP_INVALID',
	'a wrong code');
is(login({}, $staff, $word, path => $admin_login, code => totp($secret, 1))->{status}, 200, 'the right code');
is_error(login({}, $staff, $word, path => $admin_login, code => totp($secret, 1)), 401,
	'TOTP_INVALID', 'which is good once');
is(login({}, $staff, $word, path => $admin_login, code => $recovery[0])->{status}, 200,
	'a recovery code');
is_error(login({}, $staff, $word, path => $admin_login, code => $recovery[0]), 401, 'TOTP_INVALID',
	'is good once too');
is_field(login({}, $staff, $word, path => $admin_login, code => '12345'), 'code', 'a code that is too short');
forget_attempts();
$reply = login({}, $staff, $word, path => $admin_login, code => $recovery[1]);
$admin = $reply->{json}{token};
is(post('/api/v1/admin/totp/disable', token => $admin, body => { code => $recovery[2] })->{status}, 200,
	'it is switched off with a code');
is(login({}, $staff, $word, path => $admin_login)->{status}, 200, 'and no longer asked for');

#------------------------------------------------------------------ what strangers may try

# However slow this machine is, nothing is forgiven meanwhile.
sub hold_attempts
{
	sql("UPDATE mjc.sign_in_limit SET full_at = full_at + interval '2 minutes' WHERE device = ''");
	return;
}

forget_attempts();
my ($mine, undef, undef) = customer(password => 'Kz7-cheval lampe');
my %home;
is(login(\%home, $mine, 'Kz7-cheval lampe')->{status}, 200, 'at home');
my @tries = map { login({}, $mine, "guess $_")->{status} } 1 .. 7;
is_deeply(\@tries, [ (401) x 5, 429, 429 ], 'a stranger has five tries');
hold_attempts();
$reply = login({}, $mine, 'Kz7-cheval lampe');
is_error($reply, 429, 'RATE_LIMIT_EXCEEDED', 'then not even the password helps from elsewhere');
cmp_ok($reply->{headers}{'retry-after'}, '>=', 1, 'for a while');
is(login(\%home, $mine, 'Kz7-cheval lampe')->{status}, 200, 'the owner signs in at home');
is(login({ deviceToken => $home{deviceToken} }, $email, 'x')->{status}, 401,
	'his device is nothing to another account');
@tries = map { login({}, 'nobody-' . $email, "guess $_")->{status} } 1 .. 6;
is_deeply(\@tries, [ (401) x 5, 429 ], 'an e-mail that nobody has has five tries too');
hold_attempts();
is(login({ deviceToken => encode_base64url('x' x 48) }, $mine, 'Kz7-cheval lampe')->{status}, 429,
	'a forged device is none');
forget_attempts();
@tries = map { login({%home}, $mine, "guess $_")->{status} } 1 .. 6;
is_deeply(\@tries, [ (401) x 5, 429 ], 'a known device has a count of its own');
forget_attempts();

# Another secret: devices are known by the one before.
my $rotated = start_shim(MJC_JWT_SECRET => 'n' x 40,
	MJC_JWT_SECRET_PREVIOUS => one_line($ENV{MJC_TEST_JWT_SECRET_FILE}));
login({}, $mine, "guess $_") for 1 .. 5;
is(login(\%home, $mine, 'Kz7-cheval lampe', shim => $rotated)->{status}, 200,
	'a device of before the rotation');
is(me(\%home, shim => $rotated)->{status}, 200, 'and the session');
forget_attempts();

# So many failures of an address, whatever the accounts: nobody signs in from there.
my $strict = start_shim(MJC_RATE_SCALE => 1, MJC_RATE_LIMITS => 'auth=6/h');
@tries = ();
while (@tries < 20 && (!@tries || $tries[-1] == 401))
{
	push @tries, login({}, address(), 'x', shim => $strict)->{status};
}
cmp_ok(scalar @tries, '>', 5, 'failures of an address are counted');
is($tries[-1], 429, 'and there is an end to them');
is(login({%home}, $mine, 'Kz7-cheval lampe', shim => $strict)->{status}, 429, 'then none of it signs in');
forget_attempts();

# A full queue of hashing threads is 503 at once.
my $narrow = start_shim(MJC_BCRYPT_THREADS => 1, MJC_BCRYPT_QUEUE => 1);
@many = parallel(8,
	sub {
		my $got = register(sprintf('auth-%s-q%d@example.dz', $run, $_[0]), shim => $narrow);
		return { status => $got->{status}, after => $got->{headers}{'retry-after'} };
	});
my @busy = grep { $_->{status} == 503 } @many;
is(scalar(grep { $_->{status} == 201 } @many) + @busy, 8, 'more than there are threads for');
cmp_ok(scalar @busy, '>', 0, '4a.50 some are sent away');
is(scalar(grep { ($_->{after} // 0) >= 1 } @busy), scalar @busy, 'and told when to come back');
my $text = slurp($narrow->{log}) . slurp($rotated->{log});
unlike($text, qr/cheval lampe|\$2b\$|$home{deviceToken}|$jar{refreshToken}/,
	'no password, hash or token is in the log');

finish();

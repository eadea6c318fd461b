#!/usr/bin/perl
#
# staff.t - the admin pages: sign-in, tokens and cookies, the list of orders, what moves
# an order, and who may not.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use List::Util qw(sum);
use MIME::Base64 qw(decode_base64url);
use POSIX qw(strftime);
use Shop;
use Test::More;
use Time::HiRes qw(time);

my $api = '/api/v1/admin';
my $email = $ENV{MJC_TEST_ADMIN_EMAIL};
my $password = one_line($ENV{MJC_TEST_ADMIN_PASSWORD_FILE});
my $none = '00000000-0000-4000-8000-0000000000ff';

sub login
{
	my ($who, $word, @opt) = @_;
	return post("$api/login", body => { email => $who, password => $word }, @opt);
}

sub cookies { my $set = $_[0]{headers}{'set-cookie'} // []; return ref $set ? @$set : $set }

# So that attempts of one part of the test are not in the way of the next.
sub forget_attempts { sql('DELETE FROM mjc.sign_in_limit'); return }

#------------------------------------------------------------------ sign-in

my %user = (
	id => 'uuid', email => 'text', firstName => 'text', lastName => 'str', role => 'text',
	isActive => 'bool', isVerified => 'bool');
my $reply = login($email, $password);
is($reply->{status}, 200, 'the admin signs in');
shape(
	$reply->{json},
	{
		success => 'bool', message => 'text', token => 'text', user => \%user,
		data => { user => \%user, tokens => { accessToken => 'text', refreshToken => 'text?' } }
	},
	'the shape of the answer');
my $token = $reply->{json}{token};
is($reply->{json}{data}{tokens}{accessToken}, $token, 'one token in both places');
is_deeply($reply->{json}{data}{user}, $reply->{json}{user}, 'one user in both places');
is_deeply(
	[ @{ $reply->{json}{user} }{qw(id email role)} ], [ admin_id(), $email, 'ADMIN' ],
	'who it is');
unlike($reply->{content}, qr/\Q$password\E|hash|tokenVersion|\$2b\$/, 'no secret in it');
is($reply->{headers}{'cache-control'}, 'no-store', 'not kept anywhere');

my @parts = split /\./, $token;
is(scalar @parts, 3, 'a token has three parts');
is_deeply(decode(decode_base64url($parts[0])), { alg => 'HS256', typ => 'JWT' }, 'its head');
my $claims = decode(decode_base64url($parts[1]));
is_deeply(
	[ @$claims{qw(iss aud sub role typ)} ],
	[ 'mj-chauffage', 'mj-chauffage-app', admin_id(), 'ADMIN', 'access' ], 'its claims');
is($claims->{exp} - $claims->{iat}, 8 * 3600, 'it lives eight hours');
shape($claims, { jti => 'uuid', tv => 'int', iat => 'int', exp => 'int' }, 'the rest of them');

my %cookie = map { (split /=/)[0] => $_ } cookies($reply);
is_deeply([ sort keys %cookie ], [qw(accessToken authToken deviceToken)], 'three cookies');
for my $name (qw(accessToken authToken))
{
	my ($value, @attributes) = split /;\s*/, $cookie{$name};

	is($value, "$name=$token", "$name: the token");
	is_deeply(
		[ sort map { lc } @attributes ],
		[ 'httponly', 'max-age=28800', 'path=/', 'samesite=lax' ],
		'for eight hours, hidden from scripts');
}
isnt(login(" $email ", $password)->{json}{token}, $token, 'each sign-in has its own token');
is(login(uc $email, $password)->{status}, 200, 'the e-mail in any case');
is(
	login($email, $password, lang => 'ar')->{json}{message} =~ /\p{Arabic}/ ? 1 : 0, 1,
	'a welcome in Arabic');

my $right = 'Pa55 word é';
my $blocked = make_login('ADMIN', $right);
change_account($blocked, 'is_active = false');
my $wrong = login($email, 'not-the-password');
is_error($wrong, 401, 'INVALID_CREDENTIALS', 'a wrong password');
for my $case (
	[ 'an unknown e-mail', 'nobody@example.dz', 'x' ],
	[ 'a blocked account with its password', $blocked, $right ],
	[ 'a blocked account', $blocked, 'x' ], [ 'no e-mail', 'nobody', 'x' ],
	[ 'SQL', "' OR ''='", 'x' ], [ 'a password of 72 bytes', $email, 'x' x 72 ])
{
	my ($name, @args) = @$case;
	my $got = login(@args);

	is_deeply([ @$got{qw(status content)} ], [ 401, $wrong->{content} ], "$name: the same answer");
	is_deeply([ cookies($got) ], [], 'and no cookie');
}

sub shortest
{
	forget_attempts();
	my @times = sort { $a <=> $b } map { my $start = time; login(@_); time - $start } 1 .. 5;

	return $times[0]; # the best, so that a busy machine does not matter
}

my $known = shortest($email, 'x');
my $unknown = shortest('nobody@example.dz', 'x');
forget_attempts();
cmp_ok($unknown, '>', $known / 2, '4a.48 an unknown e-mail takes as long as a known one');
cmp_ok($unknown, '<', $known * 2, 'and no longer');

for my $role (qw(CUSTOMER TECHNICIAN))
{
	my $who = make_login($role, $right);

	is_error(login($who, $right), 403, 'FORBIDDEN', "$role with its password");
	is_error(login($who, 'x'), 401, 'INVALID_CREDENTIALS', "$role without it");
}
is(
	login(make_login('SUPER_ADMIN', $right), $right)->{json}{user}{role}, 'SUPER_ADMIN',
	'a super admin');

is_field(login($email, 'x' x 73), 'password', 'a password of 73 bytes');
is_field(login($email, 'é' x 37), 'password', 'or of 74 bytes in 37 characters');
is_field(login('x' x 255, 'x'), 'email', 'an e-mail that is too long');
is_field(post("$api/login", body => {}), [qw(email password)], 'without anything');
is_field(login($email, ''), 'password', 'without a password');
is_field(
	post("$api/login", body => { email => 5, password => ['x'] }), [qw(email password)],
	'of other types');
is_error(
	post("$api/login", content => qq({"email":"$email","password":"a\\u0000b"})), 400,
	'MALFORMED_REQUEST', 'NUL in a password');
unlike(
	login('x', 'Zx9Canary' x 10)->{content}, qr/Zx9Canary/,
	'a refused password is not in the answer');

# Five failures a minute for an account where it has not signed in before, and nobody else.
my $tried = make_login('ADMIN', $right);
login($tried, 'x') for 1 .. 4;
is(login($tried, $right)->{status}, 200, 'after four failures the password is good');
login($tried, 'x');
$reply = login($tried, $right);
is_error($reply, 429, 'RATE_LIMIT_EXCEEDED', 'after five even the password does not help');
cmp_ok($reply->{headers}{'retry-after'}, '>=', 1, 'but later it will');
is(login($email, $password)->{status}, 200, 'another account is not touched');
sql("UPDATE mjc.sign_in_limit SET full_at = full_at - interval '1 minute'");
is(login($tried, $right)->{status}, 200, 'later it does');
forget_attempts();

#------------------------------------------------------------------ who am I

$reply = get("$api/me", token => $token);
is($reply->{status}, 200, 'me');
shape(
	$reply->{json}{data}, { user => { %user, avatar => 'text?', createdAt => 'time' } },
	'its shape');
is($reply->{json}{data}{user}{email}, $email, 'the admin');
for my $case (
	[ "accessToken=$token", 200 ], [ "authToken=$token", 200 ],
	[ "a=b; accessToken=$token; c=d", 200 ], [ "AccessToken=$token", 401 ],
	[ 'accessToken=', 401 ], [ "accessToken=x; authToken=$token", 401 ],
	[ "xaccessToken=$token", 401 ])
{
	my ($cookie, $status) = @$case;

	is(
		get("$api/me", headers => { Cookie => $cookie })->{status}, $status,
		'cookie ' . substr($cookie, 0, 22));
}
is(
	get("$api/me", token => $token, headers => { Cookie => 'accessToken=rubbish' })->{status}, 200,
	'a Bearer token wins over a bad cookie');
is_error(
	get("$api/me", token => 'rubbish', headers => { Cookie => "accessToken=$token" }), 401,
	'TOKEN_INVALID', 'a bad Bearer token wins over a good cookie');
$reply = get("$api/me");
is_error($reply, 401, 'MISSING_TOKEN', 'without a token');
is($reply->{headers}{'www-authenticate'}, 'Bearer', 'it says what is missing');
my $old = forge(
	{ alg => 'HS256', typ => 'JWT' },
	claims(iat => int(time) - 7200, exp => int(time) - 3600));
is_error(get("$api/me", token => $old), 401, 'TOKEN_EXPIRED', 'an old token is 401, not 403');
is_error(
	get("$api/me", headers => { Authorization => 'Basic YTpi' }), 401, 'MISSING_TOKEN',
	'another scheme');

#------------------------------------------------------------------ the end of a session

my $other = login($email, $password)->{json}{token};
$reply = post("$api/logout", token => $other);
is($reply->{status}, 200, 'logout, without body and without type, as the frontend sends it');
shape($reply->{json}, { success => 'bool', message => 'text' }, 'its shape');
%cookie = map { (split /=/)[0] => $_ } cookies($reply);
is_deeply(
	[ map { "$_ " . ($cookie{$_} =~ /^$_=;.*Max-Age=0/ ? 'cleared' : 'kept') } sort keys %cookie ],
	[ 'accessToken cleared', 'authToken cleared', 'refreshToken cleared' ], 'clears the cookies');
is_error(get("$api/me", token => $other), 401, 'TOKEN_REVOKED', 'the token is closed');
is_error(post("$api/logout", token => $other), 401, 'TOKEN_REVOKED', 'for everything');
is(get("$api/me", token => $token)->{status}, 200, 'another session goes on');

my $leaver = make_login('ADMIN', $right);
my $leaving = login($leaver, $right)->{json}{token};
is(get("$api/me", token => $leaving)->{status}, 200, 'somebody who leaves');
change_account($leaver, 'is_active = false, token_version = token_version + 1');
is_error(get("$api/me", token => $leaving), 401, 'TOKEN_REVOKED', 'is out at once');
change_account($leaver, 'is_active = true, token_version = token_version + 1');
is_error(get("$api/me", token => $leaving), 401, 'TOKEN_REVOKED', 'old tokens do not come back');
$leaving = login($leaver, $right)->{json}{token};
is(get("$api/me", token => $leaving)->{status}, 200, 'a new one works');
change_account($leaver, "role = 'TECHNICIAN'");
is_error(
	get("$api/me", token => $leaving), 403, 'FORBIDDEN',
	'who is no admin any more is refused whatever the token says');

#------------------------------------------------------------------ orders

my %item = (
	id => 'text', productId => 'uuid', productName => 'text', quantity => 'int',
	unitPrice => 'num', totalPrice => 'num', image => 'text?');
my %order = (
	id => 'uuid', orderNumber => 'text', customerId => 'uuid', customerName => 'text',
	customerEmail => 'text?', customerPhone => 'text?', status => 'text',
	paymentStatus => 'text', paymentMethod => 'text?', subtotal => 'num', tax => 'num',
	shipping => 'num', discount => 'num', total => 'num',
	totalAmount => 'num', orderDate => 'time', createdAt => 'time', updatedAt => 'time',
	shippedAt => 'time?', deliveredAt => 'time?',
	trackingNumber => 'text?', shippingCarrier => 'text?', notes => 'text?', items => [ \%item ],
	shippingAddress => {
		street => 'text', city => 'text', postalCode => 'text?', country => 'text',
		region => 'text?'
	},
);
my $part = make_product(price => 1000, stock => 100_000, name => 'Joint fibre');
my $name = 'Zoubida ' . join '', map { chr(97 + int rand 26) } 1 .. 12;
my $phone = phone();

sub stats { return get("$api/orders/stats", token => $token)->{json}{data} }

sub list { return get("$api/orders?" . join('&', @_), token => $token) }

sub numbers
{
	return map { $_->{orderNumber} } @{ $_[0]{json}{data}{orders} };
}

sub client
{
	my ($first, $last) = split / /, $name;
	return { firstName => $first, lastName => $last, phone => $phone };
}

my $before = stats();
my @counts = qw(total pending processing shipped delivered cancelled refunded ordersToday
	ordersThisMonth totalOrders pendingOrders shippedOrders deliveredOrders cancelledOrders);
shape(
	$before, { map({ $_ => 'int' } @counts), totalRevenue => 'num', averageOrderValue => 'num' },
	'the shape of the figures');
my @made = map { place([ [ $part, $_ ] ], customerInfo => client()) } 1 .. 5;
my $after = stats();
is_deeply(
	[
		map { $after->{$_} - $before->{$_} }
			qw(total totalOrders pending pendingOrders ordersToday ordersThisMonth shipped)
	],
	[ 5, 5, 5, 5, 5, 5, 0 ],
	'five new orders in the figures');
is(
	sprintf('%.2f', $after->{totalRevenue} - $before->{totalRevenue}),
	sprintf('%.2f', sum(map { $_->{total} } @made)), 'and their value');

$reply = list('sortBy=createdAt', 'sortOrder=desc');
is($reply->{status}, 200, 'the list as the admin page asks for it');
shape(
	$reply->{json},
	{
		success => 'bool',
		data => {
			orders => [ \%order ],
			pagination => { page => 'int', limit => 'int', total => 'int', totalPages => 'int' }
		}
	},
	'its shape');
is_deeply(
	[ (numbers($reply))[ 0 .. 4 ] ], [ map { $_->{orderNumber} } reverse @made ],
	'newest first');
is($reply->{json}{data}{pagination}{total}, $after->{total}, 'of all orders');
is_deeply(
	$reply->{json}{data}{orders}[0]{items}[0]{productName}, 'Joint fibre',
	'with their items');

my $mine = "search=" . uri($name);
for my $how (
	$mine, 'search=' . uri(lc $name), "search=$phone",
	"search=%2B213" . substr($phone, 1), "customerId=$made[0]{customerId}", "$mine&status=pending",
	"$mine&status=PENDING",
	"$mine&dateFrom="
	. strftime('%Y-%m-%d', gmtime(time + 3600))
	. '&dateTo='
	. strftime('%Y-%m-%d', gmtime(time + 3600)))
{
	is_deeply(
		[ sort(numbers(list($how))) ], [ sort map { $_->{orderNumber} } @made ],
		'found by ' . $how =~ s/\Q$phone\E/phone/r =~ s/zoubida.*?\b/name/ir);
}
is_deeply(
	[ numbers(list("search=$made[2]{orderNumber}")) ], [ $made[2]{orderNumber} ],
	'by number');
is_deeply(
	[ numbers(list('search=' . lc($made[2]{orderNumber}) =~ tr/-//dr)) ],
	[ $made[2]{orderNumber} ], 'in another spelling');
for my $how (
	"$mine&status=shipped", "customerId=$none", "$mine&dateTo=2020-01-01",
	"$mine&dateFrom=2199-01-01", 'search=' . uri("' OR 1=1 --"),
	"customerId=$made[0]{customerId}&search=%25", "customerId=$made[0]{customerId}&search=_")
{
	is_deeply([ numbers(list($how)) ], [], 'nothing by ' . $how =~ s/zoubida.*?\b/name/ir);
}
is_deeply(
	[ numbers(list($mine, "sortBy=$_", 'sortOrder=asc')) ],
	[ map { $_->{orderNumber} } @made ], "by $_, ascending"
) for qw(total totalAmount createdAt orderDate);
is_deeply(
	[ numbers(list($mine, 'sortBy=total', 'sortOrder=desc')) ],
	[ reverse map { $_->{orderNumber} } @made ], 'by total, descending');
is_deeply(
	[ numbers(list($mine, 'sortBy=orderNumber', 'sortOrder=asc')) ],
	[ sort map { $_->{orderNumber} } @made ], 'by number');
$reply = list($mine, 'sortBy=total', 'sortOrder=asc', 'limit=2', 'page=2');
is_deeply([ numbers($reply) ], [ map { $_->{orderNumber} } @made[ 2, 3 ] ], 'the second page');
is_deeply(
	[ @{ $reply->{json}{data}{pagination} }{qw(page limit total totalPages)} ],
	[ 2, 2, 5, 3 ], 'its place');
my @refused = qw(page=0 limit=501 limit=0 status=paid customerId=x dateFrom=yesterday
	dateTo=2025-13-01 dateFrom=2025-02-30 sortBy=customerPhone sortOrder=up);
is_field(list($_), (split /=/)[0], "refused: $_") for @refused, 'search=' . 'x' x 101;

$reply = get("$api/orders/$made[0]{id}", token => $token);
is($reply->{status}, 200, 'one order');
shape(
	$reply->{json}{data},
	{
		%order,
		history =>
			[ { seq => 'int', at => 'time', kind => 'text', to => 'text', channel => 'text' } ]
	},
	'its shape, with its history');
is_deeply(
	[ map { [ @$_{qw(seq kind from to channel)} ] } @{ $reply->{json}{data}{history} } ],
	[ [ 1, 'placed', undef, 'PENDING', 'rest' ] ], 'placed by REST');
unlike($reply->{content}, qr/password|hash|salt|token/i, 'nothing secret in it');

for my $case (
	[ 'GET', '' ], [ 'PUT', '/status', { status => 'SHIPPED' } ],
	[ 'PATCH', '/status', { status => 'SHIPPED' } ], [ 'POST', '/cancel' ], [ 'POST', '/ship' ],
	[ 'POST', '/deliver' ])
{
	my ($method, $what, $body) = @$case;

	for my $id ($none, 'x', '1', substr($made[0]{id}, 1), "$made[0]{id}0", $made[0]{orderNumber})
	{
		is_error(
			request($method, "$api/orders/$id$what", token => $token, $body ? (body => $body) : ()),
			404, 'NOT_FOUND', "$method $what of $id");
	}
}

#------------------------------------------------------------------ the life of an order

# What contract 4.5 allows; staying is allowed everywhere.
my %next = (
	PENDING => [qw(CONFIRMED PROCESSING SHIPPED CANCELLED)],
	CONFIRMED => [qw(PROCESSING SHIPPED CANCELLED)],
	PROCESSING => [qw(SHIPPED DELIVERED CANCELLED)], SHIPPED => [qw(DELIVERED CANCELLED)],
	DELIVERED => ['REFUNDED'],
	CANCELLED => [], REFUNDED => [],
);
my %way = (
	PENDING => [], CONFIRMED => ['CONFIRMED'], PROCESSING => ['PROCESSING'],
	SHIPPED => ['SHIPPED'], DELIVERED => [qw(SHIPPED DELIVERED)],
	CANCELLED => ['CANCELLED'], REFUNDED => [qw(SHIPPED DELIVERED REFUNDED)],
);
my %shown = (map({ $_ => lc } keys %next), CONFIRMED => 'processing');

sub set_status
{
	my ($id, $status, %more) = @_;
	return put("$api/orders/$id/status", token => $token, body => { status => $status, %more });
}

for my $from (sort keys %next)
{
	for my $to (sort keys %next)
	{
		my $id = place([ [ $part, 1 ] ])->{id};
		my $word = $to =~ /^[A-N]/ ? lc $to : $to;

		set_status($id, $_) for @{ $way{$from} };
		my $got = set_status($id, $word);
		if ($from eq $to || grep { $_ eq $to } @{ $next{$from} })
		{
			is_deeply(
				[ $got->{status}, order_of($got)->{status}, order_of($got)->{statusCode} ],
				[ 200, $shown{$to}, $to ], "$from to $word");
		}
		else
		{
			is_error($got, 409, 'ORDER_TRANSITION_REFUSED', "$from to $word is refused");
			is(
				$got->{json}{message},
				text_of('ORDER_TRANSITION_REFUSED', 'fr', from => $from, to => $to), 'and says so');
			is(
				get("$api/orders/$id", token => $token)->{json}{data}{statusCode}, $from,
				'the order stays');
		}
	}
}

sub stock
{
	return sql(
		"SELECT on_hand || ' ' || reserved FROM mjc.stock_available WHERE product_id = '$_[0]'");
}

my $unit = make_product(price => 2500, stock => 10);
my $id = place([ [ $unit, 4 ] ])->{id};
is(stock($unit), '10 4', 'four of ten are held');
$reply = patch(
	"$api/orders/$id/status", token => $token,
	body => { status => 'processing', notes => 'appelé' });
is_deeply(
	[ $reply->{status}, order_of($reply)->{status} ], [ 200, 'processing' ],
	'PATCH in small letters, as the admin page sends it');
is(order_of($reply)->{notes}, 'appelé', 'with a note');
$reply = post(
	"$api/orders/$id/ship", token => $token,
	body => { trackingNumber => 'YAL-1234', carrier => 'Yalidine' });
shape(
	$reply->{json}, { success => 'bool', data => { order => \%order } },
	'the shape of an action');
is_deeply(
	[ @{ order_of($reply) }{qw(status trackingNumber shippingCarrier paymentStatus)} ],
	[ 'shipped', 'YAL-1234', 'Yalidine', 'PENDING' ], 'shipped');
shape(order_of($reply), { shippedAt => 'time' }, 'at a time');
is(stock($unit), '6 0', 'four have left the house');
my $again = post("$api/orders/$id/ship", token => $token);
is_deeply(
	[ $again->{status}, @{ order_of($again) }{qw(trackingNumber shippedAt)} ],
	[ 200, 'YAL-1234', order_of($reply)->{shippedAt} ], 'shipping again changes nothing');
is(stock($unit), '6 0', 'nor does it take again');
$reply = post("$api/orders/$id/deliver", token => $token);
is_deeply(
	[ @{ order_of($reply) }{qw(status paymentStatus)} ], [ 'delivered', 'COMPLETED' ],
	'delivered, and so paid');
shape(order_of($reply), { deliveredAt => 'time' }, 'at a time');
is_error(
	post("$api/orders/$id/cancel", token => $token, body => { reason => 'Cancelled by admin' }),
	409, 'ORDER_TRANSITION_REFUSED', 'too late to cancel');
is(set_status($id, 'refunded')->{status}, 200, 'but it can be refunded');
is(stock($unit), '10 0', 'the units are back');
is_deeply(
	[ map { $_->{to} } @{ get("$api/orders/$id", token => $token)->{json}{data}{history} } ],
	[qw(PENDING PROCESSING SHIPPED DELIVERED REFUNDED)], 'its history');

$id = place([ [ $unit, 3 ] ])->{id};
is(stock($unit), '10 3', 'three are held');
$reply =
	post("$api/orders/$id/cancel", token => $token, body => { reason => 'Cancelled by admin' });
is_deeply(
	[ $reply->{status}, order_of($reply)->{status}, order_of($reply)->{paymentStatus} ],
	[ 200, 'cancelled', 'CANCELLED' ], 'cancelled');
is(stock($unit), '10 0', 'and free again');
is(
	post("$api/orders/$id/cancel", token => $token)->{status}, 200,
	'cancelling again, without a body');
is(stock($unit), '10 0', 'frees nothing twice');
is_error(
	post("$api/orders/$id/deliver", token => $token), 409, 'ORDER_TRANSITION_REFUSED',
	'a cancelled order is not delivered');
is(set_status($id, 'CANCELLED', notes => 'note')->{status}, 200, 'cancelled to cancelled');

$id = place([ [ $unit, 2 ] ])->{id};
my @race = parallel(
	8,
	sub {
		my $i = shift;
		my $got =
			$i % 2
			? post("$api/orders/$id/cancel", token => $token)
			: post("$api/orders/$id/ship", token => $token);
		return { status => $got->{status} };
	});
is_deeply(
	[ grep { $_->{status} != 200 && $_->{status} != 409 } @race ], [],
	'eight at once that cancel or ship: 200 or 409');
is(
	get("$api/orders/$id", token => $token)->{json}{data}{statusCode}, 'CANCELLED',
	'a shipped one may be cancelled, never the other way');
is(stock($unit), '10 0', 'the stock is whole');

is_field(set_status($id, $_), 'status', 'status ' . (ref $_ ? encode($_) : $_))
	for 'paid', '', 5, ['SHIPPED'];
is_field(put("$api/orders/$id/status", token => $token, body => {}), 'status', 'no status');
is_field(put("$api/orders/$id/status", token => $token), 'body', 'no body');
is_field(set_status($id, 'SHIPPED', $_ => 1), $_, "a field $_ that nobody knows")
	for qw(role price paymentStatus customerId id);
is_field(
	set_status($id, 'SHIPPED', trackingNumber => 'x' x 101, notes => 'x' x 501),
	[qw(trackingNumber notes)], 'texts that are too long');
is_field(
	post("$api/orders/$id/cancel", token => $token, body => { reason => 'x' x 501 }),
	'reason', 'a reason that is too long');
is_field(
	post("$api/orders/$id/ship", token => $token, body => { trackingNumber => 5 }),
	'trackingNumber', 'a number for a text');

#------------------------------------------------------------------ other sites (security 41)

$id = place([ [ $unit, 1 ] ])->{id};
my ($own) = $ENV{MJC_TEST_URL} =~ m{^http://(.*)$};

sub by_cookie
{
	my ($method, $path, %headers) = @_;
	return request(
		$method, "$api/orders/$id$path",
		headers => { Cookie => "accessToken=$token", %headers },
		$method eq 'GET' ? () : (body => { status => 'PENDING' }));
}

for my $case (
	[ 200, 'nothing said' ], [ 200, 'a listed origin', Origin => 'http://localhost:3000' ],
	[ 200, 'our own origin', Origin => "http://$own" ],
	[ 200, 'same-origin', 'Sec-Fetch-Site' => 'same-origin' ],
	[ 200, 'none', 'Sec-Fetch-Site' => 'none' ],
	[ 200, 'same-site', 'Sec-Fetch-Site' => 'same-site' ],
	[ 403, 'another origin', Origin => 'https://evil-shop.dz' ], [ 403, 'null', Origin => 'null' ],
	[ 403, 'another port', Origin => 'http://localhost:3001' ],
	[ 403, 'another scheme', Origin => "https://$own" ],
	[ 403, 'a longer name', Origin => 'http://localhost:3000.evil.dz' ],
	[ 403, 'a name before', Origin => 'http://evil-localhost:3000' ],
	[ 403, 'a listed origin with a path', Origin => 'http://localhost:3000/' ],
	[ 403, 'an empty origin', Origin => ' ' ],
	[ 403, 'cross-site', 'Sec-Fetch-Site' => 'cross-site' ],
	[ 403, 'a word that is none', 'Sec-Fetch-Site' => 'x' ],
	[
		403, 'another origin that says same-origin', Origin => 'https://evil-shop.dz',
		'Sec-Fetch-Site' => 'same-origin'
	])
{
	my ($status, $what, @headers) = @$case;
	my $got = by_cookie('PATCH', '/status', @headers);

	if ($status == 200) { is($got->{status}, 200, "4a.41 a change by cookie, $what") }
	else { is_error($got, 403, 'ORIGIN_REFUSED', "4a.41 a change by cookie, $what") }
}
is_error(by_cookie('PATCH', '/status', Origin => "https://$own", 'X-Forwarded-Proto' => 'https'),
	403, 'ORIGIN_REFUSED', 'a stranger who says that he came by https');

# Behind proxies that are trusted: the first one met the client.
my $behind = start_shim(MJC_TRUSTED_PROXIES => '127.0.0.1');
for my $case (
	[ 200, 'https', 'https' ], [ 200, 'https', 'https, http' ], [ 200, 'https', 'HTTPS ,http' ],
	[ 200, 'http', 'http,https' ], [ 403, 'http', 'https, http' ], [ 403, 'https', 'http, https' ],
	[ 403, 'https', 'httpsx' ], [ 403, 'https', 'http' ], [ 403, 'https', ',https' ])
{
	my ($status, $scheme, $said) = @$case;
	my $got = request(
		'PATCH',
		"$api/orders/$id/status",
		shim => $behind,
		headers => {
			Cookie => "accessToken=$token", Origin => $behind->{url} =~ s/^http/$scheme/r,
			'X-Forwarded-Proto' => $said
		},
		body => { status => 'PENDING' });

	is($got->{status}, $status, "our own origin by $scheme where proxies say '$said'");
}
stop_shim($behind);
is(
	by_cookie('GET', '', Origin => 'https://evil-shop.dz')->{status}, 200,
	'reading by cookie changes nothing and is left to CORS');
is(
	patch(
		"$api/orders/$id/status", token => $token, body => { status => 'PENDING' },
		headers => { Origin => 'https://evil-shop.dz' }
	)->{status},
	200,
	'a Bearer token is nothing that a browser sends by itself');
is_error(
	request(
		'POST', "$api/logout",
		headers => { Cookie => "authToken=$token", Origin => 'https://evil-shop.dz' }
	),
	403,
	'ORIGIN_REFUSED',
	'nobody is signed out by another site');
is_error(
	login($email, $password, headers => { Origin => 'https://evil-shop.dz' }), 403,
	'ORIGIN_REFUSED', 'nor signed in');
is(
	login($email, $password, headers => { Origin => 'http://localhost:3000' })->{status}, 200,
	'our own page signs in');

#------------------------------------------------------------------ CORS (security 42)

sub cors
{
	return { map { $_ => $_[0]{headers}{$_} }
			grep { /^access-control-/ } keys %{ $_[0]{headers} } };
}

sub preflight
{
	my ($origin, $path) = @_;
	return request(
		'OPTIONS',
		$path // "$api/orders/$id/status",
		headers => {
			Origin => $origin, 'Access-Control-Request-Method' => 'PATCH',
			'Access-Control-Request-Headers' => 'authorization,content-type'
		});
}

$reply = preflight('http://localhost:3000');
ok($reply->{status} == 200 || $reply->{status} == 204, 'a preflight is answered');
is(
	$reply->{headers}{'access-control-allow-origin'}, 'http://localhost:3000',
	'the origin comes back');
is($reply->{headers}{'access-control-allow-credentials'}, 'true', 'with credentials');
my %allowed =
	map { lc $_ => 1 }
	map { split /\s*,\s*/ }
	@{ $reply->{headers} }{qw(access-control-allow-methods access-control-allow-headers)};
my @sent = qw(GET POST PUT DELETE PATCH OPTIONS Origin X-Requested-With Content-Type Accept
	Authorization Idempotency-Key Accept-Language);
is_deeply([ grep { !$allowed{ lc $_ } } @sent ], [], 'every method and header of the frontends');
like($reply->{headers}{vary}, qr/\bOrigin\b/, 'and a cache may not mix origins up');
is(
	preflight('http://localhost:3000', '/api/v1/orders/guest')
		->{headers}{'access-control-allow-origin'}, 'http://localhost:3000',
	'the same on a public route');

$reply = preflight('http://localhost:3000', '/nothing');
is_deeply(
	[
		$reply->{status}, $reply->{content} // '',
		@{ $reply->{headers} }{qw(access-control-allow-origin access-control-allow-credentials)}
	],
	[ 204, '', 'http://localhost:3000', 'true' ],
	'and where nothing is, so that the page can read the 404 itself');
is_error(preflight('https://evil-shop.dz', '/nothing'), 404, 'NOT_FOUND', 'for our pages only');
is_error(
	request('OPTIONS', '/nothing', headers => { Origin => 'http://localhost:3000' }),
	404, 'NOT_FOUND', 'and for no other OPTIONS');

for my $path ("$api/me", '/api/v1/products?limit=1', '/nothing')
{
	$reply = get($path, headers => { Origin => 'http://localhost:3000' });
	is_deeply(
		[
			@{ $reply->{headers} }{qw(access-control-allow-origin access-control-allow-credentials)}
		],
		[ 'http://localhost:3000', 'true' ],
		"$path: readable by our page, errors too");
	like(
		lc $reply->{headers}{'access-control-expose-headers'}, qr/idempotent-replayed/,
		'with the headers that it needs');
}
for my $origin (
	'https://evil-shop.dz', 'null', '*', 'http://localhost', 'http://localhost:30000',
	'http://localhost:3000.evil.dz', 'http://xlocalhost:3000', 'https://localhost:3000',
	'HTTP://LOCALHOST:3000', 'http://localhost:3000,https://evil-shop.dz')
{
	is_deeply(
		[
			cors(preflight($origin)),
			cors(get('/api/v1/products?limit=1', headers => { Origin => $origin }))
		],
		[ {}, {} ],
		"4a.42 nothing for $origin");
}

finish();

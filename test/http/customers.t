#!/usr/bin/perl
#
# customers.t - customers over HTTP: the admin's list, figures, CSV, status, notes; what
# customers do with their own record and addresses; what each route refuses.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Shop;
use Test::More;

my $api = '/api/v1';
my $token = admin_token();
my $none = '00000000-0000-4000-8000-0000000000ff';
my $run = sprintf("%x%d", time, $$) =~ tr{0-9}{g-p}r; # letters alone: names have no digits
my $part = make_product(price => 1000, stock => 500, name => 'Vase d\'expansion');

sub data { return $_[0]{json}{data} // {} }

sub staff { my ($method, $path, @opt) = @_; return request($method, "$api/$path", token => $token, @opt) }

# A registered customer: id and token.
sub make_customer
{
	my ($name, %change) = @_;
	my $reply = staff(POST => 'admin/customers',
		body => { email => "$name-$run\@example.test", firstName => ucfirst $name, lastName => "Essai$run",
			%change });

	is($reply->{status}, 201, "$name is made") or said($reply);
	my $id = data($reply)->{id};
	return ($id, mint('CUSTOMER', $id, 0));
}

#------------------------------------------------------------------ the admin's list

my $phone = phone();
my $order = place([ [ $part, 2 ] ],
	customerInfo => { firstName => 'Zineb', lastName => "Invité$run", phone => $phone,
		email => "zineb-$run\@example.test" });
my ($id, $mine) = make_customer('karima', phone => phone(), customerType => 'B2B', companyName => "=Gaz $run",
	vatNumber => '', nif => '000016001234567');
my $list = staff(GET => "admin/customers?search=essai$run");

is($list->{status}, 200, 'a list');
is_deeply([ sort grep { $_ ne 'customers' } keys %{ data($list) } ], [qw(limit page pagination total totalPages)],
	'with both forms of pagination');
is_deeply([ @{ data($list) }{qw(total page limit totalPages)} ], [ 1, 1, 20, 1 ], 'of one');
my %row = (
	id => 'uuid', email => 'str', firstName => 'text', lastName => 'text', phone => 'text?',
		createdAt => 'time',
	lastOrderAt => 'time?', totalOrders => 'int', totalSpent => 'num', status => 'text', customerType => 'text',
	companyName => 'text?', address => 'object?', segment => 'text',
	user => { id => 'uuid', email => 'str', firstName => 'text', lastName => 'text', isActive => 'bool',
		isVerified => 'bool', createdAt => 'time' });
shape(data($list)->{customers}, [ \%row ], 'rows are flat, with numbers and a user inside');
is(data($list)->{customers}[0]{id}, $id, 'found by name');
unlike($list->{content}, qr/hash|password|token/i, 'nothing secret is in it');

my $guests = data(staff(GET => 'admin/customers?search=' . uri($phone)))->{customers};
shape($guests, [ \%row ], 'a guest is a row too');
my $guest = $guests->[0]{id};
is($guests->[0]{email}, "zineb-$run\@example.test", 'with the e-mail of the order');
is($guests->[0]{totalSpent}, $order->{total}, 'and who spent what the order cost');
is($guests->[0]{address}{city}, 'Alger', 'at the address of the order');
is_deeply([ map { $_->{id} } @{ data(staff(GET => 'admin/customers?search=' . uri("ZINEB invite$run")))->{customers} } ],
	[$guest], 'found without accents and in any case');

is(data(staff(GET => "admin/customers?search=essai$run&$_->[0]"))->{total}, $_->[1], "filter $_->[0]")
	for [ 'customerType=B2B', 1 ], [ 'customerType=B2C', 0 ], [ 'status=active', 1 ], [ 'status=blocked', 0 ],
	[ 'segment=b2b', 1 ], [ 'segment=never_ordered', 1 ], [ 'segment=loyal', 0 ];
for my $by (qw(createdAt name firstName lastName email))
{
	my ($up, $down) =
		map { [ map { $_->{id} } @{ data(staff(GET => "admin/customers?limit=100&search=$run&sortBy=$by&sortOrder=$_"))->{customers} } ] }
		qw(asc desc);

	is_deeply([ sort @$up ], [ sort @$down ], "by $by: the same customers");
	is(scalar @$up, 2, 'all of them');
}
is_field(staff(GET => "admin/customers?$_->[0]"), $_->[1], "admin/customers?$_->[0]")
	for [ 'limit=101', 'limit' ], [ 'limit=0', 'limit' ], [ 'page=0', 'page' ], [ 'page=x', 'page' ],
	[ 'customerType=B2X', 'customerType' ], [ 'status=gone', 'status' ], [ 'segment=all', 'segment' ],
	[ 'sortBy=customer_id', 'sortBy' ], [ 'sortBy=name%3BDROP', 'sortBy' ], [ 'sortOrder=up', 'sortOrder' ],
	[ 'search=' . 'x' x 101, 'search' ];
is(staff(GET => 'admin/customers?search=' . uri($_))->{status}, 200, "whatever is searched for: $_")
	for q('), q('' OR 1=1 --), '%', '\\', 'a & !(b', ':*', '😀', '٠٥٥', '<script>';

#------------------------------------------------------------------ figures, CSV

shape(data(staff(GET => 'admin/customers/stats')),
	{ map({ $_ => 'int' } qw(total active inactive blocked newThisMonth totalCustomers activeCustomers newCustomersThisMonth
			inactiveCustomers)), averageOrderValue => 'num', lifetimeValue => 'num' }, 'figures');
shape(data(staff(GET => 'admin/customers/segments')), { segments => [ { segment => 'text',
	customers => 'int' } ] }, 'segments');
shape(data(staff(GET => 'customers/statistics')),
	{ statistics => { map { $_ => 'int' } qw(totalCustomers activeCustomers b2bCustomers b2cCustomers recentCustomers) } },
	'the figures of the other face');

my $export = staff(GET => "admin/customers/export?format=csv&search=essai$run",
	headers => { Accept => 'text/csv' });
my $csv = $export->{json}{data};
is_deeply([ $export->{status}, ref \$csv ], [ 200, 'SCALAR' ], 'the CSV is a text in data');
my ($head, @lines) = split /\r\n/, $csv;
is($head =~ s/^\x{feff}//, 1, 'with the mark of UTF-8');
like($head, qr/^id,firstName,lastName,email,phone,/, 'a head');
is(scalar @lines, 1, 'a line');
like($lines[0], qr/^$id,"Karima","Essai$run","karima-$run\@example\.test","'\+213\d{9}",B2B,"'=Gaz $run",/, '4a.66 without formulas');
is_field(staff(GET => 'admin/customers/export?format=pdf'), 'format', 'CSV is what there is');

#------------------------------------------------------------------ making and changing

for my $face ('admin/customers', 'customers')
{
	my $body = { email => "twice$run-" . length($face) . '@example.test', firstName => 'نور',
		lastName => 'Amar' };
	my @twice = map { staff(POST => $face, body => $body, key => "k-$run-$face") } 1 .. 2;
	my $made = $face eq 'customers' ? data($twice[0])->{customer} : data($twice[0]);

	is_deeply([ map { $_->{status} } @twice ], [ 201, 201 ], "$face: an Arabic name is welcome");
	is($made->{firstName}, 'نور', 'and kept');
	is($twice[1]{content}, $twice[0]{content}, 'the same key is the same answer');
	is($twice[1]{headers}{'idempotent-replayed'}, 'true', 'which says so');
	is_error(staff(POST => $face, body => { %$body, firstName => 'Nora' }, key => "k-$run-$face-2"), 409,
		'EMAIL_EXISTS',
		'an e-mail that is taken');
	is(sql("SELECT count(*) FROM mjc.account_secret WHERE account_id = '$made->{id}'"), 0,
		'there is no password');

	is_field(staff(POST => $face, body => {}), [qw(email firstName lastName)], "$face: nothing");
	my $good = { email => "new$run\@example.test", firstName => 'Li', lastName => 'Na' };
	is_field(staff(POST => $face, body => { %$good, $_->[0] => $_->[1] }), $_->[0],
		"$face: $_->[0] " . ($_->[1] // 'null'))
		for [ email => 'x' ], [ email => '' ], [ email => 7 ], [ firstName => 'x' ], [ lastName => 'x' x 51 ],
			[ lastName => undef ],
		[ phone => '123' ], [ customerType => 'B2X' ], [ companyName => 'x' x 201 ], [ nif => 'x' x 51 ],
			[ role => 'ADMIN' ],
		[ status => 'active' ], [ id => $none ], [ password => 'secret-secret' ],
			[ isVerified => JSON::PP::true ];
}

my $changed = staff(PATCH => "admin/customers/$id", body => { phone => undef, lastName => "Essai$run-Bis" });
is(data($changed)->{lastName} . ' ' . (data($changed)->{phone} // 'none'), "Essai$run-Bis none",
	'some fields change');
is(data($changed)->{nif}, '000016001234567', 'others stay');
is(data(staff(PUT => "customers/$id", body => { vatNumber => 'TVA-1' }))->{customer}{vatNumber}, 'TVA-1',
	'the other face');
for my $route ([ PATCH => 'admin/customers' ], [ PUT => 'customers' ])
{
	my ($method, $path) = @$route;

	for my $bad ({ email => 'a@b.dz' }, { role => 'ADMIN' }, { id => $none }, { customerGroup => 'b2b' },
		{ totalSpent => 1 },
		{ firstName => '<x>' }, { firstName => undef }, { firstName => {} }, { phone => '123' },
			{ customerType => 'x' }, { 'Zx9<b>' => 'Zx9' })
	{
		my $refused = staff($method => "$path/$id", body => $bad);

		is($refused->{status}, 422, "$method $path: " . join ' ', keys %$bad);
		unlike($refused->{content}, qr/Zx9/, 'not said again');
	}
	is_error(staff($method => "$path/$none", body => {}), 404, 'NOT_FOUND', "$method $path: nobody");
}
is_deeply(
	[ map { $_->{status} } staff(PATCH => "admin/customers/$guest", body => { phone => phone() }),
		staff(PATCH => "admin/customers/$guest", body => { firstName => 'Zaineb' }) ],
	[ 422, 200 ], 'a guest keeps the phone, not the name');

#------------------------------------------------------------------ status

is_error(staff(PATCH => "admin/customers/$none/status", body => { status => 'inactive' }), 404, 'NOT_FOUND',
	'nobody has a status');
is_field(staff(PATCH => "admin/customers/$id/status", body => $_->[0]), $_->[1], 'no such status')
	for [ { status => 'erased' }, 'status' ], [ { status => 'open' }, 'status' ], [ {}, 'status' ],
		[ { status => 'active', why => 'x' }, 'why' ];
is(get("$api/customers/profile/me", token => $mine)->{status}, 200, 'a customer is in');
is(data(staff(PATCH => "admin/customers/$id/status", body => { status => 'inactive' }))->{status}, 'inactive',
	'staff close the account');
is_error(get("$api/customers/profile/me", token => $mine), 401, 'TOKEN_REVOKED', 'out at once');
is(data(staff(PATCH => "customers/$id/activate"))->{status}, 'active', 'and open it');
is_error(get("$api/customers/profile/me", token => $mine), 401, 'TOKEN_REVOKED', 'the old token stays dead');
$mine = mint('CUSTOMER', $id, 2);
is(get("$api/customers/profile/me", token => $mine)->{status}, 200, 'a new one is good');
is(data(staff(PATCH => "customers/$guest/deactivate"))->{status}, 'inactive', 'a guest can be stopped too');
is_error(
	post("$api/orders/guest", body => order_body([ [ $part, 1 ] ], customerInfo => { firstName => 'Zineb',
		lastName => 'Autre', phone => $phone })),
	409, 'CUSTOMER_BLOCKED', 'who does not order any more');
is(data(staff(PATCH => "admin/customers/$guest/status", body => { status => 'active' }))->{isActive},
	JSON::PP::true, 'and on again');
is(post("$api/orders/guest", body => order_body([ [ $part, 1 ] ], customerInfo => { firstName => 'Zineb',
	lastName => 'Autre', phone => $phone }))->{status},
	201, 'orders');

#------------------------------------------------------------------ notes, orders

my $note = staff(POST => "admin/customers/$id/notes", body => { body => "Rappeler\nmardi" });
is($note->{status}, 201, 'a note');
is(data($note)->{note}{body}, "Rappeler\nmardi", 'of two lines');
is_deeply(data(staff(GET => "admin/customers/$id/notes"))->{notes}, [ data($note)->{note} ], 'is in the list');
is_field(staff(POST => "admin/customers/$id/notes", body => $_), exists $_->{author} ? 'author' : 'body',
	'no note')
	for {}, { body => '' }, { body => ' ' }, { body => 'x' x 2001 }, { body => 7 }, { body => 'x',
		author => $none };
is_error(staff(POST => "admin/customers/$none/notes", body => { body => 'x' }), 404, 'NOT_FOUND',
	'about nobody');
is_deeply([ map { $_->{orderNumber} } @{ data(staff(GET => "admin/customers/$guest/orders?limit=1&page=2")) } ], [ $order->{orderNumber} ],
	'orders of a customer, by pages');
is_error(staff(GET => "admin/customers/$none/$_"), 404, 'NOT_FOUND', "$_ of nobody") for qw(notes orders);
is(data(staff(GET => "admin/customers/$guest"))->{orders}[1]{orderNumber}, $order->{orderNumber},
	'a customer has the last orders in it');
is(data(staff(GET => "customers/$guest"))->{customer}{id}, $guest, 'on the other face too');
is_error(staff(GET => "$_/$none"), 404, 'NOT_FOUND', "$_: nobody") for qw(admin/customers customers);
is_error(staff($_->[0] => $_->[1], $_->[0] =~ /^P/ ? (body => $_->[2] // {}) : ()), 404, 'NOT_FOUND',
	"@$_[0, 1]: no id")
	for [ GET => 'admin/customers/x' ], [ PATCH => 'admin/customers/7' ], [ DELETE => 'admin/customers/%27' ],
		[ GET => 'customers/x' ],
	[ PUT => 'customers/x' ], [ PATCH => 'customers/x/activate' ], [ GET => 'admin/customers/x/orders' ],
		[ GET => 'admin/customers/x/notes' ],
	[ PATCH => 'admin/customers/x/status', { status => 'active' } ];

my $list2 = staff(GET => "customers?search=$run&limit=50&sortBy=user.email&isActive=true");
shape(data($list2), { customers => [ \%row ],
	pagination => { map { $_ => /^has/ ? 'bool' : 'int' } qw(page limit total totalPages hasNext hasPrev) } },
	'the list of the other face');
is(data(staff(GET => "customers?search=$run&isActive=false"))->{total}, 0, 'by activity');
is_field(staff(GET => "customers?$_->[0]"), $_->[1], "customers?$_->[0]")
	for [ 'limit=51', 'limit' ], [ 'sortBy=user.password', 'sortBy' ];
is(sql("SELECT count(*) > 0 FROM mjc.personal_access WHERE action = 'customer_read' AND subject = '$guest' AND channel = 'rest' AND request_id IS NOT NULL"), 't',
	'who read whom is on record');

#------------------------------------------------------------------ customers themselves

sub me
{
	my ($method, $path, @opt) = @_;

	return request($method, "$api/customers" . ($path =~ /^\?/ ? '' : '/') . $path, token => $mine, @opt);
}

my $profile = me(GET => 'profile/me');
shape(data($profile), { customer => { id => 'uuid', email => 'text', user => { id => 'uuid',
	isActive => 'bool' }, addresses => [ {} ], totalSpent => 'num' }, addresses => [ {} ] },
	'my record');
unlike($profile->{content}, qr/"segment"|"customerGroup"|"notes"|Rappeler/, 'without what staff think of me');
is(data(me(PUT => 'profile/me', body => { firstName => 'Karima', lastName => 'Ziani',
	phone => '0550 12 34 56', companyName => '' }))->{customer}{phone}, '+213550123456',
	'I change it');
is(me(PUT => 'profile/me', body => $_)->{status}, 422, 'but not ' . join ' ', keys %$_)
	for { email => 'a@b.dz' }, { id => $none }, { customerId => $none }, { role => 'ADMIN' },
		{ status => 'active' }, { isActive => JSON::PP::true },
	{ isVerified => JSON::PP::true }, { customerGroup => 'b2b' }, { totalSpent => 1 },
		{ user => { role => 'ADMIN' } };
is_field(me(PUT => 'profile/me', content => $_), 'body', "body $_") for '[]', 'null', '7';

my %home = (type => 'SHIPPING', street => '12 rue des Lilas', city => 'Oran');
my $first = me(POST => 'addresses', body => { %home, postalCode => '31000', label => 'Maison' });
is($first->{status}, 201, 'an address');
shape(data($first), { address => { id => 'uuid', type => 'text', label => 'text?', street => 'text',
	city => 'text', postalCode => 'text?', country => 'text', isDefault => 'bool' } },
	'as the frontends read it');
is(data($first)->{address}{isDefault}, JSON::PP::true, 'the first of a type is the default');
is(data($first)->{address}{country}, 'Algeria', 'in Algeria, if nothing else is said');
my $second = data(me(POST => 'addresses', body => { %home, street => '14 rue des Lilas',
	isDefault => JSON::PP::true }))->{address};
is_deeply([ map { "$_->{street} " . ($_->{isDefault} ? 1 : 0) } @{ data(me(GET => 'profile/me'))->{addresses} } ],
	[ '14 rue des Lilas 1', '12 rue des Lilas 0' ], 'a new default takes the place of the old one');
is(data(me(PUT => "addresses/$second->{id}", body => { %home, city => 'Arzew' }))->{address}{city}, 'Arzew',
	'an address changes');
is_field(me(POST => 'addresses', body => {}), [qw(city street type)], 'no address');
is_field(me($_->[0] => $_->[1], body => { %home, @$_[ 2, 3 ] }), $_->[2], "$_->[0] $_->[2]")
	for map { my $case = $_; map { [ @$_, @$case ] } [ POST => 'addresses' ],
		[ PUT => "addresses/$second->{id}" ] }
	[ type => 'HOME' ], [ street => 'abcd' ], [ street => 'x' x 201 ], [ city => 'x' ],
		[ postalCode => '12' ], [ postalCode => 'x' x 21 ],
	[ country => 'x' ], [ isDefault => 'yes' ], [ customerId => $none ], [ id => $none ];

my ($other, $theirs) = make_customer('samir');
is_error(request($_->[0], "$api/customers/addresses/$second->{id}", token => $theirs,
	$_->[1] ? (body => $_->[1]) : ()), 404, 'NOT_FOUND', "$_->[0] of another's")
	for [ PUT => \%home ], ['DELETE'];
is(data(me(DELETE => "addresses/$second->{id}"))->{deleted}, JSON::PP::true, 'mine goes');
is_error(me(DELETE => "addresses/$_"), 404, 'NOT_FOUND', "$_ is not there") for $second->{id}, $none, 'x';
is(data(me(GET => 'profile/me'))->{addresses}[0]{isDefault}, JSON::PP::true,
	'the other one is the default again');
my @burst = parallel(8, sub { return me(POST => 'addresses', body => { %home, street => "Rue numéro $_[0]",
	isDefault => JSON::PP::true })->{status} });
is_deeply([ grep { $_ != 201 } @burst ], [], 'eight defaults at once');
is(scalar(grep { $_->{isDefault} } @{ data(me(GET => 'profile/me'))->{addresses} }), 1, 'are one');

is_deeply(data(me(GET => 'orders/history')), { orders => [], pagination => { page => 1, limit => 10,
	total => 0, totalPages => 0,
			hasNext => JSON::PP::false, hasPrev => JSON::PP::false } }, 'no orders yet');
is_field(me(GET => "orders/history?$_->[0]"), $_->[1], $_->[0]) for [ 'limit=51', 'limit' ], [ 'page=0',
	'page' ];
is_error(get("$api/customers/profile/me", token => $token), 404, 'NOT_FOUND', 'an admin is no customer');
is_error(me(@$_), 403, 'FORBIDDEN', "a customer is no admin: @$_[0, 1]")
	for [ GET => '?page=1' ], [ GET => $id ], [ PUT => $id, body => {} ], [ PATCH => "$id/activate" ],
		[ GET => 'statistics' ];

is(sql('SELECT count(*) FROM mjc.check_invariants()'), 0, 'every promise is kept');
finish();

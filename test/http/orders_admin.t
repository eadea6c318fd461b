#!/usr/bin/perl
#
# orders_admin.t - what staff do with orders over REST: take one for a customer, correct it,
# look for it, take it away as a file.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use Shop;
use Test::More;

my $api = '/api/v1/admin';
my $token = admin_token();
my $none = '00000000-0000-4000-8000-0000000000ff';
my $part = make_product(price => 1000, stock => 100_000, name => 'Joint torique');
my $key_serial = 0;

sub key { return sprintf 'admin-%s-%d', $part, ++$key_serial }

sub staff { my ($method, $path, @opt) = @_; return request($method, "$api/$path", token => $token, @opt) }

#------------------------------------------------------------------ an order for a customer

my $phone = phone();
my $client = make_account('CUSTOMER');
my %body = (
	customerId => $client, phone => $phone, items => [ { productId => $part, quantity => 2, unitPrice => 1, price => 1, totalPrice => 2 } ],
	shippingAddress => { street => '12 rue Didouche Mourad', city => 'Alger', region => '16' }, notes => "Par téléphone\nÀ rappeler",
	subtotal => 1, totalAmount => 1, taxAmount => 1, shippingAmount => 1, discountAmount => 99, status => 'DELIVERED', paymentStatus => 'COMPLETED');

sub take { my ($change, @opt) = @_; return staff(POST => 'orders', body => { %body, %$change }, key => key(), @opt) }

my $key = key();
my $reply = staff(POST => 'orders', body => \%body, key => $key);
is($reply->{status}, 201, 'staff order for a customer') || said($reply);
my $made = $reply->{json}{data};
is_deeply([ @$made{qw(customerId customerName customerPhone statusCode subtotal notes paymentStatus)} ],
	[ $client, 'Nadia Cherif', '+213' . substr($phone, 1), 'CONFIRMED', 2000, "Par téléphone\nÀ rappeler", 'PENDING' ],
	'as the record says, at the prices of the shop');
is_deeply(staff(GET => "orders/$made->{id}")->{json}{data}, $made, 'the same as GET shows');
is_deeply([ @{ staff(POST => 'orders', body => \%body, key => $key) }{qw(status content)} ], [ @$reply{qw(status content)} ], 'a repeat: the same bytes');
is_error(staff(POST => 'orders', body => { %body, notes => 'x' }, key => $key), 422, 'IDEMPOTENCY_KEY_REUSED', 'another request with that key');
$reply = take({ shippingAddress => undef });
is_error($reply, 422, 'ARGUMENT_MISSING', 'no address');
like($reply->{json}{message}, qr/shippingAddress/, 'which is named');
$reply = take({ shippingAddress => undef, addressId => $none });
is_error($reply, 422, 'ARGUMENT_INVALID', 'an address that is not his');
like($reply->{json}{message}, qr/addressId/, 'which is named');
my $own = post('/api/v1/customers/addresses', token => mint('CUSTOMER', $client, 0),
	body => { type => 'SHIPPING', street => '3 rue du Port', city => 'Oran', region => '31' })->{json}{data}{address}{id};
is(take({ shippingAddress => undef })->{json}{data}{shippingAddress}{street}, '3 rue du Port', 'to his default address');
is(take({ shippingAddress => undef, addressId => $own })->{json}{data}{shippingAddress}{region}, '31', 'or to one of his');
is_error(take({ customerId => $none }), 404, 'NOT_FOUND', 'nobody');
is_error(take({ items => [ { productId => $part, quantity => 999 }, { productId => $none, quantity => 1 } ] }), 409, 'PRODUCT_UNAVAILABLE', 'no such product');
for my $case (
	[ 'customerId', undef, 'x', 5 ], [ 'addressId', 'x' ], [ 'items', [], undef, 'x' ], [ 'phone', 'abc' ], [ 'notes', 'n' x 501 ],
	[ 'deliveryMode', 'drone' ], [ 'storeCredit', 'perhaps' ], [ 'coupons', 5 ])
{
	my ($field, @values) = @$case;

	is_field(take({ $field => $_ }), $field, "$field: " . ($_ // 'nothing')) for @values;
}
is_field(take({ shippingAddress => { street => 'rue', city => 'Alger' } }), 'shippingAddress.street', 'a street too short');
is_field(take({ items => [ { productId => 'x', quantity => 0 } ] }), [qw(items[0].productId items[0].quantity)], 'a bad line');
is_error(take({ paymentMethod => 'NO_SUCH' }), 422, 'PAYMENT_METHOD_UNKNOWN', 'no such way to pay');
is(take({ paymentMethod => 'CASH_ON_DELIVERY' })->{json}{data}{paymentMethod}, 'CASH_ON_DELIVERY', 'one that there is');
customer_status($client, 'blocked');
is_error(take({}), 409, 'CUSTOMER_BLOCKED', 'a blocked customer');
customer_status($client, 'active');
is_error(staff(POST => 'orders', body => \%body, token => mint($_, make_account($_), 0)), 403, 'FORBIDDEN', "$_ may not") for qw(CUSTOMER TECHNICIAN);

#------------------------------------------------------------------ correcting one

sub edit { my ($id, $change, @opt) = @_; return staff(PATCH => "orders/$id", body => $change, @opt) }

my $id = take({})->{json}{data}{id};
$reply = edit($id, { notes => 'Vu', trackingNumber => 'TRK-1', carrier => 'Yalidine', shippingAddress => { street => '14 rue Didouche Mourad' } });
is($reply->{status}, 200, 'an order is corrected') || said($reply);
is_deeply([ @{ $reply->{json}{data} }{qw(notes trackingNumber shippingCarrier)} ], [ "Par téléphone\nÀ rappeler\nVu", 'TRK-1', 'Yalidine' ], 'note, number, carrier');
is_deeply($reply->{json}{data}{shippingAddress}, { street => '14 rue Didouche Mourad', city => 'Alger', postalCode => undef, country => 'Algeria', region => '16' }, 'the street alone');
is_deeply(staff(GET => "orders/$id")->{json}{data}, $reply->{json}{data}, 'the same as GET shows');
$reply = edit($id, { shippingAddress => { region => '31' } });
is_error($reply, 409, 'ORDER_ADDRESS_PRICE', 'another wilaya');
is($reply->{json}{message}, text_of('ORDER_ADDRESS_PRICE', 'fr'), 'with the reason');
is(edit($id, { status => 'processing', notes => 'Préparée' })->{json}{data}{statusCode}, 'PROCESSING', 'the status, in small letters');
is_error(edit($id, { status => 'PENDING' }), 409, 'ORDER_TRANSITION_REFUSED', 'by the one machine');
is(edit($id, { status => 'SHIPPED' })->{json}{data}{statusCode}, 'SHIPPED', 'it leaves');
is_error(edit($id, { shippingAddress => { street => '15 rue Didouche Mourad' } }), 409, 'ORDER_ADDRESS_FIXED', 'then its address is fixed');
is_error(edit($id, {}), 422, 'ARGUMENT_MISSING', 'nothing to correct');
is_field(edit($id, { $_->[0] => $_->[1] }), $_->[2] // $_->[0], "correct: $_->[0]")
	for [ status => 'LOST' ], [ notes => 'n' x 501 ], [ trackingNumber => 'n' x 101 ], [ carrier => 5 ], [ shippingAddress => { street => 'rue' }, 'shippingAddress.street' ], [ total => 1 ];
is_error(edit($_, { notes => 'x' }), 404, 'NOT_FOUND', "correct $_") for $none, 'x';
is_error(edit($id, { notes => 'x' }, token => mint('CUSTOMER', $client, 0)), 403, 'FORBIDDEN', 'the customer does not');

$reply = staff(GET => "orders/$id/tracking");
shape($reply->{json}{data}, [ { status => 'text', statusCode => 'text', timestamp => 'time' } ], 'the way it took');
is_deeply([ map { $_->{status} } @{ $reply->{json}{data} } ], [qw(processing processing shipped)], 'step by step');
$key = key();
$reply = staff(POST => "orders/$id/notes", body => { body => "Rappelé\nLe soir" }, key => $key);
is($reply->{status}, 201, 'a note') || said($reply);
is(staff(POST => "orders/$id/notes", body => { body => "Rappelé\nLe soir" }, key => $key)->{content}, $reply->{content}, 'once a key');
is_deeply(staff(GET => "orders/$id/notes")->{json}{data}{notes}[0], $reply->{json}{data}{note}, 'comes first');
is_field(staff(POST => "orders/$id/notes", body => $_), 'body', 'no note') for {}, { body => ' ' }, { body => 'n' x 501 }, { body => 5 };
is_error(staff(GET => "orders/$none/$_"), 404, 'NOT_FOUND', "no order, no $_") for qw(tracking notes);
is_error(staff(POST => "orders/$none/notes", body => { body => 'x' }), 404, 'NOT_FOUND', 'nor a note on it');

#------------------------------------------------------------------ looking for one

sub ids { return [ map { $_->{id} } @{ $_[0]{json}{data} } ] }

my $number = $made->{orderNumber};
is_deeply(ids(staff(GET => 'orders/search?q=' . uri($_))), [ $made->{id} ], "found by '$_'") for $number, lc $number =~ tr/-//dr, $number =~ tr/0-9/٠-٩/r;
ok((grep { $_ eq $id } @{ ids(staff(GET => 'orders/search?q=' . uri($_))) }), 'found by phone') for $phone, "+213 $phone" =~ s/ 0/ /r;
is(scalar @{ ids(staff(GET => 'orders/search?q=nadia&limit=2')) }, 2, 'by name, so many');
is_deeply(ids(staff(GET => 'orders/search?q=zzzqqq')), [], 'nothing');
is_field(staff(GET => "orders/search?$_->[0]"), $_->[1], "search: $_->[0]") for [ '', 'q' ], [ 'q=', 'q' ], [ 'q=' . 'x' x 101, 'q' ], [ 'q=x&limit=0', 'limit' ], [ 'q=x&limit=101', 'limit' ];
is(scalar @{ ids(staff(GET => 'orders/recent?limit=3')) }, 3, 'the newest');
is_field(staff(GET => 'orders/recent?limit=x'), 'limit', 'recent: limit x');
my $late = take({})->{json}{data};
sql("UPDATE mjc.order SET estimated_on = current_date - 3 WHERE order_id = '$late->{id}'");
ok((grep { $_ eq $late->{id} } @{ ids(staff(GET => 'orders/delayed')) }), 'late');
staff(POST => "orders/$late->{id}/ship", body => {});
ok(!(grep { $_ eq $late->{id} } @{ ids(staff(GET => 'orders/delayed?limit=100')) }), 'on its way');
is_field(staff(GET => 'orders/delayed?limit=101'), 'limit', 'delayed: limit 101');
for my $case ([ '', 30 ], [ '?period=day', 30 ], [ '?period=week', 12 ], [ '?period=month', 12 ], [ '?period=year', 5 ])
{
	my $got = staff(GET => "orders/trends$case->[0]")->{json}{data};

	shape($got, [ { date => 'text', orders => 'int', revenue => 'num' } ], "trends$case->[0]");
	is(scalar @$got, $case->[1], 'every one of them');
}
is_field(staff(GET => 'orders/trends?period=hour'), 'period', 'trends: by hour');

#------------------------------------------------------------------ files

$reply = staff(GET => "orders/export?format=csv&customerId=$client&status=PROCESSING");
is(ref $reply->{json}{data}, '', 'a file is a text');
is($reply->{json}{data}, "\x{feff}" . ($reply->{json}{data} =~ s/^\x{feff}//r), 'with the mark of UTF-8');
my $csv = staff(GET => "orders/export?customerId=$client&search=" . uri($number))->{json}{data};
is(scalar(() = $csv =~ /\r\n/g), 2, 'a head and a line');
like($csv, qr/\r\n\Q$number\E,.*"Nadia","Cherif","'\+213/, 'quoted, with no formula');
is(staff(GET => "export?type=orders&format=json&timeframe=7d")->{json}{data}[0]{orderNumber} =~ /^MJ-/ ? 1 : 0, 1, 'all orders of a week, as a list');
like(staff(GET => "export?type=orders&format=csv&timeframe=")->{json}{data}, qr/^\x{feff}orderNumber,/, 'as the page asks for it');
like(staff(GET => "export?type=customers&format=csv&timeframe=7d")->{json}{data}, qr/^\x{feff}id,.*\r\n\Q$client\E|\r\n\Q$client\E,/s, 'customers');
is_deeply(staff(GET => "export?type=$_&format=json&dateTo=2001-01-01")->{json}{data}, [], "no $_ of those days") for qw(orders customers);
is_field(staff(GET => $_->[0]), $_->[1], $_->[0])
	for [ 'export', 'type' ], [ 'export?type=stock', 'type' ], [ 'export?type=orders&format=xls', 'format' ], [ 'export?type=orders&timeframe=2d', 'timeframe' ], [ 'export?type=orders&dateFrom=x', 'dateFrom' ],
	[ 'orders/export?format=xls', 'format' ], [ 'orders/export?status=LOST', 'status' ], [ 'orders/export?customerId=x', 'customerId' ], [ 'orders/export?dateTo=x', 'dateTo' ], [ 'orders/export?search=' . 'x' x 101, 'search' ];
for my $path ("orders/export?customerId=$client&search=" . uri($number), 'export?type=orders&timeframe=7d', 'export?type=customers&timeframe=7d', 'customers/export?search=nadia')
{
	my $text = staff(GET => $path)->{json}{data};
	my ($kind) = $path =~ /(orders|customers)/;
	my $file = staff(GET => "$path&raw=1");

	utf8::encode($text);
	is($file->{content}, $text, "$path&raw=1: the file itself");
	is_deeply([ map { s/\d{4}-\d\d-\d\d/DAY/r } @{ $file->{headers} }{qw(content-type content-disposition)} ], [ 'text/csv; charset=utf-8', "attachment; filename=\"${kind}_export_DAY.csv\"" ], 'to keep');
	is(staff(GET => "$path&raw=0")->{headers}{'content-type'}, 'application/json; charset=utf-8', 'else in data');
}
is_deeply(staff(GET => 'export?type=orders&format=json&dateTo=2001-01-01&raw=1')->{json}{data}, [], 'a list is no file');
is_error(staff(GET => 'export?type=stock&raw=1'), 422, 'VALIDATION_ERROR', 'an error is an error');
for my $path ("orders/$id/tracking", "orders/$id/notes", 'orders/search?q=x', 'orders/recent', 'orders/delayed', 'orders/trends', 'orders/export', 'export?type=orders')
{
	is_error(get("$api/$path"), 401, 'MISSING_TOKEN', "$path: nobody");
	is_error(get("$api/$path", token => mint($_, make_account($_), 0)), 403, 'FORBIDDEN', "$path: no $_") for qw(CUSTOMER TECHNICIAN);
}
cmp_ok(sql("SELECT count(DISTINCT action) FROM mjc_report.personal_access WHERE action ~ '^order_(get|place|notes|tracking|search|recent|delayed|export)\$' AND request_id IS NOT NULL"), '>=', 8, 'every look is on record');

finish();

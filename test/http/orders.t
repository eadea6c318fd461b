#!/usr/bin/perl
#
# orders.t - guest orders: what the server decides, what it refuses, keys and repeats,
# tracking, the two languages.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use POSIX qw(strftime);
use Shop;
use Test::More;

my $api = '/api/v1';
my %tariff = map { $_->{code} => $_->{shipping_home_dzd} } csv('wilayas.csv');
my %wilaya = map { $_->{code} => $_ } csv('wilayas.csv');
my ($pump, $valve) = (
	make_product(price => 1999, stock => 500, name => 'Circulateur 25-60'),
	make_product(price => 45000, sale => 39900, stock => 500, name => 'Vanne gaz SIT 845'));
my $key_serial = 0;

sub order { return post("$api/orders/guest", @_) }

sub key { return sprintf 'orders-%s-%d', $pump, ++$key_serial }

sub available { return sql("SELECT available FROM mjc.stock_available WHERE product_id = '$_[0]'") }

sub orders_of
{
	return sql(
		'SELECT count(*) FROM mjc.order_contact WHERE phone = mjc.phone_canonical(:\'phone\')',
		phone => $_[0]);
}

sub day { return strftime('%Y-%m-%d', gmtime(time + 3600 + 86400 * $_[0])) }

#------------------------------------------------------------------ shape of an order

my %item = (id => 'text', productId => 'uuid', productName => 'text', quantity => 'int',
	unitPrice => 'num', totalPrice => 'num', image => 'text?');
my %order = (
	id => 'uuid', orderNumber => 'text', customerId => 'uuid', customerName => 'text',
	customerEmail => 'text?',
	customerPhone => 'text?', status => 'text', paymentStatus => 'text', paymentMethod => 'text?',
	subtotal => 'num',
	tax => 'num', shipping => 'num', discount => 'num', total => 'num', totalAmount => 'num',
	orderDate => 'time',
	createdAt => 'time', updatedAt => 'time', shippedAt => 'time?', deliveredAt => 'time?',
	estimatedDelivery => 'time?',
	trackingNumber => 'text?', shippingCarrier => 'text?', notes => 'text?', items => [ \%item ],
	shippingAddress => {
		street => 'text', city => 'text', postalCode => 'text?', country => 'text',
		region => 'text?'
	},
);

my $phone = phone();
# What the parts of an order come to.
sub sum_of
{
	my ($made) = @_;

	return $made->{subtotal} - $made->{discount} + $made->{shipping} + $made->{stampDuty} + $made->{rounding};
}

my $body = order_body(
	[ [ $pump, 2 ], [ $valve, 1 ] ],
	customerInfo => {
		firstName => ' Amina ', lastName => 'Benali', phone => $phone, email => 'Amina@Example.DZ',
		profession => 'technicien'
	},
	shippingAddress => {
		street => '12 rue Didouche Mourad', city => 'Oran', region => '31', postalCode => '31000',
		country => 'Algeria'
	},
	notes => "Sonner deux fois.\nمرتين");
my $reply = order(body => $body);

is($reply->{status}, 201, 'an order is made');
shape($reply->{json}, { success => 'bool', data => { order => \%order } }, 'its shape');
my $made = order_of($reply);
like($made->{orderNumber}, qr/^MJ-\d{4}-\d{6}-\d$/, 'a number with a check digit');
is($made->{status}, 'pending', 'status in small letters');
is($made->{paymentStatus}, 'PENDING', 'payment status in capitals');
is($made->{paymentMethod}, 'CASH_ON_DELIVERY', 'cash on delivery');
is_deeply(
	[
		map { [ @$_{qw(productId productName quantity unitPrice totalPrice)} ] } @{ $made->{items} }
	],
	[
		[ $pump, 'Circulateur 25-60', 2, 1999, 3998 ],
		[ $valve, 'Vanne gaz SIT 845', 1, 39900, 39900 ]
	],
	'lines in the order of the cart, at the price in force');
is_deeply(
	[ @$made{qw(subtotal tax shipping discount)} ], [ 43898, 0, $tariff{31}, 0 ], 'amounts');
cmp_ok($made->{stampDuty}, '>', 0, 'cash bears a stamp duty');
is_deeply([ @$made{qw(total totalAmount amountDue)} ], [ (sum_of($made)) x 3 ],
	'the total is the sum of all of it');
is($made->{customerName}, 'Amina Benali', 'name');
is($made->{customerEmail}, 'amina@example.dz', 'e-mail');
is($made->{customerPhone}, '+213' . substr($phone, 1), 'phone in its one form');
is($made->{notes}, "Sonner deux fois.\nمرتين", 'notes');
is_deeply($made->{shippingAddress}, $body->{shippingAddress}, 'address');
is(available($pump), 498, 'the units are held');
is(available($valve), 499, 'of both');
is($reply->{headers}{'idempotent-replayed'}, undef, 'nothing was replayed');
is($reply->{headers}{'cache-control'}, 'no-store', 'an order is not kept on the way');
unlike($reply->{content}, qr/cost|centimes|salt/i, 'nothing of the inside');

#------------------------------------------------------------------ the server's prices

$reply = order(
	body => order_body(
		[ [ $pump, 3 ] ],
		items => [ {
			productId => $pump, quantity => 3, unitPrice => 0.01, price => 1, totalPrice => 1,
			name => 'x' } ],
		subtotal => 1,
		totalAmount => 1,
		shippingAmount => 600,
		taxAmount => -5,
		discountAmount => 5000,
		currency => 'EUR',
		paymentMethod => 'CASH_ON_DELIVERY',
		status => 'DELIVERED',
		paymentStatus => 'COMPLETED',
		customerId => '00000000-0000-4000-8000-000000000001',
		id => '00000000-0000-4000-8000-000000000002',
		role => 'ADMIN',
		paid => \1
	));
is($reply->{status}, 201, '4a.52 amounts and more that a client sends');
$made = order_of($reply);
is_deeply(
	[ @$made{qw(subtotal shipping discount total status paymentStatus paymentMethod currency)} ],
	[ 5997, $tariff{16}, 0, sum_of($made), 'pending', 'PENDING', 'CASH_ON_DELIVERY', 'DZD' ],
	'4a.52 are ignored');
isnt($made->{customerId}, '00000000-0000-4000-8000-000000000001', 'so is a customer of another');
isnt($made->{id}, '00000000-0000-4000-8000-000000000002', 'and an id');

for my $case ([ '16', 16 ], [ '1', '01' ], [ '58', 58 ], [ 'Oran', 31 ], [ 'tizi ouzou', 15 ],
	[ $wilaya{25}{name_ar}, 25 ], [ 'Atlantis', undef ], [ '99', undef ])
{
	my ($region, $code) = @$case;
	my $got = place([ [ $pump, 1 ] ],
		shippingAddress => { street => '1 rue longue', city => 'Ville', region => $region });

	is($got->{shipping}, $code ? $tariff{$code} : 600, "shipping to $region");
	is(substr($got->{estimatedDelivery}, 0, 10),
		day($code && $code =~ /^(16|31|25|23|09)$/ ? 2 : 5), 'and the day it should arrive');
}
is(place([ [ $valve, 1 ], [ $pump, 5 ] ])->{shipping}, $tariff{16}, '49 895 DZD pay shipping');
is(place([ [ $valve, 2 ] ])->{shipping}, 0, 'from 50 000 DZD on shipping is free');
sql(<<~'SQL', valve => $valve);
	UPDATE mjc.product SET price_centimes = 5000000, sale_price_centimes = NULL
	 WHERE product_id = :'valve'
	SQL
is(place([ [ $valve, 1 ] ])->{shipping}, 0, 'exactly 50 000 DZD is free');
sql("UPDATE mjc.product SET price_centimes = 4999999 WHERE product_id = '$valve'");
is_deeply([ @{ place([ [ $valve, 1 ] ]) }{qw(subtotal shipping)} ], [ 49999.99, $tariff{16} ],
	'a centime less is not');

$made = place([ [ $pump, 1 ], [ $valve, 1 ], [ $pump, 4 ] ]);
is_deeply([ map { [ @$_{qw(productId quantity)} ] } @{ $made->{items} } ],
	[ [ $pump, 5 ], [ $valve, 1 ] ], 'a product sent twice is one line');

$phone = phone();
my $first = place([ [ $pump, 1 ] ],
	customerInfo => { firstName => 'Amina', lastName => 'Benali', phone => $phone });
my $second = place([ [ $pump, 2 ] ], customerInfo =>
		{ firstName => 'Karim', lastName => 'Ziani', phone => '+213 ' . substr($phone, 1) });
is($second->{customerId}, $first->{customerId}, 'a phone is one customer, however it is written');
is($second->{customerName}, 'Karim Ziani', 'each order has its own name');
is_deeply(
	[
		@{
			place(
				[ [ $pump, 1 ] ],
				shippingAddress => { street => '1 rue longue', city => 'Ville', region => '16' }
			)->{shippingAddress}
		}{qw(country postalCode)}
	],
	[ 'Algeria', undef ],
	'the country is Algeria unless told');

#------------------------------------------------------------------ fields

# with(path, value): a good body in which one field is replaced, or taken away by undef.
sub with
{
	my ($path, $value) = @_;
	my $whole = order_body([ [ $pump, 1 ] ]);
	my @steps = $path =~ /[^.\[\]]+/g;
	my $last = pop @steps;
	my $at = $whole;

	$at = ref $at eq 'ARRAY' ? $at->[$_] : ($at->{$_} //= {}) for @steps;
	if (ref $at eq 'ARRAY') { $at->[$last] = $value }
	elsif (defined $value) { $at->{$last} = $value }
	else { delete $at->{$last} }
	return $whole;
}

my $canary = 'Zx9Canary';
my @bad = (
	[
		'customerInfo.firstName', undef, '', ' ', 'A', 'A' x 51, "$canary\x01", 5, \1, ['x'],
		{ x => 1 }
	],
	[ 'customerInfo.lastName', undef, 'B', 'ب' x 51, "$canary\n$canary", 5 ],
	[
		'customerInfo.phone', undef, '', "$canary", '0550', '0' x 21, 550123456, '0550-12-34-5x',
		'0550123456; DROP'
	],
	[
		'customerInfo.email', $canary, '@x.dz', 'a@', 'a b@c.dz', 'a@b@c.dz', 5,
		('a' x 250) . '@x.dz'
	],
	[ 'customerInfo.profession', $canary, 5, 'technicien ou autre' ],
	[ 'shippingAddress.street', undef, '', 'rue', 'r' x 201, 5 ],
	[ 'shippingAddress.city', undef, 'A', 'A' x 101, 5 ],
	[ 'shippingAddress.region', undef, '', 'R' x 51, 16 ],
	[ 'shippingAddress.postalCode', '1', '1' x 21, 16000 ],
	[ 'shippingAddress.country', 'A', 'A' x 101, 5 ],
	[ 'notes', "$canary " . 'n' x 500, 5, ["$canary"] ],
	[
		'items', [], 'x', { productId => $pump, quantity => 1 }, undef, 5,
		[ map { { productId => $pump, quantity => 1 } } 1 .. 51 ]
	],
	[ 'items[0]', $canary, 5, ['x'] ],
	[ 'items[0].productId', undef, $canary, 5, '', '00000000-0000-4000-8000-00000000000g' ],
	[ 'items[0].quantity', undef, 0, -1, 1000, 2147483648, 1.5, '1', \1, 'NaN' ],
);

for my $case (@bad)
{
	my ($path, @values) = @$case;

	for my $value (@values)
	{
		my $got = order(body => with($path, $value));
		my $shown = ref $value ? encode($value) : $value // 'nothing';

		is_field($got, $path eq 'items[0]' ? 'items[0]' : $path,
			"$path: " . ($shown =~ s/[^ -~]/?/gr =~ s/^(.{20}).*/$1.../r));
		unlike($got->{content}, qr/$canary/, 'what was sent is not in the answer')
			if $shown =~ /$canary/;
	}
}
is_field(order(body => with('customerInfo', undef)),
	[qw(customerInfo.firstName customerInfo.lastName customerInfo.phone)],
	'all fields of a part that is missing');
is_field(order(body => with('customerInfo', 'x')),
	[qw(customerInfo customerInfo.firstName customerInfo.lastName customerInfo.phone)],
	'a part of the wrong type');
is_field(
	order(
		body => {
			items => [
				{ productId => $pump, quantity => 1 }, { productId => 'x', quantity => 0 },
				{ quantity => 1 }
			],
			customerInfo => { firstName => 'A', lastName => 'Benali', phone => 'x' },
			shippingAddress => { street => '1 rue longue', city => 'Ville', region => '16' }
		}
	),
	[
		'items[1].productId', 'items[1].quantity', 'items[2].productId', 'customerInfo.firstName',
		'customerInfo.phone'
	],
	'every bad field is named at once, lines from 0');
is_field(order(content => $_), 'body', "a body of '$_'") for '', 'null', '[]', '"x"', '5', ' ';
is(order(body => with('customerInfo.email', ''))->{status}, 201, 'an empty e-mail is none');
is(order(body => with('customerInfo.profession', 'Autre'))->{status}, 201,
	'a profession in any case');
is(order(body => with('notes', ''))->{status}, 201, 'empty notes are none');
is(order(body => with('customerInfo.firstName', 'عبد القادر'))->{status}, 201, 'an Arabic name');
is(order(body => with('customerInfo.firstName', 'ب' x 50))->{status}, 201,
	'fifty characters, not bytes');
is(order(body => with('items[0].productId', uc $pump))->{status}, 201, 'an id in capitals');

# Well formed, but no Algerian mobile: the rule of the database.
for my $number ('021234567', '0212345678', '0850123456', '+33612345678', '05501234567',
	'055012345', '+21355012345', '0021455012345')
{
	my $got = order(body => with('customerInfo.phone', $number), lang => 'ar');
	my $text = text_of('FIELD_PHONE', 'ar');

	is_error($got, 422, 'PHONE_INVALID', "phone $number");
	is_deeply(
		$got->{json}{errors},
		[
			{
				field => 'customerInfo.phone', path => 'customerInfo.phone', msg => $text,
				message => $text
			}
		],
		'said at its field');
}
for my $spelling ('0%s', '+213%s', '00213%s', '213%s', '%s', '+213 %s', '(0)%s', '+213-%s', '0%s ')
{
	my $national = substr(phone(), 1);
	my $got = place([ [ $pump, 1 ] ], customerInfo =>
			{ firstName => 'Amina', lastName => 'Benali', phone => sprintf($spelling, $national) });

	is($got->{customerPhone}, "+213$national", "phone $spelling");
}
my $national = substr(phone(), 1);
my $dotted = '0'
	. substr($national, 0, 3) . '.'
	. substr($national, 3, 2) . ' '
	. substr($national, 5, 2) . '-'
	. substr($national, 7);
(my $eastern = "0$national") =~ tr/0-9/٠-٩/;
is(
	place(
		[ [ $pump, $_ ] ],
		customerInfo =>
			{ firstName => 'Amina', lastName => 'Benali', phone => ($dotted, $eastern)[ $_ - 1 ] }
	)->{customerPhone},
	"+213$national",
	'dots, spaces, dashes, Arabic digits'
) for 1, 2;

#------------------------------------------------------------------ keys

my $before = available($pump);
my $key = key();
$body = order_body([ [ $pump, 1 ] ]);
$first = order(body => $body, key => $key);
$second = order(body => $body, key => $key);
is($first->{status}, 201, 'an order with a key');
is_deeply([ @$second{qw(status content)} ], [ @$first{qw(status content)} ],
	'again: the same status and the same bytes');
is($second->{headers}{'idempotent-replayed'}, 'true', 'said to be a replay');
is($first->{headers}{'idempotent-replayed'}, undef, 'the first is not');
is(order(body => $body, key => qq("$key"))->{headers}{'idempotent-replayed'}, 'true',
	'quoted it is the same key');
is(available($pump), $before - 1, 'one order, one unit');
my $reordered =
	  '{"shippingAddress":'
	. encode($body->{shippingAddress})
	. ', "items" : '
	. encode($body->{items})
	. ',"customerInfo":'
	. encode(
	{ %{ $body->{customerInfo} }, phone => '+213' . substr($body->{customerInfo}{phone}, 1) })
	. '}';
is(order(content => $reordered, key => $key)->{headers}{'idempotent-replayed'}, 'true',
	'members in another order and another spelling of the phone are the same request');
is_error(order(body => { %$body, items => [ { productId => $pump, quantity => 2 } ] }, key => $key),
	422, 'IDEMPOTENCY_KEY_REUSED', 'another quantity is another request');
is_error(order(body => { %$body, notes => 'x' }, key => $key), 422, 'IDEMPOTENCY_KEY_REUSED',
	'so is a note');
is_error(order(body => order_body([ [ $pump, 1 ] ]), key => $key), 422, 'IDEMPOTENCY_KEY_REUSED',
	'so is another customer');
is(order(body => $body, key => $key)->{status}, 201, 'the first is still there');

is_error(order(body => order_body([ [ $pump, 1 ] ]), key => $_), 400, 'IDEMPOTENCY_KEY_INVALID',
	'key ' . substr($_, 0, 12))
	for '', '""', '"open', 'x' x 256, '"' . 'x' x 256 . '"', '"a"b"';
is(
	raw_status(
		ask(
			'POST /orders/guest HTTP/1.1',
			headers => [ 'Content-Type: application/json', "Idempotency-Key: $_" ],
			body => encode(order_body([ [ $pump, 1 ] ])))
	),
	400,
	'a key that is not ASCII'
) for "caf\xe9", "caf\xc3\xa9";
is(order(body => order_body([ [ $pump, 1 ] ]), key => $_ . 'x' x (255 - length))->{status}, 201,
	'a key of 255 characters')
	for key();
is(
	raw_status(
		ask(
			'POST /orders/guest HTTP/1.1',
			headers =>
				[ 'Content-Type: application/json', 'Idempotency-Key: a', 'Idempotency-Key: b' ],
			body => encode($body))
	),
	400,
	'two keys');

# A refused order leaves nothing behind: the key may try again.
my $scarce = make_product(price => 100, stock => 1);
$key = key();
$body = order_body([ [ $scarce, 2 ] ]);
is(order(body => $body, key => $key)->{status}, 409, 'too little stock');
sql("SELECT mjc.stock_receive('$scarce', 1)");
$reply = order(body => $body, key => $key);
is_deeply([ $reply->{status}, $reply->{headers}{'idempotent-replayed'} ], [ 201, undef ],
	'the same key once there is enough');
is_field(order(body => with('notes', 5), key => $key = key()), 'notes', 'a bad request');
is(order(body => order_body([ [ $pump, 1 ] ]), key => $key)->{status}, 201,
	'does not use its key up');

$before = available($pump);
$key = key();
$body = order_body([ [ $pump, 1 ] ]);
my @twins = parallel(
	16,
	sub {
		my $got = order(body => $body, key => $key);
		return { status => $got->{status}, number => order_of($got)->{orderNumber},
			replayed => $got->{headers}{'idempotent-replayed'} // '' };
	});
is_deeply([ map { $_->{status} } @twins ], [ (201) x 16 ],
	'sixteen twins at once: all are answered');
my %numbers = map { ($_->{number} // '') => 1 } @twins;
is(scalar keys %numbers, 1, 'with one order');
is(scalar(grep { $_->{replayed} ne 'true' } @twins), 1, 'one of them was the first');
is(available($pump), $before - 1, 'one unit is held');
is(orders_of($body->{customerInfo}{phone}), 1, 'one order exists');

#------------------------------------------------------------------ a double click

$body = order_body([ [ $pump, 1 ] ]);
($first, $second) = (order(body => $body), order(body => $body));
is_deeply([ @$second{qw(status content)} ], [ @$first{qw(status content)} ],
	'the same request twice, without a key, is one order');
is($second->{headers}{'idempotent-replayed'}, 'true', 'said to be a replay');
is(orders_of($body->{customerInfo}{phone}), 1, 'one order exists');
is(order(body => { %$body, items => [ { productId => $pump, quantity => 2 } ] })
		->{headers}{'idempotent-replayed'}, undef, 'another quantity is another order');
is(order(body => $body, key => key())->{headers}{'idempotent-replayed'}, undef,
	'a key makes it another order');
is(orders_of($body->{customerInfo}{phone}), 3, 'three by now');
$body = order_body([ [ $pump, 1 ] ]);
my %double = map { (order_of($_)->{orderNumber} // '') => 1 }
	parallel(8, sub { my $got = order(body => $body); return { json => $got->{json} } });
is(join(',', map { /^MJ-/ ? 1 : 0 } keys %double), '1', 'eight clicks at once are one order');
sql("UPDATE mjc.idempotency_key SET created_at = created_at - interval '31 seconds'");
isnt(order_of(order(body => $body))->{orderNumber}, (keys %double)[0],
	'after the window of 30 seconds it is a new order');

#------------------------------------------------------------------ shortage

my $rare = make_product(price => 700, stock => 3, name => 'Sonde <NTC> 10 kΩ');
$before = available($pump);
$reply = order(body => order_body([ [ $pump, 2 ], [ $rare, 4 ] ]));
is_error($reply, 409, 'INSUFFICIENT_STOCK', 'more than there is');
is(
	$reply->{json}{message},
	text_of(
		'INSUFFICIENT_STOCK', 'fr', line => 2, product => 'Sonde <NTC> 10 kΩ', available => 3,
		requested => 4
	),
	'in French, with line, product and quantities');
is(available($pump), $before, 'nothing of the other line is held');
is(available($rare), 3, 'nor of this one');
$reply = order(body => order_body([ [ $pump, 2 ], [ $rare, 4 ] ]), lang => 'ar');
is(
	$reply->{json}{message},
	text_of(
		'INSUFFICIENT_STOCK', 'ar', line => 2, product => 'Sonde <NTC> 10 kΩ', available => 3,
		requested => 4
	),
	'in Arabic when asked');
like($reply->{json}{message}, qr/\p{Arabic}/, 'which is Arabic');
is(
	order(body => order_body([ [ $rare, 2 ], [ $pump, 1 ], [ $rare, 2 ] ]))->{json}{message},
	text_of(
		'INSUFFICIENT_STOCK', 'fr', line => 1, product => 'Sonde <NTC> 10 kΩ', available => 3,
		requested => 4
	),
	'lines of one product count together');
is(order(body => order_body([ [ $rare, 3 ] ]))->{status}, 201, 'exactly what is there');
is_error(order(body => order_body([ [ $rare, 1 ] ])), 409, 'INSUFFICIENT_STOCK', 'nothing left');

my $off = make_product(price => 100, stock => 5, active => 0);
for my $id ($off, '00000000-0000-4000-8000-0000000000aa')
{
	$reply = order(body => order_body([ [ $pump, 1 ], [ $id, 1 ] ]));
	is_error($reply, 409, 'PRODUCT_UNAVAILABLE',
		$id eq $off ? 'a product off the shelf' : 'an unknown product');
	is($reply->{json}{message}, text_of('PRODUCT_UNAVAILABLE', 'fr', line => 2),
		'the line is named');
}
is(available($pump), $before - 0, 'nothing was held by refused orders');

#------------------------------------------------------------------ limits of a guest

my $many = make_product(price => 10, stock => 2000);
is_error(order(body => order_body([ [ $many, 501 ] ])), 409, 'GUEST_UNITS_LIMIT',
	'more than 500 units');
is(order(body => order_body([ [ $many, 500 ] ]))->{status}, 201, '500 units');
$phone = phone();
my %statuses;
$statuses{
	order(
		body => order_body(
			[ [ $many, 1 ] ],
			customerInfo => { firstName => 'Amina', lastName => 'Benali', phone => $phone }
		),
		key => key()
	)->{status}
	}++
	for 1 .. 25;
is_deeply(\%statuses, { 201 => 25 }, '25 open orders of one phone');
$reply = order(
	body => order_body(
		[ [ $many, 1 ] ],
		customerInfo =>
			{ firstName => 'Amina', lastName => 'Benali', phone => '+213' . substr($phone, 1) }
	),
	key => key());
is_error($reply, 409, 'GUEST_ORDERS_LIMIT', 'one more');
is($reply->{json}{message}, text_of('GUEST_ORDERS_LIMIT', 'fr', max => 25), 'with the limit');
my $dear = make_product(price => 1000000000, stock => 999);
is_error(order(body => order_body([ [ $dear, 500 ] ])), 422, 'AMOUNT_OUT_OF_RANGE',
	'an amount past every limit');

#------------------------------------------------------------------ languages

for my $case ([ undef, 'fr' ], [ 'fr', 'fr' ], [ 'ar', 'ar' ], [ 'ar-DZ,fr;q=0.5', 'ar' ],
	[ 'fr-DZ,ar;q=0.9', 'fr' ], [ 'en', 'fr' ], [ 'en,ar;q=0.3', 'ar' ], [ 'xx;;q=', 'fr' ],
	[ 'AR', 'ar' ])
{
	my ($wanted, $lang) = @$case;

	$reply = order(body => with('customerInfo.firstName', 'A'), lang => $wanted);
	is_deeply(
		[ $reply->{json}{message}, $reply->{json}{errors}[0]{msg} ],
		[ text_of('VALIDATION_ERROR', $lang), text_of('FIELD_LENGTH', $lang, min => 2, max => 50) ],
		'Accept-Language: ' . ($wanted // 'none'));
}

#------------------------------------------------------------------ tracking

sub track
{
	my ($number, $who, @opt) = @_;
	return get("$api/orders/track?orderNumber=" . uri($number) . '&phone=' . uri($who), @opt);
}

$phone = phone();
$made = place([ [ $pump, 2 ] ],
	customerInfo => { firstName => 'Amina', lastName => 'Benali', phone => $phone });
my $number = $made->{orderNumber};
$reply = track($number, $phone);
is($reply->{status}, 200, 'an order is found by number and phone');
shape($reply->{json}, { success => 'bool', data => { order => \%order } }, 'its shape');
is_deeply([ @{ order_of($reply) }{qw(id orderNumber status totalAmount items)} ],
	[ @$made{qw(id orderNumber status totalAmount items)} ], 'the same order');
(my $bare = $number) =~ tr/-//d;
(my $spaced = $number) =~ tr/-/ /;
(my $indic = $number) =~ tr/0-9/٠-٩/;
$national = substr($phone, 1);

for my $other (lc $number, $bare, lc $bare, $spaced, " $number ", substr($bare, 2), $indic)
{
	is(track($other, $phone)->{status}, 200, "number as '$other'");
}
for my $other ("+213$national", "00213$national", "213$national", $national, "0 $national",
	"+213 $national")
{
	is(track($number, $other)->{status}, 200, "phone as '$other'");
}
is(get("$api/orders/track?orderNumber=$number&phone=+213$national")->{status}, 200,
	'a plus that nobody encoded');

my $unknown = track('MJ-2020-000001-0', phone());
is_error($unknown, 404, 'NOT_FOUND', 'an unknown number');
for my $case (
	[ 'the phone of another', $number, phone() ],
	[ 'a mistyped number', $number =~ s/(\d)$/($1 + 1) % 10/er, $phone ],
	[ 'no number at all', 'hello', $phone ],
	[ 'no mobile', $number, '0212345678' ], [ 'SQL', "' OR 1=1 --", $phone ],
	[ 'an id', $made->{id}, $phone ])
{
	my ($name, @args) = @$case;
	my $got = track(@args);

	is_deeply([ @$got{qw(status content)} ], [ 404, $unknown->{content} ],
		"$name: the same answer");
}
is_field(get("$api/orders/track"), [qw(orderNumber phone)], 'without anything');
is_field(get("$api/orders/track?orderNumber=$number&phone="), 'phone', 'without a phone');
is_field(track($number, 'abc'), 'phone', 'a phone of letters');
is_field(track('x' x 65, $phone), 'orderNumber', 'a number that is too long');

#------------------------------------------------------------------ a customer's own

sub customer
{
	my $id = make_account('CUSTOMER');

	return ($id, mint('CUSTOMER', $id, 0));
}

sub own_body
{
	my ($lines, %change) = @_;

	return { %{ order_body($lines) }, customerInfo => undef, phone => phone(), %change };
}

my ($nadia, $token) = customer();
my ($other, $other_token) = customer();

sub own { return post("$api/orders", token => $token, @_) }

$phone = phone();
$body = own_body([ [ $pump, 2 ] ], phone => $phone);
delete $body->{customerInfo};
post("$api/cart/items", token => $token, body => { productId => $pump, quantity => 2 });
$key = key();
$reply = own(body => { %$body, subtotal => 1, totalAmount => 1, items => [ { %{ $body->{items}[0] }, unitPrice => 1 } ] }, key => $key);
is($reply->{status}, 201, 'whoever is signed in orders') || said($reply);
shape($reply->{json}, { success => 'bool', data => { order => \%order } }, 'its shape');
$made = order_of($reply);
is_deeply([ @$made{qw(customerName subtotal customerId customerPhone)} ], [ 'Nadia Cherif', 3998, $nadia, '+213' . substr($phone, 1) ],
	'as the account says, at the prices of the shop');
is(scalar @{ get("$api/cart", token => $token)->{json}{data}{items} // [] }, 0, 'the cart is empty');
is_deeply([ @{ own(body => $body, key => $key) }{qw(status content)} ], [ @$reply{qw(status content)} ],
	'a repeat: the same status and the same bytes');
is_error(own(body => { %$body, notes => 'x' }, key => $key), 422, 'IDEMPOTENCY_KEY_REUSED', 'another request with that key');
isnt(order_of(post("$api/orders", token => $other_token, body => $body, key => $key))->{id}, $made->{id},
	'the key of another customer is another key');
is_error(post("$api/orders", body => $body), 401, 'MISSING_TOKEN', 'nobody');
is_error(post("$api/orders", token => admin_token(), body => $body), 404, 'NOT_FOUND', 'an account that is no customer');
for my $case (
	[ 'items', [] ], [ 'items[0].productId', 'x' ], [ 'items[0].quantity', 0, 1000, 1.5 ], [ 'phone', 'abc', 5 ],
	[ 'customerInfo.phone', 'abc' ], [ 'shippingAddress.street', undef, 'rue' ], [ 'shippingAddress.city', undef, 'A' ],
	[ 'shippingAddress.region', 'R' x 51, 16 ], [ 'shippingAddress.postalCode', '1' ], [ 'shippingAddress.country', 'A' ],
	[ 'notes', 'n' x 501 ], [ 'deliveryMode', 'drone' ], [ 'storeCredit', 'perhaps' ])
{
	my ($path, @values) = @$case;

	for my $value (@values)
	{
		my $bad = with($path, $value);

		delete $bad->{customerInfo} if $path ne 'customerInfo.phone';
		is_field(own(body => $bad), $path, "own: $path");
	}
}
my %nowhere = %$body;
delete $nowhere{phone};
is_error(own(body => \%nowhere), 422, 'ARGUMENT_MISSING', 'no phone anywhere');
is_error(own(body => { %$body, shippingAddress => { street => '1 rue longue', city => 'Village' } }), 422, 'ARGUMENT_MISSING', 'no region anywhere');
is(order_of(own(body => { %$body, shippingAddress => { street => '1 rue longue', city => 'Oran' } }))->{shipping}, $tariff{31},
	'a city that is called as its wilaya');
is_error(own(body => { %$body, phone => '0212345678' }), 422, 'PHONE_INVALID', 'no mobile');
$before = available($pump);
$key = key();
my %own_numbers = map { ($_->{number} // '') => 1 } parallel(
	16, sub { my $got = own(body => $body, key => $key); return { number => order_of($got)->{orderNumber} } });
is(join(',', map { /^MJ-/ ? 1 : 0 } keys %own_numbers), '1', 'sixteen twins at once are one order');
is(available($pump), $before - 2, 'its units are held once');

# Reading
is(order_of(get("$api/orders/$_", token => $token))->{id}, $made->{id}, 'read by id and number') for @$made{qw(id orderNumber)};
is_error(get("$api/orders/$_->[0]", token => $_->[1]), 404, 'NOT_FOUND', "not there: $_->[0]")
	for [ $made->{id}, $other_token ], [ $made->{orderNumber}, $other_token ], [ '00000000-0000-4000-8000-0000000000aa', $token ],
	[ 'x', $token ], [ 'x' x 65, $token ];
$reply = get("$api/orders?limit=1&page=2&sortBy=orderDate&sortOrder=asc&status=pending", token => $token);
shape($reply->{json}{data}, { orders => [ \%order ], pagination => { page => 'int', limit => 'int', total => 'int', totalPages => 'int' } }, 'a list');
is(scalar @{ $reply->{json}{data}{orders} }, 1, 'as many as asked for');
is_field(get("$api/orders?$_->[0]=$_->[1]", token => $token), $_->[0], "list: $_->[0] $_->[1]")
	for [ limit => 51 ], [ limit => 0 ], [ page => 0 ], [ status => 'LOST' ], [ sortBy => 'secret' ], [ sortOrder => 'up' ];
is(get("$api/orders", token => (customer())[1])->{json}{data}{pagination}{total}, 0, 'nobody else\'s');
shape(get("$api/orders/statistics", token => $token)->{json}{data},
	{ statistics => { map { $_ => 'num' } qw(totalOrders pendingOrders completedOrders cancelledOrders totalRevenue) } }, 'figures');

# Cancelling
sub cancel
{
	my ($id, @opt) = @_;
	return request('PATCH', "$api/orders/$id/cancel", token => $token, body => {}, @opt);
}
is_error(cancel($made->{id}, token => $other_token), 404, 'NOT_FOUND', 'another does not cancel it');
is_error(cancel('x'), 404, 'NOT_FOUND', 'nor is there x');
is_field(cancel($made->{id}, body => { reason => 'n' x 501 }), 'reason', 'a long reason');
$before = available($pump);
is(order_of(cancel($made->{orderNumber}, body => { reason => 'Trop tard' }))->{status}, 'cancelled', 'cancelled');
is(order_of(cancel($made->{id}))->{status}, 'cancelled', 'once more is no error');
is(available($pump), $before + 2, 'its units are free, once');
$made = order_of(own(body => $body, key => key()));
sql("SELECT mjc.order_ship('$made->{orderNumber}')");
is_error(cancel($made->{id}), 409, 'ORDER_TRANSITION_REFUSED', 'too late');
customer_status($nadia, 'blocked');
is(own(body => $body, key => key())->{status}, 401, 'blocked: no longer signed in');

finish();

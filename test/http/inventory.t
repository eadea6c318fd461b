#!/usr/bin/perl
#
# inventory.t - the stock as REST shows and changes it: an admin's change of a product's
# units, the list of what is low, the check of a cart before it is ordered.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use Shop;
use Test::More;

my $api = '/api/v1';
my $token = admin_token();
my $none = '00000000-0000-4000-8000-0000000000ff';
my $serial = 0;

sub change
{
	my ($product, $type, $quantity, %opt) = @_;
	my %body = (quantity => $quantity, type => $type, %{ delete $opt{also} // {} });

	return post("$api/products/$product/inventory", token => $token, body => \%body, %opt);
}

# A change that no other in this file looks like: without a key the same again is the same one.
sub change_once
{
	my ($product, $type, $quantity) = @_;

	return change($product, $type, $quantity, also => { reason => 'change ' . ++$serial });
}

sub quantities
{
	my $reply = shift;

	return [ $reply->{status}, @{ $reply->{json}{data} // {} }{qw(oldQuantity newQuantity)} ];
}

# "on_hand reserved damaged" of a product.
sub stock
{
	return sql(<<~'SQL', id => $_[0]);
		SELECT on_hand || ' ' || reserved || ' ' || damaged FROM mjc_report.stock WHERE product_id = :'id'
		SQL
}

sub shown
{
	return get("$api/products/$_[0]")->{json}{data}{product}{stockQuantity};
}

sub movements { return sql("SELECT count(*) FROM mjc.stock_ledger WHERE product_id = '$_[0]'") }

#------------------------------------------------------------------ POST /products/:id/inventory

my $part = make_product(name => 'Pompe de relevage', stock => 10);
my $reply = change($part, 'STOCK_IN', 5, also => { reason => 'Livraison 7' });
is_deeply(quantities($reply), [ 200, 10, 15 ], 'five more');
shape(
	$reply->{json},
	{
		success => 'bool',
		data => {
			oldQuantity => 'int', newQuantity => 'int',
			product => { id => 'uuid', name => 'text', sku => 'text', stockQuantity => 'int' }
		}
	},
	'the shape of the answer');
is_deeply(
	[ @{ $reply->{json}{data}{product} }{qw(id name stockQuantity)} ],
	[ $part, 'Pompe de relevage', 15 ], 'the product as it is now');
unlike($reply->{content}, qr/cost/i, 'without its cost');
is(shown($part), 15, 'the shop window shows it');
is(
	sql(<<~'SQL', id => $part), 'receive 5 Livraison 7 ' . admin_id(), 'so does the ledger');
	SELECT concat_ws(' ', kind, qty, reason, actor) FROM mjc_report.stock_history
	WHERE product_id = :'id' ORDER BY seq DESC LIMIT 1
	SQL
is(sql(<<~'SQL', id => $part, admin => admin_id()), 'rest true', 'and the audit');
	SELECT channel || ' ' || (request_id IS NOT NULL) FROM mjc.audit
	WHERE subject_id = :'id' AND actor = :'admin' ORDER BY audit_id DESC LIMIT 1
	SQL

is_deeply(
	quantities(change($part, 'stock_out', 3)), [ 200, 15, 12 ], 'three go out, in small letters');
is_deeply(quantities(change($part, 'RETURN', 2)), [ 200, 12, 14 ], 'two come back');
is_deeply(quantities(change($part, 'DAMAGE', 4)), [ 200, 14, 10 ], 'four are broken');
is(stock($part), '10 0 4', 'they are still there, but not for sale');
is_deeply(quantities(change($part, 'ADJUSTMENT', 25)), [ 200, 10, 25 ], 'counted: twenty-five');
is_deeply(quantities(change($part, 'ADJUSTMENT', 7)), [ 200, 25, 7 ], 'counted: seven');
is_deeply(quantities(change($part, 'ADJUSTMENT', 0)), [ 200, 7, 0 ], 'counted: none');
is(shown($part), 0, 'nothing is left to sell');
is_deeply(
	quantities(change_once($part, 'STOCK_IN', 1_000_000)), [ 200, 0, 1_000_000 ],
	'the most at once');
is_deeply(
	quantities(change_once($part, 'ADJUSTMENT', 3)), [ 200, 1_000_000, 3 ], 'and down to three');
is_error(change_once($part, 'STOCK_OUT', 4), 409, 'STOCK_BELOW_ZERO', 'four of three cannot leave');
is_error(change_once($part, 'DAMAGE', 4), 409, 'STOCK_BELOW_ZERO', 'nor break');
is(stock($part), '3 0 4', 'and nothing changed');
is(
	change($part, 'STOCK_OUT', 99, lang => 'ar')->{json}{message},
	text_of('STOCK_BELOW_ZERO', 'ar'), 'refused in Arabic');

my $held = make_product(stock => 5);
place([ [ $held, 4 ] ]);
is_deeply(
	quantities(change_once($held, 'ADJUSTMENT', 2)), [ 200, 5, 2 ],
	'a count below what orders hold is taken');
is(shown($held), 0, 'the window shows no less than nothing');
is(
	sql("SELECT sum(short_qty) FROM mjc_report.short_order WHERE product_id = '$held'"),
	2, 'staff see which order goes short');
my $new = make_product();
is_deeply(quantities(change($new, 'STOCK_IN', 1)), [ 200, 0, 1 ], 'the first unit of a product');
my $off = make_product(active => 0, stock => 1);
is_deeply(
	quantities(change($off, 'STOCK_IN', 1)), [ 200, 1, 2 ],
	'a product off the shelf has stock as well');

#------------------------------------------------------------------ what is refused

my $before = movements($part);
for my $case (
	[ 'quantity', 'a negative quantity', quantity => -1 ],
	[ 'quantity', 'a quantity past the limit', quantity => 1_000_001 ],
	[ 'quantity', 'a quantity past all limits', quantity => 99_999_999_999 ],
	[ 'quantity', 'half a unit', quantity => 1.5 ],
	[ 'quantity', 'a quantity as text', quantity => '5' ],
	[ 'quantity', 'no quantity', quantity => undef ],
	[ 'quantity', 'a list of quantities', quantity => [1] ],
	[ 'type', 'a type that nobody knows', type => 'SALE' ],
	[ 'type', 'an empty type', type => '' ],
	[ 'type', 'a number for a type', type => 1 ],
	[ 'type', 'no type', type => undef ],
	[ 'reason', 'a reason that is too long', reason => 'x' x 256 ],
	[ 'reason', 'a number for a reason', reason => 5 ],
	[ 'reason', 'a reason of two lines', reason => "a\nb" ],
	[ 'unit_cost', 'a field that nobody knows', unit_cost => 5 ],
	[ 'product', 'a product in the body', product => $new ])
{
	my ($field, $what, @also) = @$case;

	is_field(change($part, 'STOCK_IN', 1, also => {@also}), $field, $what);
}
is_field(
	post("$api/products/$part/inventory", token => $token, body => {}),
	[qw(quantity type)], 'everything missing is told at once');
is_field(post("$api/products/$part/inventory", token => $token), 'body', 'no body');
is_error(
	post("$api/products/$part/inventory", token => $token, content => '{"quantity":'),
	400, 'MALFORMED_REQUEST', 'half a body');
is_error(
	change($part, $_, 0), 422, 'STOCK_QTY_INVALID',
	"nothing moved as $_") for qw(STOCK_IN STOCK_OUT DAMAGE RETURN);
is(
	change($_, 'STOCK_IN', 1)->{status}, 404,
	"no such product: $_") for $none, 'x', "$part-", uri("$part'");
is_error(change($none, 'STOCK_IN', 1), 404, 'NOT_FOUND', 'an unknown product is not found');
is(movements($part), $before, 'nothing of this moved a unit');
is(
	change($part, 'STOCK_IN', 1, also => { reason => 'é' x 255 })->{status}, 200,
	'the longest reason');
is(
	change(uc $part, 'STOCK_IN', 1, also => { reason => ' ' })->{status}, 200,
	'an id in capitals, a blank reason');

is_error(
	change($part, 'STOCK_IN', 1, token => undef), 401, 'MISSING_TOKEN', 'nobody changes the stock');
is_error(
	change($part, 'STOCK_IN', 1, token => mint('CUSTOMER', make_account('CUSTOMER'), 0)), 403,
	'FORBIDDEN', 'nor a customer');
is_error(
	change($part, 'STOCK_IN', 1, token => mint('TECHNICIAN', make_account('TECHNICIAN'), 0)), 403,
	'FORBIDDEN', 'nor a technician');
is_error(
	change($part, 'STOCK_IN', 1, token => mint('ADMIN', make_account('CUSTOMER'), 0)), 403,
	'FORBIDDEN', 'nor who only says so');
is_error(
	change(
		$part, 'STOCK_IN', 1,
		token => undef,
		headers => { Cookie => "accessToken=$token", Origin => 'https://evil-shop.dz' }
	),
	403, 'ORIGIN_REFUSED', 'nor another site');
is(
	status_of('GET', "$api/products/$part/inventory", token => $token), 405,
	'there is nothing to read');

#------------------------------------------------------------------ once

my $once = make_product(stock => 1);
my $other_admin = mint('ADMIN', make_account('ADMIN'), 0);
my $key = "inventory-$once";
my $first = change($once, 'STOCK_IN', 5, key => $key);
is_deeply(quantities($first), [ 200, 1, 6 ], 'a change with a key');
is($first->{headers}{'idempotent-replayed'}, undef, 'the first of it');
my $again = change($once, 'STOCK_IN', 5, key => $key);
is_deeply(
	[ $again->{status}, $again->{headers}{'idempotent-replayed'}, $again->{content} ],
	[ 200, 'true', $first->{content} ], 'repeated: the same answer, told as such');
is(stock($once), '6 0 0', 'and counted once');
is_error(
	change($once, 'STOCK_IN', 6, key => $key), 422, 'IDEMPOTENCY_KEY_REUSED',
	'another quantity under that key');
is_error(change($once, 'RETURN', 5, key => $key), 422, 'IDEMPOTENCY_KEY_REUSED', 'another type');
is_error(
	change($part, 'STOCK_IN', 5, key => $key), 422, 'IDEMPOTENCY_KEY_REUSED', 'another product');
is_error(
	change($once, 'STOCK_IN', 5, key => $key, also => { reason => 'x' }),
	422, 'IDEMPOTENCY_KEY_REUSED', 'another reason');
is_error(
	change($once, 'STOCK_IN', 5, key => 'x' x 256), 400, 'IDEMPOTENCY_KEY_INVALID',
	'a key that is too long');
is_deeply(
	quantities(change($once, 'STOCK_IN', 5, key => "$key-2")), [ 200, 6, 11 ],
	'another key is another change');
is_deeply(
	quantities(change($once, 'STOCK_IN', 5, key => $key, token => $other_admin)),
	[ 200, 11, 16 ], 'the same key of another admin too');
is_error(
	change($once, 'STOCK_OUT', 99, key => "$key-3"), 409, 'STOCK_BELOW_ZERO', 'a refused change');
is_deeply(
	quantities(change($once, 'STOCK_OUT', 1, key => "$key-3")), [ 200, 16, 15 ],
	'leaves its key free');

$first = change($once, 'STOCK_IN', 2);
$again = change($once, 'STOCK_IN', 2);
is_deeply(
	[ (map { $_->{headers}{'idempotent-replayed'} } $first, $again), $again->{content} ],
	[ undef, 'true', $first->{content} ], 'a double click without a key is one change');
is(stock($once), '17 0 0', 'counted once');
sql(<<~'SQL', id => $once);
	UPDATE mjc.idempotency_key SET created_at = created_at - interval '31 seconds' WHERE subject_id = :'id'
	SQL
is_deeply(quantities(change($once, 'STOCK_IN', 2)), [ 200, 17, 19 ], 'later it is another one');

my @twins = parallel(
	8,
	sub {
		my $got = change($once, 'STOCK_IN', 3, key => "$key-8");
		return { status => $got->{status}, content => $got->{content} };
	});
is_deeply([ map { $_->{status} } @twins ], [ (200) x 8 ], 'eight at once with one key');
is(scalar(keys %{ { map { $_->{content} => 1 } @twins } }), 1, 'get one answer');
is(stock($once), '22 0 0', 'of one change');
my @rivals = parallel(
	8,
	sub {
		my $got = change($once, 'STOCK_OUT', 5, also => { reason => "rival $_[0]" });
		return { status => $got->{status} };
	});
is_deeply(
	[ sort map { $_->{status} } @rivals ], [ (200) x 4, (409) x 4 ],
	'eight take five of twenty-two: four can');
is(stock($once), '2 0 0', 'two are left');

#------------------------------------------------------------------ GET /admin/inventory/alerts

sub alerts { return get("$api/admin/inventory/alerts", token => $token, @_) }

sub alert_of
{
	my $id = shift;
	my ($alert) = grep { $_->{productId} eq $id } @{ alerts()->{json}{data}{alerts} };

	return $alert ? [ @$alert{qw(currentStock minimumStock status)} ] : undef;
}

$reply = alerts();
is($reply->{status}, 200, 'the list of what is low');
shape(
	$reply->{json}{data},
	{
		alerts => [
			{
				id => 'uuid', productId => 'uuid', productName => 'text', currentStock => 'int',
				minimumStock => 'int', status => 'text'
			}
		],
		total => 'int'
	},
	'its shape');
my $low = make_product(stock => 6);
is_deeply(alert_of($low), undef, 'six is enough');
for my $case (
	[ 5, 'LOW_STOCK' ], [ 3, 'LOW_STOCK' ], [ 2, 'CRITICAL' ], [ 1, 'CRITICAL' ],
	[ 0, 'OUT_OF_STOCK' ])
{
	change_once($low, 'ADJUSTMENT', $case->[0]);
	is_deeply(alert_of($low), [ $case->[0], 5, $case->[1] ], "at $case->[0] of 5: $case->[1]");
}
is_deeply(alert_of($held), [ 0, 5, 'OUT_OF_STOCK' ], 'less than nothing is none');
is_deeply(alert_of($off), undef, 'what is not for sale may be low');
my %rank = (OUT_OF_STOCK => 0, CRITICAL => 1, LOW_STOCK => 2);
my @ranks = map { $rank{ $_->{status} } } @{ alerts()->{json}{data}{alerts} };
is_deeply(\@ranks, [ sort { $a <=> $b } @ranks ], 'the worst first');
is_error(alerts(token => undef), 401, 'MISSING_TOKEN', 'not for everybody');
is_error(
	alerts(token => mint('TECHNICIAN', make_account('TECHNICIAN'), 0)), 403, 'FORBIDDEN',
	'not for technicians');

#------------------------------------------------------------------ POST /cart/validate

# The text of "not enough" for the pump.
sub too_little
{
	my ($lang, $line) = @_;

	return text_of(
		'INSUFFICIENT_STOCK', $lang, line => $line, product => 'Circulateur', available => 4,
		requested => 5);
}

sub cart
{
	my ($lines, %opt) = @_;
	my @items = map { { productId => $_->[0], quantity => $_->[1] } } @$lines;

	return post("$api/cart/validate", body => { items => \@items }, %opt);
}

my $pump = make_product(name => 'Circulateur', stock => 4);
$reply = cart([ [ $pump, 4 ], [ $part, 1 ] ]);
is_deeply(
	[ $reply->{status}, $reply->{json}{data} ], [ 200, { valid => JSON::PP::true, errors => [] } ],
	'a good cart');
$reply = cart([ [ $part, 1 ], [ $pump, 5 ] ]);
is($reply->{status}, 200, 'a cart with too much of something is answered, not refused');
is_deeply(
	$reply->{json}{data},
	{
		valid => JSON::PP::false,
		errors => [
			{
				productId => $pump, code => 'INSUFFICIENT_STOCK', availableStock => 4,
				message => too_little('fr', 2)
			}
		]
	},
	'with the line, the product and what there is of it');
is(
	cart([ [ $pump, 5 ] ], lang => 'ar')->{json}{data}{errors}[0]{message},
	too_little('ar', 1),
	'in Arabic for who reads it');
is(
	cart([ [ $none, 1 ] ], lang => 'ar-DZ,ar;q=0.9,fr;q=0.8')->{json}{data}{errors}[0]{message},
	text_of('PRODUCT_UNAVAILABLE', 'ar', line => 1), 'a product that is not there, too');
is_deeply(
	cart([ [ $none, 1 ], [ $off, 1 ], [ $pump, 1 ] ])->{json}{data},
	{
		valid => JSON::PP::false,
		errors => [
			map {
				{
					productId => $_->[1], code => 'PRODUCT_UNAVAILABLE', availableStock => 0,
					message => text_of('PRODUCT_UNAVAILABLE', 'fr', line => $_->[0])
				}
			} [ 1, $none ],
			[ 2, $off ]
		]
	},
	'unknown or off the shelf: nothing to be had');
$reply = cart([ [ $pump, 2 ], [ $part, 1 ], [ $pump, 3 ] ])->{json}{data}{errors};
is_deeply(
	[ map { [ @$_{qw(productId message)} ] } @$reply ],
	[ [ $pump, too_little('fr', 1) ] ],
	'a product twice counts together and is told once');
is(
	cart([ [ $pump, 2 ], [ $pump, 2 ] ])->{json}{data}{valid}, JSON::PP::true,
	'twice, but not too much');
is(
	cart([ map { [ $pump, 999 ] } 1 .. 50 ])->{json}{data}{errors}[0]{availableStock}, 4,
	'fifty lines, the longest cart');
is(stock($pump), '4 0 0', 'nothing is held by asking');
place([ [ $pump, 3 ] ]);
is(
	cart([ [ $pump, 2 ] ])->{json}{data}{errors}[0]{availableStock}, 1,
	'what others hold is not available');
is_error(
	post("$api/orders/guest", body => order_body([ [ $pump, 2 ] ])),
	409, 'INSUFFICIENT_STOCK', 'an order of that cart would be refused');
is(cart([ [ $pump, 1 ] ], token => $_)->{status}, 200, 'whatever token') for 'rubbish', $token;
is_deeply(
	[ map { cart([ [ $pump, 1 ] ])->{json}{data}{valid} } 1 .. 2 ],
	[ JSON::PP::true, JSON::PP::true ], 'asked twice, answered twice');

is_field(cart([]), 'items', 'an empty cart');
is_field(cart([ map { [ $pump, 1 ] } 1 .. 51 ]), 'items', 'a cart longer than an order may be');
is_field(cart([ [ 'x', 1 ] ]), 'items[0].productId', 'no id');
is_field(
	cart([ [ $pump, $_ ] ]), 'items[0].quantity',
	'a quantity of ' . encode($_)) for 0, -1, 1000, 1.5, '1', undef;
is_field(cart([ [ $pump, 1 ], [ undef, 1 ] ]), 'items[1].productId', 'a line without a product');
is_field(post("$api/cart/validate", body => { items => {} }), 'items', 'no list');
is_field(post("$api/cart/validate", body => {}), 'items', 'no items');
is_field(post("$api/cart/validate"), 'body', 'no body');
is_field(
	post(
		"$api/cart/validate",
		body => { items => [ { productId => $pump, quantity => 1, unitPrice => 1 } ] }
	),
	'items[0].unitPrice', 'a field that nobody reads');
is(status_of('GET', "$api/cart/validate"), 405, 'a cart is sent, not read');

finish();

#!/usr/bin/perl
#
# cart.t - the carts of guests and customers: every route of them, the life of the guest's
# cookie, what many requests at once make of a cart, and what is refused.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use Shop;
use Test::More;

my $api = '/api/v1/cart';
my $none = '00000000-0000-4000-8000-0000000000ff';
my %item = (
	id => 'uuid', productId => 'uuid', name => 'text', price => 'num', quantity => 'int',
	image => 'text?', sku => 'text', maxStock => 'int', category => 'text');
my %cart = (items => [ \%item ], total => 'num', itemCount => 'int', subtotal => 'num',
	discount => 'num', coupons => 'list', adjusted => 'list');

sub delete_it { return request('DELETE', @_) }

# The lines of Set-Cookie for the cart's cookie.
sub set_cookies
{
	my $set = $_[0]{headers}{'set-cookie'} // [];

	return grep { /^cartToken=/ } ref $set ? @$set : $set;
}

# The token that a reply sets, undef when it sets none.
sub token_of { return ((set_cookies($_[0]))[0] // '') =~ /^cartToken=([^;]+);/ ? $1 : undef }

# The headers of who has that cart.
sub with { return (headers => { Cookie => "cartToken=$_[0]" }) }

sub add
{
	my ($product, $quantity, @opt) = @_;

	return post("$api/items", body => { productId => $product, quantity => $quantity }, @opt);
}

sub sync_to
{
	my ($lines, @opt) = @_;

	return post(
		"$api/sync",
		body => { items => [ map { { productId => $_->[0], quantity => $_->[1] } } @$lines ] },
		@opt);
}

sub data { return $_[0]{json}{data} // {} }

# What is in a cart: [product, quantity]... in its order.
sub lines { return [ map { [ @$_{qw(productId quantity)} ] } @{ data($_[0])->{items} // [] } ] }

sub cart_of { return lines(get($api, @_)) }

#------------------------------------------------------------------ nothing yet

my $part = make_product(price => 1500, stock => 100, name => 'Vanne trois voies');
my $other = make_product(price => 250, sale => 200, stock => 5);
my $reply = get($api);
is($reply->{status}, 200, 'a visitor has a cart');
is_deeply(
	[ @{ data($reply) }{qw(items total itemCount)} ], [ [], 0, 0 ],
	'which is empty');
shape($reply->{json}, { success => 'bool', data => \%cart }, 'its shape');
is_deeply([ set_cookies($reply) ], [], 'and no cookie is set for looking');
is($reply->{headers}{'cache-control'}, 'private, no-store', 'nobody keeps the answer');
is(get($api, token => 'rubbish')->{status}, 200, 'a bad token makes a visitor of who looks');
is(request('HEAD', $api)->{status}, 200, 'HEAD');

#------------------------------------------------------------------ the first line and the cookie

$reply = post("$api/items",
	body => { productId => $part, quantity => 2, name => 'x', price => '1', image => undef });
is($reply->{status}, 201, 'two of a product; what else the page sends is not read') or said($reply);
shape($reply->{json}{data}, { cartItem => \%item, cart => \%cart }, 'the shape of the answer');
is_deeply(
	[ @{ data($reply)->{cartItem} }{qw(productId quantity price name)} ],
	[ $part, 2, 1500, 'Vanne trois voies' ], 'the price is ours');
is($reply->{headers}{'cache-control'}, 'private, no-store', 'nobody keeps it');
my @set = set_cookies($reply);
is(scalar @set, 1, 'one cookie');
my ($pair, @attributes) = split /;\s*/, $set[0] // '';
like($pair, qr/^cartToken=[A-Za-z0-9_-]{43}$/, '256 bits of base64url');
is_deeply(
	[ sort map { lc } @attributes ],
	[ 'httponly', 'max-age=2592000', 'path=/', 'samesite=lax' ],
	'for thirty days, hidden from scripts');
my $mine = token_of($reply);
unlike($reply->{content}, qr/\Q$mine\E/, 'the body does not tell it');
is(
	sql("SELECT count(*) FROM mjc.cart c WHERE c::text LIKE '%' || :'token' || '%'", token => $mine),
	0, 'the table does not know it');
is_deeply(cart_of(with($mine)), [ [ $part, 2 ] ], 'with the cookie the cart is there');
is_deeply([ set_cookies(get($api, with($mine))) ], [], 'looking does not set it anew');
is_deeply(cart_of(), [], 'without it there is nothing');
my $second = token_of(add($part, 1));
isnt($second, $mine, 'another visitor has another cookie');
is_deeply(cart_of(with($mine)), [ [ $part, 2 ] ], 'and another cart');

$reply = add($part, 3, with($mine));
is($reply->{status}, 201, 'three more');
is(token_of($reply), $mine, 'the same cookie, for thirty days from now');
is_deeply(cart_of(with($mine)), [ [ $part, 5 ] ], 'five');
is_deeply(cart_of(headers => { Cookie => "a=b; cartToken=$mine; c=d" }), [ [ $part, 5 ] ],
	'among other cookies');
for my $case (
	[ 'sent twice', "cartToken=$mine; cartToken=$mine" ], [ 'of another name', "carttoken=$mine" ],
	[ 'too short', 'cartToken=' . substr($mine, 1) ], [ 'too long', "cartToken=${mine}A" ],
	[ 'quoted', qq(cartToken="$mine") ], [ 'empty', 'cartToken=' ],
	[ 'of other characters', 'cartToken=' . '+' x 43 ],
	[ 'made of SQL', "cartToken=' OR owner_id IS NOT NULL OR '1'='1AAAAAA" ])
{
	my ($name, $cookie) = @$case;
	my $fresh = add($other, 1, headers => { Cookie => $cookie });

	is_deeply(cart_of(headers => { Cookie => $cookie }), [], "a cookie $name is none");
	is($fresh->{status}, 201, 'who adds something');
	ok(token_of($fresh) && $cookie !~ /\Q${\ token_of($fresh)}\E/, 'gets one of his own');
}
$reply = add($none, 1);
is_error($reply, 404, 'PRODUCT_UNKNOWN', 'a product that is not there');
is_deeply([ set_cookies($reply) ], [], 'no cookie with a refusal');

#------------------------------------------------------------------ adding

my %key = (key => "cart-$$-" . time);
$reply = add($other, 1, with($mine), %key);
my $again = add($other, 1, with($mine), %key);
is_deeply([ $reply->{status}, $again->{status} ], [ 201, 201 ], 'twice with one key');
is($again->{content}, $reply->{content}, 'the same answer');
is($again->{headers}{'idempotent-replayed'}, 'true', 'which says so');
is(token_of($again), $mine, 'and keeps the cookie');
is_deeply(cart_of(with($mine)), [ [ $part, 5 ], [ $other, 1 ] ], 'added once');
is_error(add($other, 2, with($mine), %key), 422, 'IDEMPOTENCY_KEY_REUSED',
	'the key for something else');
is_error(add($other, 2, with($mine), key => ''), 400, 'IDEMPOTENCY_KEY_INVALID', 'an empty key');
add($other, 1, with($mine)) for 1 .. 2;
is_deeply(cart_of(with($mine)), [ [ $part, 5 ], [ $other, 3 ] ], 'without a key it counts each time');
$reply = add($other, 3, with($mine), lang => 'ar');
is_error($reply, 409, 'CART_STOCK', 'more than there is');
is($reply->{json}{message}, text_of('CART_STOCK', 'ar', available => 5), 'how many there are');
is_error(add(make_product(active => 0, stock => 5), 1, with($mine)), 404, 'PRODUCT_UNKNOWN',
	'a product off the shelf');
is(data(get($api, with($mine)))->{itemCount}, 8, 'units are counted');
is(data(get($api, with($mine)))->{total}, 8100, 'and priced, the sale with them');

#------------------------------------------------------------------ changing

$reply = put("$api/items/$part", body => { quantity => 7 }, with($mine));
is($reply->{status}, 200, 'seven instead');
shape($reply->{json}{data}, { cartItem => \%item, cart => \%cart }, 'its shape');
is(data($reply)->{cartItem}{quantity}, 7, 'seven');
is(token_of($reply), $mine, 'the cookie goes on');
is_error(put("$api/items/$other", body => { quantity => 6 }, with($mine)), 409, 'CART_STOCK',
	'more than there is');
is_error(put("$api/items/$none", body => { quantity => 1 }, with($mine)), 404, 'CART_LINE_UNKNOWN',
	'a line that is not there');
is_error(put("$api/items/$other", body => { quantity => 1 }, with($second)), 404,
	'CART_LINE_UNKNOWN', 'of somebody else');
is_error(put("$api/items/7", body => { quantity => 1 }, with($mine)), 404, 'NOT_FOUND', 'no id');
$reply = put("$api/items/$other", body => { quantity => 0 }, with($mine));
is($reply->{status}, 200, 'none instead');
is(data($reply)->{cartItem}, undef, 'the line is gone');
is_deeply(cart_of(with($mine)), [ [ $part, 7 ] ], 'the other stays');
is_error(put("$api/items/$other", body => { quantity => 0 }, with($mine)), 404,
	'CART_LINE_UNKNOWN', 'gone is gone');

$reply = delete_it("$api/items/$part", with($mine));
is($reply->{status}, 200, 'a line is removed, without body and without type');
is_deeply(lines($reply), [], 'the cart is the answer');
is(token_of($reply), $mine, 'the cookie goes on');
is_error(delete_it("$api/items/$part", with($mine)), 404, 'CART_LINE_UNKNOWN', 'once');
is_error(delete_it("$api/items/x", with($mine)), 404, 'NOT_FOUND', 'no id');
add($_, 2, with($mine)) for $part, $other;
$reply = delete_it($api, with($mine));
is($reply->{status}, 200, 'the cart is emptied');
is_deeply([ lines($reply), cart_of(with($mine)) ], [ [], [] ], 'it is empty');
is(delete_it($api, with($mine))->{status}, 200, 'twice is no harm');
is_deeply(cart_of(with($second)), [ [ $part, 1 ] ], 'the other visitor keeps his');

#------------------------------------------------------------------ sync

my @many = split /\n/, sql(<<~'SQL', category => test_category());
	INSERT INTO mjc.product (product_id, slug, sku, category_id, name, price_centimes, cost_centimes)
	SELECT gen_random_uuid(), 'many-' || gen_random_uuid(), gen_random_uuid(), :'category', 'One of many', 10000, 5000
	  FROM generate_series(1, 51) RETURNING product_id
	SQL
sql('SELECT mjc.stock_receive(u, 9) FROM unnest(string_to_array(:\'ids\', \' \')::uuid[]) u', ids => "@many");
$reply = sync_to([ [ $part, 2 ], [ $other, 1 ] ], with($mine));
is($reply->{status}, 200, 'the page says what the cart is');
shape($reply->{json}{data}, \%cart, 'its shape');
is_deeply(lines($reply), [ [ $part, 2 ], [ $other, 1 ] ], 'so it is');
is(token_of($reply), $mine, 'the cookie goes on');
is_deeply(lines(sync_to([ [ $other, 2 ] ], with($mine))), [ [ $other, 2 ] ], 'what is not named goes');
is_deeply(lines(sync_to([ [ $part, 1 ], [ $part, 2 ] ], with($mine))), [ [ $part, 3 ] ],
	'a product named twice is summed');
is_deeply(lines(sync_to([ [ $other, 50 ], [ $none, 1 ] ], with($mine))), [ [ $other, 5 ] ],
	'what there is not is cut');
is(scalar @{ data(sync_to([ [ $other, 50 ], [ $none, 1 ] ], with($mine)))->{adjusted} }, 2,
	'and said');
is_deeply(lines(sync_to([], with($mine))), [], 'no lines empty it');
$reply = sync_to([ map { [ $_, 1 ] } @many[ 0 .. 49 ] ], with($mine));
is(scalar @{ lines($reply) }, 50, 'fifty lines');
is_field(sync_to([ map { [ $_, 1 ] } @many ], with($mine)), 'items', 'fifty-one are refused');
is_error(add($many[50], 1, with($mine)), 409, 'CART_LINES_LIMIT', 'nor is one more added');
is(scalar @{ cart_of(with($mine)) }, 50, 'fifty stay');
is(add($many[0], 1, with($mine))->{status}, 201, 'more of one of them is fine');
$reply = sync_to([ [ $part, 1 ] ]);
ok(token_of($reply), 'a visitor who syncs gets a cookie');
is(
	post("$api/sync",
		body => { items => [ { id => 7, productId => $part, name => 'x', price => 1.5, quantity => 1,
			image => undef, sku => 's', maxStock => 3 } ], userId => 'x' })->{status},
	200, 'what the store of the page holds besides is not read');

# A page has twenty places that show the cart, and all of them ask and sync at once.
sync_to([], with($mine));
my @both = ([ $part, 4 ], [ $other, 2 ]);
my @at_once = parallel(40, sub {
	my $answer = $_[0] % 2 ? get($api, with($mine)) : sync_to(\@both, with($mine));

	return [ $answer->{status}, scalar @{ lines($answer) } ];
});
is_deeply([ grep { ref ne 'ARRAY' || $_->[0] != 200 } @at_once ], [], 'forty requests at once');
is_deeply([ grep { $_->[1] != 0 && $_->[1] != 2 } @at_once ], [], 'see all of the cart or nothing');
is_deeply(cart_of(with($mine)), \@both, 'which is one cart');
@at_once = parallel(10, sub { return add($part, 1, with($mine))->{status} });
is_deeply([ sort @at_once ], [ (201) x 10 ], 'ten adds at once');
is_deeply(cart_of(with($mine)), [ [ $part, 14 ], [ $other, 2 ] ], 'none is lost');

#------------------------------------------------------------------ what is refused

for my $case (
	[ 'quantity', 'no units', productId => $part, quantity => 0 ],
	[ 'quantity', 'less than none', productId => $part, quantity => -1 ],
	[ 'quantity', 'too many', productId => $part, quantity => 1000 ],
	[ 'quantity', 'half a unit', productId => $part, quantity => 1.5 ],
	[ 'quantity', 'a quantity as text', productId => $part, quantity => '1' ],
	[ 'quantity', 'no quantity', productId => $part ],
	[ 'productId', 'no product', quantity => 1 ],
	[ 'productId', 'an id that is none', productId => 'Zx9Canary', quantity => 1 ],
	[ 'productId', 'a number for an id', productId => 7, quantity => 1 ],
	[ [qw(productId quantity)], 'lists', productId => [$part], quantity => [1] ],
	[ [qw(productId quantity)], 'nothing' ])
{
	my ($field, $name, @body) = @$case;
	my $refused = post("$api/items", body => {@body}, with($mine));

	is_field($refused, $field, "POST items: $name");
	unlike($refused->{content}, qr/Zx9Canary/, 'what was sent is not said again');
}
for my $case (
	[ 'quantity', 'less than none', quantity => -1 ], [ 'quantity', 'too many', quantity => 1000 ],
	[ 'quantity', 'text', quantity => 'Zx9Canary' ], [ 'quantity', 'null', quantity => undef ],
	[ 'quantity', 'nothing' ])
{
	my ($field, $name, @body) = @$case;

	is_field(put("$api/items/$part", body => {@body}, with($mine)), $field, "PUT item: $name");
}
for my $case (
	[ 'items', 'nothing' ], [ 'items', 'null', items => undef ], [ 'items', 'no list', items => 'x' ],
	[ 'items', 'an object', items => {} ], [ 'items[0]', 'a number in it', items => [7] ],
	[ 'items[0].quantity', 'no quantity', items => [ { productId => $part } ] ],
	[ 'items[0].quantity', 'none of it', items => [ { productId => $part, quantity => 0 } ] ],
	[ 'items[1].productId', 'an id that is none',
		items => [ { productId => $part, quantity => 1 }, { productId => 'Zx9Canary', quantity => 1 } ] ])
{
	my ($field, $name, @body) = @$case;
	my $refused = post("$api/sync", body => {@body}, with($mine));

	is_field($refused, $field, "POST sync: $name");
	unlike($refused->{content}, qr/Zx9Canary/, 'what was sent is not said again');
}
for my $path ("$api/items", "$api/sync", "$api/coupons")
{
	is_field(post($path, content => $_, with($mine)), 'body', "$path: body $_")
		for '[]', 'null', '"x"', '7';
	is_field(post($path, with($mine)), 'body', "$path: no body");
	is_error(post($path, content => $_, with($mine)), 400, 'MALFORMED_REQUEST', "$path: $_")
		for '{', '{"items":[],"items":[]}', '{"code":"a\u0000"}';
	is_error(
		post($path, content => 'a=b', headers => { 'Content-Type' => 'application/x-www-form-urlencoded' }),
		415, 'UNSUPPORTED_MEDIA_TYPE', "$path: a form");
	is_error(get($path), 405, 'METHOD_NOT_ALLOWED', "$path: GET");
}
is_deeply(cart_of(with($mine)), [ [ $part, 14 ], [ $other, 2 ] ], 'nothing of that changed the cart');

#------------------------------------------------------------------ from our pages only

for my $case (
	[ 'another site', { Origin => 'https://evil.example' } ],
	[ 'another site, as the browser says', { 'Sec-Fetch-Site' => 'cross-site' } ],
	[ 'a page of no origin', { Origin => 'null' } ])
{
	my ($name, $headers) = @$case;
	my %from = (headers => { %$headers, Cookie => "cartToken=$mine" });

	is_error(add($part, 1, %from), 403, 'ORIGIN_REFUSED', "$name adds nothing");
	is_error(delete_it($api, %from), 403, 'ORIGIN_REFUSED', 'empties nothing');
	$reply = add($part, 1, headers => $headers);
	is_error($reply, 403, 'ORIGIN_REFUSED', 'and gives no cookie to a visitor');
	is_deeply([ set_cookies($reply) ], [], 'none');
}
is_deeply(cart_of(with($mine)), [ [ $part, 14 ], [ $other, 2 ] ], 'the cart is as it was');

#------------------------------------------------------------------ customers

my $customer = make_account('CUSTOMER');
my $token = mint('CUSTOMER', $customer, 0);
$reply = add($part, 2, token => $token);
is($reply->{status}, 201, 'a customer adds') or said($reply);
is_deeply([ set_cookies($reply) ], [], 'without a cookie');
is_deeply(cart_of(token => $token), [ [ $part, 2 ] ], 'it is in the cart of the account');
is_deeply(cart_of(headers => { Cookie => "accessToken=$token" }), [ [ $part, 2 ] ],
	'whichever way the token comes');
is_deeply(cart_of(token => mint('CUSTOMER', make_account('CUSTOMER'), 0)), [],
	'another customer has another');
is_deeply([ set_cookies(add($part, 1, token => $token, with($mine))) ], [],
	'signed in, the cookie is left alone');
is_deeply([ cart_of(token => $token, with($mine)), cart_of(with($mine)) ],
	[ [ [ $part, 3 ] ], [ [ $part, 14 ], [ $other, 2 ] ] ], 'and so is the cart that it names');
is_error(add($part, 1, token => 'rubbish'), 401, 'TOKEN_INVALID',
	'a token that is none changes no cart');
is_error(
	add($part, 1, token => forge({ alg => 'HS256', typ => 'JWT' },
		claims(role => 'CUSTOMER', sub => $customer, iat => time - 7200, exp => time - 60))),
	401, 'TOKEN_EXPIRED', 'nor does an old one');

is_error(post("$api/merge", with($mine)), 401, 'MISSING_TOKEN', 'merging wants a customer');
$reply = post("$api/merge", token => $token, with($mine));
is($reply->{status}, 200, 'the guest signed in: one cart of both') or said($reply);
shape($reply->{json}{data}, \%cart, 'its shape');
is_deeply([ sort map { "@$_" } @{ lines($reply) } ], [ sort "$part 14", "$other 2" ],
	'the larger quantities');
is(scalar set_cookies($reply), 0, 'the cookie stays: what found no room waits behind it');
is_deeply(cart_of(with($mine)), [], 'what it named is gone');
$reply = post("$api/merge", token => $token, with($mine));
is($reply->{status}, 200, 'again, as two tabs do');
is_deeply([ sort map { "@$_" } @{ lines($reply) } ], [ sort "$part 14", "$other 2" ], 'the same');
is(post("$api/merge", token => $token)->{status}, 200, 'without a guest\'s cart');
is(delete_it($api, token => $token)->{status}, 200, 'the customer empties his');
is_deeply(cart_of(token => $token), [], 'empty');

sql("UPDATE mjc.account SET token_version = token_version + 1 WHERE account_id = '$customer'");
is_error(post("$api/merge", token => $token), 401, 'TOKEN_REVOKED', 'a closed session merges nothing');
is_error(add($part, 1, token => $token), 401, 'TOKEN_REVOKED', 'nor changes a cart');
is(get($api, token => $token)->{status}, 200, 'it may look as a visitor does');

#------------------------------------------------------------------ coupons and quotes

my $code = uc sprintf 'T-%X-%d', time, $$;
sql(<<~'SQL', code => $code, slug => lc "p-$code", part => $part);
	WITH p AS (INSERT INTO mjc.promotion (promotion_id, code, name, kind, scope, rate_bp, needs_coupon, product_ids)
	           VALUES (gen_random_uuid(), :'slug', 'Dix pour cent', 'percent', 'line', 1000, true, ARRAY[:'part'::uuid])
	           RETURNING promotion_id)
	INSERT INTO mjc.coupon (code, promotion_id) SELECT :'code', promotion_id FROM p
	SQL
sql('SELECT mjc.pricing_changed()');
sync_to([ [ $part, 2 ] ], with($second));

sub coupon { my ($name, @opt) = @_; return post("$api/coupons", body => { code => $name }, @opt) }

$reply = coupon(" \L$code ", with($second));
is($reply->{status}, 200, 'a coupon, in any case') or said($reply);
is(token_of($reply), $second, 'the cookie goes on');
is_deeply(data($reply)->{coupons}, [ { code => $code, status => 'APPLIED' } ], 'it is applied');
is_deeply([ @{ data($reply) }{qw(subtotal discount total)} ], [ 3000, 300, 2700 ], 'ten per cent');
is(coupon($code, with($second))->{status}, 200, 'once is enough');
is_error(coupon('NO-SUCH-COUPON', with($second)), 409, 'COUPON_UNKNOWN', 'one that is not there');
is_error(coupon($code), 409, 'COUPON_NOT_APPLICABLE', 'an empty cart takes none');
is_field(coupon($_, with($second)), 'code', 'no coupon: ' . (encode($_) =~ s/Z+/Z…/r))
	for '', ' ', undef, 7, [$code], 'Z' x 65, "A\nB";
is_field(post("$api/coupons", body => { code => $code, amount => 5 }, with($second)), 'amount',
	'nothing besides the code');
is_error(delete_it("$api/coupons/" . 'Z' x 65, with($second)), 404, 'NOT_FOUND',
	'no coupon is that long');

sub quote { my ($body, @opt) = @_; return post("$api/quote", body => $body, @opt) }

my %line = (items => [ { productId => $part, quantity => 2 } ]);
my %quote = (
	lines => [ { productId => 'uuid', quantity => 'int', unitPrice => 'num', total => 'num' } ],
	subtotal => 'num', discount => 'num', goods => 'num', shipping => 'num', stampDuty => 'num',
	total => 'num', due => 'num', coupons => 'list', discounts => 'list', taxes => 'list');
$reply = quote({ %line, wilaya => '16', deliveryMode => 'home', paymentMethod => 'CASH_ON_DELIVERY',
	coupons => [$code] });
is($reply->{status}, 200, 'a quote') or said($reply);
shape(data($reply)->{quote}, \%quote, 'its shape');
is_deeply([ @{ data($reply)->{quote} }{qw(subtotal discount goods)} ], [ 3000, 300, 2700 ],
	'with the coupon');
is($reply->{headers}{'cache-control'}, 'private, no-store', 'nobody keeps it');
is_deeply([ set_cookies($reply) ], [], 'and it sets no cookie');
is(data(quote({ wilaya => '16' }, with($second)))->{quote}{discount}, 300,
	'without lines those of the cart and its coupon');
is(data(quote(\%line))->{quote}{discount}, 0, 'without a coupon');
is_error(quote({ %line, wilaya => 'alger', deliveryMode => 'stop_desk' }), 409, 'TARIFF_MISSING',
	'to a desk, which has no tariff yet');
is_error(quote({ %line, coupons => ['NO-SUCH'] }), 409, 'COUPON_UNKNOWN', 'a coupon that is not there');
is_error(quote({ %line, paymentMethod => 'Zx9Canary' }), 422, 'PAYMENT_METHOD_UNKNOWN', 'or payment');
is_error(quote({}), 422, 'ORDER_LINES_COUNT', 'of nothing');
is(post("$api/quote", with($second))->{status}, 200, 'without a body');
for my $case (
	[ 'items', 'no lines', items => [] ],
	[ 'items', 'fifty-one', items => [ map { { productId => $_, quantity => 1 } } @many ] ],
	[ 'items[0].quantity', 'no quantity', items => [ { productId => $part } ] ],
	[ 'wilaya', 'a long wilaya', %line, wilaya => 'x' x 51 ],
	[ 'wilaya', 'a number', %line, wilaya => 16 ],
	[ 'deliveryMode', 'another mode', %line, deliveryMode => 'Zx9Canary' ],
	[ 'paymentMethod', 'a long method', %line, paymentMethod => 'x' x 51 ],
	[ 'coupons', 'no list', %line, coupons => 'A' ],
	[ 'coupons', 'eleven', %line, coupons => [ 'A' .. 'K' ] ],
	[ [ 'coupons[0]', 'coupons[2]' ], 'not texts', %line, coupons => [ 1, 'A', undef ] ],
	[ 'coupons[1]', 'an empty one', %line, coupons => [ 'A', ' ' ] ])
{
	my ($field, $name, @body) = @$case;
	my $refused = quote({@body});

	is_field($refused, $field, "quote: $name");
	unlike($refused->{content}, qr/Zx9Canary/, 'what was sent is not said again');
}
$reply = delete_it("$api/coupons/" . uri(lc $code), with($second));
is($reply->{status}, 200, 'the coupon is taken out');
is_deeply(data($reply)->{coupons}, [], 'none is left');
is(delete_it("$api/coupons/$code", with($second))->{status}, 200, 'twice is no harm');

#------------------------------------------------------------------ shipping by mode

my %ship = (wilaya => '16', totalAmount => 1000);
my $cost = '/api/v1/payments/shipping-cost';
is(post($cost, body => { %ship, deliveryMode => $_ })->{status}, 200, 'shipping: ' . ($_ // 'null'))
	for 'home', 'HOME', '', undef;
is_error(post($cost, body => { %ship, deliveryMode => 'stop_desk' }), 409, 'TARIFF_MISSING',
	'shipping: to a desk, which has no tariff yet');
is_field(post($cost, body => { %ship, deliveryMode => $_ }), 'deliveryMode', 'shipping: no mode')
	for 'Zx9Canary', 1;

#------------------------------------------------------------------ the shim's own settings

my $shim = start_shim(MJC_COOKIE_SECURE => 'true', MJC_COOKIE_DOMAIN => '.mjchauffage.com',
	MJC_LOG_LEVEL => 'debug');
my ($line) = set_cookies($reply = add($part, 1, shim => $shim));
like($line // '', qr/; Secure; Domain=\.mjchauffage\.com$/, 'Secure and Domain as configured');
my $logged = token_of($reply);
get($api, shim => $shim, with($logged));
add($none, 1, shim => $shim, with($logged));
post("$api/merge", shim => $shim, token => mint('CUSTOMER', make_account('CUSTOMER'), 0), with($logged));
stop_shim($shim);
my $log = join "\n", map { encode($_) } shim_log($shim);
like($log, qr{/cart/items}, 'the log has the requests');
unlike($log, qr/\Q$logged\E/, 'and no token');

$shim = start_shim(MJC_RATE_SCALE => 0.001);
my @statuses = map { get($api, shim => $shim)->{status} } 1 .. 3;
is_deeply(\@statuses, [ 200, 429, 429 ], 'a thousandth of a thousand at once');
my $page = HTTP::Tiny->new->get("$shim->{metrics}/metrics")->{content};
is(metric($page, 'mjc_rate_limited_total{class="cart"}'), 2, 'the metrics name the class');

finish();

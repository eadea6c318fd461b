#!/usr/bin/perl
#
# pricing_admin.t - what an admin sets prices with: customer groups, prices and price lists,
# promotions, coupons, tariffs, carrier zones, gift cards; and what each route refuses.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use POSIX qw(strftime);
use Shop;
use Test::More;

my $api = '/api/v1/admin';
my $token = admin_token();
my $none = '00000000-0000-4000-8000-0000000000ff';
my $run = sprintf '%x-%d', time, $$;
my $part = make_product(price => 1000, stock => 50, name => 'Sonde de température');

sub data { return $_[0]{json}{data} // {} }

sub see { my ($path, @opt) = @_; return get("$api/$path", token => $token, @opt) }

sub make { my ($path, $body, @opt) = @_; return post("$api/$path", token => $token, body => $body, @opt) }

sub change { my ($path, $body, @opt) = @_; return put("$api/$path", token => $token, body => $body, @opt) }

sub remove { my ($path, @opt) = @_; return request('DELETE', "$api/$path", token => $token, @opt) }

# An instant so many seconds from now, as JavaScript writes it.
sub in_seconds { return strftime('%Y-%m-%dT%H:%M:%S.000Z', gmtime(time + $_[0])) }

sub quoted
{
	my ($quantity, %body) = @_;
	my $quote = post('/api/v1/cart/quote',
		body => { items => [ { productId => $part, quantity => $quantity } ], wilaya => '16', %body });

	return data($quote)->{quote} // { error => $quote->{json}{code} };
}

#------------------------------------------------------------------ every route, what it refuses

# Routes that take a document, with a list of their own for the places in the path.
my @documents = (
	[ PUT => 'customer-groups/pro' ], [ PUT => "products/$part/price" ], [ POST => 'price-lists' ],
	[ PUT => "price-lists/$none" ], [ POST => "price-lists/$none/prices" ], [ POST => 'promotions' ],
	[ PUT => "promotions/$none" ], [ POST => 'coupons' ], [ PUT => 'coupons/NO-SUCH' ],
	[ POST => 'shipping-tariffs' ], [ PUT => "shipping-tariffs/$none" ], [ POST => 'carrier-zones' ],
	[ POST => 'gift-cards' ]);
my @routes = (
	@documents,
	map({ [ GET => $_ ] } qw(customer-groups price-lists promotions coupons shipping-tariffs
		carrier-zones gift-cards), "price-lists/$none/prices", "promotions/$none", 'coupons/NO-SUCH',
		"gift-cards/$none"),
	map({ [ DELETE => $_ ] } "price-lists/$none", "price-lists/$none/prices/$none",
		"promotions/$none", 'coupons/NO-SUCH', "shipping-tariffs/$none", "gift-cards/$none"),
	[ POST => "promotions/$none/what-if", { dateFrom => '2026-01-01', dateTo => '2026-01-31' } ],
	[ PUT => "customers/$none/group", { customerGroup => 'retail' } ]);
my %who = map { $_ => mint($_, make_account($_), 0) } qw(CUSTOMER TECHNICIAN);
my $liar = mint('ADMIN', make_account('CUSTOMER'), 0);

for my $route (@routes)
{
	my ($method, $path, $body) = @$route;
	my @body = $body || $method =~ /^P/ ? (body => $body // {}) : ();

	is_error(request($method, "$api/$path", @body), 401, 'MISSING_TOKEN', "$method $path: nobody");
	is_error(request($method, "$api/$path", @body, token => $who{$_}), 403, 'FORBIDDEN', $_)
		for sort keys %who;
	is_error(request($method, "$api/$path", @body, token => $liar), 403, 'FORBIDDEN',
		'a customer who says admin');
	is_error(
		request($method, "$api/$path", @body,
			headers => { Cookie => "accessToken=$token", Origin => 'https://evil.example' }),
		403, 'ORIGIN_REFUSED', 'from another site') if $method ne 'GET';
}

for my $route (@documents)
{
	my ($method, $path) = @$route;
	my $name = "$method $path";
	my $send = sub { return request($method, "$api/$path", token => $token, @_) };

	is_field($send->(content => $_), 'body', "$name: body $_") for '[]', '[{}]', 'null', '"x"', '7';
	is_field($send->(), 'body', "$name: no body");
	is_error($send->(content => $_), 400, 'MALFORMED_REQUEST', "$name: $_")
		for '{', '{"a":1,"a":2}', '{"a":"\u0000"}', '{"a":{"b":1,"b":1}}', "{\"a\":\"\xff\"}",
		'{"a":123456789012345678901234567890}';
	is_error($send->(content => '{"a":' . '[' x 70 . ']' x 70 . '}'), 400, 'MALFORMED_REQUEST',
		"$name: too deep");
	is_field($send->(body => { name => 'Zx9' x 22000 }), 'body', "$name: too large");
	is_error($send->(content => 'a=b', headers => { 'Content-Type' => 'text/plain' }), 415,
		'UNSUPPORTED_MEDIA_TYPE', "$name: not JSON");
	for my $bad (
		{ zx9Field => 'Zx9Canary' }, { '<script>' => 'Zx9Canary' }, { '' => 1 },
		{ map { $_ => { 'Zx9Canary' => [] } } qw(name code amount price kind percent) },
		{ map { $_ => 'Zx9Canary' x 40 } qw(name code amount price kind percent product from zone) },
		{ map { $_ => [ 1, undef, { a => 1 } ] } qw(name products wilayas from until active) },
		{ map { $_ => 1e300 } qw(price amount percent maxUses sortOrder minQuantity) },
		{ map { $_ => -1 } qw(price amount percent maxUses sortOrder minQuantity) })
	{
		my $refused = $send->(body => $bad);

		like($refused->{status}, qr/^(?:404|422)$/, "$name: fields that are none") or said($refused);
		unlike($refused->{content}, qr/Zx9Canary|<script>/, 'what was sent is not said again');
	}
}

for my $case (
	[ GET => 'promotions/x' ], [ PUT => 'promotions/7' ], [ DELETE => 'promotions/%27' ],
	[ PUT => 'price-lists/x' ], [ DELETE => 'price-lists/x' ], [ GET => 'price-lists/x/prices' ],
	[ POST => 'price-lists/x/prices' ], [ DELETE => "price-lists/$none/prices/x" ],
	[ DELETE => "price-lists/x/prices/$none" ], [ PUT => 'products/x/price' ],
	[ PUT => 'customers/x/group' ], [ POST => 'promotions/x/what-if' ], [ PUT => 'shipping-tariffs/x' ],
	[ DELETE => 'shipping-tariffs/x' ], [ GET => 'gift-cards/x' ], [ DELETE => 'gift-cards/x' ],
	[ GET => 'coupons/' . 'x' x 65 ], [ PUT => 'coupons/' . 'x' x 65 ],
	[ DELETE => 'coupons/' . 'x' x 65 ], [ PUT => 'customer-groups/' . 'x' x 65 ],
	[ GET => 'coupons/%20' ])
{
	my ($method, $path) = @$case;

	is_error(
		request($method, "$api/$path", token => $token, $method =~ /^P/ ? (body => {}) : ()),
		404, 'NOT_FOUND', "$method " . ($path =~ s/x{9,}/x…/r) . ': nothing has such a name');
}

for my $list ("price-lists/$none/prices", qw(promotions coupons gift-cards))
{
	is_field(see("$list?page=$_"), 'page', "$list: page $_") for 0, -1, 100_001, 'x', '1.5';
	is_field(see("$list?limit=$_"), 'limit', "$list: limit $_") for 0, -1, 501, 'x';
	is_field(see("$list?page=1&page=2"), 'page', "$list: two pages");
}
is_field(see('coupons?promotionId=x'), 'promotionId', 'coupons of no promotion');
is_field(see("price-lists/$none/prices?productId=x"), 'productId', 'prices of no product');
is_field(see('shipping-tariffs?deliveryMode=Zx9'), 'deliveryMode', 'tariffs of no mode');
is_field(see('shipping-tariffs?place=' . 'x' x 51), 'place', 'tariffs of a long place');
is_field(see('carrier-zones?carrier=' . 'x' x 51), 'carrier', 'zones of a long carrier');
for my $case (
	[ 'dateFrom', 'no day', dateFrom => 'Zx9', dateTo => '2026-01-01' ],
	[ 'dateFrom', 'the 30th of February', dateFrom => '2026-02-30', dateTo => '2026-03-01' ],
	[ 'dateTo', 'a number', dateFrom => '2026-01-01', dateTo => 20260101 ],
	[ 'x', 'something else', dateFrom => '2026-01-01', dateTo => '2026-01-02', x => 1 ])
{
	my ($field, $name, @body) = @$case;

	is_field(make("promotions/$none/what-if", {@body}), $field, "what if: $name");
}
for my $case (
	[ 'customerGroup', 'no group' ], [ 'customerGroup', 'an empty one', customerGroup => ' ' ],
	[ 'customerGroup', 'a long one', customerGroup => 'x' x 31 ],
	[ 'customerGroup', 'a number', customerGroup => 7 ],
	[ 'role', 'something else', customerGroup => 'retail', role => 'ADMIN' ])
{
	my ($field, $name, @body) = @$case;

	is_field(change("customers/$none/group", {@body}), $field, "group of a customer: $name");
}
is_error(make($_, {}, key => ''), 400, 'IDEMPOTENCY_KEY_INVALID', "$_: an empty key")
	for qw(price-lists promotions coupons shipping-tariffs gift-cards), "price-lists/$none/prices";

#------------------------------------------------------------------ groups of customers

my %group = (code => 'text', name => 'text', nameAr => 'text', sortOrder => 'int');
my $group = "g-$run";
my $reply = change("customer-groups/$group", { name => 'Artisans', nameAr => 'حرفيون', sortOrder => 7 });
is($reply->{status}, 200, 'a group is made') or said($reply);
shape(data($reply), { customerGroup => \%group }, 'its shape');
is(data(change("customer-groups/$group", { name => 'Pros' }))->{customerGroup}{nameAr}, 'حرفيون',
	'what is not named stays');
$reply = see('customer-groups');
shape(data($reply), { customerGroups => [ \%group ] }, 'the list');
is_deeply([ map { $_->{name} } grep { $_->{code} eq $group } @{ data($reply)->{customerGroups} } ],
	['Pros'], 'has it once');
is($reply->{headers}{'cache-control'}, 'no-store', 'and is kept nowhere');
is_error(change('customer-groups/UPPER', { name => 'x', nameAr => 'x' }), 422, 'ARGUMENT_INVALID',
	'a code of another form');
is_error(change("customer-groups/x$group", { name => 'x' }), 422, 'ARGUMENT_MISSING', 'half a group');
my $client = place([ [ $part, 1 ] ])->{customerId};
$reply = change("customers/$client/group", { customerGroup => $group });
is_deeply([ $reply->{status}, data($reply) ],
	[ 200, { customerId => $client, customerGroup => $group } ], 'a customer joins');
is_error(change("customers/$client/group", { customerGroup => 'no-such' }), 422,
	'CUSTOMER_GROUP_UNKNOWN', 'a group that is not there');
is_error(change("customers/$none/group", { customerGroup => $group }), 404, 'NOT_FOUND',
	'a customer who is not there');
is(
	sql(<<~'SQL', id => $client), 'rest customer_group_assign t ' . admin_id(), 'the audit knows');
	SELECT concat_ws(' ', channel, action, request_id IS NOT NULL, actor) FROM mjc.audit
	WHERE subject_id = :'id' ORDER BY audit_id DESC LIMIT 1
	SQL

#------------------------------------------------------------------ the price of a product

my %price = (productId => 'uuid', price => 'num', salePrice => 'num?', saleFrom => 'time?',
	saleUntil => 'time?', minPrice => 'num?', updatedAt => 'time');

sub window
{
	my $shown = get("/api/v1/products/$part")->{json}{data}{product};

	return [ @$shown{qw(price salePrice)} ];
}

$reply = change("products/$part/price", { price => 1500.10 });
is($reply->{status}, 200, 'another price') or said($reply);
shape(data($reply), { price => \%price }, 'its shape');
is_deeply(window(), [ 1500.1, undef ], 'the window shows it to the centime');
is_deeply(data(change("products/$part/price", { salePrice => 1200, saleUntil => in_seconds(3600) }))
		->{price}{salePrice}, 1200, 'a sale');
is_deeply(window(), [ 1500.1, 1200 ], 'is shown');
is(quoted(1)->{lines}[0]{unitPrice}, 1200, 'and paid');
change("products/$part/price", { saleFrom => in_seconds(1800) });
is(quoted(1)->{lines}[0]{unitPrice}, 1500.1, 'a sale to come is not');
change("products/$part/price", { salePrice => undef, price => 1000 });
is_deeply(window(), [ 1000, undef ], 'null ends it');
for my $case (
	[ ARGUMENT_INVALID => 'three decimals', price => 1.005 ],
	[ ARGUMENT_INVALID => 'a text', price => '1000' ],
	[ ARGUMENT_RANGE => 'less than nothing', price => -1 ],
	[ ARGUMENT_RANGE => 'a sale above the price', salePrice => 1001 ],
	[ ARGUMENT_INVALID => 'an unknown field', cost => 1 ],
	[ ARGUMENT_INVALID => 'no instant', salePrice => 900, saleFrom => 'tomorrow' ],
	[ ARGUMENT_RANGE => 'an end before the start', salePrice => 900, saleFrom => in_seconds(60),
		saleUntil => in_seconds(30) ])
{
	my ($code, $name, @body) = @$case;

	is_error(change("products/$part/price", {@body}), 422, $code, "price: $name");
}
is_error(change("products/$none/price", { price => 1 }), 404, 'NOT_FOUND', 'no product');

#------------------------------------------------------------------ price lists

my %list = (id => 'uuid', code => 'text', name => 'text', kind => 'text', customerGroup => 'text?',
	prices => 'int', createdAt => 'time', updatedAt => 'time');
my %entry = (id => 'uuid', priceListId => 'uuid', product => 'uuid', sku => 'text',
	productName => 'text', amount => 'num', minQuantity => 'int', maxQuantity => 'int?',
	from => 'time', until => 'time?', state => 'text');
my %page = (page => 'int', limit => 'int', total => 'int', totalPages => 'int');
my %new = (code => "l-$run", name => 'Soldes', kind => 'sale');
my %key = (key => "list-$run");
$reply = make('price-lists', \%new, %key);
is($reply->{status}, 201, 'a price list') or said($reply);
shape(data($reply), { priceList => \%list }, 'its shape');
my $list = data($reply)->{priceList}{id};
my $again = make('price-lists', \%new, %key);
is_deeply([ @$again{qw(status content)} ], [ @$reply{qw(status content)} ], 'with one key it is one');
is($again->{headers}{'idempotent-replayed'}, 'true', 'and said to be');
is_error(make('price-lists', { %new, name => 'Other' }, %key), 422, 'IDEMPOTENCY_KEY_REUSED',
	'the key for another');
is_error(make('price-lists', { %new, name => 'Other' }), 409, 'CODE_EXISTS', 'the code for another');
is_error(make('price-lists', { %new, code => "k-$run", kind => 'half' }), 422, 'ARGUMENT_INVALID',
	'of no kind');
is_error(make('price-lists', { %new, code => "k-$run", customerGroup => 'no-such' }), 422,
	'CUSTOMER_GROUP_UNKNOWN', 'for nobody');
is(data(change("price-lists/$list", { name => 'Soldes d’été' }))->{priceList}{name}, 'Soldes d’été',
	'another name');
shape(data(see('price-lists')), { priceLists => [ \%list ] }, 'all of them');
is_error(change("price-lists/$none", { name => 'x' }), 404, 'NOT_FOUND', 'none to change');

$reply = make("price-lists/$list/prices", { product => $part, amount => 800, minQuantity => 2 });
is($reply->{status}, 201, 'a price for two and more') or said($reply);
shape(data($reply), { price => \%entry }, 'its shape');
my $price = data($reply)->{price}{id};
is_error(make("price-lists/$list/prices", { product => $part, amount => 700 }), 409, 'PRICE_OVERLAP',
	'another for the same');
is_error(make("price-lists/$none/prices", { product => $part, amount => 700 }), 404, 'NOT_FOUND',
	'in no list');
is_error(make("price-lists/$list/prices", { product => 'NO-SUCH', amount => 700 }), 422,
	'ARGUMENT_INVALID', 'of no product');
my $coming = data(make("price-lists/$list/prices",
	{ product => $part, amount => 900, maxQuantity => 1, from => in_seconds(3600) }))->{price};
is($coming->{state}, 'coming', 'a price to come');
$reply = see("price-lists/$list/prices?productId=$part");
shape(data($reply), { prices => [ \%entry ], pagination => \%page }, 'the prices of a list');
is_deeply([ map { $_->{id} } @{ data($reply)->{prices} } ], [ $coming->{id}, $price ], 'both');
is(scalar @{ data(see("price-lists/$list/prices?limit=1&page=2"))->{prices} }, 1, 'by pages');
is_deeply(data(see("price-lists/$list/prices?productId=$none"))->{prices}, [], 'of another product');
is_error(see("price-lists/$none/prices"), 404, 'NOT_FOUND', 'of no list');

is_deeply([ map { quoted($_)->{lines}[0]{unitPrice} } 1, 2 ], [ 1000, 800 ], 'the buyer of two pays less');
is_error(remove("price-lists/$none/prices/$price"), 404, 'NOT_FOUND', 'no list has that price');
is(data(remove("price-lists/$list/prices/$price"))->{result}, 'ended', 'a price is ended');
is(quoted(2)->{lines}[0]{unitPrice}, 1000, 'from now on');
is(data(remove("price-lists/$list/prices/$coming->{id}"))->{result}, 'deleted', 'one to come is deleted');
is_error(remove("price-lists/$list/prices/$coming->{id}"), 404, 'NOT_FOUND', 'once');
is(data(remove("price-lists/$list"))->{deleted}, JSON::PP::false, 'a list with a past stays');
my $empty = data(make('price-lists', { code => "e-$run", name => 'x', kind => 'override' }))->{priceList}{id};
is(data(remove("price-lists/$empty"))->{deleted}, JSON::PP::true, 'one without goes');
is_error(remove("price-lists/$empty"), 404, 'NOT_FOUND', 'once');

#------------------------------------------------------------------ promotions

my %promotion = (id => 'uuid', code => 'text', name => 'text', kind => 'text', scope => 'text',
	percent => 'num?', amount => 'num?', priority => 'int', needsCoupon => 'bool', active => 'bool',
	products => 'list', from => 'time?', until => 'time?', createdAt => 'time', updatedAt => 'time');
my %offer = (code => "p-$run", name => 'Dix pour cent', nameAr => 'عشرة بالمئة', kind => 'percent',
	scope => 'line', percent => 10, products => [$part]);
$reply = make('promotions', \%offer);
is($reply->{status}, 201, 'a promotion') or said($reply);
shape(data($reply), { promotion => \%promotion }, 'its shape');
my $promotion = data($reply)->{promotion}{id};
is(quoted(2)->{discount}, 200, 'the buyer has it');
is_deeply(data(see("promotions/$promotion"))->{promotion}, data($reply)->{promotion}, 'it is read again');
$reply = change("promotions/$promotion", { percent => 12.5 });
is_deeply([ $reply->{status}, data($reply)->{promotion}{percent} ], [ 200, 12.5 ], 'changed');
is(quoted(2)->{discount}, 250, 'for the buyer too');
$reply = see('promotions?active=true&limit=500');
shape(data($reply), { promotions => [ \%promotion ], pagination => \%page }, 'the list');
is(scalar(grep { $_->{id} eq $promotion } @{ data($reply)->{promotions} }), 1, 'has it');
is(scalar(grep { $_->{id} eq $promotion } @{ data(see('promotions?active=false&limit=500'))->{promotions} }),
	0, 'not among those that are off');
is_error(make('promotions', { %offer, name => 'Other' }), 409, 'CODE_EXISTS', 'its code again');
is_error(make('promotions', { %offer, code => "q-$run", amount => 5 }), 422, 'PROMOTION_INVALID',
	'two kinds in one');
is_error(make('promotions', { %offer, code => "q-$run", percent => 101 }), 422, 'ARGUMENT_RANGE',
	'more than all');
is_error(make('promotions', { %offer, code => "q-$run", products => [$none] }), 422,
	'ARGUMENT_INVALID', 'for nothing');
is_error(make('promotions', { %offer, code => "q-$run", from => in_seconds(60), until => in_seconds(5) }),
	422, 'ARGUMENT_RANGE', 'that ends before it begins');

my %result = (orders => 'int', changed => 'int', totalBefore => 'num', totalAfter => 'num',
	difference => 'num', sample => [ { orderId => 'uuid', orderNumber => 'text', totalBefore => 'num',
		totalAfter => 'num', difference => 'num' } ]);
$reply = make("promotions/$promotion/what-if",
	{ dateFrom => in_seconds(-86400), dateTo => in_seconds(60) });
is($reply->{status}, 200, 'what if') or said($reply);
shape(data($reply), \%result, 'its shape');
cmp_ok(data($reply)->{orders}, '>=', 1, 'there was an order');
is(post("$api/promotions/$promotion/what-if", token => $token)->{status}, 200, 'of the last days');
is(data(make("promotions/$promotion/what-if", { dateFrom => '2020-01-01', dateTo => '2020-01-31' }))
		->{orders}, 0, 'of days without orders');
is_error(remove("promotions/$promotion"), 409, 'PRICING_IN_USE', 'what was on is not deleted');
is(data(change("promotions/$promotion", { active => JSON::PP::false }))->{promotion}{active},
	JSON::PP::false, 'but turned off');
is(quoted(2)->{discount}, 0, 'nobody has it');
my $later = data(make('promotions', { %offer, code => "r-$run", from => in_seconds(3600) }))->{promotion}{id};
is(data(remove("promotions/$later"))->{deleted}, JSON::PP::true, 'one that never was is deleted');
is_error($_->("promotions/$later"), 404, 'NOT_FOUND', 'and gone') for \&remove, \&see;

#------------------------------------------------------------------ coupons

my %coupon = (code => 'text', promotion => 'text', promotionId => 'uuid', uses => 'int',
	maxUses => 'int?', maxUsesPerCustomer => 'int?', customer => 'uuid?', active => 'bool',
	from => 'time?', until => 'time?', createdAt => 'time');
my $by_coupon = data(make('promotions',
	{ %offer, code => "c-$run", percent => 20, needsCoupon => JSON::PP::true }))->{promotion}{id};
my $code = uc "C-$run";
$reply = make('coupons', { code => lc $code, promotion => "c-$run", maxUses => 5 });
is($reply->{status}, 201, 'a coupon') or said($reply);
shape(data($reply), { coupon => \%coupon }, 'its shape');
is(data($reply)->{coupon}{code}, $code, 'in capitals');
is_deeply(data(see('coupons/' . lc $code))->{coupon}, data($reply)->{coupon}, 'read in any case');
is(quoted(1, coupons => [$code])->{discount}, 200, 'the buyer uses it');
is(quoted(1)->{discount}, 0, 'or does not');
is(data(change("coupons/$code", { maxUses => undef, maxUsesPerCustomer => 1 }))->{coupon}{maxUses},
	undef, 'changed');
$reply = see("coupons?promotionId=$by_coupon");
shape(data($reply), { coupons => [ \%coupon ], pagination => \%page }, 'the list');
is_deeply([ map { $_->{code} } @{ data($reply)->{coupons} } ], [$code], 'of a promotion');
is_error(make('coupons', { code => $code, promotion => "c-$run" }), 409, 'CODE_EXISTS', 'again');
is_error(make('coupons', { code => "X$code", promotion => "p-$run" }), 422, 'ARGUMENT_INVALID',
	'of a promotion that needs none');
is_error(make('coupons', { code => '!', promotion => "c-$run" }), 422, 'ARGUMENT_INVALID',
	'a code that cannot be typed');
is_error(make('coupons', { promotion => "c-$run" }), 422, 'ARGUMENT_MISSING', 'without a code');
is_error(see('coupons/NO-SUCH'), 404, 'NOT_FOUND', 'none to see');
change("coupons/$code", { active => JSON::PP::false });
is(quoted(1, coupons => [$code])->{error}, 'COUPON_EXPIRED', 'turned off, it is refused');
is(data(remove("coupons/$code"))->{deleted}, JSON::PP::true, 'a coupon that nobody used is deleted');
is_error(remove("coupons/$code"), 404, 'NOT_FOUND', 'once');

#------------------------------------------------------------------ tariffs and zones

my %tariff = (id => 'uuid', place => 'text', deliveryMode => 'text', amount => 'num',
	includedWeight => 'num?', stepWeight => 'num?', stepAmount => 'num?', from => 'text?',
	until => 'text?', draft => 'bool');
my $today = sql('SELECT mjc.algiers_date(now())');
my $month = sql('SELECT mjc.algiers_date(now()) + 30');
my %tariff_of = (place => '55', deliveryMode => 'stop_desk', amount => 450);
$reply = make('shipping-tariffs', { %tariff_of, from => $month });
is($reply->{status}, 201, 'a tariff to come') or said($reply);
shape(data($reply), { tariff => \%tariff }, 'its shape');
my $tariff = data($reply)->{tariff}{id};
is_error(make('shipping-tariffs', { %tariff_of, from => $month, amount => 460 }), 409,
	'TARIFF_OVERLAP', 'another for those days');
is(data(change("shipping-tariffs/$tariff", { amount => 475.5 }))->{tariff}{amount}, 475.5, 'changed');
$reply = see('shipping-tariffs?place=55&deliveryMode=stop_desk');
shape(data($reply), { tariffs => [ \%tariff ] }, 'the list of a place');
is_deeply([ map { $_->{id} } @{ data($reply)->{tariffs} } ], [$tariff], 'has it');
cmp_ok(scalar @{ data(see('shipping-tariffs'))->{tariffs} }, '>', 1, 'all of them');
is(data(remove("shipping-tariffs/$tariff"))->{result}, 'deleted', 'one to come is deleted');
is_error(remove("shipping-tariffs/$tariff"), 404, 'NOT_FOUND', 'once');
$tariff = data(make('shipping-tariffs', { %tariff_of, from => $today }))->{tariff}{id};
is(post('/api/v1/payments/shipping-cost',
		body => { wilaya => '55', deliveryMode => 'stop_desk', totalAmount => 1 })->{json}{data}{shippingCost},
	450, 'one from today is what a buyer pays');
is(quoted(1, wilaya => '55', deliveryMode => 'stop_desk')->{shipping}, 450, 'in a quote too');
is_error(change("shipping-tariffs/$tariff", { amount => 1 }), 409, 'PRICING_IN_USE',
	'and is not changed any more');
is(data(remove("shipping-tariffs/$tariff"))->{result}, 'ended', 'but ended');
sql("DELETE FROM mjc.shipping_tariff WHERE tariff_id = '$tariff'");
is_error(make('shipping-tariffs', { %tariff_of, place => 'Atlantis' }), 422, 'ARGUMENT_INVALID',
	'for no place');
is_error(make('shipping-tariffs', { %tariff_of, deliveryMode => 'drone' }), 422,
	'DELIVERY_MODE_UNKNOWN', 'in no mode');

my %zone = (carrier => 'text', wilaya => 'text', zone => 'text?', from => 'text?', until => 'text?');
my $carrier = 't-' . ($run =~ s/.*-//r);
$reply = make('carrier-zones', { carrier => $carrier, wilaya => 'Alger', zone => "z-$carrier" });
is($reply->{status}, 200, 'a zone of a carrier') or said($reply);
shape(data($reply), { carrierZone => \%zone }, 'its shape');
is(data(make('carrier-zones', { carrier => $carrier, wilaya => '16', zone => "y-$carrier" }))
		->{carrierZone}{zone}, "y-$carrier", 'another one instead');
$reply = see("carrier-zones?carrier=$carrier");
shape(data($reply), { carrierZones => [ \%zone ] }, 'the list');
is_deeply([ map { "$_->{wilaya} $_->{zone}" } @{ data($reply)->{carrierZones} } ],
	["16 y-$carrier"], 'has it');
is(data(make('carrier-zones', { carrier => $carrier, wilaya => '16' }))->{carrierZone}{zone}, undef,
	'none any more');
is_error(make('carrier-zones', { carrier => $carrier, wilaya => 'Atlantis', zone => 'z1' }), 422,
	'ARGUMENT_INVALID', 'for no place');

#------------------------------------------------------------------ gift cards

my %card = (id => 'uuid', kind => 'text', balance => 'num', lastFour => 'text?', expiresOn => 'text?',
	active => 'bool', createdAt => 'time', customer => 'uuid?');
%key = (key => "card-$run");
my %gift = (amount => 2500.50, expiresOn => '2099-12-31');
$reply = make('gift-cards', \%gift, %key);
is($reply->{status}, 201, 'a gift card') or said($reply);
shape(data($reply), { giftCard => { %card, code => 'text' } }, 'its shape');
my ($card, $secret) = @{ data($reply)->{giftCard} }{qw(id code)};
is_deeply([ @{ data($reply)->{giftCard} }{qw(balance expiresOn)} ], [ 2500.5, '2099-12-31' ], 'its worth');
$again = make('gift-cards', \%gift, %key);
is_deeply([ $again->{status}, @{ data($again)->{giftCard} }{qw(id code)} ], [ 201, $card, undef ],
	'a repeat does not tell the code again');
is($again->{headers}{'idempotent-replayed'}, 'true', 'it is a repeat');
$reply = see('gift-cards?limit=500');
shape(data($reply), { credits => [ \%card ], pagination => \%page }, 'the list');
unlike($reply->{content}, qr/\Q$secret\E/, 'has no code');
$reply = see("gift-cards/$card");
shape(data($reply), { credit => { %card,
	movements => [ { seq => 'int', kind => 'text', amount => 'num', balance => 'num', at => 'time' } ] } },
	'one of them');
unlike($reply->{content}, qr/\Q$secret\E/, 'without its code');
is(sql("SELECT count(*) FROM mjc.credit_code c WHERE c::text LIKE '%' || :'code' || '%'", code => $secret),
	0, 'which nobody keeps');
for my $case (
	[ ARGUMENT_MISSING => 'of no amount' ], [ ARGUMENT_RANGE => 'of nothing', amount => 0 ],
	[ ARGUMENT_INVALID => 'of half a centime', amount => 1.005 ],
	[ ARGUMENT_RANGE => 'that is over', amount => 5, expiresOn => '2020-01-01' ],
	[ ARGUMENT_INVALID => 'until no day', amount => 5, expiresOn => '2099-02-30' ],
	[ ARGUMENT_INVALID => 'for nobody', amount => 5, customer => $none ],
	[ ARGUMENT_INVALID => 'with a code', amount => 5, code => 'FREE' ])
{
	my ($what, $name, @body) = @$case;

	is_error(make('gift-cards', {@body}), 422, $what, "a gift card $name");
}
is(data(remove("gift-cards/$card"))->{credit}{active}, JSON::PP::false, 'a lost card is closed');
is(remove("gift-cards/$card")->{status}, 200, 'twice is no harm');
is_error($_->("gift-cards/$none"), 404, 'NOT_FOUND', 'none to close or see') for \&remove, \&see;

#------------------------------------------------------------------ an order with all of it

my %desk = (place => '54', deliveryMode => 'stop_desk', amount => 450);
my $desk = data(make('shipping-tariffs', \%desk))->{tariff}{id};
my $used = data(make('coupons', { code => "D-$run", promotion => "c-$run" }))->{coupon}{code};
my $spent = data(make('gift-cards', { amount => 300 }))->{giftCard};
my %address = (street => '5 rue Larbi', city => 'In Guezzam', region => '54');

sub order
{
	my (%change) = @_;

	return post('/api/v1/orders/guest', body => order_body([ [ $part, 1 ] ],
		shippingAddress => \%address, deliveryMode => 'stop_desk', %change));
}

$reply = order(coupons => [ lc $used ], giftCards => [ $spent->{code} ]);
is($reply->{status}, 201, 'an order with coupon and gift card, to a desk') or said($reply);
is_deeply([ @{ order_of($reply) }{qw(subtotal discount shipping)} ], [ 1000, 200, 450 ], 'as quoted');
unlike($reply->{content}, qr/\Q$spent->{code}\E/, 'the answer has no code of a card');
is(data(see("gift-cards/$spent->{id}"))->{credit}{balance}, 0, 'the card is spent');
is(data(see("coupons/$used"))->{coupon}{uses}, 1, 'the coupon is used');
is_error(remove("coupons/$used"), 409, 'PRICING_IN_USE', 'and not deleted any more');
is(order(coupons => [], giftCards => undef)->{status}, 201, 'without any');
is_error(order(coupons => ['NO-SUCH']), 409, 'COUPON_UNKNOWN', 'with a coupon that is not there');
is_error(order(giftCards => ['NO-SUCH']), 409, 'GIFT_CARD_UNKNOWN', 'or card');
for my $case (
	[ 'coupons', 'no list', coupons => $used ], [ 'coupons', 'eleven', coupons => [ 'A' .. 'K' ] ],
	[ 'coupons[1]', 'an empty one', coupons => [ 'A', '' ] ],
	[ 'giftCards', 'no list', giftCards => { a => 1 } ],
	[ [ 'giftCards[0]', 'giftCards[1]' ], 'not texts', giftCards => [ 5, ['Zx9Canary'] ] ],
	[ 'deliveryMode', 'no mode', deliveryMode => 'Zx9Canary' ])
{
	my ($field, $name, @body) = @$case;
	my $refused = order(@body);

	is_field($refused, $field, "an order: $name");
	unlike($refused->{content}, qr/Zx9Canary/, 'what was sent is not said again');
}

change("promotions/$by_coupon", { active => JSON::PP::false });
sql("DELETE FROM mjc.shipping_tariff WHERE tariff_id = '$desk'");
finish();

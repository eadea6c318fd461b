#!/usr/bin/perl
#
# pricing_admin.t - what an admin sets prices with: customer groups, prices and price lists,
# promotions, coupons, tariffs, carrier zones, gift cards; and what each route refuses.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
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


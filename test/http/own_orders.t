#!/usr/bin/perl
#
# own_orders.t - orders of customers who are signed in, with everything that changes what they
# pay: the prices of their group, coupons, gift cards, store credit; what a cancel gives back,
# and what is refused.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use Shop;
use Test::More;
use Time::HiRes qw(time);

my $api = '/api/v1';
my $run = sprintf '%x%x', time, $$;
my $serial = 0;
my $part = make_product(price => 1000, stock => 900, name => 'Sonde NTC');
my $other = make_product(price => 500, stock => 900, name => 'Joint');

#------------------------------------------------------------------ tools

sub customer
{
	my $id = make_account('CUSTOMER');

	return { id => $id, token => mint('CUSTOMER', $id, 0) };
}

sub body
{
	my ($lines, %more) = @_;
	my $body = { %{ order_body($lines) }, phone => phone(), %more };

	delete $body->{customerInfo};
	return $body;
}

sub order
{
	my ($who, $lines, %more) = @_;
	my $key = delete $more{key};

	return post("$api/orders", token => $who->{token}, body => body($lines, %more), key => $key);
}

sub cancel { my ($who, $id) = @_; return request('PATCH', "$api/orders/$id/cancel", token => $who->{token}, body => {}) }

sub doc { return encode($_[0]) }

sub promotion
{
	my (%change) = @_;
	my $code = sprintf 'own-%s-%d', $run, ++$serial;

	sql("SELECT mjc.promotion_set(:'code', :'doc')", code => $code,
		doc => doc({ name => 'Own', kind => 'percent', scope => 'order', percent => 10, needsCoupon => JSON::PP::true, products => [ $part, $other ], %change }));
	return $code;
}

sub coupon
{
	my (%change) = @_;

	$change{promotion} //= promotion();
	return sql("SELECT mjc.coupon_set(:'code', :'doc')", code => sprintf('OWN-%s-%d', uc $run, ++$serial), doc => doc(\%change));
}

# A gift card of so many dinars: [code, id].
sub card { return [ split /\|/, sql("SELECT code, credit_id FROM mjc.gift_card_issue($_[0])") ] }

sub balance { return sql("SELECT mjc.credit_balance('$_[0]')") / 100 }

sub credit_of { return sql("SELECT coalesce(sum(mjc.credit_balance(credit_id)), 0) FROM mjc.credit WHERE customer_id = '$_[0]{id}' AND kind = 'store_credit'") / 100 }

sub give { my ($who, $amount) = @_; return sql("SELECT mjc.store_credit_add('$who->{id}', $amount, 'Geste')") }

sub used { return sql("SELECT mjc.coupon_uses(:'code')", code => $_[0]) }

sub held { return sql("SELECT reserved FROM mjc.stock_available WHERE product_id = '$part'") }

# What the law takes of cash: a dinar for each hundred begun, up to 30 000 and not below 5.
sub stamp
{
	my ($cash) = @_;
	my $stamp = int(($cash + 99) / 100);

	return $cash <= 300 ? 0 : $stamp < 5 ? 5 : $stamp;
}

# What an order of that sum, with that paid by credit, must say.
sub amounts
{
	my ($order) = @_;

	return [ @$order{qw(subtotal discount shipping credit stampDuty total amountDue)} ];
}

sub expected
{
	my ($subtotal, $discount, $credit) = @_;
	my $goods = $subtotal - $discount + 400;
	my $stamp = stamp($goods - $credit);

	return [ $subtotal, $discount, 400, $credit, $stamp, $goods + $stamp, $goods + $stamp - $credit ];
}

#------------------------------------------------------------------ the prices of a group

my $nadia = customer();
my $trader = customer();
my $group = "own-$run";
sql("SELECT mjc.customer_group_set('$group', 'Artisans', 'حرفيون')");
sql("SELECT mjc.customer_group_assign('$trader->{id}', '$group')");
sql("SELECT mjc.price_list_set('$group', :'doc')", doc => doc({ name => 'Artisans', kind => 'override', customerGroup => $group }));
sql("SELECT mjc.price_list_price_set('$group', '$part', 800, 1, 9)");
sql("SELECT mjc.price_list_price_set('$group', '$part', 700, 10)");

my $reply = order($nadia, [ [ $part, 2 ] ]);
is($reply->{status}, 201, 'a customer of no group') or said($reply);
is_deeply(amounts(order_of($reply)), expected(2000, 0, 0), 'pays the price of everybody, with the stamp duty of cash');
$reply = order($trader, [ [ $part, 2 ] ]);
is_deeply(amounts(order_of($reply)), expected(1600, 0, 0), 'one of a group pays its price');
is_deeply([ map { @$_{qw(unitPrice totalPrice)} } @{ order_of($reply)->{items} } ], [ 800, 1600 ], 'line by line');
is_deeply(amounts(order_of(order($trader, [ [ $part, 10 ] ]))), expected(7000, 0, 0), 'from ten units on that of ten');
is_deeply(amounts(order_of(order($trader, [ [ $part, 9 ], [ $other, 1 ] ]))), expected(7700, 0, 0), 'nine and another part are not ten');
is(sql("SELECT sum(amount_centimes) FROM mjc.payment WHERE order_id = '" . order_of($reply)->{id} . "'") / 100, order_of($reply)->{total}, 'the payment is that of the order');
is_deeply(amounts(place([ [ $part, 1 ] ], customerInfo => { firstName => 'Karim', lastName => 'Ziani', phone => phone() })), expected(1000, 0, 0),
	'a guest does not have the price of a group');

#------------------------------------------------------------------ coupons

my $ten = coupon(maxUses => 3);
my $amount = coupon(promotion => promotion(kind => 'amount', amount => 150, percent => undef));
$reply = order($trader, [ [ $part, 2 ] ], coupons => [ lc $ten ]);
is($reply->{status}, 201, 'an order with a coupon') or said($reply);
is_deeply(amounts(order_of($reply)), expected(1600, 160, 0), 'a tenth of what the group pays');
is_deeply([ order_of($reply)->{coupons}, used($ten) ], [ [$ten], 1 ], 'it is named, and used once');
my $both = order($nadia, [ [ $part, 1 ], [ $other, 2 ] ], coupons => [ $ten, $amount ]);
is($both->{status}, 201, 'two coupons that go together') or said($both);
my ($discount, $lines) = (order_of($both)->{discount}, 0);
$lines += $_->{discount} for @{ order_of($both)->{items} };
is($discount, 350, 'a tenth of 2000 and 150');
is($lines, $discount, 'and spread over the lines to the centime');
is_deeply(amounts(order_of($both)), expected(2000, $discount, 0), 'the amounts');
is_deeply([ used($ten), used($amount) ], [ 2, 1 ], 'both are used');

my $before = held();
for (1 .. 2)
{
	is(order_of(cancel($nadia, order_of($both)->{id}))->{status}, 'cancelled', 'the buyer cancels') or said($both);
	is_deeply([ used($ten), used($amount), held() ], [ 1, 0, $before - 1 ], 'his coupons are free again, once, so is the part');
}
my @cancels = map { $_->{status} } parallel(6, sub { return { status => cancel($trader, order_of($reply)->{id})->{status} } });
is_deeply([ @cancels, used($ten) ], [ (200) x 6, 0 ], 'six cancels at once give a use back once');

my $mine = coupon(maxUsesPerCustomer => 1);
is(order($nadia, [ [ $part, 1 ] ], coupons => [$mine])->{status}, 201, 'a coupon of one use a customer');
is_error(order($nadia, [ [ $part, 2 ] ], coupons => [$mine]), 409, 'COUPON_USED_BY_CUSTOMER', 'not with another phone either');
is(order($trader, [ [ $part, 1 ] ], coupons => [$mine])->{status}, 201, 'another customer uses it');

# A key: whatever the coupon is worth since, its order is the order.
my $single = coupon(maxUses => 1);
my $kept = body([ [ $part, 1 ] ], coupons => [$single]);
my @twins = map { post("$api/orders", token => $nadia->{token}, body => $kept, key => "own-$run") } 1 .. 2;
is_deeply([ map { $_->{status}, order_of($_)->{id} } @twins ], [ (201, order_of($twins[0])->{id}) x 2 ], 'a repeat with its key is the same order');
is_deeply([ $twins[1]{headers}{'idempotent-replayed'}, used($single) ], [ 'true', 1 ], 'said to be one, the coupon is used once');
is_error(order($nadia, [ [ $part, 1 ] ], coupons => [$single]), 409, 'COUPON_EXHAUSTED', 'a new order finds it used up');

#------------------------------------------------------------------ gift cards and store credit

my $small = card(300);
$reply = order($nadia, [ [ $part, 1 ] ], giftCards => [ $small->[0] ]);
is_deeply(amounts(order_of($reply)), expected(1000, 0, 300), 'a card pays a part; stamp duty is due on the cash alone');
is(balance($small->[1]), 0, 'it is empty');
unlike($reply->{content}, qr/\Q$small->[0]\E/, 'the answer does not say its code');
my $large = card(5000);
$reply = order($nadia, [ [ $part, 1 ] ], giftCards => [ $large->[0] ]);
is_deeply(amounts(order_of($reply)), [ 1000, 0, 400, 1400, 0, 1400, 0 ], 'a card pays all of it: no cash, no stamp duty');
is(balance($large->[1]), 3600, 'the rest is on it');
is(cancel($nadia, order_of($reply)->{id})->{status}, 200, 'cancelled') for 1 .. 2;
is(balance($large->[1]), 5000, 'the card has its money back, once');

is(credit_of($nadia), 0, 'no store credit yet');
is_deeply(amounts(order_of(order($nadia, [ [ $part, 1 ] ], storeCredit => JSON::PP::true))), expected(1000, 0, 0), 'to ask for what is not there changes nothing');
give($nadia, 600);
is_deeply(amounts(order_of(order($nadia, [ [ $part, 1 ] ]))), expected(1000, 0, 0), 'store credit that nobody asks for stays');
is_deeply(amounts(order_of(order($nadia, [ [ $part, 1 ] ], storeCredit => JSON::PP::false))), expected(1000, 0, 0), 'nor when it is refused');
is_deeply(amounts(order_of(order($trader, [ [ $part, 1 ] ], storeCredit => JSON::PP::true))), expected(800, 0, 0), 'that of another is not his');
$reply = order($nadia, [ [ $part, 1 ] ], storeCredit => JSON::PP::true);
is_deeply(amounts(order_of($reply)), expected(1000, 0, 600), 'asked for, it pays');
is(credit_of($nadia), 0, 'and is gone');
is(cancel($nadia, order_of($reply)->{id})->{status}, 200, 'cancelled') for 1 .. 2;
is(credit_of($nadia), 600, 'it is back, once');

# All of it at once, for one of a group.
give($trader, 200);
my $last = card(500);
my $once = coupon(maxUses => 1);
$reply = order($trader, [ [ $part, 5 ] ], coupons => [$once], giftCards => [ $last->[0] ], storeCredit => JSON::PP::true,
	totalAmount => 1, discountAmount => 9999, credit => 9999, shippingAmount => 0);
is($reply->{status}, 201, 'group, coupon, card and credit') or said($reply);
is_deeply(amounts(order_of($reply)), expected(4000, 400, 700), 'each does its part, whatever amounts the client shows');
is_deeply([ balance($last->[1]), credit_of($trader), used($once) ], [ 0, 0, 1 ], 'each is used');
is_deeply(amounts(order_of(get("$api/orders/" . order_of($reply)->{id}, token => $trader->{token}))), expected(4000, 400, 700), 'and reads the same later');
is(cancel($trader, order_of($reply)->{id})->{status}, 200, 'cancelled') for 1 .. 2;
is_deeply([ balance($last->[1]), credit_of($trader), used($once) ], [ 500, 200, 0 ], 'all of it is back, once');

# Two orders want the same credit.
give($nadia, 400);
my @bodies = map { body([ [ $part, 1 ] ], storeCredit => JSON::PP::true) } 1 .. 6;
my @paid = grep { $_ } map { $_->{credit} } parallel(6, sub { return { credit => order_of(post("$api/orders", token => $nadia->{token}, body => $bodies[ $_[0] ]))->{credit} // 0 } });
my $sum = 0;
$sum += $_ for @paid;
is($sum + credit_of($nadia), 1000, "six orders at once: @paid paid by 1000 of credit, no centime twice");
cmp_ok(scalar @paid, '>=', 1, 'somebody paid with it');

#------------------------------------------------------------------ what is refused

my $closed = card(100);
sql("SELECT mjc.credit_close('$closed->[1]', 'Perdue')");
my $foreign = coupon(promotion => promotion(products => [ make_product(price => 5, stock => 1) ]));
my @state = (held(), used($ten), credit_of($nadia));
for my $case (
	[ 'COUPON_UNKNOWN', coupons => ['NO-SUCH-CODE'] ],
	[ 'COUPON_EXPIRED', coupons => [ coupon(until => '2020-01-01T00:00:00Z') ] ],
	[ 'COUPON_EXPIRED', coupons => [ coupon(from => '2099-01-01T00:00:00Z') ] ],
	[ 'COUPON_NOT_APPLICABLE', coupons => [$foreign] ],
	[ 'COUPON_UNKNOWN', coupons => [ $ten, 'NO-SUCH-CODE' ] ],
	[ 'GIFT_CARD_UNKNOWN', giftCards => ['AAAA-BBBB-CCCC-DDDD'] ],
	[ 'GIFT_CARD_UNKNOWN', giftCards => [ $closed->[0] ] ],
	[ 'GIFT_CARD_UNKNOWN', giftCards => [ $large->[0], 'AAAA-BBBB-CCCC-DDDD' ] ])
{
	my ($code, @what) = @$case;

	is_error(order($nadia, [ [ $part, 1 ] ], @what), 409, $code, "refused: $code");
}
for my $case (
	[ 'coupons', 7, 'TEN', { a => 1 }, JSON::PP::true, [ map { "CODE-$_" } 1 .. 11 ] ],
	[ 'giftCards', 7, 'CARD', { a => 1 }, [ map { "CARD-$_" } 1 .. 11 ] ],
	[ 'storeCredit', 'perhaps', 1, [], {} ],
	[ 'deliveryMode', 'drone', 7, [] ])
{
	my ($field, @values) = @$case;

	is_field(order($nadia, [ [ $part, 1 ] ], $field => $_), $field, "refused: $field " . substr encode($_), 0, 20) for @values;
}
for my $field (qw(coupons giftCards))
{
	is_field(order($nadia, [ [ $part, 1 ] ], $field => [$_]), "${field}[0]", "refused: $field with " . substr encode($_), 0, 20) for 7, undef, '', [], {};
}
is_deeply([ held(), used($ten), credit_of($nadia), balance($large->[1]) ], [ @state, 5000 ], 'nothing of these left anything');
is(order($nadia, [ [ $part, 1 ] ], coupons => undef, giftCards => undef, storeCredit => undef, deliveryMode => undef)->{status}, 201, 'null is none of them');

sql("SELECT mjc.customer_group_assign('$trader->{id}', 'retail')");
is_deeply(amounts(order_of(order($trader, [ [ $part, 2 ] ]))), expected(2000, 0, 0), 'whoever leaves the group pays as everybody');

finish();

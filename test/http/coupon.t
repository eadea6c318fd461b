#!/usr/bin/perl
#
# coupon.t - orders with coupons and gift cards over HTTP: fifty buyers of the last use,
# what a cancel gives back, cards that several orders want, and everything that a client
# may send in their place.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use List::Util qw(sum0);
use Shop;
use Test::More;
use Time::HiRes qw(time);

use constant BUYERS => 50;

my $api = '/api/v1';
my $run = sprintf '%X%X', time, $$;
my $shim = start_shim(MJC_WRITE_CONNECTIONS => 16);
my $token = admin_token();
my $part = make_product(price => 1000, stock => 500, name => 'Sonde NTC');
my $serial = 0;

sub order { my ($body, @opt) = @_; return post("$api/orders/guest", body => $body, shim => $shim, @opt) }

# The body of an order of one unit, with what is given besides.
sub body { return order_body([ [ $part, 1 ] ], @_) }

sub key { return sprintf 'coupon-%s-%d', $run, ++$serial }

sub doc { return encode($_[0]) }

# A promotion of this run that only a coupon opens, of 10 percent unless told; its code.
sub make_promotion
{
	my (%change) = @_;
	my $code = sprintf 'http-%s-%d', lc $run, ++$serial;

	sql("SELECT mjc.promotion_set(:'code', :'doc')", code => $code,
		doc => doc({ name => 'HTTP', kind => 'percent', scope => 'order', percent => 10,
			needsCoupon => JSON::PP::true, products => [$part], %change }));
	return $code;
}

# make_coupon(promotion => code, maxUses => n...): its code.
sub make_coupon
{
	my (%change) = @_;
	my $code = sprintf 'C%s-%d', $run, ++$serial;

	$change{promotion} //= make_promotion();
	return sql("SELECT mjc.coupon_set(:'code', :'doc')", code => $code, doc => doc(\%change));
}

# A gift card of so many dinars: its code and id.
sub make_card
{
	my ($amount) = @_;

	return split /\|/, sql("SELECT code, credit_id FROM mjc.gift_card_issue($amount)");
}

sub used { return sql("SELECT mjc.coupon_uses(:'code')", code => $_[0]) }

sub balance { return sql("SELECT mjc.credit_balance('$_[0]')") / 100 }

sub held { return sql("SELECT reserved FROM mjc.stock_available WHERE product_id = '$part'") }

sub cancel { return post("$api/admin/orders/$_[0]/cancel", body => {}, token => $token, shim => $shim) }

# "orders payments keys" that these phones left.
sub left_by
{
	my (@phones) = @_;

	return sql(<<~'SQL', phones => join ',', @phones);
		WITH o AS (SELECT c.order_id FROM mjc.order_contact c
		            WHERE c.phone IN (SELECT mjc.phone_canonical(p) FROM unnest(string_to_array(:'phones', ',')) p))
		SELECT concat_ws(' ', (SELECT count(*) FROM o), (SELECT count(*) FROM mjc.payment JOIN o USING (order_id)),
		                 (SELECT count(*) FROM mjc.idempotency_key k JOIN o ON o.order_id = k.subject_id))
		SQL
}

#------------------------------------------------------------------ fifty and one use

# Fifty buyers at once; their replies, by what became of them.
sub all_at_once
{
	my (@bodies) = @_;
	my @replies = parallel(
		scalar @bodies,
		sub {
			my $i = shift;
			my $reply = order($bodies[$i], key => "at-once-$run-$serial-$i", lang => $i % 2 ? 'fr' : 'ar');

			return { i => $i, map { $_ => $reply->{$_} } qw(status json) };
		});

	return ([ grep { $_->{status} eq '201' } @replies ], [ grep { $_->{status} ne '201' } @replies ]);
}

my $last = make_coupon(maxUses => 1);
my @bodies = map { body(coupons => [ lc $last ]) } 1 .. BUYERS;
my $before = held();
my ($good, $bad) = all_at_once(@bodies);
is(scalar @$good, 1, 'one use, fifty buyers: one has it');
my $won = order_of($good->[0]);
is_deeply([ @$won{qw(subtotal discount coupons)} ], [ 1000, 100, [$last] ], 'with its reduction');
is_deeply(
	[ map { join ' ', @$_{qw(status)}, $_->{json}{code}, $_->{json}{message} } @$bad ],
	[ map { '409 COUPON_EXHAUSTED ' . text_of('COUPON_EXHAUSTED', $_->{i} % 2 ? 'fr' : 'ar') } @$bad ],
	'the others hear why, in French and Arabic');
is(held() - $before, 1, 'one unit is held');
is(left_by(map { $bodies[ $_->{i} ]{customerInfo}{phone} } @$bad), '0 0 0', 'who was refused left no order, payment or key');
is(left_by($bodies[ $good->[0]{i} ]{customerInfo}{phone}), '1 1 1', 'who was not left one of each');
is(used($last), 1, 'the coupon is used once');

is(cancel($won->{id})->{status}, 200, 'the order is cancelled');
is(used($last), 0, 'the use is free');
is(cancel($won->{id})->{status}, 200, 'cancelled again');
is(used($last), 0, 'and free once');
($good, $bad) = all_at_once(map { body(coupons => [$last]) } 1 .. 10);
is_deeply([ scalar @$good, used($last) ], [ 1, 1 ], 'it can be used again, once');
my @refunds = map { $_->{status} } parallel(8, sub { return { status => cancel(order_of($good->[0])->{id})->{status} } });
is_deeply([ @refunds, used($last) ], [ (200) x 8, 0 ], 'eight cancels at once give it back once');

# A key names one order, whatever became of its coupon since.
my $body = body(coupons => [$last]);
my $key = key();
my @twins = parallel(8, sub { my $r = order($body, key => $key); return { status => $r->{status}, number => order_of($r)->{orderNumber} } });
my %numbers = map { ($_->{number} // '-') => 1 } grep { $_->{status} eq '201' } @twins;
is_deeply([ scalar keys %numbers, used($last) ], [ 1, 1 ], '4a.55 eight requests with one key are one order and one use');
is_deeply([ grep { $_ !~ /^(?:201|409)$/ } map { $_->{status} } @twins ], [], 'each is answered or told to wait');
my $again = order($body, key => $key);
is_deeply([ $again->{status}, order_of($again)->{orderNumber}, $again->{headers}{'idempotent-replayed'} ],
	[ 201, keys %numbers, 'true' ], 'a repeat with the key is that order, although the coupon is used up');
$body->{coupons} = [];
is_error(order($body, key => $key), 422, 'IDEMPOTENCY_KEY_REUSED', 'the key without the coupon is another request');

my $personal = make_coupon(maxUsesPerCustomer => 1);
my $phone = phone();
my $who = { firstName => 'Amina', lastName => 'Benali', phone => $phone };
my @mine = parallel(
	6,
	sub {
		my $r = order(body(coupons => [$personal], customerInfo => $who, notes => "n$_[0]"));
		return { said => $r->{status} eq '201' ? '201' : "$r->{status} $r->{json}{code}" };
	});
is_deeply([ sort map { $_->{said} } @mine ], [ '201', ('409 COUPON_USED_BY_CUSTOMER') x 5 ], 'once a customer: one of six orders of a phone');
is(order(body(coupons => [$personal]))->{status}, 201, 'another phone uses it too');

#------------------------------------------------------------------ cards

my ($card, $card_id) = make_card(3000);
($good, $bad) = all_at_once(map { body(giftCards => [$card]) } 1 .. 20);
my $spent = sum0 map { order_of($_)->{credit} } @$good;
is(balance($card_id), 3000 - $spent, 'twenty orders with one card: it paid what the orders say');
cmp_ok(balance($card_id), '>=', 0, 'and never more than was on it');
is_deeply([ grep { order_of($_)->{credit} + order_of($_)->{amountDue} != order_of($_)->{total} } @$good ], [],
	'what is due is what it did not pay');
is_deeply(
	[ grep { "$_->{status} $_->{json}{code}" ne '409 CREDIT_INSUFFICIENT' || $_->{json}{message} !~ ($_->{i} % 2 ? qr/solde/ : qr/\p{Arabic}/) } @$bad ],
	[], 'who was refused hears what is left');
my @paid = grep { order_of($_)->{credit} > 0 } @$good;
cmp_ok(scalar @paid, '>=', 1, 'somebody paid with it');
parallel(2 * @paid, sub { cancel(order_of($paid[ $_[0] % @paid ])->{id}); return {} });
is(balance($card_id), 3000, 'all of it is back when they are cancelled, twice at once');

my ($two, $two_id) = make_card(500);
my $reply = order(body(giftCards => [ $two, $card, $two ]));
my $total = order_of($reply)->{total};
is_deeply([ $reply->{status}, order_of($reply)->{credit}, order_of($reply)->{amountDue}, balance($two_id), balance($card_id) ],
	[ 201, $total, 0, 0, 3500 - $total ], 'two cards, one of them named twice: the first pays first, nothing is due');
my $typed = lc($card) =~ s/-/ /gr =~ tr/0-9/٠-٩/r;
is(order_of(order(body(giftCards => [" $typed "])))->{credit}, $total, 'a card typed in small letters, with blanks and Arabic digits');

#------------------------------------------------------------------ what a client may send instead

sub refused { my ($body, $code, $name, $status) = @_; return is_error(order($body), $status // 409, $code, $name) }

my $good_one = make_coupon();
my $ended = make_coupon(until => '2020-01-01T00:00:00Z');
my $later = make_coupon(from => '2099-01-01T00:00:00Z');
my $off = make_coupon(active => JSON::PP::false);
my $elsewhere = make_coupon(promotion => make_promotion(products => [ make_product(price => 5, stock => 1) ]));
my @group = map { make_coupon(promotion => make_promotion(exclusivityGroup => lc "g-$run")) } 1, 2;
my $shared = make_promotion();
my @same = map { make_coupon(promotion => $shared) } 1, 2;
$before = held();
my @uses = map { used($_) } $good_one, @group, @same;

refused(body(coupons => ['NO-SUCH-CODE']), 'COUPON_UNKNOWN', 'a code that is none');
refused(body(coupons => [$_]), 'COUPON_UNKNOWN', "a code that cannot be one: $_")
	for 'AB', 'x' x 64, "' OR '1'='1", '%', 'كود', '<script>', '٣٣';
refused(body(coupons => [$ended]), 'COUPON_EXPIRED', 'a coupon that has ended');
refused(body(coupons => [$later]), 'COUPON_EXPIRED', 'one that has not begun');
refused(body(coupons => [$off]), 'COUPON_EXPIRED', 'one that is off');
refused(body(coupons => [$elsewhere]), 'COUPON_NOT_APPLICABLE', 'one for other articles');
refused(body(coupons => [@group]), 'COUPON_NOT_COMBINABLE', 'two of one exclusivity group');
refused(body(coupons => [@same]), 'COUPON_NOT_COMBINABLE', 'two of one promotion');
refused(body(coupons => [ $good_one, 'NO-SUCH-CODE' ]), 'COUPON_UNKNOWN', 'a good one and one that is none');
is_field(order(body(coupons => [ map { "CODE-$_" } 1 .. 11 ])), 'coupons', 'eleven coupons');
is_field(order(body(giftCards => [ map { "CARD-$_" } 1 .. 11 ])), 'giftCards', 'eleven cards');
for my $field (qw(coupons giftCards))
{
	is_field(order(body($field => $_)), $field, "$field that are no list: " . encode($_))
		for 7, $good_one, { code => $good_one }, JSON::PP::true;
	is_field(order(body($field => [ $good_one, $_ ])), "${field}[1]", "$field with what is no text, or none to read: " . substr encode($_), 0, 20)
		for 7, undef, '', [$good_one], { code => $good_one }, 'X' x 300;
}
refused(body(giftCards => [$_]), 'GIFT_CARD_UNKNOWN', "a card that is none: $_")
	for 'AAAA-BBBB-CCCC-DDDD', substr($card, 0, -1), "${card}X", "' OR '1'='1", 'بطاقة', '----';
is_field(order(body(deliveryMode => $_)), 'deliveryMode', 'a way of delivery that is none: ' . encode($_))
	for 'drone', 7, ['home'], {};
is_field(order(body($_ => [' '])), "${_}[0]", "$_: a blank") for qw(coupons giftCards);
is_deeply([ held(), map { used($_) } $good_one, @group, @same ], [ $before, @uses ], 'none of these left anything');
is(order(body(coupons => undef, giftCards => undef, deliveryMode => undef))->{status}, 201, 'null is none of them');
is(order(body(coupons => [], giftCards => []))->{status}, 201, 'an empty list neither');
$reply = order(body(coupons => [ $good_one, lc $good_one, " $good_one " ]));
is_deeply([ $reply->{status}, order_of($reply)->{discount}, used($good_one) ], [ 201, 100, 1 ], 'one code in three ways is one coupon, used once');

# What the client says that it costs is not asked for.
my $expected = order_of(order(body()))->{total};
for my $amount (0, -1, 0.01, 1e300, '1', 'NaN', 'Infinity', '-0', undef, [], {}, JSON::PP::true, 9007199254740993)
{
	my $body = body(map { $_ => $amount } qw(totalAmount total discountAmount discount subtotal shipping shippingCost tax credit amountDue));

	$body->{items}[0]{$_} = $amount for qw(unitPrice price total discount isGift);
	my $got = order($body);
	is_deeply([ $got->{status}, order_of($got)->{total}, order_of($got)->{discount} ], [ 201, $expected, 0 ],
		'amounts of the client change nothing: ' . encode($amount)) or diag($got->{content});
}
my $raw = encode(body()) =~ s/\{/{"totalAmount":NaN,/r;
is_error(post("$api/orders/guest", content => $raw, shim => $shim), 400, 'MALFORMED_REQUEST', 'NaN is no JSON');

finish();

#!/usr/bin/perl
#
# race_attacks.t - the attacks of Warszawski and Bailis (ACIDRain, SIGMOD 2017) against REST:
# many connections at one instant on the stock (more orders than units), on vouchers (one use
# for many orders, two coupons, cancel and use again, one card for two orders) and on the cart
# (a checkout while lines are added to it, a price that changes under it). Each in many rounds.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use List::Util qw(min sum0);
use Shop;
use Test::More;
use Time::HiRes qw(sleep time);

my $api = '/api/v1';
my $run = sprintf '%X%X', time, $$;
my $shim = start_shim(MJC_WRITE_CONNECTIONS => 16, MJC_READ_CONNECTIONS => 4);
my $admin = admin_token();
my $serial = 0;

#------------------------------------------------------------------ tools

# The works at one instant, each on a connection of its own; what they returned, in order.
sub at_once
{
	my (@works) = @_;
	my $start = time + 0.03 + 0.004 * @works;

	return parallel(
		scalar @works,
		sub {
			my ($i) = @_;

			sleep $start - time if $start > time;
			return $works[$i]->();
		});
}

# What of a reply is judged: status, code, order.
sub told
{
	my ($reply) = @_;

	return { status => $reply->{status}, code => $reply->{json}{code} // '', order => order_of($reply) };
}

sub guest
{
	my ($lines, %more) = @_;
	my $body = order_body($lines, %more);

	return sub { return told(post("$api/orders/guest", body => $body, shim => $shim)) };
}

sub customer
{
	my $id = make_account('CUSTOMER');

	return ($id, mint('CUSTOMER', $id, 0));
}

sub own_body
{
	my ($lines, %more) = @_;
	my $body = { %{ order_body($lines) }, phone => phone(), %more };

	delete $body->{customerInfo};
	return $body;
}

sub own
{
	my ($token, $lines, %more) = @_;
	my $body = own_body($lines, %more);

	return sub { return told(post("$api/orders", token => $token, body => $body, shim => $shim)) };
}

sub cancel
{
	my ($id) = @_;

	return sub { return told(post("$api/admin/orders/$id/cancel", body => {}, token => $admin, shim => $shim)) };
}

sub good { return grep { $_->{status} eq '201' } @_ }

# How those were refused that were, each once.
sub refusals
{
	my %seen = map { ("$_->{status} $_->{code}" => 1) } grep { $_->{status} ne '201' } @_;

	return join ', ', sort keys %seen;
}

sub stock { return sql("SELECT available || ' ' || reserved FROM mjc.stock_available WHERE product_id = '$_[0]'") }

sub ends_well { return is(sql('SELECT * FROM mjc.check_invariants()'), '', "$_[0]: no promise is broken") }

#------------------------------------------------------------------ inventory

my (@wrong, @refused);
my ($shopper, $shopper_token) = customer();
for my $round (1 .. 10)
{
	my $units = 1 + $round % 5;
	my $part = make_product(price => 100, stock => $units);
	my @wants = map { $round % 2 ? 1 : 1 + ($_ * 7 + $round) % 3 } 1 .. 12;
	my @works = map { $_ % 3 == 2 ? own($shopper_token, [ [ $part, $wants[$_] ] ]) : guest([ [ $part, $wants[$_] ] ]) } 0 .. 11;
	my @replies = at_once(@works);
	my $sold = sum0 map { $replies[$_]{status} eq '201' ? $wants[$_] : () } 0 .. 11;
	my $left = $units - $sold;
	my $least = min map { $replies[$_]{status} eq '201' ? () : $wants[$_] } 0 .. 11;

	push @refused, refusals(@replies);
	push @wrong, "round $round: $sold of $units sold" if $left < 0 || $round % 2 && $left;
	push @wrong, "round $round: $least refused, $left left" if $least <= $left;
	push @wrong, "round $round: stock " . stock($part) if stock($part) ne "$left $sold";
	push @wrong, "round $round: orders"
		if sql("SELECT coalesce(sum(qty), 0) FROM mjc.order_line WHERE product_id = '$part'") != $sold;
}
is_deeply(\@wrong, [], 'inventory: what was sold is what there was, and nobody who could have had his units was refused');
is_deeply([ grep { $_ ne '409 INSUFFICIENT_STOCK' } @refused ], [], 'inventory: the others hear that it is not enough');
ends_well('inventory');

#------------------------------------------------------------------ vouchers

my $sold = make_product(price => 1000, stock => 900);

sub doc { return encode($_[0]) }

sub coupon
{
	my (%change) = @_;
	my $code = sprintf 'race-%s-%d', lc $run, ++$serial;

	sql("SELECT mjc.promotion_set(:'code', :'doc')", code => $code, doc => doc({ name => 'Race', kind => 'percent', scope => 'order',
		percent => 10, needsCoupon => JSON::PP::true, products => [$sold] }));
	return sql("SELECT mjc.coupon_set(:'code', :'doc')", code => uc $code, doc => doc({ promotion => $code, maxUses => 1, %change }));
}

sub used { return sql("SELECT mjc.coupon_uses(:'code')", code => $_[0]) }

# Orders that stand with a coupon, as the database has them.
sub standing { return sql("SELECT count(*) FROM mjc.order WHERE :'code' = ANY (coupons) AND status <> 'CANCELLED'", code => $_[0]) }

(@wrong, @refused) = ();
for my $round (1 .. 7)
{
	my $code = coupon();
	my $before = sql("SELECT count(*) || ' ' || (SELECT count(*) FROM mjc.payment) FROM mjc.order");
	my @replies = at_once(map { $_ % 4 ? guest([ [ $sold, 1 ] ], coupons => [$code]) : own($shopper_token, [ [ $sold, 1 ] ], coupons => [$code]) } 1 .. 10);
	my @won = good(@replies);

	push @refused, refusals(@replies);
	push @wrong, "round $round: " . @won . ' orders, ' . used($code) . ' uses' if @won != 1 || used($code) != 1 || standing($code) != 1;
	push @wrong, "round $round: reduction $won[0]{order}{discount}" if $won[0]{order}{discount} != 100;
	push @wrong, "round $round: refused ones left something"
		if sql("SELECT count(*) || ' ' || (SELECT count(*) FROM mjc.payment) FROM mjc.order") ne $before =~ s/(\d+)/$1 + 1/ger;
}
is_deeply(\@wrong, [], 'voucher (scenario 19): of many checkouts with one use one has it, the others leave no order and no payment');
is_deeply([ grep { $_ ne '409 COUPON_EXHAUSTED' } @refused ], [], 'voucher (scenario 19): they hear that it is used up');

# Fifty of them, as the scenario says, and what a cancel gives back.
my $last = coupon();
my @fifty = at_once(map { guest([ [ $sold, 1 ] ], coupons => [$last]) } 1 .. 50);
my @won = good(@fifty);
is_deeply([ scalar @won, refusals(@fifty), used($last) ], [ 1, '409 COUPON_EXHAUSTED', 1 ], 'scenario 19: fifty checkouts and one use: one has it');
at_once(map { cancel($won[0]{order}{id}) } 1 .. 6);
is_deeply([ used($last), standing($last) ], [ 0, 0 ], 'scenario 19: six cancels at once give it back once');

(@wrong, @refused) = ();
for my $round (1 .. 7)
{
	my @codes = (coupon(), coupon());
	my @replies = at_once(map { guest([ [ $sold, 1 ] ], coupons => $_ % 2 ? [@codes] : [ reverse @codes ]) } 1 .. 8);
	my @single = at_once(map { guest([ [ $sold, 1 ] ], coupons => [ $codes[ $_ % 2 ] ]) } 1 .. 4);

	push @refused, refusals(@replies), refusals(@single);
	push @wrong, "round $round: " . good(@replies) . ' ' . good(@single) . " @{[ map { used($_) } @codes ]}"
		if good(@replies) != 1 || good(@single) || grep { used($_) != 1 || standing($_) != 1 } @codes;
}
is_deeply(\@wrong, [], 'two vouchers, named in both orders: one order has both, nobody one of them');
is_deeply([ grep { $_ ne '409 COUPON_EXHAUSTED' } @refused ], [], 'two vouchers: the others hear that they are used up, nobody of a deadlock');

(@wrong, @refused) = ();
my $again = 0;
for my $round (1 .. 8)
{
	my $code = coupon();
	my $first = guest([ [ $sold, 1 ] ], coupons => [$code])->();
	my @replies = at_once((map { cancel($first->{order}{id}) } 1 .. 3), map { guest([ [ $sold, 1 ] ], coupons => [$code]) } 1 .. 7);
	my @took = good(@replies[ 3 .. 9 ]);

	$again += @took;
	push @refused, refusals(@replies[ 3 .. 9 ]);
	push @wrong, "round $round: cancels @{[ map { $_->{status} } @replies[ 0 .. 2 ] ]}" if grep { $_->{status} ne '200' } @replies[ 0 .. 2 ];
	push @wrong, "round $round: " . @took . ' used it again, ' . used($code) . ' uses, ' . standing($code) . ' orders'
		if @took > 1 || used($code) != @took || standing($code) != @took;
}
is_deeply(\@wrong, [], 'cancel and use again: the use goes from one order to one other at most');
is_deeply([ grep { length && $_ ne '409 COUPON_EXHAUSTED' } @refused ], [], 'cancel and use again: the others hear that it is used up');
cmp_ok($again, '>', 0, "cancel and use again: $again of 8 were used again at once");

# A card of 100 and two orders of 80.
@wrong = ();
my $price = order_of({ json => { data => { order => guest([ [ $sold, 1 ] ])->()->{order} } } })->{total};
for my $round (1 .. 8)
{
	my $amount = $price * 100 / 80;
	my ($card, $id) = split /\|/, sql("SELECT code, credit_id FROM mjc.gift_card_issue($amount)");
	my @replies = at_once(map { guest([ [ $sold, 1 ] ], giftCards => [$card]) } 1 .. 2 + $round % 3);
	my @orders = map { $_->{order} } good(@replies);
	my $balance = sql("SELECT mjc.credit_balance('$id')") / 100;
	my $spent = sum0 map { $_->{credit} } @orders;
	my $full = grep { $_->{amountDue} == 0 } @orders;

	push @wrong, "round $round: $full paid in full, $spent of $amount, left $balance"
		if $full != 1 || $balance < 0 || abs($amount - $spent - $balance) > 0.001;
	push @wrong, "round $round: " . refusals(@replies) if refusals(@replies) !~ /^(?:409 CREDIT_INSUFFICIENT)?\z/;
	my ($paid) = grep { $_->{amountDue} == 0 } @orders;
	at_once(map { cancel($paid->{id}) } 1 .. 4);
	push @wrong, "round $round: after cancels " . sql("SELECT mjc.credit_balance('$id')")
		if abs(sql("SELECT mjc.credit_balance('$id')") / 100 - $balance - $paid->{credit}) > 0.001;
}
is_deeply(\@wrong, [], 'scenario 20: a card for one order and a part pays one of two, never goes below zero, and has its money back once');
ends_well('voucher');

#------------------------------------------------------------------ cart

# What a customer's cart holds: product => units.
sub cart_of { return { map { $_->{productId} => $_->{quantity} } @{ get("$api/cart", token => $_[0], shim => $shim)->{json}{data}{items} // [] } } }

sub add
{
	my ($token, $product, $quantity) = @_;

	return sub { return told(post("$api/cart/items", token => $token, body => { productId => $product, quantity => $quantity }, shim => $shim)) };
}

# A checkout as a frontend does it: reads the cart, orders what it saw.
sub check_out
{
	my ($token) = @_;
	my $body = own_body([]);

	return sub {
		my $seen = get("$api/cart", token => $token, shim => $shim)->{json}{data}{items} // [];

		$body->{items} = [ map { { productId => $_->{productId}, quantity => $_->{quantity} } } @$seen ];
		return { %{ told(post("$api/orders", token => $token, body => $body, shim => $shim)) }, seen => { map { $_->{productId} => $_->{quantity} } @$seen } };
	};
}

# Units of a product that are held for a customer's orders, and what his orders say and charge.
sub held_for
{
	return sql(<<~"SQL");
		SELECT coalesce(sum(r.held_qty), 0) FROM mjc.reservation r JOIN mjc.order o ON o.order_id = r.reservation_id
		 WHERE o.customer_id = '$_[0]' AND r.product_id = '$_[1]'
		SQL
}

sub uncharged
{
	return sql(<<~"SQL");
		SELECT o.reference FROM mjc.order o
		 WHERE o.customer_id = '$_[0]'
		   AND (o.subtotal_centimes <> (SELECT sum(l.unit_price_centimes * l.qty) FROM mjc.order_line l WHERE l.order_id = o.order_id)
		     OR o.total_centimes <> (SELECT sum(p.amount_centimes) FROM mjc.payment p WHERE p.order_id = o.order_id)
		     OR (SELECT sum(l.qty) FROM mjc.order_line l WHERE l.order_id = o.order_id)
		        <> (SELECT sum(r.held_qty) FROM mjc.reservation r WHERE r.reservation_id = o.order_id))
		SQL
}

@wrong = ();
my $late = 0;
for my $round (1 .. 10)
{
	my ($cheap, $dear) = (make_product(price => 10, stock => 100), make_product(price => 90_000, stock => 100));
	my ($id, $token) = customer();

	add($token, $cheap, 2)->();
	my @replies = at_once(check_out($token), add($token, $dear, 1), add($token, $cheap, 3), add($token, $dear, 1));
	my ($order, $seen) = @{ $replies[0] }{qw(order seen)};
	my %lines = map { $_->{productId} => $_->{quantity} } @{ $order->{items} // [] };
	my $cart = cart_of($token);

	$late++ if ($seen->{$dear} // 0) < 2;
	push @wrong, "round $round: checkout $replies[0]{status} $replies[0]{code}" if $replies[0]{status} ne '201';
	push @wrong, "round $round: adding @{[ map { $_->{status} } @replies[ 1 .. 3 ] ]}" if grep { $_->{status} ne '201' } @replies[ 1 .. 3 ];
	push @wrong, "round $round: ordered other than asked for" if encode(\%lines) ne encode($seen);
	push @wrong, "round $round: charged $order->{subtotal}" if $order->{subtotal} != 10 * ($lines{$cheap} // 0) + 90_000 * ($lines{$dear} // 0);
	push @wrong, "round $round: not charged as held: " . uncharged($id) if uncharged($id) ne '';
	for my $part ($cheap, $dear)
	{
		push @wrong, "round $round: held " . held_for($id, $part) . ' of ' . ($lines{$part} // 0) if held_for($id, $part) != ($lines{$part} // 0);
	}
	# What the buyer had not seen is his to order still: it is neither sent nor lost.
	push @wrong, "round $round: the dear one is lost, cart " . encode($cart)
		if !$lines{$dear} && ($cart->{$dear} // 0) != 2;
}
is_deeply(\@wrong, [], 'cart: whatever is added during a checkout, what is charged is what is held');
cmp_ok($late, '>', 0, "cart: in $late rounds of 10 something came too late for the order");

# Two checkouts of one cart at once are two orders that are both paid, or one; never one of them free.
@wrong = ();
for my $round (1 .. 6)
{
	my $part = make_product(price => 500, stock => 3);
	my ($id, $token) = customer();

	add($token, $part, 2)->();
	my @replies = at_once(map { check_out($token) } 1 .. 3);
	my $units = sum0 map { map { $_->{quantity} } @{ $_->{order}{items} // [] } } good(@replies);

	push @wrong, "round $round: held " . held_for($id, $part) . " of $units" if held_for($id, $part) != $units || $units > 3;
	push @wrong, "round $round: " . refusals(@replies) if refusals(@replies) !~ /^(?:409 INSUFFICIENT_STOCK|422 VALIDATION_ERROR|, )*\z/;
	push @wrong, "round $round: " . uncharged($id) if uncharged($id) ne '';
	push @wrong, "round $round: nothing ordered" if !good(@replies);
}
is_deeply(\@wrong, [], 'cart: three checkouts of one cart order and charge no more than there is');

# A price changes between cart and order: the order has the price of its own instant, the cart tells.
@wrong = ();
for my $round (1 .. 6)
{
	my $part = make_product(price => 1000, stock => 50);
	my ($id, $token) = customer();

	add($token, $part, 1)->();
	my ($reply) = at_once(own($token, [ [ $part, 1 ] ], totalAmount => 1), sub { sql("SELECT mjc.price_set('$part', 1500)"); return {} });
	my $line = $reply->{order}{items}[0];

	push @wrong, "round $round: $reply->{status} $line->{unitPrice}" if $line->{unitPrice} != 1000 && $line->{unitPrice} != 1500;
	push @wrong, "round $round: charged $reply->{order}{subtotal}" if $reply->{order}{subtotal} != $line->{unitPrice} || uncharged($id) ne '';
	my $after = own($token, [ [ $part, 1 ] ], subtotal => 1000)->();
	push @wrong, "round $round: afterwards $after->{order}{subtotal}" if $after->{order}{subtotal} != 1500;
}
is_deeply(\@wrong, [], 'scenario 24: while a price changes an order has one of the two, afterwards the new one, whatever the client shows');
my $part = make_product(price => 1000, stock => 50);
my ($id, $token) = customer();
add($token, $part, 1)->();
sql("SELECT mjc.price_set('$part', 1500)");
my ($item) = @{ get("$api/cart", token => $token, shim => $shim)->{json}{data}{items} };
is_deeply([ map { "$_" } @$item{qw(price priceChanged previousPrice)} ], [ '1500', '1', '1000' ], 'scenario 24: the cart shows the new price and that it changed');

finish();

#!/usr/bin/perl
#
# order_edit.t - staff change the lines of an order before it leaves, and take lines back after
# it arrived. What that does to stock and money is in test/sql/order_edit.sql.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use Shop;
use Test::More;

my $api = '/api/v1';
my $a = make_product(price => 1000, stock => 20);
my $b = make_product(price => 500, stock => 20);
my $token = admin_token();
my $nothing = '00000000-0000-4000-8000-0000000000ff';

sub code { return $_[0]{status} . ' ' . ($_[0]{json}{code} // '-') }

sub edit { my ($id, @lines) = @_; return put("$api/admin/orders/$id/items", token => $token, body => { items => [ map { { productId => $_->[0], quantity => $_->[1] } } @lines ] }) }

sub take_back { my ($id, %body) = @_; return post("$api/admin/orders/$id/returns", token => $token, body => \%body, headers => { 'Idempotency-Key' => delete $body{key} // "back-$$-" . rand }) }

sub status { return put("$api/admin/orders/$_[0]/status", token => $token, body => { status => $_[1] }) }

my $order = place([ [ $a, 2 ] ]);
is(code(edit($order->{id}, [ $a, 3 ])), '409 ORDER_NOT_EDITABLE', 'first somebody speaks to the buyer');
status($order->{id}, 'confirmed');
my $reply = edit($order->{id}, [ $a, 1 ], [ $b, 4 ]);
is($reply->{status}, 200, 'other lines') or diag $reply->{content};
is_deeply([ map { "$_->{productId} $_->{quantity} " . $_->{totalPrice} } @{ $reply->{json}{data}{items} } ], [ "$a 1 1000", "$b 4 2000" ], 'are the order\'s');
is($reply->{json}{data}{subtotal} + 0, 3000, 'with their price');
is(code(edit($order->{id}, [ $a, 21 ])), '409 INSUFFICIENT_STOCK', 'not more than there is');
is(code(edit($order->{id}, [ $nothing, 1 ])), '409 PRODUCT_UNAVAILABLE', 'nothing that there is not');
is((edit($order->{id}, @$_))->{status}, 422, 'no lines: ' . scalar @$_) for [], [ [ 'x', 1 ] ], [ [ $a, 0 ] ], [ [ $a, 1000 ] ];
is(code(put("$api/admin/orders/$order->{id}/items", token => $token, body => { items => [ { productId => $a, quantity => 1 } ], total => 1 })), '422 VALIDATION_ERROR', 'a field that nobody knows');
is(code(edit($nothing, [ $a, 1 ])), '404 NOT_FOUND', 'of an order that there is');
is(code(put("$api/admin/orders/$order->{id}/items", body => { items => [ { productId => $a, quantity => 1 } ] })), '401 MISSING_TOKEN', 'by staff');

# Two clerks at once: one after the other, and what is held is what the lines say.
my @replies = parallel(6, sub { my $n = shift // 0; return { status => edit($order->{id}, [ $a, 1 + $$ % 5 ], [ $b, 1 ])->{status} } });
is((grep { $_->{status} == 200 } @replies), 6, 'six clerks at once');
is(sql('SELECT count(*) FROM mjc.check_invariants()'), 0, 'every promise is kept');

status($order->{id}, $_) for qw(shipped delivered);
is(code(edit($order->{id}, [ $a, 1 ])), '409 ORDER_NOT_EDITABLE', 'too late');
$reply = take_back($order->{id}, items => [ { productId => $b, quantity => 1 } ], reason => 'Mauvaise référence', key => "back-$$");
is($reply->{status}, 201, 'a line comes back') or diag $reply->{content};
is($reply->{json}{data}{value} + 0, 500, 'with its value');
my $again = take_back($order->{id}, items => [ { productId => $b, quantity => 1 } ], reason => 'Mauvaise référence', key => "back-$$");
is_deeply([ $again->{status}, $again->{headers}{'idempotent-replayed'}, $again->{json} ], [ 201, 'true', $reply->{json} ], 'once');
is(code(take_back($order->{id}, items => [ { productId => $b, quantity => 1 } ], reason => 'Mauvaise référence true', key => "back-$$")), '422 IDEMPOTENCY_KEY_REUSED', 'another request, another key');
my %damaged = (items => [ { productId => $a, quantity => 1 } ], reason => 'Mauvaise référence', key => "damaged-$$");
is(take_back($order->{id}, %damaged, damaged => JSON::PP::true)->{status}, 201, 'a damaged one comes back');
is(code(take_back($order->{id}, %damaged, refund => JSON::PP::true)), '422 IDEMPOTENCY_KEY_REUSED', 'one to refund is another request');
is(code(take_back($order->{id}, items => [ { productId => $b, quantity => 1 } ], reason => 'x')), '409 RESERVATION_QTY', 'not more than arrived');
is(code(take_back($order->{id}, items => [ { productId => $nothing, quantity => 1 } ], reason => 'x')), '409 RESERVATION_QTY', 'nothing that was not ordered');
is((take_back($order->{id}, %$_))->{status}, 422, 'not a return') for { reason => 'x' }, { items => [ { productId => $a, quantity => 1 } ] }, { items => [ { productId => $a, quantity => 0 } ], reason => 'x' }, { items => [ { productId => $a, quantity => 1 } ], reason => 'x', more => 1 };
is(code(take_back(place([ [ $a, 1 ] ])->{id}, items => [ { productId => $a, quantity => 1 } ], reason => 'x')), '409 ORDER_NOT_DELIVERED', 'of an order that did not arrive');
is(code(take_back($nothing, items => [ { productId => $a, quantity => 1 } ], reason => 'x')), '404 NOT_FOUND', 'of an order that there is');

# Units are exchanged for others.
sub exchange { my ($id, %body) = @_; return post("$api/admin/orders/$id/exchanges", token => $token, body => \%body, headers => { 'Idempotency-Key' => delete $body{key} // "exchange-$$-" . rand }) }

sub shown { return get("$api/admin/orders/$_[0]", token => $token)->{json}{data} }

my $first = place([ [ $a, 2 ] ]);
status($first->{id}, $_) for qw(confirmed shipped);
my %one = (items => [ { productId => $a, quantity => 1 } ], newItems => [ { productId => $b, quantity => 1 } ], reason => 'Mauvaise référence');
is(code(exchange($first->{id}, %one)), '409 ORDER_NOT_DELIVERED', 'it is still on the road');
status($first->{id}, 'delivered');
is(code(exchange($first->{id}, %one, newItems => [ { productId => $b, quantity => 999 } ])), '409 INSUFFICIENT_STOCK', 'not for more than there is');
is(code(exchange($first->{id}, %one, items => [ { productId => $a, quantity => 3 } ])), '409 RESERVATION_QTY', 'not more than arrived');
is_deeply(shown($first->{id})->{exchangedBy}, [], 'and nothing happened');
$reply = exchange($first->{id}, %one, key => "exchange-$$");
is($reply->{status}, 201, 'one article for another') or diag $reply->{content};
my $second = shown($reply->{json}{data}{exchangeId});
is($reply->{json}{data}{value} + 0, 1000, 'worth what it cost');
is($second->{amountDue} + 0, $second->{total} - $second->{credit}, 'the rest is due');
is_deeply($second->{exchangeOf}, { id => $first->{id}, orderNumber => $first->{orderNumber} }, 'the second names the first');
is_deeply(shown($first->{id})->{exchangedBy}, [ { id => $second->{id}, orderNumber => $second->{orderNumber} } ], 'and the first the second');
$again = exchange($first->{id}, %one, key => "exchange-$$");
is_deeply([ $again->{status}, $again->{headers}{'idempotent-replayed'}, $again->{json} ], [ 201, 'true', $reply->{json} ], 'once');
is(code(exchange($first->{id}, %one, damaged => JSON::PP::true, key => "exchange-$$")), '422 IDEMPOTENCY_KEY_REUSED', 'another request, another key');
@replies = parallel(4, sub { return { status => exchange($first->{id}, %one)->{status} } });
is_deeply([ sort map { $_->{status} } @replies ], [ 201, 409, 409, 409 ], 'four clerks exchange the last unit: one does');
is(scalar @{ shown($first->{id})->{exchangedBy} }, 2, 'and there is one order for it');
is(exchange($first->{id}, %$_)->{status}, 422, 'not an exchange') for { %one, newItems => [] }, { %one, items => [] }, { %one, reason => '' }, { %one, more => 1 }, { %one, newItems => [ { productId => $b, quantity => 0 } ] }, { items => $one{items}, reason => 'x' };
is(code(exchange($nothing, %one)), '404 NOT_FOUND', 'of an order that there is');
is(code(post("$api/admin/orders/$first->{id}/exchanges", body => \%one)), '401 MISSING_TOKEN', 'by staff');
is(sql('SELECT count(*) FROM mjc.check_invariants()'), 0, 'every promise is kept to the end');
done_testing();

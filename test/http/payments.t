#!/usr/bin/perl
#
# payments.t - ways to pay, and the routes with which staff book money and give it back.
# What providers take part in is in provider.t.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use Shop;
use Test::More;

my $api = '/api/v1';
my $part = make_product(price => 1000, stock => 500);
my $token = admin_token();
my $nothing = '00000000-0000-4000-8000-0000000000ff';
my $before = sql(q{SELECT string_agg(format('UPDATE mjc.payment_method SET is_enabled = %L WHERE method = %L', is_enabled, method), ';') FROM mjc.payment_method});
END { local $?; sql($before) if $before }
sql("UPDATE mjc.payment_method SET is_enabled = (method IN ('CASH_ON_DELIVERY', 'BANK_TRANSFER'))");

sub order { return post("$api/orders/guest", @_) }

sub code { return $_[0]{status} . ' ' . ($_[0]{json}{code} // '-') }

# An order to be paid that way: id and number.
sub ordered
{
	my ($method, $units) = @_;
	my $reply = order(body => order_body([ [ $part, $units // 1 ] ], paymentMethod => $method));

	die "no order: $reply->{status} $reply->{content}" if $reply->{status} != 201;
	return $reply->{json}{data}{order};
}

sub record { my ($id, %body) = @_; return post("$api/admin/orders/$id/payments", token => $token, body => \%body, headers => { 'Idempotency-Key' => delete $body{key} // "payments-$$-" . rand }) }

sub refund { my (%body) = @_; return post("$api/payments/refund", token => $token, body => \%body, headers => { 'Idempotency-Key' => delete $body{key} // "payments-$$-" . rand }) }

#------------------------------------------------------------------ ways to pay

is_deeply([ map { $_->{id} } @{ get("$api/payments/methods")->{json}{data} } ], [ 'CASH_ON_DELIVERY', 'BANK_TRANSFER' ], 'what the shop offers');
is(code(order(body => order_body([ [ $part, 1 ] ], paymentMethod => 'BANK_CARD'))), '422 PAYMENT_METHOD_UNKNOWN', 'what it does not offer is refused');
is(code(order(body => order_body([ [ $part, 1 ] ], paymentMethod => 7))), '422 VALIDATION_ERROR', 'what is no text too');
is(ordered('CASH_ON_DELIVERY')->{paymentMethod}, 'CASH_ON_DELIVERY', 'cash');
my $order = ordered('BANK_TRANSFER', 2);
is($order->{paymentMethod}, 'BANK_TRANSFER', 'a transfer');
is($order->{stampDuty} + 0, 0, 'has no stamp duty');
my $due = $order->{amountDue};

#------------------------------------------------------------------ booking

my $list = get("$api/admin/orders/$order->{id}/payments", token => $token);
is($list->{status}, 200, 'the money of an order');
is_deeply([ map { "$_->{status} $_->{amount} $_->{received}" } @{ $list->{json}{data}{payments} } ], [ "pending $due 0" ], 'is asked') or diag $list->{content};
is(code(get("$api/admin/orders/$nothing/payments", token => $token)), '404 NOT_FOUND', 'of an order that there is');
my $reply = record($order->{id}, amount => 500, method => 'BANK_TRANSFER', reference => "VIR-$$", note => 'BNA', key => "payment-$$");
is($reply->{status}, 201, 'a part came in');
is($reply->{json}{data}{paymentState}, 'part_paid', 'which the order knows');
my $again = record($order->{id}, amount => 500, method => 'BANK_TRANSFER', reference => "VIR-$$", note => 'BNA', key => "payment-$$");
is_deeply([ $again->{status}, $again->{headers}{'idempotent-replayed'}, $again->{json} ], [ 201, 'true', $reply->{json} ], 'asked again: the same answer');
is(code(record($order->{id}, amount => 500, method => 'BANK_TRANSFER', key => "payment-$$", %$_)), '422 IDEMPOTENCY_KEY_REUSED', 'the same words in another field are another request')
	for { reference => "VIR-$$ BNA" }, { note => "VIR-$$ BNA" };
is(code(record($order->{id}, amount => 1, method => 'BANK_TRANSFER', reference => "VIR-$$")), '409 PAYMENT_REF_KNOWN', 'one transfer counts once');
is(code(record($order->{id}, amount => $due, method => 'BANK_TRANSFER')), '409 PAYMENT_EXCEEDS', 'not more than is asked');
is(code(record($order->{id}, amount => $_, method => 'BANK_TRANSFER')), '422 VALIDATION_ERROR', "no amount: $_") for 0, -1, 'x', 1.005;
is(code(record($order->{id}, amount => 1, method => 'BANK_CARD')), '422 PAYMENT_METHOD_UNKNOWN', 'no card');
is(code(record($order->{id}, amount => 1)), '422 VALIDATION_ERROR', 'no method');
is(code(record($order->{id}, amount => 1, method => 'BANK_TRANSFER', more => 1)), '422 VALIDATION_ERROR', 'an unknown field');
is(code(record($nothing, amount => 1, method => 'BANK_TRANSFER')), '404 NOT_FOUND', 'no order');
is(record($order->{id}, amount => $due - 500, method => 'CASH_ON_DELIVERY')->{json}{data}{paymentState}, 'paid', 'the rest');
is(get("$api/admin/orders/$order->{id}", token => $token)->{json}{data}{statusCode}, 'CONFIRMED', 'an order that is paid is confirmed');

#------------------------------------------------------------------ giving back, by many at once

my @replies = parallel(8, sub { return { status => refund(orderId => $order->{orderNumber}, amount => $due / 4, reason => 'Retour')->{status} } });
is((grep { $_->{status} == 201 } @replies), 4, 'eight clerks refund a quarter each: four do');
is((grep { $_->{status} == 409 } @replies), 4, 'and four are told that nothing is left');
is(sql("SELECT sum(received_centimes) - sum(refunded_centimes) FROM mjc.payment WHERE order_id = '$order->{id}'"), 0, 'all of it went back, no dinar twice');
is(code(refund(orderId => $order->{id}, amount => 1, reason => 'x')), '409 REFUND_EXCEEDS', 'by id as well');
is(code(refund(orderId => 'MJ-2026-000001-0', amount => 1, reason => 'x')), '404 NOT_FOUND', 'of an order that there is');
is(code(refund(orderId => $order->{id}, amount => 1)), '422 VALIDATION_ERROR', 'with a reason');
is(code(post("$api/payments/refund", body => { orderId => $order->{id}, amount => 1, reason => 'x' })), '401 MISSING_TOKEN', 'by staff only');
my $back = get("$api/admin/orders/$order->{id}/payments", token => $token)->{json}{data}{refunds};
my ($open) = grep { $_->{status} eq 'due' } @$back;
ok($open, 'a transfer back is to be made');
is(post("$api/admin/orders/$order->{id}/refunds/$open->{id}/done", token => $token, body => { reference => 'VIR-BACK' })->{status}, 200, 'and is');
is(code(post("$api/admin/orders/$order->{id}/refunds/$open->{id}/done", token => $token, body => {})), '409 REFUND_STATE', 'once');
is(code(post("$api/admin/orders/$order->{id}/refunds/$nothing/done", token => $token, body => {})), '404 NOT_FOUND', 'one that there is');

#------------------------------------------------------------------ for a parcel

my $sent = ordered('BANK_TRANSFER', 5);
record($sent->{id}, amount => $sent->{amountDue}, method => 'BANK_TRANSFER');
sub parcel { my ($path, %body) = @_; return post("$api/admin/orders/$sent->{id}/shipments$path", token => $token, body => \%body, headers => { 'Idempotency-Key' => "parcel-$$-" . rand }) }
parcel('', items => [ { line => 1, quantity => 2 } ]);
parcel('/1', step => 'ship');
parcel('', items => [ { line => 1, quantity => 3 } ]);
parcel('/2', step => 'ship');
sub refunds { my ($reply) = @_; return join ', ', map { "$_->{kind} " . ($_->{shipmentNo} // '-') . ' ' . ($_->{amount} + 0) . ' ' . ($_->{used} + 0) } @{ $reply->{json}{data}{refunds} // [] } }
$reply = refund(orderId => $sent->{id}, amount => 1500, reason => 'Refusé', shipmentNo => 1, key => "parcel-$$");
is($reply->{status} . ' ' . refunds($reply), '201 return 1 1500 0', 'for a parcel') or diag $reply->{content};
is(code(refund(orderId => $sent->{id}, amount => 1500, reason => 'Refusé', key => "parcel-$$")), '422 IDEMPOTENCY_KEY_REUSED', 'for none is another request');
is(code(refund(orderId => $sent->{id}, amount => 500.01, reason => 'x', shipmentNo => 1)), '409 REFUND_PARCEL_EXCEEDS', 'not more than it is worth');
is(code(refund(orderId => $sent->{id}, amount => 1, reason => 'x', shipmentNo => 3)), '404 SHIPMENT_UNKNOWN', 'no such parcel');
is(code(refund(orderId => $sent->{id}, amount => 1, reason => 'x', %$_)), '422 VALIDATION_ERROR', 'not for this') for { shipmentNo => -1 }, { shipmentNo => 'x' }, { goodwill => 7 };
is(code(refund(orderId => $sent->{id}, amount => 1, reason => 'x', shipmentNo => 1, goodwill => \1)), '422 ARGUMENT_INVALID', 'for a parcel or a gesture');
$reply = refund(orderId => $sent->{id}, amount => 100, reason => 'Geste', goodwill => \1);
is(refunds($reply), 'return 1 1500 0, return - 100 0', 'a gesture');
my ($gesture) = map { $_->{id} } grep { !defined $_->{shipmentNo} } @{ $reply->{json}{data}{refunds} };
sub meant { my ($id, %body) = @_; return post("$api/admin/orders/$sent->{id}/refunds/$id/parcel", token => $token, body => \%body) }
is(refunds(meant($gesture, shipmentNo => 2)), 'return 1 1500 0, return 2 100 0', 'which was for the other after all');
is(code(meant($gesture, shipmentNo => 3)), '404 SHIPMENT_UNKNOWN', 'not for one that there is not');
is(code(meant($nothing, shipmentNo => 1)), '404 NOT_FOUND', 'no such refund');
is(refunds(meant($gesture)), 'return 1 1500 0, return - 100 0', 'or for nothing');
parcel('/1', step => 'return');
is(refunds(get("$api/admin/orders/$sent->{id}/payments", token => $token)), 'parcel 1 1500 1500, return - 100 0, excess 1 500 500', 'it comes back: the rest goes back');
is(code(meant((map { $_->{id} } grep { $_->{kind} eq 'parcel' } @{ get("$api/admin/orders/$sent->{id}/payments", token => $token)->{json}{data}{refunds} })[0])), '409 REFUND_COUNTED', 'and that stays');

#------------------------------------------------------------------ what does not fit

my $other = ordered('BANK_TRANSFER');
my $odd = sql("INSERT INTO mjc.payment (order_id, payment_id, method, provider, amount_centimes, state, created_at, updated_at, received_centimes)
	VALUES ('$other->{id}', gen_random_uuid(), 'BANK_CARD', 'stripe', 100, 'mismatch', now(), now(), 100) RETURNING payment_id");
is(code(post("$api/admin/orders/$other->{id}/payments/$nothing/mismatch", token => $token, body => { accept => \1 })), '404 PAYMENT_UNKNOWN', 'money that is not there');
is(code(post("$api/admin/orders/$other->{id}/payments/$odd/mismatch", token => $token, body => {})), '422 VALIDATION_ERROR', 'no decision');
is(post("$api/admin/orders/$other->{id}/payments/$odd/mismatch", token => $token, body => { accept => \1 })->{json}{data}{paymentState}, 'part_paid', 'it counts');

#------------------------------------------------------------------ how it stands

sql("INSERT INTO mjc.provider_ref (ref, provider, order_id) VALUES ('TRF_$other->{id}', 'shop', '$other->{id}')");
$reply = get("$api/payments/verify/TRF_$other->{id}");
is($reply->{json}{transaction}{status}, 'PENDING', 'verify: not paid whole');
ok($reply->{json}{success}, 'in the shape of the pages');
put("$api/admin/orders/$other->{id}/status", body => { status => 'cancelled' }, token => $token);
is(get("$api/payments/verify/TRF_$other->{id}")->{json}{transaction}{status}, 'REFUNDED', 'verify: cancelled, its money goes back');
is(code(get("$api/payments/verify/TRF_$nothing")), '404 NOT_FOUND', 'verify: none');
is(sql('SELECT count(*) FROM mjc.check_invariants()'), 0, 'every promise is kept');
done_testing();

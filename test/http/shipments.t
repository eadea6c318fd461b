#!/usr/bin/perl
#
# shipments.t - the routes of parcels: packed, shipped, delivered, refused, returned; and of what
# carriers remit. What each step does to stock and money is in test/sql/shipment.sql.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP qw(encode_json);
use Shop;
use Test::More;

my $api = '/api/v1';
my $part = make_product(price => 1000, stock => 500);
my $token = admin_token();
my $nothing = '00000000-0000-4000-8000-0000000000ff';

sub code { return $_[0]{status} . ' ' . ($_[0]{json}{code} // '-') }

sub pack_parcel { my ($id, $body, $key) = @_; return post("$api/admin/orders/$id/shipments", token => $token, body => $body, headers => { 'Idempotency-Key' => $key // "ship-$$-" . rand }) }

sub step { my ($id, $no, %body) = @_; return post("$api/admin/orders/$id/shipments/$no", token => $token, body => \%body) }

sub parcels { return join ', ', map { "$_->{shipmentNo} $_->{status}" } @{ $_[0]{json}{data}{shipments} // [] } }

my $order = place([ [ $part, 5 ] ]);
my $reply = pack_parcel($order->{id}, { items => [ { line => 1, quantity => 2 } ], carrier => 'Yalidine', trackingNumber => "YAL-$$-1" }, "pack-$$");
is($reply->{status}, 201, 'a parcel is packed') or diag $reply->{content};
is_deeply([ @{ $reply->{json}{data}{shipments}[0] }{qw(shipmentNo status carrier trackingNumber)} ], [ 1, 'packed', 'Yalidine', "YAL-$$-1" ], 'as told');
my $again = pack_parcel($order->{id}, { items => [ { line => 1, quantity => 2 } ], carrier => 'Yalidine', trackingNumber => "YAL-$$-1" }, "pack-$$");
is_deeply([ $again->{status}, $again->{headers}{'idempotent-replayed'}, $again->{json} ], [ 201, 'true', $reply->{json} ], 'asked again with the key: one parcel');
is(code(pack_parcel($order->{id}, { items => [ { line => 1, quantity => 4 } ] })), '409 SHIPMENT_QTY', 'not more than is left');
is(code(pack_parcel($order->{id}, { items => [ { line => 2, quantity => 1 } ] })), '409 SHIPMENT_QTY', 'no line that there is not');
is((pack_parcel($order->{id}, $_))->{status}, 422, 'not a parcel: ' . encode_json($_))
	for { items => [] }, { items => 'x' }, { items => [ { line => 1 } ] }, { items => [ { line => 1, quantity => 0 } ] }, { items => [ { line => 1, quantity => 'x' } ] }, { items => [ { line => 1, quantity => 1, price => 1 } ] },
	{ more => 1 }, { carrier => 'x' x 101 };
is(code(pack_parcel($nothing, {})), '404 NOT_FOUND', 'of an order that there is');
is(parcels(step($order->{id}, 1, step => 'ship')), '1 shipped', 'the carrier has it');
is(get("$api/admin/orders/$order->{id}", token => $token)->{json}{data}{statusCode}, 'PROCESSING', 'the rest is still here');
is(code(post("$api/admin/orders/$order->{id}/cancel", token => $token, body => {})), '409 ORDER_PART_SHIPPED', 'too late to cancel all of it');
is(parcels(pack_parcel($order->{id}, {})), '1 shipped, 2 packed', 'the rest in one parcel');
is(parcels(step($order->{id}, 2, step => 'unpack')), '1 shipped, 2 unpacked', 'which is unpacked');
is(parcels(pack_parcel($order->{id}, {})), '1 shipped, 2 unpacked, 3 packed', 'and packed again');
is(parcels(step($order->{id}, 3, step => 'ship', trackingNumber => "YAL-$$-3", carrier => 'Yalidine')), '1 shipped, 2 unpacked, 3 shipped', 'it leaves');
is(get("$api/admin/orders/$order->{id}", token => $token)->{json}{data}{statusCode}, 'SHIPPED', 'the order has left');
is(parcels(step($order->{id}, 1, step => 'deliver')), '1 delivered, 2 unpacked, 3 shipped', 'one arrives');
is(parcels(step($order->{id}, 3, step => 'refuse', reason => 'Client absent')), '1 delivered, 2 unpacked, 3 refused', 'one is refused');
my $before = sql("SELECT on_hand FROM mjc.stock_available WHERE product_id = '$part'");
is(parcels(step($order->{id}, 3, step => 'return', damaged => \0)), '1 delivered, 2 unpacked, 3 returned', 'and comes back');
is(sql("SELECT on_hand FROM mjc.stock_available WHERE product_id = '$part'") - $before, 3, 'with three units');
is(get("$api/admin/orders/$order->{id}", token => $token)->{json}{data}{statusCode}, 'DELIVERED', 'the order is over');
is(code(step($order->{id}, 3, step => 'return')), '409 SHIPMENT_STATE', 'a parcel comes back once');
is(code(step($order->{id}, 9, step => 'return')), '404 SHIPMENT_UNKNOWN', 'a parcel that there is');
is(code(step($order->{id}, 1, step => 'burn')), '422 VALIDATION_ERROR', 'a step that there is');
is(code(step($order->{id}, 1)), '422 VALIDATION_ERROR', 'no step');
is(code(step($order->{id}, 'x', step => 'ship')), '404 NOT_FOUND', 'no number');
is(parcels(get("$api/admin/orders/$order->{id}/shipments", token => $token)), '1 delivered, 2 unpacked, 3 returned', 'the list');
is(code(get("$api/admin/orders/$nothing/shipments", token => $token)), '404 NOT_FOUND', 'of an order that there is');

# What the carrier tells: staff read all of it, the buyer the latest
my $told = place([ [ $part, 1 ] ]);
my $phone = sql("SELECT phone FROM mjc.order_contact WHERE order_id = '$told->{id}'");
pack_parcel($told->{id}, { carrier => 'Yalidine', trackingNumber => "YAL-$$-T" });
step($told->{id}, 1, step => 'ship');
my $n = 0;
for my $news ([ 'Sorti en livraison' => '2026-01-05 09:00:00' ], [ 'Tentative échouée' => '2026-01-05 10:00:00' ], [ 'Centre' => '2026-01-05 08:00:00' ])
{
	my $event = encode_json([ { id => "yt-$$-" . ++$n, type => 'parcel_status_updated', payload => {
		event_id => "yt-$$-$n", occurred_at => $news->[1], data => { tracking => "YAL-$$-T", status => $news->[0], reason => 'Client absent' } } } ]);
	sql("SELECT mjc_api.provider_event_store('yalidine', :'event')", event => $event);
}
ok(wait_for(sub { sql('SELECT mjc.provider_event_apply()'); sql("SELECT count(*) FROM mjc.shipment_report WHERE order_id = '$told->{id}'") == 3 }, 10), 'the carrier tells of a parcel');
my ($sent) = @{ get("$api/admin/orders/$told->{id}/shipments", token => $token)->{json}{data}{shipments} };
is_deeply([ $sent->{failedAttempts}, $sent->{carrierStatus}, map { "$_->{status} $_->{label}" } @{ $sent->{carrierReports} } ],
	[ 1, 'attempt_failed', 'at_hub Centre', 'out_for_delivery Sorti en livraison', 'attempt_failed Tentative échouée' ], 'all of it, for staff');
$reply = get("$api/orders/track?orderNumber=$told->{orderNumber}&phone=$phone");
is_deeply([ @{ $reply->{json}{data}{order}{shipments}[0] }{qw(shipmentNo status trackingNumber carrierStatus carrierLabel carrierStatusAt)} ],
	[ 1, 'shipped', "YAL-$$-T", 'attempt_failed', 'Tentative échouée', '2026-01-05T09:00:00.000Z' ], 'the latest, for the buyer') or diag $reply->{content};
unlike($reply->{content}, qr/Client absent/, 'without what the carrier noted');

# Remittances
sub remit { my ($body) = @_; return post("$api/admin/remittances", token => $token, body => $body, headers => { 'Idempotency-Key' => "remit-$$-" . rand }) }
my %given = (carrier => 'Yalidine', reference => "VRS-$$", receivedOn => '2026-11-28', lines => [ { parcel => "YAL-$$-1", amount => 2000 } ]);
$reply = remit(\%given);
is($reply->{status}, 201, 'a carrier pays') or diag $reply->{content};
is_deeply([ @{ $reply->{json}{data}{lines}[0] }{qw(orderNumber shipmentNo collected amount)} ], [ $order->{orderNumber}, 1, 2000 + $order->{shipping} + $order->{stampDuty} + $order->{rounding}, 2000 ], 'for a parcel, which collected the shipping too');
is(code(remit(\%given)), '409 REMITTANCE_KNOWN', 'once');
is(code(remit({ %given, reference => "VRS-$$-2", lines => [ { parcel => 'NONE', amount => 1 } ] })), '422 REMITTANCE_LINE', 'no parcel of that number');
is((remit({ %given, reference => "VRS-$$-2", %$_ }))->{status}, 422, 'not a remittance: ' . encode_json($_))
	for { lines => [] }, { lines => 7 }, { lines => [ { parcel => "YAL-$$-1" } ] }, { lines => [ { parcel => "YAL-$$-1", amount => -1 } ] }, { receivedOn => 'x' }, { more => 1 }, { carrier => '' };
is(sql("SELECT count(*) FROM mjc.remittance WHERE reference LIKE 'VRS-$$-%'"), 0, 'nothing was booked');
is(sql('SELECT count(*) FROM mjc.check_invariants()'), 0, 'every promise is kept');
done_testing();

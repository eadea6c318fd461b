#!/usr/bin/perl
#
# orders_admin.t - what staff do with orders over REST: take one for a customer.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use Shop;
use Test::More;

my $api = '/api/v1/admin';
my $token = admin_token();
my $none = '00000000-0000-4000-8000-0000000000ff';
my $part = make_product(price => 1000, stock => 100_000, name => 'Joint torique');
my $key_serial = 0;

sub key { return sprintf 'admin-%s-%d', $part, ++$key_serial }

sub staff { my ($method, $path, @opt) = @_; return request($method, "$api/$path", token => $token, @opt) }

#------------------------------------------------------------------ an order for a customer

my $phone = phone();
my $client = make_account('CUSTOMER');
my %body = (
	customerId => $client, phone => $phone, items => [ { productId => $part, quantity => 2, unitPrice => 1, price => 1, totalPrice => 2 } ],
	shippingAddress => { street => '12 rue Didouche Mourad', city => 'Alger', region => '16' }, notes => "Par téléphone\nÀ rappeler",
	subtotal => 1, totalAmount => 1, taxAmount => 1, shippingAmount => 1, discountAmount => 99, status => 'DELIVERED', paymentStatus => 'COMPLETED');

sub take { my ($change, @opt) = @_; return staff(POST => 'orders', body => { %body, %$change }, key => key(), @opt) }

my $key = key();
my $reply = staff(POST => 'orders', body => \%body, key => $key);
is($reply->{status}, 201, 'staff order for a customer') || said($reply);
my $made = $reply->{json}{data};
is_deeply([ @$made{qw(customerId customerName customerPhone statusCode subtotal notes paymentStatus)} ],
	[ $client, 'Nadia Cherif', '+213' . substr($phone, 1), 'CONFIRMED', 2000, "Par téléphone\nÀ rappeler", 'PENDING' ],
	'as the record says, at the prices of the shop');
is_deeply(staff(GET => "orders/$made->{id}")->{json}{data}, $made, 'the same as GET shows');
is_deeply([ @{ staff(POST => 'orders', body => \%body, key => $key) }{qw(status content)} ], [ @$reply{qw(status content)} ], 'a repeat: the same bytes');
is_error(staff(POST => 'orders', body => { %body, notes => 'x' }, key => $key), 422, 'IDEMPOTENCY_KEY_REUSED', 'another request with that key');
$reply = take({ shippingAddress => undef });
is_error($reply, 422, 'ARGUMENT_MISSING', 'no address');
like($reply->{json}{message}, qr/shippingAddress/, 'which is named');
$reply = take({ shippingAddress => undef, addressId => $none });
is_error($reply, 422, 'ARGUMENT_INVALID', 'an address that is not his');
like($reply->{json}{message}, qr/addressId/, 'which is named');
my $own = post('/api/v1/customers/addresses', token => mint('CUSTOMER', $client, 0),
	body => { type => 'SHIPPING', street => '3 rue du Port', city => 'Oran', region => '31' })->{json}{data}{address}{id};
is(take({ shippingAddress => undef })->{json}{data}{shippingAddress}{street}, '3 rue du Port', 'to his default address');
is(take({ shippingAddress => undef, addressId => $own })->{json}{data}{shippingAddress}{region}, '31', 'or to one of his');
is_error(take({ customerId => $none }), 404, 'NOT_FOUND', 'nobody');
is_error(take({ items => [ { productId => $part, quantity => 999 }, { productId => $none, quantity => 1 } ] }), 409, 'PRODUCT_UNAVAILABLE', 'no such product');
for my $case (
	[ 'customerId', undef, 'x', 5 ], [ 'addressId', 'x' ], [ 'items', [], undef, 'x' ], [ 'phone', 'abc' ], [ 'notes', 'n' x 501 ],
	[ 'deliveryMode', 'drone' ], [ 'storeCredit', 'perhaps' ], [ 'coupons', 5 ])
{
	my ($field, @values) = @$case;

	is_field(take({ $field => $_ }), $field, "$field: " . ($_ // 'nothing')) for @values;
}
is_field(take({ shippingAddress => { street => 'rue', city => 'Alger' } }), 'shippingAddress.street', 'a street too short');
is_field(take({ items => [ { productId => 'x', quantity => 0 } ] }), [qw(items[0].productId items[0].quantity)], 'a bad line');
customer_status($client, 'blocked');
is_error(take({}), 409, 'CUSTOMER_BLOCKED', 'a blocked customer');
customer_status($client, 'active');
is_error(staff(POST => 'orders', body => \%body, token => mint($_, make_account($_), 0)), 403, 'FORBIDDEN', "$_ may not") for qw(CUSTOMER TECHNICIAN);

finish();

#!/usr/bin/perl
#
# invoice.t - GET /orders/:id/invoice and the routes of staff: a page, issued once.

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
my $before = sql(q{SELECT string_agg(format('UPDATE mjc.setting SET text_value = %L WHERE name = %L', text_value, name), ';') FROM mjc.setting WHERE name ~ '^seller_'});
END { local $?; sql($before) if $before }

sub issue { return post("$api/admin/orders/$_[0]/invoice", body => {}, token => $token) }

sub page { my ($id, $query) = @_; return get("$api/admin/orders/$id/invoice" . ($query // ''), token => $token) }

sub code { return $_[0]{json}{code} // '-' }

# A confirmed order; with an account, one of that customer.
sub confirmed
{
	my ($owner) = @_;
	my $order = place([ [ $part, 2 ] ]);

	put("$api/admin/orders/$order->{id}/status", body => { status => 'confirmed' }, token => $token);
	sql("UPDATE mjc.customer_order SET customer_id = '$owner' WHERE order_id = '$order->{id}'; UPDATE mjc.order SET customer_id = '$owner' WHERE order_id = '$order->{id}'") if $owner;
	return $order;
}

my $pending = place([ [ $part, 1 ] ]);
my $reply = issue($pending->{id});
is("$reply->{status} " . code($reply), '409 INVOICE_STATE', 'an order that nobody confirmed');
my $order = confirmed();
sql(q{UPDATE mjc.setting SET text_value = '' WHERE name = 'seller_nif'});
$reply = issue($order->{id});
is("$reply->{status} " . code($reply), '409 SELLER_INCOMPLETE', 'a seller that is not known');
like($reply->{json}{message}, qr/seller_nif/, 'the message names what is missing');
is(page($order->{id})->{status}, 404, 'there is no page yet');
sql(q{UPDATE mjc.setting SET text_value = 'Essai <b>' WHERE name ~ '^seller_(legal_form|activity|address|phone|rc|nif|nis|ai)'});

# 16 clerks click at once.
my @replies = parallel(16, sub { my $r = issue($order->{id}); return { status => $r->{status}, number => $r->{json}{data}{invoiceNumber} } });
is_deeply([ grep { $_->{status} != 200 } @replies ], [], 'every clerk is answered');
my %numbers = map { $_->{number} => 1 } @replies;
is(scalar keys %numbers, 1, 'with one number');
my ($number) = keys %numbers;
like($number, qr/^FA-\d{4}-\d{6}$/, 'of the series');
is(sql("SELECT count(*) FROM mjc.invoice WHERE order_id = '$order->{id}'"), 1, 'one document');

$reply = page($order->{id});
is($reply->{status}, 200, 'the page');
is($reply->{headers}{'content-type'}, 'text/html; charset=utf-8', 'as HTML');
like($reply->{headers}{'content-security-policy'}, qr/^default-src 'none'; style-src 'unsafe-inline';.*frame-ancestors 'none'$/, 'that may do nothing but look well');
is($reply->{headers}{'cache-control'}, 'no-store', 'kept by nobody');
like($reply->{content}, qr/<html lang=fr dir=ltr>.*\Q$number\E.*Essai &lt;b&gt;/s, 'in French, its texts escaped');
unlike($reply->{content}, qr/Essai <b>/, 'and nowhere else');
like(page($order->{id}, '?lang=ar')->{content}, qr/<html lang=ar dir=rtl>/, 'in Arabic');
is(page($order->{id}, "?number=$number")->{status}, 200, 'by its number');
is(page($order->{id}, '?number=FA-2001-000001')->{status}, 404, 'another order\'s number is none of this');
$reply = page($order->{id}, '?lang=en');
is("$reply->{status} " . code($reply), '422 VALIDATION_ERROR', 'no other language');
is($reply->{headers}{'content-type'}, 'application/json; charset=utf-8', 'errors are JSON');
is(page('00000000-0000-4000-8000-0000000000ff')->{status}, 404, 'an unknown order');
is(issue('00000000-0000-4000-8000-0000000000ff')->{status}, 404, 'is not invoiced');
is(page('x')->{status}, 404, 'a malformed id');
is(sql("SELECT count(*) >= 3 FROM mjc.personal_access WHERE action = 'invoice_read'"), 't', 'the looks of staff are on record');

# The owner and others
my ($owner, $other) = map { make_account('CUSTOMER') } 1, 2;
my $own = confirmed($owner);
issue($own->{id});
is(get("$api/orders/$own->{id}/invoice", token => mint('CUSTOMER', $owner, 0))->{status}, 200, 'the owner sees his invoice');
is(get("$api/orders/$own->{id}/invoice", token => mint('CUSTOMER', $other, 0))->{status}, 404, 'another customer does not');
is(get("$api/orders/$own->{id}/invoice")->{status}, 401, 'nobody without signing in');
is(get("$api/orders/$order->{id}/invoice", token => mint('CUSTOMER', $owner, 0))->{status}, 404, 'nor the owner that of a guest');
is(get("$api/admin/orders/$own->{id}/invoice", token => mint('CUSTOMER', $owner, 0))->{status}, 403, 'nor the page of staff');
is(sql('SELECT count(*) FROM mjc.check_invariants()'), 0, 'every promise holds');
done_testing();

#!/usr/bin/perl
#
# reviews.t - what customers say of a part: written by whoever is signed in, published by
# staff, read by everybody; and what each route refuses.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Shop;
use Test::More;

my $api = '/api/v1';
my $token = admin_token();
my $none = '00000000-0000-4000-8000-0000000000ff';
my $part = make_product(price => 1000, stock => 50, name => 'Sonde');
my $hidden = make_product(price => 1000, active => 0);

sub data { return $_[0]{json}{data} // {} }

sub customer { my $id = make_account('CUSTOMER'); return { id => $id, token => mint('CUSTOMER', $id, 0) } }

sub write_review
{
	my ($who, $body, @opt) = @_;

	return post("$api/products/$part/reviews", token => $who->{token}, body => $body, @opt);
}

sub shown { return data(get("$api/products/$part/reviews" . ($_[0] // ''))) }

sub staff { my ($method, $path) = @_; return request($method, "$api/admin/reviews$path", token => $token) }

# Written
my $amina = customer();
my $reply = write_review($amina, { rating => 4, title => 'Bien', comment => "Deux\nlignes" });
is($reply->{status}, 201, 'a review') or said($reply);
my $review = data($reply)->{review};
is_deeply([ @$review{qw(rating title comment isPublished isVerifiedPurchase productId)} ], [ 4, 'Bien', "Deux\nlignes", JSON::PP::false(), JSON::PP::false(), $part ], 'waits for staff');
is_deeply(shown()->{reviews}, [], 'nobody sees it');
$reply = write_review($amina, { rating => 4, title => 'Bien', comment => "Deux\nlignes" });
is_deeply([ $reply->{status}, $reply->{headers}{'idempotent-replayed'} ], [ 201, 'true' ], 'a double click is one review');
is_error(write_review($amina, { rating => 5 }), 409, 'REVIEW_EXISTS', 'another of the same customer');
my $karim = customer();
is(write_review($karim, { rating => 1 }, key => "rev-$$")->{status}, 201, 'stars alone');

# Refused
for my $case (
	[ 'rating', {} ], [ 'rating', { rating => undef } ], [ 'rating', { rating => 0 } ], [ 'rating', { rating => 6 } ], [ 'rating', { rating => 4.5 } ], [ 'rating', { rating => '4x' } ],
	[ 'title', { rating => 4, title => 'x' x 101 } ], [ 'title', { rating => 4, title => 7 } ], [ 'comment', { rating => 4, comment => 'x' x 1001 } ], [ 'comment', { rating => 4, comment => [] } ],
	[ 'isPublished', { rating => 4, isPublished => JSON::PP::true() } ], [ 'customerId', { rating => 4, customerId => $none } ], [ 'state', { rating => 4, state => 'PUBLISHED' } ])
{
	is_field(write_review(customer(), $case->[1]), $case->[0], 'refused: ' . encode_body($case->[1]));
}
sub encode_body { return JSON::PP->new->canonical->encode($_[0]) }
is_error(post("$api/products/$part/reviews", body => { rating => 4 }), 401, 'MISSING_TOKEN', 'who is not signed in');
is_error(post("$api/products/$_/reviews", token => customer()->{token}, body => { rating => 4 }), 404, 'NOT_FOUND', "no such part: $_") for $none, 'x', $hidden;
is_error(post("$api/products/$part/reviews", token => $token, body => { rating => 4 }), 404, 'NOT_FOUND', 'staff are no customers');
is_error(get("$api/products/$_/reviews"), 404, 'NOT_FOUND', "no reviews of $_") for $none, 'x', $hidden;
is_field(get("$api/products/$part/reviews?page=$_"), 'page', "page $_") for 0, -1, 'x', 100_001;
is_field(get("$api/products/$part/reviews?limit=$_"), 'limit', "limit $_") for 0, 51, 'x';

# The desk of staff
$reply = staff(GET => "?productId=$part");
is($reply->{status}, 200, 'what waits') or said($reply);
is_deeply([ sort map { "$_->{status} $_->{rating}" } @{ data($reply)->{reviews} } ], [ 'PENDING 1', 'PENDING 4' ], 'both');
unlike($reply->{content}, qr/\@|\+213|email|phone|lastName/, 'without e-mail or phone');
$reply = staff(POST => "/$review->{id}/publish");
is(data($reply)->{review}{status}, 'PUBLISHED', 'published') or said($reply);
my $page = shown();
is_deeply([ $page->{averageRating}, $page->{reviewCount}, scalar @{ $page->{reviews} } ], [ 4, 1, 1 ], 'everybody sees it');
like($page->{reviews}[0]{author}, qr/^\p{Lu}\w+ \p{Lu}\.$/, 'with first name and initial');
is_deeply([ sort keys %{ $page->{reviews}[0] } ], [qw(author comment createdAt id isVerifiedPurchase productId rating title)], 'and nothing else of its author');
my $product = data(get("$api/products/$part"))->{product};
is_deeply([ @$product{qw(averageRating reviewCount)} ], [ 4, 1 ], 'the part shows its stars');
is(data(staff(POST => "/$review->{id}/hide"))->{review}{status}, 'HIDDEN', 'hidden');
is(shown()->{reviewCount}, 0, 'nobody sees it');
is(staff(POST => "/$review->{id}/publish")->{status}, 200, 'and again');
is(staff(DELETE => "/$review->{id}")->{status}, 200, 'deleted');
is_error(staff(DELETE => "/$review->{id}"), 404, 'NOT_FOUND', 'and gone');
is_error(staff(POST => "/$_/publish"), 404, 'NOT_FOUND', "publish $_") for $none, 'x';
is_error(staff(POST => "/$_/hide"), 404, 'NOT_FOUND', "hide $_") for $none, 'x';
is_field(staff(GET => "?$_->[0]=$_->[1]"), $_->[0], "list by $_->[0] $_->[1]") for [ status => 'x' ], [ productId => 'x' ], [ page => 0 ], [ limit => 101 ];
for my $who (mint('CUSTOMER', make_account('CUSTOMER'), 0), mint('TECHNICIAN', make_account('TECHNICIAN'), 0))
{
	is_error(request($_->[0], "$api/admin/reviews$_->[1]", token => $who), 403, 'FORBIDDEN', "$_->[0] $_->[1]: staff only")
		for [ GET => '' ], [ POST => "/$none/publish" ], [ POST => "/$none/hide" ], [ DELETE => "/$none" ];
}

# Bought: delivered to him
my $buyer = customer();
$reply = post("$api/orders", token => $buyer->{token},
	body => { items => [ { productId => $part, quantity => 1 } ], phone => phone(), shippingAddress => { street => '12 rue Didouche Mourad', city => 'Alger', region => '16' } });
is($reply->{status}, 201, 'he orders') or said($reply);
my $ref = $reply->{json}{data}{order}{orderNumber};
sql("SELECT mjc.order_ship('$ref')");
sql("SELECT mjc.order_deliver('$ref')");
$reply = write_review($buyer, { rating => 5, comment => 'Monté, ça marche' });
is(data($reply)->{review}{isVerifiedPurchase}, JSON::PP::true(), 'he bought it');

# At once: two of one customer are one; many who publish count right
my $twice = customer();
my @both = parallel(4, sub { return write_review($twice, { rating => 1 + $_[0] })->{status} });
is_deeply([ sort @both ], [ 201, 409, 409, 409 ], 'one review of a customer');
my @crowd = map { data(write_review(customer(), { rating => $_ }))->{review}{id} } 1 .. 5;
parallel(5, sub { return staff(POST => "/$crowd[ $_[0] ]/publish")->{status} });
is(sql("SELECT rating_count || ' ' || rating_sum FROM mjc.product WHERE product_id = '$part'"), '5 15', 'five at once count five');
is(shown('?limit=2')->{pagination}{totalPages}, 3, 'in pages');

# He leaves: his words go
is(request('DELETE', "$api/customers/profile/me", token => $twice->{token}, body => { confirm => 'DELETE' })->{status}, 200, 'one leaves');
is(sql("SELECT count(*) FROM mjc.review WHERE customer_id = '$twice->{id}'"), 0, 'with what was not published');

finish();

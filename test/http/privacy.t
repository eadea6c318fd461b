#!/usr/bin/perl
#
# privacy.t - what a person may ask of the shop (law 18-07): the texts he agrees to, all that is
# known of him, his orders from before he had an account, and to be forgotten: after that a dump
# of the whole database holds no word of his.

use strict;
use warnings;
use utf8;

use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Shop;
use Test::More;

my $api = '/api/v1';
my $token = admin_token();
my $none = '00000000-0000-4000-8000-0000000000ff';
my $run = join '', map { chr(97 + rand 26) } 1 .. 8;
my $part = make_product(price => 1000, stock => 500);
my $words = 0;

sub data { return $_[0]{json}{data} // {} }

sub staff { my ($method, $path, @opt) = @_; return request($method, "$api/$path", token => $token, @opt) }

# register(e-mail, change...): id and token of a customer who came by himself.
sub register
{
	my ($email, %change) = @_;
	my $reply = post("$api/auth/register",
		body => { email => $email, password => 'Kz7-cheval lampe', firstName => 'Amina', lastName => 'Essai', %change });

	is($reply->{status}, 201, 'registered') or said($reply);
	return (data($reply)->{user}{id}, data($reply)->{accessToken});
}

# The link of the newest mail to an account, as it travels.
sub mailed
{
	my ($id, $topic) = @_;

	return sql("SELECT o.payload->>'token' FROM mjc.outbox o WHERE o.topic = :'topic' AND o.aggregate_id = '$id'"
			. ' ORDER BY o.outbox_id DESC LIMIT 1', topic => $topic);
}

sub audited
{
	my $request = shift->{headers}{'x-request-id'} // 'none';

	return sql("SELECT string_agg(action, ' ') FROM mjc.audit WHERE request_id = :'request'", request => $request);
}

sub looked
{
	my $request = shift->{headers}{'x-request-id'} // 'none';

	return sql("SELECT string_agg(action || ' ' || persons, ' ') FROM mjc.personal_access WHERE request_id = :'request'",
		request => $request);
}

#------------------------------------------------------------------ consents

my %text = (purpose => 'text', version => 'int', lang => 'text', body => 'text', validFrom => 'time');
for my $lang ('', 'fr', 'ar')
{
	my $reply = get("$api/consents" . ($lang && "?lang=$lang"));
	my %by = map { $_->{purpose} => $_ } @{ data($reply)->{texts} };

	is($reply->{status}, 200, "texts in '$lang'");
	shape(data($reply)->{texts}, [ \%text ], 'with their versions');
	is_deeply([ map { $by{$_}{lang} } qw(terms privacy marketing) ], [ ($lang || 'fr') x 3 ], 'each purpose in that language');
	like($by{privacy}{body}, $lang eq 'ar' ? qr/\p{Arabic}/ : qr/effacement/, 'to be read');
}
is_field(get("$api/consents?lang=$_"), 'lang', "no text in $_") for qw(en frar);

my ($id, $mine) = register("$run\@example.test");
my $agree = { purpose => 'marketing', version => 1, granted => JSON::PP::true };
my $reply = post("$api/customers/consents", token => $mine, body => $agree);
is($reply->{status}, 200, 'a customer agrees');
shape(data($reply)->{consents}, [ { purpose => 'text', granted => 'bool', version => 'int', lang => 'text', at => 'time' } ],
	'and sees it');
is(post("$api/customers/consents", token => $mine, body => { %$agree, granted => JSON::PP::false })->{status}, 200, 'withdraws');
ok(!data(get("$api/customers/consents", token => $mine))->{consents}[0]{granted}, 'which counts');
is(sql("SELECT string_agg(granted::text, ' ' ORDER BY at) FROM mjc.consent WHERE customer_id = '$id'"), 'true false', 'both are kept');
is_error(post("$api/customers/consents", token => $mine, body => { %$agree, %$_ }), 422, 'CONSENT_TEXT_UNKNOWN', 'no such text')
	for { version => 99 }, { purpose => 'nothing' };
is_field(post("$api/customers/consents", token => $mine, body => { %$agree, @$_ }), $_->[0], "not $_->[0]: " . ($_->[1] // 'null'))
	for [ version => 0 ], [ version => 'x' ], [ granted => undef ], [ granted => 'maybe' ], [ purpose => '' ], [ lang => 'en' ], [ actor => $id ];
is_error(get("$api/customers/consents"), 401, 'MISSING_TOKEN', 'not for visitors');

#------------------------------------------------------------------ all that is known

$reply = get("$api/customers/profile/export", token => $mine);
is($reply->{status}, 200, 'a customer asks for all that is known of him');
is(data($reply)->{person}{email}, "$run\@example.test", 'his person');
is(scalar @{ data($reply)->{consents} }, 2, 'his consents');
unlike($reply->{content}, qr/\$2b\$|token_hash|password|salt/, 'no secret');
is_error(get("$api/customers/profile/export"), 401, 'MISSING_TOKEN', 'not for visitors');
my $other = staff(GET => "admin/customers/$id/export-data");
is_deeply({ %{ data($other) }, exportedAt => 0, readBy => 0 }, { %{ data($reply) }, exportedAt => 0, readBy => 0 }, 'staff see the same');
is(looked($other), 'person_export 1', 'which is on record');
is(data(get("$api/customers/profile/export", token => $mine))->{readBy}[-1]{who}, 'staff', 'and he is told');
is_error(staff(GET => "admin/customers/$_/export-data"), 404, 'NOT_FOUND', "nobody: $_") for $none, 'x', "$id'";
is_error(get("$api/admin/customers/$id/export-data", token => $mine), 403, 'FORBIDDEN', 'not for customers');

# Lists and single orders of staff.
my $order = place([ [ $part, 1 ] ]);
is(looked(staff(GET => "admin/orders/$order->{id}")), 'order_get 1', 'who sees an order is on record');
is(looked(staff(GET => "admin/orders?search=$order->{orderNumber}")), 'order_list 1', 'and who sees a list');
is(looked(staff(GET => "admin/orders/$none")), '', 'nobody was seen');
is(looked(staff(GET => 'admin/orders/stats')), '', 'figures are nobody');

#------------------------------------------------------------------ orders from before

my $phone = phone();
my $before = place([ [ $part, 1 ] ], customerInfo => { firstName => 'Amina', lastName => 'Essai', phone => $phone, email => "other-$run\@example.test" });
is_field(staff(POST => "admin/customers/$id/join", body => { phone => $_ }), 'phone', 'no phone: ' . ($_ // 'null')) for undef, 123;
is_error(staff(POST => "admin/customers/$id/join", body => { phone => '0850000000' }), 422, 'PHONE_INVALID', 'no mobile');
is_field(staff(POST => "admin/customers/$id/join", body => { phone => $phone, why => 'x' }), 'why', 'an unknown field');
is_error(staff(POST => "admin/customers/$_/join", body => { phone => $phone }), 404, 'NOT_FOUND', "to nobody: $_") for $none, 'x';
is_error(staff(POST => "admin/customers/$id/join", body => { phone => phone() }), 404, 'NOT_FOUND', 'a phone of nobody');
is_error(post("$api/admin/customers/$id/join", token => $mine, body => { phone => $phone }), 403, 'FORBIDDEN', 'not by the customer himself');
$reply = staff(POST => "admin/customers/$id/join", body => { phone => $phone });
is(data($reply)->{ordersJoined}, 1, 'joined after the call');
is(audited($reply), 'customer_join', 'which is audited');
is(data(get("$api/customers/orders/history", token => $mine))->{orders}[0]{id}, $before->{id}, 'the order is his');
is_error(staff(POST => "admin/customers/$id/join", body => { phone => $phone }), 404, 'NOT_FOUND', 'once');
my ($blocked) = register("blocked-$run\@example.test");
my $guest_phone = phone();
place([ [ $part, 1 ] ], customerInfo => { firstName => 'Amina', lastName => 'Essai', phone => $guest_phone });
staff(PATCH => "admin/customers/$blocked/status", body => { status => 'blocked' });
is_error(staff(POST => "admin/customers/$blocked/join", body => { phone => $guest_phone }), 409, 'CUSTOMER_JOIN_REFUSED', 'not to a blocked customer');

#------------------------------------------------------------------ to be forgotten

# Words that nobody else uses, and how they could be written.
my (%canary, @canaries);

sub canary
{
	my $what = shift;

	$canary{$what} //= do { push @canaries, my $word = sprintf 'zq%s%s', $run, join '', map { chr 97 + $_ } split //, ++$words + 100; $word };
	return $canary{$what};
}

sub person
{
	my $who = shift;

	return (firstName => ucfirst canary("$who first"), lastName => ucfirst canary("$who last"), email => canary("$who mail") . '@example.test');
}

sub address_of
{
	my $who = shift;

	return {
		street => '1 rue ' . canary("$who street"), city => canary("$who city"), postalCode => canary("$who code"), region => '16',
		country => canary("$who country") };
}

sub dump_of_all
{
	open(my $pipe, '-|', "$ENV{MJC_TEST_PG_BIN}/pg_dump", '-d', $ENV{MJC_TEST_DSN}, '--schema=mjc', '--no-owner', @_) or die;
	my $text = do { local $/; <$pipe> };
	close $pipe or die 'no dump';
	return lc $text;
}

# The words that a dump holds.
sub left_in
{
	my $dump = shift;

	return grep { index($dump, lc $_) >= 0 } @_;
}

my %his = person('customer');
my %phones = map { $_ => phone() } qw(customer guest first);
my $email = lc $his{email};
my ($him, $his) = register($his{email}, firstName => $his{firstName}, lastName => $his{lastName}, phone => $phones{customer},
	companyName => canary('company'), customerType => 'B2B', vatNumber => canary('vat'));
my %guest = person('guest');

# As a guest, before he had proven his e-mail, with its key; and another guest who stays one.
my $first = post("$api/orders/guest", key => canary('key'), body => order_body([ [ $part, 2 ] ],
	customerInfo => { %his, phone => $phones{first} }, shippingAddress => address_of('first'), notes => canary('note')));
my $guests = post("$api/orders/guest", key => canary('guest key'), body => order_body([ [ $part, 1 ] ],
	customerInfo => { %guest, phone => $phones{guest} }, shippingAddress => address_of('guest'), notes => canary('guest note')));
is_deeply([ $first->{status}, $guests->{status} ], [ 201, 201 ], 'two orders') or said($first);
my $guest = sql("SELECT customer_id FROM mjc.order WHERE order_id = '" . order_of($guests)->{id} . "'");

# Mails: to reset a password (twice), and to prove the address.
post("$api/auth/request-password-reset", body => { email => $his{email} }) for 1 .. 2;
is(post("$api/auth/reset-password", body => { token => mailed($him, 'password_reset'), newPassword => 'Kz7-autre lampe' })->{status}, 200, 'reset')
	or diag('reset-password');
my $login = post("$api/auth/login", body => { email => $his{email}, password => 'Kz7-autre lampe' });
is($login->{status}, 200, 'signed in again') or said($login);
$his = data($login)->{accessToken};
post("$api/auth/resend-verification", token => $his);
$reply = post("$api/auth/verify-email", body => { token => mailed($him, 'email_verify') });
is($reply->{status}, 200, 'the e-mail is proven') or said($reply);
is(sql("SELECT customer_id FROM mjc.order WHERE order_id = '" . order_of($first)->{id} . "'"), $him, 'so the first order is his');
post("$api/auth/login", body => { email => $his{email}, password => canary('wrong password') });

# What he keeps in the shop, and what staff write.
is(post("$api/customers/addresses", token => $his, key => canary('address key'), body => { type => 'SHIPPING', label => canary('label'), %{ address_of('home') } })->{status},
	201, 'an address');
is(put("$api/auth/profile", token => $his, body => { firstName => ucfirst canary('new name'), lastName => ucfirst canary('new last') })->{status}, 200, 'another name');
post("$api/cart/items", token => $his, key => canary('cart key'), body => { productId => $part, quantity => 1 });
post("$api/customers/consents", token => $his, body => { %$agree, purpose => 'terms' });
for ([ $him, 'him' ], [ $guest, 'guest' ])
{
	is(staff(POST => "admin/customers/$_->[0]/notes", key => canary("$_->[1] note key"), body => { body => canary("$_->[1] staff note") })->{status}, 201, 'a note of staff');
}
sql("SELECT mjc.store_credit_add('$him', 5, :'why')", why => canary('credit'));
sql("INSERT INTO mjc.account_social (subject, provider, account_id, created_at) VALUES (:'subject', 'google', '$him', now())", subject => canary('subject'));
my @orders = (order_of($first)->{id}, order_of($guests)->{id});
is(staff(PATCH => "admin/orders/$_/status", body => { status => 'CONFIRMED', notes => canary("status $_") })->{status}, 200, 'confirmed') for @orders;

# Not while orders are under way.
is_error(request('DELETE', "$api/customers/profile/me", token => $his, body => { confirm => 'DELETE' }), 409, 'CUSTOMER_OPEN_ORDERS', 'an order is under way');
is_error(staff(DELETE => "admin/customers/$guest"), 409, 'CUSTOMER_OPEN_ORDERS', 'for a guest, too');
is(staff(POST => "admin/orders/$orders[0]/ship", body => { trackingNumber => canary('tracking'), carrier => 'ZR Express' })->{status}, 200, 'shipped');
is(staff(POST => "admin/orders/$orders[0]/deliver")->{status}, 200, 'delivered');
is(with_seller(sub { staff(POST => "admin/orders/$orders[0]/invoice")->{status} }), 200, 'invoiced');
is(staff(POST => "admin/orders/$orders[1]/cancel", body => { reason => canary('cancel') })->{status}, 200, 'cancelled');

# Before: nearly every word is somewhere. Keys are kept as hashes, passwords not at all.
sql('SELECT mjc.audit_seal(10000)');
my $figures = <<~"SQL";
	SELECT md5(string_agg(x, ',' ORDER BY x)) FROM (
	    SELECT (to_jsonb(o) - '{notes,tracking_number,updated_at,customer_id}'::text[])::text FROM mjc.order o WHERE o.order_id IN ('$orders[0]', '$orders[1]')
	    UNION ALL SELECT l::text FROM mjc.order_line l WHERE l.order_id IN ('$orders[0]', '$orders[1]')
	    UNION ALL SELECT p::text FROM mjc.payment p WHERE p.order_id IN ('$orders[0]', '$orders[1]')
	    UNION ALL SELECT t::text FROM mjc.order_trace t WHERE t.order_id IN ('$orders[0]', '$orders[1]')) f (x)
	SQL
my $was = sql($figures);
my %unwritten = map { canary($_) => 1 } 'key', 'guest key', 'address key', 'cart key', 'him note key', 'guest note key', 'wrong password';
my $dump = dump_of_all();
is_deeply([ grep { !$unwritten{$_} && !left_in($dump, $_) } @canaries ], [], 'before: the words are in the dump, so the search finds them');
my @hashes = (sha256_hex($email), (map { sql("SELECT encode(mjc.sign_in_key(:'email'), 'hex')", email => $_) } $email));
my @numbers = map { substr $_, 1 } values %phones;
is(scalar(left_in($dump, @numbers)), 3, 'and the phones');

# The wrong ways.
my $mine_now = "$api/customers/profile/me";
is_field(request('DELETE', $mine_now, token => $his, body => $_), 'confirm', 'not by a slip: ' . encode($_))
	for {}, { confirm => 'yes' }, { confirm => JSON::PP::true }, { confirm => undef };
is_field(request('DELETE', $mine_now, token => $his, body => { confirm => 'DELETE', id => $guest }), 'id', 'nobody else');
is(request('DELETE', $mine_now, token => $his)->{status}, 422, 'nor without a word');
is_error(request('DELETE', $mine_now, body => { confirm => 'DELETE' }), 401, 'MISSING_TOKEN', 'nor as a visitor');
is(get("$api/auth/me", token => $his)->{status}, 200, 'he is still there');

# Gone.
$reply = request('DELETE', $mine_now, token => $his, body => { confirm => 'DELETE' });
is_deeply([ $reply->{status}, data($reply)->{result} ], [ 200, 'erased' ], 'he leaves') or said($reply);
is(audited($reply), 'customer_erase', 'audited');
is_error(get("$api/auth/me", token => $his), 401, 'TOKEN_REVOKED', 'his session is over');
is_error(post("$api/auth/login", body => { email => $his{email}, password => 'Kz7-autre lampe' }), 401, 'INVALID_CREDENTIALS', 'he cannot sign in');
$reply = staff(DELETE => "admin/customers/$guest");
is_deeply([ $reply->{status}, data($reply)->{result} ], [ 200, 'erased' ], 'staff erase the guest') or said($reply);
is_error(staff(DELETE => "admin/customers/$guest"), 409, 'CUSTOMER_ERASED', 'once');
is_error(staff(DELETE => "admin/customers/$none"), 404, 'NOT_FOUND', 'and nobody else');

# After: the sign-in just above was refused, which leaves its bucket for some seconds; it is no row of his.
sql("DELETE FROM mjc.sign_in_limit WHERE email_hash = mjc.sign_in_key(:'email')", email => $email);
# Invoices keep their buyer as long as the law asks, in one table and nowhere else.
is(sql("SELECT count(*) FROM mjc.invoice_party WHERE order_id = '$orders[0]' AND body::jsonb ->> 'name' = '$his{firstName} $his{lastName}'"), 1, 'what the law keeps: the buyer of the invoice');
$dump = dump_of_all('--exclude-table-data=mjc.invoice_party');
is_deeply([ left_in($dump, @canaries) ], [], 'after: no word of theirs is in a dump of everything else');
is_deeply([ left_in($dump, @numbers) ], [], 'no phone');
is_deeply([ left_in($dump, @hashes) ], [], 'no hash of the e-mail');
is(sql($figures), $was, 'every figure of the orders is as it was');
is(data(staff(GET => "admin/orders/$_"))->{customerName} // data(staff(GET => "admin/orders/$_"))->{order}{customerName}, 'Client effacé', 'the order is shown without a name') for @orders;
is_error(get("$api/orders/track?orderNumber=" . order_of($guests)->{orderNumber} . '&phone=' . uri($phones{guest})), 404, 'NOT_FOUND', 'and not tracked by phone');
sql('SELECT mjc.audit_seal(10000)');
is(sql("SELECT count(*) FROM mjc.audit WHERE action = 'customer_erase' AND batch IS NOT NULL AND subject_id IN ('$him', '$guest')"), 2, 'what was done is sealed');
is(sql('SELECT count(*) FROM mjc.check_audit_invariants(NULL)'), '0', 'on the chain from before');
is(sql("SELECT count(*) FROM (SELECT DISTINCT series, year FROM mjc.invoice) s, mjc.verify_series(s.series, s.year)"), '0', 'every document is sound');

# The names are free for a new life.
my ($again) = register($his{email}, phone => $phones{customer});
isnt($again, $him, 'the same e-mail is somebody new');
$reply = post("$api/orders/guest", body => order_body([ [ $part, 1 ] ], customerInfo => { firstName => 'Amina', lastName => 'Essai', phone => $phones{guest} }));
is($reply->{status}, 201, 'and so is the phone');
isnt(sql("SELECT customer_id FROM mjc.order WHERE order_id = '" . order_of($reply)->{id} . "'"), $guest, 'another guest');

finish();

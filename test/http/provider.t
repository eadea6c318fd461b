#!/usr/bin/perl
#
# provider.t - payments at Stripe and Chargily Pay, and what these and Yalidine report. The
# providers are lib/Provider.pm, which can be told to misbehave.

use strict;
use warnings;
use utf8;

use Digest::SHA qw(hmac_sha256_hex);
use File::Temp qw(tempdir);
use FindBin;
use IPC::Open3;
use lib "$FindBin::Bin/lib";
use Provider;
use Shop;
use Test::More;
use Time::HiRes qw(sleep time);

my $api = '/api/v1';
my $provider = Provider->new;
my %secret = (
	MJC_STRIPE_KEY => 'sk_test_4711_good', MJC_STRIPE_WEBHOOK_SECRET => 'whsec_4711', MJC_STRIPE_WEBHOOK_SECRET_PREVIOUS => 'whsec_0815',
	MJC_CHARGILY_KEY => 'test_sk_4711_good', MJC_CHARGILY_KEY_PREVIOUS => 'test_sk_0815', MJC_YALIDINE_WEBHOOK_SECRET => 'yal_4711');
my %settings = (
	%secret, MJC_STRIPE_URL => $provider->url, MJC_CHARGILY_URL => $provider->url, MJC_PAY_TIMEOUT_MS => 1500,
	MJC_CORS_ORIGINS => 'https://boutique.example,https://admin.example', MJC_PAY_FAILURE_URL => 'https://boutique.example/raté?a=1' =~ s/é/%C3%A9/r);
my $shim = start_shim(%settings);
my $part = make_product(price => 1000, stock => 10_000);
my @methods = qw(DAHABIA_CARD CIB_CARD BANK_CARD);
my @off = split /\n/, sql("SELECT method FROM mjc.payment_method WHERE NOT is_enabled AND method IN ('DAHABIA_CARD', 'CIB_CARD', 'BANK_CARD')");
sql("UPDATE mjc.payment_method SET is_enabled = true WHERE method = '$_'") for @off;

# An order to be paid by a method: id, orderNumber, phone.
sub order
{
	my $method = shift;
	my $body = order_body([ [ $part, 1 ] ], paymentMethod => $method);
	my $reply = post("$api/orders/guest", body => $body);

	die "an order was refused: $reply->{status} $reply->{content}" if $reply->{status} != 201;
	return { %{ order_of($reply) }, phone => $body->{customerInfo}{phone}, method => $method };
}

# The page asks to pay: what it sends, with what nobody reads.
sub pay
{
	my ($order, %opt) = @_;

	return post(
		"$api/payments/process", shim => $opt{shim} // $shim, headers => $opt{headers} // {},
		body => {
			orderId => $order->{orderNumber}, method => $order->{method}, amount => 1, currency => 'EUR',
			customerInfo => { phone => $order->{phone}, firstName => 'Amina' }, shippingAddress => { city => 'Oran' } });
}

sub checkouts { return sql("SELECT count(*) FROM mjc.checkout WHERE order_id = '$_[0]{id}'") }

sub state { return sql("SELECT state FROM mjc.checkout WHERE order_id = '$_[0]{id}'") }

#------------------------------------------------------------------ a page to pay on

# In the language of the buyer's own page.
for my $speech (qw(ar fr))
{
	is(pay(order('CIB_CARD'), headers => { 'Accept-Language' => $speech })->{status}, 200, "asked for in $speech");
	is(decode(($provider->asked)[-1]{body})->{locale}, $speech, "a page in $speech");
}
$provider->forget;

my $order = order('DAHABIA_CARD');
my $reply = pay($order);
is($reply->{status}, 200, 'a checkout at Chargily') || said($reply);
like($reply->{json}{data}{paymentUrl} // '', qr{^\Q${\ $provider->url}\E/test/checkouts/01hj\w+/pay$}, 'has the page of the provider');
ok(!exists $reply->{json}{data}{create}, 'what was to be asked for stays here');
my @asked = $provider->asked;
is(scalar @asked, 1, 'the provider was asked once');
is("$asked[0]{method} $asked[0]{path}", 'POST /checkouts', 'for a checkout');
is($asked[0]{headers}{authorization}, 'Bearer test_sk_4711_good', 'with the key');
my $body = decode($asked[0]{body});
is($body->{amount} * 100, sql("SELECT amount_centimes FROM mjc.checkout WHERE order_id = '$order->{id}'"), 'in whole dinars, as the order says');
is_deeply(
	[ @$body{qw(currency payment_method description success_url failure_url)}, $body->{metadata}{order_id} ],
	[
		'dzd', 'edahabia', $order->{orderNumber}, "https://boutique.example/payment/success?order=$order->{orderNumber}",
		"https://boutique.example/rat%C3%A9?a=1&order=$order->{orderNumber}", $order->{id}
	],
	'with all that belongs to it');
is(pay($order)->{json}{data}{paymentUrl}, $reply->{json}{data}{paymentUrl}, 'asked again: the same page');
is(scalar(() = $provider->asked), 1, 'without a second call');

$provider->forget;
my $card = order('BANK_CARD');
$reply = pay($card);
is($reply->{status}, 200, 'a checkout at Stripe') || said($reply);
@asked = $provider->asked;
my $id = sql("SELECT checkout_id FROM mjc.checkout WHERE order_id = '$card->{id}'");
is_deeply(
	[ $asked[0]{path}, @{ $asked[0]{headers} }{qw(authorization idempotency-key content-type)} ],
	[ '/v1/checkout/sessions', 'Bearer sk_test_4711_good', $id, 'application/x-www-form-urlencoded' ], 'with key and key of idempotency');
is_deeply(
	[ @{ $asked[0]{form} }{ qw(mode client_reference_id), 'metadata[order_id]', 'payment_intent_data[metadata][checkout_id]', 'line_items[0][quantity]' } ],
	[ 'payment', $id, $card->{id}, $id, 1 ], 'as a form');
like($reply->{json}{data}{paymentUrl} // '', qr{/c/pay/cs_test_\w+#}, 'and a page');

is_error(pay({ %$card, phone => phone() }), 404, 'NOT_FOUND', 'the phone must be that of the order');
is_error(pay({ %$card, phone => 'x' }), 422, 'VALIDATION_ERROR', 'and be one');
is_error(post("$api/payments/process", shim => $shim, body => {}), 422, 'VALIDATION_ERROR', 'an empty wish');
is_error(post("$api/payments/process", shim => $shim, content => '{'), 400, 'MALFORMED_REQUEST', 'no JSON');

#------------------------------------------------------------------ a provider that misbehaves

for my $case (
	[ 'status 500' => 'status 500' ], [ 'status 503' => 'status 503' ], [ 'status 429' => 'status 429' ], [ 'status 400' => 'status 400' ],
	[ 'status 401' => 'status 401' ], [ silent => 'timeout' ], [ 'slow 5' => 'timeout' ], [ cut => 'unreachable' ],
	[ garbage => 'unreachable' ], [ html => 'unreadable' ], [ large => 'too large' ], [ headers => 'too large' ],
	[ redirect => 'status 302' ], [ elsewhere => 'unreadable' ])
{
	my ($mode, $failure) = @$case;
	my $method = $mode eq 'html' ? 'DAHABIA_CARD' : 'BANK_CARD';
	my $wish = order($method);

	$provider->forget;
	$provider->be($mode);
	my $start = time;
	my $got = pay($wish);
	is_error($got, 503, 'PAYMENT_PROVIDER_UNAVAILABLE', "$mode: the client is told to try again");
	is($got->{headers}{'retry-after'}, 30, 'later');
	cmp_ok(time - $start, '<', 4, 'and soon');
	is(sql("SELECT state || ' ' || failure FROM mjc.checkout WHERE order_id = '$wish->{id}'"), "new $failure", "with '$failure' kept");
	is(scalar(() = $provider->asked), 1, 'it was asked once');
	$provider->be('well');
	$got = pay($wish);
	is($got->{status}, 200, "after $mode: the next attempt") || said($got);
	is(checkouts($wish), 1, 'is the same one');
	my @keys = map { $_->{headers}{'idempotency-key'} // 'none' } $provider->asked;
	is($keys[0], $keys[-1], 'under the same key');
}
$provider->be('slow 0.5');
is(pay(order('BANK_CARD'))->{status}, 200, 'a slow one is waited for');

# Whoever waits for a provider keeps nobody waiting.
$provider->be('silent');
my @wishes = map { order('BANK_CARD') } 1 .. 8;
my $start = time;
my @got = parallel(9, sub {
	my $i = shift;

	return { status => pay($wishes[$i])->{status} } if $i < 8;
	sleep 0.3;
	my $longest = 0;
	for (1 .. 20)
	{
		my $begin = time;
		get("$api/products?limit=1", shim => $shim);
		$longest = time - $begin if time - $begin > $longest;
	}
	return { longest => $longest };
});
is_deeply([ map { $_->{status} } @got[ 0 .. 7 ] ], [ (503) x 8 ], 'eight wait for a silent one');
cmp_ok(time - $start, '<', 5, 'at the same time');
cmp_ok($got[8]{longest}, '<', 0.5, 'and the shop answers meanwhile');

# Nobody there any more: it is done all the same.
$provider->be('slow 1');
my $gone = order('BANK_CARD');
my $sock = connect_to($shim);
my $text = encode({ orderId => $gone->{id}, method => 'BANK_CARD', customerInfo => { phone => $gone->{phone} } });
print $sock "POST $api/payments/process HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${\ length $text}\r\n\r\n$text";
sleep 0.3;
close $sock;
ok(wait_for(sub { state($gone) eq 'open' }, 10), 'a client that hangs up finds his checkout later');
$provider->forget;
$provider->be('well');
is(pay($gone)->{status}, 200, 'when he comes back');
is(scalar(() = $provider->asked), 0, 'without another call');

# However long a provider may take, whoever waits for him gets his answer.
my $patient = start_shim(%settings, MJC_REQUEST_TIMEOUT_S => 1, MJC_PAY_TIMEOUT_MS => 4000);
$provider->be('slow 2.5');
is(pay(order('BANK_CARD'), shim => $patient)->{status}, 200, 'a call longer than the request\'s own time is waited for');
$provider->be('silent');
is_error(pay(order('BANK_CARD'), shim => $patient), 503, 'PAYMENT_PROVIDER_UNAVAILABLE', 'and one that never ends is answered');
stop_shim($patient);
$provider->be('well');

my $bare = start_shim;
is_error(pay(order('BANK_CARD'), shim => $bare), 503, 'PAYMENT_PROVIDER_UNAVAILABLE', 'without a key there is no payment');

#------------------------------------------------------------------ reports

my $run = sprintf '%x%x', $$, time;

sub stripe_header
{
	my ($content, %opt) = @_;
	my $t = $opt{t} // int(time);

	return join ',', "t=$t", map { "v1=" . hmac_sha256_hex("$t.$content", $_) } @{ $opt{by} // [ $secret{MJC_STRIPE_WEBHOOK_SECRET} ] };
}

sub report
{
	my ($who, $content, $header, $value, %opt) = @_;
	my %headers = (defined $value ? ($header => $value) : (), 'Content-Type' => $opt{type} // 'application/json; charset=utf-8');

	return post(($who eq 'yalidine' ? "$api/carriers" : "$api/payments") . "/webhooks/$who",
		shim => $opt{shim} // $shim, content => $content, headers => \%headers);
}

sub stored { my $like = shift; return sql("SELECT string_agg(event_id || ' ' || type, ';' ORDER BY event_id) FROM mjc.provider_event WHERE event_id LIKE '$like'") }

sub is_received
{
	my ($got, $name) = @_;

	return is_deeply([ $got->{status}, $got->{json} ], [ 200, { received => JSON::PP::true } ], $name) || said($got);
}

my $event = encode({ id => "evt_$run", object => 'event', type => 'customer.created', data => { object => { id => 'cus_1', name => 'é' } }, livemode => JSON::PP::false });
is_received(report(stripe => $event, 'Stripe-Signature' => stripe_header($event)), 'a report of Stripe');
is(stored("evt_$run%"), "evt_$run customer.created", 'is stored');
is(sql("SELECT payload #>> '{data,object,name}' FROM mjc.provider_event WHERE event_id = 'evt_$run'"), 'é', 'with all that stands in it');
is_received(report(stripe => $event, 'Stripe-Signature' => stripe_header($event)), 'the same once more');
is(stored("evt_$run%"), "evt_$run customer.created", 'is stored once');
is_received(report(stripe => $event, 'Stripe-Signature' => stripe_header($event, by => ['whsec_0815'])), 'by the previous secret');
is_received(report(stripe => $event, 'Stripe-Signature' => stripe_header($event, by => [ 'other', 'whsec_4711' ])), 'by the second of two');
is_received(report(stripe => $event, 'Stripe-Signature' => stripe_header($event), type => 'text/plain'), 'whatever type it says');

for my $case (
	[ 'no header', undef ], [ 'an empty header', '' ], [ 'rubbish', 'rubbish' ],
	[ '301 s old', stripe_header($event, t => int(time) - 302) ], [ '301 s ahead', stripe_header($event, t => int(time) + 310) ],
	[ 'another secret', stripe_header($event, by => ['other']) ], [ 'an empty secret', stripe_header($event, by => ['']) ],
	[ 'v0 only', stripe_header($event) =~ s/v1=/v0=/r ], [ 'another body', stripe_header("$event ") ], [ 'a short one', substr(stripe_header($event), 0, -2) ])
{
	is_error(report(stripe => $event =~ s/evt_/evt_no_/r, 'Stripe-Signature' => $case->[1]), 400, 'WEBHOOK_SIGNATURE_INVALID', "Stripe: $case->[0]")
		if $case->[0] eq 'another body';
	is_error(report(stripe => $event, 'Stripe-Signature' => $case->[1]), 400, 'WEBHOOK_SIGNATURE_INVALID', "Stripe: $case->[0]");
}
is_error(report(stripe => encode(decode($event)) =~ s/":/": /gr, 'Stripe-Signature' => stripe_header($event)), 400, 'WEBHOOK_SIGNATURE_INVALID', 'Stripe: written anew');
is_error(report(stripe => $_, 'Stripe-Signature' => stripe_header($_)), 400, 'MALFORMED_REQUEST', "Stripe: signed, but $_")
	for '', '{', '[]', '{"type":"x"}', '{"id":"","type":"x"}', "{\"id\":\"\xff\"}", '{"id":"x\u0000"}';
is(raw_status("POST $api/payments/webhooks/stripe HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\nStripe-Signature: t=1\r\nStripe-Signature: t=2\r\n\r\n", shim => $shim), 400, 'Stripe: two headers');

my $paid = encode({ id => "01hx$run", entity => 'event', livemode => 'false', type => 'checkout.other', data => { id => '01', amount => 2500 } });
is_received(report(chargily => $paid, signature => hmac_sha256_hex($paid, 'test_sk_4711_good')), 'a report of Chargily');
is_received(report(chargily => $paid, signature => hmac_sha256_hex($paid, 'test_sk_0815')), 'by the previous key');
is(stored("01hx$run"), "01hx$run checkout.other", 'is stored once');
is_error(report(chargily => $paid, signature => $_), 400, 'WEBHOOK_SIGNATURE_INVALID', 'Chargily: signed otherwise')
	for undef, '', hmac_sha256_hex($paid, ''), hmac_sha256_hex($paid, 'other'), uc hmac_sha256_hex($paid, 'test_sk_4711_good'), hmac_sha256_hex("$paid ", 'test_sk_4711_good');

my $batch = encode({ type => 'parcel_status_updated', events => [ map { { event_id => "yal_$run-$_", occurred_at => '2026-01-01 10:00:00', data => { tracking => "t$_" } } } 1 .. 16, 18 .. 50 ] });
$batch =~ s/\{[^{]*\{"tracking":"t18"\}[^}]*\}/{"data":{"run":"$run"}},$&/;
is_received(report(yalidine => $batch, X_YALIDINE_SIGNATURE => hmac_sha256_hex($batch, 'yal_4711')), 'a batch of Yalidine, its header with low lines');
is(sql("SELECT count(*) FROM mjc.provider_event WHERE event_id LIKE 'yal_$run-%' AND provider = 'yalidine' AND type = 'parcel_status_updated'"), 49, 'each event is stored');
is(sql("SELECT left(event_id, 7) || length(event_id) FROM mjc.provider_event WHERE payload #>> '{data,run}' = '$run'"), 'sha256:71', 'and one without an id by its hash');
is_error(report(yalidine => $batch, X_YALIDINE_SIGNATURE => hmac_sha256_hex($batch, 'other')), 400, 'WEBHOOK_SIGNATURE_INVALID', 'Yalidine: signed otherwise');
my $none = '{"type":"t","events":[]}';
is_received(report(yalidine => $none, X_YALIDINE_SIGNATURE => hmac_sha256_hex($none, 'yal_4711')), 'Yalidine: nothing');

my $echo = get("$api/carriers/webhooks/yalidine?subscribe=&crc_token=aZ09_.-", shim => $shim);
is_deeply([ $echo->{status}, $echo->{content}, $echo->{headers}{'content-type'} ], [ 200, 'aZ09_.-', 'text/plain; charset=utf-8' ], 'the word of Yalidine comes back');
is_error(get("$api/carriers/webhooks/yalidine?subscribe=1&crc_token=" . uri($_), shim => $shim), 422, 'VALIDATION_ERROR', 'but not ' . encode($_))
	for '<script>', 'a b', 'x' x 257, "a\n";
is_error(get("$api/carriers/webhooks/yalidine", shim => $shim), 422, 'VALIDATION_ERROR', 'and there must be one');
is(raw("HEAD $api/carriers/webhooks/yalidine?crc_token=a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", shim => $shim, no_body => 1)->{status}, 200, 'HEAD as well');

is_error(report($_ => $event, 'Stripe-Signature' => stripe_header($event), shim => $bare), 404, 'NOT_FOUND', "$_ is not configured")
	for qw(stripe chargily yalidine);
is_error(post("$api/payments/webhooks/paypal", shim => $shim, content => '{}'), 404, 'NOT_FOUND', 'nobody knows others');

# A report may be long where other bodies may not.
my $small = start_shim(%settings, MJC_BODY_LIMIT => 2048);
my $long = encode({ id => "evt_long_$run", type => 'x', pad => 'p' x 900_000 });
is_received(report(stripe => $long, 'Stripe-Signature' => stripe_header($long), shim => $small), 'a long report');
is(post("$api/payments/process", shim => $small, content => substr($long, 0, 5000))->{status}, 413, 'a long wish');
my $longer = ' ' x 1_048_600;
is(report(stripe => $longer, 'Stripe-Signature' => stripe_header($longer), shim => $small)->{status}, 413, 'a report without end');

# While the shop is closed, what was paid is reported all the same.
my $closed = sub { put("$api/admin/settings", token => mint('SUPER_ADMIN', make_account('SUPER_ADMIN'), 0), body => { maintenanceMode => $_[0] }) };
is($closed->(JSON::PP::true)->{status}, 200, 'the shop closes');
ok(wait_for(sub { pay($card)->{status} == 503 && pay($card)->{json}{code} eq 'MAINTENANCE' }, 10), 'nobody pays');
is_received(report(stripe => $event, 'Stripe-Signature' => stripe_header($event)), 'a report comes in');
is(get("$api/carriers/webhooks/yalidine?subscribe=&crc_token=x", shim => $shim)->{content}, 'x', 'and the word back');
is($closed->(JSON::PP::false)->{status}, 200, 'the shop opens');
ok(wait_for(sub { pay($card)->{status} == 200 }, 10), 'and they pay');

# What was paid is booked at once, not at the next turn of the clock.
my $prompt = start_shim(%settings, MJC_HOUSEKEEP_INTERVAL_S => 600);
my $sold = order('BANK_CARD');
is(pay($sold)->{status}, 200, 'an order to be paid');
my ($checkout, $amount) = split /\|/, sql("SELECT checkout_id, amount_centimes FROM mjc.checkout WHERE order_id = '$sold->{id}'");
my $done = encode({
	id => "evt_paid_$run", object => 'event', type => 'checkout.session.completed',
	data => { object => { id => sql("SELECT provider_ref FROM mjc.checkout WHERE checkout_id = '$checkout'"), object => 'checkout.session',
		client_reference_id => $checkout, metadata => { order_id => $sold->{id}, checkout_id => $checkout }, payment_status => 'paid',
		status => 'complete', payment_intent => "pi_$run", amount_total => 0 + $amount, currency => 'dzd' } } });
is_received(report(stripe => $done, 'Stripe-Signature' => stripe_header($done), shim => $prompt), 'it is paid');
ok(wait_for(sub { state($sold) eq 'paid' }, 4), 'and booked at once') || diag(state($sold));

# What goes back at the provider's own desk is booked by its name, once.
for my $id ("evt_desk_$run", "evt_desk2_$run")
{
	my $desk = encode({
		id => $id, object => 'event', type => 'refund.created',
		data => { object => { id => "re_$run", object => 'refund', payment_intent => "pi_$run", amount => 50000, currency => 'dzd', status => 'succeeded', metadata => {} } } });
	is_received(report(stripe => $desk, 'Stripe-Signature' => stripe_header($desk), shim => $prompt), 'a refund of the desk');
	ok(wait_for(sub { sql("SELECT state FROM mjc.provider_event WHERE event_id = '$id'") eq 'applied' }, 4), 'is applied');
}
is(sql("SELECT string_agg(kind || ' ' || state || ' ' || amount_centimes || ' ' || provider_ref, ', ') FROM mjc.refund WHERE order_id = '$sold->{id}'"), "outside done 50000 re_$run", 'and booked once');
is(stop_shim($prompt), 0, 'it ends well');

#------------------------------------------------------------------ TLS

# openssl s_server sends to its client what it reads here.
my $dir = tempdir(CLEANUP => 1);
my $port = do { IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0)->sockport };
open(my $config, '>', "$dir/cnf") or die;
print $config "[req]\ndistinguished_name = name\n[name]\n";
close $config;
system("openssl req -x509 -newkey rsa:2048 -nodes -keyout $dir/key -out $dir/cert -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -config $dir/cnf 2>/dev/null") == 0 or die 'no certificate';
my $server = open3(my $in, my $out, undef, 'setpriv', '--pdeathsig', 'TERM', 'openssl', 's_server', '-accept', "127.0.0.1:$port", '-cert', "$dir/cert", '-key', "$dir/key", '-quiet');
ok(wait_for(sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) }, 10), 'a server with a certificate of its own');
my $answer = '{"id":"cs_tls","url":"https://checkout.stripe.com/c/pay/cs_tls"}';
$in->autoflush(1);
for my $case (
	[ 'a certificate that nobody signed', 'localhost', '' ],
	[ 'one for another name', '127.0.0.1', "$dir/cert" ],
	[ 'one that is trusted', 'localhost', "$dir/cert" ])
{
	my ($name, $host, $ca) = @$case;
	my $secure = start_shim(%settings, MJC_STRIPE_URL => "https://$host:$port", MJC_PAY_CA_FILE => $ca);
	my $wish = order('BANK_CARD');
	my $trusted = $name =~ /trusted/;

	print $in "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${\ length $answer}\r\n\r\n$answer" if $trusted;
	is(pay($wish, shim => $secure)->{status}, $trusted ? 200 : 503, "TLS: $name");
	is(sql("SELECT coalesce(failure, url) FROM mjc.checkout WHERE order_id = '$wish->{id}'"),
		$trusted ? 'https://checkout.stripe.com/c/pay/cs_tls' : 'unreachable', $trusted ? 'is used' : 'is not used');
	is(stop_shim($secure), 0, 'it ends well');
}
kill 'TERM', $server;
waitpid($server, 0);

#------------------------------------------------------------------ tasks

my $page = HTTP::Tiny->new->get("$shim->{metrics}/metrics")->{content};
cmp_ok(metric($page, 'mjc_provider_calls_total{provider="stripe",outcome="ok"}') // 0, '>', 10, 'calls are counted');
cmp_ok(metric($page, "mjc_provider_calls_total{provider=\"stripe\",outcome=\"$_\"}") // 0, '>', 0, "by outcome: $_") for qw(refused failed timeout);
cmp_ok(metric($page, 'mjc_provider_call_seconds_count{provider="chargily"}') // 0, '>', 1, 'and timed');
cmp_ok(metric($page, "mjc_webhooks_total{provider=\"stripe\",result=\"$_\"}") // 0, '>', 3, "reports too: $_") for qw(stored unsigned malformed);

# What a task was made: kind, order, request; its id.
sub task
{
	my ($kind, $who, $order, $request) = @_;

	return sql(<<~'SQL', kind => $kind, who => $who, order => $order->{id}, request => encode($request));
		INSERT INTO mjc.provider_task (task_id, kind, provider, order_id, request, created_at, next_at)
		VALUES (gen_random_uuid(), :'kind', :'who', :'order', :'request', now(), now() - interval '1 day') RETURNING task_id
		SQL
}

sub task_row { return sql("SELECT coalesce(error, 'none') || ' ' || attempts FROM mjc.provider_task WHERE task_id = '$_[0]'") }

sql("UPDATE mjc.provider_task SET next_at = now() + interval '1 day' WHERE kind = 'checkout_read'");
$provider->forget;
my $keeper = start_shim(%settings, MJC_HOUSEKEEP_INTERVAL_S => 1);
my $look = task(checkout_read => stripe => $card, { provider_ref => 'cs_test_look' });
ok(wait_for(sub { grep { $_->{path} eq '/v1/checkout/sessions/cs_test_look' } $provider->asked }, 15), 'a second look is taken');
ok(wait_for(sub { sql("SELECT count(*) FROM mjc.provider_event WHERE type = 'checkout.read' AND event_id LIKE 'read:cs_test_look%'") > 0 }, 5), 'and reported');
my $refund = sql('SELECT gen_random_uuid()');
$provider->be('status 500');
my $back = task(refund => stripe => $card, { payment_ref => 'pi_4711', amount_centimes => 500, currency => 'DZD', reference => $card->{orderNumber}, refund_id => $refund });
ok(wait_for(sub { task_row($back) =~ /^status 500 / }, 15), 'a refund that fails is tried again') || diag(task_row($back));
$provider->be('well');
sql("UPDATE mjc.provider_task SET next_at = now() WHERE task_id = '$back'");
ok(wait_for(sub { task_row($back) eq '' }, 15), 'until it is done') || diag(task_row($back));
@asked = grep { $_->{path} eq '/v1/refunds' } $provider->asked;
is_deeply([ map { $_->{headers}{'idempotency-key'} } @asked[ 0, -1 ] ], [ $refund, $refund ], 'under the same key');
is_deeply([ @{ $asked[-1]{form} }{ qw(payment_intent amount), 'metadata[refund_id]', 'metadata[order_id]' } ], [ 'pi_4711', 500, $refund, $card->{id} ], 'as a form');
my $hand = task(refund => chargily => $order, { payment_ref => '01hj', amount_centimes => 500, currency => 'DZD', refund_id => $refund });
ok(wait_for(sub { task_row($hand) eq '' }, 15), 'what a provider cannot do is refused');
is(stop_shim($keeper), 0, 'it ends well');

# 14. A thousand reports wait: another is answered at once, and all are worked off; a bad one among them waits.
$keeper = start_shim(%settings, MJC_HOUSEKEEP_INTERVAL_S => 1);
sql("SELECT mjc_api.provider_event_store('stripe', (SELECT jsonb_agg(jsonb_build_object('id', 'evt_queue_' || n, 'type', CASE n WHEN 500 THEN 'checkout.session.completed' ELSE 'customer.created' END,
	'payload', jsonb_build_object('data', jsonb_build_object('object', jsonb_build_object('id', 'cs_nobody', 'payment_status', 'paid'))))) FROM generate_series(1, 1000) n)::text)");
$start = time;
my $queued = encode({ id => 'evt_behind', type => 'customer.updated', data => { object => { id => 'cus_1' } } });
is(report(stripe => $queued, 'Stripe-Signature' => stripe_header($queued), shim => $keeper)->{status}, 200, '14. a report behind a thousand is taken');
diag(sprintf('answered in %.0f ms', 1000 * (time - $start))) if $ENV{MJC_TEST_VERBOSE};
ok(wait_for(sub { sql("SELECT count(*) FROM mjc.provider_event WHERE (event_id LIKE 'evt_queue_%' OR event_id = 'evt_behind') AND state = 'ignored'") == 1000 }, 60), '14. all are worked off');
diag(sprintf('worked off in %.1f s', time - $start)) if $ENV{MJC_TEST_VERBOSE};
is(sql("SELECT state || ' ' || error FROM mjc.provider_event WHERE event_id = 'evt_queue_500'"), 'new no such order', '14. but the one that waits for its order');
sql("DELETE FROM mjc.provider_event WHERE event_id LIKE 'evt_queue_%'");
is(stop_shim($keeper), 0, 'it ends well');

# The key of a provider is refused: that is our fault, and no end of the refund.
my $wrong = start_shim(%settings, MJC_STRIPE_KEY => 'sk_test_bad', MJC_HOUSEKEEP_INTERVAL_S => 1);
$back = task(refund => stripe => $card, { payment_ref => 'pi_4712', amount_centimes => 500, currency => 'DZD', refund_id => sql('SELECT gen_random_uuid()') });
ok(wait_for(sub { task_row($back) =~ /^status 401 / }, 15), 'with a bad key it waits') || diag(task_row($back));
is(stop_shim($wrong), 0, 'it ends well');
sql("DELETE FROM mjc.provider_task WHERE task_id = '$back'");

# It ends although a provider is silent.
$provider->be('silent');
my $late = order('BANK_CARD');
$sock = connect_to($shim);
$text = encode({ orderId => $late->{id}, method => 'BANK_CARD', customerInfo => { phone => $late->{phone} } });
print $sock "POST $api/payments/process HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${\ length $text}\r\n\r\n$text";
sleep 0.3;
$start = time;
is(stop_shim($shim), 0, 'it ends well while a provider is silent');
cmp_ok(time - $start, '<', 6, 'and soon');
is(read_reply($sock)->{status}, 503, 'with an answer to who waits');

for my $with ($shim, $bare, $small, $keeper, $wrong)
{
	stop_shim($with);
	my $log = slurp($with->{log}) . slurp($with->{err});
	is_deeply([ grep { index($log, $_) >= 0 } values %secret, 'sk_test_bad' ], [], 'no secret in a log');
}
sql("UPDATE mjc.payment_method SET is_enabled = false WHERE method = '$_'") for @off;
finish();

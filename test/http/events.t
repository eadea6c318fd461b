#!/usr/bin/perl
#
# events.t - what visitors' pages send: batches, single events, beacons, measured times, errors;
# what is refused, capped or dropped, and that a sale does not wait for any of it.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use Shop;
use Test::More;
use POSIX qw(strftime);
use Time::HiRes qw(sleep time);

my $api = '/api/v1/analytics';
my $agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0';
my $run = int(rand 1e9);
my $serial = 0;
my ($reply, $session, $shim);

sub sid { return sprintf '00000000-0000-4000-9%03d-%012d', ++$serial, $run }

sub now { return strftime('%Y-%m-%dT%H:%M:%S.000Z', gmtime(time + ($_[0] // 0))) }

sub view
{
	my ($sid, $path, %change) = @_;

	return { type => 'page_view', data => { sessionId => $sid, pagePath => $path // '/fr' }, timestamp => now(), %change };
}

sub send_events { my ($list, %opt) = @_; return post("$api/events", body => { events => $list }, headers => { 'User-Agent' => $agent, %{ delete $opt{headers} // {} } }, %opt) }

# [paths] that are stored of a session.
sub stored { return [ split /\n/, sql("SELECT path FROM mjc.event WHERE session_id = '$_[0]' ORDER BY path") ] }

#------------------------------------------------------------------ what the pages send

for my $path ("$api/events", "$api/track", '/api/analytics/events', '/analytics/events')
{
	$session = sid();
	$reply = post($path, body => { events => [ view($session, '/a'), view($session, '/b') ] }, headers => { 'User-Agent' => $agent });
	is($reply->{status}, 200, "$path takes a batch");
	is_deeply($reply->{json}, { success => JSON::PP::true(), message => 'Événements reçus', eventsProcessed => 2 }, 'and says how many');
	is_deeply(stored($session), [qw(/a /b)], 'they are stored');
}
is(sql("SELECT address || ' ' || device || ' ' || is_bot FROM mjc.visit WHERE session_id = '$session'"), '127.0.0.0/24 desktop false', 'with the network and what the browser says of itself');
for my $odd ("Mozilla/5.0 (X11; Linux x86_64) Firefox/133.0 \xff", 'Mozilla/5.0 (X11; Linux x86_64) ' . 'x' x 223 . "\xc3\xa9", "\xc3")
{
	my $sid = sid();

	is(raw_status(ask("POST $api/events HTTP/1.1", headers => [ 'Content-Type: application/json', "User-Agent: $odd" ], body => encode({ events => [ view($sid, '/x') ] }))), 200, 'a browser whose name is no text, or is none where it is cut');
	is_deeply(stored($sid), ['/x'], 'tells no less for it');
}
is(send_events([ map { view($session, $_, timestamp => now(-60)) } qw(/a /b) ])->{json}{eventsProcessed}, 2, 'what is done again is received');
is(scalar @{ stored($session) }, 4, 'at another moment it counts');
my $again = view($session, '/once');
is(send_events([$again])->{status}, 200, 'the same event') for 1 .. 3;
is(scalar(grep { $_ eq '/once' } @{ stored($session) }), 1, 'counts once');

$session = sid();
$reply = post("$api/events", body => { eventType => 'page_view', eventData => { sessionId => $session, pagePath => '/seul' }, clientIP => '9.9.9.9', userAgent => 'curl/8' });
is($reply->{status}, 200, 'a single event');
is($reply->{json}{message}, 'Événement reçu', 'in its own shape');
is(sql("SELECT event_id FROM mjc.event WHERE session_id = '$session'"), $reply->{json}{eventId}, 'with its id');
is(sql("SELECT address FROM mjc.visit WHERE session_id = '$session'"), '127.0.0.0/24', 'an address in the body is nobody\'s');
is(sql("SELECT is_bot FROM mjc.visit WHERE session_id = '$session'"), 't', 'what it says of its program counts');

$session = sid();
$reply = post("$api/events", content => encode({ events => [ view($session, '/beacon') ] }), headers => { 'Content-Type' => 'text/plain;charset=UTF-8', 'Origin' => 'https://evil.example', 'Sec-Fetch-Site' => 'cross-site' });
is($reply->{status}, 200, 'a beacon is text, and comes from anywhere');
is_deeply(stored($session), ['/beacon'], 'and is stored');
is(status_of('POST', "$api/events", content => '{"events":[]}', headers => { 'Content-Type' => $_ }), 415, "not as $_")
	for 'text/html', 'text/plain;charset=utf-16', 'application/x-www-form-urlencoded', 'multipart/form-data';
is(status_of('POST', '/api/v1/cart/items', content => '{}', headers => { 'Content-Type' => 'text/plain' }), 415, 'no other route takes text');

#------------------------------------------------------------------ who

my $her = make_account('CUSTOMER');
my $token = mint('CUSTOMER', $her, 0);
my %caller = (none => {}, rubbish => { token => 'rubbish' }, expired => { token => mint('CUSTOMER', $her, 0, -60) }, nobody => { token => mint('CUSTOMER', '00000000-0000-4000-8000-00000000dead', 0) },
	older => { token => mint('CUSTOMER', $her, 5) }, staff => { token => admin_token() }, 'two cookies' => { headers => { Cookie => "authToken=$token; authToken=$token" } },
	'of another site' => { headers => { Cookie => "authToken=$token", Origin => 'https://evil.example' } });
for my $who (sort keys %caller)
{
	$session = sid();
	is(send_events([ view($session, '/x', data => { sessionId => $session, pagePath => '/x', userId => $her }) ], %{ $caller{$who} })->{status}, 200, "$who: an event is not lost by a token");
	is(sql("SELECT count(*), count(customer_id) FROM mjc.event WHERE session_id = '$session'"), '1|0', 'and is nobody\'s');
}
$session = sid();
is(send_events([ view($session) ], token => $token)->{status}, 200, 'a customer');
is(sql("SELECT e.customer_id, v.customer_id FROM mjc.event e JOIN mjc.visit v USING (session_id) WHERE session_id = '$session'"), "$her|$her", 'is the one of her token');

#------------------------------------------------------------------ measured times, errors

$session = sid();
$reply = post("$api/performance", body => { sessionId => $session, metrics => [ { name => 'LCP', value => 1234.5 }, { name => 'CLS', value => 0.01 }, { name => 'bad name', value => 1 } ] });
is_deeply([ $reply->{status}, @{ $reply->{json} }{qw(metricsProcessed metricsRejected)} ], [ 200, 2, 1 ], 'measured times');
is(sql("SELECT string_agg(metric || ' ' || value_milli, ', ' ORDER BY metric) FROM mjc.web_vital WHERE session_id = '$session'"), 'CLS 10, LCP 1234500', 'in thousandths');
is(status_of('POST', "$api/performance", content => encode({ name => 'TTFB', value => 80 }), headers => { 'Content-Type' => 'text/plain;charset=UTF-8' }), 200, 'one by a beacon');
is_error(post("$api/performance", body => {}), 422, 'ARGUMENT_MISSING', 'none');
$reply = post("$api/errors", body => { error => "TypeError: zz$run", stack => "at f (https://shop.example/a.js?v=1:1:2)", componentStack => 'in App', timestamp => now(), url => 'https://shop.example/fr?token=1', userAgent => $agent });
is_deeply([ $reply->{status}, $reply->{json} ], [ 200, { success => JSON::PP::true(), message => 'Erreur notée' } ], 'an error of a page');
post("$api/errors", body => { error => "TypeError: zz$run", stack => "at f (https://shop.example/a.js?v=1:1:9)" });
is(sql("SELECT message, stack, path, seen FROM mjc.client_error WHERE message = 'TypeError: zz$run'"), "TypeError: zz$run|at f (https://shop.example/a.js:1:2)|/fr|2", 'is kept once');
is_error(post("$api/errors", body => { stack => 'x' }), 422, 'EVENT_FIELD_INVALID', 'an error without words');

#------------------------------------------------------------------ what is refused

$session = sid();
$reply = send_events([ view($session, '/ok'), view($session, '/f', timestamp => now(3600)), view($session, '/o', timestamp => now(-8 * 86400)), { type => 'x', data => { sessionId => $session } }, view('x'), view(5), 7, view($session, 'y' x 10_000) ]);
is($reply->{status}, 200, 'what is good of a batch is taken');
is_deeply($reply->{json}{rejected}, { EVENT_IN_FUTURE => 1, EVENT_TOO_OLD => 1, EVENT_TYPE_UNKNOWN => 1, EVENT_SESSION_MISSING => 2, EVENT_FIELD_INVALID => 1, EVENT_TOO_LARGE => 1 }, 'what is not, by its reason');
is_deeply(stored($session), ['/ok'], 'and leaves nothing');
is_error(send_events([ view($session, '/f', timestamp => now(3600)) ]), 422, 'EVENTS_REFUSED', 'a batch with nothing good');
is_error(send_events([ map { view($session, "/$_") } 1 .. 201 ]), 413, 'EVENT_BATCH_TOO_LARGE', '201 events');
is_error(send_events([ map { view(sid()) } 1 .. 51 ]), 422, 'EVENT_TOO_MANY_SESSIONS', 'events of 51 sessions');
is_error(post("$api/events", body => { eventType => 'page_view', eventData => { sessionId => $session, pagePath => '/', value => 1 }, timestamp => now(3600) }), 422, 'EVENT_IN_FUTURE', 'a single one from the future');
is_error(post("$api/events", body => $_), 422, $_->{events} ? 'ARGUMENT_INVALID' : 'ARGUMENT_MISSING', encode($_)) for {}, { events => undef }, { events => {} }, { events => 'x' };
is_error(post("$api/events", content => $_->[0]), 400, 'MALFORMED_REQUEST', $_->[1])
	for [ '{"events":[', 'half a body' ], [ '{"events":[{"type":"a\u0000"}]}', 'U+0000' ], [ "{\"events\":[\"\xff\"]}", 'no UTF-8' ], [ '{"events":[],"events":[]}', 'a name twice' ], [ '{"events":' . '[' x 5000, 'very deep' ], 	[ '{"events":["\ud800"]}', 'half a character' ];
is_error(post("$api/events", content => $_), 422, 'ARGUMENT_INVALID', "$_ is no batch") for '[]', 'null', '7', '"x"';
is_error(post("$api/events", content => '{"events":[1e999, 12345678901234567890123]}'), 422, 'EVENTS_REFUSED', 'numbers beyond numbers');
is_error(post("$api/events", content => undef), 422, 'VALIDATION_ERROR', 'nor is nothing');
is_error(post("$api/events", content => '{"events":[],"x":"' . 'x' x 262_200 . '"}'), 413, 'PAYLOAD_TOO_LARGE', 'more than 256 kB');
is_error(post("$api/performance", content => '{"metrics":[],"x":"' . 'x' x 262_200 . '"}'), 413, 'PAYLOAD_TOO_LARGE', 'of measured times too');
is(status_of('POST', "$api/events", content => '{"events":[],"x":"' . 'x' x 262_000 . '"}'), 200, 'less is read');
is(status_of('GET', "$api/events"), 405, 'events are not read here');
for my $bad ({ type => 'page_view<script>', data => { sessionId => $session } }, { type => 'page_view', data => { sessionId => '<script>' } }, view($session, '/', timestamp => '<script>'))
{
	unlike(send_events([$bad])->{content}, qr/script/, 'nothing that was sent comes back');
}
$session = sid();
is(send_events([ view($session, "/a\x01b\x7f'; DROP TABLE x; --/<b>/é") ])->{status}, 200, 'odd signs');
is_deeply(stored($session), ["/a b '; DROP TABLE x; --/<b>/é"], 'are only signs') or diag(explain(stored($session)));

#------------------------------------------------------------------ rates, and when the database is slow

# D2: what a crash may lose waits for no disk.
sql(<<~'SQL');
	CREATE TABLE public.event_commit (mode text);
	GRANT INSERT ON public.event_commit TO mjc_owner;
	CREATE FUNCTION public.event_commit() RETURNS trigger LANGUAGE plpgsql AS
	$$ BEGIN INSERT INTO public.event_commit SELECT current_setting('synchronous_commit'); RETURN NULL; END $$;
	CREATE TRIGGER event_commit AFTER INSERT ON mjc.visit FOR EACH ROW EXECUTE FUNCTION public.event_commit();
	SQL
is(send_events([ view(sid()) ])->{status}, 200, 'a visit');
is(sql('SELECT string_agg(mode, chr(44)) FROM public.event_commit'), 'off', 'is committed without waiting for the disk');
sql('DROP TRIGGER event_commit ON mjc.visit; DROP FUNCTION public.event_commit(); DROP TABLE public.event_commit');

$shim = start_shim(MJC_RATE_SCALE => 1, MJC_RATE_LIMITS => 'event=60/min:3');
my @replies = map { post("$api/$_", shim => $shim, body => $_ eq 'errors' ? { error => 'x' } : $_ eq 'performance' ? { name => 'LCP', value => 1 } : { events => [] }) } qw(events track errors performance);
is_deeply([ map { $_->{status} } @replies ], [ 200, 200, 200, 429 ], 'a rate of their own');
ok($replies[3]{headers}{'retry-after'} >= 1, 'which says when');
is(get('/api/v1/products?limit=1', shim => $shim)->{status}, 200, 'and touches no other');
stop_shim($shim);
is(rate('event'), 300, 'three hundred at once, as it is');

sub rate
{
	my $own = start_shim(MJC_RATE_SCALE => 1);
	my $got = post("$api/events", shim => $own, body => { events => [] })->{headers}{'ratelimit-limit'};

	stop_shim($own);
	return $got;
}

# Somebody holds the table: batches wait, more are dropped and counted, a sale goes on.
$shim = start_shim(MJC_EVENT_CONNECTIONS => 1, MJC_EVENT_QUEUE => 2, MJC_QUEUE_TIMEOUT_MS => 400);
my $part = make_product(stock => 50);
my $lock = hold('LOCK TABLE mjc.event IN ACCESS EXCLUSIVE MODE');
my @results = parallel(8, sub {
	my $i = shift;
	my $start = time;

	if ($i == 7)
	{
		sleep 0.2;
		my $placed = post('/api/v1/orders/guest', shim => $shim, body => order_body([ [ $part, 1 ] ]));
		return { order => $placed->{status}, took => time - $start };
	}
	my $got = post("$api/events", shim => $shim, body => { events => [ view(sid(), "/slow$i") ] });
	return { status => $got->{status}, retry => $got->{headers}{'retry-after'}, code => $got->{json}{code}, took => time - $start };
});
release($lock);
my ($sale) = grep { exists $_->{order} } @results;
is($sale->{order}, 201, 'an order is placed meanwhile');
ok($sale->{took} < 1.5, "at once ($sale->{took} s)");
my @dropped = grep { ($_->{status} // 0) == 503 } @results;
ok(@dropped >= 4, 'batches beyond the queue are dropped (' . @dropped . ')');
is_deeply([ grep { !$_->{retry} } @dropped ], [], 'each with a time to come again');
ok(scalar(grep { $_->{took} < 0.3 } @dropped) >= 3, 'some of them at once');
is(metric(get('/metrics', shim => { url => $shim->{metrics} })->{content}, 'mjc_event_batches_dropped_total'), scalar(@dropped), 'and each is counted');
stop_shim($shim);

# One that got its turn and met the lock to the end: as lost as the others.
$shim = start_shim();
$lock = hold('LOCK TABLE mjc.event IN ACCESS EXCLUSIVE MODE');
$reply = send_events([ view(sid()) ], shim => $shim);
release($lock);
is($reply->{status}, 503, 'a batch that waits for a lock to the end is lost');
ok($reply->{headers}{'retry-after'}, 'with a time to come again');
is(metric(get('/metrics', shim => { url => $shim->{metrics} })->{content}, 'mjc_event_batches_dropped_total'), 1, 'and counted');
stop_shim($shim);

finish();

#!/usr/bin/perl
#
# traffic.t - what visitors' pages send comes back as the figures that the administration reads.
# The figures themselves are tested in test/sql/traffic.sql, who may ask in matrix.t.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use Shop;
use Test::More;
use POSIX qw(strftime);
use Time::HiRes qw(time);

my $agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0';
my $token = admin_token();
my $run = int(rand 1e9);
my ($serial, $reply) = 0;

sub sid { return sprintf '00000000-0000-4000-8%03d-%012d', ++$serial, $run }

sub now { return strftime('%Y-%m-%dT%H:%M:%S.000Z', gmtime(time)) }

sub event { my ($type, $sid, %data) = @_; return { type => $type, data => { sessionId => $sid, %data }, timestamp => now() } }

sub send_events
{
	my ($name, @events) = @_;

	is(post('/api/v1/analytics/events', body => { events => \@events }, headers => { 'User-Agent' => $name })->{json}{eventsProcessed}, scalar @events, 'received');
	return;
}

sub staff { return get("/api/v1/$_[0]", token => $token) }

sub data { my $reply = staff($_[0]); is($reply->{status}, 200, "GET $_[0]") || said($reply); return $reply->{json}{data} }

sub source { my ($list, $name) = @_; return (grep { $_->{name} eq $name } @$list)[0] // { value => 0 } }

my $from = "lettre-$run";
my ($looks, $buys, $bot) = (sid(), sid(), sid());
my %before = (now => data('analytics/realtime'), funnel => data('analytics/conversions'));
my $product = make_product(price => 1000, stock => 10);

send_events($agent, event('session_start', $looks, deviceType => 'desktop', browser => 'Firefox'), event('traffic_source', $looks, utmSource => $from, utmMedium => 'email'),
	event('page_view', $looks, pagePath => '/fr/products/abc'));
send_events($agent, event('traffic_source', $buys, utmSource => $from, utmMedium => 'email'), event('ecommerce_event', $buys, eventType => 'add_to_cart', productId => $product, quantity => 2),
	event('page_view', $buys, pagePath => '/fr/checkout'));
send_events('Googlebot/2.1', event('traffic_source', $bot, utmSource => $from, utmMedium => 'email'), event('page_view', $bot, pagePath => '/fr/checkout'));
place([ [ $product, 1 ] ]);

my $now = data('analytics/realtime');
shape($now, { activeSessions => 'int', pageViews => { lastHour => 'int', last24Hours => 'int' }, recentEvents => [ { type => 'text', timestamp => 'time' } ], topPages => [ { path => 'text', views => 'int' } ] }, 'what happens now');
is($now->{activeSessions} - $before{now}{activeSessions}, 2, 'two people, and a bot is none');
is($now->{pageViews}{lastHour} - $before{now}{pageViews}{lastHour}, 2, 'two pages');

my $funnel = data('analytics/conversions');
shape($funnel, {
		funnel => [ { step => 'text', count => 'int', percentage => 'num', dropoffRate => 'num' } ], conversionRate => 'num', averageOrderValue => 'num', totalRevenue => 'num',
		totalOrders => 'int', totalSessions => 'int', cartAbandonmentRate => 'num' }, 'the funnel');
is_deeply([ map { $_->{step} } @{ $funnel->{funnel} } ], [ 'Product Views', 'Add to Cart', 'Begin Checkout', 'Complete Purchase' ], 'its steps');
is_deeply([ map { $funnel->{funnel}[$_]{count} - $before{funnel}{funnel}[$_]{count} } 0 .. 3 ], [ 2, 1, 1, 1 ], 'two looked, one went on, one order');

my $sources = data('analytics/traffic-sources');
shape($sources, { sources => [ { source => 'text', medium => 'text', sessions => 'int', percentage => 'num', bounceRate => 'num' } ], totalSessions => 'int' }, 'sources');
my ($mine) = grep { $_->{source} eq $from } @{ $sources->{sources} };
is_deeply([ @$mine{qw(medium sessions bounceRate)} ], [ 'email', 2, 50 ], 'two visits from the letter, one of one page');
my $pie = staff('admin/analytics/traffic/sources?timeframe=7d')->{json};
shape($pie, { success => 'bool', data => { success => 'bool', data => [ { name => 'text', value => 'int', percentage => 'int' } ] } }, 'as a pie, wrapped twice');
is(source($pie->{data}{data}, $from)->{value}, 2, 'the letter');
is_deeply(data('analytics/traffic/sources?timeframe=7d'), $pie->{data}{data}, 'and wrapped once');
is_deeply(data('analytics/traffic-sources?startDate=2001-01-01&endDate=2001-01-02'), { sources => [], totalSessions => 0 }, 'a time without visits');
is(data('analytics/conversions?startDate=2001-01-01&endDate=2001-01-02')->{conversionRate}, 0, 'nothing is made up');

my $visit = data("analytics/session/$buys");
shape($visit, {
		session => { id => 'uuid', startedAt => 'time' }, pageViews => [ { pagePath => 'text', timestamp => 'time' } ], ecommerceEvents => [ { eventType => 'text', timestamp => 'time' } ],
		trafficSources => [ { source => 'text', medium => 'text' } ], summary => { totalPageViews => 'int', totalEvents => 'int', sessionDuration => 'num', bounceRate => 'num' } }, 'one visit');
is_deeply([ @{ $visit->{ecommerceEvents}[0] }{qw(eventType productId quantity)} ], [ 'add_to_cart', $product, 2 ], 'what it put into the cart');
is(staff('analytics/session/' . sid())->{status}, 404, 'no such visit');
is(staff('analytics/session/x')->{status}, 404, 'no such name');
for my $path (qw(admin/analytics/traffic/sources analytics/traffic/sources analytics/traffic-sources analytics/conversions))
{
	$reply = staff("$path?timeframe=2y");
	is($reply->{status}, 422, "$path of a time that is none");
	is($reply->{json}{errors}[0]{field}, 'timeframe', 'says which');
}
for my $path (qw(analytics/traffic/sources analytics/traffic-sources analytics/conversions))
{
	is(staff("$path?startDate=2024-01-02&endDate=2024-01-01")->{status}, 422, "$path the wrong way round");
	is(staff("$path?startDate=2010-01-02&endDate=2024-01-01")->{status}, 422, 'too long');
	is(staff("$path?startDate=hier")->{status}, 422, 'no day');
}
is(sql("SELECT count(*) FROM mjc.check_invariants()"), 0, "no promise is broken");
done_testing();

#!/usr/bin/perl
#
# database.t - how the shim uses the database when that is not at its best: several hosts,
# of which one is down, a slow query in front of others, locks that others hold.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use Shop;
use Test::More;
use Time::HiRes qw(sleep time);

my $api = '/api/v1';
my $part = make_product(price => 1000, stock => 100);

# The lines of a page of metrics.
sub metrics { return HTTP::Tiny->new->get("$_[0]{metrics}/metrics")->{content} }

#------------------------------------------------------------------ several hosts

# The same database behind a first host where nobody listens.
sub with_dead_host
{
	my $dsn = shift;

	return $dsn =~ s{\@([^/:]+):(\d+)/}{\@127.0.0.1:1,$1:$2/}r if $dsn !~ /[?&]port=/;
	return $dsn =~ s/([?&]host=)/${1}127.0.0.1,/r =~ s/([?&]port=)/${1}1,/r;
}

my $dsn = with_dead_host($ENV{MJC_TEST_SHIM_DSN});
isnt($dsn, $ENV{MJC_TEST_SHIM_DSN}, 'two hosts, the first one down');
my $shim = start_shim(MJC_DSN => $dsn, wait => 0);
ok(wait_for(sub { get('/health/ready', shim => $shim)->{status} == 200 }, 4),
	'the second one is used');
is(get("$api/payments/methods", shim => $shim)->{status}, 200, 'for reads');
is(post("$api/orders/guest", shim => $shim, body => order_body([ [ $part, 1 ] ]))->{status}, 201,
	'and writes');
is_deeply([ grep { $_->{event} eq 'db_connection_lost' } shim_log($shim) ], [],
	'at the first attempt');
stop_shim($shim);

#------------------------------------------------------------------ connections that break

# All broken at once, again and again: none takes the place of another in the event loop.
my $since = sql('SELECT clock_timestamp()');
$shim = start_shim();
for my $round (1 .. 5)
{
	sql(<<~'SQL', since => $since);
		SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		 WHERE application_name = 'mjc-shim' AND backend_start > :'since'
		SQL
	ok(wait_for(sub { get("$api/payments/methods", shim => $shim)->{status} == 200 }, 5),
		"connections broken, round $round: reads go on");
	ok(
		wait_for(
			sub {
				my $page = metrics($shim);

				return metric($page, 'mjc_db_connections{pool="read",state="ready"}') == 2
					&& metric($page, 'mjc_db_connections{pool="write",state="ready"}') == 4;
			},
			10
		),
		'and all connections come back');
}
my ($asked, @slow) = (0);
for (1 .. 50)
{
	my $begun = time;

	$asked++ if get("$api/payments/methods", shim => $shim)->{status} == 200;
	push @slow, time - $begun if time - $begun > 0.5;
}
is_deeply([ $asked, \@slow ], [ 50, [] ], 'and answer');
stop_shim($shim);

#------------------------------------------------------------------ behind a slow query

# Sends GETs without waiting; the sockets.
sub send_off
{
	my @paths = @_;

	return map {
		my $sock = connect_to($shim);

		print $sock ask("GET $api$_ HTTP/1.1");
		$sock->flush;
		$sock;
	} @paths;
}

$shim = start_shim(MJC_READ_CONNECTIONS => 2, MJC_QUEUE_TIMEOUT_MS => 100);
my $first = hold('LOCK TABLE mjc.wilaya IN ACCESS EXCLUSIVE MODE');
my $second = hold('LOCK TABLE mjc.payment_method IN ACCESS EXCLUSIVE MODE');
my @socks = send_off('/wilayas', '/payments/methods');
sleep 0.6;
release($_) for $first, $second;
is_deeply([ map { read_reply($_)->{status} } @socks ], [ 200, 200 ],
	'both connections have waited for a lock');
# Now the first is known to be fast again, the second still to be slow: it takes one at a time.
get("$api/boilers/models", shim => $shim) for 1 .. 40;
$first = hold('LOCK TABLE mjc.wilaya IN ACCESS EXCLUSIVE MODE');
$second = hold('LOCK TABLE mjc.payment_method IN ACCESS EXCLUSIVE MODE');
my ($stalled, $other) = send_off('/wilayas', '/payments/methods');
@socks = send_off(('/boilers/models') x 4);
sleep 0.15;
my $begun = time;
release($second);
is(read_reply($other, 2)->{status}, 200, 'one connection comes free, the other is held up');
is_deeply([ map { read_reply($_, 2)->{status} } @socks ], [ 200, 200, 200, 200 ],
	'what waits behind it is answered by the free one, all of it');
cmp_ok(time - $begun, '<', 1, 'without waiting for the lock');
is(read_reply($stalled, 0.1)->{status}, 'silent', 'which is still there');
release($first);
is(read_reply($stalled, 2)->{status}, 200, 'until it goes');
stop_shim($shim);

#------------------------------------------------------------------ locks of others

$shim = start_shim();
my $held = hold('LOCK TABLE mjc.order IN SHARE MODE');
$begun = time;
my $reply = post("$api/orders/guest", shim => $shim, key => "database-$part",
	body => order_body([ [ $part, 1 ] ]));
is_error($reply, 409, 'CONFLICT_RETRY', 'an order that waits for a lock for too long');
is($reply->{headers}{'retry-after'}, 1, 'may be tried again in a second');
cmp_ok(time - $begun, '<', 6, 'it was tried twice');
is(metric(metrics($shim), 'mjc_db_retries_total'), 1, 'and not more');
release($held);

# The same request again while somebody still has the row of its key.
my $body = order_body([ [ $part, 1 ] ]);
is(post("$api/orders/guest", shim => $shim, key => "twin-$part", body => $body)->{status}, 201,
	'an order with a key');
$held = hold(<<~'SQL');
	UPDATE mjc.idempotency_key SET created_at = created_at
	 WHERE created_at = (SELECT max(k.created_at) FROM mjc.idempotency_key k)
	SQL
$begun = time;
$reply = post("$api/orders/guest", shim => $shim, key => "twin-$part", body => $body);
is_error($reply, 409, 'IDEMPOTENCY_IN_PROGRESS', 'and once more, before the first is done');
is($reply->{headers}{'retry-after'}, 1, 'may be asked for in a second');
cmp_ok(time - $begun, '<', 3.5, 'it waited once');
release($held);
$reply = post("$api/orders/guest", shim => $shim, key => "twin-$part", body => $body);
is_deeply([ $reply->{status}, $reply->{headers}{'idempotent-replayed'} ], [ 201, 'true' ],
	'then it is the order of the first');
stop_shim($shim);

finish();

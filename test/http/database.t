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
use POSIX ();
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

$shim = start_shim(MJC_READ_CONNECTIONS => 2, MJC_QUEUE_TIMEOUT_MS => 1000);
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

#------------------------------------------------------------------ answers that wait for the disk

# The connection that makes writes durable breaks while orders are on their way: each ends once.
$since = sql('SELECT clock_timestamp()');
$shim = start_shim();
is(metric(metrics($shim), 'mjc_db_connections{pool="flush",state="ready"}'), 1, 'one connection makes writes durable');
my $flusher = <<~'SQL';
	SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
	 WHERE application_name = 'mjc-shim' AND backend_start > :'since' AND query LIKE '%flush_seen%'
	SQL
for my $round (1 .. 4)
{
	my @keys = map { "flusher-$part-$round-$_" } 1 .. 12;
	my %order = map { $_ => order_body([ [ $part, 1 ] ]) } @keys;
	my $before = sql("SELECT count(*) FROM mjc.order_line WHERE product_id = :'part'", part => $part);
	my $killer = fork // die;

	if (!$killer)
	{
		for (1 .. 12) { sql($flusher, since => $since); sleep 0.01 }
		POSIX::_exit(0);
	}
	my @replies = parallel(scalar @keys, sub { return { status => post("$api/orders/guest", shim => $shim, key => $keys[ $_[0] ], body => $order{ $keys[ $_[0] ] })->{status} } });
	waitpid $killer, 0;
	is_deeply([ grep { !/^(?:201|503)$/ } map { $_->{status} } @replies ], [], "flusher broken, round $round: done, or told to come again");
	ok(wait_for(sub { get('/health/ready', shim => $shim)->{status} == 200 }, 5), 'it comes back');
	is_deeply([ grep { post("$api/orders/guest", shim => $shim, key => $_, body => $order{$_})->{status} != 201 } @keys ], [], 'and all come again');
	is(sql("SELECT count(*) FROM mjc.order_line WHERE product_id = :'part'", part => $part) - $before, scalar @keys, 'each of them once');
}
stop_shim($shim);

# A read that does not end lets another one in.
$shim = start_shim(MJC_READ_CONNECTIONS => 2, MJC_READ_BUSY => 1);
$held = hold('LOCK TABLE mjc.wilaya IN ACCESS EXCLUSIVE MODE');
($stalled) = send_off('/wilayas');
sleep 0.05;
$begun = time;
is(get("$api/boilers/models", shim => $shim)->{status}, 200, 'of two reads one works at a time, but not when it waits for a lock');
cmp_ok(time - $begun, '<', 0.5, 'nor for long');
release($held);
is(read_reply($stalled, 2)->{status}, 200, 'it is answered when it ends');
stop_shim($shim);

# A write that waits for a lock is not at work: others are let in.
$shim = start_shim(MJC_WRITE_BUSY => 1);
$held = hold('LOCK TABLE mjc.order IN SHARE MODE');
@socks = map {
	my $sock = connect_to($shim);

	print $sock ask("POST $api/orders/guest HTTP/1.1", headers => ['Content-Type: application/json'], body => encode(order_body([ [ $part, 1 ] ])));
	$sock->flush;
	$sock;
} 1 .. 3;
sleep 0.2;
$begun = time;
is(post("$api/cart/items", shim => $shim, body => { productId => $part, quantity => 1 })->{status} =~ /^2/ ? 1 : 0, 1, 'three orders wait for a lock, a cart does not');
cmp_ok(time - $begun, '<', 1, 'nor for them');
release($held);
is_deeply([ map { read_reply($_, 5)->{status} } @socks ], [ 201, 201, 201 ], 'then they are placed');
stop_shim($shim);

# Each in its backend, as an operator may want it.
$shim = start_shim(MJC_LATE_ANSWERS => 'false');
is(post("$api/orders/guest", shim => $shim, body => order_body([ [ $part, 1 ] ]))->{status}, 201, 'without it');
is(metric(metrics($shim), 'mjc_db_connections{pool="flush",state="ready"}'), undef, 'there is no such connection');
stop_shim($shim);

finish();

#!/usr/bin/perl
#
# idempotency.t - one key, one effect: the required behaviours 1 to 7 of Idempotency-Key, by their
# numbers, and what a session that is killed in the middle leaves (scenario 5). And what a
# client may never hear of: deadlocks, serialization failures, locks of others (scenario 29).

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use Shop;
use Test::More;
use Time::HiRes qw(sleep time);

my $api = '/api/v1';
my $run = sprintf '%x%x', time, $$;
my $serial = 0;
my $shim = start_shim(MJC_WRITE_CONNECTIONS => 16);
my $part = make_product(price => 1000, stock => 900);
# Locks are taken in the order of ids.
my ($first_part, $second_part) = sort map { make_product(price => 100, stock => 100) } 1, 2;

#------------------------------------------------------------------ tools

sub key { return "idem-$run-" . ++$serial }

# The body of an order that is found again by its note.
sub body
{
	my ($lines, %more) = @_;

	return order_body($lines // [ [ $part, 1 ] ], notes => "idem-$run-" . ++$serial, %more);
}

sub order { my ($body, %opt) = @_; return post("$api/orders/guest", body => $body, shim => $shim, %opt) }

# Orders, reservations and payments of a body, "1 1 1" when there is one with one line.
sub made
{
	my ($body) = @_;

	return sql(<<~'SQL', note => $body->{notes});
		WITH o AS (SELECT order_id FROM mjc.order_contact WHERE note = :'note')
		SELECT concat_ws(' ', (SELECT count(*) FROM o), (SELECT count(*) FROM mjc.reservation r JOIN o ON o.order_id = r.reservation_id),
		                 (SELECT count(*) FROM mjc.payment JOIN o USING (order_id)))
		SQL
}

# How many stored replies name an order of that body.
sub keys_of { return sql("SELECT count(*) FROM mjc.idempotency_key k JOIN mjc.order_contact c ON c.order_id = k.subject_id WHERE c.note = :'note'", note => $_[0]{notes}) }

sub all_keys { return sql('SELECT count(*) FROM mjc.idempotency_key') }

sub available { return sql("SELECT available FROM mjc.stock_available WHERE product_id = '$_[0]'") }

sub retries { my $of = shift // $shim; return metric(HTTP::Tiny->new->get("$of->{metrics}/metrics")->{content}, 'mjc_db_retries_total') }

sub is_replay
{
	my ($reply, $first, $name) = @_;

	return is_deeply([ @$reply{qw(status content)}, $reply->{headers}{'idempotent-replayed'} ], [ @$first{qw(status content)}, 'true' ], $name) || said($reply);
}

# A request that runs while this goes on: result() waits for its reply.
sub start
{
	my ($work) = @_;

	pipe(my $read, my $write) or die;
	my $pid = fork // die;
	if (!$pid)
	{
		print $write encode(eval { $work->() } // { status => 'failed', content => $@ });
		close $write;
		POSIX::_exit(0);
	}
	close $write;
	return { read => $read, pid => $pid };
}

sub result
{
	my ($started) = @_;
	my $reply = decode(do { local $/; readline $started->{read} });

	waitpid $started->{pid}, 0;
	return $reply;
}

# A lock of a product's anchor, which every movement of it needs.
sub hold_part { return hold("SELECT FROM mjc.stock_anchor WHERE product_id = '$_[0]' FOR UPDATE") }

# The backend of the shim that waits for a lock; undef when none does in time.
sub waiting
{
	my $pid;

	wait_for(sub { $pid = sql(q{SELECT pid FROM pg_stat_activity WHERE application_name = 'mjc-shim' AND wait_event_type = 'Lock' LIMIT 1}) }, 20);
	return $pid;
}

#------------------------------------------------------------------ 1 to 3

my $body = body();
my $key = key();
my $first = order($body, key => $key);
is($first->{status}, 201, 'idempotency 1: an order with a key') or said($first);
is($first->{headers}{'idempotent-replayed'}, undef, 'idempotency 1: the first is no replay');
is_replay(order($body, key => $key), $first, 'idempotency 1: once more: the same status, body and order, said to be a replay') for 1 .. 2;
is(made($body), '1 1 1', 'idempotency 1: one order, one reservation, one payment');

my $twin = body();
my $twin_key = key();
my @twins = parallel(32, sub { my $r = order($twin, key => $twin_key);
	return { map({ $_ => $r->{$_} } qw(status content)), number => order_of($r)->{orderNumber}, code => $r->{json}{code} // '',
		after => $r->{headers}{'retry-after'} // '', replayed => $r->{headers}{'idempotent-replayed'} // '' } });
my @answered = grep { $_->{status} eq '201' } @twins;
is_deeply([ map { "$_->{status} $_->{code} $_->{after}" } grep { $_->{status} ne '201' && "$_->{status} $_->{code}" ne '409 IDEMPOTENCY_IN_PROGRESS' } @twins ], [],
	'idempotency 2: 32 twins at once are answered, or told to come again');
is_deeply([ grep { $_->{status} eq '409' && $_->{after} !~ /^\d+$/ } @twins ], [], 'idempotency 2: with Retry-After');
is(scalar keys %{ { map { $_->{content} => 1 } @answered } }, 1, 'idempotency 2: all answers are the same bytes');
is(scalar(grep { $_->{replayed} ne 'true' } @answered), 1, 'idempotency 2: one of them executed');
is(made($twin), '1 1 1', 'idempotency 2: one order');

is_error(order({ %$body, items => [ { productId => $part, quantity => 2 } ] }, key => $key), 422, 'IDEMPOTENCY_KEY_REUSED', 'idempotency 3: the key with another body');
is_replay(order($body, key => $key), $first, 'idempotency 3: the first result is untouched');
my @who = map { my $id = make_account('CUSTOMER'); mint('CUSTOMER', $id, 0) } 1, 2;
my %own = %{ body() };
delete $own{customerInfo};
$own{phone} = phone();
my @own = map { post("$api/orders", token => $_, body => \%own, key => $key, shim => $shim) } @who;
is_deeply([ map { $_->{status}, $_->{headers}{'idempotent-replayed'} } @own ], [ 201, undef, 201, undef ],
	'idempotency 3: the key of a guest, of a customer and of another on another route are three keys');
isnt(order_of($own[0])->{id}, order_of($own[1])->{id}, 'idempotency 3: with three orders');
is(made(\%own), '2 2 2', 'idempotency 3: one each');

#------------------------------------------------------------------ 4 and 5

my $scarce = make_product(price => 100, stock => 1);
$key = key();
$body = body([ [ $scarce, 2 ] ]);
my $before = all_keys();
is_error(order($body, key => $key), 409, 'INSUFFICIENT_STOCK', 'idempotency 4: too little stock');
is_error(order({ %$body, items => [] }, key => $key), 422, 'VALIDATION_ERROR', 'idempotency 4: a bad request with that key');
is(all_keys(), $before, 'idempotency 4: a failure is not pinned');
sql("SELECT mjc.stock_receive('$scarce', 1)");
$first = order($body, key => $key);
is_deeply([ $first->{status}, $first->{headers}{'idempotent-replayed'} ], [ 201, undef ], 'idempotency 4: after restock the key succeeds');
is_replay(order($body, key => $key), $first, 'idempotency 4: and success is pinned, though nothing is left');

# A statement that runs out of its time: 503, rolled back. lock_timeout of the shim is 2 s, its own limit shorter here.
my $hasty = start_shim(MJC_DB_TIMEOUT_S => 1);
$key = key();
$body = body();
$before = all_keys();
my $held = hold_part($part);
my $reply = order($body, key => $key, shim => $hasty);
release($held);
is_error($reply, 503, 'DATABASE_TIMEOUT', 'idempotency 4: an order that fails with 5xx');
is_deeply([ all_keys(), made($body) ], [ $before, '0 0 0' ], 'idempotency 4: leaves no key and no order');
is(order($body, key => $key)->{status}, 201, 'idempotency 4: the key succeeds later');
is(made($body), '1 1 1', 'idempotency 4: once');
stop_shim($hasty);

# Killed between reserve and commit: the units of the first part are taken, the second is waited for.
$key = key();
$body = body([ [ $first_part, 3 ], [ $second_part, 1 ] ]);
my @stock = map { available($_) } $first_part, $second_part;
for my $how ('pg_terminate_backend', 'kill -9')
{
	my $note = "scenario 5, idempotency 5: killed before the commit ($how)";

	$before = all_keys();
	$held = hold_part($second_part);
	my $asked = start(sub { return order($body, key => $key) });
	my $pid = waiting();
	ok($pid, "$note: the order is on its way");
	# The victim of kill -9 takes all other sessions with it, and the lock too.
	if ($how eq 'kill -9') { kill 'KILL', $pid; wait_for(sub { eval { sql('SELECT 1') } }, 60) }
	else { sql("SELECT pg_terminate_backend($pid)"); release($held) }
	$reply = result($asked);
	if ($how eq 'kill -9') { close $held->{in}; waitpid $held->{pid}, 0 }
	wait_for(sub { eval { sql('SELECT 1') } && get('/health/ready', shim => $shim)->{status} == 200 }, 60);
	like($reply->{status}, qr/^(?:201|503)$/, "$note: the client hears 503, or the shim has tried again");
	if ($reply->{status} ne '201')
	{
		is_deeply([ all_keys(), made($body), map { available($_) } $first_part, $second_part ], [ $before, '0 0 0', @stock ],
			"$note: neither key nor order, the units are free");
		$reply = order($body, key => $key);
	}
	is($reply->{status}, 201, "$note: with the key it is an order") or said($reply);
	is_deeply([ made($body), keys_of($body), available($first_part), available($second_part) ], [ '1 2 1', 1, $stock[0] - 3, $stock[1] - 1 ], "$note: once");
	is_replay(order($body, key => $key), $reply, "$note: and stays it");
	$key = key();
	$body = body([ [ $first_part, 3 ], [ $second_part, 1 ] ]);
	@stock = map { available($_) } $first_part, $second_part;
}

# Killed between commit and reply: the shim is stopped while the order waits, and never hears the answer.
my $doomed = start_shim();
$held = hold_part($second_part);
my $asked = start(sub { return order($body, key => $key, shim => $doomed) });
ok(waiting(), 'scenario 5, idempotency 5: killed after the commit: the order is on its way');
kill 'STOP', $doomed->{pid};
# Not release(): its psql ends only when the client, who has its pipe too, has ended.
print { $held->{in} } "COMMIT;\n";
ok(wait_for(sub { made($body) eq '1 2 1' }, 30), 'scenario 5, idempotency 5: it is there');
kill 'KILL', $doomed->{pid};
kill 'CONT', $doomed->{pid};
is(result($asked)->{status}, 599, 'scenario 5, idempotency 5: the client hears nothing');
release($held);
$reply = order($body, key => $key);
is_deeply([ $reply->{status}, $reply->{headers}{'idempotent-replayed'} ], [ 201, 'true' ], 'scenario 5, idempotency 5: asked again it is that order');
is_deeply([ made($body), keys_of($body), available($first_part), available($second_part) ], [ '1 2 1', 1, $stock[0] - 3, $stock[1] - 1 ],
	'scenario 5, idempotency 5: one reservation a line');
stop_shim($doomed);

#------------------------------------------------------------------ 6 and 7

is(order(body())->{status}, 201, 'idempotency 6: without a key');
is_error(order(body(), key => $_), 400, 'IDEMPOTENCY_KEY_INVALID', 'idempotency 6: a key that is none: ' . substr $_, 0, 12)
	for '', '""', '"open', 'x' x 256, '"' . 'x' x 256 . '"', '"a"b"', "tab\there";
is(order(body(), key => key() =~ s/$/'x' x (255 - length key())/er =~ s/^(.{255}).*/$1/r)->{status}, 201, 'idempotency 6: 255 characters at most');
is(sql('SELECT mjc.version() IS NOT NULL; SHOW mjc.idempotency_ttl') =~ s/^t\n//r, 24, 'idempotency 6: a key lives a day');
$key = key();
$body = body();
$first = order($body, key => $key);
my $age = sub { sql("UPDATE mjc.idempotency_key SET created_at = created_at - interval '$_[0]' WHERE subject_id = '" . order_of($first)->{id} . "'") };
$age->('23 hours 50 minutes');
sql('SELECT mjc.idempotency_purge(100000)');
is_replay(order($body, key => $key), $first, 'idempotency 6: it is there after 23 hours and 50 minutes, whatever is purged');
# A key that is used again after its day, by a request that is under way while the old ones are purged.
$age->('20 minutes');
$held = hold_part($part);
$asked = start(sub { return order($body, key => $key) });
ok(waiting(), 'idempotency 6: after a day the key makes a new order, which waits for a lock');
sql("SET lock_timeout = '5s'; SELECT mjc.idempotency_purge(100000)");
release($held);
$reply = result($asked);
is_deeply([ $reply->{status}, $reply->{headers}{'idempotent-replayed'}, order_of($reply)->{id} eq order_of($first)->{id} ? 1 : 0 ], [ 201, undef, 0 ],
	'idempotency 6: it is placed') or said($reply);
is_replay(order($body, key => $key), $reply, 'idempotency 6: and its key was not purged under it');

sub by_psql
{
	my ($key, $phone, $qty) = @_;

	return sprintf q{SELECT mjc.order_place('{%s}', '{%d}', 'Amina', 'Benali', '%s', street => '12 rue Didouche', city => 'Alger', region => '16', idempotency_key => '%s')},
		$part, $qty // 1, $phone, $key;
}

$key = key();
my $phone = phone();
$before = available($part);
my @references = map { $_->{reference} // $_->{failed} } parallel(12, sub { return { reference => sql(by_psql($key, $phone)) } });
is(scalar keys %{ { map { $_ => 1 } @references } }, 1, 'idempotency 7: twelve sessions of psql with one key get one reference');
is(sql(by_psql($key, $phone)), $references[0], 'idempotency 7: and once more');
is($before - available($part), 1, 'idempotency 7: one unit is held');
like(eval { sql(by_psql($key, $phone, 2)) } // $@, qr/this Idempotency-Key was used for another request/, 'idempotency 7: another request with it is refused');
is(sql(by_psql($key, $phone)), $references[0], 'idempotency 7: the first stays');
# What REST calls, called by hand with the key of a request.
$key = key();
$body = body();
$first = order($body, key => $key);
is(
	sql(<<~'SQL', key => $key, part => $part, phone => $body->{customerInfo}{phone}, note => $body->{notes}),
	SELECT (r.body #>> '{order,orderNumber}') || ' ' || r.replayed
	  FROM mjc_api.order_place_guest(NULL, :'key', ARRAY[:'part']::uuid[], '{1}', 'Amina', 'Benali', :'phone', NULL, NULL,
	                                 '12 rue Didouche Mourad', 'Alger', NULL, '16', NULL, :'note') r
	SQL
	order_of($first)->{orderNumber} . ' true', 'idempotency 7: the function behind the route, in psql, knows the key of the request');

# Eight sessions claim the key of the moment, each at the same time as the others, and often give it up.
my @claimers = parallel(
	8,
	sub {
		return { said => sql(<<~"SQL") };
		SET statement_timeout = '40s';
		DO \$\$ BEGIN
		    FOR i IN 1..4000 LOOP
		        PERFORM mjc.idempotency_begin('race-$run', NULL, 'k' || (extract(epoch FROM clock_timestamp()) * 500)::bigint, 'x', true);
		        IF random() < 0.6 THEN ROLLBACK; ELSE COMMIT; END IF;
		    END LOOP;
		END \$\$
		SQL
	});
is_deeply([ map { $_->{failed} // $_->{said} } @claimers ], [ ('') x 8 ], 'whoever waits for a claim that is given up has it then, and comes to an end');
sql('DELETE FROM mjc.idempotency_key WHERE reply IS NULL');

#------------------------------------------------------------------ scenario 29

sub unheard
{
	my ($reply, $name) = @_;

	is($reply->{status}, 201, "scenario 29: $name") or said($reply);
	return unlike($reply->{content} // '', qr/40001|40P01|55P03|deadlock|serializ/i, 'scenario 29: and says nothing of it');
}

# A lock that goes while the shim tries again.
my $tried = retries();
$held = hold('LOCK TABLE mjc.order IN SHARE MODE');
$body = body();
$key = key();
$asked = start(sub { return order($body, key => $key) });
ok(wait_for(sub { retries() > $tried }, 20), 'scenario 29: a lock of another: after a while the shim tries again');
release($held);
unheard(result($asked), 'once the lock is gone the order is placed');

# A deadlock that somebody makes who does not keep to the order of locks: the shim's session is the victim.
$tried = retries();
my $other = hold("SET LOCAL deadlock_timeout = '60s'; SELECT FROM mjc.stock_anchor WHERE product_id = '$second_part' FOR UPDATE");
$body = body([ [ $first_part, 1 ], [ $second_part, 1 ] ]);
$key = key();
$asked = start(sub { return order($body, key => $key) });
ok(waiting(), 'scenario 29: a deadlock: the order has one part and waits for the other');
print { $other->{in} } "SELECT FROM mjc.stock_anchor WHERE product_id = '$first_part' FOR UPDATE;\nSELECT 'both';\n";
like(readline $other->{out}, qr/both/, 'scenario 29: whoever made it goes on');
ok(wait_for(sub { retries() > $tried }, 20), 'scenario 29: the shim tries again');
release($other);
unheard(result($asked), 'and the order is placed');

# Sessions that run at repeatable read: whoever meets a newer row fails with 40001 in the database.
my $role = sql(q{SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name = 'mjc-shim'});
sql("ALTER ROLE $role SET default_transaction_isolation = 'repeatable read'");
my $strict = start_shim(MJC_WRITE_CONNECTIONS => 16);
my %who = (firstName => 'Amina', lastName => 'Benali', phone => phone());
# Several have their snapshot before the first of them commits.
$held = hold_part($part);
$asked = start(
	sub {
		return [
			parallel(
				24,
				sub {
					my $r = order(body([ [ $part, 1 ] ], notes => "strict-$run-$_[0]", customerInfo => \%who), key => "strict-$run-$_[0]", shim => $strict);

					return { map { $_ => $r->{$_} } qw(status content) };
				}) ];
	});
ok(wait_for(sub { sql(q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'mjc-shim' AND wait_event_type = 'Lock'}) >= 2 }, 20),
	'scenario 29: sessions at repeatable read wait for each other');
release($held);
my @replies = @{ result($asked) };
sql("ALTER ROLE $role RESET default_transaction_isolation");
is(sql("SELECT count(*) FROM mjc.order_contact WHERE note LIKE 'strict-$run-%'"), 24, 'scenario 29: 24 first orders of one phone at repeatable read are 24 orders');
is_deeply([ map { "$_->{status} $_->{content}" } grep { $_->{status} ne '201' } @replies ], [], 'scenario 29: nobody hears of a serialization failure');
cmp_ok(retries($strict), '>', 0, 'scenario 29: of which there were some: ' . retries($strict) . ' retries');
stop_shim($strict);

finish();

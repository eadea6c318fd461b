# durable.t - early lock release shows a row before the disk has it; nobody is told of it
# before. A writer whose flush takes 200 ms, a twin that meets its row and answers, and
# then kill -9 of the whole server: what the twin said is there after the restart.
#
# The control kills at the moment a plain SELECT sees the row: then it is often gone, or
# the rounds would prove nothing. The flush is busy with other commits all the time, so
# that the writer's commit record waits in memory.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../http/lib";
use Cluster;
use Fault;
use Test::More;
use Time::HiRes qw(sleep);

use constant FLUSH_US => 200_000;
use constant ROUNDS => 20;       # of a repeated order
use constant FEWER => 8;         # of each of the others

my $cluster = Cluster->new(initdb => ['--wal-segsize=1'], settings => { wal_keep_size => '8MB' });
my $slow = $cluster->preload_copy('test/bench/slowflush.so')
	or plan skip_all => 'test/bench/slowflush.so is not built (make all unit)';
my $first_phone = 10_000_000 + int rand 80_000_000;
my $serial = 0;

$cluster->start->install;
$cluster->sql('CREATE TABLE public.filler (n integer)');
my $product = $cluster->product(100_000);

#------------------------------------------------------------------ what a writer does

# Each case: what the writer sends and the twin repeats, a query that gives a line once the
# row is there, as whom, and what must be there afterwards given what the twin was told.

sub order_case
{
	my $n = $first_phone + ++$serial;
	my $phone = "05$n";

	return {
		user => 'mjc_web',
		send => sprintf(q{SELECT body #>> '{order,orderNumber}' FROM mjc_api.order_place_guest('req', 'key-%s', '{%s}', '{2}',
			'Amina', 'Benali', '%s', NULL, NULL, '12 rue Didouche Mourad', 'Alger', NULL, '16', NULL, NULL);}, $n, $product, $phone) =~ s/\s+/ /gr,
		seen => "SELECT r.reference FROM mjc.order_contact c JOIN mjc.order_reference r USING (order_id) WHERE c.phone = '+213${\substr $phone, 1}';",
	};
}

sub confirm_case
{
	my $order = order_case();
	my $reference = $cluster->session(user => $order->{user})->value($order->{send});

	return {
		user => 'staff',
		send => "SELECT mjc.order_change('$reference', 'CONFIRMED');",
		seen => "SELECT status FROM mjc.order WHERE reference = '$reference' AND status = 'CONFIRMED';",
	};
}

sub receive_case
{
	my $op = 'receive-' . ++$serial;

	return {
		user => 'staff',
		send => "SELECT mjc.stock_receive('$product', 5, NULL, 'test', '$op');",
		seen => "SELECT on_hand FROM mjc.stock_ledger WHERE product_id = '$product' AND op_id LIKE '%$op';",
	};
}

sub reserve_case
{
	my $op = 'reserve-' . ++$serial;

	return {
		user => 'staff',
		send => "SELECT mjc.stock_reserve('{$product}', '{3}', op_id => '$op');",
		seen => "SELECT ref_id FROM mjc.stock_ledger WHERE product_id = '$product' AND op_id LIKE '%$op' AND kind = 'reserve';",
	};
}

#------------------------------------------------------------------ a round

# Commits without end, so that somebody is always flushing.
sub keep_busy
{
	my $session = $cluster->session;

	return $session->tell('DO $$ BEGIN LOOP INSERT INTO public.filler VALUES (1); COMMIT; END LOOP; END $$;');
}

sub slow_start { return $cluster->start(preload => $slow, env => { MJC_FLUSH_US => FLUSH_US, MJC_FLUSH_REAL => 'yes' }) }

# Rows that became visible while their writer still waited, of so many rounds.
my %early;

# A writer's row as soon as a plain SELECT sees it; then $witness->(case, line) acts on it, and
# the server is killed when it has its answer. True when the row is there after the restart.
sub round
{
	my ($kind, $case, $session, $witness) = @_;
	my @busy = map { keep_busy() } 1 .. 2;
	my $reader = $cluster->session;
	my $writer = $cluster->session(user => $case->{user});
	my $line = '';

	$reader->value('SELECT 1;');
	$session->value('SELECT 1;');
	$writer->value('SELECT 1;');
	sleep rand FLUSH_US / 1e6;
	$writer->tell($case->{send});
	await(20, sub { length($line = $reader->value($case->{seen})) })
		or die "$kind: the row never came: " . join ' ', map { $_->{state}, $_->{message} } $writer->reply(0) // ();
	my $told = $witness->($session, $case, $line);
	$cluster->kill_all;
	my $writer_told = $writer->reply(5);

	$_->end for @busy, $reader, $writer, $session;
	slow_start();
	$early{$kind}{rounds}++;
	$early{$kind}{before} += $writer_told->{lost};
	return { told => $told, found => $cluster->sql($case->{seen}), writer => $writer_told };
}

# A witness that repeats what the writer did; every second one does not wait for its own commit,
# so that nothing but the function's own care makes it wait.
sub twin
{
	my ($session, $case) = @_;
	my $reply = $session->ask($case->{send}, 30);

	return $reply->{state} ? "$reply->{state} $reply->{message}" : join ' ', @{ $reply->{lines} };
}

sub twin_session
{
	my ($case, $round) = @_;
	my $session = $cluster->session(user => $case->{user});

	$session->value('SET synchronous_commit = off; SELECT 1;') if $round % 2;
	return $session;
}

sub twin_rounds
{
	my ($rounds, $kind, $make) = @_;

	for my $n (1 .. $rounds)
	{
		my $case = $make->();
		my $result = round($kind, $case, twin_session($case, $n), \&twin);

		is($result->{found}, $result->{told}, "$kind, round $n: what the twin was told ($result->{told}) is there"
			. ($n % 2 ? ' (a twin with synchronous_commit off)' : ''));
	}
	return;
}

sub flush_seen
{
	my ($session, undef, $line) = @_;
	my $reply = $session->ask('SELECT mjc.flush_seen();', 30);

	return $reply->{state} ? "$reply->{state} $reply->{message}" : $line;
}

sub control_rounds
{
	my $gone = 0;

	for my $n (1 .. FEWER)
	{
		my $result = round('control', order_case(), $cluster->session, sub { return $_[2] });

		$gone++ if $result->{found} ne $result->{told};
		fail('an order that its writer was told of is gone') if !$result->{writer}{lost} && $result->{found} eq '';
	}
	diag("control: of ${\FEWER} orders that a plain SELECT saw, $gone were gone after the crash");
	return cmp_ok($gone, '>', 0, 'control: an order seen before it is durable can be lost');
}

#------------------------------------------------------------------ every other repeat

# Every rule with an op_id, and every way to do to an order what was done. What they need
# is made before, while the disk is quick.
sub wait_cases
{
	my $staff = $cluster->session(user => 'staff');
	my @holds = map { $staff->value("SELECT mjc.stock_reserve('{$product}', '{5}');") } 1 .. 3;
	my ($cancelled, $shipped) = map { $staff->value(staff_order(++$serial)) } 1 .. 2;
	my $placed = ++$serial;

	$staff->value("SELECT mjc.stock_commit('$holds[2]'); SELECT mjc.stock_damage('$product', 5, 'test');");
	$cluster->sql(q{INSERT INTO mjc.location (location_id, code, name, priority) VALUES (2, 'second', 'Second', 2)});
	$staff->end;
	return (
		(map { move_case(@$_) }
			[ stock_release => "'$holds[0]', '$product', 1, OP" ],
			[ stock_commit => "'$holds[1]', '$product', 1, OP" ],
			[ stock_return => "'$holds[2]', '$product', 1, false, NULL, OP" ],
			[ stock_return => "'$holds[2]', '$product', 1, true, 'test', OP" ],
			[ stock_adjust => "'$product', -1, 'test', OP" ],
			[ stock_damage => "'$product', 1, 'test', OP" ],
			[ stock_scrap => "'$product', 1, 'test', OP" ],
			[ stock_count => "'$product', 90000, NULL, 'test', OP" ],
			[ stock_transfer => "'$product', 1, 1::smallint, 2::smallint, 'test', OP" ]),
		{ name => 'order_place with its key', user => 'staff', send => staff_order($placed), seen => order_seen($placed) },
		(map { { name => "order_change to $_->[1]", user => 'staff', send => "SELECT mjc.order_change('$_->[0]', '$_->[1]');",
			seen => "SELECT 1 FROM mjc.order WHERE reference = '$_->[0]' AND status = '$_->[1]';" } }
			[ $cancelled, 'CANCELLED' ], [ $shipped, 'SHIPPED' ]));
}

sub move_case
{
	my ($function, $arguments) = @_;
	my $op = 'wait-' . ++$serial;

	return {
		name => "$function with its op_id", user => 'staff',
		send => "SELECT mjc.$function(" . ($arguments =~ s/OP/'$op'/r) . ');',
		seen => "SELECT 1 FROM mjc.stock_ledger WHERE product_id = '$product' AND op_id LIKE '%$op%' LIMIT 1;",
	};
}

sub staff_order
{
	my ($n) = @_;

	return sprintf q{SELECT mjc.order_place('{%s}', '{1}', 'Amina', 'Benali', '06%08d', street => '12 rue Didouche', city => 'Alger',
		region => '16', idempotency_key => 'staff-%d');} =~ s/\s+/ /gr, $product, $n, $n;
}

sub order_seen { return sprintf q{SELECT 1 FROM mjc.order_contact WHERE phone = '+2136%08d';}, @_ }

# Without a crash: when the repeat is answered, the disk has everything up to where the WAL
# stood when the writer's row was seen. (The position may be behind the header of a page.)
sub wait_rounds
{
	my (@cases) = @_;

	for my $case (@cases)
	{
		my $busy = keep_busy();
		my ($reader, $writer) = ($cluster->session, $cluster->session(user => $case->{user}));
		my $twin = twin_session($case, 1);

		$_->value('SELECT 1;') for $reader, $writer;
		$writer->tell($case->{send});
		await(20, sub { length $reader->value($case->{seen}) })
			or fail("$case->{name}: the row never came: " . join ' ', map { $_->{state}, $_->{message} } $writer->reply(0) // ());
		my $at = $reader->value('SELECT pg_current_wal_insert_lsn();');
		my $told = twin($twin, $case);
		is($reader->value("SELECT pg_current_wal_flush_lsn() >= '$at'::pg_lsn - 40;"), 't', "$case->{name}: its repeat is answered when it is durable");
		is($told, join(' ', @{ $writer->reply(20)->{lines} }), "$case->{name}: and answered the same");
		$_->end for $busy, $reader, $writer, $twin;
	}
	return;
}

my @waits = wait_cases();
$cluster->stop;
slow_start();
control_rounds();
twin_rounds(ROUNDS, 'order repeated by its key', \&order_case);
twin_rounds(FEWER, 'order that is already confirmed', \&confirm_case);
twin_rounds(FEWER, 'stock_receive with its op_id', \&receive_case);
twin_rounds(FEWER, 'stock_reserve with its op_id', \&reserve_case);
for my $n (1 .. FEWER)
{
	my $result = round('flush_seen', order_case(), $cluster->session, \&flush_seen);

	is($result->{found}, $result->{told}, "flush_seen, round $n: the order that was seen is there");
}
wait_rounds(@waits);
for my $kind (sort keys %early)
{
	my ($rounds, $before) = @{ $early{$kind} }{qw(rounds before)};

	diag("$kind: in $before of $rounds rounds the witness had its answer before the writer");
	cmp_ok($before, '>', 0, "$kind: the row was visible before its writer had an answer") if $kind eq 'control';
}
is($cluster->broken, '', 'no broken promise');
$cluster->stop;

#------------------------------------------------------------------ the end of a page

# Without the slow disk. A message that fills its page: the next record starts behind the
# header of the next page, of 24 bytes, or 40 at the start of a segment. A position there
# cannot be flushed, since nothing is written up to it.
my $boundary = <<~'SQL' =~ s/\n\s*/ /gr;
	CREATE FUNCTION pg_temp.at_boundary(tries integer, OUT page integer, OUT segment integer) LANGUAGE plpgsql AS $$
	DECLARE
	    rest integer;
	    at integer;
	BEGIN
	    page := 0; segment := 0;
	    FOR i IN 1 .. tries LOOP
	        rest := 8192 - ((pg_current_wal_insert_lsn() - '0/0') % 8192)::integer;
	        IF rest < 400 THEN
	            rest := rest + 8192 - 24;
	        END IF;
	        PERFORM pg_logical_emit_message(false, 'p', repeat('x', rest - 55));
	        at := ((pg_current_wal_insert_lsn() - '0/0') % 8192)::integer;
	        page := page + (at = 24)::integer;
	        segment := segment + (at = 40)::integer;
	        PERFORM mjc.flush_seen();
	    END LOOP;
	END $$;
	SQL
my $switch = <<~'SQL' =~ s/\n\s*/ /gr;
	CREATE FUNCTION pg_temp.at_switch(tries integer) RETURNS integer LANGUAGE plpgsql AS $$
	DECLARE
	    met integer := 0;
	BEGIN
	    FOR i IN 1 .. tries LOOP
	        PERFORM pg_logical_emit_message(false, 'p', 'x');
	        PERFORM pg_switch_wal();
	        met := met + ((pg_current_wal_insert_lsn() - '0/0') % 8192 = 40)::integer;
	        PERFORM mjc.flush_seen();
	    END LOOP;
	    RETURN met;
	END $$;
	SQL

$cluster->start;
for my $when ('alone', 'while another session commits')
{
	my $busy = $when eq 'alone' ? undef : keep_busy();
	my $session = $cluster->session;

	$session->value("$boundary\n$switch\nSELECT 1;");
	my $reply = $session->ask('SELECT page, segment FROM pg_temp.at_boundary(600);', 60);
	is($reply->{state} . $reply->{message}, '', "$when: flush_seen() does not fail at the end of a page");
	my ($page, $segment) = split /\|/, $reply->{lines}[0] // '0|0';
	cmp_ok($page, '>', 0, "$when: the end of a page was met ($page times, and $segment times that of a segment)");
	$reply = $session->ask('SELECT * FROM pg_temp.at_switch(60);', 60);
	is($reply->{state} . $reply->{message}, '', "$when: nor right after pg_switch_wal()");
	# another session often writes the first record of the new segment at once
	cmp_ok($reply->{lines}[0] // -1, '>', $busy ? -1 : 0, "$when: which was met (" . ($reply->{lines}[0] // 0) . ' times)');
	$session->end;
	$busy->end if $busy;
}

#------------------------------------------------------------------ a standby

my $standby = $cluster->standby('standby1');
is($standby->sql('SELECT pg_is_in_recovery(), mjc.flush_seen()'), 't|', 'flush_seen() on a standby does nothing and does not fail');
$standby->stop;
$cluster->stop;

done_testing();

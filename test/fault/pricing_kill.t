# pricing_kill.t - 16 clients order with coupons and gift cards, and take some of it back,
# while backends and the postmaster are killed (kill -9), ten times. Afterwards every
# answered order is there exactly once, each coupon is used as often as orders stand
# with it, each card has lost what they say that it paid, and a repeat with the same
# key uses nothing again.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../http/lib";
use Fault;
use IO::Handle;
use List::Util qw(sum0);
use POSIX ();
use Shop;
use Test::More;
use Time::HiRes qw(sleep time);

use constant CLIENTS => 16;
use constant PROBE => 99;          # the client that looks whether orders are taken again
use constant FEW => 120;           # uses of the coupon that runs out on the way
use constant CARD => 60_000;       # dinars on each card
use constant CARDS => 4;

plan skip_all => 'the tests\' shop has no supervisor here' unless -e "$ENV{MJC_TEST_HOME}/lock";

my $run = sprintf 'price-%x-%x', time, $$;
my $first_phone = int rand 60_000_000;
my $dir = make_dir();
my $supervisor = Shop::slurp("$ENV{MJC_TEST_HOME}/lock") + 0;
my @products = map { make_product(name => "Price $_", price => 1000, stock => 90_000) } 1 .. 3;
my %coupon = map { $_->[0] => coupon(@$_) } [ many => 1_000_000, 10 ], [ also => 1_000_000, 5 ], [ few => FEW, 20 ];
my @cards = map { card() } 1 .. CARDS;
my $orders = '/api/v1/orders/guest';
my $token = admin_token();

sub coupon
{
	my ($name, $uses, $percent) = @_;

	sql("SELECT mjc.promotion_set(:'code', :'doc')", code => "$run-$name",
		doc => encode({ name => $name, kind => 'percent', scope => 'order', percent => $percent, needsCoupon => JSON::PP::true }));
	return sql("SELECT mjc.coupon_set(:'code', :'doc')", code => uc "$run-$name",
		doc => encode({ promotion => "$run-$name", maxUses => $uses }));
}

sub card
{
	my ($code, $id) = split /\|/, sql('SELECT code, credit_id FROM mjc.gift_card_issue(' . CARD . ')');

	return { code => $code, id => $id };
}

#------------------------------------------------------------------ clients

# The names of the coupons of order n of client c, in changing order.
sub coupons_of
{
	my ($c, $n) = @_;
	my @sets = ([], ['many'], [ 'many', 'also' ], [ 'also', 'many' ], [ 'few', 'many' ]);

	return $c == PROBE ? () : @{ $sets[ ($c + $n) % @sets ] };
}

sub cards_of
{
	my ($c, $n) = @_;
	my ($a, $b) = (($c + $n) % CARDS, ($c + $n + 1 + $n % 3) % CARDS);

	return $c == PROBE || $n % 4 == 0 ? () : $n % 4 == 1 ? ($a) : ($b, $a);
}

# The order number n of client c, the same at every call.
sub order_number
{
	my ($c, $n) = @_;

	return order_body(
		[ [ $products[ ($c + $n) % 3 ], 1 ] ],
		customerInfo => { firstName => 'Price', lastName => "Client$c",
			phone => sprintf('0%d%08d', 5 + $c % 3, $first_phone + $c * 100_000 + $n) },
		coupons => [ map { $coupon{$_} } coupons_of($c, $n) ],
		giftCards => [ map { $cards[$_]{code} } cards_of($c, $n) ],
		notes => $run);
}

sub key { return "$run-$_[0]-$_[1]" }

sub is_cancelled { return $_[0] != PROBE && $_[1] % 5 == 2 }

# Repeats a request until it is answered by the shop; every status goes into the count.
sub insist
{
	my ($seen, $request) = @_;
	my $deadline = time + 60;
	my $reply;

	while (time < $deadline)
	{
		$reply = $request->();
		my $code = ref $reply->{json} eq 'HASH' ? $reply->{json}{code} // '' : '';
		$seen->{ "$reply->{status} $code" }++;
		return $reply
			unless $reply->{status} =~ /^(?:503|599|429)$/
			|| $reply->{status} == 409 && $code =~ /^(?:IDEMPOTENCY_IN_PROGRESS|CONFLICT_RETRY)$/;
		sleep 0.05 + rand 0.1;
	}
	return { status => 0, json => { code => 'no answer in 60 s' } };
}

# Places one order and cancels some; what was answered: {status, word, credit, cancelled}.
sub answered
{
	my ($c, $n, $seen) = @_;
	my $reply = insist($seen, sub { post($orders, body => order_number($c, $n), key => key($c, $n)) });
	my $order = order_of($reply);

	return { status => $reply->{status}, word => $reply->{json}{code} // '-' } if $reply->{status} != 201;
	my %row = (status => 201, word => $order->{orderNumber}, credit => $order->{credit}, discount => $order->{discount});
	if (is_cancelled($c, $n))
	{
		$row{cancelled} = insist($seen,
			sub { post("/api/v1/admin/orders/$order->{id}/cancel", body => {}, token => $token) })->{status};
	}
	return \%row;
}

# A client orders until the stop file is there; each answer is on disk before the next order.
sub client
{
	my ($c) = @_;
	my %seen;

	open my $ledger, '>', "$dir/ledger.$c" or die;
	for (my $n = 1; !-e "$dir/stop"; $n++)
	{
		print $ledger encode({ c => $c, n => $n, %{ answered($c, $n, \%seen) } }) . "\n";
		$ledger->flush;
		$ledger->sync;
		sleep rand 0.05;
	}
	close $ledger;
	open my $counts, '>', "$dir/seen.$c" or die;
	print $counts encode(\%seen);
	close $counts;
	return;
}

sub start_clients
{
	return map {
		my $c = $_;
		my $pid = fork // die;

		if (!$pid)
		{
			srand $c;
			eval { client($c); 1 } or print STDERR "# client $c: $@";
			POSIX::_exit(0);
		}
		$pid
	} 1 .. CLIENTS;
}

#------------------------------------------------------------------ faults

# The backend of the shim that wrote last: one that may be in the middle of an order.
sub backend_pid
{
	return eval { sql(<<~'SQL') };
		SELECT pid FROM pg_stat_activity WHERE usename = 'mjc_web' AND backend_type = 'client backend'
		 ORDER BY state = 'active' AND query LIKE '%order_place%' DESC, query_start DESC LIMIT 1
		SQL
}

my %victim = (backend => \&backend_pid, postmaster => sub { return process_of($supervisor, 'postgres') });
my $probes = 0;

# Kills one process while the clients order, and waits until orders are taken again.
sub fault
{
	my ($what) = @_;
	my $pid;

	await(10, sub { $pid = $victim{$what}->() }) or return fail("$what: its process is found");
	kill 'KILL', $pid;
	my $start = time;
	my $row = answered(PROBE, ++$probes, {});
	is($row->{status}, 201, sprintf '%s killed: orders again after %.1f s', $what, time - $start);
	# Some orders between two faults, or only the first would be a fault under load.
	sleep 0.7 + rand 1.2;
	return;
}

#------------------------------------------------------------------ judging

sub rows { return map { my $c = $_; map { decode($_) } split /\n/, Shop::slurp("$dir/ledger.$c") } 1 .. CLIENTS }

# How often each coupon is used, and what each card has lost, in the tables.
sub uses { return { map { $_ => sql("SELECT mjc.coupon_uses(:'code')", code => $coupon{$_}) + 0 } keys %coupon } }

sub paid_by_cards { return sum0 map { CARD - sql("SELECT mjc.credit_balance('$_->{id}')") / 100 } @cards }

# Repeats every answered order: the same reference, called a replay. What differs, as lines.
sub replays
{
	my @rows = @_;

	return map { @{ ref $_ eq 'ARRAY' ? $_ : [ 'a checker failed' ] } } parallel(4, sub {
		my ($i) = @_;
		my @wrong;

		for my $row (@rows[ grep { $_ % 4 == $i } 0 .. $#rows ])
		{
			my $reply = insist({}, sub { post($orders, body => order_number($row->{c}, $row->{n}), key => key($row->{c}, $row->{n})) });
			my $reference = order_of($reply)->{orderNumber} // '-';

			push @wrong, key($row->{c}, $row->{n}) . ": $row->{word}, now $reply->{status} $reference"
				unless $reply->{status} == 201 && $reference eq $row->{word}
				&& ($reply->{headers}{'idempotent-replayed'} // '') eq 'true';
		}
		return \@wrong;
	});
}

is(sql('SHOW synchronous_commit'), 'on', 'commits wait for the disk');
diag('fsync is off: make test-fault turns it on') if sql('SHOW fsync') ne 'on';
my @clients = start_clients();
sleep 2;
fault($_) for ('backend', 'postmaster') x 5;
open my $stop, '>', "$dir/stop" or die;
close $stop;
waitpid $_, 0 for @clients;

my @rows = rows();
my @good = grep { $_->{status} == 201 } @rows;
my @standing = grep { !$_->{cancelled} } @good;
my %seen;
for my $counts (map { decode(Shop::slurp("$dir/seen.$_")) } 1 .. CLIENTS)
{
	$seen{$_} += $counts->{$_} for keys %{ $counts // {} };
}
diag(sprintf '%d orders answered, %d of them cancelled, %d refused; answers: %s', scalar @good, @good - @standing, @rows - @good,
	join ', ', map { "$_ x$seen{$_}" } sort keys %seen);

cmp_ok(scalar @good, '>', 200, 'many orders were answered');
cmp_ok(sum0(map { $seen{$_} } grep { /^(?:503|599)/ } keys %seen), '>', 0, 'and some not at once');
is(scalar(grep { !-e "$dir/seen.$_" } 1 .. CLIENTS), 0, 'every client came to its end');
is_deeply(
	[ map { key($_->{c}, $_->{n}) . " $_->{status} $_->{word}" } grep { "$_->{status} $_->{word}" !~ /^(?:201|409 (?:COUPON_EXHAUSTED|CREDIT_INSUFFICIENT)\z)/ } @rows ],
	[], 'every order was taken, or refused for its coupon or card');
is_deeply([ grep { $_ != 200 } map { $_->{cancelled} // () } @good ], [], 'every cancel was taken');
my %reference = map { $_->{word} => 1 } @good;
is(scalar keys %reference, scalar @good, 'no reference was given twice');
is(sql("SELECT count(*) FROM mjc.order_contact WHERE note = '$run'"), @good + $probes, 'there are as many orders as answers');
is(sql("SELECT count(DISTINCT reference) FROM mjc.order_reference WHERE reference = ANY ('{" . join(',', keys %reference) . "}')"),
	scalar @good, 'every reference that was answered is an order');

my %expected = map { $_ => 0 } keys %coupon;
for my $row (@standing)
{
	$expected{$_}++ for coupons_of($row->{c}, $row->{n});
}
is_deeply(uses(), \%expected, 'each coupon is used by the orders that stand with it');
cmp_ok($expected{few}, '<=', FEW, 'the short one not too often');
is(sql("SELECT max(used) FROM mjc.coupon_ledger WHERE code = :'code'", code => $coupon{few}), FEW, 'and it was used up on the way');
my $paid = paid_by_cards();
is($paid, sum0(map { $_->{credit} } @standing), 'the cards have lost what the orders that stand say');
cmp_ok($paid, '>', 0, 'which is something');
is_deeply([ map { key($_->{c}, $_->{n}) } grep { !$_->{discount} != !coupons_of($_->{c}, $_->{n}) } @good ], [],
	'every order with a coupon has its reduction, no other');
is_deeply([ replays(@good) ], [], 'every key gives the same order again');
is_deeply([ uses(), paid_by_cards() ], [ \%expected, $paid ], 'and uses no coupon and no card again');

finish();

# kill.t - 16 clients order while the shim, a backend and the postmaster are killed
# again and again (kill -9). Afterwards every answered order is there exactly once,
# nothing is lost, nothing is sold twice, and the shop came back by itself each time.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../http/lib";
use Fault;
use IO::Handle;
use List::Util qw(max sum0);
use POSIX ();
use Shop;
use Test::More;
use Time::HiRes qw(sleep time);

use constant CLIENTS => 16;
use constant PROBE => 99;          # the client that looks whether orders are taken again
use constant BACK_WITHIN => 10;    # seconds

plan skip_all => 'the tests\' shop has no supervisor here' unless -e "$ENV{MJC_TEST_HOME}/lock";

my $run = sprintf 'kill-%x-%x', time, $$;
my $first_phone = int rand 60_000_000;
my $dir = make_dir();
my $supervisor = Shop::slurp("$ENV{MJC_TEST_HOME}/lock") + 0;
my @products = map { make_product(name => "Kill $_", stock => $_ == 5 ? 150 : 90_000) } 1 .. 5;
# The fifth runs out on the way; the probe leaves it alone.
my $api = '/api/v1/orders/guest';

#------------------------------------------------------------------ clients

# The order number n of client c, the same at every call.
sub order_number
{
	my ($c, $n) = @_;
	my @lines = ([ $products[ $c == PROBE ? 0 : ($c + $n) % 5 ], 1 + $n % 3 ]);

	# Two lines in changing order: who locks as the client sent them would deadlock.
	push @lines, [ $products[ ($c * 3 + $n * 2 + 1) % 5 ], 1 ] if $n % 2 && $c != PROBE;
	return order_body(\@lines,
		customerInfo => { firstName => 'Kill', lastName => "Client$c",
			phone => sprintf '0%d%08d', 5 + $c % 3, $first_phone + $c * 100_000 + $n },
		notes => $run);
}

sub key { return "$run-$_[0]-$_[1]" }

# Repeats one order with one key until it is answered; every status goes into the count.
sub answered
{
	my ($c, $n, $seen) = @_;
	my $body = order_number($c, $n);
	my $deadline = time + 60;

	while (time < $deadline)
	{
		my $reply = post($api, body => $body, key => key($c, $n));
		my $code = ref $reply->{json} eq 'HASH' ? $reply->{json}{code} // '' : '';

		$seen->{ "$reply->{status} $code" }++;
		return (201, order_of($reply)->{orderNumber} // '-') if $reply->{status} == 201;
		return (409, $code) if $reply->{status} == 409 && $code eq 'INSUFFICIENT_STOCK';
		return ($reply->{status}, $code)
			unless $reply->{status} =~ /^(?:503|599|429)$/
			|| $reply->{status} == 409 && $code =~ /^(?:IDEMPOTENCY_IN_PROGRESS|CONFLICT_RETRY)$/;
		sleep 0.05 + rand 0.1;
	}
	return (0, 'no answer in 60 s');
}

# A client orders until the stop file is there; each answer is on disk before the next order.
sub client
{
	my ($c) = @_;
	my (%seen, $n);

	open my $ledger, '>', "$dir/ledger.$c" or die;
	for ($n = 1; !-e "$dir/stop"; $n++)
	{
		my ($status, $word) = answered($c, $n, \%seen);

		print $ledger key($c, $n) . " $status $word\n";
		$ledger->flush;
		$ledger->sync;
		sleep rand 0.1;
	}
	close $ledger;
	open my $counts, '>', "$dir/seen.$c" or die;
	print $counts "$seen{$_} $_\n" for keys %seen;
	close $counts;
	return;
}

sub start_clients
{
	my @pids;

	for my $c (1 .. CLIENTS)
	{
		my $pid = fork // die;

		if (!$pid)
		{
			srand $c;
			eval { client($c); 1 } or print STDERR "# client $c: $@";
			POSIX::_exit(0);
		}
		push @pids, $pid;
	}
	return @pids;
}

#------------------------------------------------------------------ faults

sub shim_pid { return process_of($supervisor, 'mjc-shim') }

sub postmaster_pid { return process_of($supervisor, 'postgres') }

# A backend that works for the shim, of any kind.
sub backend_pid
{
	my @pids = split /\n/, eval { sql("SELECT pid FROM pg_stat_activity WHERE usename = 'mjc_web' AND backend_type = 'client backend'") } // '';

	return $pids[ rand @pids ];
}

my $probes = 0;

# Seconds until the shop takes orders again; a probe is an order with a key of its own.
sub back
{
	my $start = time;
	my ($status) = answered(PROBE, ++$probes, {});

	return $status == 201 ? time - $start : 999;
}

# Kills one program while the clients order, and takes the time.
my %slowest;

sub fault
{
	my ($what, @pids) = @_;

	if (grep { !$_ } @pids)
	{
		fail("$what: its process is found");
		return;
	}
	kill 'KILL', @pids;
	my $used = back();
	$slowest{$what} = max($used, $slowest{$what} // 0);
	cmp_ok($used, '<=', BACK_WITHIN, sprintf '%s killed: orders again after %.1f s', $what, $used);
	# Some orders between two faults, or only the first would be a fault under load.
	sleep 0.7 + rand 1.2;
	return;
}

#------------------------------------------------------------------ judging

sub ledgers
{
	my @rows;

	for my $c (1 .. CLIENTS)
	{
		push @rows, map { my ($key, $status, $word) = split ' '; { c => $c, n => $key =~ s/.*-//r, status => $status, word => $word } }
			split /\n/, Shop::slurp("$dir/ledger.$c");
	}
	return @rows;
}

# What each product lost by the orders that were answered 201.
sub sold_by
{
	my %sold;

	for my $row (@_)
	{
		$sold{ $_->{productId} } += $_->{quantity} for @{ order_number($row->{c}, $row->{n})->{items} };
	}
	return map { $sold{$_} // 0 } @products;
}

sub each_product
{
	my ($query) = @_;

	return map { sql($query =~ s/PRODUCT/'$_'/gr) } @products;
}

# Repeats every answered order: the same reference, called a replay. What differs, as lines.
sub replays
{
	my @rows = @_;

	return map { @{ ref $_ eq 'ARRAY' ? $_ : [ 'a checker failed' ] } } parallel(4, sub {
		my ($i) = @_;
		my @wrong;

		for my $at (grep { $_ % 4 == $i } 0 .. $#rows)
		{
			my $row = $rows[$at];
			my %request = (body => order_number($row->{c}, $row->{n}), key => key($row->{c}, $row->{n}));
			my $reply = post($api, %request);

			# Faster than the rate of one address allows.
			for (1 .. 50)
			{
				last if $reply->{status} != 429;
				sleep 0.2;
				$reply = post($api, %request);
			}
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
my @before = each_product('SELECT available FROM mjc.stock_available WHERE product_id = PRODUCT');
my @clients = start_clients();

cmp_ok(back(), '<=', 5, 'orders are taken before the first fault');
for my $round (1 .. 4)
{
	fault('shim', shim_pid());
	fault('backend', backend_pid());
	fault('postmaster', postmaster_pid());
}
fault('shim and postmaster', shim_pid(), postmaster_pid());
fault('shim just restarted', shim_pid());

open my $stop, '>', "$dir/stop" or die;
close $stop;
waitpid $_, 0 for @clients;

my @rows = ledgers();
my @good = grep { $_->{status} == 201 } @rows;
my %seen;
for my $c (1 .. CLIENTS)
{
	/^(\d+) (.*)$/ and $seen{$2} += $1 for split /\n/, Shop::slurp("$dir/seen.$c");
}
diag(sprintf '%d orders answered, %d refused; answers: %s', scalar @good, @rows - @good,
	join ', ', map { "$_ x$seen{$_}" } sort keys %seen);

cmp_ok(scalar @good, '>', 200, 'many orders were answered');
is(scalar(grep { !-e "$dir/seen.$_" } 1 .. CLIENTS), 0, 'every client came to its end');
is_deeply([ grep { /^5/ && !/^503 / && !/^599 / } sort keys %seen ], [], 'no 5xx but 503');
is_deeply([ map { key($_->{c}, $_->{n}) . " $_->{status} $_->{word}" }
		grep { !($_->{status} == 201 || $_->{status} == 409 && $_->{word} eq 'INSUFFICIENT_STOCK') } @rows ],
	[], 'every order was answered: taken, or not enough stock');
my %reference;
$reference{ $_->{word} }++ for @good;
is(scalar(keys %reference), scalar @good, 'no reference was given twice');

is(sql("SELECT count(*) FROM mjc.order_contact WHERE note = '$run'"), @good + $probes,
	'there are as many orders as answers');
is(sql("SELECT count(DISTINCT r.reference) FROM mjc.order_reference r JOIN mjc.order_contact c USING (order_id)
	     WHERE c.note = '$run' AND c.last_name <> 'Client${\PROBE}' AND r.reference = ANY ('{" . join(',', keys %reference) . "}')"),
	scalar @good, 'every reference that was answered is an order');
is_deeply([ replays(@good) ], [], 'every key gives the same order again');
is(sql("SELECT count(*) FROM mjc.order_contact WHERE note = '$run'"), @good + $probes, 'repeats made no order');

my @sold = sold_by(@good, map { { c => PROBE, n => $_ } } 1 .. $probes);
is_deeply([ each_product("SELECT coalesce(sum(l.qty), 0) FROM mjc.order_line l WHERE l.product_id = PRODUCT") ], \@sold,
	'units in orders are the units that were answered');
my @after = each_product('SELECT available FROM mjc.stock_available WHERE product_id = PRODUCT');
is_deeply([ map { $before[$_] - $after[$_] } 0 .. 4 ], \@sold, 'sold and left are the stock');
is_deeply([ grep { $_ < 0 } @after ], [], 'nothing is oversold');
cmp_ok($after[4], '<', 150, 'the short product was sold too') or diag("@after");
diag(join ', ', map { sprintf 'slowest return after %s: %.1f s', $_, $slowest{$_} } sort keys %slowest);

finish();

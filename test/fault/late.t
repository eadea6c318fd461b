# late.t - writes are committed without waiting and answered when they are durable (shim/db_late.c).
# Each flush takes 200 ms and others commit all the time; the whole server is killed the
# moment a client has its answer, or the moment others see the row of one who has none yet.
# What was answered 201 is there after the restart.
#
# The control commits without waiting and answers at once: then orders that were answered
# are gone, or the rounds would prove nothing.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../http/lib";
use Cluster;
use Fault qw(await);
use Shop;
use Test::More;
use Time::HiRes qw(sleep time);

use constant FLUSH_US => 200_000;
use constant ROUNDS => 10;

my $cluster = Cluster->new(initdb => ['--wal-segsize=1'], settings => { wal_keep_size => '8MB' });
my $slow = $cluster->preload_copy('test/bench/slowflush.so')
	or plan skip_all => 'test/bench/slowflush.so is not built (make all unit)';
my $serial = 10_000_000 + int rand 80_000_000;

$cluster->start->install;
$cluster->sql('CREATE TABLE public.filler (n integer)');
my $product = $cluster->product(100_000);
my $dsn = $cluster->dsn(user => 'mjc_web');
$cluster->stop;

sub slow_start { return $cluster->start(preload => $slow, env => { MJC_FLUSH_US => FLUSH_US, MJC_FLUSH_REAL => 'yes' }) }

sub keep_busy
{
	return $cluster->session->tell('DO $$ BEGIN LOOP INSERT INTO public.filler VALUES (1); COMMIT; END LOOP; END $$;');
}

# Sends a guest's order without waiting; the socket and the phone.
sub send_order
{
	my ($shim) = @_;
	my $phone = '05' . ++$serial;
	my $body = encode({ items => [ { productId => $product, quantity => 1 } ],
		customerInfo => { firstName => 'Amina', lastName => 'Benali', phone => $phone },
		shippingAddress => { street => '12 rue Didouche Mourad', city => 'Alger', region => '16' } });
	my $sock = connect_to($shim);

	print $sock ask('POST /api/v1/orders/guest HTTP/1.1', headers => ['Content-Type: application/json'], body => $body);
	$sock->flush;
	return ($sock, $phone);
}

sub seen { return "SELECT 1 FROM mjc.order_contact WHERE phone = '+213" . substr($_[0], 1) . "';" }

# One order; the server dies when $until->(socket, phone, reader) returns. Its status, and whether it is there.
sub round
{
	my ($shim, $until) = @_;

	await(20, sub { get('/health/ready', shim => $shim)->{status} == 200 }) or die 'the shim finds no database';
	my @busy = map { keep_busy() } 1 .. 2;
	my $reader = $cluster->session;
	$reader->value('SELECT 1;');
	my ($sock, $phone) = send_order($shim);
	my $status = $until->($sock, $phone, $reader);
	$cluster->kill_all;
	$_->end for @busy, $reader;
	slow_start();
	$status //= read_reply($sock, 15)->{status};
	return ($status, length $cluster->sql(seen($phone)));
}

sub answered { return read_reply($_[0], 15)->{status} }

sub visible
{
	my (undef, $phone, $reader) = @_;

	await(15, sub { length $reader->value(seen($phone)) }) or die 'the row never came';
	return;
}

slow_start();
my $shim = start_shim(MJC_DSN => $dsn);
my $begun = time;
my ($first) = send_order($shim);
is(read_reply($first, 15)->{status}, 201, 'an order');
cmp_ok(time - $begun, '>', FLUSH_US / 1e6, 'is answered after a flush');

# Many at once share flushes: one each would take ten times as long.
$begun = time;
my @socks = map { (send_order($shim))[0] } 1 .. 40;
is_deeply([ grep { read_reply($_, 30)->{status} != 201 } @socks ], [], 'forty orders at once');
cmp_ok(time - $begun, '<', 40 * FLUSH_US / 1e6 / 3, 'share their flushes');

for my $n (1 .. ROUNDS)
{
	my ($status, $there) = round($shim, \&answered);

	is_deeply([ $status, $there ], [ 201, 1 ], "round $n: an order that was answered is there");
}

my $gone = 0;
for my $n (1 .. ROUNDS)
{
	my ($status, $there) = round($shim, \&visible);

	ok($status ne 201 || $there, "round $n: an order that others saw is answered when it is durable ($status)");
	$gone += !$there;
}
diag("of ${\ROUNDS} orders that others saw before they were answered, $gone were gone");
is(stop_shim($shim), 0, 'the shim ends well');

my $careless = start_shim(MJC_DSN => "$dsn&options=-csynchronous_commit%3Doff", MJC_LATE_ANSWERS => 'false');
my $lost = 0;
for (1 .. ROUNDS)
{
	my ($status, $there) = round($careless, \&answered);

	$lost++ if $status eq 201 && !$there;
}
cmp_ok($lost, '>', 0, "control: answered at once, $lost of ${\ROUNDS} were gone");
stop_shim($careless);
is($cluster->broken, '', 'no broken promise');
$cluster->stop;

done_testing();

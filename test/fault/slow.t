# slow.t - clients that hold on: three hundred that send or read a byte at a time, two
# thousand that say nothing, two hundred sign-ins a second. Whoever behaves is served as
# before (twice the time of his slowest hundredth at most), and what was taken comes back.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../http/lib";
use IO::Select;
use IO::Socket::INET;
use Shop;
use Socket qw(SOL_SOCKET SO_RCVBUF);
use Test::More;
use Time::HiRes qw(sleep time);

use constant GOOD => 20;
use constant EACH_S => 0.2;         # a good client asks five times a second
use constant SPAN_S => 6;
use constant WARM_S => 2;           # the start of twenty processes is not looked at
use constant FLOOR_S => 0.010;      # below this the machine's own noise is all there is to see
use constant TRIES => 3;            # the machine has other work too

my $api = '/api/v1';
my $part = make_product(price => 1000, stock => 10);
my $json = 'Content-Type: application/json';
my $wide = join ',', map { "$_=100000/min:100000" } qw(api search);

#------------------------------------------------------------------ clients

# A connection from an address of its own, so that no bound of one address is met.
sub from
{
	my ($shim, $address, %opt) = @_;
	my $sock = IO::Socket::INET->new(
		PeerAddr => '127.0.0.1', PeerPort => $shim->{port}, LocalAddr => $address, Proto => 'tcp',
		Timeout => 3) or return;

	setsockopt($sock, SOL_SOCKET, SO_RCVBUF, pack('i', 2048)) if $opt{small};
	return $sock;
}

# One good client for a while: the time of each reply, and how many were none.
sub good
{
	my ($shim, $i, $path) = @_;
	my (@took, $sock);
	my $failed = 0;
	my $next = time + EACH_S * rand;
	my $from = time + WARM_S;
	my $until = $from + SPAN_S;

	while (time < $until)
	{
		my $wait = $next - time;
		sleep $wait if $wait > 0;
		$next += EACH_S;
		my $begun = time;
		$sock //= from($shim, '127.0.1.' . (1 + $i));
		my $sent = $sock && print $sock ask("GET $path HTTP/1.1", keep => 1);
		$sock->flush if $sent;
		my $reply = $sent ? read_reply($sock, 5) : { status => 'refused' };

		push @took, time - $begun if $begun >= $from;
		next if $reply->{status} eq '200';
		$failed++;
		undef $sock;
	}
	return { took => \@took, failed => $failed };
}

# All good clients for SPAN_S: (slowest hundredth in seconds, failures, replies).
sub measure
{
	my ($shim, $path) = @_;
	my @all = parallel(GOOD, sub { good($shim, $_[0], $path // "$api/products/$part") });
	my @took = sort { $a <=> $b } map { @{ $_->{took} // [] } } @all;
	my $failed = 0;

	$failed += $_->{failed} // 1 for @all;
	return ($took[ int(@took * 0.99) ] // 99, $failed, scalar @took);
}

# compare(shim, name, start, stop): the same with and without what start begins.
sub compare
{
	my ($shim, $name, $start, $stop) = @_;
	my ($before, $during, $failed, $n);

	for my $try (1 .. TRIES)
	{
		($before) = measure($shim);
		my $disturbance = $start->();
		sleep 3;
		($during, $failed, $n) = measure($shim);
		$stop->($disturbance);
		diag(sprintf '%s: p99 %.1f ms before, %.1f ms meanwhile, %d replies', $name,
			$before * 1000, $during * 1000, $n);
		last if !$failed && ($during < 2 * $before || $during < FLOOR_S);
	}
	is($failed, 0, "$name: every good request is answered");
	ok($during < 2 * $before || $during < FLOOR_S, "$name: the slowest hundredth stays below twice of before");
	return;
}

sub descriptors { return scalar(() = glob "/proc/$_[0]{pid}/fd/*") }

sub connections
{
	return metric(HTTP::Tiny->new->get("$_[0]{metrics}/metrics")->{content}, 'mjc_http_connections') // 0;
}

sub in_background
{
	my $work = shift;
	my $pid = fork // die;

	return $pid if $pid;
	my $code = eval { $work->(); 0 } // 1;
	POSIX::_exit($code);
}

sub end_background
{
	my $pid = shift;

	kill 'KILL', $pid;
	waitpid($pid, 0);
	return;
}

#------------------------------------------------------------------ three hundred slow ones

# What a slow client sends at once and then byte by byte.
my @kinds = (
	sub { [ "GET $api/products HTTP/1.1\r\nHost: a\r\n", 'X-Slow: ' . 'x' x 10_000 ] },
	sub { [ "POST $api/payments/shipping-cost HTTP/1.1\r\nHost: a\r\n$json\r\nContent-Length: 10000\r\n\r\n", '{"wilaya": ' . ' ' x 9000 ] },
	# One large reply: it is the waiting that is tried here, not a hundred times as many queries.
	sub { [ ask("GET $api/products?limit=100 HTTP/1.1", keep => 1), '' ] });

sub slow_clients
{
	my ($shim, $count) = @_;
	my @clients;
	my $cut = 0;

	while (1)
	{
		for my $i (0 .. $count - 1)
		{
			my $c = $clients[$i];

			if (!$c)
			{
				my $sock = from($shim, '127.0.2.' . (1 + $i % 100), small => $i % 3 == 2) or next;
				my ($first, $rest) = @{ $kinds[ $i % 3 ]->() };

				$sock->blocking(0);
				syswrite($sock, $first);
				$clients[$i] = { sock => $sock, rest => $rest, at => 0 };
				next;
			}
			# The server's end shows at the next byte, or at one that it sends.
			my $sent = length $c->{rest} ? syswrite($c->{sock}, $c->{rest}, 1, $c->{at}) : 1;
			my $n = sysread($c->{sock}, my $byte, 1);

			$c->{at}++ if $sent;
			$clients[$i] = undef if !defined $sent && !$!{EAGAIN} || defined $n && $n == 0;
		}
		sleep 0.3;
	}
	return;
}

my $shim = start_shim(MJC_RATE_LIMITS => $wide, MJC_HEADER_TIMEOUT_S => 3, MJC_REQUEST_TIMEOUT_S => 5);
my $fds = descriptors($shim);
my $most = 0;
compare(
	$shim, '300 slow clients',
	sub {
		my $pid = in_background(sub { slow_clients($shim, 300) });

		wait_for(sub { my $n = connections($shim); $most = $n if $n > $most; $n >= 280 }, 10);
		return $pid;
	},
	\&end_background);
cmp_ok($most, '>=', 280, "they were there ($most connections)");
ok(wait_for(sub { connections($shim) == 0 }, 15), 'their connections are gone with them');
ok(wait_for(sub { descriptors($shim) <= $fds + 2 }, 5), 'and their descriptors');

# Without a byte more, each is cut at its deadline.
for my $kind (0 .. 2)
{
	my $sock = from($shim, '127.0.3.1', small => $kind == 2);
	my ($first) = @{ $kinds[$kind]->() };
	my $begun = time;

	# Replies that no buffer between us holds.
	$first = ask("GET $api/products?limit=100 HTTP/1.1", keep => 1) x 400 if $kind == 2;
	$sock->blocking(0);
	syswrite($sock, $first);
	ok(wait_for(sub { connections($shim) == 0 }, 25), "kind $kind is cut") or diag(connections($shim));
	cmp_ok(time - $begun, '>', 2, 'but not at once');
	close $sock;
}
stop_shim($shim);

#------------------------------------------------------------------ two thousand that say nothing

# Opens n connections from so many addresses; those that the server keeps.
sub idle
{
	my ($of, $n, $addresses) = @_;
	my @socks;

	for my $i (0 .. $n - 1)
	{
		my $sock = from($of, '127.0.4.' . (1 + $i % $addresses)) or next;

		$sock->blocking(0);
		push @socks, $sock;
	}
	sleep 0.3;
	return \@socks;
}

$shim = start_shim(MJC_RATE_LIMITS => $wide, MJC_HEADER_TIMEOUT_S => 4);
$fds = descriptors($shim);
my $held = idle($shim, 2000, 1);
my $open = connections($shim);
cmp_ok($open, '<=', 101, "two thousand of one address: $open stay");
my ($p99, $failed, $n) = measure($shim);
is($failed, 0, "meanwhile others are served ($n replies)");
cmp_ok($p99, '<', 1, sprintf 'soon (p99 %.1f ms)', $p99 * 1000);
ok(wait_for(sub { connections($shim) == 0 }, 6), 'after the deadline they are gone, though they never left');
undef $held;

$held = idle($shim, 2000, 40);
$open = connections($shim);
cmp_ok($open, '<=', 400, "two thousand of forty addresses: $open stay");
cmp_ok(descriptors($shim), '<=', $fds + 420, 'with their descriptors');
my $resident = metric(HTTP::Tiny->new->get("$shim->{metrics}/metrics")->{content}, 'process_resident_memory_bytes') // 0;
cmp_ok($resident, '<', 100_000_000, sprintf 'in %.0f MB', $resident / 1e6);
my $begun = time;
ok(wait_for(sub { my $sock = from($shim, '127.0.5.1') or return 0; print $sock ask('GET /health/live HTTP/1.1'); $sock->flush; read_reply($sock, 1)->{status} eq '200' }, 8),
	sprintf 'one more is served after %.1f s, which the deadline bounds', time - $begun);
cmp_ok(time - $begun, '<', 5.5, 'and no later');
undef $held;
ok(wait_for(sub { connections($shim) == 0 && descriptors($shim) <= $fds + 2 }, 10), 'all descriptors come back');
stop_shim($shim);

#------------------------------------------------------------------ two hundred sign-ins a second

my $password = 'Zx9-owner-pass-77';
my $owner = make_login('CUSTOMER', $password);

# Sends 200 sign-ins a second and does not wait for what they bring.
sub flood
{
	my ($of, $email, $address) = @_;
	my (@open, $next);
	my $i = 0;

	$next = time;
	while (1)
	{
		my $wait = $next - time;
		sleep $wait if $wait > 0;
		$next += 1 / 200;
		$i++;
		my $sock = from($of, '127.0.6.' . (1 + $i % 50)) or next;

		$sock->blocking(0);
		syswrite(
			$sock,
			ask(
				"POST $api/auth/login HTTP/1.1",
				headers => [ $json, 'X-Forwarded-For: ' . $address->($i) ],
				body => encode({ email => $email->($i), password => 'Zx9-wrong-pass-77' })));
		push @open, $sock;
		shift @open if @open > 150;
	}
	return;
}

# The cookie of a device on which the owner has signed in before.
sub owner_device
{
	my $reply = post("$api/auth/login", shim => $_[0], body => { email => $owner, password => $password });
	my $set = $reply->{headers}{'set-cookie'} // '';
	my ($cookie) = map { /^(deviceToken=[^;]+)/ } ref $set ? @$set : $set;

	return $cookie // '';
}

# Whether the owner gets in: (status at the end, seconds, how often he had to ask).
sub owner_signs_in
{
	my ($of, $seconds, $cookie) = @_;
	my $first = time;
	my ($asked, $reply) = (0);

	while (time - $first < $seconds)
	{
		$asked++;
		$reply = post("$api/auth/login", shim => $of, headers => { 'X-Forwarded-For' => '198.51.100.77', $cookie ? (Cookie => $cookie) : () },
			body => { email => $owner, password => $password });
		last if $reply->{status} != 503;
		sleep($reply->{headers}{'retry-after'} // 1);
	}
	return ($reply->{status}, time - $first, $asked);
}

for my $case (
	[ 'a flood from one address on one account', sub { 'victim@example.dz' }, sub { '203.0.113.9' }, 10 ],
	[ 'a flood from everywhere on one account', sub { 'victim@example.dz' }, sub { join '.', 10, map { int rand 255 } 1 .. 3 }, 10 ],
	[ 'a flood from everywhere on all accounts', sub { "nobody-$_[0]-$$\@example.dz" }, sub { join '.', 10, map { int rand 255 } 1 .. 3 }, 10, 'known' ])
{
	my ($name, $email, $address, $within, $known) = @$case;
	my @got;

	$shim = start_shim(
		MJC_RATE_SCALE => 1, MJC_RATE_LIMITS => $wide, MJC_TRUSTED_PROXIES => '127.0.0.0/8');
	my $cookie = $known ? owner_device($shim) : '';

	isnt($cookie, '', "$name: who is not attacked has signed in there before") if $known;
	compare(
		$shim, $name, sub { in_background(sub { flood($shim, $email, $address) }) },
		sub {
			@got = owner_signs_in($shim, 20, $cookie);
			end_background($_[0]);
		});
	diag(sprintf '%s: the owner of another account got %s after %.1f s and %d requests', $name, @got);
	# Where all accounts are tried from everywhere, nothing tells one stranger's first try from
	# another's; who has signed in on his device before does not wait behind them.
	is($got[0], 200, "$name: who is not attacked signs in");
	cmp_ok($got[1], '<', $within, 'soon');
	is(status_of('GET', "$api/payments/methods", shim => $shim), 200, 'the shop goes on');
	stop_shim($shim);
	sql('DELETE FROM mjc.sign_in_limit');
}

finish();

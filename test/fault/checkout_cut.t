# checkout_cut.t - 1 000 checkouts through a line that breaks: a proxy cuts the reply at a byte
# drawn by lot, or the request before it is whole, or both ends. Clients repeat with their key.
# Afterwards each key that reached the shop names one order with its units and its payment
# once, and no other order is there.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../http/lib";
use Digest::SHA qw(sha256);
use Fault;
use HTTP::Tiny;
use IO::Socket::INET;
use POSIX ();
use Shop;
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(sleep time);

use constant CHECKOUTS => 1_000;
use constant WORKERS => 8;
use constant TRIES => 6;          # the first and five repeats

my $seed = $ENV{MJC_TEST_SEED} // 42;
my $run = sprintf 'cut-%x-%x', time, $$;
my $orders = '/api/v1/orders/guest';
my $dir = make_dir();
my $shim = start_shim(MJC_WRITE_CONNECTIONS => 16);
my @products = map { make_product(name => "Cut $_", price => 1000 + $_, stock => 10_000) } 1 .. 6;
# One to three lines of different products.
my @lines = map {
	my $n = $_;
	[ map { [ $products[ ($n + $_ * 2) % 6 ], 1 + ($n + $_) % 3 ] } 0 .. $n % 3 ]
} 0 .. CHECKOUTS - 1;
my @bodies = map { order_body($lines[$_], notes => key($_)) } 0 .. CHECKOUTS - 1;

sub key { return "$run-$_[0]" }

#------------------------------------------------------------------ the line

# What becomes of a try, the same in every run with this seed: its fate and two numbers
# in [0, 1): where it is cut, and whether by a reset.
#   pass    nothing happens
#   before  hung up before the shop heard anything
#   part    the shop hears the beginning of the request, then the end of the line
#   blind   the shop hears all of it and finds nobody to answer
#   reply   the client hears the beginning of the reply, perhaps none of it
sub fate_of
{
	my ($n, $try) = @_;

	my ($lot, $where, $how) = map { $_ / 2**32 } unpack 'N3', sha256("$seed/$n/$try");
	my $fate = $lot < 0.22 ? 'pass' : $lot < 0.34 ? 'before' : $lot < 0.48 ? 'part' : $lot < 0.58 ? 'blind' : 'reply';

	return ($fate, $where, $how < 0.5);
}

# The whole request, or what came of it.
sub read_request
{
	my ($client) = @_;
	my $text = '';

	while (1)
	{
		my $end = index $text, "\r\n\r\n";

		return $text if $end >= 0 && length $text >= $end + 4 + ($text =~ /^content-length: *(\d+)/mi ? $1 : 0);
		sysread($client, $text, 65536, length $text) or return $text;
	}
}

sub send_all
{
	my ($sock, $text) = @_;

	for (my $at = 0; $at < length $text;)
	{
		$at += syswrite($sock, $text, length($text) - $at, $at) // return;
	}
	return;
}

sub hang_up
{
	my ($sock, $reset) = @_;

	setsockopt($sock, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0)) if $reset;
	close $sock;
	return;
}

# One connection. What is written down: try, fate, what the shop answered if anybody knows.
sub carry
{
	my ($client) = @_;
	my $request = read_request($client);
	my ($n, $try) = $request =~ /^x-try: (\d+)\.(\d+)/mi or return;
	my ($fate, $where, $reset) = fate_of($n, $try);
	my ($status, $reference) = ('-', '-');

	if ($fate ne 'before')
	{
		my $shop = connect_to($shim) or die "no shop: $!";

		send_all($shop, $fate eq 'part' ? substr($request, 0, int($where * length $request)) : $request);
		if ($fate eq 'part' || $fate eq 'blind') { hang_up($shop, $reset) }
		else
		{
			my $reply = do { local $/; readline $shop } // '';

			$status = $1 if $reply =~ m{^HTTP/1\.1 (\d+)};
			$reference = $1 if $status eq '201' && $reply =~ /"orderNumber" ?: ?"([^"]*)"/;
			# at least one byte is missing
			send_all($client, $fate eq 'pass' ? $reply : substr($reply, 0, int($where * length $reply)));
		}
	}
	open my $book, '>>', "$dir/line" or die;
	syswrite $book, "$n $try $fate $status $reference\n";
	close $book;
	hang_up($client, $reset && $fate ne 'pass');
	return;
}

sub start_line
{
	my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 64) or die "no line: $!";
	my $port = $listen->sockport;
	my $pid = fork // die;

	if (!$pid)
	{
		$SIG{TERM} = sub { POSIX::_exit(0) };
		local $SIG{CHLD} = 'IGNORE';
		while (1)
		{
			my $client = $listen->accept or next;
			my $child = fork // next;

			if (!$child)
			{
				eval { carry($client); 1 } or print STDERR "# line: $@";
				POSIX::_exit(0);
			}
			close $client;
		}
	}
	close $listen;
	return { pid => $pid, url => "http://127.0.0.1:$port" };
}

#------------------------------------------------------------------ clients

# A checkout as a frontend does it: the same key until there is an answer. What was heard.
sub checkout
{
	my ($line, $n) = @_;
	my @heard;

	for my $try (1 .. TRIES)
	{
		my $reply = post($orders, body => $bodies[$n], key => key($n), shim => $line, headers => { 'X-Try' => "$n.$try" });

		push @heard, $reply->{status};
		return { n => $n, heard => \@heard, number => order_of($reply)->{orderNumber} // '-' } if $reply->{status} =~ /^2/;
		last if $reply->{status} =~ /^4/ && $reply->{status} ne '409';
		sleep 0.02;
	}
	return { n => $n, heard => \@heard };
}

#------------------------------------------------------------------ judging

# key number => [order number...] of all orders of this run.
sub orders_by_key
{
	my %found;

	for my $row (split /\n/, sql("SELECT substr(c.note, length('$run-') + 1) || ' ' || o.reference"
			. " FROM mjc.order_contact c JOIN mjc.order o USING (order_id) WHERE c.note LIKE '$run-%'"))
	{
		my ($n, $reference) = split / /, $row;

		push @{ $found{$n} }, $reference;
	}
	return %found;
}

# Orders of this run whose lines, reservations, payments or kept key are not one each.
sub untidy
{
	return sql(<<~"SQL");
		SELECT o.reference, what
		  FROM mjc.order o JOIN mjc.order_contact c USING (order_id)
		 CROSS JOIN LATERAL (VALUES
		       ('payment', (SELECT count(*) FROM mjc.payment p WHERE p.order_id = o.order_id AND p.amount_centimes = o.total_centimes) <> 1
		                   OR (SELECT count(*) FROM mjc.payment p WHERE p.order_id = o.order_id) <> 1),
		       ('reservation', EXISTS (SELECT FROM mjc.order_line l WHERE l.order_id = o.order_id AND 1 <>
		                   (SELECT count(*) FROM mjc.reservation r WHERE r.reservation_id = o.order_id AND r.line_no = l.line_no
		                       AND r.product_id = l.product_id AND r.qty = l.qty AND r.held_qty = l.qty))
		                   OR (SELECT count(*) FROM mjc.reservation r WHERE r.reservation_id = o.order_id)
		                      <> (SELECT count(*) FROM mjc.order_line l WHERE l.order_id = o.order_id)),
		       ('reference', (SELECT count(*) FROM mjc.order_reference r WHERE r.order_id = o.order_id) <> 1),
		       ('key', (SELECT count(*) FROM mjc.idempotency_key k WHERE k.subject_id = o.order_id) <> 1)) x (what, wrong)
		 WHERE c.note LIKE '$run-%' AND x.wrong LIMIT 10
		SQL
}

# Units that the orders of these checkouts hold, and those that the stock says.
sub units_held { return { map { $_ => sql("SELECT reserved FROM mjc.stock_available WHERE product_id = '$_'") + 0 } @products } }

sub units_of
{
	my %units = map { $_ => 0 } @products;

	for my $n (@_)
	{
		$units{ $_->[0] } += $_->[1] for @{ $lines[$n] };
	}
	return \%units;
}

my $line = start_line();
my @results = map { ref $_ eq 'ARRAY' ? @$_ : () } parallel(
	WORKERS,
	sub {
		my ($w) = @_;

		return [ map { checkout($line, $_) } grep { $_ % WORKERS == $w } 0 .. CHECKOUTS - 1 ];
	});
is(scalar @results, CHECKOUTS, CHECKOUTS . ' checkouts came to an end');
# The shop may still be at work on what nobody waits for.
ok(
	wait_for(
		sub {
			metric(HTTP::Tiny->new->get("$shim->{metrics}/metrics")->{content}, 'mjc_http_connections') == 0
				&& sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'mjc-shim' AND state <> 'idle'") eq '0';
		},
		30
	),
	'the shop is idle, no connection is left');
kill 'TERM', $line->{pid};
waitpid $line->{pid}, 0;

my (%tries, %fates, %answered, %may);
for my $row (split /\n/, Shop::slurp("$dir/line"))
{
	my ($n, $try, $fate, $status, $reference) = split / /, $row;

	$tries{$n}++;
	$fates{$fate}++;
	$may{$n} = 1 if $fate =~ /^(?:pass|reply|blind)$/;
	$answered{$n}{$reference} = 1 if $status eq '201';
}
diag('seed ', $seed, '; tries by fate: ', join ', ', map { "$_ $fates{$_}" } sort keys %fates);
cmp_ok($fates{$_} // 0, '>=', 100, "the line did to many: $_") for qw(pass before part blind reply);
my %heard;
$heard{$_}++ for map { @{ $_->{heard} } } @results;
is_deeply([ grep { !/^(?:201|409|599)$/ } keys %heard ], [], 'nobody heard anything but 201, 409 or the end of the line');
my @seen = grep { $_->{number} } @results;
cmp_ok(scalar @seen, '>', CHECKOUTS / 2, scalar(@seen) . ' clients heard their order');
cmp_ok(scalar(grep { $answered{ $_->{n} } && !$_->{number} } @results), '>', 0, 'some never heard of the order that they have');
cmp_ok(scalar(grep { $_->{number} && @{ $_->{heard} } > 1 } @results), '>', CHECKOUTS / 4, 'many only when they asked again');

my %found = orders_by_key();
is_deeply([ grep { @{ $found{$_} } > 1 } keys %found ], [], 'a key is one order at most');
is_deeply([ grep { !$may{$_} } keys %found ], [], 'what never reached the shop whole is no order');
is_deeply([ grep { !$found{$_} } keys %answered ], [], 'what the shop answered is an order');
is_deeply([ grep { join(' ', keys %{ $answered{$_} }) ne "@{ $found{$_} // ['none'] }" } keys %answered ], [],
	'and all answers to a key name that order');
is_deeply([ map { key($_->{n}) } grep { $_->{number} ne "@{ $found{ $_->{n} } // ['none'] }" } @seen ], [],
	'so does every 2xx that a client heard');
my %by_reference = map { map { $_ => 1 } @$_ } values %found;
is(scalar keys %by_reference, scalar keys %found, 'no reference was given twice');
my $in = join ',', map { "'$_'" } @products;
is(sql("SELECT count(DISTINCT order_id) FROM mjc.order_line WHERE product_id IN ($in)"), scalar keys %found, 'no order is without a key');
is(untidy(), '', 'each has a reservation a line, one payment, one reference, one kept key');
is_deeply(units_held(), units_of(keys %found), 'the units held are those of the orders');

# When the line is whole again, every key names its order, and those that have none place it.
my %later = map { $_->{n} => $_ } map { ref $_ eq 'ARRAY' ? @$_ : () } parallel(
	WORKERS,
	sub {
		my ($w) = @_;

		return [
			map {
				my $reply = post($orders, body => $bodies[$_], key => key($_), shim => $shim);

				{ n => $_, status => $reply->{status}, said => substr($reply->{content}, 0, 200), number => order_of($reply)->{orderNumber} // '-',
					replayed => $reply->{headers}{'idempotent-replayed'} // 'false' }
			} grep { $_ % WORKERS == $w } 0 .. CHECKOUTS - 1 ];
	});
is_deeply([ map { "$_->{status} $_->{said}" } grep { $_->{status} ne '201' } values %later ], [], 'asked once more, every key is answered');
is_deeply([ grep { $later{$_}{number} ne $found{$_}[0] || $later{$_}{replayed} ne 'true' } keys %found ], [],
	'with the order that it had, as a replay');
is_deeply([ grep { !$found{$_} && $later{$_}{replayed} ne 'false' } 0 .. CHECKOUTS - 1 ], [], 'the others with a new one');
my %all = orders_by_key();
is_deeply([ scalar keys %all, scalar(grep { @$_ == 1 } values %all) ], [ CHECKOUTS, CHECKOUTS ], 'now each key has one order');
is(untidy(), '', 'with one of everything');
is_deeply(units_held(), units_of(0 .. CHECKOUTS - 1), 'and its units');

finish();

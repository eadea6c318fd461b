#!/usr/bin/perl
#
# webhooks_out.t - what other systems are told of orders: signed, at least once, in order, whoever
# dies (domain.md 6, test 15). The receiver is a process of its own that verifies and remembers.

use strict;
use warnings;
use utf8;

use Digest::SHA qw(hmac_sha256);
use Fcntl qw(:flock);
use File::Temp qw(tempdir);
use FindBin;
use HTTP::Tiny;
use IO::Socket::INET;
use lib "$FindBin::Bin/lib";
use MIME::Base64;
use POSIX ();
use Shop;
use Test::More;
use Time::HiRes qw(sleep time);

#------------------------------------------------------------------ the receiver

my $dir = tempdir(CLEANUP => 1);
my @receivers;

sub put_file
{
	my ($name, $text) = @_;

	open(my $file, '>', "$dir/$name.new") or die;
	print $file $text;
	close $file;
	rename "$dir/$name.new", "$dir/$name" or die;
	return;
}

# How it answers from now on: a status, "silent", "late SECONDS", "redirect", "large", "flaky SHARE".
sub be { my ($name, $mode) = @_; return put_file("$name.mode", $mode) }

# What it was told so far.
sub told { my $name = shift; return map { decode($_) } split /\n/, slurp("$dir/$name.told") }

sub forget { my $name = shift; unlink "$dir/$name.told"; return }

sub receive
{
	my ($name, $sock) = @_;
	my ($line, $headers, $body) = (readline($sock) // '', {}, '');

	while ((readline($sock) // '') =~ /^([^:\s]+):\s*(.*)\r\n/) { $headers->{ lc $1 } = $2 }
	read($sock, $body, $headers->{'content-length'}) if $headers->{'content-length'};
	my ($mode, $more) = split / /, slurp("$dir/$name.mode"), 2;
	open(my $file, '>>', "$dir/$name.told") or die;
	flock $file, LOCK_EX;
	print $file encode({ line => $line =~ s/\r\n//r, headers => $headers, body => $body, mode => $mode, at => time }), "\n";
	close $file;
	sleep 5 if $mode eq 'silent';
	sleep $more if $mode eq 'late';
	if ($mode eq 'flaky') { srand; sleep rand 0.1; $mode = rand() < $more ? 500 : 200 }
	my $status = $mode =~ /^\d+$/ ? $mode : $mode eq 'redirect' ? 302 : 200;
	my $text = $mode eq 'large' ? 'x' x 1_048_576 : 'ok';
	print $sock "HTTP/1.1 $status Told\r\nContent-Length: ${\ length $text}\r\nConnection: close\r\n",
		$mode eq 'redirect' ? "Location: /elsewhere\r\n" : '', "\r\n", $text;
	return;
}

sub receiver
{
	my $name = shift;
	my $listener = IO::Socket::INET->new(Listen => 32, LocalAddr => '127.0.0.1', LocalPort => 0, ReuseAddr => 1) or die "no port: $!";
	my $url = 'http://127.0.0.1:' . $listener->sockport . "/$name";

	be($name, 200);
	my $pid = fork // die;
	if (!$pid)
	{
		$SIG{CHLD} = 'IGNORE';
		open(STDOUT, '>', '/dev/null');	# nobody waits for what still sleeps
		open(STDERR, '>', '/dev/null');
		while (my $sock = $listener->accept)
		{
			my $child = fork // next;
			if (!$child) { eval { receive($name, $sock) }; close $sock; POSIX::_exit(0) }
			close $sock;
			POSIX::_exit(0) if getppid() == 1;
		}
		POSIX::_exit(0);
	}
	push @receivers, $pid;
	return $url;
}

my $owner = $$;
END { if ($$ == $owner) { local $?; kill 'KILL', @receivers; sql("SELECT mjc.webhook_endpoint_remove(endpoint_id) FROM mjc.webhook_endpoint WHERE removed_at IS NULL") } }

#------------------------------------------------------------------ helpers

sub endpoint
{
	my ($url, $topics) = @_;
	my ($id, $secret) = split /\|/, sql("SELECT endpoint_id, secret FROM mjc.webhook_endpoint_add(:'url', :'topics')", url => $url, topics => $topics // '{}');

	return { id => $id, secret => $secret, url => $url };
}

# As a receiver verifies, from headers and raw body alone.
sub is_signed
{
	my ($got, $endpoint, $name) = @_;
	my %h = %{ $got->{headers} };
	my $key = decode_base64($endpoint->{secret} =~ s/^whsec_//r);
	my $want = 'v1,' . encode_base64(hmac_sha256("$h{'webhook-id'}.$h{'webhook-timestamp'}.$got->{body}", $key), '');

	is($h{'webhook-signature'}, $want, $name);
	return cmp_ok(abs(time - $h{'webhook-timestamp'}), '<', 60, '... just now');
}

sub status_words { my ($name, $order) = @_; return join ' ', map { $_->{body}{data}{status} } grep { $_->{body}{data}{orderId} eq $order->{id} } map { { %$_, body => decode($_->{body}) } } told($name) }

sub log_of { my ($order, $endpoint) = @_; return sql("SELECT string_agg(concat_ws(' ', topic, state, attempts, http_status, error), ', ' ORDER BY seq) FROM mjc_report.webhook_delivery WHERE order_id = '$order->{id}' AND endpoint_id = '$endpoint->{id}'") }

# The waits are minutes: the test's clock is faster.
sub hurry { return sql('UPDATE mjc.webhook_delivery SET next_at = clock_timestamp() WHERE done_at IS NULL AND next_at > clock_timestamp()') }

sub all_done { return wait_for(sub { sql('SELECT count(*) FROM mjc.webhook_delivery WHERE done_at IS NULL AND parked_at IS NULL') == 0 }, 15) }

my %settings = (MJC_HOUSEKEEP_INTERVAL_S => 1, MJC_PAY_TIMEOUT_MS => 1000, MJC_WEBHOOKS => 'on');
my $part = make_product(price => 1000, stock => 1000);
sql('UPDATE mjc.webhook_endpoint SET removed_at = now() WHERE removed_at IS NULL; DELETE FROM mjc.webhook_delivery WHERE done_at IS NULL');
my $endpoint = endpoint(receiver('one'));
my $shim = start_shim(%settings);

sub page { return HTTP::Tiny->new->get("$shim->{metrics}/metrics")->{content} }

#------------------------------------------------------------------ delivered, signed

my $order = place([ [ $part, 1 ] ]);
ok(wait_for(sub { told('one') == 1 }, 10), 'an order is told of');
my ($got) = told('one');
is($got->{line}, 'POST /one HTTP/1.1', 'by a POST');
is($got->{headers}{'content-type'}, 'application/json', 'of JSON');
is_signed($got, $endpoint, 'its signature is good');
my $body = decode($got->{body});
is_deeply([ sort keys %$body ], [qw(data timestamp type)], 'it has a type, a time and data');
is_deeply([ $body->{type}, $body->{data} ], [ 'order_placed', { orderId => $order->{id}, orderNumber => $order->{orderNumber}, status => 'PENDING' } ], 'of the order');
like($body->{timestamp}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'and its time');
unlike($got->{body}, qr/Amina|Benali|Didouche/, 'nobody is named');
ok(all_done(), 'it is done');
is(log_of($order, $endpoint), 'order_placed delivered 1 200', 'and in the log');
is($got->{headers}{'webhook-id'}, sql("SELECT delivery_id FROM mjc_report.webhook_delivery WHERE order_id = '$order->{id}' AND endpoint_id = '$endpoint->{id}'"), 'under the id that the endpoint read');

# What was rolled back.
forget('one');
sql("BEGIN; SELECT mjc.order_confirm('$order->{orderNumber}'); ROLLBACK");
sql("SELECT mjc.order_confirm('$order->{orderNumber}')");
ok(wait_for(sub { told('one') >= 1 }, 10) && all_done(), 'a change is told of');
is(status_words('one', $order), 'CONFIRMED', '16: once, not what was rolled back before');

#------------------------------------------------------------------ tried again, in order

for my $case ([ 500, 'waiting 1 500 status 500' ], [ 404, 'waiting 1 404 status 404' ], [ 'redirect', 'waiting 1 302 status 302' ], [ 'silent', 'waiting 1 timeout' ], [ 'large', 'waiting 1 too large' ])
{
	my ($mode, $logged) = @$case;

	forget('one');
	be('one', $mode);
	my $failing = place([ [ $part, 1 ] ]);
	sql("SELECT mjc.order_confirm('$failing->{orderNumber}')");
	ok(wait_for(sub { log_of($failing, $endpoint) eq "order_placed $logged, order_confirmed waiting 0" }, 10), "$mode: it waits, and what stands behind it") or diag(log_of($failing, $endpoint));
	is(scalar(told('one')), 1, '... told once');
	be('one', 200);
	hurry();
	ok(all_done(), '... until its next try');
	is(status_words('one', $failing), 'PENDING PENDING CONFIRMED', '15: again, and in order');
	my @told = told('one');
	is($told[0]{headers}{'webhook-id'}, $told[1]{headers}{'webhook-id'}, '... under the same id');
	is($told[0]{body}, $told[1]{body}, '... the same text');
	is_signed($told[1], $endpoint, '... signed again');
}

# One that does not answer keeps nobody waiting.
forget('one');
my $second = endpoint(receiver('two'), '{order_placed}');
be('one', 'silent');
my @many = map { place([ [ $part, 1 ] ]) } 1 .. 6;
ok(wait_for(sub { told('two') == 6 }, 10), 'a silent endpoint does not hold up another');
is_signed((told('two'))[0], $second, 'which has a secret of its own');
be('one', 200);
sleep 1.2;
hurry();
ok(all_done(), 'all is told');
sql("SELECT mjc.order_confirm('$many[0]{orderNumber}')");
ok(all_done(), 'a change');
is(scalar(told('two')), 6, 'is no matter of who asked for new orders only');

#------------------------------------------------------------------ the shim dies

forget('one');
be('one', 'late 0.8');
my $twice = place([ [ $part, 1 ] ]);
ok(wait_for(sub { told('one') == 1 }, 10), 'it is told');
stop_shim($shim, 'KILL');
is(log_of($twice, $endpoint), 'order_placed taken 1', 'and the shim dies before it says so');
be('one', 200);
$shim = start_shim(%settings);
sleep 1;
is(scalar(told('one')), 1, 'while the lease lasts nobody else tells it');
sql('UPDATE mjc.webhook_delivery SET leased_until = clock_timestamp() WHERE lease IS NOT NULL');
ok(all_done(), 'then another shim does');
is(log_of($twice, $endpoint), 'order_placed delivered 2 200', '15: at least once');
my @told = told('one');
is_deeply([ map { $_->{headers}{'webhook-id'} } @told ], [ ($told[0]{headers}{'webhook-id'}) x 2 ], 'under the same id: the endpoint knows it');

#------------------------------------------------------------------ shims that die, a receiver that often fails

forget('one');
be('one', 'flaky 0.3');
my @life = ('SELECT 1', map { "SELECT mjc.order_$_(:'ref')" } qw(confirm ship deliver));
my @busy = map { place([ [ $part, 1 ] ]) } 1 .. 5;
my $other = start_shim(%settings);
for my $step (0 .. $#life)
{
	sql($life[$step], ref => $_->{orderNumber}) for @busy;
	hurry();
	sleep 0.2 + rand 0.3;
	stop_shim($other, 'KILL');
	$other = start_shim(%settings);
	sql('UPDATE mjc.webhook_delivery SET leased_until = clock_timestamp() WHERE lease IS NOT NULL') if $step == $#life;
}
ok(wait_for(sub { hurry(); sleep 0.3; sql(<<~'SQL') == 0 }, 60), 'all is told in the end') or diag(log_of($busy[0], $endpoint));
	UPDATE mjc.webhook_delivery SET leased_until = clock_timestamp() WHERE leased_until < clock_timestamp() + interval '115 seconds';
	SELECT count(*) FROM mjc.webhook_delivery WHERE done_at IS NULL
	SQL
my %seq = map { split /\|/ } split /\n/, sql("SELECT delivery_id, seq FROM mjc.webhook_delivery WHERE endpoint_id = '$endpoint->{id}'");
my (%last, %got, @wrong);
for (sort { $a->{at} <=> $b->{at} } told('one'))
{
	my ($id, $of) = ($_->{headers}{'webhook-id'}, decode($_->{body})->{data}{orderId});

	push @wrong, $id if $seq{$id} < ($last{$of} // 0);
	$last{$of} = $seq{$id};
	$got{$of}{$id}++;
}
is_deeply(\@wrong, [], '15: of each order in order, whoever dies and fails');
is(scalar(map { keys %{ $got{ $_->{id} } } } @busy), sql("SELECT count(*) FROM mjc.webhook_delivery WHERE endpoint_id = '$endpoint->{id}' AND aggregate_id IN (" . join(',', map { "'$_->{id}'" } @busy) . ')'), 'none is missing');
cmp_ok(scalar(told('one')), '>', 20, 'some came more than once');
stop_shim($other);
be('one', 200);

# What the documentation tells receivers is true.
my ($example, $answer) = slurp('doc/operations.md') =~ /^(secret=whsec_.*?\| openssl base64 -A)\n(\S+)\n```/ms;
put_file('verify.sh', $example);
is(qx{sh $dir/verify.sh}, $answer, 'the documented way to verify');

#------------------------------------------------------------------ pause, replay, off

forget('one');
sql("SELECT mjc.webhook_pause('$endpoint->{id}')");
my $paused = place([ [ $part, 1 ] ]);
ok(wait_for(sub { log_of($paused, $second) =~ /delivered/ }, 10), 'the others hear of an order');
sleep 2.2;
is(scalar(told('one')), 0, 'a paused endpoint does not');
is(log_of($paused, $endpoint), 'order_placed paused 0', 'it waits for it');
sql("SELECT mjc.webhook_resume('$endpoint->{id}')");
ok(all_done(), 'resumed, it is told');
is(scalar(told('one')), 1, 'once');

forget('one');
sql("SELECT mjc.webhook_replay((SELECT delivery_id FROM mjc_report.webhook_delivery WHERE order_id = '$paused->{id}' AND endpoint_id = '$endpoint->{id}'))");
ok(wait_for(sub { told('one') == 1 }, 10) && all_done(), '15: staff replay a delivery');

stop_shim($shim);
is($shim->{status}, 0, 'the shim ends well');
is_deeply([ grep { encode($_) =~ /whsec_|v1,/ } shim_log($shim) ], [], 'no secret, no signature in its log');
is(scalar(grep { ($_->{event} // '') eq 'webhook_call' } shim_log($shim)) > 0, 1, 'but each call');
forget('one');
sql("SELECT mjc.webhook_pause('$second->{id}')");
my $quiet = place([ [ $part, 1 ] ]);
$shim = start_shim(%settings, MJC_WEBHOOKS => 'off');
sleep 2.5;
is(scalar(told('one')), 0, 'a copy of the shop tells nobody');
is(log_of($quiet, $endpoint), 'order_placed waiting 0', 'it waits');
ok(wait_for(sub { (metric(page(), 'mjc_webhook_waiting') // 0) == 2 }, 10), 'the metrics tell what waits');
is(metric(page(), 'mjc_webhook_endpoints_paused'), 1, 'and who is paused');
is(metric(page(), 'mjc_webhook_parked'), 0, 'and what is parked');
cmp_ok(metric(page(), 'mjc_webhook_oldest_seconds'), '>', 0, 'and since when');
stop_shim($shim);
sql("SELECT mjc.webhook_drop(delivery_id) FROM mjc.webhook_delivery WHERE done_at IS NULL");
sql("SELECT mjc.webhook_endpoint_remove(endpoint_id) FROM mjc.webhook_endpoint WHERE removed_at IS NULL");
finish();

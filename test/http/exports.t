# exports.t - files of any length: sixty thousand orders come whole, in order, quoted, while the
# shim holds one piece of them; who reads slowly, leaves, or may no more, and what breaks on the way.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Shop;
use IO::Select;
use Socket qw(SOL_SOCKET SO_RCVBUF);
use Test::More;
use Time::HiRes qw(sleep time);

use constant ROWS => 60_000;
use constant PIECE => 1_000;
use constant GROWTH_KB => 3 * 1024;

my $api = '/api/v1/admin';
my $days = 'dateFrom=2009-01-01&dateTo=2009-12-31';
my $token = admin_token();
my @mine = qw(order_line order_contact order);

#------------------------------------------------------------------ sixty thousand orders

# Copies of one order, some at the same time, of five thousand buyers, with names that a
# spreadsheet or a sloppy writer would trip over.
my $model = place([ [ make_product(price => 1000, stock => 10), 1 ] ])->{id};

sub columns
{
	my ($table, %other) = @_;
	my @all = split /,/, sql("SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'mjc.$table'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''");

	return (join(', ', @all), join(', ', map { $other{$_} // "x.$_" } @all));
}

# copies(from, to): the orders of these numbers, a second apart, two by two.
sub copies
{
	my ($from, $to) = @_;
	my $id = "overlay('$model' placing lpad(to_hex(n), 8, '0') from 1)::uuid";
	my %change = (
		order => { reference => "'TEST-' || n", customer_id => "overlay('$model' placing 'e' || lpad(to_hex(n % 5000), 7, '0') from 1)::uuid",
			placed_at => "'2009-03-01 00:00+01'::timestamptz + make_interval(secs => n / 2)" },
		order_contact => { first_name => q{(ARRAY['=1+cmd|''x''!A1', '+a', '-b', '@c', E'\td', 'a "b", c', 'أمينة', E'back\\\\slash', 'Élodie', E'two\nlines'])[1 + n % 10]},
			last_name => "'n' || n" },
		order_line => {});

	for my $table (reverse @mine)
	{
		my ($into, $values) = columns($table, order_id => $id, %{ $change{$table} });

		sql("INSERT INTO mjc.$table ($into) SELECT $values FROM mjc.$table x, generate_series($from, $to) n WHERE x.order_id = '$model'");
	}
	return;
}

# What COPY makes of the same rows: it writes CSV by itself.
sub naive
{
	my $money = sub { join ', ', map { "($_ / 100.0)::numeric(20,2)" } @_ };
	my $safe = sub { join ', ', map { "regexp_replace($_, E'^([-=+@\\t\\r])', '''\\1') AS $_" } @_ };
	my $copy = sql(<<~SQL);
		COPY (SELECT o.reference, to_char(o.placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), o.status, o.payment_state, o.fulfilment_state, o.channel,
		             ${\ $safe->(qw(first_name last_name phone email street city postal_code region))}, (SELECT sum(l.qty) FROM mjc.order_line l WHERE l.order_id = o.order_id),
		             ${\ $money->(qw(subtotal_centimes discount_centimes shipping_centimes stamp_duty_centimes rounding_centimes total_centimes credit_centimes))},
		             o.payment_method, o.delivery_mode, ${\ $safe->(qw(tracking_number carrier))}
		        FROM mjc.order o JOIN mjc.order_contact c USING (order_id) WHERE o.reference LIKE 'TEST-%' ORDER BY o.placed_at DESC, o.order_id)
		TO STDOUT (FORMAT csv, FORCE_QUOTE (first_name, last_name, phone, email, street, city, postal_code, region, tracking_number, carrier))
		SQL
	my $head = 'orderNumber,createdAt,status,paymentStatus,fulfilment,channel,firstName,lastName,phone,email,street,city,postalCode,region,units,subtotal,discount,shipping,stampDuty,rounding,total,credit,paymentMethod,deliveryMode,trackingNumber,carrier';

	utf8::encode($copy);
	$copy =~ s/\n(?=TEST-)/\r\n/g;
	return "\xef\xbb\xbf$head\r\n$copy\r\n";
}

copies(1, ROWS);
sql('ANALYZE mjc.order, mjc.order_contact, mjc.order_line');
my $whole = naive();
my %shim = (MJC_WRITE_CONNECTIONS => 1, MJC_DB_TIMEOUT_S => 2);
my $shim = start_shim(%shim);
my $short = start_shim(%shim, MJC_REQUEST_TIMEOUT_S => 2);

sub looks { return sql("SELECT count(*) || ' ' || coalesce(sum(persons), 0) FROM mjc.personal_access WHERE request_id = '$_[0]'") }

sub same
{
	my ($got, $want, $name) = @_;

	return ok($got eq $want, $name) || diag(sprintf 'got %d bytes, expected %d', length $got, length $want);
}

# drain(socket): all that comes until the server hangs up, or undef when it does not.
sub drain
{
	my ($sock, $seconds, $step) = @_;
	my $deadline = time + ($seconds // 60);
	my $buffer = '';

	while (time < $deadline)
	{
		next unless IO::Select->new($sock)->can_read(1);
		my $n = sysread($sock, $buffer, 256 * 1024, length $buffer);
		return $buffer unless $n;
		sleep $step if $step;
	}
	return;
}

# Head and body of a reply in chunks, and whether the last chunk came.
sub dechunk
{
	my $bytes = shift;
	my ($head, $rest) = split /\r\n\r\n/, $bytes, 2;
	my ($body, $at) = ('', 0);

	while ($at < length($rest // '') && substr($rest, $at, 20) =~ /^([0-9A-Fa-f]+)\r\n/)
	{
		my $n = hex $1;
		$at += length($1) + 2;
		return ($head, $body, 1) if $n == 0;
		$body .= substr($rest, $at, $n);
		$at += $n + 2;
	}
	return ($head, $body, 0);
}

# fetch(path): head, body, whether all of it came. JSON of this length is too much for the decoder.
sub fetch
{
	my $sock = connect_to($shim);

	syswrite($sock, ask("GET $_[0] HTTP/1.1", headers => ["Authorization: Bearer $token"]));
	return dechunk(drain($sock));
}

# The members of a reply with a list; none when it is not framed as one.
sub members
{
	my $reply = shift;

	return unless $reply =~ s/\A\Q{"success":true,"data":[\E(?=\{)// && $reply =~ s/\]\}\z//;
	return split /,(?=\{"orderNumber")/, $reply;
}

sub numbers { return join ',', map { /\A\{"orderNumber" : "(TEST-\d+)".*\}\z/s ? $1 : '?' } members(@_) }

#------------------------------------------------------------------ whole

sub peak { return slurp("/proc/$_[0]{pid}/status") =~ /^VmHWM:\s+(\d+) kB/m ? $1 : 0 }

is(get("$api/orders/export?raw=1&dateFrom=2009-03-01&dateTo=2009-03-01&search=TEST", shim => $shim, token => $token)->{status}, 200, 'a small one before');
is(get("$api/orders/export?format=json&raw=1&dateFrom=2008-03-01&dateTo=2008-03-01", shim => $shim, token => $token)->{status}, 200, 'or an empty one');
my $before = peak($shim);
my $reply = get("$api/orders/export?$days&raw=1", shim => $shim, token => $token);
is_deeply([ $reply->{status}, map { s/\d{4}-\d\d-\d\d/DAY/r } @{ $reply->{headers} }{qw(content-type content-disposition transfer-encoding)} ],
	[ 200, 'text/csv; charset=utf-8', 'attachment; filename="orders_export_DAY.csv"', 'chunked' ], 'a file in chunks');
same($reply->{content}, $whole, 'is the file, byte by byte');
is(looks($reply->{headers}{'x-request-id'}), ROWS / PIECE . ' ' . ROWS, 'the look is on record, piece by piece');
my $numbers = join ',', $whole =~ /^(TEST-\d+),/mg;
my ($head, $body, $end) = fetch("$api/export?type=orders&$days");
like($head, qr{^Content-Type: application/json; charset=utf-8\r$}m, 'JSON');
my %escape = ("\r" => '\r', "\n" => '\n', "\t" => '\t', '"' => '\"', '\\' => '\\\\');
same($body, '{"success":true,"data":"' . $whole =~ s/([\r\n\t"\\])/$escape{$1}/gr . '"}', 'has it as a text');
($head, $body, $end) = fetch("$api/export?type=orders&format=json&$days");
my @members = members($body);
is(scalar @members, ROWS, 'or as a list');
is_deeply([ grep { !decode($members[$_]) } grep { ($_ + 1) % PIECE < 2 } 0 .. ROWS - 1 ], [], 'whole also where one piece ends and the next begins');
is(numbers($body), $numbers, 'in the same order');
cmp_ok(length $body, '>', 20_000_000, 'which is long');
@members = ();
SKIP:
{
	skip 'memory under a sanitizer is another thing', 1 if $ENV{MJC_VARIANT};
	my $growth = peak($shim) - $before;
	cmp_ok($growth, '<', GROWTH_KB, "and not held in memory: growth of $growth KB");
}
is((grep { $_->{event} eq 'request' && $_->{status} == 200 && ($_->{bytes} // 0) == length $whole } shim_log($shim)) > 0, 1, 'the log has its length');
is((grep { exists $_->{cut} } shim_log($shim)) + 0, 0, 'none was cut');

# Packed, asked for its head, by an old client.
$reply = get("$api/orders/export?$days&raw=1", shim => $shim, token => $token, headers => { 'Accept-Encoding' => 'gzip' });
is($reply->{headers}{'content-encoding'}, undef, 'a stream is not packed');
same($reply->{content}, $whole, 'so it is the same');
my $small = get("$api/orders/export?$days&raw=1&search=" . uri('n4242'), shim => $shim, token => $token, headers => { 'Accept-Encoding' => 'gzip' });
is_deeply([ $small->{headers}{'transfer-encoding'}, $small->{headers}{'content-length'} ], [ undef, length $small->{content} ], 'what is one piece is a reply like any other');

my $bearer = "Authorization: Bearer $token";
my $sock = connect_to($shim);
syswrite($sock, ask("HEAD $api/orders/export?$days&raw=1 HTTP/1.1", headers => [$bearer], keep => 1));
$reply = read_reply($sock, 10, 1);
is_deeply([ $reply->{status}, $reply->{headers}{'content-type'} ], [ 200, ['text/csv; charset=utf-8'] ], 'HEAD');
is_deeply([ @{ read_reply($sock) }{qw(status content)} ], [ 'closed', '' ], 'and nothing after it');
close $sock;

# A client with a small buffer who has asked for all orders and read the first bytes: socket,
# bytes, id of the request.
sub reader
{
	my ($shim, %opt) = @_;
	my $sock = connect_to($shim);

	setsockopt($sock, SOL_SOCKET, SO_RCVBUF, 256 * 1024);
	syswrite($sock, ask("GET $api/orders/export?$days&format=json HTTP/1.1", headers => [ 'Authorization: Bearer ' . ($opt{token} // $token) ]));
	sysread($sock, my $first, 2000) or die 'no reply';
	my ($id) = $first =~ /^X-Request-Id: (\S+)\r$/m or die "no head: $first";
	return ($sock, $first, $id);
}

# The line of the log that tells how a request ended.
sub ended
{
	my ($shim, $id) = @_;
	my $line;

	wait_for(sub { ($line) = grep { $_->{event} eq 'request' && $_->{id} eq $id } shim_log($shim); $line }, 15);
	return $line // {};
}

sub quiet
{
	my $shim = shift;

	return wait_for(sub { my $page = get('/metrics', shim => { url => $shim->{metrics} })->{content};
		metric($page, 'mjc_http_in_flight') == 0 && metric($page, 'mjc_http_connections') <= 1 && metric($page, 'mjc_db_in_flight{pool="write"}') == 0 }, 10);
}

# An old one knows no chunks: the end is the end of the connection.
my $old = connect_to($shim);
syswrite($old, ask("GET $api/orders/export?$days&raw=1 HTTP/1.0", headers => [$bearer]));
my (undef, $file) = split /\r\n\r\n/, drain($old), 2;
same($file, $whole, 'HTTP/1.0');

#------------------------------------------------------------------ meanwhile

# The one connection for writing is free while he does not read.
my ($slow, $first, $id) = reader($shim);
sleep 0.5;
is(get("$api/orders/recent?limit=1", shim => $shim, token => $token)->{status}, 200, 'while one reads, others are served');
cmp_ok((split / /, looks($id))[0], '<', ROWS / PIECE, 'what he has not read was not fetched');

# Who orders meanwhile is not in it.
copies(ROWS + 1, ROWS + 2);
(undef, $body, $end) = dechunk($first . drain($slow));
is($end, 1, 'he reads on and gets all of it');
is(numbers($body), $numbers, 'without what was ordered meanwhile, and none twice');
sql("DELETE FROM mjc.$_ WHERE order_id IN (SELECT order_id FROM mjc.order WHERE reference ~ '^TEST-6000[12]\$')") for @mine;

# Slowly, but piece by piece in time: longer than the deadline of a reply.
($slow, $first, $id) = reader($short);
my $start = time;
(undef, $body, $end) = dechunk($first . drain($slow, 60, 0.03));
cmp_ok(time - $start, '>', 2, 'who reads slowly has his time for each piece');
is($end && numbers($body), $numbers, 'and gets all of it');
is(ended($short, $id)->{status}, 200, 'well ended');

# Not at all: he is cut, and nothing is left of him.
($slow, $first, $id) = reader($short);
is(wait_for(sub { ended($short, $id)->{status} }, 8), 1, 'who reads nothing is ended');
is_deeply([ @{ ended($short, $id) }{qw(status cut)} ], [ 200, 'client' ], 'and that is on record');
is((dechunk($first . drain($slow)))[2], 0, 'without the last chunk');
ok(quiet($short), 'nothing is left of him');

# Gone, with a call under way or without.
$before = peak($shim);
for my $pause (0, 0, 0, 0, 0.05, 0.1)
{
	my @socks = map { (reader($shim))[0] } 1 .. 4;

	sleep $pause;
	close $_ for @socks;
}
ok(quiet($shim), 'nothing is left of who leaves');
SKIP:
{
	skip 'memory under a sanitizer is another thing', 1 if $ENV{MJC_VARIANT};
	cmp_ok(peak($shim) - $before, '<', 4 * GROWTH_KB, 'four at once are four pieces');
}

#------------------------------------------------------------------ what breaks on the way

my $chief = make_account('ADMIN');
($slow, $first, $id) = reader($shim, token => mint('ADMIN', $chief, 0));
sql("UPDATE mjc.account SET role = 'CUSTOMER' WHERE account_id = '$chief'");
(undef, $body, $end) = dechunk($first . drain($slow));
is($end, 0, 'who is no admin any more gets no further');
is(decode($body), undef, 'what he has is no document');
is_deeply([ @{ ended($shim, $id) }{qw(status code)} ], [ 500, 'FORBIDDEN' ], 'the log tells why');
sql("UPDATE mjc.account SET role = 'ADMIN' WHERE account_id = '$chief'");
my ($pieces) = split / /, looks($id);
cmp_ok($pieces, '<', ROWS / PIECE, "on record is what was fetched: $pieces pieces");
my $seen = () = $body =~ /"orderNumber"/g;
cmp_ok($seen, '<=', $pieces * PIECE, 'and he has no more than that');

# How many requests of this route were answered with a 5xx.
sub failed
{
	my $page = get('/metrics', shim => { url => $_[0]{metrics} })->{content};
	my $n = 0;

	$n += $1 while $page =~ m{^mjc_http_requests_total\{route="/admin/orders/export",method="GET",status="5\d\d"\} (\d+)$}mg;
	return $n;
}

my $count = failed($shim);
($slow, $first, $id) = reader($shim);
my $held = hold('LOCK TABLE mjc.order_contact');
(undef, $body, $end) = dechunk($first . drain($slow));
release($held);
is($end, 0, 'an error on the way ends the connection');
my $line = ended($shim, $id);
cmp_ok($line->{status}, '>=', 500, "on record as $line->{status} $line->{code}");
is(failed($shim) - $count, 1, 'and counted');
is(get("$api/orders/recent?limit=1", shim => $shim, token => $token)->{status}, 200, 'others go on');

# The first piece answers like any call.
$held = hold('LOCK TABLE mjc.order_contact');
$reply = get("$api/orders/export?$days&raw=1", shim => $shim, token => $token);
release($held);
cmp_ok($reply->{status}, '>=', 500, 'an error of the first piece is a reply');
is($reply->{headers}{'content-type'}, 'application/json; charset=utf-8', 'in JSON');

#------------------------------------------------------------------ the end of the shim

($slow, $first) = reader($shim);
kill 'TERM', $shim->{pid};
is((dechunk($first . drain($slow)))[2], 1, 'a shim that is stopped lets a file end');
is(stop_shim($shim), 0, 'and ends');
$shim = start_shim(%shim, MJC_DRAIN_TIMEOUT_S => 0);
($slow, $first) = reader($shim);
my ($other) = reader($shim);
is(stop_shim($shim), 0, 'one that may not wait ends at once');
is((dechunk($first . drain($slow)))[2], 0, 'and the client sees that it is not whole');

sql("DELETE FROM mjc.$_ WHERE order_id IN (SELECT order_id FROM mjc.order WHERE reference LIKE 'TEST-%')") for @mine;
finish();

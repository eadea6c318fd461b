# tools.t - reporting tools as an analyst: psql, JDBC, ODBC and psycopg2 log in as doc/operations.md
# tells, find their way by the catalogue, read every report, and get no further than that.
#
# Report.java and report.py are what a tool does; here is what they must find. Each works within
# less memory than its large result has.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/../fault/lib";
use Encode qw(decode_utf8 encode_utf8);
use Fault;
use HTTP::Tiny;
use IO::Socket::INET;
use IPC::Open2;
use JSON::PP;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

$SIG{PIPE} = 'IGNORE';
binmode(Test::More->builder->$_, ':encoding(UTF-8)') for qw(output failure_output todo_output);

my $dir = make_dir();
my ($home, $port) = (make_dir() . '/shop', free_port());
my $pg_port = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0)->sockport;
my %env = (MJC_HOME => $home, MJC_PORT => $port, MJC_PGPORT => $pg_port, MJC_RATE_SCALE => 1000);
my $superuser = 'postgresql://postgres@/shop?host=' . ($home =~ s{/}{%2F}gr) . "%2Fsocket&port=$pg_port";
my $name = 'Brûleur à gaz « été » — حارق غاز ٢٠ ملي بار';
my @not_for_analysts = qw(audit outbox personal_access provider_event stock_history webhook_delivery webhook_endpoint);
my %class = (
	JDBC => {
		bool => 'Boolean', date => 'Date', int2 => 'Integer', int4 => 'Integer', int8 => 'Long', interval => 'PGInterval',
		numeric => 'BigDecimal', text => 'String', timestamptz => 'Timestamp', uuid => 'UUID', _text => 'PgArray' },
	psycopg2 => {
		bool => 'bool', date => 'date', int2 => 'int', int4 => 'int', int8 => 'int', interval => 'timedelta',
		numeric => 'Decimal', text => 'str', timestamptz => 'datetime', uuid => 'str', _text => 'list' },
	ODBC => {
		bool => 'bool', date => 'date', int2 => 'int', int4 => 'int', int8 => 'int', interval => 'str',
		numeric => 'Decimal', text => 'str', timestamptz => 'datetime', uuid => 'str', _text => 'str' });

# psql with a text of characters; what it says, which must be no error.
sub ask_as
{
	my ($dsn, $text, @arguments) = @_;
	my ($status, $said) = psql_run($dsn, encode_utf8("$text\n"), @arguments);

	is($status, 0, 'psql is answered') || diag($said) if $status;
	return decode_utf8($said);
}

sub sql { return ask_as($superuser, "$_[0];") }

sub slurp
{
	my $file = shift;

	open my $in, '<:raw', $file or return '';
	local $/;
	return decode_utf8(readline($in) // '');
}

#------------------------------------------------------------------ the shop, the analyst, what there is to read

my $run = start_run(%env);
ok(ready_run($run, 120), 'a shop with a port for tools') || BAIL_OUT(run_output($run));
my (undef, $said) = run_command({ %env, MAKEFLAGS => '' }, 'make', '-s', '--no-print-directory',
	"PG_CONFIG=$ENV{MJC_TEST_PG_CONFIG}", 'staff', 'NAME=nadia', 'ROLE=analyst');
my ($password) = $said =~ /^login nadia \(analyst\), password (\S+)$/m;
ok($password, 'make staff makes an analyst') || BAIL_OUT($said);

# The connections of doc/operations.md, with this port and password.
my %dsn = map { s/\b5433\b/$pg_port/r =~ s/PASSWORD/$password/r }
	slurp("$REPO/doc/operations.md") =~ /^(psql|JDBC|ODBC|psycopg2) +(\S*PASSWORD.*|host=.*|Driver=.*)$/mg;
is_deeply([ sort keys %dsn ], [qw(JDBC ODBC psql psycopg2)], 'doc/operations.md shows how each tool connects');
like($said, qr/^psql '\Q$dsn{psql}\E'$/m, 'for psql as make staff does');

(undef, my $staff) = run_command(\%env, 'docker/shop.sh', 'dsn');
chomp $staff;
my $product = sql(<<~"SQL");
	INSERT INTO mjc.product (product_id, slug, sku, category_id, name, price_centimes, cost_centimes)
	SELECT gen_random_uuid(), 'tools', 'TOOLS-1', c.category_id, '$name', 123450, 80000 FROM mjc.category c LIMIT 1 RETURNING product_id
	SQL
ask_as($staff, "SELECT mjc.stock_receive('$product', 1000);");
ask_as($staff, q{SELECT mjc.promotion_set('tools', '{"name": "Outils", "kind": "percent", "scope": "line", "percent": 5, "active": false}');});
sql(q{UPDATE mjc.promotion SET wilaya_codes = '{Épreuve,٩٨}' WHERE code = 'tools'});
my $reference = ask_as($staff, "SELECT mjc.order_place(ARRAY['$product']::uuid[], ARRAY[2], 'Amine', 'Bensaïd', '0550123456', street => '12 rue Didouche Mourad', city => 'Alger', region => '16');");
my ($placed_at, $placed_on) = split / /, sql("SELECT to_char(timezone('UTC', placed_at), 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), timezone('Africa/Algiers', placed_at)::date FROM mjc.order WHERE reference = '$reference'") =~ s/\|/ /r;
like($placed_at, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/, 'an order to read');

my %view = map { split /\|/, $_, 2 } split /\n/, sql(q{SELECT relname, obj_description(oid, 'pg_class') FROM pg_class WHERE relnamespace = 'mjc_report'::regnamespace});
my @columns = split /\n/, sql(<<~'SQL');
	SELECT c.relname || '	' || a.attname || '	' || t.typname || '	' || coalesce(col_description(c.oid, a.attnum), '\N')
	  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 JOIN pg_type t ON t.oid = a.atttypid
	 WHERE c.relnamespace = 'mjc_report'::regnamespace ORDER BY c.relname, a.attnum
	SQL
cmp_ok(scalar keys %view, '>', 35, 'reports');

#------------------------------------------------------------------ what a tool is told

my $large = "SELECT g, repeat(l.product_name, 12) FROM generate_series(1, 100000) g CROSS JOIN mjc_report.order_line l WHERE l.reference = '$reference'";
my @defaults = map { "SELECT current_setting('$_')" } qw(statement_timeout default_transaction_read_only idle_in_transaction_session_timeout);
my $one_order = 'SELECT l.product_name, l.qty, l.total_dzd, o.placed_on, o.placed_at, o.tracking_number'
	. ' FROM mjc_report.order_line l JOIN mjc_report.customer_order o ON o.order_id = l.order_id'
	. ' WHERE o.reference = ? AND l.product_name = ? AND l.total_dzd = ? AND o.placed_on = ? AND o.placed_at = ? AND l.qty = ?';
my @asked = (
	(map { [$_] } @defaults),
	[ $one_order, "text=$reference", "text=$name", 'numeric=2469.00', "date=$placed_on", "time=$placed_at+00:00", 'integer=2' ],
	[ 'SELECT mjc.dzd(?), mjc.dzd(?)', 'integer=9223372036854775807', 'integer=-5' ],
	[ 'SELECT wilaya_codes FROM mjc_report.promotion WHERE code = ?', 'text=tools' ]);
my @answers = (
	'5min', 'on', '10min', "$name\t2\t2469.00\t$placed_on\t${placed_at}Z\t\\N", "92233720368547758.07\t-0.05", '{Épreuve,٩٨}');

# As they log in, and after they gave themselves what a login may.
my @read_only = ('INSERT INTO mjc.location (location_id, code, name) VALUES (99, \'x\', \'x\')', 'CREATE TABLE public.mine (a integer)');
my @freed = ('SET default_transaction_read_only = off', 'SET statement_timeout = 0', 'SET idle_in_transaction_session_timeout = 0');
my @refused = (
	(map { "SELECT 1 FROM mjc.$_" } qw(order order_contact customer_person account_secret product stock_ledger sale_day)),
	(map { "SELECT 1 FROM mjc_report.$_" } @not_for_analysts),
	$read_only[0],
	"UPDATE mjc.order SET notes = 'x'",
	'DELETE FROM mjc.audit',
	'TRUNCATE mjc.stock_ledger',
	"UPDATE mjc_report.table_class SET class = 'local'",
	'SELECT 1 FROM mjc_report.table_class FOR UPDATE',
	'DO $$ BEGIN LOCK TABLE mjc_report.customer_order IN ROW EXCLUSIVE MODE; END $$',
	$read_only[1],
	'CREATE TABLE mjc_report.mine (a integer)',
	"SELECT mjc.order_ship('$reference')",
	"SELECT mjc.stock_receive('$product', 1)",
	'SELECT mjc.housekeep()',
	'SELECT mjc.analyst_limit()',
	"SELECT mjc.order_contact_read('$reference')",
	'SELECT count(*) FROM mjc_api.job_status()',
	'SET ROLE mjc_admin',
	'SET ROLE mjc_owner',
	'SET session_replication_role = replica',
	'GRANT mjc_admin TO nadia',
	'ALTER ROLE nadia CONNECTION LIMIT 100',
	"COPY (SELECT 1) TO PROGRAM 'cat'",
	"SELECT pg_read_file('PG_VERSION')",
	'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = \'mjc_web\'');
my $sleep = 'SELECT pg_sleep(100)';

# Lines as report.py knows them.
sub commands
{
	return ('catalog', 'read', (map { join "\t", 'ask', @$_ } @asked), "stream\t$large",
		map { "state\t$_" } @read_only, @freed, @refused);
}

my %program = (
	JDBC => [ 'java', '-Xmx48m', '-cp', '/usr/share/java/postgresql.jar', "$FindBin::Bin/Report.java" ],
	map { $_ => [ 'prlimit', '--data=64000000', '/usr/bin/python3', "$FindBin::Bin/report.py", lc ] } qw(ODBC psycopg2));
my @programs = sort keys %program;

# start(tool, what for): its process, which takes commands until it is ended().
sub start
{
	my ($tool, $label) = @_;
	my %process = (file => "$dir/$tool.$label");

	pipe(my $read, $process{in}) or die;
	$process{in}->autoflush(1);
	binmode $process{in}, ':utf8';
	$process{pid} = fork // die;
	return \%process if $process{pid};
	open STDIN, '<&', $read;
	open STDOUT, '>', "$process{file}.out";
	open STDERR, '>', "$process{file}.err";
	exec 'setpriv', '--pdeathsig', 'KILL', 'timeout', '120', @{ $program{$tool} }, $dsn{$tool} or POSIX::_exit(127);
}

sub send_to
{
	my ($process, @commands) = @_;

	print { $process->{in} } map { "$_\n" } @commands;
	return;
}

# How it ended: there are no more commands.
sub ended
{
	my $process = shift;

	close $process->{in};
	waitpid($process->{pid}, 0);
	return $?;
}

# What it said in the lines that begin with this word.
sub lines
{
	my ($process, $word) = @_;

	return slurp("$process->{file}.out") =~ /^$word\t(.*)$/mg;
}

#------------------------------------------------------------------ JDBC, ODBC, psycopg2

my %worker = map { $_ => start($_, 'work') } @programs;
send_to($_, commands()) for values %worker;
ok(await(100, sub { !grep { ((lines($_, 'state'))[-1] // '') !~ /\Q$refused[-1]\E$/ } values %worker }), 'all work through');

# They sleep, and nothing of theirs holds: the job finds them.
sub sleepers { return sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'nadia' AND query LIKE '%$sleep%' AND state = 'active'") }
send_to($_, "state\t$sleep") for values %worker;
send_to($worker{JDBC}, "fastpath\t100");
ok(await(10, sub { sleepers() == @programs }), 'and run on without a timeout');
is(sql('SELECT mjc.analyst_limit()'), '0', 'as long as mjc.analyst_max lets them');
my $met = 0;
await(20, sub { $met += sql("SET mjc.analyst_max = 3; SELECT mjc.analyst_limit()"); $met > @programs });
is($met, @programs + 1, 'then the job cancels them, and a call that is no statement');

sub is_catalog
{
	my ($tool, $process) = @_;
	my @expected = @columns;
	my %expected = %view;

	# psqlODBC has no comments to give.
	if ($tool eq 'ODBC') { s/\t[^\t]*$/\t\\N/ for @expected; $_ = '\N' for values %expected }
	my %schema = map { $_ => 1 } lines($process, 'schema');
	ok($schema{mjc_report}, "$tool: lists the schema");
	is_deeply({ map { split /\t/, $_, 2 } lines($process, 'view') }, \%expected, "$tool: lists the reports and what they are");
	is_deeply([ lines($process, 'column') ], \@expected, "$tool: and their columns, types and comments");
	return;
}

sub is_read
{
	my ($tool, $process) = @_;
	my %read = map { split /\t/ } lines($process, 'read');
	my %type = map { split /\t/ } lines($process, 'type');

	is_deeply([ sort grep { $read{$_} !~ /^[0-5]$/ } keys %read ], \@not_for_analysts, "$tool: reads every report for analysts");
	is_deeply([ grep { $read{$_} ne '42501' } @not_for_analysts ], [], "$tool: and none of the others");
	cmp_ok($read{customer_order}, '>', 0, "$tool: there are rows");
	is_deeply(\%type, $class{$tool}, "$tool: types are what they should be");
	return;
}

for my $tool (@programs)
{
	my $process = $worker{$tool};

	is(ended($process), 0, "$tool: ends well") || diag(slurp("$process->{file}.err"));
	is_catalog($tool, $process);
	is_read($tool, $process);
	is_deeply([ lines($process, 'row') ], \@answers, "$tool: parameters and values are exact");
	is_deeply([ lines($process, 'stream') ], [ join "\t", 100_000, 100_000 * 12 * length $name ], "$tool: a large result by its cursor");
	is_deeply([ lines($process, 'state') ],
		[ (map { "25006\t$_" } @read_only), (map { "00000\t$_" } @freed), (map { "42501\t$_" } @refused), "57014\t$sleep" ],
		"$tool: the limits hold");
}
is_deeply([ lines($worker{JDBC}, 'fastpath') ], ['57014'], 'JDBC: by fast path as well');

# The same result without a cursor does not fit: what was read above did not lie in memory.
my %control = map { $_ => start($_, 'control') } @programs;
send_to($_, "ask\t$large") for values %control;
isnt(ended($control{$_}), 0, "$_: all of the large result at once is too much") for @programs;

#------------------------------------------------------------------ isql and psql

sub output_of
{
	my ($input, @command) = @_;
	my $pid = open2(my $out, my $in, @command);

	print $in encode_utf8($input);
	close $in;
	my $said = do { local $/; decode_utf8(readline($out) // '') };
	waitpid($pid, 0);
	return $said;
}

like(output_of("SELECT product_name, total_dzd FROM mjc_report.order_line WHERE reference = '$reference'\n", 'isql', '-k', $dsn{ODBC}, '-b', '-d|'),
	qr/^\Q$name\E\|2469\.00$/m, 'isql: reads a report');

my $psql = $dsn{psql};
like(ask_as($psql, '\dn+'), qr/^mjc_report\|mjc_owner\|.*\|MJ Chauffage: views for people and reporting tools$/ms, 'psql: \dn+');
my %listed = map { (split /\|/)[1, 7] } split /\n/, ask_as($psql, '\dv+ mjc_report.*');
is_deeply([ sort keys %listed ], [ sort keys %view ], 'psql: \dv+ lists the reports');
like(ask_as($psql, '\d+ mjc_report.stock'), qr/^on_hand\|bigint\|.*\|Units in the shop$/m, 'psql: \d+ shows columns with their comments');
unlike(ask_as($psql, '\d'), qr/mjc/, 'psql: \d of the search path shows nothing of the shop');
is(ask_as($psql, "PREPARE one (text) AS SELECT product_name, total_dzd FROM mjc_report.order_line WHERE reference = \$1;\nEXECUTE one ('$reference');"),
	"$name|2469.00", 'psql: a prepared statement');
ask_as($psql, "\\copy (SELECT product_name, total_dzd, NULL AS nothing FROM mjc_report.order_line WHERE reference = '$reference') TO '$dir/order.csv' WITH (FORMAT csv, HEADER)");
is(slurp("$dir/order.csv"), "product_name,total_dzd,nothing\n$name,2469.00,\n", 'psql: \copy to a file, byte for byte');

my @bounded = ('prlimit', '--data=64000000', "$ENV{MJC_TEST_PG_BIN}/psql", '-XqAt', '-d', $psql);
is(output_of("\\o | wc -l\n$large;\n", @bounded, '-v', 'FETCH_COUNT=500') + 0, 100_000, 'psql: a large result by FETCH_COUNT');
isnt(output_of("\\o | wc -l\n$large;\n", 'bash', '-c', 'exec "$@" 2>/dev/null', 'bash', @bounded) + 0, 100_000, 'psql: all at once is too much');

# The SQLSTATE of each of these statements, in one session.
sub states
{
	my (undef, $answer) = psql_run($psql, (join '', map { "$_;\n\\echo state :SQLSTATE\n" } @_), '-v', 'ON_ERROR_STOP=0');

	return $answer =~ /^state (\w{5})$/mg;
}
is_deeply([ states(@read_only, @freed, @refused) ],
	[ ('25006') x @read_only, ('00000') x @freed, ('42501') x @refused ], 'psql: the limits hold');

#------------------------------------------------------------------ many of them, and orders meanwhile

# A psql that stays; answer_to() is what a statement of it gives.
sub session
{
	my $pid = open2(my $out, my $in, "$ENV{MJC_TEST_PG_BIN}/psql", '-XqAt', '-d', $psql);

	$in->autoflush(1);
	return { in => $in, out => $out, pid => $pid };
}

sub answer_to
{
	my ($session, $text) = @_;
	my ($answer, $line) = ('');

	print { $session->{in} } "$text;\n\\echo done\n";
	$answer .= $line while defined($line = readline $session->{out}) && $line ne "done\n";
	return $answer =~ s/\n\z//r;
}

sub leave
{
	close $_[0]{in};
	waitpid($_[0]{pid}, 0);
	return;
}

my @sessions = map { session() } 1 .. 10;
is(join('', map { answer_to($_, 'SELECT 1') } @sessions), '1' x 10, 'ten connections');
like((psql_run($psql, 'SELECT 1;'))[1], qr/too many connections for role "nadia"/, 'and not one more');
leave($_) for @sessions;
ok(await(5, sub { (psql_run($psql, 'SELECT 1;'))[0] == 0 }), 'they are free again');

my $http = HTTP::Tiny->new(timeout => 20);
my $phones = 0;

# Seconds that an order takes; it is placed or the test fails.
sub order_time
{
	my $begun = time;
	my $reply = $http->post("http://127.0.0.1:$port/api/v1/orders/guest", {
		headers => { 'Content-Type' => 'application/json' },
		content => JSON::PP->new->utf8->encode({
			items => [ { productId => $product, quantity => 1 } ],
			customerInfo => { firstName => 'Amine', lastName => 'Bensaïd', phone => sprintf('0661%06d', ++$phones) },
			shippingAddress => { street => '12 rue Didouche Mourad', city => 'Alger', region => '16' },
		}) });

	fail("an order is placed: $reply->{status} $reply->{content}") if $reply->{status} != 201;
	return time - $begun;
}

sub median { return (sort { $a <=> $b } @_)[ @_ / 2 ] }

my $count = 'SELECT count(*) FROM mjc_report.customer_order';
my (%took, $orders);
order_time() for 1 .. 5;
for my $round (1 .. 3)
{
	push @{ $took{alone} }, map { order_time() } 1 .. 10;
	my $reader = session();
	answer_to($reader, 'BEGIN ISOLATION LEVEL REPEATABLE READ');
	$orders = answer_to($reader, $count);
	answer_to($reader, "SELECT count(*) FROM mjc_report.$_") for grep { my $v = $_; !grep { $_ eq $v } @not_for_analysts } sort keys %view;
	answer_to($reader, 'DECLARE c CURSOR FOR SELECT m.* FROM mjc_report.stock_movement m, mjc_report.sales s; FETCH 10 FROM c');
	push @{ $took{read} }, map { order_time() } 1 .. 10;
	is(answer_to($reader, $count), $orders, "round $round: the reader's picture stands still");
	answer_to($reader, 'COMMIT');
	is(answer_to($reader, $count), $orders + 10, 'and then shows the orders that were placed meanwhile');
	leave($reader);
}
my ($alone, $read) = map { median(@{ $took{$_} }) } qw(alone read);
diag(sprintf 'median of an order: %.1f ms alone, %.1f ms beside an open transaction', $alone * 1000, $read * 1000);
cmp_ok($read, '<', 3 * $alone + 0.02, 'who reads does not hold up orders');

is(sql('SELECT count(*) FROM mjc.check_invariants()'), '0', 'no broken promise in the database');
stop_run($run, 'TERM', 30);
done_testing();

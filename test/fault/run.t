# run.t - the life of a shop under make run (docker/shop.sh run): first start, README as
# printed, the other commands, a second start, what refuses to start and why in one line,
# what an earlier life left behind, the end by each signal, a full disk.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Fault;
use HTTP::Tiny;
use JSON::PP qw(decode_json);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

my $home = make_dir() . '/shop';
my $port = free_port();
my %env = (MJC_HOME => $home, MJC_PORT => $port);
my $url = "http://127.0.0.1:$port";
my $http = HTTP::Tiny->new(timeout => 20, keep_alive => 0);

sub slurp
{
	my ($file) = @_;

	open my $in, '<', $file or return '';
	local $/;
	return readline($in) // '';
}

sub write_file
{
	my ($file, $text) = @_;

	open my $out, '>', $file or die "$file: $!";
	print $out $text;
	close $out or die "$file: $!";
	return;
}

sub shop { return run_command(\%env, 'docker/shop.sh', @_) }

# The blocks of one language under a heading of the README.
sub readme
{
	my ($heading, $language) = @_;
	my ($section) = slurp("$REPO/README.md") =~ /^## \Q$heading\E\n(.*?)(?=^## |\z)/ms
		or return '';

	return join "\n", $section =~ /^```$language\n(.*?)^```$/msg;
}

sub order
{
	my ($product, $phone, $at) = @_;

	return $http->post(($at // $url) . '/api/v1/orders/guest', {
		headers => { 'Content-Type' => 'application/json' },
		content => JSON::PP->new->utf8->encode({
			items => [ { productId => $product, quantity => 1 } ],
			customerInfo => { firstName => 'Amine', lastName => 'Bensaid', phone => $phone },
			shippingAddress => { street => '12 rue Didouche Mourad', city => 'Alger', region => '16' },
		}) });
}

sub product
{
	my $reply = $http->get(($_[0] // $url) . '/api/v1/products?limit=1&inStock=true&sortBy=stockQuantity&sortOrder=desc');

	return eval { decode_json($reply->{content})->{data}{products}[0]{id} } // '';
}

# Stops a shop: the end is clean, quick, and none of its processes is left.
sub ends_by
{
	my ($run, $signal) = @_;
	my %before = descendants($run->{pid});
	my $start = time;
	my $status = stop_run($run, $signal, 40);

	cmp_ok(scalar keys %before, '>', 5, "SIG$signal: the shop has processes");
	is($status, 0, "SIG$signal: it ends with 0") or diag(run_output($run));
	cmp_ok(time - $start, '<', 15, "SIG$signal: within 15 s");
	like(run_output($run), qr/^stopped; the data is kept in \Q$run->{home}\E$/m, "SIG$signal: it says so");
	nothing_left($run, "SIG$signal", %before);
	stop_run($run, 'KILL', 10) unless defined $status;    # or the next start finds it
	return;
}

# No process of before is there, and none that works in the shop's folder.
sub nothing_left
{
	my ($run, $name, %before) = @_;

	await(10, sub { !still_there(%before) && !working_in($run->{home}) });
	return is_deeply([ map { describe($_) } still_there(%before), working_in($run->{home}) ], [], "$name: no process is left");
}

sub working_in
{
	my ($folder) = @_;

	return grep { (readlink("/proc/$_/cwd") // '') =~ m{^\Q$folder\E(?:/|$)} || (readlink("/proc/$_/exe") // '') =~ m{^\Q$folder\E/} }
		map { m{(\d+)$} } glob '/proc/[0-9]*';
}

sub describe
{
	my ($pid) = @_;

	return "$pid " . slurp("/proc/$pid/cmdline") =~ tr/\0/ /r;
}

#------------------------------------------------------------------ the first start

my $run = start_run(%env);
my $took = ready_run($run, 120);
my $said = run_output($run);

ok(defined $took, 'the first start comes to its end') or diag($said);
diag(sprintf 'first start: %.1f s', $took // 0);
cmp_ok($took // 999, '<', 60, 'within a minute');
like($said, qr{^ready: \Q$url\E$}m, 'it prints its ready line');
like($said, qr{^  try: curl '\Q$url\E/api/v1/products\?limit=3'$}m, 'and what to try');
my ($password) = $said =~ /^admin: \S+, password (\S+) \(kept in \Q$home\E\/admin-password\)$/m;
ok(length($password // ''), 'and the admin\'s password');
is($password, slurp("$home/admin-password") =~ s/\s+\z//r, 'which is the one in the file');
is(sprintf('%o', (stat "$home/admin-password")[2] & 07777), '600', 'that only its owner reads');
is_deeply([ map { sprintf '%s %o', s{.*/}{}r, (stat)[2] & 077 } glob "$home/secrets/*" ],
	[ map { s{.*/}{}r . ' 0' } glob "$home/secrets/*" ], 'as are all secrets');
is((stat "$home/secrets")[2] & 077, 0, 'and their folder');
my %family = descendants($run->{pid});
my @shown = map { slurp("/proc/$_/cmdline") } keys %family;
is_deeply([ grep { my $secret = $_; grep { index($_, $secret) >= 0 } @shown } map { slurp($_) =~ s/\s+\z//r } glob("$home/secrets/*"), "$home/admin-password" ],
	[], 'no list of processes shows a secret');
is_deeply([ grep { my $log = slurp($_); grep { length && index($log, $_) >= 0 } $password, map { slurp($_) =~ s/\s+\z//r } glob "$home/secrets/*" } glob "$home/log/*" ],
	[], 'and no log');
SKIP:
{
	skip 'not started as root', 1 if $> != 0;
	my @root = grep { (readlink("/proc/$_/exe") // '') =~ m{/(?:postgres|mjc-shim)$} && (stat "/proc/$_")[4] == 0 } keys %family;
	is_deeply([ map { describe($_) } @root ], [], 'neither PostgreSQL nor the shim runs as root');
}
like($http->get("$url/api/v1/products?limit=3")->{content}, qr/"success" *: *true/, 'the demo catalogue is served');

#------------------------------------------------------------------ README as printed

my $purchase = readme('A purchase with curl', 'sh') =~ s/:3001\b/:$port/gr;
my ($status, $output) = run_command({}, 'bash', '-c', $purchase);
my ($reference) = $output =~ /(MJ-\d{4}-\d{6}-\d)\s*\z/;

like($purchase, qr/curl/, 'README has a purchase with curl');
is($status, 0, 'its lines run') or diag($output);
ok($reference, 'the last one prints an order number') or diag($output);
$reference //= 'none';
like($output, qr/"success" *: *true.*"orderNumber" *: *"\Q$reference\E"/s, 'the order is found by number and phone');

for my $heading ('Staff in psql', 'Reporting')
{
	my $sql = readme($heading, 'sql');

	write_file("$home/readme.sql", $sql);
	chmod 0644, "$home/readme.sql";
	my ($state, $result) = shop('psql', '-X', '-v', 'ON_ERROR_STOP=1', '-f', "$home/readme.sql");
	like($sql, qr/SELECT/, "README has statements under $heading");
	is($state, 0, 'they run as staff') or diag($result);
	like($result, qr/SHIPPED/, 'the order of above was shipped') if $heading eq 'Staff in psql';
}
my ($login) = $said =~ /^ *(curl -H .*admin\/login)$/m;
($status, $output) = run_command({}, 'bash', '-c', $login // 'false');
like($output, qr/"success" *: *true/, 'the printed line signs the admin in') or diag($login // $said);

#------------------------------------------------------------------ the other commands

($status, $output) = shop('psql', '-XAt', '-c', 'SELECT current_user');
is("$status $output", "0 staff\n", 'psql is staff\'s');
($status, my $dsn) = shop('dsn');
is($status, 0, 'dsn prints');
chomp $dsn;
like($dsn, qr{^postgresql://staff:\w+@\S+$}, 'one line, a URI');
is((psql_run($dsn, 'SELECT 6 * 7;'))[1], 42, 'that connects');
($status, $output) = run_command(\%env, 'make', '-s', 'dsn');
is($output, "$dsn\n", 'make -s dsn prints the same and nothing else');

for my $role ('admin', 'analyst')
{
	($status, $output) = shop('staff', "amina_$role", $role);
	my ($uri) = $output =~ /^psql '(postgresql:\S+)'$/m;

	is($status, 0, "a login for a person ($role)") or diag($output);
	is((psql_run($uri // '', 'SELECT current_user;'))[1], "amina_$role", 'that can be used as printed');
	is(psql_state($uri // '', "SELECT phone FROM mjc.order_contact;\n"), '42501', 'and reads nobody\'s data');
	my $count = (psql_run($uri // '', 'SELECT count(*) FROM mjc_report.customer_order;'))[1];
	is($count, 1, 'but its reports');
	my $limits = (psql_run($uri // '', "SELECT concat_ws(' ', current_setting('default_transaction_read_only'), current_setting('statement_timeout'), (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user));"))[1];
	is($limits, $role eq 'analyst' ? 'on 5min 10' : 'off 0 10', 'with the limits of its kind');
	is((psql_run($dsn, "SELECT string_agg(display_name, ' ') FROM mjc.staff WHERE db_login = 'amina_$role';"))[1], $role eq 'admin' ? 'amina_admin' : '', 'who acts is a row of mjc.staff, who only reads is none');
	is(psql_state($uri // '', "CREATE TABLE public.mine (a integer);\n") =~ /^(?:42501|25006)$/ ? 'refused' : 'made', 'refused', 'makes no table');
}
# The first admin's account has a login already: the new one takes its place, for the same person.
(undef, my $person) = psql_run($dsn, "SELECT staff_id FROM mjc.staff WHERE db_login = 'staff';");
($status, $output) = shop('staff', 'linked', 'admin', 'admin@mjchauffage.com');
is($status, 0, 'a login for somebody who has an account') or diag($output);
my ($linked) = $output =~ /^psql '(postgresql:\S+)'$/m;
is((psql_run($linked // '', "SELECT staff_id FROM mjc.staff WHERE db_login = current_user;"))[1], $person, 'is tied to it');
is((psql_run($linked // '', "SELECT mjc.setting_set('cart_days', '29'); SELECT actor FROM mjc.audit WHERE db_login = 'linked' ORDER BY at DESC LIMIT 1;"))[1], "29\n$person", 'and acts as it');
is(psql_state($dsn, "SELECT mjc.setting_set('cart_days', '30');\n"), 'MJ601', 'the login of before is nobody\'s');
for my $wrong ([ 'amina_admin' ], [ 'nobody', 'admin', 'nobody@example.test' ], [ 'quoted', 'admin', q{a'b@example.test} ], [ 'reader', 'analyst', 'admin@mjchauffage.com' ], [ 'Robert"; DROP' ], [ 'postgres' ], [ 'mjc_owner' ], [ 'x', 'superuser' ], [])
{
	($status, $output) = shop('staff', @$wrong);
	ok($status != 0 && $output =~ /\Amjchauffage: [^\n]+\n\z/, 'staff ' . join(' ', @$wrong) . ': one line, no login') or diag("$status $output");
}

#------------------------------------------------------------------ one at a time

command_line_only(\%env, qr/already running \(pid $run->{pid}\).*MJC_HOME/, 'a second shop on the same home: one line with the pid');
command_line_only({ MJC_HOME => make_dir() . '/other', MJC_PORT => $port }, qr/port $port is in use/, 'the same port: one line');
command_line_only({ MJC_HOME => make_dir() . '/other', MJC_PORT => free_port(), MJC_PGPORT => $port }, qr/port $port is in use/, 'the same port for PostgreSQL: one line');
command_line_only({ MJC_HOME => make_dir() . '/other', MJC_PORT => 'x' }, qr/MJC_PORT=x is not a port/, 'a port that is none: one line');
command_line_only({ MJC_HOME => make_dir() . '/' . 'long' x 25, MJC_PORT => free_port() }, qr/too long for a socket/, 'a path too long for a socket: one line');
command_line_only({ MJC_HOME => '/proc/shop', MJC_PORT => free_port() }, qr/cannot be made/, 'a home that cannot be made: one line');
($status, $output) = run_command({ MJC_HOME => make_dir() . '/none' }, 'docker/shop.sh', 'psql', '-c', 'SELECT 1');
ok($status != 0 && $output =~ /\Amjchauffage: no shop is running[^\n]*\n\z/, 'psql without a shop: one line') or diag($output);
is($http->get("$url/health/ready")->{status}, 200, 'the shop that runs is not disturbed');

#------------------------------------------------------------------ the end and the second start

my $product = product();
is(order($product, '0550998801')->{status}, 201, 'an order');
ends_by($run, 'TERM');
is(scalar(grep { $_->{status} != 599 } $http->get("$url/health")), 0, 'nobody answers on the port any more');
ok(!-e "$home/data/postmaster.pid", 'PostgreSQL was stopped in order');

$run = start_run(%env);
$took = ready_run($run, 60);
ok(defined $took, 'it starts again') or diag(run_output($run));
cmp_ok($took // 99, '<', 5, sprintf 'ready in less than 5 s (%.1f)', $took // 99);
unlike(run_output($run), qr/password \w+ \(kept/, 'the password is not printed again');
is(slurp("$home/admin-password") =~ s/\s+\z//r, $password, 'and is the same');
is((psql_run($dsn, 'SELECT count(*) FROM mjc_report.customer_order;'))[1], 2, 'the orders are there');
like($http->get("$url/api/v1/orders/track?orderNumber=$reference&phone=0550123456")->{content},
	qr/"success" *: *true/, 'the first one can be tracked');
is((psql_run($dsn, 'SELECT * FROM mjc.check_invariants();'))[1], '', 'no broken promise');
my $made = (psql_run($dsn, "SELECT oid FROM pg_extension WHERE extname = 'mjchauffage';"))[1];
ends_by($run, 'INT');

# A developer pulled other code of the same version: the code is made anew, the data stays.
write_file("$home/installed-script", "of another day\n");
$run = start_run(%env);
ok(defined ready_run($run, 60), 'it starts with another script of the same version') or diag(run_output($run));
isnt((psql_run($dsn, "SELECT oid FROM pg_extension WHERE extname = 'mjchauffage';"))[1], $made, 'the extension was made anew');
is((psql_run($dsn, 'SELECT count(*) FROM mjc_report.customer_order;'))[1], 2, 'the orders are still there');
is((psql_run($dsn, 'SELECT * FROM mjc.check_invariants();'))[1], '', 'and no promise is broken');
ends_by($run, 'INT');

#------------------------------------------------------------------ what an earlier life left

# A pid file with a process that is not ours: the machine was restarted.
my $bystander = fork // die;
if (!$bystander)
{
	# Of the user of PostgreSQL, as another cluster of this machine would be.
	my ($uid, $gid) = (stat "$home/data")[ 4, 5 ];

	POSIX::setgid($gid);
	POSIX::setuid($uid);
	exec 'sleep', '300' or POSIX::_exit(1);
}
# The lock beside the socket names it too.
my @locks = ("$home/data/postmaster.pid", "$home/socket/.s.PGSQL.5432.lock");
write_file($_, "$bystander\n$home/data\n1700000000\n5432\n$home/socket\n\n  1234567         1\nready   \n") for @locks;
chown((stat "$home/data")[ 4, 5 ], @locks);
chmod 0600, @locks;
$run = start_run(%env);
ok(defined ready_run($run, 60), 'a postmaster.pid of another process is no obstacle') or diag(run_output($run));
ok(kill(0, $bystander), 'and that process is left alone');
kill 'KILL', $bystander;
waitpid $bystander, 0;

# kill -9 of the supervisor: everything of it ends, the next start finds the data.
my %before = descendants($run->{pid});
stop_run($run, 'KILL', 10);
nothing_left($run, 'kill -9 of the supervisor', %before);
$run = start_run(%env);
$took = ready_run($run, 60);
ok(defined $took, 'the next start works') or diag(run_output($run));
is((psql_run($dsn, 'SELECT count(*) FROM mjc_report.customer_order;'))[1], 2, 'with all orders');

# A pid file of a process that is dead, after everything was killed at once.
%before = descendants($run->{pid});
kill 'KILL', keys %before;
stop_run($run, undef, 10);
nothing_left($run, 'kill -9 of all', %before);
ok(-e "$home/data/postmaster.pid", 'a postmaster.pid is left');
$run = start_run(%env);
$took = ready_run($run, 60);
ok(defined $took, 'a stale postmaster.pid is no obstacle') or diag(run_output($run));
is(order($product, '0550998802')->{status}, 201, 'and orders go on');

# A signal while it starts.
stop_run($run, 'TERM', 40);
for my $after (0.1, 0.5, 1.0)
{
	$run = start_run(%env);
	sleep $after;
	%before = descendants($run->{pid});
	stop_run($run, 'TERM', 40);
	nothing_left($run, "SIGTERM $after s after the start", %before);
}
my $fresh = make_dir() . '/fresh';
$run = start_run(MJC_HOME => $fresh, MJC_PORT => $port);
await(20, sub { run_output($run) =~ /making the database cluster/ });
sleep 0.3;
%before = descendants($run->{pid});
stop_run($run, 'TERM', 40);
nothing_left($run, 'SIGTERM while the cluster is made', %before);
$run = start_run(MJC_HOME => $fresh, MJC_PORT => $port);
ok(defined ready_run($run, 120), 'the next start makes it whole') or diag(run_output($run));
like($http->get("$url/api/v1/products?limit=1")->{content}, qr/"success" *: *true/, 'and serves it');
stop_run($run, 'TERM', 40);

#------------------------------------------------------------------ a full disk

sub mount_tmpfs
{
	my ($size, $options) = @_;
	my $dir = make_dir();

	return if $> != 0 || system("mount -t tmpfs -o size=$size,mode=755 tmpfs '$dir' 2>/dev/null") != 0;
	return $dir;
}

SKIP:
{
	my $disk = mount_tmpfs('64m') or skip 'no tmpfs can be mounted here', 1;

	command_line_only({ MJC_HOME => "$disk/shop", MJC_PORT => $port }, qr/(?:disk|MB)\b.*\b(?:full|free|needed|left)/, 'a home on a disk of 64 MB: one line');
	system 'umount', $disk;
}

# The disk fills up under a running shop: errors that can be told, and it goes on by itself.
SKIP:
{
	my $disk = mount_tmpfs('700m') or skip 'no tmpfs can be mounted here', 1;
	my ($phone, %seen) = (550_100_000);

	$run = start_run(MJC_HOME => "$disk/shop", MJC_PORT => $port, MJC_RATE_SCALE => 1000);
	if (ok(defined ready_run($run, 120), 'a shop on a small disk') || !diag(run_output($run)))
	{
		my $id = product();
		my $used = (split ' ', `df -Pk '$disk' | tail -n 1`)[2];
		my @good;

		run_command({ MJC_HOME => "$disk/shop" }, 'docker/shop.sh', 'psql', '-c', "SELECT mjc.stock_receive('$id', 90000)");
		is(system("mount -o remount,size=@{[ $used + 1500 ]}k '$disk'"), 0, 'the disk shrinks to what is used');
		my $until = time + 25;
		while (time < $until && ($seen{503} // 0) < 20)
		{
			my $reply = order($id, sprintf '0%d', ++$phone);

			$seen{ $reply->{status} }++;
			push @good, $1 if $reply->{status} == 201 && $reply->{content} =~ /(MJ-\d{4}-\d{6}-\d)/;
			sleep 0.02 if $reply->{status} != 201;
		}
		diag('on the full disk: ' . join ', ', map { "$_ x$seen{$_}" } sort keys %seen);
		ok($seen{503}, 'orders are refused with 503 when the disk is full');
		is_deeply([ grep { !/^(?:201|409|503|599)$/ } sort keys %seen ], [], 'and with nothing worse');
		is(system("mount -o remount,size=900m '$disk'"), 0, 'the disk gets space');
		my $back = within(30, sub { order($id, sprintf '0%d', ++$phone)->{status} == 201 });
		ok(defined $back, 'orders go on by themselves') or diag(run_output($run));
		my ($state, $stored) = run_command({ MJC_HOME => "$disk/shop" }, 'docker/shop.sh', 'psql', '-XAt', '-c',
			"SELECT count(*) FROM mjc.order_reference WHERE reference = ANY ('{" . join(',', @good) . "}')");
		is($stored, @good . "\n", 'every order that was answered is there');
		($state, $stored) = run_command({ MJC_HOME => "$disk/shop" }, 'docker/shop.sh', 'psql', '-XAt', '-c', 'SELECT * FROM mjc.check_invariants()');
		is($stored, '', 'no broken promise');
		diag("supervisor: $_") for grep { /disk|space|PostgreSQL|shim/ } split /\n/, run_output($run);
	}
	stop_run($run, 'TERM', 60);
	system 'umount', $disk;
}

done_testing();

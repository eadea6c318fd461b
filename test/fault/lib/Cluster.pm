package Cluster;

# Cluster.pm - PostgreSQL clusters of a test's own: made in a folder that goes at the end,
# started with a library preloaded, killed with all their processes, copied to a standby
# that is promoted. The extension comes from the stage of the tests' shop. Nobody else
# meets them: no port, one socket in the cluster's folder, which only its user may enter.
#
#   my $cluster = Cluster->new(settings => { fsync => 'on' });
#   $cluster->start; $cluster->install;
#   $cluster->sql('SELECT 1'); my $session = $cluster->session;
#   $cluster->kill_all; $cluster->start;

use strict;
use warnings;

use Fault;
use File::Copy qw(copy);
use POSIX qw(:sys_wait_h);
use Session;

my $owner = $$;
my $made = 0;
my %clusters;

sub _bin { return "$ENV{MJC_TEST_PG_BIN}/$_[0]" }

# The words that start a program as the user of PostgreSQL; it ends when this test does.
sub _as_server
{
	my @user = $< == 0 ? ('--reuid=postgres', '--regid=' . (getpwnam 'postgres')[3], '--init-groups') : ();

	return ('setpriv', @user, '--pdeathsig', 'QUIT', '--');
}

# Runs a program to its end as that user; its output when it fails is the reason to die.
sub _run
{
	my ($self, @command) = @_;
	my $log = "$self->{dir}/tool.log";
	my $pid = fork // die;

	if (!$pid)
	{
		chdir '/';
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', $log;
		open STDERR, '>&', \*STDOUT;
		exec _as_server(), @command or POSIX::_exit(127);
	}
	waitpid $pid, 0;
	die "@command: " . _slurp($log) if $?;
	return;
}

sub _slurp
{
	open my $in, '<', $_[0] or return '';
	local $/;
	return readline($in) // '';
}

# A folder for a cluster, nothing in it yet.
sub _place
{
	my ($class, %option) = @_;
	my $dir = make_dir();
	my $self = bless {
		dir => $dir, data => "$dir/data", log => "$dir/log", number => ++$made,
		settings => { %{ $option{settings} // {} } },
	}, $class;

	if ($< == 0)
	{
		my @ids = (getpwnam 'postgres')[ 2, 3 ];

		chown @ids, $dir;
	}
	chmod 0700, $dir;
	$clusters{ $self->{number} } = $self;
	return $self;
}

sub new
{
	my ($class, %option) = @_;
	my $self = $class->_place(%option);

	$self->_run(_bin('initdb'), '-A', 'trust', '-U', 'postgres', '--encoding=UTF8', '--locale=C.UTF-8',
		'--no-sync', @{ $option{initdb} // [] }, '-D', $self->{data});
	$self->configure;
	return $self;
}

# How a server finds the stage: the two forms of docker/cluster.sh, which wrote one of them.
sub _stage_settings
{
	return grep { /^(?:extension_destdir|extension_control_path|dynamic_library_path) = / }
		split /\n/, _slurp("$ENV{MJC_TEST_HOME}/data/mjchauffage.conf");
}

# Settings for the next start, in place of those of before.
sub configure
{
	my ($self, %settings) = @_;
	my %all = (
		max_connections => 120, shared_buffers => '64MB', max_wal_size => '1GB', jit => 'off',
		timezone => q('UTC'), log_timezone => q('UTC'), log_line_prefix => q('%m [%p] '),
		autovacuum_naptime => '5s', wal_retrieve_retry_interval => '200ms', max_prepared_transactions => 10, max_wal_senders => 5, wal_keep_size => '256MB',
		log_min_messages => 'warning', log_min_error_statement => 'panic', %{ $self->{settings} = { %{ $self->{settings} }, %settings } });
	my $conf = "$self->{data}/test.conf";

	open my $out, '>', $conf or die "$conf: $!";
	print $out "$_\n" for _stage_settings();
	print $out "listen_addresses = ''\nunix_socket_directories = '$self->{dir}'\n";
	print $out "$_ = $all{$_}\n" for sort keys %all;
	close $out;
	chmod 0644, $conf;
	my $main = "$self->{data}/postgresql.conf";
	return if _slurp($main) =~ /^include 'test.conf'/m;
	open $out, '>>', $main or die "$main: $!";
	print $out "include 'test.conf'\n";
	close $out;
	return;
}

# Settings that a running server takes over at once.
sub set
{
	my ($self, %settings) = @_;

	$self->configure(%settings);
	kill 'HUP', $self->{pid};
	for my $name (keys %settings)
	{
		my $wanted = $settings{$name} =~ s/^'(.*)'$/$1/r;

		await(10, sub { $self->sql("SHOW $name", database => 'postgres') eq $wanted }) or die "$name stays";
	}
	return;
}

# A library that the server's user can read; undef when it is not built.
sub preload_copy
{
	my ($self, $name) = @_;
	my ($from) = grep { -e } map { "$REPO/.build$_/$name" } ($ENV{MJC_VARIANT} ? "/$ENV{MJC_VARIANT}" : ()), '';
	my $to = "$self->{dir}/" . ($name =~ s{.*/}{}r);

	return unless $from;
	copy($from, $to) or die "$to: $!";
	chmod 0755, $to;
	return $to;
}

#------------------------------------------------------------------ start and end

# start(preload => file, env => {VAR => value}): returns when it takes queries, or dies.
sub start
{
	my ($self, %option) = @_;
	my %env = map { split /=/, $_, 2 } grep { /=/ } split ' ', $ENV{MJC_SERVER_ENV} // '';

	$env{LD_PRELOAD} = join ':', grep { defined } $env{LD_PRELOAD}, $option{preload} if $option{preload};
	%env = (%env, %{ $option{env} // {} });
	$self->{pid} = fork // die;
	if (!$self->{pid})
	{
		chdir '/';
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', $self->{log};
		open STDERR, '>&', \*STDOUT;
		exec _as_server(), 'env', (map { "$_=$env{$_}" } sort keys %env), _bin('postgres'), '-D', $self->{data}
			or POSIX::_exit(127);
	}
	await(120, sub { $self->_ended || $self->_ready }) && $self->{pid} && return $self;
	die 'PostgreSQL does not start: ' . join "\n", (split /\n/, _slurp($self->{log}))[ -5 .. -1 ];
}

sub _ready
{
	my ($self) = @_;

	return system(_bin('pg_isready') . " -q -t 1 -U postgres -d postgres -h '$self->{dir}'") == 0;
}

# True once the postmaster is no more.
sub _ended
{
	my ($self) = @_;

	return 1 if !$self->{pid};
	return 0 if waitpid($self->{pid}, WNOHANG) != $self->{pid};
	delete $self->{pid};
	return 1;
}

# The processes of this server that are children of the postmaster now; quick.
sub _children
{
	my ($self) = @_;
	my $file = "/proc/$self->{pid}/task/$self->{pid}/children";

	return -e $file ? split(' ', _slurp($file)) : children($self->{pid});
}

# Every process that works in the data folder, by whatever parent.
sub _left
{
	my ($self) = @_;

	return grep { (readlink("/proc/$_/cwd") // '') eq $self->{data} } map { m{(\d+)} } glob '/proc/[0-9]*';
}

# kill -9 of every process of the server at once: nothing that is in its memory alone
# gets out any more. Returns when all are gone.
sub kill_all
{
	my ($self) = @_;

	kill 'KILL', $self->{pid}, $self->_children;
	return $self->_await_gone;
}

# kill -9 of the postmaster alone: the others find out and leave.
sub kill_postmaster
{
	my ($self) = @_;

	kill 'KILL', $self->{pid};
	return $self->_await_gone(15);
}

# Whoever is still there after the patience is killed.
sub _await_gone
{
	my ($self, $patience) = @_;

	await(10, sub { $self->_ended });
	await($patience, sub { !$self->_left }) if $patience;
	await(20, sub { my @left = $self->_left or return 1; kill 'KILL', @left; return 0 })
		or die 'processes of a killed server stay';
	return;
}

sub stop
{
	my ($self) = @_;

	return if !$self->{pid};
	kill 'CONT', $self->_children;
	kill 'INT', $self->{pid};
	await(60, sub { $self->_ended }) or $self->kill_all;
	return;
}

#------------------------------------------------------------------ asking

sub dsn
{
	my ($self, %option) = @_;
	my $socket = $self->{dir} =~ s{/}{%2F}gr;

	return sprintf 'postgresql://%s@/%s?host=%s', $option{user} // 'postgres', $option{database} // 'shop', $socket;
}

# What statements print; an error is the end of the test.
sub sql
{
	my ($self, $text, %option) = @_;
	my ($status, $said) = psql_run($self->dsn(%option), "$text\n;\n");

	die "$text: $said" if $status;
	return $said;
}

# The SQLSTATE with which a statement is refused, '' when it is not.
sub refusal
{
	my ($self, $text, %option) = @_;

	return psql_state($self->dsn(%option), "$text\n;\n");
}

sub session
{
	my ($self, %option) = @_;

	return Session->new($self->dsn(%option));
}

# The pid of a child of the postmaster by what its title says.
sub process
{
	my ($self, $title) = @_;
	my ($pid) = grep { _slurp("/proc/$_/cmdline") =~ /\Q$title\E/ } $self->_children;

	return $pid;
}

sub log_text { return _slurp($_[0]{log}) }

#------------------------------------------------------------------ a shop

# The database `shop` with the extension, its tables, places to deliver to, the logins
# `mjc_web` (as the shim) and `staff`. Limits of guests are out of the way.
sub install
{
	my ($self) = @_;

	$self->sql('CREATE DATABASE shop', database => 'postgres');
	$self->sql(<<~'SQL');
		SET client_min_messages = warning;
		CREATE SCHEMA mjc_ext;
		CREATE EXTENSION btree_gist SCHEMA mjc_ext;
		CREATE EXTENSION pg_trgm SCHEMA mjc_ext;
		CREATE EXTENSION unaccent SCHEMA mjc_ext;
		CREATE EXTENSION mjchauffage;
		SELECT mjc.install();
		CREATE ROLE mjc_web LOGIN IN ROLE mjc_shim;
		CREATE ROLE staff LOGIN IN ROLE mjc_admin;
		SELECT mjc.staff_create('staff', 'Staff');
		INSERT INTO mjc.wilaya (code, name, name_ar, delivery_days) VALUES ('16', 'Alger', 'الجزائر', 3);
		INSERT INTO mjc.shipping_tariff (tariff_id, place_code, delivery_mode, amount_centimes, validity)
		VALUES ('00000000-0000-4000-a000-000000000099', '16', 'home', 70000, '[1900-01-01,)');
		INSERT INTO mjc.category (category_id, slug, name) VALUES ('00000000-0000-4000-b000-000000000001', 'test', 'Test');
		UPDATE mjc.setting SET integer_value = 100000 WHERE name = 'guest_open_orders_max';
		UPDATE mjc.setting SET integer_value = 50000 WHERE name = 'guest_order_units_max';
		SQL
	return $self;
}

# A product with that many units; its id.
sub product
{
	my ($self, $units) = @_;
	my $n = ++$self->{products};
	my $id = $self->sql(<<~"SQL");
		INSERT INTO mjc.product (product_id, slug, sku, category_id, name, price_centimes, cost_centimes)
		VALUES (gen_random_uuid(), 'test-$n', 'TEST-$n', '00000000-0000-4000-b000-000000000001', 'Part $n', 100000, 60000)
		RETURNING product_id
		SQL

	$self->sql("SELECT mjc.stock_receive('$id', $units)") if $units;
	return $id;
}

# Broken promises, as text; nothing is as it should be.
sub broken { return $_[0]->sql('SELECT * FROM mjc.check_invariants()') }

#------------------------------------------------------------------ standby

# A standby of this server, made and started; it is called by that name in
# synchronous_standby_names.
sub standby
{
	my ($self, $name, %option) = @_;
	my $standby = ref($self)->_place(settings => $self->{settings});

	$self->_copy_to($standby);
	$standby->configure(
		primary_conninfo => "'host=$self->{dir} user=postgres application_name=$name'",
		hot_standby => 'on', synchronous_standby_names => q(''), %option);
	open my $out, '>', "$standby->{data}/standby.signal" or die;
	close $out;
	$standby->start;
	return $standby;
}

sub _copy_to
{
	my ($self, $other) = @_;

	$other->_run(_bin('pg_basebackup'), '-h', $self->{dir}, '-U', 'postgres', '-D', $other->{data},
		'-c', 'fast', '--no-sync', '-X', 'stream');
	return;
}

# Ends the recovery of a standby; returns when it takes writes.
sub promote
{
	my ($self) = @_;

	$self->sql('SELECT pg_promote(true, 60)', database => 'postgres');
	await(60, sub { $self->sql('SELECT pg_is_in_recovery()', database => 'postgres') eq 'f' })
		or die 'a standby is not promoted';
	return;
}

# At the end no server stays, nor its folder.
sub remove
{
	my ($self) = @_;

	delete $clusters{ $self->{number} };
	return if !$self->{pid};
	kill 'CONT', $self->_children;
	$self->kill_all;
	return;
}

END
{
	if ($$ == $owner)
	{
		local $?;

		$_->remove for values %clusters;
	}
}

1;

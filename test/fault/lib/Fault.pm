package Fault;

# Fault.pm - what the fault tests share beside Shop.pm: processes and their children,
# shops of their own under docker/shop.sh run, databases of their own, and a picture
# of a database's catalogue that two can be compared by.

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use Fcntl qw(:mode);
use File::Basename qw(dirname);
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use IPC::Open3;
use POSIX qw(:sys_wait_h);
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw($REPO
	await within children descendants process_of still_there
	free_port start_run ready_run stop_run run_output run_command command_line_only make_dir
	psql_run psql_state dsn_with database_from drop_databases catalogue same_lines row_hashes);

our $REPO = abs_path(dirname(__FILE__) . '/../../..');

my $owner = $$;
my (%runs, @dirs, @databases);

# A test that is stopped clears up too.
$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);

#------------------------------------------------------------------ time

# True as soon as the condition holds; false after that many seconds.
sub await
{
	my ($seconds, $condition) = @_;
	my $deadline = time + $seconds;

	while (1)
	{
		return 1 if $condition->();
		return 0 if time >= $deadline;
		sleep 0.02;
	}
}

# Seconds until the condition held; undef when it did not in time.
sub within
{
	my ($seconds, $condition) = @_;
	my $start = time;

	return await($seconds, $condition) ? time - $start : undef;
}

#------------------------------------------------------------------ processes

# All processes: pid => {parent, session, start}.
sub processes
{
	my %found;

	for my $file (glob '/proc/[0-9]*/stat')
	{
		open my $in, '<', $file or next;
		my $line = readline($in) // next;
		my ($pid, $rest) = $line =~ /^(\d+) \(.*\) (.*)$/s or next;
		my @field = split ' ', $rest;

		$found{$pid} = { state => $field[0], parent => $field[1], session => $field[3], start => $field[19] };
	}
	return %found;
}

sub children
{
	my ($pid) = @_;
	my %all = processes();

	return sort { $a <=> $b } grep { $all{$_}{parent} == $pid } keys %all;
}

# A process and everything below it, each with the time of its start: pid => start.
sub descendants
{
	my ($pid) = @_;
	my %all = processes();
	my @todo = grep { $all{$_} } $pid;
	my %found;

	while (defined(my $one = shift @todo))
	{
		next if exists $found{$one};
		$found{$one} = $all{$one}{start};
		# A session that it leads counts too: its members may have lost their parent.
		push @todo, grep { $all{$_}{parent} == $one || $all{$_}{session} == $one } keys %all;
	}
	return %found;
}

# Which of these processes (pid => start) still run; one that nobody collected yet does not.
sub still_there
{
	my (%before) = @_;
	my %all = processes();

	return sort { $a <=> $b }
		grep { $all{$_} && $all{$_}{start} == $before{$_} && $all{$_}{state} ne 'Z' } keys %before;
}

# The child of a process that runs a program of that name.
sub process_of
{
	my ($parent, $program) = @_;

	for my $pid (children($parent))
	{
		my $exe = readlink("/proc/$pid/exe") // next;

		return $pid if $exe =~ m{/\Q$program\E(?: \(deleted\))?$};
	}
	return;
}

#------------------------------------------------------------------ shops by docker/shop.sh

# A port that nobody listens on.
sub free_port
{
	for my $port (43210 .. 43299)
	{
		my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 1, ReuseAddr => 1)
			or next;
		close $listen;
		return $port;
	}
	die 'no free port in 43210-43299';
}

# A folder that the users of PostgreSQL and the shim can enter; gone at the end.
sub make_dir
{
	my $dir = tempdir('/tmp/mjcfault.XXXXXX');

	chmod 0755, $dir;
	push @dirs, $dir;
	return $dir;
}

# The environment of a command on a shop at home: nothing of the tests' own shop.
sub environment
{
	my (%own) = @_;
	my %env = map { $_ => $ENV{$_} } grep { !/^MJC_|^PG/ } keys %ENV;

	$env{MJC_PG_CONFIG} = $ENV{MJC_TEST_PG_CONFIG} // 'pg_config';
	$env{MJC_VARIANT} = $ENV{MJC_VARIANT} if $ENV{MJC_VARIANT};
	return (%env, %own);
}

# start_run(MJC_HOME => ..., MJC_PORT => ...): the supervisor, in a session of its own.
sub start_run
{
	my (%env) = @_;
	my %run = (out => make_dir() . '/out', home => $env{MJC_HOME}, port => $env{MJC_PORT}, started => time);

	$run{pid} = fork // die;
	if (!$run{pid})
	{
		%ENV = environment(%env);
		POSIX::setsid();
		# a shell that runs the tests in the background has them ignore SIGINT
		$SIG{INT} = 'DEFAULT';
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', $run{out};
		open STDERR, '>&', \*STDOUT;
		chdir $REPO;
		exec 'setpriv', '--pdeathsig', 'TERM', '--', 'docker/shop.sh', 'run' or POSIX::_exit(127);
	}
	$runs{ $run{pid} } = \%run;
	return \%run;
}

sub run_output
{
	my ($run) = @_;

	open my $in, '<', $run->{out} or return '';
	local $/;
	return readline($in) // '';
}

# Seconds from its start until the ready line; undef when it ended or took too long.
sub ready_run
{
	my ($run, $seconds) = @_;

	await($seconds, sub { run_output($run) =~ /^ready: /m || ended($run) });
	return run_output($run) =~ /^ready: /m ? time - $run->{started} : undef;
}

sub ended
{
	my ($run) = @_;

	return 1 if defined $run->{status};
	return 0 if waitpid($run->{pid}, WNOHANG) != $run->{pid};
	$run->{status} = $?;
	delete $runs{ $run->{pid} };
	return 1;
}

# Sends a signal (none for undef) and waits for the end; the wait status, undef when it stays.
sub stop_run
{
	my ($run, $signal, $seconds) = @_;

	kill $signal, $run->{pid} if defined $signal && !ended($run);
	await($seconds // 60, sub { ended($run) });
	return $run->{status};
}

# run_command({env}, command...): status, output and errors together; at most 120 s.
sub run_command
{
	my ($env, @command) = @_;
	my $out = make_dir() . '/out';
	my $pid = fork // die;

	if (!$pid)
	{
		%ENV = environment(%$env);
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', $out;
		open STDERR, '>&', \*STDOUT;
		chdir $REPO;
		exec 'timeout', '-k', '5', '120', @command or POSIX::_exit(127);
	}
	waitpid($pid, 0);
	my $status = $?;
	open my $in, '<', $out or die "$out: $!";
	local $/;
	return ($status >> 8, readline($in) // '');
}

# A start that must be refused: not 0, one line, and the line says why.
sub command_line_only
{
	my ($env, $why, $name) = @_;
	my ($status, $output) = run_command($env, 'docker/shop.sh', 'run');
	my @lines = split /\n/, $output;

	return ok($status != 0 && @lines == 1 && $lines[0] =~ $why, $name) || diag("status $status\n$output");
}

#------------------------------------------------------------------ databases

# psql with these arguments and text on standard input: status and output with errors.
sub psql_run
{
	my ($dsn, $text, @arguments) = @_;
	my $psql = ($ENV{MJC_TEST_PG_BIN} ? "$ENV{MJC_TEST_PG_BIN}/" : '') . 'psql';
	local $ENV{PGOPTIONS} = '-c client_min_messages=warning';
	my $pid = open3(my $in, my $out, undef, $psql, '-XqAt', '-v', 'ON_ERROR_STOP=1', @arguments, '-d', $dsn);

	print $in $text;
	close $in;
	my $result = do { local $/; readline $out } // '';
	waitpid($pid, 0);
	chomp $result;
	return ($? >> 8, $result);
}

# The SQLSTATE with which a statement is refused; '' when it is not.
sub psql_state
{
	my ($dsn, $text) = @_;
	my ($status, $result) = psql_run($dsn, $text, '-v', 'VERBOSITY=verbose');

	return '' if $status == 0;
	return $result =~ /(?:ERROR|FATAL):\s+(\w{5}):/ ? $1 : $result;
}

# The same connection to another database.
sub dsn_with
{
	my ($dsn, $database) = @_;

	return $dsn =~ s{^(\w+://[^/]*/)\w+}{$1$database}r;
}

# A new database made from a template (template1, the clean one, ...): its DSN as superuser.
sub database_from
{
	my ($name, $template) = @_;
	my ($status, $said) = psql_run($ENV{MJC_TEST_DSN},
		"DROP DATABASE IF EXISTS $name WITH (FORCE);\nCREATE DATABASE $name TEMPLATE $template;\n");

	die "database $name: $said" if $status;
	push @databases, $name;
	return dsn_with($ENV{MJC_TEST_DSN}, $name);
}

sub drop_databases
{
	psql_run($ENV{MJC_TEST_DSN}, join '', map { "DROP DATABASE IF EXISTS $_ WITH (FORCE);\n" } splice @databases);
	return;
}

my %SCHEMAS = (
	tables => q{'mjc'},
	all => q{'mjc', 'mjc_api', 'mjc_report'},
);

# One line for everything the catalogue holds about the schemas of the shop. Of what
# => 'tables' only what must outlive the extension.
sub catalogue
{
	my ($dsn, $what) = @_;
	my $schemas = $SCHEMAS{ $what // 'all' };
	my $kinds = ($what // 'all') eq 'tables' ? q{'r', 'p', 'S'} : q{'r', 'p', 'S', 'v', 'm'};
	my $text = <<~"SQL";
		SET search_path = pg_catalog;
		CREATE TEMP VIEW relation AS
		    SELECT c.*, format('%I.%I', n.nspname, c.relname) AS name
		      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		     WHERE n.nspname IN ($schemas) AND c.relkind IN ($kinds);
		SELECT regexp_replace(line, '[[:space:]]+', ' ', 'g') FROM (
		    SELECT format('relation %s %s owner %s options %s', r.name, r.relkind, r.relowner::regrole, r.reloptions) FROM relation r
		    UNION ALL
		    SELECT format('column %s.%I %s null %s default %s generated %s collation %s', r.name, a.attname,
		                  format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
		                  pg_get_expr(d.adbin, d.adrelid), a.attgenerated, a.attcollation::regcollation)
		      FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
		      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
		    UNION ALL
		    SELECT format('constraint %s.%I %s valid %s', r.name, k.conname, pg_get_constraintdef(k.oid), k.convalidated)
		      FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid
		    UNION ALL
		    SELECT format('index %s valid %s', pg_get_indexdef(i.indexrelid), i.indisvalid AND i.indisready)
		      FROM relation r JOIN pg_index i ON i.indrelid = r.oid
		    UNION ALL
		    SELECT format('trigger %s %s', r.name, pg_get_triggerdef(t.oid))
		      FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
		    UNION ALL
		    SELECT format('sequence %s %s %s %s %s %s %s', r.name, s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmax, s.seqcache, s.seqcycle)
		      FROM relation r JOIN pg_sequence s ON s.seqrelid = r.oid
		    UNION ALL
		    SELECT format('view %s %s', r.name, pg_get_viewdef(r.oid)) FROM relation r WHERE r.relkind IN ('v', 'm')
		    UNION ALL
		    SELECT format('grant %s on %s to %s', g.privilege_type, r.name, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END)
		      FROM relation r, aclexplode(coalesce(r.relacl, acldefault(CASE r.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", r.relowner))) g
		    UNION ALL
		    SELECT format('comment on %s %s: %s', r.name, (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attnum = d.objsubid AND d.objsubid > 0), d.description)
		      FROM relation r JOIN pg_description d ON d.objoid = r.oid AND d.classoid = 'pg_class'::regclass
		    UNION ALL
		    SELECT format('grant %s on schema %s to %s', g.privilege_type, n.nspname, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END)
		      FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) g WHERE n.nspname IN ($schemas)
		    UNION ALL
		    SELECT format('schema %s owner %s %s', n.nspname, n.nspowner::regrole, obj_description(n.oid, 'pg_namespace'))
		      FROM pg_namespace n WHERE n.nspname IN ($schemas)
		    UNION ALL
		    SELECT format('function %s returns %s owner %s %s%s%s%s definer %s set %s source %s comment %s', p.oid::regprocedure,
		                  pg_get_function_result(p.oid), p.proowner::regrole, p.provolatile, p.proisstrict, p.proparallel, p.prorows,
		                  p.prosecdef, p.proconfig, md5(p.prosrc), obj_description(p.oid, 'pg_proc'))
		      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ($schemas) AND @{[ ($what // '') eq 'tables' ? 'false' : 'true' ]}
		    UNION ALL
		    SELECT format('grant %s on %s to %s', g.privilege_type, p.oid::regprocedure, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END)
		      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
		     WHERE n.nspname IN ($schemas) AND @{[ ($what // '') eq 'tables' ? 'false' : 'true' ]}
		    UNION ALL
		    SELECT format('member %s', pg_describe_object(d.classid, d.objid, 0))
		      FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
		     WHERE d.deptype = 'e' AND e.extname = 'mjchauffage' AND @{[ ($what // '') eq 'tables' ? 'false' : 'true' ]}
		) AS x (line) ORDER BY line COLLATE "C";
		SQL
	my ($status, $lines) = psql_run($dsn, $text);

	die "catalogue: $lines" if $status;
	return $lines;
}

# Two catalogues are the same; the first lines that differ are shown.
sub same_lines
{
	my ($got, $expected, $what) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my %got = map { $_ => 1 } split /\n/, $got;
	my %expected = map { $_ => 1 } split /\n/, $expected;
	my @differ = (
		(map { "missing: $_" } grep { !$got{$_} } sort keys %expected),
		(map { "too much: $_" } grep { !$expected{$_} } sort keys %got));

	return 1 if ok($got eq $expected, $what);
	diag(@differ . ' lines differ');
	diag(length > 200 ? substr($_, 0, 200) . '...' : $_) for @differ[ 0 .. ($#differ < 15 ? $#differ : 15) ];
	return 0;
}

# Table => "rows hash" of every table of schema mjc.
sub row_hashes
{
	my ($dsn) = @_;
	my ($status, $lines) = psql_run($dsn, <<~'SQL');
		SELECT c.relname || '=' || (xpath('/row/h/text()', query_to_xml(
		           format('SELECT count(*) || '' '' || coalesce(md5(string_agg(t::text, E''\n'' ORDER BY t::text COLLATE "C")), '''') AS h FROM mjc.%I t', c.relname),
		           false, true, '')))[1]
		  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		 WHERE n.nspname = 'mjc' AND c.relkind IN ('r', 'p') ORDER BY 1;
		SQL

	die "rows: $lines" if $status;
	return map { split /=/, $_, 2 } split /\n/, $lines;
}

#------------------------------------------------------------------ the end

sub mounts
{
	open my $in, '<', '/proc/mounts' or return;
	return readline $in;
}

END
{
	if ($$ == $owner)
	{
		local $?;

		drop_databases() if @databases;
		for my $run (values %runs)
		{
			stop_run($run, 'TERM', 60) // stop_run($run, 'KILL', 10);
		}
		for my $dir (grep { -d } @dirs)
		{
			system 'umount', $dir if grep { (split ' ')[1] eq $dir } mounts();
			remove_tree($dir);
		}
	}
}

1;

#!/usr/bin/perl
#
# sqlsmith.t - random SQL as an analyst and as the shim, both at once: the server stands, not
# a row is changed, every promise is kept.
#
# environment: SQLSMITH_SECONDS (900) for the two of them, SQLSMITH_SEED

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../http/lib";
use File::Temp qw(tempdir);
use Shop;
use Test::More;

my $seconds = $ENV{SQLSMITH_SECONDS} // 900;
my $seed = $ENV{SQLSMITH_SEED} // int rand 1_000_000;
my $database = 'smith';
my %login = (analyst => 'MJC_TEST_ANALYST_DSN', shim => 'MJC_TEST_SHIM_DSN');
my $server_log = "$ENV{MJC_TEST_HOME}/log/postgresql.log";
my $dir = tempdir(CLEANUP => 1);

plan(skip_all => 'sqlsmith is not here: make test-attack installs it')
	if !grep { -x "$_/sqlsmith" } split /:/, $ENV{PATH};

sub to_smith { return $_[0] =~ s{^(postgresql://[^/]*)/\w+}{$1/$database}r }

sub smith_sql { local $ENV{MJC_TEST_DSN} = to_smith($ENV{MJC_TEST_DSN}); return sql(@_) }

# A database of its own, so that no job of the shim changes a row: a catalogue, orders, persons.
sub make_database
{
	my $made = system("$ENV{MJC_TEST_PG_BIN}/createdb", '--maintenance-db', $ENV{MJC_TEST_DSN}, '-T',
		$ENV{MJC_TEST_TEMPLATE}, $database);

	BAIL_OUT('no database for sqlsmith') if $made;
	smith_sql(<<~'SQL');
		SELECT count(mjc_api.order_place_guest(request_id => 'smith', idempotency_key => NULL,
		           product_ids => ARRAY[p.product_id], quantities => '{1}', first_name => 'Amina',
		           last_name => 'Benali', phone => '05' || to_char(10000000 + p.n, 'FM00000000'),
		           email => NULL, profession => NULL, street => '12 rue Didouche Mourad', city => 'Alger',
		           postal_code => '16000', region => '16', country => NULL, note => NULL))
		FROM (SELECT s.product_id, row_number() OVER () AS n
		        FROM mjc.stock_ledger s GROUP BY s.product_id HAVING max(s.on_hand) > 5 LIMIT 20) p
		SQL
	return;
}

# Every row of every table of ours, and what the catalogs say of roles, functions and relations.
sub fingerprint
{
	my @tables = split /\n/, smith_sql(<<~'SQL');
		SELECT format('SELECT %L, count(*), md5(string_agg(t::text, E''\n'' ORDER BY t::text)) FROM %s t',
		              c.oid::regclass, c.oid::regclass)
		  FROM pg_class c
		 WHERE c.relnamespace = 'mjc'::regnamespace AND c.relkind IN ('r', 'p')
		SQL

	push @tables, map { "SELECT '$_->[0]', count(*), md5(string_agg(t::text, ';' ORDER BY t::text)) FROM ($_->[1]) t" } (
		[ relations => q{SELECT oid, relname, relacl, relowner, relfilenode FROM pg_class
			WHERE relnamespace::regnamespace::text !~ '^pg_t'} ],
		[ functions => 'SELECT oid, proname, proacl, prosrc, proconfig FROM pg_proc' ],
		[ roles => 'SELECT oid, * FROM pg_roles' ],
		[ members => 'SELECT * FROM pg_auth_members' ],
		[ settings => 'SELECT * FROM pg_db_role_setting' ],
		[ objects => 'SELECT * FROM pg_largeobject_metadata' ]);
	return smith_sql(join(' UNION ALL ', @tables) . ' ORDER BY 1');
}

sub postmaster { return (split /\n/, slurp("$ENV{MJC_TEST_HOME}/data/postmaster.pid"))[0] }

# One sqlsmith for the time; what it says of its work goes to a file.
sub start_smith
{
	my $who = shift;
	my $pid = fork // die;

	return $pid if $pid;
	$ENV{PGOPTIONS} = '-c statement_timeout=1s -c lock_timeout=1s -c client_min_messages=error';
	open(STDIN, '<', '/dev/null');
	open(STDOUT, '>', "$dir/$who.out");
	open(STDERR, '>', "$dir/$who.err");
	exec('setpriv', '--pdeathsig', 'KILL', 'nice', 'timeout', '-s', 'INT', '-k', '10', $seconds, 'sqlsmith',
		'--target=' . to_smith($ENV{ $login{$who} }), "--seed=$seed", '--verbose')
		or POSIX::_exit(127);
}

# "queries: 123 (...)" of the last line of progress.
sub queries { my @counts = slurp("$dir/$_[0].err") =~ /queries:\s*(\d+)/g; return $counts[-1] // 0 }

make_database();
my $orders = smith_sql('SELECT count(*) FROM mjc.customer_order');
cmp_ok($orders, '>', 0, 'there is something to change');
my $before = fingerprint();
like($before, qr/^mjc\.customer_order\|$orders\|/m, 'and a change would be seen');
my $server = postmaster();
my $log_begin = -s $server_log // 0;

diag("sqlsmith for $seconds s, seed $seed");
my %pid = map { $_ => start_smith($_) } sort keys %login;
waitpid($_, 0) for values %pid;

for my $who (sort keys %login)
{
	my $queries = queries($who);

	cmp_ok($queries, '>', $seconds / 10, "$who: $queries queries were tried")
		|| diag(substr(slurp("$dir/$who.err"), -2000));
}
is(postmaster(), $server, 'the server is the same');
my $said = substr(slurp($server_log), $log_begin);
my @crashes = grep { /terminated by signal|PANIC:|server process .* exited with|Sanitizer|runtime error:/ } split /\n/, $said;
is_deeply(\@crashes, [], 'no process of it ended badly');
my @inner = grep { /ERROR: .*(?:cache lookup failed|unrecognized node|could not find (?:pathkey|attribute))|XX000/ } split /\n/, $said;
is_deeply(\@inner, [], 'nothing of ours met an internal error');
is(fingerprint(), $before, 'not a row, right or role is another');
is(smith_sql('SELECT * FROM mjc.check_invariants()'), '', 'no broken promise there');
finish();

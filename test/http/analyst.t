#!/usr/bin/perl
#
# analyst.t - the job that keeps analysts within mjc.analyst_max, whatever they set for themselves:
# a statement and a fast-path call are cancelled, a session that takes no cancel is ended.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use IPC::Open3;
use Shop;
use Test::More;
use Time::HiRes qw(sleep time);

my $analyst = $ENV{MJC_TEST_ANALYST_DSN};

# A psql that works alone; its answer is read by answer().
sub begin
{
	my ($dsn, $text) = @_;
	my $pid = open3(my $in, my $out, undef, "$ENV{MJC_TEST_PG_BIN}/psql", '-XqAt', '-v', 'VERBOSITY=sqlstate', '-d', $dsn);

	print $in "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;\n$text\n";
	close $in;
	return { out => $out, pid => $pid };
}

sub answer
{
	my $psql = shift;
	my $said = do { local $/; readline $psql->{out} } // '';

	waitpid($psql->{pid}, 0);
	return $said =~ s/\s+/ /gr =~ s/ $//r;
}

# Until what an analyst runs is so many seconds old.
sub await_age
{
	my $seconds = shift;

	return wait_for(sub { sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'analyst' AND state <> 'idle in transaction' AND query_start < clock_timestamp() - interval '$seconds s'") > 0 }, 15);
}

# How many the job meets when nobody may run longer than that.
sub limited { return sql("SET mjc.analyst_max = $_[0]; SELECT mjc.analyst_limit()") }

# Sessions of this login in that state that begin with these words.
sub seen
{
	my ($login, $state, $query) = @_;

	return sql(<<~'SQL', login => $login, state => $state, query => $query);
		SELECT count(*) FROM pg_stat_activity
		 WHERE usename = :'login' AND state = :'state' AND datname = current_database() AND starts_with(query, :'query')
		SQL
}

sub await_seen
{
	my @what = @_;

	return ok(wait_for(sub { seen(@what) == 1 }, 5), "$what[0] is there, $what[1]: $what[2]");
}

my ($large, $idle) = do
{
	local $ENV{MJC_TEST_DSN} = $analyst;
	(sql('SELECT lo_create(0)'), hold('SET idle_in_transaction_session_timeout = 0; DECLARE c CURSOR FOR SELECT reference FROM mjc_report.customer_order'));
};
my $idle_since = time;

#------------------------------------------------------------------ a statement

my $staff = begin($ENV{MJC_TEST_STAFF_DSN}, 'SELECT pg_sleep(100);');
my $statement = begin($analyst, "SELECT pg_sleep(60);\nSELECT 'goes on';");
await_seen('staff', 'active', 'SELECT pg_sleep');
await_seen('analyst', 'active', 'SELECT pg_sleep');
await_age(1.1);
is(limited(0), '0', 'no limit: nobody is met');
is(limited(60), '0', 'below the limit: nobody is met');
is(limited(1), '1', 'beyond it: one');
is(answer($statement), 'ERROR: 57014 goes on', 'the statement is cancelled, the session goes on');
is(seen('staff', 'active', 'SELECT pg_sleep'), '1', 'staff are not limited');
is(seen('analyst', 'idle in transaction', 'SELECT'), '1', 'who idles in a transaction has ten times as long');

#------------------------------------------------------------------ a call that is no statement

my $held = hold("DO 'BEGIN PERFORM lo_unlink($large); END'");
my $call = begin($analyst, "\\lo_unlink $large\nSELECT 'goes on';");
await_seen('analyst', 'fastpath function call', '');
await_age(1.1);
is(limited(1), '1', 'a fast-path call that waits for a lock');
like(answer($call), qr/ goes on$/, 'is cancelled');
release($held);

#------------------------------------------------------------------ who takes no cancel

my $stubborn = begin($analyst, <<~'SQL');
	DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$;
	SELECT 'goes on';
	SQL
await_seen('analyst', 'active', 'DO $$');
await_age(2.1);
is(limited(2), '1', 'a block that catches its cancel is cancelled');
is(seen('analyst', 'active', 'DO $$'), '1', 'and runs on');
await_age(4.1);
is(limited(2), '1', 'after twice the time');
ok(wait_for(sub { seen('analyst', 'active', 'DO $$') == 0 }, 5), 'its session is ended');
unlike(answer($stubborn), qr/goes on/, 'and so it stays');

#------------------------------------------------------------------ who keeps a snapshot

sleep $idle_since + 10.3 - time if time < $idle_since + 10.3;
is(limited(1), '1', 'ten times the limit idle in a transaction');
ok(wait_for(sub { seen('analyst', 'idle in transaction', 'SELECT') == 0 }, 5), 'the session is ended');
release($idle);
is(seen('staff', 'active', 'SELECT pg_sleep'), '1', 'staff are still there');
sql(q{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'staff' AND query LIKE 'SELECT pg_sleep(100)%'});
answer($staff);

finish();

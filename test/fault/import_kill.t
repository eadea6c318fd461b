# import_kill.t - a file of 6 000 products is imported while the backend at work, a psql that calls for
# the work and the whole server are killed (kill -9). Afterwards every line counted once.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../http/lib";
use Fault;
use POSIX ();
use Shop;
use Test::More;
use Time::HiRes qw(sleep time);

use constant LINES => 6000;

plan skip_all => 'the tests\' shop has no supervisor here' unless -e "$ENV{MJC_TEST_HOME}/lock";

my $run = sprintf 'IK%x%x', time, $$;
my $category = sql('SELECT slug FROM mjc.category WHERE category_id = :\'id\'', id => test_category());
my $csv = join '', "sku,name,category,price,manufacturer\n", map { "$run-$_,Essai $_,$category," . ($_ % 50 ? $_ : 'x') . ",$run " . $_ % 7 . "\n" } 1 .. LINES;
my $kills = 0;
my $id;

# Statements again until the server takes them.
sub patient
{
	my ($text, %vars) = @_;
	my $result;

	wait_for(sub { $result = eval { sql($text, %vars) }; defined $result }, 60) or die "no answer to $text";
	return $result;
}

sub work_pids
{
	return grep { /^\d+$/ } split /\n/, patient("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state = 'active' AND query ~ '(mjc_api.housekeep|mjc.import_run)' AND query_start < clock_timestamp() - interval '20 ms'");
}

$id = sql("SELECT mjc.import_begin('products')");
sql("SELECT mjc.import_add('$id', 1, decode('" . unpack('H*', $csv) . "', 'hex'))");
sql("SELECT mjc.catalogue_import('$id')");
for my $round (1 .. 3)
{
	my $caller = fork // die;

	if (!$caller)
	{
		eval { sql("CALL mjc.import_run('$id')") };
		POSIX::_exit(0);
	}
	sleep 0.2 + rand 0.3;
	if (my ($pid) = work_pids())
	{
		# A backend that is killed takes the server with it: all of it recovers.
		$kills += kill 'KILL', $pid;
	}
	waitpid $caller, 0;
	last if patient("SELECT state FROM mjc.import WHERE import_id = '$id'") ne 'running';
}
cmp_ok($kills, '>', 0, "$kills times the server was killed while it worked");
ok(wait_for(sub { (eval { sql("SELECT state FROM mjc.import WHERE import_id = '$id'") } // '') eq 'done' }, 120), 'the shop goes on by itself to the end');
is(patient("SELECT concat_ws(' ', lines, done, created, changed, bad) FROM mjc.import WHERE import_id = '$id'"), join(' ', LINES, LINES, LINES - LINES / 50, 0, LINES / 50), 'every line counted once');
my $sum = 0;
$sum += 100 * $_ for grep { $_ % 50 } 1 .. LINES;
is(patient("SELECT count(*) || ' ' || count(DISTINCT sku) || ' ' || count(DISTINCT slug) || ' ' || sum(price_centimes) || ' ' || count(DISTINCT manufacturer_id) FROM mjc.product WHERE sku LIKE '$run-%'"),
	join(' ', (LINES - LINES / 50) x 3, $sum, 7), 'and the products are those of the file');
is(patient("SELECT count(*) FROM mjc.import_error WHERE import_id = '$id'"), LINES / 50, 'with every bad line once');
is(patient("SELECT count(*) FROM mjc.product_price_past x JOIN mjc.product p USING (product_id) WHERE p.sku LIKE '$run-%'"), 0, 'and no price was set twice');
sql("UPDATE mjc.product SET is_active = false WHERE sku LIKE '$run-%'");
finish();

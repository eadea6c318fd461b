# upgrade.t - installing again changes nothing, and every way to this version ends in
# the same catalogue: columns, constraints, indexes, views, functions, grants, comments.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Fault;
use Test::More;

my $name = "fault_upgrade_$$";

# A statement that must work.
sub run_sql
{
	my ($dsn, $text) = @_;
	my ($status, $said) = psql_run($dsn, $text);

	die "$text: $said" if $status;
	return $said;
}

# An empty database with what the extension requires.
sub bare
{
	my $dsn = database_from("${name}_$_[0]", 'template0');

	run_sql($dsn, <<~'SQL');
		CREATE SCHEMA mjc_ext;
		CREATE EXTENSION btree_gist SCHEMA mjc_ext;
		CREATE EXTENSION pg_trgm SCHEMA mjc_ext;
		CREATE EXTENSION unaccent SCHEMA mjc_ext;
		SQL
	return $dsn;
}

# What install() fills in, without the moments and ids that differ from run to run.
sub filled
{
	my ($dsn) = @_;

	return run_sql($dsn, <<~'SQL');
		SELECT format('migration %s %s', name, version) FROM mjc.migration ORDER BY 1;
		SELECT format('version %s', version) FROM mjc.schema_version;
		SELECT format('setting %s', to_jsonb(s) - 'updated_at') FROM mjc.setting s ORDER BY name;
		SELECT format('job %s %s', name, every) FROM mjc.job ORDER BY name;
		SELECT format('class %s', to_jsonb(t)) FROM mjc.table_class t ORDER BY table_name;
		SELECT format('location %s', to_jsonb(l)) FROM mjc.location l ORDER BY location_id;
		SELECT format('method %s', to_jsonb(p)) FROM mjc.payment_method p ORDER BY method;
		SELECT format('tariff %s', to_jsonb(t) - 'tariff_id') FROM mjc.shipping_tariff t ORDER BY 1;
		SELECT format('group %s', to_jsonb(g)) FROM mjc.customer_group g ORDER BY customer_group;
		SELECT format('stamp duty %s', to_jsonb(b)) FROM mjc.stamp_duty_bracket b ORDER BY 1;
		SELECT format('pricing version %s', count(*)) FROM mjc.pricing_version;
		SQL
}

my $once = bare('once');
run_sql($once, 'CREATE EXTENSION mjchauffage; SELECT mjc.install();');
my $catalogue = catalogue($once);
my $filled = filled($once);

cmp_ok(scalar(split /\n/, $catalogue), '>', 500, 'the catalogue is read');
for my $kind (qw(relation column constraint index view function grant comment member))
{
	like($catalogue, qr/^$kind /m, "it holds every $kind");
}

like(run_sql($once, 'SELECT mjc.install();'), qr/\b0 schema step/, 'a second install() has nothing to do');
same_lines(catalogue($once), $catalogue, 'and changes nothing in the catalogue');
same_lines(filled($once), $filled, 'nor in the rows that install() fills in');

run_sql($once, 'ALTER EXTENSION mjchauffage UPDATE; SELECT mjc.install();');
same_lines(catalogue($once), $catalogue, 'make upgrade on the newest version changes nothing');

my $twice = bare('twice');
run_sql($twice, 'BEGIN; CREATE EXTENSION mjchauffage; SELECT mjc.install(); SELECT mjc.install(); COMMIT;');
same_lines(catalogue($twice), $catalogue, 'installed twice in one transaction: the same');
same_lines(filled($twice), $filled, 'the same rows');

# What the owner changed or added stays.
run_sql($twice, <<~'SQL');
	UPDATE mjc.setting SET integer_value = 7 WHERE name = 'delivery_days_default';
	UPDATE mjc.job SET every = interval '3 hours' WHERE name = 'session_purge';
	ALTER TABLE mjc.product ADD COLUMN shelf text DEFAULT 'A1';
	CREATE INDEX product_owner_shelf_idx ON mjc.product (shelf);
	SELECT mjc.install();
	SQL
is(run_sql($twice, "SELECT integer_value FROM mjc.setting WHERE name = 'delivery_days_default';"), 7, 'a setting of the owner stays');
is(run_sql($twice, "SELECT every FROM mjc.job WHERE name = 'session_purge';"), '03:00:00', 'a job\'s rhythm stays');
is(run_sql($twice, "SELECT count(*) FROM pg_indexes WHERE indexname = 'product_owner_shelf_idx';"), 1, 'a column and an index of the owner stay');

# A failure in the middle leaves nothing behind.
my $torn = bare('torn');
run_sql($torn, 'CREATE EXTENSION mjchauffage;');
my $empty = catalogue($torn);
isnt(psql_state($torn, "BEGIN; SELECT mjc.install(); SELECT 1/0;\n"), '', 'a transaction with install() fails');
same_lines(catalogue($torn), $empty, 'and nothing of it is left');
run_sql($torn, 'SELECT mjc.install();');
same_lines(catalogue($torn), $catalogue, 'install() after it: the same catalogue');

# Two at once: one works, the other waits and finds it done.
my $both = bare('both');
run_sql($both, 'CREATE EXTENSION mjchauffage;');
my @pids = map {
	my $pid = fork // die;
	if (!$pid)
	{
		my ($status, $said) = psql_run($both, 'SELECT mjc.install();');
		print STDERR "# $said\n" if $status;
		POSIX::_exit($status ? 1 : 0);
	}
	$pid;
} 1 .. 2;
my @states = map { waitpid $_, 0; $? >> 8 } @pids;
is_deeply(\@states, [ 0, 0 ], 'two install() at once both succeed');
same_lines(catalogue($both), $catalogue, 'and leave the same catalogue');

# Every older version that is shipped, brought up to this one.
my @older = split /\n/, run_sql($once, <<~'SQL');
	SELECT p.source FROM pg_extension_update_paths('mjchauffage') p JOIN pg_available_extensions a ON a.name = 'mjchauffage'
	  JOIN pg_available_extension_versions v ON v.name = a.name AND v.version = p.source
	 WHERE p.target = a.default_version AND p.path IS NOT NULL AND p.source <> p.target;
	SQL
SKIP:
{
	skip 'no older version is shipped', 1 unless @older;
	for my $version (@older)
	{
		my $dsn = bare('old');

		run_sql($dsn, "CREATE EXTENSION mjchauffage VERSION '$version'; ALTER EXTENSION mjchauffage UPDATE; SELECT mjc.install();");
		same_lines(catalogue($dsn), $catalogue, "$version brought up to this version: the same catalogue");
	}
}

drop_databases();
done_testing();

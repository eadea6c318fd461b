# dump.t - the data is ordinary: pg_dump and restore are plain, dropping the extension
# takes code and no row, and the shop goes on afterwards where it was.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../http/lib";
use Fault;
use Shop;
use Test::More;

my $bin = $ENV{MJC_TEST_PG_BIN};
my $dir = make_dir();
my $name = "fault_dump_$$";

sub run_sql
{
	my ($dsn, $text) = @_;
	my ($status, $said) = psql_run($dsn, $text);

	die "$text: $said" if $status;
	return $said;
}

sub staff_of { return dsn_with($ENV{MJC_TEST_STAFF_DSN}, $_[0]) }

# An order by staff in a database: its reference. A customer of its own each time, or it
# would be the repeat of one before.
my $customers = 0;

sub order_in
{
	my ($database, $qty) = @_;
	my $phone = sprintf '05501234%02d', ++$customers;

	return run_sql(staff_of($database), <<~"SQL");
		SELECT mjc.order_place(ARRAY(SELECT product_id FROM mjc.stock_available WHERE available > 20 ORDER BY product_id LIMIT 2),
		    ARRAY[$qty, 1], 'Amine', 'Bensaid', '$phone', street => '12 rue Didouche Mourad', city => 'Alger', region => '16');
		SQL
}

sub number_of { return $_[0] =~ /^MJ-(\d{4})-(\d{6})-\d$/ ? "$1$2" : 0 }

# The same tables with the same rows; what differs is shown.
sub same_rows
{
	my ($got, $expected, $what, @but) = @_;
	my %but = map { $_ => 1 } @but;
	my %seen;
	my @differ = grep { !$but{$_} && !$seen{$_}++ && ($got->{$_} // 'none') ne ($expected->{$_} // 'none') }
		sort keys %$got, keys %$expected;

	return is_deeply([ map { "$_: " . ($got->{$_} // 'none') . ', not ' . ($expected->{$_} // 'none') } @differ ], [], $what);
}

sub invariants { return run_sql(dsn_with($ENV{MJC_TEST_DSN}, $_[0]), 'SELECT * FROM mjc.check_invariants();') }

# An order goes on: the next number, shipped by staff, nothing broken.
sub goes_on
{
	my ($database, $last, $when) = @_;
	my $reference = order_in($database, 1);

	cmp_ok(number_of($reference), '>', number_of($last), "$when: the next order has a later number ($last, $reference)");
	is(run_sql(staff_of($database), "SELECT mjc.order_ship('$reference', 'YAL-9', 'Yalidine');"), 'SHIPPED', "$when: staff ship by function");
	is(invariants($database), '', "$when: no broken promise");
	return $reference;
}

#------------------------------------------------------------------ dump and restore

my $source = database_from("${name}_source", $ENV{MJC_TEST_TEMPLATE});
my @orders = map { order_in("${name}_source", $_) } 1 .. 3;
run_sql(staff_of("${name}_source"), "SELECT mjc.order_ship('$orders[0]', 'YAL-1', 'Yalidine'); SELECT mjc.order_cancel('$orders[1]', 'essai');
	SELECT mjc.setting_set('delivery_days_default', '6');");
run_sql($source, 'SELECT mjc.audit_seal(); ALTER TABLE mjc.product ADD COLUMN shelf text; UPDATE mjc.product SET shelf = \'A\' || low_stock_qty;
	CREATE INDEX product_owner_shelf_idx ON mjc.product (shelf);');
my %rows = row_hashes($source);
my $catalogue = catalogue($source);

cmp_ok(scalar keys %rows, '>', 30, 'the tables are read');
is((split ' ', $rows{order})[0], 3, 'there are orders in them');

is(system("$bin/pg_dump", '-Fc', '-f', "$dir/shop.dump", '-d', $source), 0, 'pg_dump writes a dump');
my $copy = database_from("${name}_copy", 'template0');
is(system("$bin/pg_restore", '-d', $copy, "$dir/shop.dump"), 0, 'pg_restore reads it into an empty database without an error');
my %copied = row_hashes($copy);
same_rows(\%copied, \%rows, 'every row of every table is there');
same_lines(catalogue($copy), $catalogue, 'and the whole catalogue, with the owner\'s column and index');

like(run_sql($copy, 'SELECT mjc.install();'), qr/\b0 schema step/, 'install() on it has nothing to do');
my %installed = row_hashes($copy);
same_rows(\%installed, \%rows, 'and changes no row');
same_lines(catalogue($copy), $catalogue, 'nor the catalogue');
my $last = goes_on("${name}_copy", $orders[2], 'restored');

is(system("$bin/pg_dump --section=pre-data --section=data --section=post-data -f '$dir/shop.sql' -d '$source'"), 0, 'a plain dump too');
my $plain = database_from("${name}_plain", 'template0');
my ($status, $said) = psql_run($plain, '', '-f', "$dir/shop.sql");
is($status, 0, 'is read by psql without an error') or diag($said);
my %plain = row_hashes($plain);
same_rows(\%plain, \%rows, 'with every row');

#------------------------------------------------------------------ the extension goes, the data stays

my $columns = <<~'SQL';
	SELECT table_name, column_name, ordinal_position, data_type, is_nullable, column_default, is_generated, generation_expression
	  FROM information_schema.columns WHERE table_schema = 'mjc' AND table_name IN (SELECT c.relname FROM pg_class c
	       WHERE c.relnamespace = 'mjc'::regnamespace AND c.relkind IN ('r', 'p')) ORDER BY 1, 3;
	SQL
my $tables = catalogue($copy, 'tables');
my $full = catalogue($copy);
my %before = row_hashes($copy);
my $before = run_sql($copy, $columns);

is(psql_state($copy, "DROP EXTENSION mjchauffage;\n"), '2BP01', 'without CASCADE the extension stays: views use it');
run_sql($copy, 'DROP EXTENSION mjchauffage CASCADE;');
is(run_sql($copy, "SELECT count(*) FROM pg_proc WHERE pronamespace = 'mjc'::regnamespace;"), 0, 'its functions are gone');
is(run_sql($copy, $columns), $before, 'every column is there');
same_lines(catalogue($copy, 'tables'), $tables, 'every constraint, index, default, grant and comment of the tables');
my %bare = row_hashes($copy);
same_rows(\%bare, \%before, 'every row is there');
is(psql_state($copy, "SELECT * FROM mjc.order;\n"), '', 'the tables can be read without it');
is(psql_state($copy, "UPDATE mjc.product SET shelf = 'B';\n"), '', 'and written: no default, check or index needs it');
run_sql($copy, "UPDATE mjc.product SET shelf = 'A' || low_stock_qty;");

run_sql($copy, 'CREATE EXTENSION mjchauffage; SELECT mjc.install();');
same_lines(catalogue($copy), $full, 'CREATE EXTENSION and install() bring back the whole catalogue');
my %back = row_hashes($copy);
same_rows(\%back, \%before, 'and touch no row');
goes_on("${name}_copy", $last, 'reinstalled');

is(psql_state(dsn_with($ENV{MJC_TEST_SHIM_DSN}, "${name}_copy"), "SELECT * FROM mjc_api.job_status();\n"), '', 'the shim calls its functions again');
is(psql_state(dsn_with($ENV{MJC_TEST_ANALYST_DSN}, "${name}_copy"), "SELECT count(*) FROM mjc_report.customer_order;\n"), '', 'analysts read their reports again');

#------------------------------------------------------------------ data without its code, code without its data

my $mixed = database_from("${name}_mixed", 'template0');
run_sql($mixed, <<~'SQL');
	CREATE SCHEMA mjc_ext; CREATE EXTENSION btree_gist SCHEMA mjc_ext; CREATE EXTENSION pg_trgm SCHEMA mjc_ext;
	CREATE EXTENSION unaccent SCHEMA mjc_ext; CREATE EXTENSION mjchauffage;
	SQL
is(psql_state($mixed, "SELECT mjc.order_place(ARRAY[gen_random_uuid()], ARRAY[1], 'Amine', 'Bensaid', '0550123456',
	street => '12 rue Didouche', city => 'Alger', region => '16');\n"), 'MJ009', 'without tables an order is refused with MJ009');
is(psql_state(dsn_with($ENV{MJC_TEST_DSN}, "${name}_source"), "BEGIN; UPDATE mjc.schema_version SET version = '0.0.0/0001';
	SELECT mjc.order_place(ARRAY[gen_random_uuid()], ARRAY[1], 'Amine', 'Bensaid', '0550123456',
	street => '12 rue Didouche', city => 'Alger', region => '16');\n"), 'MJ009', 'with tables of another version too');

drop_databases();
finish();

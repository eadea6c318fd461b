# privileges.t - what the logins of people may and may not, over connections of theirs:
# staff sell and ship by function and write no table, analysts read reports and nobody's data.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../http/lib";
use Fault;
use Shop;
use Test::More;

my ($staff, $analyst, $shim) = @ENV{qw(MJC_TEST_STAFF_DSN MJC_TEST_ANALYST_DSN MJC_TEST_SHIM_DSN)};
my $product = make_product(name => 'Privileges', stock => 50);

sub ask_as
{
	my ($dsn, $text) = @_;
	my ($status, $said) = psql_run($dsn, $text);

	diag($said) if $status;
	return $status ? 'refused' : $said;
}

# Each statement is refused with 42501.
sub refused
{
	my ($dsn, $who, @statements) = @_;

	is(psql_state($dsn, "$_;\n"), '42501', "$who: refused: $_") for @statements;
	return;
}

#------------------------------------------------------------------ staff

my $reference = ask_as($staff, "SELECT mjc.order_place(ARRAY['$product']::uuid[], ARRAY[2], 'Amine', 'Bensaid', '0550123456',
	street => '12 rue Didouche Mourad', city => 'Alger', region => '16');");
like($reference, qr/^MJ-\d{4}-\d{6}-\d$/, 'staff: an order by phone');
is(ask_as($staff, "SELECT status FROM mjc_report.customer_order WHERE reference = '$reference';"), 'CONFIRMED', 'staff: it is confirmed');
is(ask_as($staff, "SELECT mjc.order_ship('$reference', 'YAL-1', 'Yalidine');"), 'SHIPPED', 'staff: ships it by function');
is(ask_as($staff, "SELECT status || ' ' || tracking_number FROM mjc_report.customer_order WHERE reference = '$reference';"), 'SHIPPED YAL-1', 'staff: reads it back');
is(ask_as($staff, "SELECT on_hand || ' ' || reserved FROM mjc_report.stock WHERE product_id = '$product';"), '48 0', 'the units left the stock');
is(ask_as($staff, "SELECT mjc.stock_receive('$product', 5, NULL, 'livraison');"), '53', 'staff: receives goods');
is(sql("SELECT string_agg(DISTINCT a.db_login, ',') FROM mjc.audit a WHERE a.subject_id = '$reference'"), 'staff', 'the audit names the login');
is(ask_as($staff, "SELECT phone FROM mjc.order_contact_read('$reference');"), '+213550123456', 'staff: reads the buyer by function');
is(sql("SELECT count(*) FROM mjc.personal_access a JOIN mjc.order o ON o.customer_id = a.subject WHERE o.reference = '$reference' AND a.action = 'contact_read'"), '1', 'the look is on record');

refused($staff, 'staff',
	'UPDATE mjc.stock_ledger SET qty = qty',
	'INSERT INTO mjc.stock_ledger SELECT * FROM mjc.stock_ledger LIMIT 1',
	'DELETE FROM mjc.stock_ledger',
	"UPDATE mjc.order SET notes = 'x'",
	'DELETE FROM mjc.order',
	'UPDATE mjc.order_line SET qty = qty + 1',
	"UPDATE mjc.payment SET state = 'paid'",
	'UPDATE mjc.product SET price_centimes = 1',
	"UPDATE mjc.setting SET integer_value = 1",
	'DELETE FROM mjc.audit',
	'TRUNCATE mjc.stock_ledger',
	'SELECT phone FROM mjc.order_contact',
	'SELECT password_hash FROM mjc.account_secret',
	'SELECT key FROM mjc.order_year',
	'SELECT reply FROM mjc.idempotency_key',
	'SELECT mjc.install()',
	"SELECT mjc.staff_create('me', 'Me')",
	"SELECT mjc_api.sign_in_begin('a', 'b')",
	'SET ROLE mjc_owner',
	'CREATE TABLE mjc.mine (a integer)',
	'CREATE TABLE mjc_report.mine (a integer)',
	'CREATE FUNCTION mjc.mine() RETURNS integer LANGUAGE sql RETURN 1',
	'ALTER TABLE mjc.order DISABLE TRIGGER ALL',
	"SET session_replication_role = 'replica'",
	"COPY mjc.order TO PROGRAM 'cat'");
like(ask_as($staff, "SELECT obj_description('mjc.stock_ledger'::regclass);"), qr/mjc\.stock_receive/, 'the comment of the table names the function to use');

#------------------------------------------------------------------ analyst

is(ask_as($analyst, "SELECT units FROM mjc_report.customer_order WHERE reference = '$reference';"), '2', 'analyst: reads orders');
is(ask_as($analyst, "SELECT sum(qty) FROM mjc_report.order_line WHERE product_id = '$product';"), '2', 'analyst: reads lines');
is(ask_as($analyst, 'SELECT mjc.dzd(12345);'), '123.45', 'analyst: calls pure functions');
refused($analyst, 'analyst',
	'SELECT phone FROM mjc.order_contact',
	'SELECT phone FROM mjc.customer_phone',
	'SELECT phone FROM mjc.customer_person',
	'SELECT password_hash FROM mjc.account_secret',
	'SELECT email FROM mjc.account_email',
	'SELECT reply FROM mjc.idempotency_key',
	'SELECT street FROM mjc.address',
	'SELECT 1 FROM mjc.order',
	'SELECT 1 FROM mjc.stock_ledger',
	'SELECT 1 FROM mjc_report.audit',
	"SELECT mjc.order_ship('$reference')",
	"SELECT mjc.order_contact_read('$reference')",
	"SELECT mjc.stock_adjust('$product', -1, 'x')",
	'SELECT mjc.housekeep()',
	"UPDATE mjc_report.table_class SET class = 'local'",
	'SET ROLE mjc_admin');
my ($leak) = psql_run($analyst, <<~'SQL');
	CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$;
	SELECT count(*) FROM mjc_report.customer_order WHERE pg_temp.leak(reference);
	SQL
cmp_ok($leak, '>=', 0, 'analyst: a function of their own on a view does no harm');
is(sql("SELECT count(*) FROM information_schema.columns WHERE table_schema = 'mjc_report'
	      AND table_name <> 'table_class' AND column_name ~ '(phone|email|first_name|last_name|street|password|hash|token|secret)'"), '0', 'no report shows personal or secret columns');

#------------------------------------------------------------------ the shim

like(ask_as($shim, 'SELECT count(*) FROM mjc_api.job_status();'), qr/^[1-9]/, 'shim: calls its functions');
refused($shim, 'shim',
	'SELECT 1 FROM mjc.product',
	'SELECT 1 FROM mjc_report.customer_order',
	"SELECT mjc.order_ship('$reference')",
	"SELECT mjc.stock_receive('$product', 1)",
	'SET ROLE mjc_admin',
	'SET ROLE mjc_owner');

#------------------------------------------------------------------ nobody gets past the pinned search_path

# Tables and functions of the same names, planted where an unpinned function would look.
my ($status, $said) = psql_run($staff, <<~"SQL");
	CREATE TEMP TABLE staff (staff_id uuid, db_login text, is_active boolean);
	CREATE TEMP TABLE setting (name text, kind text, integer_value bigint);
	CREATE FUNCTION pg_temp.lower(text) RETURNS text LANGUAGE sql AS 'SELECT ''planted''';
	CREATE FUNCTION pg_temp.coalesce_planted() RETURNS text LANGUAGE sql AS 'SELECT ''planted''';
	SET search_path = pg_temp, pg_catalog;
	SELECT mjc.order_deliver('$reference');
	SQL
is($said, 'DELIVERED', 'planted names change nothing') or diag($status);

finish();

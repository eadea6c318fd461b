#!/usr/bin/perl
#
# imports.t - files of CSV over HTTP: parts of a file, dry run, progress, errors with their texts,
# what is no CSV, work that is cut; and the catalogue as a file.

use strict;
use warnings;
use utf8;

use Encode ();
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use POSIX ();
use Shop;
use Test::More;
use Time::HiRes qw(sleep time);

my $api = '/api/v1/admin';
my $token = admin_token();
my $none = '00000000-0000-4000-8000-0000000000ff';
my $run = sprintf 'TI%x%x', time, $$;
my $category = sql('SELECT slug FROM mjc.category WHERE category_id = :\'id\'', id => test_category());

sub data { return ($_[0]{json} // {})->{data} // {} }

sub staff { my ($method, $path, @opt) = @_; return request($method, "$api/$path", token => $token, @opt) }

sub begin
{
	my (%body) = @_;
	my $reply = staff(POST => 'imports', body => { kind => 'products', %body });

	is($reply->{status}, 201, 'an import is begun') or said($reply);
	return data($reply)->{import}{id};
}

# A part of a file, bytes as they are.
sub part
{
	my ($id, $n, $bytes, %opt) = @_;

	return staff(PUT => "imports/$id/lines/$n", content => $bytes, headers => { 'Content-Type' => 'text/csv', %{ $opt{headers} // {} } });
}

sub start { my ($id, %body) = @_; return staff(POST => "imports/$id/start", body => \%body) }

sub ended
{
	my $id = shift;
	my $import;

	wait_for(sub { $import = data(staff(GET => "imports/$id"))->{import}; ($import->{state} // '') =~ /^(?:done|failed)$/ }, 60);
	return $import;
}

sub lines
{
	my ($from, $to, $price) = @_;

	return join '', map { sprintf "%s-%05d;Pièce d'essai %d;%s;%d,%02d\r\n", $run, $_, $_, $category, $price->($_) } $from .. $to;
}

# All that is known of products, but for what jobs bring up to date meanwhile.
sub products
{
	return sql(q{SELECT md5(string_agg((to_jsonb(p) - 'in_stock' - 'popularity')::text, ';' ORDER BY product_id)) FROM mjc.product p});
}

my $head = "Référence;Désignation;Catégorie;Prix TTC\r\n";

#------------------------------------------------------------------ one file, from its parts to its end

my $id = begin();
my $file = Encode::encode('UTF-8', "\x{FEFF}$head" . lines(1, 40, sub { (100 + $_[0], 50) }) . "$run-bad;x;nowhere;abc\r\n");
my $cut = 700; # in the middle of a line

is_deeply([ @{ data(staff(GET => "imports/$id"))->{import} }{qw(kind state lines done progress dryRun chunks)} ], [ 'products', 'open', 0, 0, 0, JSON::PP::false(), 0 ], 'which takes lines');
my $reply = part($id, 1, substr($file, 0, $cut));
is($reply->{status}, 200, 'the first part') or said($reply);
is(data($reply)->{import}{chunks}, 1, 'is there');
my $whole = data($reply)->{import}{lines};
cmp_ok($whole, '>', 3, 'with its whole lines');
is(data(part($id, 1, substr($file, 0, $cut)))->{import}{lines}, $whole, 'once, however often it is sent');
is_error(part($id, 1, 'something else'), 409, 'IMPORT_CHUNK', 'another part under its number');
is_error(part($id, 3, 'x'), 409, 'IMPORT_CHUNK', 'a part that comes too early');
is(part($id, 3, 'x')->{json}{message}, text_of('IMPORT_CHUNK', 'fr', chunk => 2), 'which is told');
is(part($id, 2, substr($file, $cut))->{status}, 200, 'the rest');

my $before = products();
$reply = start($id, dryRun => JSON::PP::true());
is($reply->{status}, 200, 'a dry run is started') or said($reply);
is_deeply(data($reply)->{import}{columns}, { 'Référence' => 'sku', 'Désignation' => 'name', 'Catégorie' => 'category', 'Prix TTC' => 'price' }, 'its columns are told');
my $import = ended($id);
is_deeply([ @$import{qw(state progress lines done bad created changed unchanged dryRun)} ], [ 'done', 100, 41, 41, 1, 40, 0, 0, JSON::PP::true() ], 'it is done, and counts');
is(products(), $before, 'and changes no product');
$reply = staff(GET => "imports/$id/errors", lang => 'ar');
is_deeply(data($reply)->{errors}, [
	{ line => 42, field => 'category', column => 'Catégorie', code => 'IMPORT_VALUE_UNKNOWN', message => text_of('IMPORT_VALUE_UNKNOWN', 'ar') },
	{ line => 42, field => 'name', column => 'Désignation', code => 'IMPORT_VALUE_RANGE', message => text_of('IMPORT_VALUE_RANGE', 'ar') },
	{ line => 42, field => 'price', column => 'Prix TTC', code => 'IMPORT_VALUE_INVALID', message => text_of('IMPORT_VALUE_INVALID', 'ar') },
], 'every error of every line, in the reader\'s language') or said($reply);
is_deeply(data($reply)->{pagination}, { page => 1, limit => 100, total => 3, totalPages => 1, hasNext => JSON::PP::false(), hasPrev => JSON::PP::false() }, 'page by page');
is(scalar @{ data(staff(GET => "imports/$id/errors?page=2&limit=2"))->{errors} }, 1, 'the second');
my $wrong = qq{\x{FEFF}line,column,field,code\r\n42,"Catégorie","category",IMPORT_VALUE_UNKNOWN\r\n42,"Désignation","name",IMPORT_VALUE_RANGE\r\n42,"Prix TTC","price",IMPORT_VALUE_INVALID\r\n};
is(data(staff(GET => "imports/$id/errors/export")), $wrong, 'all of them as a text of CSV');
$reply = staff(GET => "imports/$id/errors/export?raw=1");
is($reply->{content}, Encode::encode('UTF-8', $wrong), 'with raw the file itself');
like($reply->{headers}{'content-type'}, qr{^text/csv}, 'as CSV');
like($reply->{headers}{'content-disposition'}, qr/^attachment; filename="?import_errors_export_\d{4}-\d\d-\d\d\.csv/, 'to keep');

is(start($id, dryRun => JSON::PP::false())->{status}, 200, 'then it is imported');
$import = ended($id);
is_deeply([ @$import{qw(state bad created dryRun)} ], [ 'done', 1, 40, JSON::PP::false() ], 'with the same counts');
is(sql("SELECT count(*) || ' ' || sum(price_centimes) FROM mjc.product WHERE sku LIKE '$run-%'"), '40 ' . (40 * 10050 + 100 * 820), 'and the products are there');
is(data(get("/api/v1/products?search=$run-00007"))->{products}[0]{price}, 107.5, 'for everybody');
is_error(start($id), 409, 'IMPORT_STATE', 'an import is done once');
is_error(part($id, 3, 'x'), 409, 'IMPORT_STATE', 'and takes nothing more');
is(data(staff(GET => 'imports?limit=1'))->{imports}[0]{id}, $id, 'it is the newest of the list');
is($import->{createdBy}, sql("SELECT display_name FROM mjc.staff WHERE staff_id = '" . admin_id() . "'"), 'by name');
is(sql("SELECT string_agg(channel || ' ' || action, ',' ORDER BY audit_id) FROM mjc.audit WHERE subject_id = '$id'"), 'rest import_begin,rest import_start,rest import_start,rest import_batch', 'and in the audit');

#------------------------------------------------------------------ making one, and a mapping

is_error(staff(POST => 'imports', body => $_->[0]), 422, $_->[1], "an import $_->[2]")
	for [ {}, 'ARGUMENT_MISSING', 'of nothing' ], [ { kind => 'orders' }, 'ARGUMENT_INVALID', 'of what cannot be' ], [ { kind => 1 }, 'ARGUMENT_INVALID', 'of a number' ],
	[ { kind => 'products', mapping => [] }, 'ARGUMENT_INVALID', 'with a list' ], [ { kind => 'products', mapping => { x => 'slug' } }, 'ARGUMENT_INVALID', 'with a field that there is not' ],
	[ { kind => 'products', state => 'done' }, 'ARGUMENT_INVALID', 'with more than that' ], [ { kind => 'products', dryRun => 'yes' }, 'ARGUMENT_INVALID', 'perhaps dry' ];
my $key = "$run-key";
my @twice = map { staff(POST => 'imports', key => $key, body => { kind => 'products' }) } 1, 2;
is(data($twice[0])->{import}{id}, data($twice[1])->{import}{id}, 'a key makes one import');
is($twice[1]{headers}{'idempotent-replayed'}, 'true', 'which the second time is told');
$id = begin(mapping => { Bidule => 'price' });
part($id, 1, "sku,name,Bidule,truc,category\n$run-map,Vanne,12.5,x,$category\n");
is(start($id)->{status}, 200, 'a mapping that was given when it was made');
$import = ended($id);
is_deeply([ $import->{created}, $import->{unknownColumns} ], [ 1, ['truc'] ], 'is followed, what is not read is told');
$id = begin();
part($id, 1, "name\nx\n");
is_error(start($id), 422, 'IMPORT_COLUMN_MISSING', 'a file without its key');
is(start($id, mapping => { name => 'sku' })->{status}, 200, 'with a mapping it can be started after all');
is_error(start(begin()), 422, 'IMPORT_COLUMN_MISSING', 'an empty file');
is_error(start($none), 404, 'NOT_FOUND', 'no such import to start');
is_error(part($none, 1, 'x'), 404, 'NOT_FOUND', 'nor to send lines to');
is_error(staff(GET => "imports/$_"), 404, 'NOT_FOUND', "nor to read: $_") for $none, "$none/errors", 'x', 'x/errors', "$none/errors/export", "$none/errors/export?raw=1", 'x/errors/export';
is_error(part($id, $_, 'x'), 404, 'NOT_FOUND', "part $_") for 0, -1, 'x', 100001;

#------------------------------------------------------------------ what is no CSV

for my $case (
	[ Encode::encode('cp1252', "sku;name\nA;Brûleur\n"), 'CSV_ENCODING', 2, 'Windows-1252' ],
	[ Encode::encode('cp1256', "sku;name\nA;حارق\n"), 'CSV_ENCODING', 2, 'Windows-1256' ],
	[ Encode::encode('UTF-16', "sku;name\nA;B\n"), 'CSV_ENCODING', 1, 'UTF-16' ],
	[ Encode::encode('UTF-16LE', "sku;name\nA;B\n"), 'CSV_ENCODING', 1, 'UTF-16 without its mark' ],
	[ "sku;name\nA;\0\n", 'CSV_ENCODING', 2, 'a NUL' ],
	[ "PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0", 'CSV_ENCODING', 1, 'a workbook' ],
	[ "sku;name\nA;\"B\" C\n", 'CSV_QUOTE_STRAY', 2, 'text behind a quote' ],
	[ "sku;name\nA;5\" tube\n", 'CSV_QUOTE_STRAY', 2, 'a quote for inches' ],
	[ "sku;name\rA;B\r", 'CSV_LINE_END', 1, 'lines of CR' ])
{
	my ($bytes, $code, $line, $why) = @$case;
	my $import = begin();
	my $got = part($import, 1, $bytes);

	# Half a line waits for its other half.
	$got = start($import) if $got->{status} == 200;
	is_error($got, 422, $code, $why);
	is($got->{json}{message}, text_of($code, 'fr', line => $line), "$why: in its line");
	is(sql("SELECT count(*) FROM mjc.import_line WHERE import_id = '$import'"), 0, "$why: nothing is kept");
	is(sql("SELECT state FROM mjc.import WHERE import_id = '$import'"), 'open', "$why: the right file can follow");
}
$id = begin();
part($id, 1, "sku;name\nA;\"B\n");
is_error(start($id), 422, 'CSV_QUOTE_OPEN', 'a quote that stays open');
# A cell of 10 MB, in parts: told before it is whole
$id = begin();
is(part($id, 1, "sku;name\nA;\"" . 'x' x 30_000)->{status}, 200, 'a long cell');
is_error(part($id, 2, 'x' x 4_000_000), 422, 'CSV_CELL_TOO_LONG', 'is too long');
is_error(part($id, 2, 'x' x 4_194_305), 413, 'PAYLOAD_TOO_LARGE', 'a part of more than 4 MB');
is(part($id, 2, '"' . "\n" . ("B;y\n" x 1_000_000))->{status}, 422, 'more lines than a file may have');
my $started = time;
is_error(part($id, 2, ',' x 4_000_000), 422, 'CSV_CELL_TOO_LONG', 'a cell of commas');
is_error(part(begin(), 1, "a\n" . ',' x 4_000_000), 422, 'CSV_TOO_WIDE', 'a line of commas');
is_error(part(begin(), 1, "a\n" . '"",' x 1_000_000), 422, 'CSV_TOO_WIDE', 'a line of quotes');
is_error(part(begin(), 1, '""' x 2_000_000), 422, 'CSV_LINE_TOO_LONG', 'nothing but quotes');
cmp_ok(time - $started, '<', 20, 'all in bounded time');
is_deeply([ sql("SELECT count(*) FROM mjc.import_line WHERE import_id = '$id'"), sql("SELECT state || ' ' || cardinality(chunk_hashes) FROM mjc.import WHERE import_id = '$id'") ], [ 0, 'open 1' ], 'nothing of it is kept, and the right part can follow');
is(part($id, 2, "\"\n")->{status}, 200, 'as it does');

is_error(staff(PUT => "imports/$id/lines/2", content => 'x', headers => { 'Content-Type' => $_ }), 415, 'UNSUPPORTED_MEDIA_TYPE', $_) for 'application/json', 'text/plain', 'multipart/form-data';
is_error(part($id, 2, 'x', headers => { 'Content-Encoding' => 'gzip' }), 415, 'UNSUPPORTED_MEDIA_TYPE', 'a body that is packed');
is_field(part($id, 2, ''), 'body', 'an empty part');
is_error(request('PUT', "$api/imports/$id/lines/2", content => 'x', headers => { 'Content-Type' => 'text/csv' }), 401, 'MISSING_TOKEN', 'nobody');
is_error(request('PUT', "$api/imports/$id/lines/2", content => 'x', token => mint('CUSTOMER', make_account('CUSTOMER'), 0), headers => { 'Content-Type' => 'text/csv' }), 403, 'FORBIDDEN', 'a customer');
is_error(staff(PUT => 'settings', content => '{"siteName": "' . 'x' x 2_000_000 . '"}'), 413, 'PAYLOAD_TOO_LARGE', 'other routes keep their limit');

#------------------------------------------------------------------ work that is cut again and again

$id = begin();
part($id, 1, Encode::encode('UTF-8', $head . lines(1, 40, sub { (100 + $_[0], 50) }) . lines(41, 6000, sub { (500 + $_[0] % 90, 0) })));
is(start($id)->{status}, 200, 'six thousand lines');
my ($cuts, %seen) = (0);
wait_for(sub {
		my $state = data(staff(GET => "imports/$id"))->{import};

		$seen{ $state->{progress} } = 1;
		$cuts += sql("SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE '%mjc_api.housekeep%' AND state = 'active' AND query_start < clock_timestamp() - interval '30 ms'")
			if $cuts < 4 && $state->{done} < 5000;
		return $state->{state} ne 'running';
	}, 90);
$import = ended($id);
cmp_ok($cuts, '>', 0, 'whose work was cut');
is_deeply([ @$import{qw(state lines done bad created changed unchanged)} ], [ 'done', 6000, 6000, 0, 5960, 0, 40 ], 'every line counts once');
is(sql("SELECT count(*) || ' ' || count(DISTINCT sku) || ' ' || sum(price_centimes) FROM mjc.product WHERE sku ~ '^$run-[0-9]'"),
	'6000 6000 ' . (40 * 10050 + 100 * 820 + eval { my $sum = 0; $sum += 100 * (500 + $_ % 90) for 41 .. 6000; $sum }), 'and the products are those of the file');
is(sql("SELECT count(*) FROM mjc.audit WHERE subject_id = '$id' AND action = 'import_batch'"), 6, 'in six batches');
cmp_ok(scalar(grep { $_ > 0 && $_ < 100 } keys %seen), '>', 0, 'progress is shown on the way');

# Two at once on the same lines: one waits for the other, and finds its lines done.
$id = begin();
part($id, 1, Encode::encode('UTF-8', $head . lines(6001, 9000, sub { (7, 0) })));
start($id);
my @workers = map { my $pid = fork // die; if (!$pid) { eval { sql("CALL mjc.import_run('$id')") }; POSIX::_exit($@ ? 1 : 0) } $pid } 1 .. 3;
my $failed = 0;
for my $pid (@workers)
{
	waitpid $pid, 0;
	$failed++ if $?;
}
is($failed, 0, 'three call for the work of one import');
is_deeply([ @{ ended($id) }{qw(state done created)} ], [ 'done', 3000, 3000 ], 'which is done once');

#------------------------------------------------------------------ the catalogue as a file

$reply = staff(GET => 'products/export');
is($reply->{status}, 200, 'an export') or said($reply);
my $csv = data($reply);
ok(!ref $csv && $csv =~ /^\x{FEFF}sku,name,nameAr,/, 'is the text of a file');
my $raw = staff(GET => 'products/export?raw=1');
is($raw->{content}, Encode::encode('UTF-8', $csv), 'with raw the file itself');
like($raw->{headers}{'content-type'}, qr{^text/csv}, 'as CSV');
like($raw->{headers}{'content-disposition'}, qr/^attachment; filename="?products_export_\d{4}-\d\d-\d\d\.csv/, 'to keep');
$before = products();
$id = begin();
my $n = 0;
for (my $at = 0; $at < length $raw->{content}; $at += 1_000_003)
{
	my $taken = part($id, ++$n, substr($raw->{content}, $at, 1_000_003));

	is($taken->{status}, 200, "part $n of it") or said($taken);
}
start($id);
$import = ended($id);
is_deeply([ @$import{qw(state bad created changed)} ], [ 'done', 0, 0, 0 ], 'imported again, nothing is new') or said(staff(GET => "imports/$id/errors"));
is($import->{unchanged}, sql('SELECT count(*) FROM mjc.product'), 'all is there');
is(products(), $before, 'as it was');

#------------------------------------------------------------------ it begins at once

# The clock comes round every five seconds; nobody waits for it.
for my $n (1 .. 3)
{
	$id = begin();
	part($id, 1, "sku,name,category,price\n$run-Q$n,Zzqsoon,$category,100\n");
	my $begun = time;
	is(start($id)->{status}, 200, 'a small import');
	is(ended($id)->{created}, 1, 'is done');
	cmp_ok(time - $begun, '<', 1.5, 'and did not wait for the clock');
}

sql("UPDATE mjc.product SET is_active = false WHERE sku ~ '^$run-'");
finish();

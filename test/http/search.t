#!/usr/bin/perl
#
# search.t - GET /search and /search/suggest: the ranking test set over REST, the shape of the
# answer, filters, pages, what is refused. Rules: test/sql/search.sql.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use Shop;
use Test::More;

my $api = '/api/v1';
my @parts = csv('parts.csv');
my %part = map { $_->{sku} => $_ } @parts;

sub search { return get("$api/search?q=" . uri($_[0]) . ($_[1] ? "&$_[1]" : '')) }
sub products { return @{ $_[0]{json}{data}{products} // [] } }
sub skus { return join ' ', map { $_->{sku} } products(@_) }
sub sorted { return join ' ', sort map { $_->{sku} } products(@_) }
sub of_brand { return join ' ', sort map { $_->{sku} } grep { ($_->{manufacturer} // '') eq $_[0] } @parts }

#------------------------------------------------------------------ products of our own

# part(sku, name, number, active): its id.
sub part
{
	my ($sku, $name, $number, $active) = @_;

	return sql(<<~'SQL', sku => $sku, slug => lc $sku, name => $name, number => $number // '', active => $active // 't', category => test_category());
		INSERT INTO mjc.product (product_id, slug, sku, manufacturer_ref, category_id, name, price_centimes, is_active)
		VALUES (gen_random_uuid(), :'slug', :'sku', nullif(:'number', ''), :'category', :'name', 123400, :'active') RETURNING product_id
		SQL
}

# How many rows there are of what a search might write.
sub tables { return map { "$_ " . sql("SELECT count(*) FROM mjc.$_") } qw(product product_card search_product search_key search_word search_name category boiler_model fitment) }

sub told { return sql('SELECT mjc.product_changed(string_to_array(:\'ids\', \',\')::uuid[])', ids => join ',', @_) }

my $run = sprintf '%05d', $$ % 100000;
my $code = join '', map { chr(97 + $_) } split //, $run;    # letters alone
my ($old, $new) = (part("ZZH-OLD-$run", 'Ancienne pompe', "88$run-1", 'f'), part("ZZH-NEW-$run", 'Pompe zzh' . $code, "88$run-2"));
sql("INSERT INTO mjc.supersession (product_id, relation) VALUES ('$old', 'ONE'); INSERT INTO mjc.supersession_part (product_id, successor_id) VALUES ('$old', '$new')");
# A short number that nothing else begins with, and rows with its halves.
my $half = sql("SELECT min(n) FROM generate_series(10, 99) n WHERE NOT EXISTS (SELECT FROM mjc.search_key k WHERE k.key LIKE n || '07%' OR k.key LIKE n || '08%')");
my $dash = part("$half-07", "Joint zzd$code");
my @halves = (part("ZZH-H1-$run", "Vanne zzd$code $half bars et 07 litres"), part("ZZH-H2-$run", "Vanne zzd$code $half bars et 08 litres"), part("ZZH-H3-$run", "Vanne zzd$code 07 08"));
my $number = part("ZZH-NUM-$run", 'Vanne zzv' . $code, "0077$run");
my @alike = map { part("ZZH-P-$run-$_", "Prefixe zzp$code", "99$run$_") } 10 .. 34;
my ($plain, $stocked, $liked) = map { part("ZZH-Q-$run-$_", "Rang zzr$code", "98$run$_") } 1 .. 3;
told($old, $new, $dash, @halves, $number, @alike, $plain, $stocked, $liked);
sql("SELECT mjc.stock_receive('$stocked', 3); UPDATE mjc.product SET popularity = 30 WHERE product_id = '$liked'; SELECT mjc.search_offer_refresh(ARRAY['$liked']::uuid[])");

#------------------------------------------------------------------ the ranking test set

for my $typed ('7828765', '7828-765', '7828 765', '٧٨٢٨٧٦٥', '７８２８７６５', '7828.765')
{
	my $reply = search($typed);

	is($reply->{status}, 200, "ranking: exact number: $typed");
	is(skus($reply), 'ELE-VIE-78287', 'the part is alone');
	is_deeply((products($reply))[0]{match}, { kind => 'exact', on => 'MANUFACTURER' }, 'and says why');
	is((products($reply))[0]{manufacturerRef}, $part{'ELE-VIE-78287'}{manufacturerRef}, 'with the number of its maker');
}
for my $typed ("$half-07", "$half 07", "${half}07", "$half.07")
{
	is(skus(search($typed)), "$half-07", "ranking: 16-07 is that sku, not every row with 16 or 07: $typed");
}
is(skus(search($_)), '', "ranking: 16-08, which is none, is not looked for as words: $_") for "$half-08", "${half}08";
is(sorted(search("zzd$code $half 07")), "ZZH-H1-$run", 'as words they are words');
for my $typed ("ZZH-OLD-$run", "88${run}1")
{
	my ($first, @others) = products(search($typed));

	is_deeply([ $first->{sku}, $first->{match}{kind}, $first->{match}{supersededFrom} ], [ "ZZH-NEW-$run", 'superseded', "ZZH-OLD-$run" ], "ranking: an old number returns the live part: $typed");
	is(scalar @others, 0, 'and not the old one, of which there is no stock');
}
is(scalar products(search("99$run")), 20, 'ranking: a beginning returns twenty at most');
is(skus(search("98$run")), join(' ', map { "ZZH-Q-$run-$_" } 3, 2, 1), 'ranking: the popular one first, then what is in stock');
is(skus(search('987')), '', 'ranking: fewer than four characters are no beginning');
is_deeply((products(search("77$run")))[0]{match}, { kind => 'leadingZeros', on => 'MANUFACTURER' }, 'without its zeros');
is(skus(search("zzv$code")), "ZZH-NUM-$run", 'by a word');
for my $typed (substr("zzv$code", 0, 5) . 'x' . substr("zzv$code", 5), substr("zzv$code", 0, 5) . substr("zzv$code", 6))
{
	is_deeply([ map { "$_->{sku} $_->{match}{kind}" } products(search($typed)) ], ["ZZH-NUM-$run typo"], "ranking: one typing error finds: $typed");
}
is(sorted(search('thema f25 carte électronique principale')), 'CAR-SAU-57260', 'ranking: boiler and part return only what fits');
is(sorted(search($_, 'limit=100')), of_brand('viessmann'), "ranking: a brand in every script: $_") for 'Viessmann', 'فيسمان', 'VIESSMANN';
is(sorted(search('saunier-duval', 'limit=100')), of_brand('saunier-duval'), 'a brand of two words');
{
	my $french = sorted(search('électrode d’allumage viessmann', 'limit=100'));

	isnt($french, '', 'French finds');
	is(sorted(search($_, 'limit=100')), $french, "as does $_") for 'ignition electrode viessmann', 'قطب الإشعال فيسمان', 'ELECTRODES ALLUMAGE VIESSMANN';
}

#------------------------------------------------------------------ shape

my $reply = search('vanne gaz', 'limit=3');
shape(
	$reply->{json},
	{
		success => 'bool',
		data => {
			products => [ {
				id => 'uuid', name => 'text', slug => 'text', sku => 'text', manufacturerRef => 'text?', price => 'num', salePrice => 'num?', stockQuantity => 'int',
				images => [ { id => 'uuid', url => 'text', altText => 'text?', sortOrder => 'int' } ], category => { id => 'uuid', name => 'text', slug => 'text' },
				match => { kind => 'text', on => 'text' } } ],
			facets => {
				categories => [ { id => 'uuid', name => 'text', slug => 'text', count => 'int' } ],
				manufacturers => [ { id => 'uuid', name => 'text', slug => 'text', count => 'int' } ],
				kinds => [ { id => 'uuid', name => 'text', slug => 'text', count => 'int' } ],
				prices => [ { min => 'num', max => 'num?', count => 'int' } ],
				availability => { inStock => 'int', outOfStock => 'int' }
			},
			pagination => { page => 'int', limit => 'int', total => 'int', totalPages => 'int', hasNext => 'bool', hasPrev => 'bool' }
		}
	},
	'the shape of an answer');
unlike($reply->{content}, qr/cost/i, 'never the cost price');
{
	my $data = $reply->{json}{data};
	my $sum = sub { my $n = 0; $n += $_->{count} for @{ $data->{facets}{ $_[0] } }; return $n };

	cmp_ok($data->{pagination}{total}, '>', 3, 'more than a page');
	is($sum->($_), $data->{pagination}{total}, "facets count everything found: $_") for qw(categories prices);
	is($data->{facets}{availability}{inStock} + $data->{facets}{availability}{outOfStock}, $data->{pagination}{total}, 'availability');
}
{
	my ($by_words) = products(search("zzv$code"));
	my ($as_everywhere) = products(get("$api/products?search=ZZH-NUM-$run"));

	delete $by_words->{match};
	is_deeply($by_words, $as_everywhere, 'a product is the product of every list');
	my ($arabic) = grep { $_->{nameAr} } @parts;
	is((products(search($arabic->{sku})))[0]{nameAr}, $arabic->{nameAr}, 'Arabic comes back byte for byte');
}

#------------------------------------------------------------------ filters and pages

is(scalar products(search("zzp$code", 'limit=10&page=3')), 5, 'the last page');
is(scalar products(search("zzp$code", 'limit=10&page=4')), 0, 'after it');
is(scalar(products(search("zzp$code", 'inStock=true'))), 0, 'nothing of it is in stock');
is(search("zzp$code", 'minPrice=1234&maxPrice=1234&limit=1')->{json}{data}{pagination}{total}, 25, 'the price belongs to the range');
is(search("zzp$code", 'minPrice=1234.01')->{json}{data}{pagination}{total}, 0, 'above it nothing');
is(search('vanne', 'category=none')->{json}{data}{pagination}{total}, 0, 'an unknown category');
{
	my @wanted = sort map { $_->{sku} } grep { ($_->{manufacturer} // '') =~ /^(?:viessmann|vaillant)$/ } @parts;

	is(sorted(get("$api/search?manufacturer=viessmann,vaillant&limit=100")), join(' ', @wanted), 'manufacturers without words');
	is(sorted(get("$api/search?manufacturer=viessmann&manufacturer=vaillant&limit=100")), join(' ', @wanted), 'given one by one');
	my @prices = map { $_->{salePrice} // $_->{price} } products(search('vanne', 'sort=price_asc&limit=50'));
	is_deeply(\@prices, [ sort { $a <=> $b } @prices ], 'cheapest first');
}

#------------------------------------------------------------------ refused, and harmless

is_field(get("$api/search?q=x&$_"), (split /=/)[0], "refused: $_")
	for 'sort=name', 'sort=price;drop', 'page=0', 'page=x', 'limit=0', 'limit=101', 'minPrice=-1', 'page=10001';
is_field(get("$api/search?q=" . 'x' x 201), 'q', 'more than 200 characters');
is_field(get("$api/search/suggest?q=" . 'x' x 201), 'q', 'nor suggestions for them');
is_field(get("$api/search/suggest"), 'q', 'suggestions for nothing');
is_field(get("$api/search/suggest?q=x&limit=11"), 'limit', 'more than ten suggestions');
is_error(get("$api/search"), 422, 'ARGUMENT_MISSING', 'a search for nothing');
is_error(get("$api/search?q=%20%20"), 422, 'ARGUMENT_MISSING', 'nor for blanks');
is_error(search('vanne', 'page=101&limit=100'), 422, 'ARGUMENT_RANGE', 'a page too deep');
is(search('vanne', 'page=100&limit=100')->{status}, 200, 'the deepest page');
is(status_of('GET', "$api/search?q=$_"), 400, "not UTF-8 or broken: $_") for '%ff', '%00', '%zz';
{
	my @before = tables();
	my $started = time;

	is_error(get("$api/$_" . 'x' x 10_000), 414, 'URI_TOO_LONG', "10 kB: $_") for 'search?q=', 'search/suggest?q=', 'products?search=', 'boilers/finder?code=', 'boilers/plate?text=';
	cmp_ok(time - $started, '<', 10, 'in bounded time');
	is_deeply([ tables() ], \@before, 'and nothing changed');
}
for my $typed ('%', '_', '\\', "'", '"', "' OR 1=1 --", '& | ! ()', ':*', 'a:* & b', '<->', '.*', '(?=a)', '[', '😀', '*', '$1', '{}', 'x' x 200, 'é' x 200, 'ا' x 200, '1' x 200, join(' ', ('a') x 100))
{
	my $reply = search($typed);

	is($reply->{status}, 200, 'harmless: ' . substr($typed, 0, 20));
	is(get("$api/search/suggest?q=" . uri($typed))->{status}, 200, 'also for suggestions');
}
is(search($_)->{json}{data}{pagination}{total}, 0, "no wildcard: $_") for '%', '_', '*', '.*';

#------------------------------------------------------------------ suggestions

sub suggested { return map { "$_->{type} $_->{text}" } @{ get("$api/search/suggest?q=" . uri($_[0]))->{json}{data}{suggestions} } }

shape(get("$api/search/suggest?q=vanne")->{json}, { success => 'bool', data => { suggestions => [ { type => 'text', text => 'text', id => 'uuid', slug => 'text?' } ] } }, 'the shape of suggestions');
is_deeply([ sort(suggested('7828-7')) ], [ map { "product $_" } sort grep { ($part{$_}{manufacturerRef} // '') =~ /^7828\W?7/ } keys %part ], 'numbers by their beginning');
is((suggested('thema f'))[0], 'boiler Thema F25', 'a boiler');
is((suggested('viess'))[0], 'manufacturer Viessmann', 'a manufacturer');
is_deeply([ grep { /^category Électrodes d'Allumage$/ } suggested("electrodes d'al") ], ["category Électrodes d'Allumage"], 'a category, without accents') or diag(join ', ', suggested("electrodes d'al"));
is_deeply([ suggested("zzv$code") ], [ 'product Vanne zzv' . $code ], 'a name');
is_deeply([ suggested(substr "zzv$code", 0, 7) ], [ 'product Vanne zzv' . $code ], 'that is not finished');
cmp_ok(scalar(my @ten = suggested('v')), '<=', 10, 'ten at most');

finish();

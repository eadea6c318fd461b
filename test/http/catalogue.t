#!/usr/bin/perl
#
# catalogue.t - the shop window: products with their filters, categories, manufacturers,
# boilers, wilayas, shipping and payment methods. What is expected comes from the files
# of the demo catalogue, not from the database.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use List::Util qw(min);
use POSIX qw(strftime);
use Shop;
use Test::More;

my $api = '/api/v1';
# By the names of the columns that the other files have.
my %column = (name_fr => 'name', name_ar => 'nameAr', description_fr => 'description', category_slug => 'category', manufacturer_slug => 'manufacturer', manufacturer_ref => 'manufacturerRef',
	price_dzd => 'price', sale_price_dzd => 'salePrice', stock_qty => 'stock', is_featured => 'isFeatured');
my @parts = map { my $row = $_; ({ %$row, (map { $_ => $row->{ $column{$_} } } keys %column), weight_g => $row->{weight} && 1000 * $row->{weight} }) } csv('parts.csv');
my @fitment = map { ({ %$_, boiler_model => $_->{boilerModel}, note_fr => $_->{note} }) } csv('fitment.csv');
my %part = map { $_->{sku} => $_ } @parts;
my @categories = csv('categories.csv');
my @wilayas = csv('wilayas.csv');
my %parent = map { $_->{slug} => $_->{parent_slug} // '' } @categories;
my $today = strftime('%Y-%m-%d', gmtime(time + 3600));    # of the shop, Africa/Algiers

sub products { return @{ $_[0]{json}{data}{products} // [] } }

sub skus
{
	return map { $_->{sku} } products(@_);
}

# SKUs of all pages of a list, in order.
sub all_skus
{
	my $query = shift;
	my @skus;

	for my $page (1 .. 20)
	{
		my $reply = get("$api/products?limit=100&page=$page&$query");
		push @skus, skus($reply);
		last unless $reply->{json}{data}{pagination}{hasNext};
	}
	return @skus;
}

sub price { return $_[0]{sale_price_dzd} // $_[0]{price_dzd} }

sub in_category
{
	return grep { $_->{category_slug} eq $_[0] || $parent{ $_->{category_slug} } eq $_[0] } @parts;
}

sub is_set
{
	my ($query, $expected, $name) = @_;

	cmp_ok(scalar @$expected, '>', 0, "$name: the demo data has such parts");
	return is_deeply([ sort(all_skus($query)) ], [ sort map { $_->{sku} } @$expected ], $name);
}

#------------------------------------------------------------------ shape of a product

my %product = (
	id => 'uuid', name => 'text', slug => 'text', sku => 'text', description => 'text?',
	shortDescription => 'text?', price => 'num', salePrice => 'num?', stockQuantity => 'int',
	minStock => 'int?', maxStock => 'int?', weight => 'num?', isActive => 'bool',
	isFeatured => 'bool',
	categoryId => 'uuid', manufacturerId => 'uuid?',
	images => [ { id => 'uuid', url => 'text', altText => 'text?', sortOrder => 'int' } ],
	specifications => 'object', features => 'list', dimensions => 'object', metaTitle => 'text?',
	metaDescription => 'text?', createdAt => 'time', updatedAt => 'time',
	category => { id => 'uuid', name => 'text', slug => 'text' }, averageRating => 'num',
	reviewCount => 'int',
);

my $reply = get("$api/products");
is($reply->{status}, 200, 'products');
shape(
	$reply->{json},
	{
		success => 'bool',
		data => {
			products => [ \%product ],
			pagination => {
				page => 'int', limit => 'int', total => 'int', totalPages => 'int',
				hasNext => 'bool', hasPrev => 'bool'
			}
		}
	},
	'the shape of a list');
unlike($reply->{content}, qr/cost/i, 'never the cost price');
is(scalar products($reply), 20, 'twenty a page');

my ($cut) = grep { $_->{sale_price_dzd} } @parts;
for my $sku ($cut->{sku}, (sort keys %part)[ 0, 100, 200 ])
{
	my $want = $part{$sku};
	my ($found) = products(get("$api/products?search=$sku"));

	is($found->{name}, $want->{name_fr}, "$sku: name");
	is($found->{price}, $want->{price_dzd}, "$sku: price");
	is($found->{salePrice}, $want->{sale_price_dzd}, "$sku: sale price, null without one");
	is($found->{stockQuantity}, $want->{stock_qty} // 0, "$sku: stock");
	is($found->{category}{slug}, $want->{category_slug}, "$sku: category");
	is($found->{manufacturer}{slug}, $want->{manufacturer_slug}, "$sku: manufacturer");
	is($found->{weight} * 1000, $want->{weight_g}, "$sku: weight in kg") if $want->{weight_g};
	is(JSON::PP::is_bool($found->{isFeatured}) && $found->{isFeatured} ? 'true' : 'false',
		$want->{is_featured}, "$sku: featured");
}

#------------------------------------------------------------------ pages

my $total = sql('SELECT count(*) FROM mjc.product WHERE is_active');
cmp_ok($total, '>=', scalar @parts, 'the whole demo catalogue is on the shelf');
$reply = get("$api/products?limit=7&page=2");
is_deeply(
	$reply->{json}{data}{pagination},
	{
		page => 2, limit => 7, total => $total,
		totalPages => int(($total + 6) / 7), hasNext => JSON::PP::true, hasPrev => JSON::PP::true
	},
	'the second page');
is_deeply([ skus($reply) ], [ (skus(get("$api/products?limit=20")))[ 7 .. 13 ] ],
	'goes on where the first ended');
my $last = int(($total + 6) / 7);
$reply = get("$api/products?limit=7&page=$last");
is(scalar products($reply), $total - 7 * ($last - 1), 'the last page holds the rest');
ok(!$reply->{json}{data}{pagination}{hasNext}, 'nothing after it');
$reply = get("$api/products?page=500");
is($reply->{status}, 200, 'a page far behind the end');
is_deeply([ products($reply) ], [], 'is empty');
is_error(get("$api/products?$_"), 422, 'ARGUMENT_RANGE', "nobody reads so far: $_")
	for qw(page=501 page=100000 page=101&limit=100);
is(status_of('GET', "$api/products?page=100&limit=100"), 200, 'the ten thousandth product');
my %seen;
$seen{$_}++ for all_skus('');
is(scalar(keys %seen), $total, 'every product on some page');
is_deeply([ grep { $seen{$_} > 1 } keys %seen ], [], 'and on one only');

is_field(get("$api/products?$_"), (split /=/)[0], (/^sort/ ? "4a.64" : "4a.63") . " refused: $_")
	for
	qw(page=0 page=-1 page=x page=1.5 page=100001 page=99999999999999999999 limit=0
	limit=101 limit=-5 limit=1e2 limit=1000000000 minPrice=abc minPrice=-1 maxPrice=1.234
	maxPrice=NaN maxPrice=Infinity 	sortBy=password sortBy=price%3Bdrop sortBy=price_centimes sortOrder=up), 'search=' . 'x' x 201;
is_field(get("$api/products?page=1&page=2"), 'page', 'a number given twice');
is_field(get("$api/products?page=x&limit=y&sortBy=z"), [qw(limit page sortBy)],
	'every bad parameter is named at once');
is(status_of('GET', "$api/products?page=&limit=&search=&category=&sortBy="), 200,
	'empty parameters count as absent');
is(status_of('GET', "$api/products?include=images,category,manufacturer"), 200,
	'what a frontend adds is ignored');

#------------------------------------------------------------------ filters

my ($root) = grep { !$_->{parent_slug} && in_category($_->{slug}) > 5 } @categories;
my ($leaf) = grep { $_->{parent_slug} && in_category($_->{slug}) > 1 } @categories;
my %listed =
	map { $_->{slug} => $_ } @{ get("$api/products/categories")->{json}{data}{categories} };

is_set("category=$leaf->{slug}", [ in_category($leaf->{slug}) ], 'category by slug');
is_set("category=$listed{ $leaf->{slug} }{id}", [ in_category($leaf->{slug}) ], 'category by id');
is_set("category=$root->{slug}", [ in_category($root->{slug}) ],
	'a category includes the ones below it');
my ($other) = grep { $_->{parent_slug} && $_->{slug} ne $leaf->{slug} && in_category($_->{slug}) }
	@categories;
my @two = (in_category($leaf->{slug}), in_category($other->{slug}));
is_set("categories=$leaf->{slug},$other->{slug}", \@two, 'categories as one comma list');
is_set("categories=$leaf->{slug}&categories=$other->{slug}", \@two, 'categories as repeated keys');
is_deeply([ all_skus('category=no-such-category') ], [], 'an unknown category has nothing');
is_deeply([ all_skus('category=00000000-0000-4000-8000-000000000000') ], [],
	'an unknown id neither');

my %made_by;
push @{ $made_by{ $_->{manufacturer_slug} // '' } }, $_ for @parts;
my ($maker, $maker2) = sort grep { $_ } keys %made_by;
my %makers =
	map { $_->{slug} => $_ } @{ get("$api/products/manufacturers")->{json}{data}{manufacturers} };
is_set("manufacturer=$maker", $made_by{$maker}, 'manufacturer by slug');
is_set("manufacturer=$makers{$maker}{id}", $made_by{$maker}, 'manufacturer by id');
is_set("manufacturers=$maker,$maker2", [ map { @{ $made_by{$_} } } $maker, $maker2 ],
	'manufacturers as a list');
my @both = grep { $_->{manufacturer_slug} && $_->{manufacturer_slug} eq $maker }
	in_category($root->{slug});
is_deeply([ sort(all_skus("category=$root->{slug}&manufacturer=$maker")) ],
	[ sort map { $_->{sku} } @both ], 'filters are joined by and');

# A category of the demo data keeps the products of other tests out of what follows.
my @here = in_category($root->{slug});
my $here = "category=$root->{slug}";
my $middle = (sort { $a <=> $b } map { price($_) } @here)[ @here / 2 ];
is_set("$here&minPrice=$middle", [ grep { price($_) >= $middle } @here ],
	'minPrice, on the price in force');
is_set("$here&maxPrice=$middle", [ grep { price($_) <= $middle } @here ], 'maxPrice');
is_set("$here&minPrice=$middle&maxPrice=$middle.00", [ grep { price($_) == $middle } @here ],
	'both, with decimals');
is_set(
	join('&', "category=$cut->{category_slug}", map { "$_=$cut->{sale_price_dzd}" } qw(minPrice maxPrice)),
	[
		grep { $_->{category_slug} eq $cut->{category_slug} && price($_) == $cut->{sale_price_dzd} }
			@parts
	],
	'a promotion counts with its promotional price');
is_deeply([ all_skus("$here&minPrice=99999999") ], [], 'nothing costs that much');
is_set('featured=true', [ grep { $_->{is_featured} eq 'true' } @parts ], 'featured');
is(get("$api/products?$here&featured=false")->{json}{data}{pagination}{total}, scalar @here,
	'featured=false does not filter');
is(get("$api/products?$here&featured=maybe")->{json}{data}{pagination}{total}, scalar @here,
	'any other word is false');
my ($empty) = grep { !$_->{stock_qty} } @parts;
my $shelf = $empty->{category_slug};
is_set("category=$shelf&inStock=true", [ grep { $_->{stock_qty} } in_category($shelf) ], 'inStock')
	if grep { $_->{stock_qty} } in_category($shelf);
ok(!(grep { $_ eq $empty->{sku} } all_skus("category=$shelf&inStock=true")),
	'a part without stock is not in it');

#------------------------------------------------------------------ search

my ($ref) = grep { ($_->{manufacturer_ref} // '') =~ /^[A-Z0-9-]{6,}$/ } @parts;
is_deeply([ all_skus("search=$ref->{sku}") ], [ $ref->{sku} ], 'search finds an article number');
is_deeply([ all_skus('search=' . lc $ref->{sku}) ], [ $ref->{sku} ], 'in any case');
ok((grep { $_ eq $ref->{sku} } all_skus("search=$ref->{manufacturer_ref}")),
	'and the number of the manufacturer');
my $word = 'ventouse';
is_set(
	"search=$word",
	[
		grep {
			lc(join ' ',
				map { $_ // '' } @$_{qw(name_fr name_ar sku manufacturer_ref description_fr)}) =~
				/$word/
		} @parts
	],
	'a word of name or description');
my $arabic = (split ' ', $parts[0]{name_ar})[0];
is_set('search=' . uri($arabic), [ grep { ($_->{name_ar} // '') =~ /\Q$arabic\E/ } @parts ],
	'an Arabic word');
my $accent = "brûleur";
is_set('search=' . uri($accent),
	[ grep { lc(join ' ', $_->{name_fr}, $_->{description_fr} // '') =~ /$accent/ } @parts ],
	'an accented word');
for my $odd ('%', '_', '\\', "'", '"', "' OR 1=1 --", "'||pg_sleep(5)||'", '%' x 200,
	'(((((((a+)+)+)+', '& | ! <->')
{
	my $got = get("$api/products?$here&search=" . uri($odd));
	my @want = grep {
		index(
			lc join(
				' ', map { $_ // '' } @$_{qw(name_fr name_ar sku manufacturer_ref description_fr)}
			),
			lc $odd
		) >= 0
	} @here;

	is_deeply([ $got->{status}, scalar skus($got) ], [ 200, min(scalar @want, 20) ],
		'4a.62 taken as plain text: ' . substr($odd, 0, 20));
}

#------------------------------------------------------------------ order

my %key = (price => sub { price($_[0]) }, name => sub { $_[0]{name_fr} },
	stockQuantity => sub { $_[0]{stock_qty} // 0 });

for my $by ('price', 'stockQuantity')
{
	for my $way ('asc', 'desc')
	{
		my @got = map { $key{$by}->($part{$_}) } all_skus("$here&sortBy=$by&sortOrder=$way");
		my @want = sort { $way eq 'asc' ? $a <=> $b : $b <=> $a } map { $key{$by}->($_) } @here;

		is_deeply(\@got, \@want, "by $by, $way");
	}
}
my @up = all_skus("$here&sortBy=name&sortOrder=asc");
my @by_name = map { $part{$_}{name_fr} } @up;
is(
	scalar(
		grep { lc substr($by_name[$_], 0, 1) gt lc substr($by_name[ $_ + 1 ], 0, 1) }
		grep { $by_name[$_] =~ /^[A-Za-z]/ && $by_name[ $_ + 1 ] =~ /^[A-Za-z]/ } 0 .. $#up - 1
	),
	0,
	'by name, first letters ascend');
my @names_down = map { $part{$_}{name_fr} } all_skus("$here&sortBy=name&sortOrder=desc");
is_deeply(\@names_down, [ reverse @by_name ], 'by name descending is the reverse');
my @down = all_skus($here);
my @times = map { $_->{createdAt} } products(get("$api/products?$here&limit=100"));
is_deeply(\@times, [ sort { $b cmp $a } @times ], 'newest first is the default');
is_deeply([ all_skus("$here&sortBy=createdAt&sortOrder=desc") ], \@down,
	'which is createdAt, desc');
is_deeply([ all_skus("$here&sortBy=createdAt&sortOrder=asc") ], [ reverse @down ],
	'createdAt, asc');
is_deeply([ all_skus("$here&sortBy=PRICE&sortOrder=ASC") ],
	[ all_skus("$here&sortBy=price&sortOrder=asc") ], 'words in any case');
is(status_of('GET', "$api/products?sortBy=updatedAt&sortOrder=desc"), 200, 'by updatedAt');
is_field(get("$api/products?sortBy=$_"), 'sortBy', "not by $_, which nobody counts yet")
	for qw(averageRating salesCount);

#------------------------------------------------------------------ featured

$reply = get("$api/products/featured");
is($reply->{status}, 200, 'featured products');
shape($reply->{json}{data}, { products => [ \%product ] }, 'their shape');
my @featured = grep { $_->{is_featured} eq 'true' } @parts;
is(scalar products($reply), min(8, scalar @featured), 'eight of them');
is_deeply([ grep { ($part{$_}{is_featured} // '') ne 'true' } skus($reply) ], [],
	'only featured ones');
is_deeply([ sort { $a cmp $b } skus(get("$api/products/featured?limit=50")) ],
	[ sort map { $_->{sku} } @featured ], 'all of them, when asked')
	if @featured <= 50;
is(scalar products(get("$api/products/featured?limit=2")), 2, 'or two');
is_field(get("$api/products/featured?limit=$_"), 'limit', "limit=$_") for qw(0 51 x);

#------------------------------------------------------------------ one product

my ($one) = products(get("$api/products?search=$cut->{sku}"));
my @fits = grep { $_->{sku} eq $cut->{sku} } @fitment;
for my $key ($one->{id}, uc $one->{id}, $one->{slug})
{
	$reply = get("$api/products/$key");
	is($reply->{status}, 200, "product $key");
	is($reply->{json}{data}{product}{sku}, $cut->{sku}, 'the right one');
}
shape($reply->{json}{data}{product}, { %product, relatedProducts => [ \%product ] }, 'its shape');
unlike($reply->{content}, qr/cost/i, 'never the cost price');
is_deeply($reply->{json}{data}{product}{relatedProducts}, [], 'no related ones unless asked');
my @related =
	@{ get("$api/products/$one->{slug}?includeRelated=true")->{json}{data}{product}{relatedProducts}
	};
my @siblings =
	grep { $_->{sku} ne $cut->{sku} && $_->{category_slug} eq $cut->{category_slug} } @parts;
is(scalar @related, min(4, scalar @siblings), 'up to four related ones');
is_deeply([ grep { $_->{categoryId} ne $one->{categoryId} || $_->{id} eq $one->{id} } @related ],
	[], 'of the same category, never itself');

for my $key ('no-such-product', '00000000-0000-4000-8000-000000000000', "$one->{id}x",
	substr($one->{id}, 1), 'x' x 255, uri('قطعة'), '1', '%20')
{
	is_error(get("$api/products/$key"), 404, 'NOT_FOUND', 'no product ' . substr($key, 0, 40));
}
is(status_of('GET', "$api/products/" . 'x' x 256), 404, 'a key that is too long');

# What the page of a product and the check before "add to cart" read.
my $mine = make_product(price => 1999, stock => 3, name => 'Vanne <b>"4 & 5"</b> ضغط');
$reply = get("$api/products/$mine");
is($reply->{json}{data}{product}{name}, 'Vanne <b>"4 & 5"</b> ضغط',
	'a name comes back as it was written');
is($reply->{json}{data}{product}{stockQuantity}, 3, 'stock');
is($reply->{json}{data}{product}{salePrice}, undef, 'salePrice is null without a promotion');
like($reply->{content}, qr/"price"\s*:\s*1999(\.00)?\s*,/, 'money is a JSON number');
is_deeply($reply->{json}{data}{product}{features}, [], 'features is a list');
is_deeply($reply->{json}{data}{product}{images}, [], 'images is a list');
is_deeply($reply->{json}{data}{product}{specifications}, {}, 'specifications is an object');
sql(<<~'SQL', mine => $mine);
	UPDATE mjc.product SET features = '["Laiton", "3/4"]', specifications = '{"DN": 20}'
	 WHERE product_id = :'mine';
	INSERT INTO mjc.product_image (product_id, image_id, url, sort_order)
	VALUES (:'mine', gen_random_uuid(), '/files/b.jpg', 2),
	       (:'mine', gen_random_uuid(), '/files/a.jpg', 1);
	DELETE FROM mjc.product_card WHERE product_id = :'mine';
	SQL
$reply = get("$api/products/$mine");
is_deeply($reply->{json}{data}{product}{features}, [ 'Laiton', '3/4' ], 'features');
is_deeply($reply->{json}{data}{product}{specifications}, { DN => 20 }, 'specifications');
is_deeply([ map { $_->{url} } @{ $reply->{json}{data}{product}{images} } ],
	[ '/files/a.jpg', '/files/b.jpg' ], 'all images, in order');
my ($card) = products(get("$api/products?category=" . test_category()));
is_deeply([ map { $_->{url} } @{ $card->{images} } ], ['/files/a.jpg'],
	'a list shows the first image');
place([ [ $mine, 2 ] ]);
is(get("$api/products/$mine")->{json}{data}{product}{stockQuantity}, 1,
	'an order takes from the stock that is shown');

#------------------------------------------------------------------ the page when it is prebuilt

my $before = get("$api/products/$mine")->{json}{data}{product};
($card) = products(get("$api/products?category=" . test_category()));
sql("SELECT mjc.product_changed(ARRAY['$mine'::uuid])");
is_deeply(get("$api/products/$mine")->{json}{data}{product}, $before, 'a prebuilt page is the same');
is_deeply((products(get("$api/products?category=" . test_category())))[0], $card, 'and its card');
shape(
	$before,
	{
		%product, relatedProducts => [ \%product ], nameAr => 'text?', nameEn => 'text?',
		descriptionAr => 'text?', descriptionEn => 'text?', attributes => [], papers => [],
		crossReferences => [], crossReferenceCount => 'int', boilerModels => [],
		boilerModelCount => 'int', safetyClass => 'text', needsQualifiedInstaller => 'bool'
	},
	'what a page has besides');
is($reply->{json}{data}{product}{name}, 'Vanne <b>"4 & 5"</b> ضغط', 'Arabic as it was written');
for my $language ('ar', 'fr', 'en')
{
	is_deeply(
		get("$api/products/$mine", headers => { 'Accept-Language' => $language })
			->{json}{data}{product},
		$before, "all languages at once, whoever asks: $language");
}

# The ways in which the pages ask (contract 1.1).
for my $prefix ('', '/api', '/v1', '/api/v1', '/api/api/v1', '/api/v1/api')
{
	is(get("$prefix/products/$mine")->{json}{data}{product}{id}, $mine, "by $prefix/products");
	is(scalar products(get("$prefix/products?limit=3&include=images,category,manufacturer")), 3,
		"a list by $prefix/products");
}

#------------------------------------------------------------------ batches

sub batch { return post("$api/products/batch", body => $_[0]) }

my @ids = map { $_->{id} } products(get("$api/products?$here&limit=3"));
$reply = batch({ productIds => [ @ids[ 2, 0 ], $mine, $ids[2], '00000000-0000-4000-8000-000000000000' ] });
is($reply->{status}, 200, 'products by their ids');
is_deeply([ map { $_->{id} } products($reply) ], [ @ids[ 2, 0 ], $mine ],
	'each once, in their order, unknown ones left out');
shape($reply->{json}{data}, { products => [ \%product ] }, 'their shape');
unlike($reply->{content}, qr/cost/i, 'never the cost price');
is_deeply([ products(batch({ productIds => [] })) ], [], 'none');
is(batch({ productIds => [ map { sprintf '00000000-0000-4000-8000-%012d', $_ } 1 .. 100 ] })->{status},
	200, 'a hundred');
is_field(batch({ productIds => [ map { sprintf '00000000-0000-4000-8000-%012d', $_ } 1 .. 101 ] }),
	'productIds', 'more than a hundred');
is_field(batch({ productIds => $_ }), 'productIds', 'no list of texts')
	for $ids[0], 7, { a => 1 }, undef;
is(batch({ productIds => $_ })->{status}, 422, 'no ids') for [ 7 ], ['x'], [undef], [''];
is_field(batch({}), 'productIds', 'nothing');
is_field(batch({ productIds => [], price => 1 }), 'price', 'a field that nobody knows');

#------------------------------------------------------------------ products off the shelf

my $admin = admin_token();
my $off = make_product(price => 500, stock => 2, active => 0);
my $slug = sql("SELECT slug FROM mjc.product WHERE product_id = '$off'");
my $category = test_category();
for my $token (undef, mint('CUSTOMER', make_account('CUSTOMER'), 0), 'rubbish',
	forge({ alg => 'HS256', typ => 'JWT' }, claims(iat => 1, exp => 3600)),
	mint('ADMIN', admin_id(), 99))
{
	my $who = defined $token ? 'with a token of no weight ' . substr($token, -6) : 'a visitor';

	is_error(get("$api/products/$off", token => $token), 404, 'NOT_FOUND', "$who: hidden by id");
	is_error(get("$api/products/$slug", token => $token), 404, 'NOT_FOUND', 'hidden by slug');
	is_deeply(
		[ map { $_->{id} } products(get("$api/products?category=$category", token => $token)) ],
		[$mine], 'hidden in lists');
}
is(get("$api/products/$off", token => $admin)->{json}{data}{product}{isActive}, JSON::PP::false,
	'an admin sees it by id');
is(get("$api/products/$slug", token => $admin)->{json}{data}{product}{id}, $off, 'by slug');
is_deeply(
	[ sort map { $_->{id} } products(get("$api/products?category=$category", token => $admin)) ],
	[ sort $mine, $off ], 'and in lists');
is_deeply([ map { $_->{id} } products(batch({ productIds => [ $off, $mine ] })) ], [$mine],
	'hidden in batches');
is(scalar products(get("$api/products", token => $admin)), 100, 'an admin gets a hundred a page');
is(status_of('GET', "$api/products?page=501", token => $admin), 200, 'and may read on');
ok(
	!(
		grep { $_->{id} eq $off }
		@{ get("$api/products/$mine?includeRelated=true")->{json}{data}{product}{relatedProducts} }
	),
	'nor is it a related one');

#------------------------------------------------------------------ categories and manufacturers

$reply = get("$api/products/categories");
shape(
	$reply->{json}{data},
	{
		categories => [ {
			id => 'uuid', name => 'text', slug => 'text', description => 'text?',
			image => 'text?', parentId => 'uuid?', isActive => 'bool', sortOrder => 'int',
			createdAt => 'time',
			updatedAt => 'time', productCount => 'int', _count => { products => 'int' } } ]
	},
	'the shape of categories');
my @demo = grep { exists $parent{ $_->{slug} } } @{ $reply->{json}{data}{categories} };
is_deeply([ sort map { $_->{slug} } @demo ], [ sort map { $_->{slug} } @categories ],
	'every category of the demo data');
is_deeply({ map { $_->{slug} => $_->{productCount} } @demo },
	{ map { $_->{slug} => scalar in_category($_->{slug}) } @categories },
	'productCount, with what is below');
my %name = map { $_->{slug} => $_->{name_fr} } @categories;
is_deeply({ map { $_->{slug} => $_->{name} } @demo }, \%name, 'their names');
my %arabic = map { $_->{slug} => $_->{name_ar} } csv('categories_ar.csv');
is_deeply({ map { $_->{slug} => $_->{nameAr} } @demo }, \%arabic, 'in Arabic');
my %id = map { $_->{slug} => $_->{id} } @demo;
is_deeply({ map { $_->{slug} => $_->{parentId} } @demo },
	{ map { $_ => $parent{$_} ? $id{ $parent{$_} } : undef } keys %id }, 'the tree by parentId');
is_deeply([ grep { $demo[$_]{parentId} && !$demo[ $_ + 1 ]{parentId} } 0 .. $#demo - 1 ], [],
	'roots come first');
my ($with) = grep { $_->{slug} eq $root->{slug} }
	@{ get("$api/products/categories?includeProducts=true")->{json}{data}{categories} };
is_deeply([ sort map { $_->{slug} } @{ $with->{children} } ],
	[ sort grep { $parent{$_} eq $root->{slug} } keys %parent ], 'children, when asked');

# The same as the first frontends asked.
my %row = (
	id => 'uuid', name => 'text', slug => 'text', description => 'text?', image => 'text?',
	parentId => 'uuid?', isActive => 'bool', sortOrder => 'int', createdAt => 'time',
	updatedAt => 'time', productCount => 'int', _count => { products => 'int' });
$reply = get("$api/categories");
shape($reply->{json}, { success => 'bool', data => [ \%row ] }, 'a plain list of categories');
is_deeply([ sort map { $_->{slug} } grep { exists $parent{ $_->{slug} } } @{ $reply->{json}{data} } ],
	[ sort map { $_->{slug} } @categories ], 'all of them');
is_deeply(
	[ sort grep { exists $parent{$_} } map { $_->{slug} } @{ get("$api/categories?main=true")->{json}{data} } ],
	[ sort grep { !$parent{$_} } keys %parent ], 'or the roots');
for my $key ($root->{slug}, uc $root->{slug}, $listed{ $root->{slug} }{id}, uc $listed{ $root->{slug} }{id})
{
	$reply = get("$api/categories/$key");
	shape($reply->{json}{data}, \%row, "category $key");
	is($reply->{json}{data}{slug}, $root->{slug}, 'the right one');
	is($reply->{json}{data}{_count}{products}, scalar in_category($root->{slug}), 'with its products');
}
is_error(get("$api/categories/$_"), 404, 'NOT_FOUND', "no category $_")
	for 'no-such', '00000000-0000-4000-8000-000000000000', uri('الرئيسية');
sql("UPDATE mjc.category SET is_active = false WHERE slug = '$leaf->{slug}'");
is_error(get("$api/categories/$leaf->{slug}"), 404, 'NOT_FOUND', 'one that is closed');
is_deeply([ grep { $_->{slug} eq $leaf->{slug} } @{ get("$api/categories")->{json}{data} } ], [],
	'is not listed');
sql("UPDATE mjc.category SET is_active = true WHERE slug = '$leaf->{slug}'");

$reply = get("$api/products/manufacturers");
shape(
	$reply->{json}{data},
	{
		manufacturers => [ {
			id => 'uuid', name => 'text', slug => 'text', description => 'text?',
			website => 'text?',
			logo => 'text?', isActive => 'bool', createdAt => 'time', updatedAt => 'time',
			_count => { products => 'int' } } ],
		success => 'bool',
		data => [ { id => 'uuid', name => 'text' } ]
	},
	'the shape of manufacturers, in both forms');
# Other tests make some too.
my %of_demo = map { $_->{slug} => 1 } csv('manufacturers.csv');
my @made = grep { $of_demo{ $_->{slug} } } @{ $reply->{json}{data}{manufacturers} };
is_deeply({ map { $_->{slug} => $_->{_count}{products} } @made },
	{ map { $_->{slug} => scalar @{ $made_by{ $_->{slug} } // [] } } csv('manufacturers.csv') },
	'the manufacturers and how many parts of each');
is_deeply([ map { lc $_->{name} } @made ], [ sort map { lc $_->{name} } @made ], 'by name');

#------------------------------------------------------------------ boilers

my @boilers = csv('boiler_models.csv');
$reply = get("$api/boilers/models");
my %boiler = (
	id => 'uuid', name => 'text', manufacturerId => 'uuid', series => 'text?', type => 'text?',
	releaseYear => 'int?',
	isActive => 'bool', createdAt => 'time', updatedAt => 'time', manufacturer => { name => 'text' }
);
shape($reply->{json}, { success => 'bool', data => { success => 'bool', data => [ \%boiler ] } },
	'models are wrapped twice');
my @models = @{ $reply->{json}{data}{data} };
is_deeply([ sort map { $_->{name} } @models ], [ sort map { $_->{model} } @boilers ],
	'every model');
my ($any) = @boilers;
my ($model) = grep { $_->{name} eq $any->{model} } @models;
is_deeply([ $model->{series}, $model->{type} ], [ $any->{series}, $any->{flue} ],
	'series and type');
my @of_maker =
	sort map { $_->{model} } grep { $_->{manufacturer_slug} eq $any->{manufacturer_slug} } @boilers;
for my $key ($any->{manufacturer_slug}, $model->{manufacturerId})
{
	is_deeply(
		[
			sort map { $_->{name} }
				@{ get("$api/boilers/models?manufacturerId=$key")->{json}{data}{data} }
		],
		\@of_maker,
		'models of one manufacturer');
}
is_deeply(
	[
		map { $_->{name} }
			@{ get("$api/boilers/models?search=" . uri(lc $any->{model}))->{json}{data}{data} }
	],
	[ sort map { $_->{model} } grep { index(lc $_->{model}, lc $any->{model}) >= 0 } @boilers ],
	'by a part of the name');
is_deeply(get("$api/boilers/models?manufacturerId=nobody")->{json}{data}{data}, [],
	'none of an unknown manufacturer');

my %fit;
$fit{ $_->{boiler_model} }{ $_->{sku} } = $_->{note_fr} for @fitment;
my ($fitting) = sort { keys %{ $fit{$b} } <=> keys %{ $fit{$a} } || $a cmp $b } keys %fit;
($model) = grep { $_->{name} eq $fitting } @models;
$reply = get("$api/boilers/models/$model->{id}/parts");
is($reply->{status}, 200, 'parts of a model');
shape($reply->{json}{data}, [ { %product, compatibilityNotes => 'text?' } ], 'their shape');
is_deeply({ map { $_->{sku} => $_->{compatibilityNotes} } @{ $reply->{json}{data} } },
	$fit{$fitting}, "the parts for $fitting with their notes");
is_deeply([ sort(all_skus("boilerModel=$model->{id}")) ], [ sort keys %{ $fit{$fitting} } ],
	'the same by the filter of the list');
is_deeply([ all_skus('boilerModel=00000000-0000-4000-8000-000000000000') ], [],
	'nothing fits an unknown model');
is_deeply([ all_skus('boilerModel=x') ], [], 'nor a word');
is_error(get("$api/boilers/models/$_/parts"), 404, 'NOT_FOUND', "parts of $_")
	for 'x', '00000000-0000-4000-8000-000000000000';
($any) = @{
	get(
		"$api/products/" . (sort keys %{ $fit{$fitting} })[0] =~
			s/.*/$reply->{json}{data}[0]{slug}/r
	)->{json}{data}{product}{boilerModels} };
shape($any, { id => 'uuid', name => 'text', notes => 'text?' },
	'a product names the boilers that it fits');

#------------------------------------------------------------------ wilayas

sub wilayas { return @{ $_[0]{json}{data} } }

my @now = grep { ($_->{valid_from} // '') le $today } @wilayas;
$reply = get("$api/wilayas");
shape(
	$reply->{json},
	{
		success => 'bool',
		count => 'int',
		data => [ {
			id => 'text', code => 'text', name => 'text', nameAr => 'text', active => 'bool',
			shippingCost => 'num' } ]
	},
	'the shape of wilayas');
is($reply->{json}{count}, $today lt '2027-01-01' ? 58 : 69, '58 wilayas, 69 from 2027 on');
is_deeply(
	[ map { [ @$_{qw(code name nameAr shippingCost)} ] } wilayas($reply) ],
	[
		map { [ @$_{qw(code name_fr name_ar)}, $_->{shipping_home_dzd} ] }
		sort { $a->{code} cmp $b->{code} } @now
	],
	'code, both names and tariff of each, by code');
like($reply->{content}, qr/"code"\s*:\s*"01"/, 'codes have two digits');

# The new ones are in the data already and begin on their day.
my @later = sort map { $_->{code} } grep { $_->{valid_from} } @wilayas;
is(scalar @later, 11, 'eleven begin in 2027');
sql("UPDATE mjc.wilaya SET valid_from_on = '2020-01-01' WHERE code = ANY ('{@{[join ',', @later]}}')");
is(get("$api/wilayas")->{json}{count}, 69, 'once their day has come there are 69');
sql("UPDATE mjc.wilaya SET valid_from_on = '$_->{valid_from}' WHERE code = '$_->{code}'")
	for grep { $_->{valid_from} } @wilayas;
is(get("$api/wilayas")->{json}{count}, scalar @now, 'before it they are not shown');

for my $w (@now[ 0, 15, 30 ])
{
	for my $key ($w->{code}, $w->{code} + 0, uri($w->{name_fr}), uri(uc $w->{name_fr}),
		uri($w->{name_ar}))
	{
		$reply = get("$api/wilayas/$key/shipping-cost");
		is_deeply(
			$reply->{json},
			{
				success => JSON::PP::true,
				data => { shippingCost => $w->{shipping_home_dzd}, freeShippingThreshold => 50000 }
			},
			"shipping to $key");
	}
}
shape($reply->{json}{data}, { shippingCost => 'num', freeShippingThreshold => 'num' },
	'as numbers');
is_error(get("$api/wilayas/$_/shipping-cost"), 404, 'NOT_FOUND', "no wilaya $_")
	for qw(99 00 Atlantis), $today lt '2027-01-01' ? '69' : '70';

#------------------------------------------------------------------ payments

$reply = get("$api/payments/methods");
shape(
	$reply->{json},
	{
		success => 'bool',
		data => [ {
			id => 'text', nameAr => 'text', nameFr => 'text', description => 'text',
			isDefault => 'bool' } ]
	},
	'the shape of payment methods');
is_deeply([ map { [ $_->{id}, $_->{isDefault} ] } @{ $reply->{json}{data} } ],
	[ [ 'CASH_ON_DELIVERY', JSON::PP::true ] ], 'cash on delivery');

sub quote { return post("$api/payments/shipping-cost", body => $_[0]) }

my %tariff = map { $_->{code} => $_->{shipping_home_dzd} } @now;
$reply = quote({ wilaya => '31' });
is_deeply($reply->{json}{data}, { shippingCost => $tariff{31}, wilaya => 'Oran' },
	'shipping to a code');
shape($reply->{json}{data}, { shippingCost => 'num', wilaya => 'text?' }, 'as a number');
is(quote({ wilaya => 'oran' })->{json}{data}{shippingCost}, $tariff{31}, 'to a name in any case');
is(quote({ wilaya => '31', totalAmount => 49999.99 })->{json}{data}{shippingCost}, $tariff{31},
	'just below the threshold');
is(quote({ wilaya => '31', totalAmount => 50000 })->{json}{data}{shippingCost}, 0,
	'free from 50 000 DZD on');
is(quote({ wilaya => 'Atlantis' })->{json}{data}{shippingCost}, 600,
	'an unknown place pays 600 DZD');
is_field(quote({}), 'wilaya', 'without a place');
is_field(quote({ wilaya => 31 }), 'wilaya', 'a number for a place');
is_field(quote({ wilaya => '31', totalAmount => $_ }), 'totalAmount', "an amount of $_")
	for -1, '100', 1.234, 1e300;
is_field(quote({ wilaya => '31', price => 1 }), 'price', 'a field that nobody knows');

finish();

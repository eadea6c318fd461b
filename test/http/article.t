#!/usr/bin/perl
#
# article.t - the catalogue as an admin keeps it over REST: products as the admin form sends
# them, categories, manufacturers, kinds, attributes; and what each route refuses.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use Encode ();
use JSON::PP ();
use Shop;
use Test::More;

my $api = '/api/v1';
my $token = admin_token();
my $none = '00000000-0000-4000-8000-0000000000ff';
my $run = sprintf '%x-%d', time, $$;
my $serial = 0;
my $category = test_category();

sub data { return $_[0]{json}{data} // {} }

sub see { my ($path, @opt) = @_; return get("$api/$path", token => $token, @opt) }

sub make { my ($path, $body, @opt) = @_; return post("$api/$path", token => $token, body => $body, @opt) }

sub change { my ($path, $body, @opt) = @_; return put("$api/$path", token => $token, body => $body, @opt) }

sub remove { my ($path, @opt) = @_; return request('DELETE', "$api/$path", token => $token, @opt) }

sub code { return sprintf '%s-%s-%d', $_[0], $run, ++$serial }

# The admin form, filled in.
sub form
{
	my (%more) = @_;

	return {
		name => 'Vanne gaz', slug => code('vanne-gaz'), sku => uc code('V'), categoryId => $category, price => 1500.5,
		stockQuantity => 7, isActive => JSON::PP::true(), isFeatured => JSON::PP::false(), description => "Deux\nlignes",
		manufacturerId => 'Honeywell Essai', features => 'laiton, 3/4 pouce', specifications => '{"Pression":"20 mbar"}',
		images => [], %more
	};
}

sub created
{
	my $reply = make('products', form(@_));

	is($reply->{status}, 201, 'created') or said($reply);
	return data($reply)->{product};
}

# What everybody is shown.
sub shown { return data(get("$api/products/$_[0]"))->{product} }

#------------------------------------------------------------------ every route, what it refuses

my @documents = (
	[ POST => 'products' ], [ PUT => "products/$none" ],
	map { ([ POST => "admin/$_" ], [ PUT => "admin/$_/$none" ]) } qw(categories manufacturers kinds attributes));

for my $route (@documents)
{
	my ($method, $path) = @$route;
	my $name = "$method $path";
	my $send = sub { return request($method, "$api/$path", token => $token, @_) };

	is_error(request($method, "$api/$path", body => {}, headers => { Cookie => "accessToken=$token", Origin => 'https://evil.example' }),
		403, 'ORIGIN_REFUSED', "$name: from another site");
	is_field($send->(content => $_), 'body', "$name: body $_") for '[]', 'null', '"x"', '7';
	is_field($send->(), 'body', "$name: no body");
	is_error($send->(content => $_), 400, 'MALFORMED_REQUEST', "$name: $_")
		for '{', '{"a":1,"a":2}', '{"a":"\u0000"}', "{\"a\":\"\xff\"}", '{"a":123456789012345678901234567890}';
	is_error($send->(content => 'a=b', headers => { 'Content-Type' => 'text/plain' }), 415, 'UNSUPPORTED_MEDIA_TYPE', "$name: not JSON");
	next if $method eq 'PUT';
	for my $bad (
		{ zx9Field => 'Zx9Canary' }, { '<script>' => 'Zx9Canary' }, { '' => 1 },
		{ map { $_ => { 'Zx9Canary' => [] } } qw(name code price sku valueType) },
		{ map { $_ => 'Zx9Canary' x 40 } qw(name code sku valueType) },
		{ map { $_ => [ 1, undef, { a => 1 } ] } qw(name sku code) },
		{ name => 'Zx9Canary', price => 1e300 }, { name => 'Zx9Canary', sortOrder => 1e300, price => -1, scale => 99 })
	{
		my $refused = $send->(body => $bad);

		is($refused->{status}, 422, "$name: fields that are none") or said($refused);
		unlike($refused->{content}, qr/Zx9Canary|<script>/, 'what was sent is not said again');
	}
	is_error(make($path, {}, key => ''), 400, 'IDEMPOTENCY_KEY_INVALID', "$name: an empty key");
}
for my $path (qw(products admin/categories admin/manufacturers admin/kinds admin/attributes))
{
	is_error(request($_, "$api/$path/$none", token => $token, $_ eq 'PUT' ? (body => { name => 'Rien' }) : ()), 404, 'NOT_FOUND', "$_ $path: none of that id")
		for qw(PUT DELETE);
	is_error(request($_, "$api/$path/x", token => $token, $_ eq 'PUT' ? (body => { name => 'Rien' }) : ()), 404, 'NOT_FOUND', "$_ $path: x")
		for qw(PUT DELETE);
}
is_error(see("admin/products/$_"), 404, 'NOT_FOUND', "admin/products/$_") for 'x', $none;
is(sql("SELECT count(*) FROM mjc.manufacturer WHERE name = 'Rien'"), 0, 'nothing was made on the way');

#------------------------------------------------------------------ products

my $reply = make('products', form(images => [ 'http://localhost:3001/files/v.jpg', { url => '/files/w.jpg', altText => 'Vue', sortOrder => 4 } ]));
is($reply->{status}, 201, 'the form makes a product') or said($reply);
my $made = data($reply)->{product};
is($made->{$_->[0]}, $_->[1], "$_->[0]") for [ price => 1500.5 ], [ stockQuantity => 7 ], [ description => "Deux\nlignes" ], [ salePrice => undef ], [ costPrice => undef ], [ taxRate => 19 ];
is_deeply($made->{features}, [ 'laiton', '3/4 pouce' ], 'features as a list');
is_deeply($made->{specifications}, { Pression => '20 mbar' }, 'specifications as an object');
is_deeply([ map { [ @$_{qw(url altText sortOrder)} ] } @{ $made->{images} } ], [ [ '/files/v.jpg', undef, 0 ], [ '/files/w.jpg', 'Vue', 4 ] ], 'images, of its own shop without its address');
is($made->{manufacturer}{name}, 'Honeywell Essai', 'a manufacturer by its name');
is(shown($made->{slug})->{id}, $made->{id}, 'everybody finds it');
ok(!exists shown($made->{id})->{costPrice}, 'nobody its cost');

# The form again, as the page sends it for an edit
my $form = form(sku => $made->{sku}, slug => $made->{slug}, name => 'Vanne gaz neuve', price => 1600);
$reply = change("products/$made->{id}", $form);
is($reply->{status}, 200, 'the form changes it') or said($reply);
is(data($reply)->{product}{name}, 'Vanne gaz neuve', 'its name');
is(data($reply)->{product}{slug}, $made->{slug}, 'its address stays');
is(data($reply)->{product}{manufacturerId}, $made->{manufacturerId}, 'and the manufacturer of that name');
is(data($reply)->{product}{stockQuantity}, 7, 'and its stock, which nobody touched');
is_deeply(data($reply)->{product}{images}, [], 'the images are those of the form');
is(sql('SELECT count(*) FROM mjc.product_price_past WHERE product_id = :\'id\'', id => $made->{id}), 1, 'the old price is past');
is(data(change("products/$made->{id}", { isFeatured => JSON::PP::true() }))->{product}{isFeatured}, JSON::PP::true(), 'a toggle alone');
is(data(change("products/$made->{id}", { %$form, salePrice => 1400 }))->{product}{salePrice}, 1400, 'a sale');
is(data(change("products/$made->{id}", { salePrice => undef }))->{product}{salePrice}, undef, 'null ends it');
is(data(change("products/$made->{id}", { %$form, stockQuantity => 12 }))->{product}{stockQuantity}, 12, 'another number of units is booked');
is(sql('SELECT string_agg(kind || qty, \' \' ORDER BY seq) FROM mjc.stock_ledger WHERE product_id = :\'id\'', id => $made->{id}), 'receive7 adjust5', 'by the rule of the stock');
is(sql('SELECT string_agg(DISTINCT channel, \' \') FROM mjc.audit WHERE subject_id = :\'id\'', id => $made->{id}), 'rest', 'all over REST');
$reply = see("admin/products/$made->{id}");
is($reply->{status}, 200, 'the product for its form') or said($reply);
is(data(change("products/$made->{id}", { costPrice => 700.25 }))->{product}{costPrice}, 700.25, 'staff set the cost');
my $whole = data(see("admin/products/$made->{id}"))->{product};
$reply = change("products/$made->{id}", $whole);
is($reply->{status}, 200, 'a product sent back as it was shown') or said($reply);
is_deeply(data($reply)->{product}, $whole, 'stays');
unlike(get("$api/products/$made->{id}")->{content}, qr/costPrice|700\.25/, 'the cost is not public');

# Deleted: out of the shop, for everybody but staff
$reply = remove("products/$made->{id}");
is($reply->{status}, 200, 'deleted') or said($reply);
is($reply->{json}{success}, JSON::PP::true(), 'success');
is(status_of('GET', "$api/products/$made->{id}"), 404, 'nobody sees it');
is(see("products/$made->{id}")->{status}, 200, 'but staff');
is(remove("products/$made->{id}")->{status}, 200, 'again');
is(data(change("products/$made->{id}", { isActive => JSON::PP::true() }))->{product}{isActive}, JSON::PP::true(), 'it comes back');

# Addresses: the same name is no error, nor an Arabic one
my @same = map { created(name => 'Joint torique', slug => "joint-$run") } 1 .. 3;
is_deeply([ map { $_->{slug} } @same ], [ "joint-$run", "joint-$run-2", "joint-$run-3" ], 'each gets its own address');
my $arabic = created(name => 'سخان ماء', slug => '-', sku => "AR-$run");
is($arabic->{slug}, lc "ar-$run", 'an Arabic name takes the address of its sku');
is($arabic->{name}, 'سخان ماء', 'byte for byte');

# Right-to-left texts come back byte for byte, wherever they are shown: marks of direction, vowels, a
# letter that is not composed, joiners, tatweel, digits, Latin words between.
{
	my $rtl = "\x{200F}صِمَّام\x{200E} 24\x{200F} kW «Vaillant» ٧٨٢٨-٧٦٥ مِـــضخّة نيم\x{200C}فاصله e\x{0301}té \x{2067}غاز\x{2069} \x{FEFB}";
	my %told = map { $_ => "$rtl $_" } qw(nameAr descriptionAr shortDescriptionAr metaTitleAr metaDescriptionAr);
	my $part = created(%told, name => "Vanne $rtl", isFeatured => JSON::PP::true());
	my $admin = data(see("admin/products/$part->{id}"))->{product};
	my $page = get("$api/products/$part->{id}");

	is_deeply({ map { $_ => $admin->{$_} } keys %told }, \%told, 'right to left: staff read what they wrote');
	is_deeply({ map { $_ => data($page)->{product}{$_} } keys %told }, \%told, 'as does everybody');
	for my $path ("products/$part->{id}", "products?search=$part->{sku}", "search?q=$part->{sku}")
	{
		ok(index(get("$api/$path")->{content}, Encode::encode('UTF-8', qq("nameAr":"$told{nameAr}"))) >= 0, "right to left: byte for byte: $path");
	}
	ok(index(see('admin/products/export?raw=1')->{content}, Encode::encode('UTF-8', $told{nameAr})) >= 0, 'right to left: in the file of the catalogue');
	is(sql("SELECT encode(convert_to(name_ar, 'UTF8'), 'hex') FROM mjc.product WHERE product_id = :'id'", id => $part->{id}), unpack('H*', Encode::encode('UTF-8', $told{nameAr})), 'right to left: as it is kept');
	for my $path (qw(categories manufacturers))
	{
		my $key = $path eq 'categories' ? 'nameAr' : 'description';
		my $made = (values %{ data(make("admin/$path", { name => "Zone $rtl $run", $key => $rtl })) })[0];

		is($made->{$key}, $rtl, "right to left: $path");
		ok(index(see("admin/$path")->{content}, Encode::encode('UTF-8', $rtl)) >= 0, "byte for byte: $path");
	}
}

# Keys
my $body = form();
my $first = make('products', $body, key => "key-$run");
is($first->{status}, 201, 'with a key');
$reply = make('products', $body, key => "key-$run");
is_deeply([ $reply->{status}, $reply->{headers}{'idempotent-replayed'}, data($reply)->{product}{id} ], [ 201, 'true', data($first)->{product}{id} ], 'the same again is the same product');
is_error(make('products', form(), key => "key-$run"), 422, 'IDEMPOTENCY_KEY_REUSED', 'another with that key is none');

# Refused
my $taken = data($first)->{product};
is(data(change("products/$taken->{id}", { ean => '4006381333931' }))->{product}{ean}, '4006381333931', 'an ean') if !sql("SELECT 1 FROM mjc.product WHERE ean = '4006381333931'");
for my $case (
	[ 409, 'SKU_EXISTS', sku => $taken->{sku} ], [ 422, 'EAN_INVALID', ean => '4006381333930' ], [ 409, 'EAN_EXISTS', ean => '4006381333931' ],
	[ 422, 'ARGUMENT_MISSING', name => '' ], [ 422, 'ARGUMENT_RANGE', name => 'x' ], [ 422, 'ARGUMENT_MISSING', sku => undef ], [ 422, 'ARGUMENT_RANGE', sku => 'x' ], [ 422, 'ARGUMENT_MISSING', categoryId => undef ],
	[ 422, 'ARGUMENT_INVALID', categoryId => $none ], [ 422, 'ARGUMENT_MISSING', price => undef ], [ 422, 'ARGUMENT_RANGE', price => -1 ], [ 422, 'ARGUMENT_INVALID', price => 'x' ], [ 422, 'ARGUMENT_RANGE', salePrice => 1500.5 ],
	[ 422, 'ARGUMENT_RANGE', stockQuantity => -1 ], [ 422, 'ARGUMENT_INVALID', stockQuantity => 1.5 ], [ 422, 'ARGUMENT_INVALID', manufacturerId => $none ], [ 422, 'ARGUMENT_INVALID', specifications => '{' ], [ 422, 'ARGUMENT_INVALID', features => 7 ],
	[ 422, 'ARGUMENT_INVALID', images => 'x' ], [ 422, 'ARGUMENT_INVALID', images => ['javascript:alert(1)'] ], [ 422, 'ARGUMENT_INVALID', isActive => 'yes' ], [ 422, 'ARGUMENT_INVALID', viewCount => 5 ], [ 422, 'ARGUMENT_INVALID', rating_count => 5 ])
{
	my ($status, $code, $key, $value) = @$case;
	my $before = sql('SELECT count(*) FROM mjc.product');

	is_error(make('products', form($key => $value)), $status, $code, "$key: $code");
	is(sql('SELECT count(*) FROM mjc.product'), $before, 'and nothing is made');
}
is_error(change("products/$taken->{id}", { sku => $same[0]{sku} }), 409, 'SKU_EXISTS', 'the sku of another');
is(data(change("products/$taken->{id}", { id => $none, createdAt => 'x', averageRating => 5, reviewCount => 9, category => {} }))->{product}{reviewCount}, 0, 'what replies show is ignored');
is(get("$api/products", headers => { 'Accept-Language' => 'ar' })->{status}, 200, 'the list');
$reply = make('products', form(sku => $taken->{sku}), headers => { 'Accept-Language' => 'ar' });
is($reply->{json}{message}, text_of('SKU_EXISTS', 'ar'), 'an error in Arabic');

# Two clerks at once: one product of a sku, an address each for one name
my $again = form(sku => uc code('TWICE'));
my @both = parallel(4, sub { return make('products', { %$again, description => "clerk $_[0]" })->{status} });
is_deeply([ sort @both ], [ 201, 409, 409, 409 ], 'one sku is one product');
@both = parallel(4, sub { return make('products', form(name => "Gicleur $run", slug => undef, sku => "GI-$_[0]-$run"))->{json}{data}{product}{slug} });
is_deeply([ sort @both ], [ "gicleur-$run", "gicleur-$run-2", "gicleur-$run-3", "gicleur-$run-4" ], 'one name is an address each');
@both = parallel(4, sub { return make('products', form(manufacturerId => "Marque $run", sku => "MA-$_[0]-$run"))->{json}{data}{product}{manufacturerId} });
is(scalar(keys %{ { map { ($_ // 'none') => 1 } @both } }), 1, 'and one manufacturer of a new name');
my @rivals = map { created() } 1 .. 4;
my $prize = uc code('PRIZE');
@both = parallel(4, sub { return change("products/$rivals[ $_[0] ]{id}", { sku => $prize })->{status} });
is_deeply([ sort @both ], [ 200, 409, 409, 409 ], 'of four who want one sku one gets it');

#------------------------------------------------------------------ categories

my $root = data(make('admin/categories', { name => "Régulation $run", nameAr => 'تنظيم', image => '/files/c.jpg' }))->{category};
is_deeply([ @$root{qw(slug nameAr image parentId productCount)} ], [ "regulation-$run", 'تنظيم', '/files/c.jpg', undef, 0 ], 'a category');
my $child = data(make('admin/categories', { name => 'Sondes', slug => "sondes-$run", parentId => $root->{id} }))->{category};
is($child->{parentId}, $root->{id}, 'below it another');
is(data(change("admin/categories/$child->{id}", { nameEn => 'Probes' }))->{category}{nameEn}, 'Probes', 'changed');
my $tree = sql("SELECT md5(string_agg(c::text, ';' ORDER BY c.category_id)) FROM mjc.category c");
is_error(change("admin/categories/$root->{id}", { parentId => $_, name => 'Autre' }), 409, 'CATEGORY_CYCLE', 'no circle') for $child->{id}, $root->{id};
is(sql("SELECT md5(string_agg(c::text, ';' ORDER BY c.category_id)) FROM mjc.category c"), $tree, 'and nothing changes by it');
is_error(change("admin/categories/$child->{id}", { parentId => $none }), 422, 'ARGUMENT_INVALID', 'no such parent');
is_error(make('admin/categories', { name => 'Deux', slug => "sondes-$run" }), 409, 'SLUG_EXISTS', 'an address that is taken');
is_error(remove("admin/categories/$root->{id}"), 409, 'CATALOGUE_IN_USE', 'one with another below it stays');
my $inside = created(categoryId => "sondes-$run");
is($inside->{categoryId}, $child->{id}, 'a product by the address of its category');
is_error(remove("admin/categories/$child->{id}"), 409, 'CATALOGUE_IN_USE', 'one with products stays');
is_error(remove("admin/categories/$child->{id}?moveTo=nowhere-$run"), 422, 'ARGUMENT_INVALID', 'to nowhere');
is(remove("admin/categories/$child->{id}?moveTo=regulation-$run")->{status}, 200, 'unless they go elsewhere');
is(shown($inside->{id})->{category}{slug}, "regulation-$run", 'there it is');
ok((grep { $_->{id} eq $root->{id} && $_->{productCount} == 1 } @{ data(see('admin/categories'))->{categories} }), 'the list of staff counts it');
ok((grep { $_->{id} eq $root->{id} && $_->{productCount} == 1 } @{ data(get("$api/products/categories"))->{categories} }), 'and everybody reads it');
@both = parallel(2, sub {
	my @pair = map { data(make('admin/categories', { name => "Paire $_[0] $_ $run" }))->{category}{id} } 1, 2;
	return join ' ', map { $_->{status} } change("admin/categories/$pair[0]", { parentId => $pair[1] }), change("admin/categories/$pair[1]", { parentId => $pair[0] });
});
is_deeply(\@both, [ ('200 409') x 2 ], 'in whatever order');

#------------------------------------------------------------------ manufacturers

my $maker = data(make('admin/manufacturers', { name => "Fabricant $run", website => 'https://maker.example' }))->{manufacturer};
is_deeply([ @$maker{qw(slug website isActive productCount)} ], [ "fabricant-$run", 'https://maker.example', JSON::PP::true(), 0 ], 'a manufacturer');
is(data(change("admin/manufacturers/$maker->{id}", { logo => '/files/l.png' }))->{manufacturer}{logo}, '/files/l.png', 'changed');
is_error(make('admin/manufacturers', { name => uc "Fabricant $run" }), 409, 'NAME_EXISTS', 'a name that is there');
is_error(make('admin/manufacturers', { name => 'Autre', website => 'javascript:x' }), 422, 'ARGUMENT_INVALID', 'no website');
is(created(manufacturerId => uc "fabricant $run")->{manufacturerId}, $maker->{id}, 'a product names it in other letters');
is_error(remove("admin/manufacturers/$maker->{id}"), 409, 'CATALOGUE_IN_USE', 'one with products stays');
my $idle = data(make('admin/manufacturers', { name => "Inactif $run" }))->{manufacturer};
is(remove("admin/manufacturers/$idle->{id}")->{status}, 200, 'one without goes');
ok((grep { $_->{id} eq $maker->{id} && $_->{productCount} == 1 } @{ data(see('admin/manufacturers'))->{manufacturers} }), 'the list of staff');

#------------------------------------------------------------------ kinds and attributes

my $word = "p_$$" . int rand 10000;
my $attribute = data(make('admin/attributes', { code => $word, name => 'Pression', valueType => 'number', unit => 'mbar', scale => 1 }))->{attribute};
is_deeply([ @$attribute{qw(code unit scale)} ], [ $word, 'mbar', 1 ], 'an attribute');
is_error(make('admin/attributes', { code => $word, name => 'Deux', valueType => 'text' }), 409, 'CODE_EXISTS', 'a code that is there');
my $kind = data(make('admin/kinds', { name => "Vannes $run", safetyClass => 'QUALIFIED', attributes => [ { code => $word, isRequired => JSON::PP::true() } ] }))->{kind};
is_deeply($kind->{attributes}, [ { code => $word, isRequired => JSON::PP::true(), sortOrder => 0 } ], 'a kind with it');
is_error(make('products', form(kindId => $kind->{id})), 422, 'ATTRIBUTE_NEEDED', 'a part of it needs a value');
is_error(make('products', form(kindId => $kind->{id}, attributes => { $word => 'x' })), 422, 'ATTRIBUTE_VALUE', 'a number');
is_error(make('products', form(kindId => $kind->{id}, attributes => { $word => 20 }, safetyClass => 'STANDARD')), 422, 'SAFETY_BELOW_KIND', 'of its class of safety');
my $valve = created(kindId => $kind->{slug}, attributes => { $word => 20.5 });
is_deeply([ @$valve{qw(kindId safetyClass)}, $valve->{attributes}{$word} ], [ $kind->{id}, 'QUALIFIED', 20.5 ], 'a part of it');
is_error(change("admin/attributes/$attribute->{id}", { scale => 2 }), 409, 'ATTRIBUTE_FIXED', 'what has values stays what it is');
is_error(remove("admin/attributes/$attribute->{id}"), 409, 'CATALOGUE_IN_USE', 'and is there');
is_error(remove("admin/kinds/$kind->{id}"), 409, 'CATALOGUE_IN_USE', 'so is the kind');
is(data(change("admin/kinds/$kind->{id}", { nameAr => 'صمامات' }))->{kind}{nameAr}, 'صمامات', 'which changes');
ok((grep { $_->{id} eq $kind->{id} && $_->{productCount} == 1 } @{ data(see('admin/kinds'))->{kinds} }), 'the list of kinds');
ok((grep { $_->{code} eq $word } @{ data(see('admin/attributes'))->{attributes} }), 'the list of attributes');
my $spare = data(make('admin/kinds', { name => "Vide $run" }))->{kind};
is(remove("admin/kinds/$spare->{id}")->{status}, 200, 'a kind without parts goes');

finish();

#!/usr/bin/perl
#
# boilers.t - boilers over HTTP: what staff say of parts and boilers, what visitors find by
# model, code, serial number or a boiler that they keep, and what replaced a part.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Shop;
use Test::More;

my $api = '/api/v1';
my $token = admin_token();
my $none = '00000000-0000-4000-8000-0000000000ff';
my $run = sprintf('%x%d', time, $$);
my $digits = substr(sprintf('%d%05d', time, $$), -10);

sub data { return $_[0]{json}{data} // {} }

sub staff { my ($method, $path, @opt) = @_; return request($method, "$api/admin/$path", token => $token, @opt) }

# Makes one by REST: its id.
sub made
{
	my ($path, $key, %body) = @_;
	my $reply = staff(POST => $path, body => \%body);

	is($reply->{status}, 201, "$path: made") or said($reply);
	return data($reply)->{$key}{id};
}

my $maker = sql("INSERT INTO mjc.manufacturer (manufacturer_id, slug, name) VALUES (gen_random_uuid(), 'fab-$run', 'Fab $run') RETURNING manufacturer_id");
my $other_maker = sql("INSERT INTO mjc.manufacturer (manufacturer_id, slug, name) VALUES (gen_random_uuid(), 'fab2-$run', 'Fab2 $run') RETURNING manufacturer_id");
my %part = map { $_ => make_product(price => 1000, stock => 5, name => "Pièce $_ $run") } qw(sure late never old new);

#------------------------------------------------------------------ staff: what there is

my $range = made('boilers/ranges', 'range', manufacturer => "fab-$run", name => "Gamme $run");
my $model = made('boilers/models', 'model', manufacturer => $maker, range => $range, name => "Modèle $run", releaseYear => 2012);
my $variant = made('boilers/variants', 'variant', model => $model, name => '24', powerKw => 23.5, flue => 'FANNED', gas => ['G20']);
is(data(staff(PUT => "boilers/variants/$variant", body => { name => '24 F' }))->{variant}{powerKw}, 23.5, 'a change leaves the rest');
is(data(staff(PUT => 'boilers/codes', body => { scheme => 'ARTICLE', code => "A$digits", variant => $variant }))->{code}{model}, $model, 'a code');
my $rule = made('boilers/plate-rules', 'rule', manufacturer => $maker, name => 'Plaque', pattern => '(A\d{10})(\d\d)(\d\d)(\d{4})',
	parts => [qw(article year2 week number)], example => "A${digits}18070042", confidence => 'HIGH');
my $fit = made('fitments', 'fitment', product => $part{sure}, model => $model, confidence => 70, quantity => 2, position => 'bas', note => 'Joint à changer');
made('fitments', 'fitment', product => $part{late}, model => $model, builtFrom => '2018-06-01', confidence => 90);
made('fitments', 'fitment', product => $part{never}, model => $model);
made('fitments', 'fitment', product => $part{never}, model => $model, fits => JSON::PP::false);
is(data(staff(PUT => "fitments/$fit", body => { verified => JSON::PP::true }))->{fitment}{verifiedBy}, admin_id(), 'checked by a person');
is(data(staff(GET => "fitments?modelId=$model&limit=2"))->{pagination}{total}, 4, 'the rows of a model');
is(scalar @{ data(staff(GET => "fitments?productId=$part{never}"))->{fitments} }, 2, 'and of a part');
is_deeply([ map { scalar @{ data(staff(GET => "boilers/$_->[0]"))->{ $_->[1] } } } [ "ranges?manufacturerId=$maker", 'ranges' ], [ "models?rangeId=$range", 'models' ],
		[ "variants?modelId=$model", 'variants' ], [ "plate-rules?manufacturerId=$maker", 'rules' ] ], [ 1, 1, 1, 1 ], 'lists of staff');
is(staff(GET => 'fitments?limit=501')->{status}, 422, 'a list has its bound');

# The same request again is the same row.
my %twice = (product => $part{new}, model => $model, position => 'x');
my @again = map { staff(POST => 'fitments', key => "fit-$run", body => \%twice) } 1, 2;
is(data($again[0])->{fitment}{id}, data($again[1])->{fitment}{id}, 'a repeated request makes one row');
is_error(staff(POST => 'fitments', key => "fit2-$run", body => \%twice), 409, 'FITMENT_EXISTS', 'said twice');
is(data(staff(DELETE => 'fitments/' . data($again[0])->{fitment}{id}))->{deleted}, JSON::PP::true, 'a row goes');

is_error(staff($_->[0] => $_->[1], body => $_->[2]), $_->[3], $_->[4], "$_->[0] $_->[1]: $_->[4]")
	for [ POST => 'boilers/ranges', { manufacturer => $maker, name => "Gamme $run" }, 409, 'BOILER_EXISTS' ], [ DELETE => "boilers/ranges/$range", undef, 409, 'BOILER_IN_USE' ],
	[ DELETE => "boilers/models/$model", undef, 409, 'BOILER_IN_USE' ], [ DELETE => "boilers/variants/$variant", undef, 409, 'BOILER_IN_USE' ],
	[ POST => 'boilers/plate-rules', { manufacturer => $maker, name => 'x', pattern => '(A+)+', parts => ['article'], example => 'A' }, 422, 'PLATE_PATTERN' ],
	[ POST => 'boilers/plate-rules', { manufacturer => $maker, name => 'x', pattern => '(A+)', parts => ['article'], example => 'B' }, 422, 'PLATE_EXAMPLE' ],
	[ POST => 'boilers/models', { manufacturer => $maker, name => 'x', is_admin => 1 }, 422, 'ARGUMENT_INVALID' ],
	(map { [ PUT => "$_/$none", { active => JSON::PP::true }, 404, 'NOT_FOUND' ], [ DELETE => "$_/$none", undef, 404, 'NOT_FOUND' ], [ DELETE => "$_/x", undef, 404, 'NOT_FOUND' ] }
		qw(boilers/ranges boilers/models boilers/variants boilers/plate-rules diagrams)),
	[ PUT => "fitments/$none", { note => 'x' }, 404, 'NOT_FOUND' ], [ DELETE => 'boilers/codes/GC/none', undef, 404, 'NOT_FOUND' ], [ PUT => "products/$none/supersession", { relation => 'ONE' }, 404, 'NOT_FOUND' ],
	[ POST => "products/$none/cross-references", { kind => 'OEM', number => '1' }, 404, 'NOT_FOUND' ], [ GET => "products/$none/cross-references", undef, 404, 'NOT_FOUND' ];

#------------------------------------------------------------------ visitors: which boilers there are

my ($brand) = grep { $_->{slug} eq "fab-$run" } @{ data(get("$api/boilers/brands"))->{brands} };
is_deeply([ $brand->{modelCount}, map { "$_->{name} $_->{modelCount}" } @{ $brand->{ranges} } ], [ 1, "Gamme $run 1" ], 'a brand with its ranges');
is_deeply([ grep { $_->{slug} eq "fab2-$run" } @{ data(get("$api/boilers/brands"))->{brands} } ], [], 'not one without boilers');
my $list = get("$api/boilers/models?range=$range")->{json};
is($list->{data}{success}, JSON::PP::true, 'models are wrapped twice');
is_deeply([ map { "$_->{name} $_->{series}" } @{ $list->{data}{data} } ], ["Modèle $run Gamme $run"], 'those of a range');
is_deeply($list->{data}{models}, $list->{data}{data}, 'in both members');
my $one = data(get("$api/boilers/models/$model"))->{model};
is_deeply([ $one->{name}, $one->{range}{name}, $one->{variants}[0]{name}, $one->{variants}[0]{powerKw}, $one->{codes}[0]{code} ], [ "Modèle $run", "Gamme $run", '24 F', 23.5, "A$digits" ], 'a model with variants and codes');
is_error(get("$api/boilers/models/$_"), 404, 'NOT_FOUND', "no model $_") for $none, 'x';

#------------------------------------------------------------------ what fits

sub found { return [ map { join ' ', $_->{name} =~ /^Pièce (\w+)/, $_->{fit}{answer}, $_->{confidence}, @{ $_->{fit}{open} } } @{ data($_[0])->{products} } ] }

my $reply = get("$api/boilers/finder?model=$model");
is_deeply(found($reply), [ 'sure FITS 70', 'late FITS_IF 90 built' ], 'the model alone: sure, and if');
is_deeply([ @{ data($reply)->{products}[0] }{qw(quantity position compatibilityNotes)} ], [ 2, 'bas', 'Joint à changer' ], 'how many, where, and what to mind');
is(data($reply)->{pagination}{total}, 2, 'counted');
is(data($reply)->{boiler}{model}{id}, $model, 'for this boiler');
unlike($reply->{content}, qr/cost|verifiedBy/i, 'no cost price, no name of staff');
is_deeply(found(get("$api/boilers/finder?model=$model&limit=1&page=2")), ['late FITS_IF 90 built'], 'a page');
is_deeply(found(get("$api/boilers/finder?variant=$variant&built=2019")), [ 'late FITS 90', 'sure FITS 70' ], 'built later: sure');
is_deeply(found(get("$api/boilers/finder?variant=$variant&built=2018")), [ 'sure FITS 70', 'late FITS_IF 90 built' ], 'in that year: before or after');
is_deeply(found(get("$api/boilers/finder?code=" . uri("a-$digits") . '&built=2018-05')), ['sure FITS 70'], 'by a code, punctuated another way; too old for the other');
is_deeply(found(get("$api/boilers/finder?manufacturer=fab-$run&serial=" . uri("A$digits 18 30 0042"))), [ 'late FITS 90', 'sure FITS 70' ], 'a serial number tells model and week');
is_deeply(found(get("$api/boilers/finder?model=$model&kind=no-such-kind")), [], 'of a kind that is none');
is_deeply(found(get("$api/boilers/finder?model=$model&category=no-such")), [], 'of a category that is none');
is_deeply(found(get("$api/boilers/finder?model=$model&category=" . test_category())), [ 'sure FITS 70', 'late FITS_IF 90 built' ], 'of the category');
is_error(get("$api/boilers/finder?$_->[0]"), $_->[1], $_->[2], "finder?$_->[0]")
	for [ '', 422, 'ARGUMENT_MISSING' ], [ "model=$none", 404, 'BOILER_UNKNOWN' ], [ 'model=%27', 404, 'BOILER_UNKNOWN' ], [ 'code=NOSUCHCODE', 404, 'BOILER_UNKNOWN' ], [ "variant=$variant&model=$none", 422, 'BOILER_CONTRADICTION' ],
	[ "model=$model&built=soon", 422, 'ARGUMENT_INVALID' ], [ "model=$model&manufacturer=nobody", 422, 'ARGUMENT_INVALID' ], [ "model=$model&mine=$none", 404, 'NOT_FOUND' ];
is_field(get("$api/boilers/finder?model=$model&$_->[0]"), $_->[1], "finder: $_->[0]") for [ 'gas=G21', 'gas' ], [ 'limit=101', 'limit' ], [ 'page=0', 'page' ], [ 'serial=' . 'x' x 65, 'serial' ], [ 'mine=x', 'mine' ];
is_deeply([ map { "$_->{quantity} $_->{fit}{answer}" } @{ data(get("$api/boilers/models/$model/parts")) } ], [ '2 FITS', '1 FITS_IF' ], 'the parts of a model, an array as ever');
is(scalar @{ data(get("$api/boilers/models/$model/parts?limit=1")) }, 1, 'by pages');

sub fits { my ($part, $query) = @_; my $data = data(get("$api/products/$part{$part}/fits?$query")); return join ' ', $data->{answer}, $data->{confidence} }

is(fits(sure => "boilerModel=$model"), 'FITS 70', 'does it fit mine: yes');
is(fits(late => "boilerModel=$model"), 'FITS_IF 90', 'if');
is(fits(late => "variant=$variant&built=2017"), 'UNKNOWN 0', 'nobody said so of one so old');
is(fits(never => "boilerModel=$model"), 'DOES_NOT_FIT 80', 'no');
is(fits(old => "boilerModel=$model"), 'UNKNOWN 0', 'not known');
is(data(get("$api/products/$part{late}/fits?variant=$variant&built=2017"))->{rows}[0]{failed}[0], 'built', 'and why');
is_error(get("$api/products/$none/fits?boilerModel=$model"), 404, 'NOT_FOUND', 'no such part');

#------------------------------------------------------------------ plates

my $plate = data(get("$api/boilers/plate?manufacturer=fab-$run&text=" . uri("A$digits-1807 0042")));
is_deeply([ map { @$_{qw(article serial builtFrom confidence)} } @{ $plate->{readings} } ], [ "A$digits", 42, '2018-02-12', 'HIGH' ], 'a plate is read');
is_deeply([ map { "$_->{by} $_->{model}{id} $_->{variant}{name}" } @{ $plate->{boilers} } ], ["serial $model 24 F"], 'and names a boiler');
is_deeply(data(get("$api/boilers/plate?text=" . uri('"*?%_[')))->{boilers}, [], 'signs are no plate');
is_deeply(data(get("$api/boilers/plate?manufacturer=fab2-$run&text=A${digits}18070042")), { readings => [], boilers => [] }, 'of another brand it says nothing');
is_field(get("$api/boilers/plate?$_"), 'text', "plate?$_") for 'manufacturer=x', 'text=' . 'A' x 65;

#------------------------------------------------------------------ mine

my $me = make_account('CUSTOMER');
sql("INSERT INTO mjc.customer (customer_id, kind, account_id, created_at) VALUES (:'id', 'registered', :'id', now()) ON CONFLICT DO NOTHING", id => $me);
my $mine = mint('CUSTOMER', $me, 0);
my $theirs = mint('CUSTOMER', make_account('CUSTOMER'), 0);

sub me { my ($method, $path, @opt) = @_; return request($method, "$api/customers/boilers$path", token => $mine, @opt) }

$reply = me(POST => '', body => { label => 'Maison', code => "A$digits", built => '2019' });
is($reply->{status}, 201, 'a boiler is kept') or said($reply);
my $kept = data($reply)->{boiler};
is_deeply([ $kept->{model}{id}, $kept->{variant}{id}, $kept->{built}, $kept->{label} ], [ $model, $variant, '2019', 'Maison' ], 'by its code');
is_deeply(found(get("$api/boilers/finder?mine=$kept->{id}", token => $mine)), [ 'late FITS 90', 'sure FITS 70' ], 'and asked about by one click');
is(data(get("$api/products/$part{late}/fits?mine=$kept->{id}", token => $mine))->{answer}, 'FITS', 'also of a part');
is_error(get("$api/boilers/finder?mine=$kept->{id}", @$_), 404, 'NOT_FOUND', 'not by others') for [], [ token => $theirs ], [ token => 'rubbish' ];
is(data(me(PUT => "/$kept->{id}", body => { model => $model, serial => 'ZZ 1' }))->{boiler}{serial}, 'ZZ 1', 'set as a whole');
is_deeply([ map { $_->{label} } @{ data(me(GET => ''))->{boilers} } ], [undef], 'listed');
is_error(request($_->[0], "$api/customers/boilers/$kept->{id}", token => $theirs, $_->[1] ? (body => $_->[1]) : ()), 404, 'NOT_FOUND', "$_->[0]: not by others") for [ PUT => { model => $model } ], ['DELETE'];
is_error(me(POST => '', body => $_->[0]), $_->[1], $_->[2], "refused: $_->[2]") for [ {}, 422, 'ARGUMENT_MISSING' ], [ { model => $none }, 404, 'BOILER_UNKNOWN' ], [ { model => $model, variant => $none }, 404, 'BOILER_UNKNOWN' ];
is_field(me(POST => '', body => { model => $model, $_->[0] => $_->[1] }), $_->[0], "refused: $_->[0]") for [ gas => 'x' ], [ label => 'x' x 61 ], [ customerId => $none ];
my @twice = map { me(POST => '', key => "boiler-$run", body => { model => $model }) } 1, 2;
is(data($twice[0])->{boiler}{id}, data($twice[1])->{boiler}{id}, 'a repeated request keeps one');
my @burst = parallel(24, sub { return me(POST => '', body => { model => $model, label => "n $_[0]" })->{status} });
is_deeply([ sort map { $_ } @burst ], [ (201) x 18, (409) x 6 ], 'twenty are enough, however fast they come');
is(data(me(DELETE => "/$kept->{id}"))->{deleted}, JSON::PP::true, 'one goes');
is_error(me(DELETE => "/$_"), 404, 'NOT_FOUND', "$_ is not there") for $kept->{id}, $none, 'x';

#------------------------------------------------------------------ what replaced a part

$reply = staff(POST => "products/$part{old}/cross-references", body => { kind => 'OLD_OEM', brand => 'Fab', number => "O-$run" });
my $cross = data($reply)->{crossReference};
is($cross->{number}, "O-$run", 'another number of a part');
is_error(staff(POST => "products/$part{old}/cross-references", body => { kind => 'OLD_OEM', brand => 'Fab', number => "O-$run", direction => 'to_part' }), 409, 'CROSS_REFERENCE_EXISTS', 'once');
is(scalar @{ data(staff(GET => "products/$part{old}/cross-references"))->{crossReferences} }, 1, 'listed');
is(data(staff(DELETE => "products/$part{old}/cross-references/$cross->{id}"))->{deleted}, JSON::PP::true, 'taken away');
is_error(staff(DELETE => "products/$part{old}/cross-references/$cross->{id}"), 404, 'NOT_FOUND', 'once');

is_error(get("$api/products/$part{old}/supersession"), 404, 'NOT_FOUND', 'nothing replaced it');
is(data(staff(PUT => "products/$part{old}/supersession", body => { relation => 'ONE', interchange => 'TWO_WAY', parts => [ { product => $part{new}, quantity => 2 } ] }))->{supersession}{relation}, 'ONE', 'something did');
my $instead = data(get("$api/products/$part{old}/supersession"))->{supersession};
is_deeply([ $instead->{parts}[0]{id}, $instead->{parts}[0]{quantity}, $instead->{price}, $instead->{available}, $instead->{availableTogether} ], [ $part{new}, 2, 2000, 2, 7 ],
	'the old number sells the new part, at its price, with both stocks where it goes both ways');
is_error(staff(PUT => "products/$part{new}/supersession", body => { relation => 'ONE', parts => [ { product => $part{old} } ] }), 409, 'SUPERSESSION_CYCLE', 'no circle');
is_error(staff(PUT => "products/$part{new}/supersession", body => { relation => 'KIT', parts => [ { product => $part{late} } ] }), 422, 'SUPERSESSION_PARTS', 'a kit of one');
is_deeply(data(staff(GET => "products/$part{new}/supersession"))->{replaces}, [ $part{old} ], 'staff see what it replaces');
is(data(staff(GET => "products/$part{old}/supersession"))->{live}[0]{product}, $part{new}, 'and what is live');
is(data(staff(DELETE => "products/$part{old}/supersession"))->{deleted}, JSON::PP::true, 'nothing did after all');
is_error(staff(DELETE => "products/$part{old}/supersession"), 404, 'NOT_FOUND', 'once');

#------------------------------------------------------------------ the supersession tests

# replaced(old, new..., more): what staff say over REST; searched(part): what its sku finds.
my %sku = map { $_ => sql('SELECT sku FROM mjc.product WHERE product_id = :\'id\'', id => $part{$_}) } keys %part;

sub fresh { my ($name, $stock, $price) = @_; $part{$name} = make_product(name => "Maillon $run $name", stock => $stock // 0, price => $price // 1000); $sku{$name} = sql('SELECT sku FROM mjc.product WHERE product_id = :\'id\'', id => $part{$name}); return }

sub replaced { my ($old, $new, %more) = @_; return staff(PUT => "products/$part{$old}/supersession", body => { relation => 'ONE', parts => [ map { { product => $part{$_} } } @$new ], %more }) }

sub instead { return data(get("$api/products/$part{$_[0]}/supersession"))->{supersession} // {} }

sub searched { return [ map { join ' ', grep { defined } $_->{sku}, $_->{match}{kind}, $_->{match}{supersededFrom} } @{ data(get("$api/search?q=" . uri($sku{ $_[0] })))->{products} } ] }

fresh($_) for map { "c$_" } 0 .. 8;
fresh($_, 3) for qw(one way);
fresh($_) for qw(k1 k2 kit any);
fresh($_, $_ eq 'b' ? 4 : 0) for qw(a b c);
is(replaced("c$_", [ 'c' . ($_ + 1) ])->{status}, 200, "supersession: link $_") for 0 .. 7;
for my $n (0 .. 7)
{
	is_deeply([ map { $_->{sku} } @{ instead("c$n")->{parts} } ], [ $sku{c8} ], 'supersession: a chain of eight is resolved to its live end in one call: from link ' . $n);
}
is_deeply(searched('c0'), ["$sku{c8} superseded $sku{c0}"], 'supersession: the old number sells the new part, with a notice');
is(data(get("$api/products/$part{c0}"))->{product}{supersededBy}{parts}[0]{sku}, $sku{c1}, 'also on its own page');
for my $case ([ 'c8', 'c0' ], [ 'c8', 'c4' ], [ 'c8', 'c8' ])
{
	my $before = sql('SELECT md5(string_agg(s::text, \';\' ORDER BY s)) FROM mjc.supersession_part s');

	is_error(replaced($case->[0], [ $case->[1] ]), 409, 'SUPERSESSION_CYCLE', "supersession: a cycle is rejected: $case->[0] by $case->[1]");
	is(sql('SELECT md5(string_agg(s::text, \';\' ORDER BY s)) FROM mjc.supersession_part s'), $before, 'and changes nothing');
}
replaced('one', ['way']);
is_deeply([ @{ instead('one') }{qw(available stockTogether availableTogether)} ], [ 3, JSON::PP::false, undef ], 'supersession: one way: the stock of the old part is not counted in');
replaced('one', ['way'], interchange => 'TWO_WAY');
is_deeply([ @{ instead('one') }{qw(available stockTogether availableTogether)} ], [ 3, JSON::PP::true, 6 ], 'supersession: both ways: it is');
is(instead('one')->{price}, 1000, 'supersession: the price is that of the live part');
request('PUT', "$api/products/$part{way}", token => $token, body => { price => 1750.5 });
is(instead('one')->{price}, 1750.5, 'and follows it');
replaced($_, ['c'], interchange => 'TWO_WAY') for qw(a b);
is_deeply(searched($_->[0]), [ map { s/(\w+)(.*)/$sku{$1}$2/r =~ s/<(\w+)/$sku{$1}/r } @{ $_->[1] } ], "supersession: merged chains search both: $_->[0]")
	for [ a => [ 'c superseded <a', 'a exact', 'b superseded <a' ] ], [ b => [ 'c superseded <b', 'b exact' ] ];
replaced('kit', [ 'k1', 'k2' ], relation => 'KIT');
replaced('any', [ 'k1', 'k2' ], relation => 'ANY');
is_deeply([ map { [ $_->{relation}, sort map { $_->{sku} } @{ $_->{parts} } ] } map { instead($_) } qw(kit any) ], [ map { [ $_, sort @sku{qw(k1 k2)} ] } qw(KIT ANY) ], 'supersession: by all of a kit, by any of several');

#------------------------------------------------------------------ diagrams

my $diagram = made('diagrams', 'diagram', model => $model, name => 'Brûleur', image => '/d/1.png',
	hotspots => [ { x => 100, y => 9900, ref => '7', product => $part{sure} }, { x => 1, y => 2, ref => '8' } ]);
is_deeply([ map { "$_->{name} $_->{hotspots}" } @{ data(get("$api/boilers/models/$model/diagrams"))->{diagrams} } ], ['Brûleur 2'], 'the diagrams of a model');
my $spots = data(get("$api/diagrams/$diagram"))->{diagram}{hotspots};
is_deeply([ map { [ @$_{qw(x y ref)}, $_->{product} && $_->{product}{id}, $_->{inStock} ] } @$spots ], [ [ 100, 9900, '7', $part{sure}, JSON::PP::true ], [ 1, 2, '8', undef, undef ] ], 'places with cards and stock');
is_error(staff(PUT => "diagrams/$diagram", body => { image => 'javascript:alert(1)' }), 422, 'ARGUMENT_INVALID', 'no picture that runs');
is(scalar @{ data(staff(GET => "diagrams?modelId=$model"))->{diagrams} }, 1, 'listed for staff');
is(data(staff(DELETE => "diagrams/$diagram"))->{deleted}, JSON::PP::true, 'one goes');
is_error(get("$api/diagrams/$_"), 404, 'NOT_FOUND', "no diagram $_") for $diagram, $none, 'x';

# French by default, Arabic when asked for.
is(get("$api/boilers/finder?code=NOSUCHCODE", headers => { 'Accept-Language' => 'ar' })->{json}{message}, 'لا يوجد مرجل معروف بهذا', 'an error in Arabic');

# The tests of the shop window know which boilers and brands it has.
sql("UPDATE mjc.boiler_model SET is_active = false WHERE manufacturer_id = '$maker'");
sql("UPDATE mjc.manufacturer SET is_active = false WHERE manufacturer_id IN ('$maker', '$other_maker')");

finish();

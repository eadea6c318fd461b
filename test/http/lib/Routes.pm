package Routes;

# Routes.pm - the table of routes as the shim prints it, and for each row a path and a body
# that make sense: for tests that try every route.
#
# A place in a path needs a line in @places below: that is where a new route is told what its
# ids stand for, and whose they are.

use strict;
use warnings;

use Exporter qw(import);
use Shop;

our @EXPORT = qw(routes path_of query_of body_of takes owned);

my $nothing = '00000000-0000-4000-8000-0000000000ff';
my $serial = 0;
my %made;
my %document;

# [pattern, place, whose, what]. The first line that matches counts.
#   whose: all (a place of the catalogue or of staff) or owner: an id of the first customer,
#          which nobody but him and staff may see
#   what: makes the value; gets the owner's token
my @places = (
	# What a DELETE takes out of the shop is no part for the others.
	[ qr{^/products/:id$}, id => all => sub { make_product(price => 1000) } ],
	[ qr{^/products/:idOrSlug}, idOrSlug => all => \&product ],
	[ qr{^/categories/:idOrSlug}, idOrSlug => all => sub { once(category => 'SELECT slug FROM mjc.category WHERE is_active LIMIT 1') } ],
	[ qr{/products/:id\b}, id => all => \&product ],
	[ qr{^/analytics/session/:sessionId}, sessionId => all => sub { $nothing } ],
	[ qr{^/boilers/models/:id\b}, id => all => \&model ],
	[ qr{^/diagrams/:id\b}, id => all => \&diagram ],
	[ qr{^/customers/boilers/:boilerId}, boilerId => owner => \&boiler ],
	[ qr{^/admin/(?:boilers/|fitments|diagrams)}, id => all => sub { $nothing } ],
	[ qr{^/admin/products/:id/cross-references/}, crossReferenceId => all => sub { $nothing } ],
	[ qr{^/admin/boilers/codes/}, scheme => all => sub { 'GC' } ],
	[ qr{^/admin/boilers/codes/}, code => all => sub { 'NO-SUCH-CODE' } ],
	[ qr{^/(?:files|images)/:name}, name => all => sub { 'a' x 64 . '.jpg' } ],
	[ qr{^/wilayas/:code}, code => all => sub { '16' } ],
	[ qr{^/cart/items/:itemId}, itemId => owner => \&cart_line ],
	[ qr{^/cart/coupons/:code}, code => all => sub { 'NO-SUCH-COUPON' } ],

	[ qr{^/customers/addresses/:addressId}, addressId => owner => \&address ],

	[ qr{^/customers/:id}, id => all => sub { make_account('CUSTOMER') } ],
	[ qr{^/orders/:id/invoice}, id => owner => \&invoiced ],
	[ qr{^/orders/:id}, id => owner => \&own_order ],
	[ qr{/payments/:paymentId}, paymentId => all => sub { $nothing } ],
	[ qr{/refunds/:refundId}, refundId => all => sub { $nothing } ],
	[ qr{^/payments/verify/:transactionId}, transactionId => all => \&transaction ],
	[ qr{/shipments/:shipmentNo}, shipmentNo => all => sub { 1 } ],
	[ qr{^/admin/orders/:orderId/invoice}, orderId => all => sub { invoiced() } ],
	[ qr{^/admin/orders/:orderId}, orderId => all => sub { place([ [ product(), 1 ] ])->{id} } ],
	[ qr{^/admin/customer-groups/:code}, code => all => sub { 'retail' } ],
	[ qr{^/admin/customers/:id}, id => all => sub { make_account('CUSTOMER') } ],
	[ qr{^/admin/price-lists/:id/prices/:priceId}, priceId => all => sub { $nothing } ],
	[ qr{^/admin/price-lists/:id}, id => all => sub { $nothing } ],
	[ qr{^/admin/promotions/:id}, id => all => sub { $nothing } ],
	[ qr{^/admin/coupons/:code}, code => all => sub { 'NO-SUCH-COUPON' } ],
	[ qr{^/admin/shipping-tariffs/:id}, id => all => sub { $nothing } ],
	[ qr{^/admin/categories/:id}, id => all => sub { entry('category', 'category_id') } ],
	[ qr{^/admin/manufacturers/:id}, id => all => sub { entry('manufacturer', 'manufacturer_id') } ],
	[ qr{^/admin/kinds/:id}, id => all => sub { entry('part_kind', 'kind_id') } ],
	[ qr{^/admin/attributes/:id}, id => all => sub { attribute() } ],
	[ qr{^/admin/reviews/:id}, id => all => sub { review() } ],
	[ qr{^/admin/imports/:id/lines/}, id => all => sub { import_open() } ],
	[ qr{^/admin/imports/:id}, id => all => sub { $nothing } ],
	[ qr{^/admin/imports/:id/lines/:chunk}, chunk => all => sub { 1 } ],
	[ qr{^/admin/gift-cards/:id}, id => all => sub { $nothing } ],
);

sub once { my ($name, $query) = @_; return $made{$name} //= sql($query) }

sub product { return $made{product} //= make_product(price => 1000, stock => 900_000) }

# The code of one that is given for coupons.
sub promotion
{
	return $made{promotion} //= sql(<<~'SQL', code => "routes-$$-" . ++$serial);
		INSERT INTO mjc.promotion (promotion_id, code, name, kind, scope, rate_bp, needs_coupon)
		VALUES (gen_random_uuid(), :'code', 'Essai', 'percent', 'line', 1000, true) RETURNING code
		SQL
}

# One of the catalogue that nothing needs.
sub entry
{
	my ($table, $key) = @_;

	return sql("INSERT INTO mjc.$table ($key, slug, name) VALUES (gen_random_uuid(), :'slug', :'slug') RETURNING $key", slug => code('essai'));
}

sub attribute
{
	return sql("INSERT INTO mjc.attribute (attribute_id, code, name, value_type) VALUES (gen_random_uuid(), :'code', 'Essai', 'text') RETURNING attribute_id",
		code => code('a') =~ tr/-/_/r);
}

sub review
{
	return sql("SELECT mjc.review_add(:'customer', :'product', 4, 'Essai', NULL)", customer => make_account('CUSTOMER'), product => product());
}

sub cart_line
{
	my $token = shift;
	my $reply = post('/api/v1/cart/items', token => $token, body => { productId => product(), quantity => 1 });

	die "no line in the cart: $reply->{status} $reply->{content}" if $reply->{status} != 201;
	return product();
}

# An order with its invoice; with a token, one of that customer.
sub invoiced
{
	my $token = shift;
	my $id = $token ? own_order($token) : place([ [ product(), 1 ] ])->{id};

	sql("SELECT mjc.order_change(reference, 'CONFIRMED') FROM mjc.order WHERE order_id = '$id'");
	$made{invoice} = with_seller(sub { sql("SELECT mjc.invoice_issue_core('$id', NULL, 'job')") });
	return $id;
}

# The number of an order whose parcel left.
sub shipped
{
	my $number = place([ [ product(), 1 ] ])->{orderNumber};

	sql("SELECT mjc.order_ship('$number')");
	return $number;
}

# What a buyer has in hand of a payment.
sub transaction
{
	my $id = place([ [ product(), 1 ] ])->{id};

	return sql("INSERT INTO mjc.provider_ref (ref, provider, order_id) VALUES ('COD_$id', 'shop', '$id') RETURNING ref");
}

sub own_order
{
	my $token = shift;
	my %body = (items => [ { productId => product(), quantity => 1 } ], phone => phone(),
		shippingAddress => { street => '12 rue Didouche Mourad', city => 'Alger', region => '16' });
	my $reply = post('/api/v1/orders', token => $token, body => \%body);

	die "no order: $reply->{status} $reply->{content}" if $reply->{status} != 201;
	return $reply->{json}{data}{order}{id};
}

sub address
{
	my $token = shift;
	my %body = (type => 'SHIPPING', street => '12 rue Didouche Mourad', city => 'Alger', region => '16');
	my $reply = post('/api/v1/customers/addresses', token => $token, body => \%body);

	die "no address: $reply->{status} $reply->{content}" if $reply->{status} != 201;
	return $reply->{json}{data}{address}{id};
}

sub maker { return once(maker => 'SELECT manufacturer_id FROM mjc.manufacturer LIMIT 1') }

sub maker_of_model { return once(maker_of_model => "SELECT manufacturer_id FROM mjc.boiler_model WHERE boiler_model_id = '${\ model()}'") }

sub model { return once(model => 'SELECT boiler_model_id FROM mjc.boiler_model LIMIT 1') }

sub boiler
{
	my $token = shift;
	my $reply = post('/api/v1/customers/boilers', token => $token, body => { model => model(), label => 'Maison ' . ++$serial });

	die "no boiler: $reply->{status} $reply->{content}" if $reply->{status} != 201;
	return $reply->{json}{data}{boiler}{id};
}

# A variant of model().
sub variant
{
	return $made{variant} //= sql("INSERT INTO mjc.boiler_variant (variant_id, boiler_model_id, name, gas) VALUES (gen_random_uuid(), :'model', :'name', '{G20}') RETURNING variant_id",
		model => model(), name => code('v'));
}

# One that waits for its first lines.
sub import_open
{
	return sql("INSERT INTO mjc.import (import_id, kind, channel) VALUES (gen_random_uuid(), 'products', 'rest') RETURNING import_id");
}

sub diagram
{
	return $made{diagram} //= sql(<<~'SQL', model => model());
		INSERT INTO mjc.diagram (diagram_id, boiler_model_id, name, image_url) VALUES (gen_random_uuid(), :'model', 'Essai', '/essai.png') RETURNING diagram_id
		SQL
}

# Every row: method, pattern, function, types, role, rate, flags, volatility, name and params,
# a list of {where, name, type, min, max, needed, choices}.
sub routes
{
	my @columns = qw(method pattern function types role rate flags volatility params);
	my @rows;

	open(my $out, '-|', $ENV{MJC_TEST_SHIM}, '--print-routes') or die "no $ENV{MJC_TEST_SHIM}";
	while (my $line = <$out>)
	{
		my %row;

		chomp $line;
		@row{@columns} = split /\t/, $line;
		$row{name} = "$row{method} $row{pattern}";
		$row{params} = [ map { param($_) } grep { $_ ne '-' } split /;/, $row{params} ];
		push @rows, \%row;
	}
	close $out;
	return @rows;
}

sub param
{
	my %param;

	@param{qw(where name type min max needed choices)} = split /:/, $_[0], 7;
	$param{needed} = $param{needed} eq 'needed';
	$param{choices} = [ split /\|/, $param{choices} ];
	return \%param;
}

#------------------------------------------------------------------ paths

sub place_of
{
	my ($row, $name) = @_;

	for my $line (@places)
	{
		return $line if $line->[1] eq $name && $row->{pattern} =~ $line->[0];
	}
	return;
}

# Whether a route asks for something that belongs to a customer.
sub owned
{
	my $row = shift;

	return grep { my $place = place_of($row, $_); $place && $place->[2] eq 'owner' } $row->{pattern} =~ /:(\w+)/g;
}

# path_of(row, owner's token): the path with ids that are there; undef when a place of it has
# no line above.
sub path_of
{
	my ($row, $token) = @_;
	my $path = $row->{pattern};

	for my $name ($path =~ /:(\w+)/g)
	{
		my $place = place_of($row, $name) or return;
		my $value = $place->[3]->($token);

		$path =~ s/:$name\b/uri($value)/e;
	}
	# What a DELETE takes away is not there for the routes that follow.
	delete $made{product} if $row->{method} eq 'DELETE';
	return "/api/v1$path";
}

#------------------------------------------------------------------ values

my %value = (
	uuid => sub { $_[0]{name} =~ /product/i ? product() : $nothing },
	text => sub { substr('essai' . ++$serial . 'x' x $_[0]{min}, 0, $_[0]{max} || 20) },
	texts => sub { [ $_[0]{name} =~ /product/i ? product() : 'essai' ] },
	int => sub { 0 + ($_[0]{min} > 1 ? $_[0]{min} : $_[0]{max} < 1 ? $_[0]{max} : 1) },
	money => sub { 1 + $_[0]{min} / 100 },
	bool => sub { JSON::PP::true() },
	choice => sub { $_[0]{choices}[0] },
	phone => sub { phone() },
	email => sub { sprintf 'essai-%d-%d@example.dz', $$, ++$serial },
	slug_or_id => sub { 'essai' },
	time_from => sub { '2026-01-01' },
	time_to => sub { '2026-01-02' },
	json => sub { {} },
);
# What a route takes whole (type json), or values that only make sense together: a good document, by its pattern.
%document = (
	'/admin/customer-groups/:code' => sub { { name => 'Essai', nameAr => 'Essai', sortOrder => 7 } },
	'/admin/products/:id/price' => sub { { price => 1000.5, salePrice => 900 } },
	'/admin/price-lists' => sub { { code => code('l'), name => 'Essai', kind => 'override' } },
	'/admin/price-lists/:id' => sub { { name => 'Essai' } },
	'/admin/price-lists/:id/prices' => sub { { product => product(), amount => 800, minQuantity => 2 } },
	'/admin/promotions' => sub { { code => code('p'), name => 'Essai', kind => 'percent', scope => 'line', percent => 5 } },
	'/admin/promotions/:id' => sub { { percent => 12.5, name => 'Essai' } },
	'/admin/coupons' => sub { { code => uc code('c'), promotion => promotion(), maxUses => 5 } },
	'/admin/coupons/:code' => sub { { maxUses => 5, maxUsesPerCustomer => 1 } },
	'/admin/shipping-tariffs' => sub { { place => '16', deliveryMode => 'home', amount => 400, from => '2027-01-01' } },
	'/admin/shipping-tariffs/:id' => sub { { amount => 400, until => '2028-01-01' } },
	'/admin/carrier-zones' => sub { { carrier => 'essai', wilaya => '16', zone => 'z1' } },
	'/products' => sub { { name => 'Essai', sku => uc code('s'), categoryId => test_category(), price => 10, stockQuantity => 3 } },
	'/products/:id' => sub { { isFeatured => JSON::PP::true(), manufacturerId => 'Essai' } },
	(map { $_ => sub { { name => code('Essai'), description => 'Essai' } } } map { ("/admin/$_", "/admin/$_/:id") } qw(categories manufacturers)),
	'/admin/kinds' => sub { { name => 'Essai', safetyClass => 'ELECTRICAL' } },
	'/admin/kinds/:id' => sub { { name => 'Essai', safetyClass => 'QUALIFIED' } },
	'/admin/attributes' => sub { { code => code('a') =~ tr/-/_/r, name => 'Essai', valueType => 'number', scale => 1 } },
	'/admin/attributes/:id' => sub { { name => 'Essai', unit => 'bar' } },
	'/admin/imports' => sub { { kind => 'products', dryRun => JSON::PP::true() } },
	'/admin/imports/:id/start' => sub { { dryRun => JSON::PP::true() } },
	(map { $_ => sub { { label => code('b'), model => model(), variant => variant(), manufacturer => maker_of_model(), built => '2019-05', gas => 'G20' } } }
		qw(/customers/boilers /customers/boilers/:boilerId)),
	'/admin/gift-cards' => sub { { amount => 1000 } },
	'/admin/orders/:orderId/shipments' => sub { { carrier => 'Yalidine', trackingNumber => code('t') } },
	'/admin/remittances' => sub { { carrier => 'Yalidine', reference => code('r'), lines => [ { parcel => shipped(), amount => 100 } ] } },
	(map { $_ => sub { { events => [ page_view() ] } } } qw(/analytics/events /analytics/track)),
	'/analytics/performance' => sub { { name => 'LCP', value => 1234.5, path => '/fr' } },
	'/analytics/errors' => sub { { error => 'TypeError: essai', stack => 'TypeError: essai', url => '/fr' } },
	'/admin/products/:id/cross-references' => sub { { kind => 'OEM', brand => 'Essai', number => code('n') } },
	'/admin/products/:id/supersession' => sub { { relation => 'ONE', parts => [ { product => make_product(price => 10), quantity => 1 } ] } },
	'/admin/boilers/ranges' => sub { { manufacturer => maker(), name => code('r') } },
	'/admin/boilers/models' => sub { { manufacturer => maker(), name => code('m') } },
	'/admin/boilers/variants' => sub { { model => model(), name => code('v'), powerKw => 24.5 } },
	'/admin/boilers/codes' => sub { { scheme => 'GC', code => code('c'), model => model() } },
	'/admin/boilers/plate-rules' => sub { { manufacturer => maker(), name => code('p'), pattern => 'X(\\d\\d)', parts => ['year2'], example => 'X19' } },
	'/admin/fitments' => sub { { product => product(), model => model(), position => code('f') } },
	'/admin/diagrams' => sub { { model => model(), name => 'Essai', image => '/essai.png', hotspots => [ { x => 5000, y => 10, ref => '1', product => product() } ] } },
	(map { ("$_/:id" => sub { { active => JSON::PP::false() } }) } map { "/admin/$_" } qw(boilers/ranges boilers/models boilers/variants boilers/plate-rules diagrams)),
	'/admin/fitments/:id' => sub { { note => 'Essai' } },
	'/admin/settings' => sub { { siteName => 'Essai', sellerRc => '16/00-1' } },
);

$document{$_} = sub { { firstName => 'Amina', lastName => 'Benali', phone => phone(), customerType => 'B2B', companyName => 'Essai' } }
	for '/customers/:id', '/admin/customers/:id', '/customers/profile/me';

# What a page of the frontend tells when it is looked at.
sub page_view
{
	return { type => 'page_view', data => { sessionId => sprintf('00000000-0000-4000-9000-%012d', ++$serial), pagePath => '/fr' } };
}

# One that nobody guesses.
sub password { return sprintf 'Bruleur-%d-Vanne-%d', $$, ++$serial }

sub code { return sprintf '%s-%x-%d', $_[0], $$, ++$serial }

# Names whose texts must say something.
my %named = (email => $value{email}, wilaya => sub { '16' }, region => sub { '16' }, phone => $value{phone},
	customerGroup => sub { 'retail' }, moveTo => sub { test_category() }, purpose => sub { 'terms' },
	(map { $_ => sub { 'CASH_ON_DELIVERY' } } qw(paymentMethod method)), manufacturer => \&maker, number => sub { $made{invoice} // 'FA-2026-000001' }, lang => sub { 'fr' },
	(map { $_ => sub { 'Amina' } } qw(firstName lastName)), (map { $_ => \&password } qw(password newPassword)));

sub value_of
{
	my $param = shift;
	my ($last) = $param->{name} =~ /(\w*)$/;
	my $make = ($param->{type} eq 'text' && $named{$last}) || $value{ $param->{type} =~ s/_array$//r }
		or die "a parameter of type $param->{type}: Routes.pm does not know it";

	return $make->($param);
}

# Whether a route has parameters there: path, query, body.
sub takes { my ($row, $where) = @_; return scalar grep { $_->{where} eq $where } @{ $row->{params} } }

# The pairs of a query: query_of(row, all => bool), else the needed ones only.
sub query_of
{
	my ($row, %opt) = @_;

	return map {
		my $value = value_of($_);
		[ $_->{name}, ref $value eq 'ARRAY' ? $value->[0] : ref $value ? 'true' : $value ]
	} grep { $_->{where} eq 'query' && ($opt{all} || $_->{needed}) } @{ $row->{params} };
}

# A body with what is needed, or all of it; undef when the route takes none. A document is
# empty when not all is asked for; undef when %document has none.
sub body_of
{
	my ($row, %opt) = @_;
	my @params = grep { $_->{where} eq 'body' } @{ $row->{params} } or return;
	my $body = {};

	return $document{ $row->{pattern} }->() if $opt{all} && $document{ $row->{pattern} };

	for my $param (grep { $opt{all} || $_->{needed} } @params)
	{
		my @steps = split /\./, $param->{name};
		my $last = pop @steps;
		return $opt{all} ? ($document{ $row->{pattern} } // return)->() : {} unless defined $last;
		my $at = $body;

		for my $step (@steps)
		{
			$at = $step =~ s/\[\]$//r eq $step ? ($at->{$step} //= {}) : ($at->{ $step =~ s/\[\]$//r } //= [ {} ])->[0];
		}
		$at->{$last} = value_of($param);
	}
	return $body;
}

1;

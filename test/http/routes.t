#!/usr/bin/perl
#
# routes.t - the table of routes against the functions of the database, both ways, and
# every route that is not public against every kind of caller.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Shop;
use Test::More;

# Called by the shim itself, not through a route.
my @internal = qw(account_token_check checkout_finish email_verify flush_seen housekeep http_figures job_status media_orphans outbox_done outbox_failed outbox_status outbox_take
	password_begin password_change password_reset password_reset_request password_words provider_event_store provider_task_done provider_task_take register session_close session_refresh
	shop_status sign_in_begin sign_in_finish social_sign_in webhook_done webhook_status webhook_take);
my @columns = qw(method pattern function types role rate flags volatility);
my $binary = $ENV{MJC_TEST_SHIM};
my @routes = map { my %row; @row{@columns} = split /\t/; \%row } split /\n/,
	qx{"$binary" --print-routes};

cmp_ok(scalar @routes, '>', 20, 'the table is printed');
my %seen;
is_deeply([ grep { $seen{"$_->{method} $_->{pattern}"}++ } @routes ], [],
	'no route stands in it twice');

#------------------------------------------------------------------ the table and pg_proc

my %function;
for my $line (split /\n/, sql(<<~'SQL'))
	SELECT p.proname, p.provolatile, p.prosecdef, coalesce(array_to_string(p.proconfig, ';'), ''),
	       coalesce((SELECT string_agg(format_type(t, NULL), ',' ORDER BY n)
	                   FROM unnest(p.proargtypes) WITH ORDINALITY a (t, n)), '-'),
	       has_function_privilege('mjc_shim', p.oid, 'EXECUTE'),
	       has_function_privilege('mjc_analyst', p.oid, 'EXECUTE')
	FROM pg_proc p WHERE p.pronamespace = 'mjc_api'::regnamespace
	SQL
{
	my %row;

	@row{qw(name volatile definer config types shim analyst)} = split /\|/, $line;
	is($function{ $row{name} }, undef, "$row{name}: one function of that name");
	$function{ $row{name} } = \%row;
}

my %routed;
for my $route (@routes)
{
	my $name = "$route->{method} $route->{pattern}";

	like($route->{method}, qr/^(GET|POST|PUT|PATCH|DELETE)$/, "$name: a method");
	like($route->{role}, qr/^(public|optional|customer|technician|admin|super)$/, 'names a role');
	like($route->{rate}, qr/^(api|search|order|signup|track|auth|admin|cart|event|webhook|none)$/, 'names a rate class');
	like($route->{role}, qr/^(admin|super)$/, 'what is under /admin needs an admin')
		if $route->{pattern} =~ m{^/admin/(?!login$|totp/)};
	is($route->{volatility}, $route->{method} eq 'GET' && $route->{flags} !~ /records/ ? 'read' : $route->{volatility},
		'a GET writes nothing but who read persons');
	next if $route->{function} eq '-';
	my ($schema, $short) = split /\./, $route->{function};
	my $function = $function{$short};

	is($schema, 'mjc_api', "$name: calls mjc_api");
	ok($function, "$route->{function} exists") or next;
	$routed{$short} = 1;
	is($function->{types}, $route->{types}, 'with exactly the types that are sent');
	is($function->{volatile} eq 'v' ? 'write' : 'read', $route->{volatility},
		'volatile if and only if it writes');
	is($function->{definer}, 't', 'security definer');
	like($function->{config}, qr{^search_path=pg_catalog, pg_temp(?:;|\z)}, 'with a search_path of its own');
	is_deeply([ @$function{qw(shim analyst)} ], [qw(t f)], 'for the shim and not for analysts');
}
is_deeply([ grep { !$routed{$_} } sort keys %function ], \@internal,
	'every other function of mjc_api is for the shim itself');

# What creates may be repeated by key (design 6).
is_deeply(
	[ map { $_->{pattern} } grep { $_->{flags} =~ /\bidempotent\b/ } @routes ],
	[
		'/products/:id/inventory', '/products', '/products/:id/reviews', '/admin/categories', '/admin/manufacturers', '/admin/kinds', '/admin/attributes', '/payments/refund', '/cart/items', '/orders/guest', '/orders', '/admin/orders', '/admin/orders/:orderId/returns', '/admin/orders/:orderId/exchanges', '/admin/orders/:orderId/notes', '/admin/orders/:orderId/payments', '/admin/orders/:orderId/shipments', '/admin/remittances', '/admin/imports', '/admin/customers',
		'/admin/customers/:id/notes', '/customers', '/customers/addresses', '/customers/boilers', '/admin/price-lists',
		'/admin/price-lists/:id/prices', '/admin/promotions', '/admin/coupons',
		'/admin/shipping-tariffs', '/admin/gift-cards', '/admin/products/:id/cross-references',
		'/admin/boilers/ranges', '/admin/boilers/models', '/admin/boilers/variants', '/admin/boilers/plate-rules',
		'/admin/fitments', '/admin/diagrams'
	],
	'the routes that honour a key');
is_deeply(
	[
		grep { my $r = $_; $r->{flags} =~ /\bidempotent\b/ && $r->{types} !~ /^(?:uuid,integer,uuid,)?text,text,/ }
			@routes
	],
	[],
	'which get request and key first, or right after the caller');

is_deeply(
	[ grep { ($_->{flags} =~ /\bcart\b/) != ($_->{pattern} =~ m{^/cart\b(?!/validate$)}) } @routes ], [],
	'the routes of a cart get its token, and no others');

# A file comes piece by piece: a text, where to go on, and its name.
is_deeply([ map { $_->{pattern} } grep { $_->{flags} =~ /\bstream\b/ } @routes ], [ '/admin/orders/export', '/admin/export', '/admin/products/export', '/admin/imports/:id/errors/export', '/admin/customers/export' ], 'the routes of files');
is(sql('SELECT p.proargnames[cardinality(p.proargnames) - 3 :] FROM pg_proc p WHERE p.oid::regproc::text = :\'name\'', name => $_->{function}), '{after,body,next,filename}', "$_->{function}: from where, a body, the next and a name")
	for grep { $_->{flags} =~ /\bstream\b/ } @routes;

#------------------------------------------------------------------ who may

my %token = (
	customer => mint('CUSTOMER', make_account('CUSTOMER'), 0),
	technician => mint('TECHNICIAN', make_account('TECHNICIAN'), 0),
	admin => mint('ADMIN', make_account('ADMIN'), 0),
	super => mint('SUPER_ADMIN', make_account('SUPER_ADMIN'), 0),
	'customer who says admin' => mint('ADMIN', make_account('CUSTOMER'), 0),
	'nobody' => mint('ADMIN', '00000000-0000-4000-8000-00000000dead', 0),
	expired => forge(
		{ alg => 'HS256', typ => 'JWT' }, claims(iat => int(time) - 7200, exp => int(time) - 60)
	),
);

# Each kind of caller on each route: matrix.t. Here, tokens that lie or are too old.
for my $row ([ '/api/v1/admin/orders', 403 ], [ '/api/v1/customers/orders/history', 200 ])
{
	my ($path, $status) = @$row;

	is(status_of('GET', $path, token => $token{'customer who says admin'}), $status,
		"$path: the role is the account's, whatever the token says");
	is_error(get($path, token => $token{nobody}), 401, 'TOKEN_REVOKED', "$path: an account that is not there");
	is_error(get($path, token => $token{expired}), 401, 'TOKEN_EXPIRED', "$path: an old token");
	is_error(get($path), 401, 'MISSING_TOKEN', "$path: no token");
}

# Nobody is asked for a token on the others, and a bad one does no harm.
for my $route (grep { $_->{role} =~ /^(public|optional)$/ && $_->{method} eq 'GET' } @routes)
{
	my $path = '/api/v1' . $route->{pattern} =~ s/:id\b/00000000-0000-4000-8000-0000000000ff/r =~
		s/:code/16/r =~ s/:\w+/none/r;
	my $status = status_of('GET', $path);

	unlike($status, qr/^(401|403|5..)$/, "$route->{pattern}: public");
	is(status_of('GET', $path, token => $_), $status, 'whatever token')
		for 'rubbish', @token{qw(customer expired nobody)};
}

finish();

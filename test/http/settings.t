#!/usr/bin/perl
#
# settings.t - GET and PUT /admin/settings, and the shop closed for maintenance.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use HTTP::Tiny;
use Shop;
use Test::More;

my $path = '/api/v1/admin/settings';
my $super = make_account('SUPER_ADMIN');
my $token = mint('SUPER_ADMIN', $super, 0);
my $part = make_product(price => 1000, stock => 50);

sub see { return get($path, token => $token, @_) }

sub change { my ($body, @opt) = @_; return put($path, token => $token, body => $body, @opt) }

sub value { return sql("SELECT value FROM mjc_report.setting WHERE name = '$_[0]'") }

# What the shop had before, whatever happens here.
my $before = sql(q{SELECT string_agg(format('UPDATE mjc.setting SET text_value = %L, integer_value = %L, boolean_value = %L WHERE name = %L', text_value, integer_value, boolean_value, name), ';') FROM mjc.setting});
END { local $?; sql($before) if $before }

#------------------------------------------------------------------ reading

my $reply = see();
is($reply->{status}, 200, 'the settings');
shape(
	$reply->{json}{data},
	{
		siteName => 'text', currency => 'text', taxRate => 'num', shippingMethods => [ 'text' ], paymentMethods => [ 'text' ],
		emailNotifications => 'bool', maintenanceMode => 'bool', sellerName => 'text', sellerAddress => 'str', sellerPhone => 'str',
		sellerEmail => 'str', sellerRc => 'str', sellerNif => 'str', sellerNis => 'str', sellerAi => 'str', sellerBank => 'str',
		settings => [ { name => 'text', kind => 'text', description => 'text', updatedAt => 'text' } ]
	},
	'in the shape of the contract') or diag($reply->{content});
is($reply->{json}{data}{currency}, 'DZD', 'in dinars');
is($reply->{json}{data}{taxRate}, 19, 'TVA in percent');
is_deeply($reply->{json}{data}{paymentMethods}, ['CASH_ON_DELIVERY'], 'how one may pay');
my %listed = map { $_->{name} => $_ } @{ $reply->{json}{data}{settings} };
is(join(' ', sort keys %listed), sql(q{SELECT string_agg(name, ' ' ORDER BY name COLLATE "C") FROM mjc.setting}), 'every setting is listed');
is_deeply(
	[ @{ $listed{hold_minutes} }{qw(kind value unit min max)} ], [ 'integer', 0 + value('hold_minutes'), 'minutes', 1, 43200 ], 'with kind, value, unit and range');
ok($listed{hold_minutes}{description} && $listed{hold_minutes}{updatedAt} =~ /^\d{4}-.*Z$/, 'what it is and when it was changed');
for ([ 401, 'MISSING_TOKEN', undef, 'a visitor' ], [ 403, 'FORBIDDEN', admin_token(), 'an admin' ],
	[ 403, 'FORBIDDEN', mint('CUSTOMER', make_account('CUSTOMER'), 0), 'a customer' ],
	[ 403, 'FORBIDDEN', mint('SUPER_ADMIN', admin_id(), sql("SELECT token_version FROM mjc.account WHERE account_id = '" . admin_id() . "'")), 'an admin who says that he is more' ])
{
	my ($status, $code, $as, $who) = @$_;
	my @as = defined $as ? (token => $as) : ();

	is_error(get($path, @as), $status, $code, "not for $who");
	is_error(put($path, @as, body => { siteName => 'x' }), $status, $code, "nor to change for $who");
}

#------------------------------------------------------------------ changing

$reply = change({ siteName => 'MJ Chauffage Alger', seller_nif => '001216099999999', hold_minutes => 45, taxRate => 9, sellerAddress => "12, rue de la Liberté\nAlger" });
is($reply->{status}, 200, 'several at once') or diag($reply->{content});
is_deeply([ @{ $reply->{json}{data} }{qw(siteName sellerNif taxRate)} ], [ 'MJ Chauffage Alger', '001216099999999', 9 ], 'the answer has them');
is_deeply([ map { value($_) } qw(site_name seller_nif hold_minutes default_tax_bp) ], [ 'MJ Chauffage Alger', '001216099999999', 45, 900 ], 'so has the table');
is(sql("SELECT string_agg(name, ' ' ORDER BY name COLLATE \"C\") FROM mjc.setting_history WHERE actor = '$super'"), 'default_tax_bp hold_minutes seller_address seller_nif site_name', 'the history knows who');
is(
	sql("SELECT concat_ws(' ', channel, actor_name, before ->> 'value', after ->> 'value', request_id) FROM mjc_report.audit WHERE actor = '$super' AND subject_id = 'hold_minutes'"),
	"rest 30 45 $reply->{headers}{'x-request-id'}", 'the audit: who, before, after, which request');
is(change({ map { $_ => $reply->{json}{data}{$_} } grep { $_ ne 'settings' } keys %{ $reply->{json}{data} } })->{status}, 200, 'what was read may come back whole');
is(change({})->{status}, 200, 'nothing to change is fine');
is(sql("SELECT count(*) FROM mjc.setting_history WHERE actor = '$super'"), 5, 'and what stays leaves no trace');
for (
	[ ARGUMENT_INVALID => 'no such setting', noSuchThing => 1 ],
	[ ARGUMENT_INVALID => 'another currency', currency => 'EUR' ],
	[ ARGUMENT_INVALID => 'a number as text', hold_minutes => '45' ],
	[ ARGUMENT_INVALID => 'a fraction', hold_minutes => 4.5 ],
	[ ARGUMENT_INVALID => 'null', siteName => undef ],
	[ ARGUMENT_INVALID => 'an object', siteName => {} ],
	[ ARGUMENT_INVALID => 'a flag as text', maintenanceMode => 'true' ],
	[ ARGUMENT_INVALID => 'a mode that is none', order_reference_mode => 'random' ],
	[ ARGUMENT_INVALID => 'an e-mail that is none', sellerEmail => 'x y@z' ],
	[ ARGUMENT_INVALID => 'control characters', sellerBank => "a\x1bb" ],
	[ ARGUMENT_INVALID => 'three decimals', taxRate => 19.005 ],
	[ ARGUMENT_INVALID => 'what the shop works out', paymentMethods => ['GOLD'] ],
	[ ARGUMENT_INVALID => 'nor can mails be switched off', emailNotifications => JSON::PP::false ],
	[ ARGUMENT_INVALID => 'one twice', siteName => 'a', site_name => 'b' ],
	[ ARGUMENT_RANGE => 'too many minutes', hold_minutes => 43201 ],
	[ ARGUMENT_RANGE => 'too few', hold_minutes => 0 ],
	[ ARGUMENT_RANGE => 'too much tax', taxRate => 100.01 ],
	[ ARGUMENT_RANGE => 'a shop without a name', siteName => '  ' ],
	[ ARGUMENT_RANGE => 'a long name', siteName => 'é' x 101 ])
{
	my ($code, $what, %doc) = @$_;
	my $refused = change({ cart_days => 77, %doc });
	my ($field) = sort keys %doc;

	is_error($refused, 422, $code, $what);
	like($refused->{json}{message}, qr/\Q$field\E|site_?[nN]ame/, "$what: it names the field");
}
is(value('cart_days'), 30, 'with one of them refused nothing changes');
is_error(put($path, token => $token, content => '[]'), 422, 'VALIDATION_ERROR', 'a list is no document');
is_error(put($path, token => $token, content => '{'), 400, 'MALFORMED_REQUEST', 'half a document');

#------------------------------------------------------------------ maintenance

sub catalogue { return get('/api/v1/products') }

my $customer = mint('CUSTOMER', make_account('CUSTOMER'), 0);
is(catalogue()->{status}, 200, 'the shop is open');
is(change({ maintenanceMode => JSON::PP::true })->{json}{data}{maintenanceMode}, JSON::PP::true, 'the shop is closed');
ok(wait_for(sub { catalogue()->{status} == 503 }, 5), 'within five seconds');
for (
	[ 'the catalogue', get('/api/v1/products') ], [ 'a part', get("/api/v1/products/$part") ], [ 'the cart', get('/api/v1/cart') ],
	[ 'an order', post('/api/v1/orders/guest', body => order_body([ [ $part, 1 ] ])) ],
	[ 'signing in', post('/api/v1/auth/login', body => { email => 'a@example.dz', password => 'long enough' }) ],
	[ 'a profile', get('/api/v1/customers/profile/me', token => $customer) ], [ 'a profile without credentials', get('/api/v1/customers/profile/me') ])
{
	my ($what, $closed) = @$_;

	is_error($closed, 503, 'MAINTENANCE', "$what: closed");
	is($closed->{headers}{'retry-after'}, 60, "$what: until later");
}
like(get('/api/v1/products', lang => 'ar')->{json}{message}, qr/\p{Arabic}/, 'said in Arabic too');
is(get('/api/v1/products', token => $token)->{status}, 200, 'staff look at the catalogue');
is(get('/api/v1/admin/orders', token => admin_token())->{status}, 200, 'and go on with orders');
is(post('/api/v1/admin/login', body => { email => $ENV{MJC_TEST_ADMIN_EMAIL}, password => one_line($ENV{MJC_TEST_ADMIN_PASSWORD_FILE}) })->{status}, 200, 'they sign in');
is(get($_)->{status}, 200, "$_ is up") for '/health', '/api/v1/health/live', '/api/v1/health/ready', '/';
is(post('/api/v1/auth/logout')->{status}, 200, 'signing out is always possible');
is(metric(HTTP::Tiny->new->get("$ENV{MJC_TEST_METRICS_URL}/metrics")->{content}, 'mjc_maintenance'), 1, 'the metrics tell');
is_error(get('/api/v1/no-such-route'), 404, 'NOT_FOUND', 'what is not there is not there');

is(change({ maintenanceMode => JSON::PP::false })->{status}, 200, 'the shop opens again');
ok(wait_for(sub { catalogue()->{status} == 200 }, 5), 'within five seconds');
is(post('/api/v1/orders/guest', body => order_body([ [ $part, 1 ] ]))->{status}, 201, 'and takes orders');
finish();

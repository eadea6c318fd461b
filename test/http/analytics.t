#!/usr/bin/perl
#
# analytics.t - the figures of the shop over REST, as the pages read them: the dashboard of the
# administration and /analytics. The figures themselves are tested in test/sql/sales_report.sql.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use Shop;
use Test::More;

my $token = admin_token();
my $category = sql("INSERT INTO mjc.category (category_id, slug, name) VALUES (gen_random_uuid(), 'analytics-$$', 'Analytique $$') RETURNING category_id");
my $part = make_product(price => 1000, stock => 100_000, name => 'Joint de mesure');
my $other = make_product(price => 500, stock => 100_000, name => 'Sonde de mesure');
sql("UPDATE mjc.product SET category_id = '$category' WHERE product_id = '$other'; SELECT mjc.product_changed(ARRAY['$other'::uuid])");

sub staff { my ($path, @opt) = @_; return get("/api/v1/$path", token => $token, @opt) }

sub data { my $reply = staff(@_); is($reply->{status}, 200, "GET $_[0]") || said($reply); return $reply->{json}{data} }

# An order of that instant: placed and dated in one transaction.
sub dated
{
	my ($at, $phone, $region, @lines) = @_;

	return sql(<<~'SQL', at => $at, phone => $phone, region => $region, ids => '{' . join(',', map { $_->[0] } @lines) . '}', quantities => '{' . join(',', map { $_->[1] } @lines) . '}');
		WITH placed AS (
		    SELECT r.body -> 'order' ->> 'id' AS id
		      FROM mjc_api.order_place_guest('req', NULL, :'ids', :'quantities', 'Amina', 'Benali', :'phone', NULL, NULL, '12 rue Didouche Mourad', 'Alger', NULL, :'region', NULL, NULL) r)
		SELECT id FROM placed
		\gset
		UPDATE mjc.order SET placed_at = :'at' WHERE order_id = :'id';
		UPDATE mjc.customer_order SET placed_at = :'at' WHERE order_id = :'id';
		SELECT :'id'
		SQL
}

#------------------------------------------------------------------ the dashboard of the administration

my $totals = { totalRevenue => 'num', totalOrders => 'int', totalCustomers => 'int', totalServices => 'int', revenueGrowth => 'num', orderGrowth => 'num', customerGrowth => 'num' };
my %before = map { $_ => data("admin/dashboard?timeframe=$_")->{summary} } qw(7d 30d 90d 1y);
shape($before{$_}, $totals, "dashboard $_") for sort keys %before;
my @orders = map { place([ [ $part, $_ ] ]) } 1, 2;
my $month = data('admin/dashboard')->{summary};
is($month->{totalOrders}, $before{'30d'}{totalOrders} + 2, 'thirty days unless told: two orders more');
for my $timeframe (sort keys %before)
{
	my $after = data("admin/dashboard?timeframe=$timeframe")->{summary};

	is(sprintf('%.2f', $after->{totalRevenue} - $before{$timeframe}{totalRevenue}), sprintf('%.2f', $orders[0]{total} + $orders[1]{total}), "$timeframe: their revenue");
	is($after->{totalCustomers} - $before{$timeframe}{totalCustomers}, 2, 'two customers');
	is($after->{totalServices}, 0, 'no services yet');
}

my $activities = data('admin/activities')->{activities};
shape($activities, [ { type => 'text', id => 'uuid', title => 'text', description => 'text', timestamp => 'time', status => 'text' } ], 'activities');
cmp_ok(scalar @$activities, '<=', 20, 'twenty unless told');
ok((grep { $_->{type} eq 'order' && $_->{id} eq $orders[1]{id} && $_->{status} eq 'pending' && $_->{title} =~ /\Q$orders[1]{orderNumber}\E$/ } @$activities), 'the newest order is among them');
ok((grep { $_->{type} eq 'customer' } @$activities), 'and a customer');
is_deeply([ map { $_->{timestamp} } @$activities ], [ reverse sort map { $_->{timestamp} } @$activities ], 'newest first');
unlike(encode($activities), qr/Amina|Benali|\+213/, 'nobody is named');
is(scalar @{ data('admin/activities?limit=3')->{activities} }, 3, 'so many');

my $sales = data('admin/analytics/sales?timeframe=7d&groupBy=day');
shape($sales, { sales => [ { date => 'text', revenue => 'num', orders => 'int' } ], chartData => 'list', summary => { totalRevenue => 'num', totalOrders => 'int', averageOrderValue => 'num', revenueGrowth => 'num' } }, 'sales');
is_deeply($sales->{chartData}, $sales->{sales}, 'under both names');
is_deeply([ grep { $_->{date} !~ /^\d{4}-\d\d-\d\d\z/ || !$_->{orders} } @{ $sales->{sales} } ], [], 'days with orders alone');
for my $group ('', '&groupBy=day', '&groupBy=week', '&groupBy=month')
{
	my $data = data("admin/analytics/sales?timeframe=90d$group");
	my ($orders, $revenue) = (0, 0);

	$orders += $_->{orders}, $revenue += $_->{revenue} for @{ $data->{sales} };
	is_deeply([ $orders, sprintf('%.2f', $revenue) ], [ $data->{summary}{totalOrders}, sprintf('%.2f', $data->{summary}{totalRevenue}) ], "90d$group adds up");
}

my $pie = staff('admin/analytics/sales/categories?timeframe=7d')->{json};
shape($pie, { success => 'bool', data => { success => 'bool', data => [ { name => 'text', value => 'num', percentage => 'int' } ] } }, 'categories, wrapped twice');
my $sum = 0;
$sum += $_->{percentage} for @{ $pie->{data}{data} };
is($sum, 100, 'whole per cent that add up');

#------------------------------------------------------------------ /analytics, by hand

# May 2021: a buys 1 000 on the first instant of the 10th in Algiers, b 2 x 1 000 + 2 x 500 on the last of the 20th;
# a had bought 500 on the 30th of April. Shipping comes on top.
my ($a, $b) = (phone(), phone());
my @old = (dated('2021-04-29 23:00:00Z', $a, '16', [ $other, 1 ]), dated('2021-05-09 23:00:00Z', $a, '16', [ $part, 1 ]), dated('2021-05-20 22:59:59.999Z', $b, '31', [ $part, 2 ], [ $other, 2 ]));
my @total = map { 0 + sql("SELECT mjc.dzd(total_centimes) FROM mjc.order WHERE order_id = '$_'") } @old;
my $may = 'startDate=2021-05-10&endDate=2021-05-20';
my $revenue = $total[1] + $total[2];
my $names = sql("SELECT string_agg(name || '|' || name_ar, '|' ORDER BY code) FROM mjc.wilaya WHERE code IN ('16', '31')");
my ($alger, $alger_ar, $oran, $oran_ar) = split /\|/, $names;

for my $name (qw(dashboard kpis))
{
	my $body = staff("analytics/$name?$may")->{json};

	shape($body, {
			success => 'bool', period => { startDate => 'text', endDate => 'text' },
			data => { summary => $totals, sales => { averageOrderValue => 'num', orderGrowth => 'num', totalRevenue => 'num', sales => 'list' }, customers => { totalCustomers => 'int' },
				products => { topProducts => 'list' }, services => { totalRequests => 'int' } } }, $name);
	is_deeply($body->{period}, { startDate => '2021-05-10', endDate => '2021-05-20' }, 'says which days');
	is_deeply([ @{ $body->{data}{summary} }{qw(totalOrders totalRevenue)} ], [ 2, $revenue ], 'both ends count');
}
is(staff("analytics/dashboard?$_->[0]")->{json}{data}{summary}{totalOrders}, $_->[1], $_->[0])
	for [ 'startDate=2021-05-11&endDate=2021-05-20', 1 ], [ 'startDate=2021-05-10&endDate=2021-05-19', 1 ], [ 'startDate=2021-05-11&endDate=2021-05-19', 0 ],
	[ 'startDate=2021-05-10T00:00:00.000Z&endDate=2021-05-20T21:00:00.000Z', 2 ], [ 'startDate=2021-05-09T23:00:00.000Z&endDate=2021-05-19T22:59:59.000Z', 1 ];
is_deeply(staff('analytics/dashboard?timeframe=7d&endDate=2021-05-20')->{json}{period}, { startDate => '2021-05-14', endDate => '2021-05-20' }, 'a timeframe up to a day');
my ($today, $week) = split /\|/, sql("SELECT mjc.algiers_date(now()), mjc.algiers_date(now()) - 6");
is_deeply(staff('analytics/dashboard?timeframe=7d')->{json}{period}, { startDate => $week, endDate => $today }, 'or up to today');

my $body = staff("analytics/sales?$may&groupBy=month")->{json};
is_deeply([ @$body{qw(period groupBy)} ], [ { startDate => '2021-05-10', endDate => '2021-05-20' }, 'month' ], 'sales: odd envelope');
is_deeply($body->{data}{sales}, [ { date => '2021-05-10', revenue => $revenue, orders => 2 } ], 'by month');
is_deeply([ @{ $body->{data} }{qw(totalOrders unitsSold averageOrderValue cancelledOrders)} ], [ 2, 5, $revenue / 2, 0 ], 'and together');
is(sprintf('%.2f', $body->{data}{revenueGrowth}), sprintf('%.2f', ($revenue - $total[0]) * 100 / $total[0]), 'against the eleven days before');
is($body->{data}{orderGrowth}, 100, 'two orders against one');
is(staff('analytics/sales?startDate=2021-05-21&endDate=2021-05-25')->{json}{data}{revenueGrowth}, -100, 'nothing against something');
is(staff('analytics/sales?startDate=2021-04-28&endDate=2021-04-30')->{json}{data}{revenueGrowth}, 0, 'something against nothing is told as 0');

my $people = data("analytics/customers?$may");
is_deeply([ @$people{qw(buyers newCustomers returningCustomers retentionRate)} ], [ 2, 1, 1, 0 ], 'customers: one new, one again');
is_deeply([ map { $_->{revenue} } @{ $people->{topCustomers} } ], [ $total[2], $total[1] ], 'the best first');
is_deeply($people->{customersByWilaya}, [ { wilaya => '16', name => $alger, customers => 1 }, { wilaya => '31', name => $oran, customers => 1 } ], 'and where they live');
is(data('analytics/customers?startDate=2021-04-30&endDate=2021-05-20')->{retentionRate}, 50, 'one of two bought twice');
unlike(encode($people), qr/Amina|Benali|\+213/, 'nobody is named');

my $products = data("analytics/products?$may");
is_deeply([ map { [ @$_{qw(productId quantity revenue)} ] } @{ $products->{topProducts} } ], [ [ $part, 3, 3000 ], [ $other, 2, 1000 ] ], 'products');
is_deeply([ @$products{qw(soldProducts unitsSold)} ], [ 2, 5 ], 'how many');
my ($name) = sql("SELECT c.name FROM mjc.category c JOIN mjc.product p USING (category_id) WHERE p.product_id = '$part'");
my $shares = [ { name => $name, value => 3000, percentage => 75 }, { name => "Analytique $$", value => 1000, percentage => 25 } ];
is_deeply($products->{categoryPerformance}, $shares, 'categories');
is_deeply(data("analytics/sales/categories?$may"), $shares, 'wrapped once');

my $wilayas = data("analytics/revenue/wilaya?$may");
is_deeply([ map { [ @$_{qw(wilaya name nameAr revenue orders)} ] } @$wilayas ], [ [ '31', $oran, $oran_ar, $total[2], 1 ], [ '16', $alger, $alger_ar, $total[1], 1 ] ], 'wilayas in both languages');
is($wilayas->[0]{percentage} + $wilayas->[1]{percentage}, 100, 'shares');
my $methods = data("analytics/payments/methods?$may");
is_deeply([ map { [ @$_{qw(method revenue orders percentage)} ] } @$methods ], [ [ 'CASH_ON_DELIVERY', $revenue, 2, 100 ] ], 'ways to pay');
is_deeply(data("analytics/market/algeria?$may"), { wilayaPerformance => $wilayas, paymentMethodPreferences => $methods, seasonalTrends => [ { month => '2021-05', revenue => $revenue, orders => 2 } ], insights => [] }, 'the market');
is_deeply(data("analytics/services?$may"), { totalServices => 0, totalRequests => 0, completedRequests => 0, pendingRequests => 0, completionRate => 0, popularServices => [] }, 'no services yet');

#------------------------------------------------------------------ nothing sold: zeros and empty lists

my $none = 'startDate=2019-02-01&endDate=2019-02-28';
for my $name (qw(sales/categories revenue/wilaya payments/methods))
{
	is_deeply(data("analytics/$name?$none"), [], 'an empty list');
}
$body = staff("analytics/dashboard?$none")->{json}{data};
is_deeply([ @{ $body->{summary} }{qw(totalRevenue totalOrders revenueGrowth orderGrowth)}, @{ $body->{sales} }{qw(averageOrderValue margin)} ], [ (0) x 6 ], 'zeros');
is_deeply([ $body->{sales}{sales}, @{ $body->{products} }{qw(topProducts categoryPerformance)}, @{ $body->{customers} }{qw(topCustomers customersByWilaya)} ], [ [], [], [], [], [] ], 'empty lists');
is_deeply([ @{ $body->{customers} }{qw(buyers newCustomers returningCustomers retentionRate)} ], [ (0) x 4 ], 'no customers');
shape($body->{summary}, $totals, 'all of them numbers');

#------------------------------------------------------------------ what is not right

my @reports = map { "analytics/$_" } qw(dashboard kpis sales customers products services market/algeria revenue/wilaya payments/methods sales/categories);
for my $path (@reports)
{
	is_field(staff("$path?startDate=x"), 'startDate', "$path: no date");
	is_field(staff("$path?endDate=2021-02-29"), 'endDate', "$path: no such day");
	is_field(staff("$path?timeframe=2d"), 'timeframe', "$path: no such timeframe");
	is_error(staff("$path?startDate=2021-05-21&endDate=2021-05-20"), 422, 'REPORT_REVERSED', "$path: the wrong way round");
	is_field(staff("$path?startDate=1850-01-01&endDate=1850-01-02"), [qw(startDate endDate)], "$path: long ago");
	is_error(staff("$path?startDate=2016-05-20&endDate=2021-05-20"), 422, 'REPORT_TOO_LONG', "$path: more than five years");
	is(staff("$path?startDate=2016-05-21&endDate=2021-05-20")->{status}, 200, "$path: five years");
}
is_field(staff("$_?groupBy=hour"), 'groupBy', "$_: by hour") for 'analytics/sales', 'admin/analytics/sales';
is_field(staff("admin/$_?timeframe=2d"), 'timeframe', "$_: no such timeframe") for qw(dashboard analytics/sales analytics/sales/categories);
is_field(staff("admin/activities?limit=$_"), 'limit', "activities: limit $_") for qw(0 101 x);
my $said = staff('analytics/sales?startDate=2021-05-21&endDate=2021-05-20', lang => 'ar');
is($said->{json}{message}, text_of('REPORT_REVERSED', 'ar'), 'said in Arabic');
is(staff('analytics/sales?startDate=2011-05-21&endDate=2021-05-20')->{json}{message}, text_of('REPORT_TOO_LONG', 'fr', years => 5), 'with how long it may be');
for my $path (@reports, map { "admin/$_" } qw(dashboard activities analytics/sales analytics/sales/categories))
{
	is_error(get("/api/v1/$path"), 401, 'MISSING_TOKEN', "$path: nobody");
	is_error(get("/api/v1/$path", token => mint($_, make_account($_), 0)), 403, 'FORBIDDEN', "$path: no $_") for qw(CUSTOMER TECHNICIAN);
}

#------------------------------------------------------------------ the dashboard in psql

my $psql = ($ENV{MJC_TEST_PG_BIN} ? "$ENV{MJC_TEST_PG_BIN}/" : '') . 'psql';
for my $who (qw(STAFF ANALYST))
{
	my $text = qx{"$psql" -X -v ON_ERROR_STOP=1 -d "$ENV{"MJC_TEST_${who}_DSN"}" -f sql/dashboard.psql 2>&1};

	is($?, 0, "sql/dashboard.psql as $who") or diag($text);
	is(scalar(() = $text =~ /^== /mg), 9, 'all its parts');
	unlike($text, qr/ERROR|Amina|Benali/, 'no error, nobody named');
}

finish();

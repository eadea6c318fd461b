#!/usr/bin/perl
#
# figures.t - what the shim counts reaches mjc_report, each answer once.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Shop;
use Test::More;

# A process that ends has told all that it answered; nobody else's process is looked at.
my $from = sql('SELECT clock_timestamp()');
my $shim = start_shim(MJC_HOUSEKEEP_INTERVAL_S => 0);
get('/wilayas', shim => $shim) for 1 .. 7;
get('/products/no-such-part', shim => $shim) for 1 .. 3;
get('/nowhere', shim => $shim) for 1 .. 2;
post('/orders/guest', body => { items => 'none' }, shim => $shim);
is(stop_shim($shim), 0, 'the process ends in order');

my $rows = sql(qq|SELECT string_agg(route \|\| ' ' \|\| requests \|\| ' ' \|\| refused \|\| ' ' \|\| failed, E'\\n' ORDER BY route)
	FROM (SELECT f.route, sum(f.requests) AS requests, sum(f.refused) AS refused, sum(f.failed) AS failed FROM mjc_report.http_figure f
	       WHERE f.at >= date_trunc('second', timestamptz '$from') AND f.shim_id IN (
	             SELECT x.shim_id FROM mjc_report.http_figure x WHERE x.route = 'GET /wilayas' AND x.requests = 7 AND x.at >= date_trunc('second', timestamptz '$from'))
	       GROUP BY f.route) r WHERE r.route <> 'GET /health/ready'|);
is( $rows,
	join("\n", 'GET /products/:idOrSlug 3 3 0', 'GET /wilayas 7 0 0', 'POST /orders/guest 1 1 0', 'any * 2 2 0'),
	'every answer is there once, by route');
is(sql(qq|SELECT bool_and((SELECT sum(b) FROM unnest(f.bucket) b) = f.requests AND f.mean_ms > 0 AND f.until_at >= f.at) FROM mjc_report.http_figure f WHERE f.at >= date_trunc('second', timestamptz '$from')|),
	't', 'its histogram counts as many');
cmp_ok(sql(q|SELECT requests FROM mjc_report.response_times(mjc.algiers_date(now()), mjc.algiers_date(now())) WHERE route = 'GET /wilayas'|), '>=', 7, 'and the report of the day has them');
cmp_ok(sql(qq|SELECT count(*) FROM mjc_report.cache_figure WHERE at >= timestamptz '$from'|), '>=', 1, 'with the counters of the cache');

finish();

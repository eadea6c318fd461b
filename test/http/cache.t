#!/usr/bin/perl
#
# cache.t - answers that everybody may see are given again for a moment: the same bytes, to
# nobody who shows credentials, and never longer than configured.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Shop;
use Test::More;
use Time::HiRes qw(sleep);

sub metrics_of { return get('/metrics', shim => { url => $_[0]{metrics} })->{content} }

my $part = make_product();
my $name = sub { return sql("UPDATE mjc.product SET name = '$_[0]' WHERE product_id = '$part'; SELECT mjc.product_changed(ARRAY['$part'::uuid])") };
my $none = 'cache-test-none-' . time . "-$$";    # a second run in the same database has another
my $slug = sql("SELECT slug FROM mjc.product WHERE product_id = '$part'");

sub shown { return (get("/products/$slug", @_)->{json}{data}{product} // {})->{name} }

# Off: what the database says at once.
my $off = start_shim(MJC_CACHE_MS => 0);
$name->('Nom un');
is(shown(shim => $off), 'Nom un', 'off: as it is');
$name->('Nom deux');
is(shown(shim => $off), 'Nom deux', 'off: at once');
is(metric(metrics_of($off), 'mjc_cache_hits_total'), 0, 'off: no hits');
stop_shim($off);

# On, for as long as no test takes.
my $on = start_shim(MJC_CACHE_MS => 60000);
$name->('Nom un');
my $first = get("/products/$slug", shim => $on);
my $again = get("/products/$slug", shim => $on);
is($again->{content}, $first->{content}, 'on: the same bytes');
isnt($again->{headers}{'x-request-id'}, $first->{headers}{'x-request-id'}, 'on: a request of its own');
is($again->{headers}{$_}, $first->{headers}{$_}, "on: the same $_") for qw(content-type cache-control content-security-policy vary);
$name->('Nom deux');
is(shown(shim => $on), 'Nom un', 'on: the answer of a moment ago');
is((get("/api/v1/products/$slug", shim => $on)->{json}{data}{product} // {})->{name}, 'Nom un', 'on: however its path is written');
is(shown(shim => $on, token => admin_token()), 'Nom deux', 'on: who shows credentials asks the database');
is(shown(shim => $on), 'Nom un', 'on: and changes nothing for the others');
is(request('HEAD', "/products/$slug", shim => $on)->{headers}{'content-length'}, length($first->{content}), 'on: HEAD too');
my $packed = get("/products/$slug", shim => $on, headers => { 'accept-encoding' => 'gzip' });
my $packed_again = get("/products/$slug", shim => $on, headers => { 'accept-encoding' => 'gzip' });
is($packed->{headers}{'content-encoding'}, 'gzip', 'on: packed for who takes it');
is($packed_again->{content}, $packed->{content}, 'on: the same packed bytes');
is((get("/products/$slug?includeRelated=true", shim => $on)->{json}{data}{product} // {})->{name}, 'Nom deux', 'on: other arguments, another answer, of their own time');

# What is not there is asked for each time.
is(get("/products/$none", shim => $on)->{status}, 404, 'on: not there');
sql("UPDATE mjc.product SET slug = '$none' WHERE product_id = '$part'; SELECT mjc.product_changed(ARRAY['$part'::uuid])");
is(get("/products/$none", shim => $on)->{status}, 200, 'on: there now');

# Nothing of one visitor's reaches another.
for my $path ('/cart', '/payments/verify/nothing')
{
	my $hits = metric(metrics_of($on), 'mjc_cache_hits_total');
	get($path, shim => $on) for 1 .. 2;
	is(metric(metrics_of($on), 'mjc_cache_hits_total'), $hits, "on: $path is nobody else's");
}

# Not longer than configured; by the clock of the machine.
my $brief = start_shim(MJC_CACHE_MS => 300);
get("/products/$none", shim => $brief);
$name->('Nom trois');
ok(wait_for(sub { ((get("/products/$none", shim => $brief)->{json}{data}{product} // {})->{name} // '') eq 'Nom trois' }, 5), 'brief: soon as it is');
sleep 0.35;
$name->('Nom quatre');
sleep 0.35;
is((get("/products/$none", shim => $brief)->{json}{data}{product} // {})->{name}, 'Nom quatre', 'brief: after its time as it is');

# Small: many answers, little memory.
my $small = start_shim(MJC_CACHE_MS => 60000, MJC_CACHE_BYTES => 65536);
get("/products?limit=1&minPrice=$_", shim => $small) for 1 .. 120;
my $page = metrics_of($small);
cmp_ok(metric($page, 'mjc_cache_bytes'), '<=', 65536, 'small: no more memory than allowed');
cmp_ok(metric($page, 'mjc_cache_entries'), '>', 0, 'small: some are kept');
is(metric($page, 'mjc_cache_misses_total'), 120, 'small: each was asked for once');

finish();

#!/usr/bin/perl
#
# cart_race.t - twenty connections write the same carts at once: nobody is refused,
# nothing is lost, mixed or counted twice. The routes are called in SQL, as the shim does.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Shop;
use Test::More;
use Time::HiRes qw(time);

use constant CLIENTS => 20;

my $run = sprintf '%x%x', time, $$;
my @products = map { make_product(price => 10 + $_, stock => 900) } 1 .. 6;
my ($deadlocks) = deadlocks();

sub deadlocks { return sql('SELECT pg_stat_get_db_deadlocks(oid) FROM pg_database WHERE datname = current_database()') }

sub token { return substr("$run-guest-$_[0]-" . 'x' x 43, 0, 43) }

sub ids { return 'ARRAY[' . join(', ', map { "'$products[$_]'" } @_) . ']::uuid[]' }

sub sync
{
	my ($guest, $products, $quantities) = @_;

	return sprintf "SELECT mjc_api.cart_sync(NULL, NULL, NULL, NULL, '%s', %s, '{%s}') ->> 'itemCount'",
		token($guest), ids(@$products), join(',', @$quantities);
}

sub add
{
	my ($guest, $product, $qty) = @_;

	return sprintf
		"SELECT r.body #>> '{cart,itemCount}' FROM mjc_api.cart_add(NULL, NULL, NULL, NULL, NULL, '%s', '%s', %d) r",
		token($guest), $products[$product], $qty;
}

sub merge
{
	my ($customer, $guest) = @_;

	return sprintf "SELECT mjc_api.cart_merge('%s', 0, gen_random_uuid(), NULL, '%s') ->> 'itemCount'", $customer, token($guest);
}

# "place:units" of what a cart holds.
sub lines
{
	my ($guest) = @_;
	my %place = map { $products[$_] => $_ } 0 .. $#products;
	my @rows = split /\n/, sql(
		"SELECT product_id || ' ' || qty FROM mjc.cart_line WHERE owner_id = mjc.cart_owner_of_token(:'token')", token => token($guest));

	return join ' ', sort map { my ($id, $qty) = split / /; "$place{$id}:$qty" } @rows;
}

# Every client runs its statements on a connection of its own; what they printed, or how they failed.
sub at_once
{
	my ($statements) = @_;

	return parallel(CLIENTS,
		sub {
			my @mine = $statements->(shift);

			return { answer => sql(join(";\n", @mine) . ";\n") };
		});
}

sub refused { return [ map { $_->{failed} // () } @_ ] }

# The frontends send twenty equal ones.
my @same = at_once(sub { (sync(1, [ 0, 1, 2 ], [ 1, 2, 3 ])) x 5 });
is_deeply(refused(@same), [], 'equal syncs: none is refused');
is_deeply([ grep { $_->{answer} ne join("\n", (6) x 5) } @same ], [], 'each is answered the cart that it asked for');
is(lines(1), '0:1 1:2 2:3', 'the cart is that');
is(sql("SELECT count(*) FROM mjc.cart WHERE owner_id = mjc.cart_owner_of_token(:'token')", token => token(1)), 1, 'and one cart');

my @other = at_once(sub { my $i = shift; (sync(2, [ $i % 6, ($i + 1) % 6, ($i + 2) % 6 ], [ $i + 1, $i + 1, $i + 1 ])) x 5 });
is_deeply(refused(@other), [], 'different syncs: none is refused');
my %whole = map { my $i = $_; join(' ', sort map { (($i + $_) % 6) . ':' . ($i + 1) } 0 .. 2) => 1 } 0 .. CLIENTS - 1;
ok($whole{ lines(2) }, 'the last one wins whole') or diag(lines(2));

my @adds = at_once(sub { map { add(3, $_ % 2, 1) } 1 .. 10 });
is_deeply(refused(@adds), [], 'adding: none is refused');
is(lines(3), '0:100 1:100', 'every unit counts, once');

my @customers = map { make_account('CUSTOMER') } 1 .. 2;
sql(sync(4, [ 0, 1 ], [ 3, 1 ]));
my @merges = at_once(sub { my $i = shift; (merge($customers[0], 4)) x 3 });
is_deeply(refused(@merges), [], 'signing in: none is refused');
is(sql("SELECT string_agg(qty::text, ' ' ORDER BY qty) FROM mjc.cart_line WHERE owner_id = :'owner'", owner => $customers[0]), '1 3', 'the cart came once');

# Everything at once, on few carts.
my @mixed = at_once(
	sub {
		my $i = shift;

		return map {
			my $n = $i * 7 + $_ * 3;
			my @kinds = (
				sub { add(5 + $n % 3, $n % 6, 1) },
				sub { sync(5 + $n % 3, [ $n % 6, ($n + 1) % 6 ], [ 1 + $n % 4, 2 ]) },
				sub { merge($customers[ $n % 2 ], 5 + $n % 3) },
				sub { "SELECT mjc_api.cart_clear(NULL, NULL, NULL, NULL, '" . token(5 + $n % 3) . "') ->> 'itemCount'" },
				sub { "SELECT mjc.cart_ordered('$customers[ $n % 2 ]', " . ids($n % 6) . ')' },
				sub { 'SELECT mjc.cart_purge(10) >= 0' },
			);

			$kinds[ ($i + $_) % @kinds ]->();
		} 1 .. 12;
	});
is_deeply(refused(@mixed), [], 'all together: none is refused');
is(deadlocks(), $deadlocks, 'nobody met in a deadlock');
is(sql('SELECT * FROM mjc.check_invariants()'), '', 'no promise is broken');

done_testing();

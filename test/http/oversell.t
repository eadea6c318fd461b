#!/usr/bin/perl
#
# oversell.t - many buyers at once on products that are not enough for all, and buyers
# whose server is killed under them: what was sold is what there was, and every answer
# holds.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";
use List::Util qw(max shuffle);
use Shop;
use Test::More;
use Time::HiRes qw(sleep time);

my $api = '/api/v1';
my $run = sprintf '%x-%x', time, $$;

sub reserved { return sql("SELECT reserved FROM mjc.stock_available WHERE product_id = '$_[0]'") }

#------------------------------------------------------------------ more buyers than units

my @names = ('Pompe Wilo', 'Vanne 3 voies', 'Échangeur à plaques', 'حارق غاز', 'Sonde «NTC»');
my @stock = (20, 17, 13, 23, 20);
my @products = map { make_product(price => 1000, stock => $stock[$_], name => $names[$_]) } 0 .. 4;

# 24 orders of one unit for each product, more than there is of any: whoever comes too
# late finds nothing, so the stock is used up to the last unit. And 80 of two lines.
my @orders = shuffle(
	map({
			my $p = $_;
			map { [ [ $p, 1 ] ] } 1 .. 24
	} 0 .. 4),
	map({
			my ($a, $b) = (shuffle 0 .. 4)[ 0, 1 ];
			[ [ $a, 1 + $_ % 3 ], [ $b, 1 + $_ % 2 ] ]
	} 1 .. 80),
);
is(scalar @orders, 200, 'two hundred orders');
my @bodies = map {
	order_body([ map { [ $products[ $_->[0] ], $_->[1] ] } @$_ ])
} @orders;

my @results = map { @$_ } parallel(
	16,
	sub {
		my $client = shift;
		my @mine;

		for my $i (grep { $_ % 16 == $client } 0 .. $#orders)
		{
			my $reply = post("$api/orders/guest", body => $bodies[$i], key => "oversell-$run-$i",
				lang => $i % 3 ? 'fr' : 'ar');

			push @mine,
				{ i => $i, status => $reply->{status}, code => $reply->{json}{code},
				message => $reply->{json}{message}, number => order_of($reply)->{orderNumber} };
		}
		return \@mine;
	});

is(scalar @results, 200, 'all were answered');
my @sold = grep { $_->{status} == 201 } @results;
my @refused = grep { $_->{status} != 201 } @results;
is_deeply([ grep { $_->{status} != 409 || $_->{code} ne 'INSUFFICIENT_STOCK' } @refused ], [],
	'with 201, or 409 for want of stock');
cmp_ok(scalar @refused, '>', 50, 'many went without');

my @units = (0) x 5;
$units[ $_->[0] ] += $_->[1] for map { @{ $orders[ $_->{i} ] } } @sold;
is_deeply(\@units, \@stock, 'exactly what there was is sold');
is_deeply([ map { reserved($_) } @products ], \@stock, 'and held');
my %number = map { $_->{number} => 1 } @sold;
is(scalar keys %number, scalar @sold, 'each order has a number of its own');
is(
	sql(
		"SELECT count(*) FROM mjc.order WHERE reference = ANY (string_to_array(:'all', ','))",
		all => join(',', keys %number)
	),
	scalar @sold,
	'and exists');

# The refusal names the line of the client that could not be filled.
my @unclear;
for my $refusal (@refused)
{
	my $lang = $refusal->{i} % 3 ? 'fr' : 'ar';
	my @lines = @{ $orders[ $refusal->{i} ] };
	my @possible = map {
		my $n = $_;
		map {
			text_of('INSUFFICIENT_STOCK', $lang, line => $n + 1,
				product => $names[ $lines[$n][0] ], available => $_, requested => $lines[$n][1])
		} 0 .. $lines[$n][1] - 1
	} 0 .. $#lines;

	push @unclear, "$lang: $refusal->{message}" unless grep { $_ eq $refusal->{message} } @possible;
}
is_deeply(\@unclear, [],
	'each refusal names line, product and quantities, in the language asked for');
cmp_ok(scalar(grep { $_->{i} % 3 == 0 && $_->{message} =~ /\p{Arabic}/ } @refused), '>', 10,
	'some of them in Arabic');
is(sql('SELECT * FROM mjc.check_invariants()'), '', 'no promise is broken');

#------------------------------------------------------------------ a server killed

my $part = make_product(price => 500, stock => 1000);
my $clients = 8;
my $each = 25;

# Repeats an order by its key until there is an answer; every status that it saw.
sub insist
{
	my ($body, $key) = @_;
	my @seen;

	for (1 .. 150)
	{
		my $reply = post("$api/orders/guest", body => $body, key => $key);

		push @seen, $reply->{status};
		return { seen => \@seen, at => time, number => order_of($reply)->{orderNumber} }
			if $reply->{status} == 201;
		last if $reply->{status} < 500;
		sleep 0.1;
	}
	return { seen => \@seen };
}

# What a query gives once there is a server and something to give.
sub patiently
{
	my $text = shift;
	my $answer;

	wait_for(
		sub {
			length($answer = eval { sql($text) } // '');
		},
		30);
	return $answer;
}

my $killer = fork // die;
if (!$killer)
{
	for my $enough ($clients * $each / 4, $clients * $each * 2 / 3)
	{
		wait_for(
			sub {
				(eval { reserved($part) } // 0) >= $enough;
			},
			30);
		my $pid = patiently(<<~'SQL');
			SELECT pid FROM pg_stat_activity WHERE application_name = 'mjc-shim'
			 ORDER BY query_start DESC LIMIT 1
			SQL
		kill 'KILL', $pid or POSIX::_exit(1);
		sleep 0.3;
	}
	POSIX::_exit(0);
}
my @wanted = map { order_body([ [ $part, 1 ] ]) } 1 .. $clients * $each;
@results = map { @$_ } parallel(
	$clients,
	sub {
		my $client = shift;

		return [
			map {
				my $got = insist($wanted[$_], "killed-$run-$_");
				$got->{phone} = $wanted[$_]{customerInfo}{phone};
				$got
			} grep { $_ % $clients == $client } 0 .. $#wanted ];
	});
waitpid($killer, 0);
is($?, 0, 'a server process was killed twice');
is(scalar(grep { $_->{number} } @results), $clients * $each, 'every order was taken in the end');
my @at = sort { $a <=> $b } map { $_->{at} // () } @results;
cmp_ok(max(map { $at[$_] - $at[ $_ - 1 ] } 1 .. $#at), '<', 5,
	'and nobody waited long for the shop to be back');
my @statuses = map { @{ $_->{seen} } } @results;
is_deeply([ grep { $_ != 201 && $_ != 503 } @statuses ], [],
	'nobody heard anything but 201 or 503 on the way');
my $found = patiently(<<~SQL);
	SELECT c.phone, string_agg(o.reference, ',')
	  FROM mjc.order o
	  JOIN mjc.order_contact c USING (order_id)
	  JOIN mjc.order_line l USING (order_id)
	 WHERE l.product_id = '$part' GROUP BY 1
	SQL
my %found = map { split /\|/ } split /\n/, $found;
is_deeply(\%found, { map { ('+213' . substr($_->{phone}, 1) => $_->{number}) } @results },
	'each answered order is there exactly once');
is(reserved($part), $clients * $each, 'and holds its unit once');
ok(wait_for(sub { get('/health/ready')->{status} == 200 }, 20), 'the shop is ready again');

finish();

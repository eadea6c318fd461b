# exhaustion.t - 64 clients race for more than there is, while some of them change their
# mind and some lose their server: what was sold and what is left is what there was,
# nobody is refused who would have been served, nobody hears of a deadlock.
#
# Scenarios 1, 2, 4 and 5 of every shop: more buyers of one unit than there are units,
# mixed quantities, carts of the same products in opposite orders, servers that are
# terminated after they reserved and before they committed.
#
# The last rounds go the other ways that the rules know: through SQL, as when the owner
# changed a table, and with locks held over the flush.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../http/lib";
use Cluster;
use Fault;
use List::Util qw(min sum0);
use Shop qw(parallel);
use Test::More;
use Time::HiRes qw(sleep time);

use constant CLIENTS => 64;
use constant ROUNDS => 20;
use constant UNITS => 1000;
use constant FEW => 40;          # of the product that each client takes one unit of, once

my $cluster = Cluster->new->start->install;

#------------------------------------------------------------------ clients

# One client: a unit of the scarce product, then single products and carts until even
# one unit is refused. What it was told, for the judge.
sub client
{
	my ($i, $scarce, @products) = @_;
	my $self = { i => $i, sold => [ (0) x @products ], refused => [], states => {}, lost => 0, rolled_back => 0, scarce => 0 };
	my ($single, $cart) = (5, 5);

	srand $$;
	my $first = take($self, 'commit', [ $scarce, 1 ]);
	$self->{scarce} = $first ? 0 : 1;
	while ($single || $cart)
	{
		my $chance = rand;
		my $end = $chance < 0.05 ? 'rollback' : $chance < 0.1 ? 'terminate' : $chance < 0.3 ? 'commit' : 'at once';
		my @at = !$cart || $single && $i % 2 == int rand 2 ? 0 : 1 .. 3;
		my $most = @at > 1 ? \$cart : \$single;
		my %qty = map { $_ => 1 + int rand $$most } @at;
		@at = reverse @at if $i % 2;
		my $state = take($self, $end, map { [ $products[$_], $qty{$_} ] } @at);

		if ($state eq 'MJ101')
		{
			push @{ $self->{refused} }, \%qty;
			# a cart of one each is the least that a client can ask for
			$$most = @at > 1 ? int($$most / 2) : $qty{0} - 1;
		}
		elsif ($state eq '')
		{
			$self->{sold}[$_] += $qty{$_} for @at;
		}
		elsif ($state eq 'failed')
		{
			last;
		}
	}
	delete($self->{session})->end;
	return $self;
}

# Reserves lines ([product, quantity]...) and ends as told: '' when it is sold, the SQLSTATE
# when it was refused, 'undone' when the client took it back.
sub take
{
	my ($self, $end, @lines) = @_;
	my $session = $self->{session} //= $cluster->session(user => 'staff');
	my $reserve = sprintf q{SELECT mjc.stock_reserve('{%s}', '{%s}');},
		join(',', map { $_->[0] } @lines), join(',', map { $_->[1] } @lines);
	my %script = (
		'at once' => $reserve,
		commit => "BEGIN;\n$reserve\nCOMMIT;",
		rollback => "BEGIN;\n$reserve\nROLLBACK;",
		terminate => "BEGIN;\n$reserve\nSELECT pg_sleep(1) FROM pg_terminate_backend(pg_backend_pid());\nCOMMIT;",
	);
	my $reply = $session->ask($script{$end}, 60);

	$self->{states}{ $reply->{state} }++;
	if ($reply->{lost})
	{
		delete($self->{session})->end;
		$self->{lost}++;
		return $end eq 'terminate' && $reply->{state} eq '57P01' ? 'undone' : 'failed';
	}
	return $reply->{state} if $reply->{state} eq 'MJ101';
	return 'failed' if $reply->{state};
	$self->{rolled_back}++ if $end eq 'rollback';
	return $end eq 'rollback' ? 'undone' : '';
}

# The least that anybody saw as available of these while the clients were at it.
sub start_watcher
{
	my ($file, @products) = @_;
	my $pid = fork // die;

	return $pid if $pid;
	local $SIG{TERM} = 'DEFAULT';
	my $session = $cluster->session;
	my $ids = join ',', @products;
	my $least = UNITS;
	while (1)
	{
		$least = min($least, split /\n/,
			$session->value("SELECT available FROM mjc.stock_available WHERE product_id = ANY ('{$ids}');"));
		open my $out, '>', "$file.new" or die;
		print $out "$least\n";
		close $out;
		rename "$file.new", $file;
		sleep 0.02;
	}
}

#------------------------------------------------------------------ judging

# A refusal was wrong when what it asked for is still there: in a round stock only goes down.
sub wrongly_refused
{
	my ($left, @clients) = @_;
	my @wrong;

	for my $qty (map { @{ $_->{refused} } } @clients)
	{
		push @wrong, join ' ', map { "$qty->{$_} of $left->[$_]" } sort keys %$qty
			unless grep { $left->[$_] < $qty->{$_} } keys %$qty;
	}
	return @wrong;
}

sub column
{
	my ($text, @products) = @_;
	my %value = map { split /\|/ } split /\n/, $cluster->sql($text);

	return [ map { $value{$_} // 0 } @products ];
}

my %ways = (
	ROUNDS() - 3 => { 'mjc.direct_access' => 'off' },
	ROUNDS() - 1 => { 'mjc.direct_access' => 'on', 'mjc.early_lock_release' => 'off' },
	ROUNDS() => { 'mjc.direct_access' => 'off' },
);
my %states;
my ($lost, $rolled_back, $refused) = (0, 0, 0);
my $dir = make_dir();
my $start = time;

for my $round (1 .. ROUNDS)
{
	$cluster->set(%{ $ways{$round} }) if $ways{$round};
	my $scarce = $cluster->product(FEW);
	my @products = map { $cluster->product(UNITS) } 0 .. 3;
	my $watcher = start_watcher("$dir/least", @products, $scarce);
	my @clients = parallel(CLIENTS, sub { client($_[0], $scarce, @products) });
	kill 'TERM', $watcher;
	waitpid $watcher, 0;

	is_deeply([ map { $_->{failed} // () } @clients ], [], "round $round: every client came to its end");
	@clients = grep { !$_->{failed} } @clients;
	my $sold = [ map { my $p = $_; sum0 map { $_->{sold}[$p] } @clients } 0 .. 3 ];
	my $held = column('SELECT product_id, sum(held_qty) FROM mjc.reservation GROUP BY 1', @products, $scarce);
	my $left = column('SELECT product_id, available FROM mjc.stock_available', @products, $scarce);

	is_deeply([ map { $held->[$_] + $left->[$_] } 0 .. 4 ], [ (UNITS) x 4, FEW ], "round $round: sold and left are what there was");
	is_deeply([ @$held[ 0 .. 3 ] ], $sold, "round $round: scenario 5, sold is what clients were told, and nothing for those who lost their server");
	is_deeply([ sum0(map { $_->{scarce} } @clients), $left->[4] ], [ FEW, 0 ], "round $round: scenario 1, exactly ${\FEW} of ${\CLIENTS} clients got one unit");
	is($left->[0], 0, "round $round: scenario 2, mixed quantities up to the last unit");
	is(min(@$left[ 1 .. 3 ]), 0, "round $round: scenario 4, carts in opposite orders up to the last unit of one product");
	is_deeply([ wrongly_refused($left, @clients) ], [], "round $round: nobody was refused what is still there");
	cmp_ok(Shop::slurp("$dir/least") // -1, '>=', 0, "round $round: nobody ever saw less than nothing");
	is($cluster->broken, '', "round $round: no broken promise");
	for my $client (@clients)
	{
		$states{$_} += $client->{states}{$_} for keys %{ $client->{states} };
		$lost += $client->{lost};
		$rolled_back += $client->{rolled_back};
		$refused += @{ $client->{refused} };
	}
}

is_deeply([ grep { !/^(?:|MJ101|57P01)$/ } sort keys %states ], [], 'clients heard no error but of too little stock, no deadlock among them');
cmp_ok($lost, '>', ROUNDS * 10, 'many servers were lost on the way');
cmp_ok($rolled_back, '>', ROUNDS * 10, 'many clients took it back');
is_deeply([ grep { /deadlock detected|PANIC|could not serialize/ } split /\n/, $cluster->log_text ], [], 'nor does the log tell of one');
diag(sprintf '%d requests in %.0f s: %s; %d connections lost, %d taken back, %d refused', sum0(values %states), time - $start,
	join(', ', map { ($_ || 'served') . " x$states{$_}" } sort keys %states), $lost, $rolled_back, $refused);

done_testing();

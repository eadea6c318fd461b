# numbers_kill.t - scenario 25: 64 sessions place 10 000 orders, every twentieth is rolled back,
# while parcels leave, invoices are issued (and rolled back) and the server is killed (kill -9
# of backends and of the postmaster). Afterwards references are unique, invoices count 1..n
# without a gap and never back in time, the chain holds, and every order and invoice that was
# answered is there once.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../http/lib";
use Cluster;
use Fault;
use List::Util qw(sum0);
use POSIX ();
use Shop qw(decode encode);
use Test::More;
use Time::HiRes qw(sleep time);

use constant ORDERS => 10_000;
use constant CLIENTS => 64;
use constant ISSUERS => 3;
use constant KILLS => 6;
use constant PATIENCE => 300;     # seconds until a client gives up

my $dir = make_dir();
my $cluster = Cluster->new->start->install;
my @products = map { $cluster->product(50_000) } 1 .. 6;

$cluster->sql(q{UPDATE mjc.setting SET text_value = 'Test' WHERE name ~ '^seller_(name|legal_form|activity|address|phone|rc|nif|nis|ai)$'});

#------------------------------------------------------------------ clients

# A session as staff that is made again when its server is gone; what it heard besides.
sub staff { return { session => undef, states => {}, lost => 0, deadline => time + PATIENCE } }

# One try: the last line of the answer; undef when the server went away or a rule wants it again.
sub try_once
{
	my ($staff, $text) = @_;
	my $session = $staff->{session} //= $cluster->session(user => 'staff');
	my $reply = $session->ask($text, 120);

	if ($reply->{lost})
	{
		$session->end;
		$staff->{session} = undef;
		$staff->{lost}++;
		sleep 0.05 + rand 0.1;
		return;
	}
	return $reply->{lines}[-1] // '' if !$reply->{state};
	$staff->{states}{"$reply->{state} $reply->{message}"}++;
	return;
}

# Says it again until it is answered: the answer.
sub insist
{
	my ($staff, $text) = @_;

	while (time < $staff->{deadline})
	{
		my $answer = try_once($staff, $text);

		return $answer if defined $answer;
	}
	die "no answer to $text";
}

sub key { return sprintf 'numbers-%d-%d', @_ }

sub place_text
{
	my ($c, $n) = @_;
	my ($a, $b) = (($c + $n) % 6, ($c + $n + 1 + $n % 5) % 6);

	return sprintf q{SELECT mjc.order_place('{%s,%s}', '{1,%d}', 'Nadia', 'Client%d', '0%d%08d', street => '12 rue Didouche Mourad', }
		. q{city => 'Alger', region => '16', note => '%s', idempotency_key => '%s');},
		@products[ $a, $b ], 1 + $n % 3, $c, 5 + $c % 3, $c * 100_000 + $n, (key($c, $n)) x 2;
}

sub is_rolled_back { my ($c, $n) = @_; return ($c * 7 + int($n / CLIENTS)) % 20 == 3 }

# The fates of an order that stands: it stays, its parcel leaves and the issuers invoice it,
# or this client does so, rolls one back first, or takes both steps in one transaction.
sub follow_up
{
	my ($staff, $reference, $n) = @_;
	my $ship = "SELECT mjc.order_change('$reference', 'SHIPPED');";
	my $issue = "SELECT mjc.invoice_issue('$reference');";
	my $way = $n % 5;

	return if $way == 0;
	return insist($staff, "BEGIN;\n$ship\n$issue\nCOMMIT;\nSELECT mjc.invoice_issue('$reference');") if $way == 1;
	insist($staff, $ship);
	return if $way == 2;
	try_once($staff, "BEGIN;\n$issue\nROLLBACK;") if $way == 3;
	return insist($staff, $issue);
}

# Places a client's share of the orders: [n, reference, invoice]..., and [n] of those rolled back.
sub client
{
	my ($c) = @_;
	my $staff = staff();
	my (@placed, @back);

	for my $n (grep { $_ % CLIENTS == $c } 0 .. ORDERS - 1)
	{
		my $place = place_text($c, $n);

		if (is_rolled_back($c, $n))
		{
			# Not asked again when it was lost: nobody may find it.
			try_once($staff, "BEGIN;\n$place\nROLLBACK;");
			push @back, $n;
		}
		else
		{
			my $reference = insist($staff, $place);

			push @placed, [ $n, $reference, follow_up($staff, $reference, $n) ];
		}
		progress($c, scalar @placed) if @placed % 10 == 0;
	}
	progress($c, scalar @placed);
	return { placed => \@placed, back => \@back, states => $staff->{states}, lost => $staff->{lost} };
}

sub progress
{
	my ($c, $count) = @_;

	open my $out, '>', "$dir/progress.$c" or die;
	print $out $count;
	close $out;
	return;
}

sub done { return sum0 map { Shop::slurp("$dir/progress.$_") || 0 } 0 .. CLIENTS - 1 }

# Issues what is due until told to stop; every fifth batch is rolled back.
sub issuer
{
	my ($i) = @_;
	my $staff = staff();
	my $issued = 0;

	for (my $n = $i; !-e "$dir/stop"; $n++)
	{
		if ($n % 5 == 0) { try_once($staff, "BEGIN;\nSELECT mjc.issue_invoices(15);\nROLLBACK;") }
		else { $issued += try_once($staff, 'SELECT mjc.issue_invoices(15);') // 0 }
		sleep 0.05;
	}
	return { issued => $issued, states => $staff->{states}, lost => $staff->{lost} };
}

# In the background; what it knows afterwards is in its file.
sub start
{
	my ($name, $work) = @_;
	my $pid = fork // die;

	if (!$pid)
	{
		my $result = eval { $work->() } // { failed => $@ };

		open my $out, '>', "$dir/result.$name" or POSIX::_exit(1);
		print $out encode($result);
		close $out;
		POSIX::_exit(0);
	}
	return $pid;
}

sub result { return decode(Shop::slurp("$dir/result.$_[0]")) // { failed => "no file of $_[0]" } }

#------------------------------------------------------------------ faults

# kill -9 of a backend in the middle of a statement: the postmaster starts all anew.
sub kill_backend
{
	my $pid;

	await(20, sub { $pid = eval { $cluster->sql(q{SELECT pid FROM pg_stat_activity WHERE usename = 'staff' AND state <> 'idle' ORDER BY random() LIMIT 1}) } })
		or return fail('a backend is found');
	kill 'KILL', $pid;
	return await(60, sub { eval { $cluster->sql('SELECT 1') } });
}

my @faults = (
	[ 'a backend', \&kill_backend ],
	[ 'all processes', sub { $cluster->kill_all; return $cluster->start } ],
	[ 'the postmaster', sub { $cluster->kill_postmaster; return $cluster->start } ]);

my %pid = map { my $c = $_; $c => start($c, sub { client($c) }) } 0 .. CLIENTS - 1;
my %issuer = map { my $i = $_; $i => start("issuer$i", sub { issuer($i) }) } 1 .. ISSUERS;
for my $k (1 .. KILLS)
{
	my ($what, $work) = @{ $faults[ $k % @faults ] };
	my $at = ORDERS * 0.95 * $k / (KILLS + 1);

	await(PATIENCE, sub { done() >= $at }) or fail("kill $k: orders come in");
	ok($work->(), sprintf 'kill %d: %s, after %d orders: the server is back', $k, $what, done());
}
waitpid $_, 0 for values %pid;
open my $stop, '>', "$dir/stop" or die;
close $stop;
waitpid $_, 0 for values %issuer;

#------------------------------------------------------------------ judging

my @clients = map { result($_) } 0 .. CLIENTS - 1;
my @issuers = map { result("issuer$_") } 1 .. ISSUERS;
is_deeply([ map { $_->{failed} // () } @clients, @issuers ], [], 'every client came to its end');
my %states;
for my $one (@clients, @issuers)
{
	$states{$_} += $one->{states}{$_} for keys %{ $one->{states} // {} };
}
is_deeply(\%states, {}, 'nobody heard an error but the end of his server');
my @placed = map { my $c = $_; map { [ key($c, $_->[0]), @$_[ 1, 2 ] ] } @{ $clients[$c]{placed} // [] } } 0 .. $#clients;
my @back = map { my $c = $_; map { key($c, $_) } @{ $clients[$c]{back} // [] } } 0 .. $#clients;
is(@placed + @back, ORDERS, sprintf '%d orders answered, %d rolled back', scalar @placed, scalar @back);
cmp_ok(scalar @back, '>=', ORDERS / 25, 'about every twentieth');
cmp_ok(sum0(map { $_->{lost} // 0 } @clients), '>=', CLIENTS, 'the kills were felt');

# What is still due, then the books.
while ($cluster->sql('SELECT mjc.issue_invoices(1000)', user => 'staff') > 0) { }
is($cluster->sql('SELECT count(*) FROM mjc.invoice_due'), 0, 'every parcel that left is invoiced');
my %order;
for my $row (split /\n/, $cluster->sql(q{SELECT concat_ws(' ', c.note, o.reference, i.number) FROM mjc.order o
	JOIN mjc.order_contact c USING (order_id) LEFT JOIN mjc.invoice i USING (order_id)}))
{
	my ($key, @what) = split / /, $row;

	push @{ $order{$key} }, \@what;
}
is_deeply([ grep { @{ $order{$_} } > 1 } keys %order ], [], 'no order and no invoice twice');
is_deeply([ map { $_->[0] } grep { ($order{ $_->[0] }[0][0] // 'none') ne $_->[1] } @placed ], [], 'every order that was answered is there, with its reference');
is_deeply([ grep { $order{$_} } @back ], [], 'none that was rolled back is');
is(scalar keys %order, scalar @placed, 'nor any other');
my @invoiced = grep { defined $_->[2] } @placed;
cmp_ok(scalar @invoiced, '>', ORDERS / 3, scalar(@invoiced) . ' invoices were answered');
is_deeply([ map { $_->[0] } grep { ($order{ $_->[0] }[0][1] // 'none') ne $_->[2] } @invoiced ], [], 'each is there, with its number');
cmp_ok(sum0(map { $_->{issued} // 0 } @issuers), '>', 0, 'the issuers issued some');

is($cluster->sql('SELECT count(*) - count(DISTINCT reference) FROM mjc.order'), 0, 'references are unique');
is($cluster->sql(q{SELECT count(*) FROM mjc.order WHERE mjc.order_reference_canonical(reference) IS DISTINCT FROM reference}), 0, 'and their check digits right');
my $series = $cluster->sql(q{SELECT DISTINCT series || ' ' || year FROM mjc.invoice});
like($series, qr/^FA \d{4}$/, 'one series');
my ($year) = $series =~ /(\d+)$/;
my $shipped = $cluster->sql(q{SELECT count(*) FROM mjc.order WHERE status = 'SHIPPED'});
is($cluster->sql('SELECT concat_ws(\' \', min(n), max(n), count(*), count(DISTINCT number)) FROM mjc.invoice'), "1 $shipped $shipped $shipped",
	"invoices count 1..$shipped without a gap, one for each parcel");
is($cluster->sql('SELECT count(*) FROM (SELECT issued_at < lag(issued_at) OVER (ORDER BY n) AS back FROM mjc.invoice) x WHERE back'), 0, 'and never back in time');
is($cluster->sql("SELECT * FROM mjc.verify_series('FA', $year)", user => 'staff'), '', 'the series proves itself, the chain holds');
is($cluster->broken, '', 'no broken promise');
is_deeply([ grep { /PANIC|TRAP/ } split /\n/, $cluster->log_text ], [], 'no server fell over by itself');
$cluster->stop;

done_testing();

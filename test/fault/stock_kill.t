# stock_kill.t - scenario 6: 16 clients reserve, release and ship while the server is killed (kill -9),
# 20 times: everything they were told is there, a repeat of what they were not told about
# counts once, nothing is negative and the ledger has no gap. Then the same with a
# synchronous standby that is promoted in the primary's place.
#
# Then what early lock release does with a standby that does not answer, with
# PREPARE TRANSACTION, savepoints, and commits that fail.

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
use Time::HiRes qw(sleep);

use constant CLIENTS => 16;
use constant ROUNDS => 20;
use constant UNITS => 50_000;

my $dir = make_dir();
my $cluster = Cluster->new->start->install;
my @products = map { $cluster->product(UNITS) } 1 .. 4;

#------------------------------------------------------------------ clients

# Moves are told apart by their op_id. A model holds what a client knows of its holds:
# id => { product => [taken, held, shipped] }; `open` is the move that got no answer.

sub reserve_text
{
	my ($move) = @_;

	return sprintf q{SELECT mjc.stock_reserve('{%s}', '{%s}', op_id => '%s');}, join(',', @{ $move->{products} }),
		join(',', @{ $move->{quantities} }), $move->{op};
}

sub move_text
{
	my ($move) = @_;

	return reserve_text($move) if $move->{kind} eq 'reserve';
	return sprintf q{SELECT mjc.stock_%s('%s', '%s', %d, '%s');}, @$move{qw(kind id product qty op)};
}

# A client's next move: a hold of one or two products, or some units of a hold of its own.
sub next_move
{
	my ($model, $op) = @_;
	my @ids = grep { my $hold = $model->{holds}{$_}; grep { $_->[1] } values %$hold } keys %{ $model->{holds} };

	if (@ids < 2 || rand() < 0.5)
	{
		my $first = int rand @products;
		my @at = rand() < 0.5 ? $first : ($first, ($first + 1 + int rand $#products) % @products);

		return { kind => 'reserve', op => $op, products => [ @products[@at] ], quantities => [ map { 1 + int rand 5 } @at ] };
	}
	my $id = $ids[ rand @ids ];
	my ($product) = grep { $model->{holds}{$id}{$_}[1] } keys %{ $model->{holds}{$id} };
	return { kind => rand() < 0.5 ? 'release' : 'commit', op => $op, id => $id, product => $product,
		qty => 1 + int rand $model->{holds}{$id}{$product}[1] };
}

# What a move that was answered makes of the model.
sub learn
{
	my ($model, $move, $answer) = @_;

	if ($move->{kind} eq 'reserve')
	{
		$model->{holds}{$answer}{ $move->{products}[$_] } = [ ($move->{quantities}[$_]) x 2, 0 ] for 0 .. $#{ $move->{products} };
		return;
	}
	my $units = $model->{holds}{ $move->{id} }{ $move->{product} };
	$units->[1] -= $move->{qty};
	$units->[2] += $move->{qty} if $move->{kind} eq 'commit';
	return;
}

sub client
{
	my ($name) = @_;
	my $model = { holds => {}, answered => 0, open => undef, states => {} };
	my $session = $cluster->session(user => 'staff');

	for (my $n = 1; ; $n++)
	{
		my $move = next_move($model, "$name-$n");
		my $reply = $session->ask(move_text($move), 60);

		if ($reply->{lost})
		{
			$model->{open} = $move;
			last;
		}
		if ($reply->{state})
		{
			$model->{states}{"$reply->{state} $reply->{message}"}++;
			last;
		}
		learn($model, $move, $reply->{lines}[0]);
		$model->{answered}++;
	}
	$session->end;
	return $model;
}

# Clients in the background; what they know afterwards is read from their files.
sub start_clients
{
	my ($round) = @_;

	return map {
		my $c = $_;
		my $pid = fork // die;

		if (!$pid)
		{
			srand;
			my $model = eval { client("$round-$c") } // { failed => $@ };

			open my $out, '>', "$dir/client.$c" or POSIX::_exit(1);
			print $out encode($model);
			close $out;
			POSIX::_exit(0);
		}
		$pid
	} 1 .. CLIENTS;
}

sub models
{
	my (@pids) = @_;

	waitpid $_, 0 for @pids;
	return map { my $file = "$dir/client.$_"; my $model = decode(Shop::slurp($file)) // { failed => 'no file' }; unlink $file; $model } 1 .. CLIENTS;
}

#------------------------------------------------------------------ judging

# The holds of all models, as the table has them: "id product taken held shipped".
sub expected
{
	my (@models) = @_;

	return sort map {
		my $holds = $_->{holds};
		map {
			my $id = $_;
			map { join ' ', $id, $_, @{ $holds->{$id}{$_} } } keys %{ $holds->{$id} }
		} keys %$holds
	} @models;
}

sub found { return sort split /\n/, $cluster->sql(
	q{SELECT concat_ws(' ', reservation_id, product_id, sum(qty), sum(held_qty), sum(shipped_qty)) FROM mjc.reservation GROUP BY reservation_id, product_id}) }

# What one list has and the other has not, ten lines at most.
sub lacks
{
	my ($have, $want) = @_;
	my %have = map { $_ => 1 } @$have;
	my @lacking = grep { !$have{$_} } @$want;

	return @lacking > 10 ? @lacking[ 0 .. 9 ] : @lacking;
}

my @known;                       # lines of earlier rounds
my ($answered, $open, $done_already) = (0, 0, 0);

# After a crash: repeats what got no answer, then compares everything with what clients know.
sub judge
{
	my ($when, @models) = @_;

	is_deeply([ map { $_->{failed} // (), keys %{ $_->{states} // {} } } @models ], [], "$when: clients heard no error before the crash");
	# First as it is: what was answered is there, whatever became of the moves without an answer.
	my %there = map { $_ => 1 } found();
	my @lost;
	for my $model (@models)
	{
		my $unsure = $model->{open} ? $model->{open}{id} // '' : '';

		push @lost, grep { !$there{$_} } expected({ holds => { map { $_ => $model->{holds}{$_} } grep { $_ ne $unsure } keys %{ $model->{holds} } } });
	}
	is_deeply([ @lost[ 0 .. ($#lost < 9 ? $#lost : 9) ] ], [], "$when: everything that was answered is there");
	is_deeply([ grep { !$there{$_} } @known ], [], "$when: and everything of the rounds before");

	my $session = $cluster->session(user => 'staff');
	my %ids = map { (split)[0] => 1 } keys %there;
	for my $model (grep { $_->{open} } @models)
	{
		my $answer = $session->value(move_text($model->{open}));

		is($session->value(move_text($model->{open})), $answer, "$when: a move repeated twice gives one answer")
			if $open++ % 10 == 0;
		$done_already++ if $model->{open}{kind} eq 'reserve' && $ids{$answer};
		learn($model, $model->{open}, $answer);
	}
	$session->end;
	push @known, expected(@models);
	my @found = found();
	is_deeply([ lacks(\@known, \@found), lacks(\@found, \@known) ], [], "$when: the moves without an answer, repeated, count once");
	is_deeply([ stock() ], [ stock_of(@known) ], "$when: on hand, held and left add up");
	is($cluster->sql('SELECT count(*) FROM mjc.stock_ledger WHERE on_hand < 0 OR reserved < 0 OR damaged < 0'), 0, "$when: nothing is negative");
	is($cluster->broken, '', "$when: no broken promise, no gap in the ledger");
	$answered += sum0 map { $_->{answered} // 0 } @models;
	return;
}

# "on_hand reserved available" of each product, as it is and as it should be.
sub stock
{
	my %row = map { split ' ', $_, 2 } split /\n/,
		$cluster->sql(q{SELECT concat_ws(' ', product_id, on_hand, reserved, available) FROM mjc.stock_available});

	return map { $row{$_} } @products;
}

sub stock_of
{
	my (@lines) = @_;
	my %sum;

	for my $line (@lines)
	{
		my (undef, $product, undef, $held, $shipped) = split ' ', $line;

		$sum{$product}[0] += $held;
		$sum{$product}[1] += $shipped;
	}
	return map { my ($held, $shipped) = map { $_ // 0 } @{ $sum{$_} // [] }[ 0, 1 ]; join ' ', UNITS - $shipped, $held, UNITS - $shipped - $held } @products;
}

#------------------------------------------------------------------ read only

# Rules that go past SQL must ask by themselves whether they may write.
is($cluster->refusal("BEGIN READ ONLY;\nSELECT mjc.stock_$_;\nROLLBACK;", user => 'staff'), '25006', "stock_$_ is refused in a read-only transaction")
	for map { s/PRODUCT/$products[0]/r } "reserve('{PRODUCT}', '{1}')", "receive('PRODUCT', 1)", "adjust('PRODUCT', 1, 'test')";

#------------------------------------------------------------------ kill -9, restart

for my $round (1 .. ROUNDS)
{
	my @pids = start_clients($round);

	sleep 0.5 + rand 0.4;
	# at once with all that it had in memory, or the backends find out one by one
	$round % 2 ? $cluster->kill_all : $cluster->kill_postmaster;
	my @models = models(@pids);
	$cluster->start;
	judge("crash $round", @models);
}
cmp_ok($answered, '>', ROUNDS * CLIENTS * 5, "clients were answered $answered times");
cmp_ok($open, '>', ROUNDS * 3, "and $open times not");
diag("$answered moves answered, $open without an answer, $done_already of the reservations among them were there");

#------------------------------------------------------------------ a standby takes over

for my $round (1 .. 3)
{
	my $level = $round == 3 ? 'remote_apply' : 'on';
	my $standby = $cluster->standby("standby$round");

	$cluster->set(synchronous_standby_names => "'standby$round'", synchronous_commit => $level);
	await(20, sub { $cluster->sql('SELECT sync_state FROM pg_stat_replication') eq 'sync' }) or die 'the standby does not follow';
	my $before = $answered;
	my @pids = start_clients("standby$round");
	if ($round == 1)
	{
		like($standby->sql("SELECT mjc.available('$products[0]')", user => 'staff'), qr/^\d+$/, 'on the standby what is available can be read');
		like($standby->sql("SELECT count(*) FROM mjc_report.stock", user => 'staff'), qr/^[1-9]\d*$/, 'and the report of the stock');
		is($standby->refusal("SELECT mjc.stock_reserve('{$products[0]}', '{1}')", user => 'staff'), '25006', 'but nothing can be reserved');
		is($standby->refusal('SELECT mjc.flush_seen()', user => 'staff'), '', 'flush_seen() does not fail there');
	}
	sleep 1 + rand 0.5;
	$cluster->kill_all;
	my @models = models(@pids);
	$standby->promote;
	$cluster = $standby;
	judge("standby $round ($level) promoted", @models);
	cmp_ok($answered - $before, '>', CLIENTS, "standby $round ($level): there was load");
}

#------------------------------------------------------------------ early lock release: a standby that does not answer

my $standby = $cluster->standby('last');
$cluster->set(synchronous_standby_names => q('last'), synchronous_commit => 'on');
await(20, sub { $cluster->sql('SELECT sync_state FROM pg_stat_replication') eq 'sync' }) or die 'the standby does not follow';
my ($product) = @products;
my $other = $cluster->session;
my $serial = 0;

sub free { return $other->value("SELECT mjc.available('$product');") }

# Whether another session gets the lock that every movement of the product needs.
sub lock_is_free
{
	return !$other->ask("BEGIN;\nSELECT FROM mjc.stock_anchor WHERE product_id = '$product' FOR NO KEY UPDATE NOWAIT;\nROLLBACK;")->{state};
}

# Stops the standby's answers in the way that the level waits for.
my %pause = (
	on => sub { kill 'STOP', $standby->process('walreceiver') },
	remote_apply => sub {
		$standby->sql('SELECT pg_wal_replay_pause()');
		await(10, sub { $standby->sql('SELECT pg_get_wal_replay_pause_state()') eq 'paused' });
	},
);
my %resume = (
	on => sub { kill 'CONT', $standby->process('walreceiver') },
	remote_apply => sub { $standby->sql('SELECT pg_wal_replay_resume()') },
);

for my $level ('on', 'remote_apply')
{
	my $writer = $cluster->session;
	my $seen = $cluster->session;

	for my $early ('on', 'off')
	{
		my $before = free();
		my $what = "synchronous_commit $level, early lock release $early";

		$writer->value("SET synchronous_commit = $level; SET mjc.early_lock_release = $early; SELECT 1;");
		$pause{$level}->();
		$writer->tell("SELECT mjc.stock_reserve('{$product}', '{2}');");
		is($writer->reply(1), undef, "$what: the writer has no answer while the standby gives none");
		is($before - free(), $early eq 'on' ? 2 : 0, "$what: another session " . ($early eq 'on' ? 'sees the row' : 'sees nothing'));
		is(lock_is_free(), $early eq 'on', "$what: and " . ($early eq 'on' ? 'can take the lock' : 'waits for the lock'));
		if ($early eq 'on')
		{
			my $next = $cluster->session;

			is($next->value("SET synchronous_commit = local; SELECT mjc.stock_reserve('{$product}', '{3}') IS NOT NULL;"), 't',
				"$what: who does not wait for the standby reserves next and is answered");
			is($before - free(), 5, "$what: both are counted");
			$next->end;
			$seen->value("SET synchronous_commit = $level; SELECT 1;");
			$seen->tell('SELECT mjc.flush_seen();');
			is($seen->reply(0.5), undef, "$what: flush_seen() waits for the standby too") if $level eq 'on';
		}
		$resume{$level}->();
		my $reply = $writer->reply(20);
		is($reply && $reply->{state} . $reply->{message}, '', "$what: the writer is answered when the standby goes on");
		is($before - free(), $early eq 'on' ? 5 : 2, "$what: and its units are taken");
		is($seen->reply(20)->{state}, '', "$what: flush_seen() too") if $early eq 'on';
		is($writer->value('SHOW synchronous_commit;'), $level, "$what: the setting is as it was");
	}
	$_->end for $writer, $seen;
}

for my $level ('off', 'local')
{
	my $writer = $cluster->session;
	my $before = free();

	$writer->value("SET synchronous_commit = $level; SELECT 1;");
	$pause{on}->();
	my $reply = $writer->ask("SELECT mjc.stock_reserve('{$product}', '{1}') IS NOT NULL;\nSHOW synchronous_commit;", 20);
	is_deeply($reply->{lines}, [ 't', $level ], "synchronous_commit $level: answered without the standby, the setting as it was");
	is($before - free(), 1, "synchronous_commit $level: seen");
	$resume{on}->();
	$writer->end;
}

# A writer that is interrupted while it waits: its commit stands, as without us.
for my $how ('pg_cancel_backend', 'pg_terminate_backend')
{
	my $writer = $cluster->session;
	my $before = free();
	my $pid = $writer->value('SELECT pg_backend_pid();');

	$pause{on}->();
	$writer->tell("SELECT mjc.stock_reserve('{$product}', '{1}') IS NOT NULL;");
	is($writer->reply(0.5), undef, "$how: the writer waits");
	$other->value("SELECT $how($pid);");
	my $reply = $writer->reply(20) // {};
	is($reply->{lost}, $how eq 'pg_terminate_backend' ? 1 : 0, "$how ends " . ($reply->{lost} ? 'the session' : 'the wait'));
	is($writer->value('SHOW synchronous_commit;'), 'on', "$how: the setting is as it was") unless $reply->{lost};
	# flush_seen() may not promise what the standby has not
	my $seen = $cluster->session;
	is($seen->ask("SET statement_timeout = '300ms';\nSELECT mjc.flush_seen();")->{state}, '57014', 'flush_seen() that is cancelled is an error');
	$seen->end;
	$resume{on}->();
	is($before - free(), 1, "$how: the commit stands");
	$writer->end;
}

#------------------------------------------------------------------ early lock release: prepared, savepoints, failed commits

{
	my $writer = $cluster->session;
	my $before = free();

	is($writer->ask("BEGIN;\nSELECT mjc.stock_reserve('{$product}', '{4}');\nPREPARE TRANSACTION 'held';")->{state}, '', 'PREPARE TRANSACTION of a reservation is allowed');
	is($before - free(), 0, 'prepared: nobody sees it');
	is(lock_is_free(), '', 'prepared: its lock stays');
	is($writer->value('SHOW synchronous_commit;'), 'on', 'prepared: the setting is as it was');
	$cluster->kill_all;
	$_->end for $writer, $other;
	$cluster->start;
	$other = $cluster->session;
	$writer = $cluster->session;
	is(lock_is_free(), '', 'prepared: its lock stays over a crash');
	$writer->value(q{COMMIT PREPARED 'held';});
	is($before - free(), 4, 'COMMIT PREPARED: seen');
	is(lock_is_free(), 1, 'COMMIT PREPARED: the lock is free');
	$writer->ask("BEGIN;\nSELECT mjc.stock_reserve('{$product}', '{4}');\nPREPARE TRANSACTION 'undone';\nROLLBACK PREPARED 'undone';");
	is_deeply([ $before - free(), lock_is_free() ], [ 4, 1 ], 'ROLLBACK PREPARED: nothing stays');

	$before = free();
	my $reply = $writer->ask("BEGIN;\nSAVEPOINT a;\nSELECT mjc.stock_reserve('{$product}', '{7}');\nROLLBACK TO a;\nCOMMIT;");
	is_deeply([ $reply->{state}, $before - free(), lock_is_free() ], [ '', 0, 1 ], 'a savepoint rolled back: nothing is taken');
	$reply = $writer->ask("BEGIN;\nSAVEPOINT a;\nSELECT mjc.stock_reserve('{$product}', '{7}');\nROLLBACK TO a;\n"
		. "SAVEPOINT b;\nSELECT mjc.stock_reserve('{$product}', '{2}');\nSAVEPOINT c;\nSELECT mjc.stock_reserve('{$product}', '{1}');\nRELEASE b;\nCOMMIT;");
	is_deeply([ $reply->{state}, $before - free(), lock_is_free() ], [ '', 3, 1 ], 'savepoints rolled back and released: what stays is taken');
	is($writer->ask("SELECT mjc.stock_reserve('{$product}', '{1}'), 1 / 0;")->{state}, '22012', 'an error after a reservation');
	is($writer->value('SHOW synchronous_commit;'), 'on', 'leaves the setting as it was');

	$before = free();
	$writer->value("DO \$\$ BEGIN FOR i IN 1 .. 3 LOOP PERFORM mjc.stock_reserve('{$product}', '{1}'); COMMIT; END LOOP; END \$\$;");
	is_deeply([ $before - free(), lock_is_free(), $writer->value('SHOW synchronous_commit;') ], [ 3, 1, 'on' ], 'commits inside a procedure: each is a commit');
	$reply = $writer->ask("SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');\n"
		. "BEGIN;\nSELECT count(*) > 0 FROM pg_class;\nSELECT mjc.stock_reserve('{$product}', '{1}') IS NOT NULL;\nSELECT count(*) > 0 FROM pg_class;\nCOMMIT;\nSHOW synchronous_commit;");
	is_deeply([ $reply->{state}, $reply->{lines}[-1], $before - free(), lock_is_free() ], [ '', 'on', 4, 1 ], 'parallel workers in the same transaction: the same');

	# PRE_COMMIT is over when a serializable transaction learns that it must fail.
	my $twin = $cluster->session;
	$other->value('CREATE TABLE public.skew (n integer); SELECT 1;');
	$before = free();
	for my $session ($writer, $twin)
	{
		my $of = $session == $writer ? $products[1] : $product;

		$session->value("BEGIN ISOLATION LEVEL SERIALIZABLE;\nSELECT mjc.stock_reserve('{$of}', '{1}') IS NOT NULL;\nSELECT count(*) FROM public.skew;\nINSERT INTO public.skew VALUES (1);");
	}
	is($writer->ask('COMMIT;')->{state}, '', 'two serializable transactions: the first commits');
	is($twin->ask('COMMIT;')->{state}, '40001', 'the second fails at its commit');
	is($twin->value('SHOW synchronous_commit;'), 'on', 'and has its setting back');
	is_deeply([ $before - free(), lock_is_free() ], [ 0, 1 ], 'and has taken nothing');
	$_->end for $writer, $twin;
}

is($cluster->broken, '', 'no broken promise at the end');
is_deeply([ grep { /PANIC|TRAP/ } split /\n/, $cluster->log_text ], [], 'no server fell over by itself');
$other->end;
$standby->stop;
$cluster->stop;

done_testing();

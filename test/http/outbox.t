#!/usr/bin/perl
#
# outbox.t - senders that are killed (kill -9) between taking a message and finishing it,
# while others write: every message is delivered at least once, those of one account in
# their order, and none that was not committed.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../fault/lib";
use Fcntl qw(O_APPEND O_CREAT O_WRONLY);
use File::Temp qw(tempdir);
use POSIX ();
use Session;
use Shop;
use Test::More;
use Time::HiRes qw(sleep time);

use constant {
	ACCOUNTS => 6, EACH => 40, SENDERS => 4, WRITERS => 2, KILLS => 15,
	LEASE_S => 2,	# a sender that did not deliver within half of it leaves the message to another
};

my $dir = tempdir(CLEANUP => 1);
my $delivered = "$dir/delivered";
my @accounts = map { make_account('ADMIN') } 1 .. ACCOUNTS;

sub spawn
{
	my ($work) = @_;
	my $pid = fork() // die "fork: $!";

	return $pid if $pid;
	setpgrp(0, 0);	# its psql goes with it
	$work->();
	POSIX::_exit(0);
}

# One line a delivery, whole or not at all.
sub deliver
{
	my ($line) = @_;

	sysopen(my $file, $delivered, O_WRONLY | O_APPEND | O_CREAT) or die "$delivered: $!";
	syswrite($file, "$line\n");
	close $file;
	return;
}

sub take_text { return sprintf q{SELECT outbox_id, lease, aggregate_id, payload ->> 'n' FROM mjc_api.outbox_take(3, '%d s')}, LEASE_S }

sub send_messages
{
	my $session = Session->new($ENV{MJC_TEST_SHIM_DSN});

	while (!-e "$dir/end")
	{
		my $began = time;
		my @taken = @{ $session->ask(take_text())->{lines} };

		sleep 0.02 if !@taken;
		for (@taken)
		{
			my ($id, $lease, $account, $n) = split /\|/;

			last if time - $began > LEASE_S / 2;
			sleep rand 0.02;
			deliver("$account $n");
			sleep rand 0.02;
			# Now and then a delivery fails, and is tried again.
			$session->ask($n % 13 == 7 && rand() < 0.3
				? "SELECT mjc_api.outbox_failed($id, '$lease', 'try again')"
				: "SELECT mjc_api.outbox_done($id, '$lease')");
		}
	}
	return;
}

# Each writer has accounts of its own, so that their messages have an order. What is rolled
# back must not be seen by anybody.
sub write_messages
{
	my ($mine) = @_;
	my $session = Session->new($ENV{MJC_TEST_DSN});

	for my $n (1 .. EACH)
	{
		for my $account (@$mine)
		{
			my $text = sprintf q{BEGIN; SELECT mjc.outbox_write('test', 'account', '%s', jsonb_build_object('n', %s)); %s;}, $account, '%s', '%s';

			$session->value(sprintf $text, -$n, 'ROLLBACK') if $n % 5 == 0;
			$session->value(sprintf $text, $n, 'COMMIT');
		}
	}
	return;
}

# The wait after a failure is minutes: the test's clock is faster.
sub hurry { return sql(q{UPDATE mjc.outbox SET available_at = clock_timestamp() WHERE topic = 'test' AND lease IS NULL AND done_at IS NULL AND available_at > clock_timestamp()}) }

sub left { return sql(q{SELECT count(*) FROM mjc.outbox WHERE topic = 'test' AND done_at IS NULL}) }

sql(q{UPDATE mjc.setting SET integer_value = 1000 WHERE name = 'outbox_tries_max'; DELETE FROM mjc.outbox WHERE done_at IS NULL});
my @writers;
for my $w (0 .. WRITERS - 1)
{
	my @mine = @accounts[ grep { $_ % WRITERS == $w } 0 .. $#accounts ];
	push @writers, spawn(sub { write_messages(\@mine) });
}
my @senders = map { spawn(\&send_messages) } 1 .. SENDERS;
my $killed = 0;
while ($killed < KILLS)
{
	sleep 0.05 + rand 0.15;
	hurry();
	my $i = int rand @senders;
	kill 'KILL', -$senders[$i];
	waitpid $senders[$i], 0;
	$senders[$i] = spawn(\&send_messages);
	$killed++;
}
is(join(' ', map { waitpid $_, 0; $? } @writers), join(' ', (0) x WRITERS), 'all was written');
ok(wait_for(sub { hurry(); sleep 0.1; return left() == 0 }, 60), 'all that was written is delivered') or diag(left() . ' left');
open(my $end, '>', "$dir/end") or die;
close $end;
waitpid $_, 0 for @senders;
sql(q{UPDATE mjc.setting SET integer_value = 10 WHERE name = 'outbox_tries_max'});

my (%times, %last, @wrong);
open(my $file, '<', $delivered) or die "$delivered: $!";
while (<$file>)
{
	my ($account, $n) = split;

	push @wrong, "$account: $n after $last{$account}" if $n < ($last{$account} // 0);
	$last{$account} = $n;
	$times{$account}{$n}++;
}
close $file;
my @lost = map { my $a = $_; map { "$a $_" } grep { !$times{$a}{$_} } 1 .. EACH } @accounts;
is_deeply(\@lost, [], 'none is lost');
is_deeply(\@wrong, [], 'those of an account went out in their order, whoever died');
is_deeply([ grep { $_ < 0 } map { keys %$_ } values %times ], [], 'what was rolled back was told to nobody');
my $all = 0;
$all += $_ for map { values %$_ } values %times;
my $again = $all - ACCOUNTS * EACH;
cmp_ok($again, '<', 3 * KILLS + ACCOUNTS * EACH / 2, "a message goes out again only after a kill or a failure ($again of $all)");
is(sql(q{SELECT count(*) FROM mjc.outbox WHERE topic = 'test' AND payload IS NOT NULL}), 0, 'nothing of what they said is kept');
is(sql(q{SELECT string_agg(DISTINCT outcome, ' ') FROM mjc.outbox WHERE topic = 'test'}), 'delivered', 'each is marked as delivered');
sql(q{DELETE FROM mjc.outbox WHERE topic = 'test'});
finish();

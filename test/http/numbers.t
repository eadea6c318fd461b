#!/usr/bin/perl
#
# numbers.t - scenario 25 in small: sessions of staff and buyers over REST place orders at once,
# some are rolled back, parcels leave and are invoiced at once, some of that rolled back too.
# References are unique; invoices count on without a gap, never back in time. The large one,
# with kill -9, is test/fault/numbers_kill.t.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Shop;
use Test::More;
use Time::HiRes qw(time);

use constant SESSIONS => 16;
use constant EACH => 15;

my $run = sprintf '%x%x', time, $$;
my $part = make_product(price => 1000, stock => 5000);
my @phones = map { phone() } 1 .. SESSIONS * EACH;
my @bodies = map { order_body([ [ $part, 1 ] ], notes => "numbers-$run-rest") } 1 .. SESSIONS;

sub newest { return sql(q{SELECT coalesce(max(n), 0) FROM mjc.invoice WHERE series = 'FA' AND year = extract(year FROM mjc.algiers_date(clock_timestamp()))}) }

# What one session does: each statement on its own but where it says BEGIN.
sub session
{
	my ($s) = @_;
	my @text;

	for my $n (0 .. EACH - 1)
	{
		my $lost = ($s + $n) % 5 == 0;

		push @text, 'BEGIN' if $lost;
		push @text, sprintf q{SELECT mjc.order_place('{%s}', '{1}', 'Nadia', 'Client', '%s', street => '12 rue Didouche', city => 'Alger', region => '16', note => '%s') AS reference \gset},
			$part, $phones[ $s * EACH + $n ], "numbers-$run-" . ($lost ? 'lost' : 'kept');
		push @text, 'ROLLBACK' if $lost;
		next if $lost;
		push @text, q{SELECT mjc.order_change(:'reference', 'SHIPPED') \g /dev/null};
		push @text, q{BEGIN; SELECT mjc.invoice_issue(:'reference') \g /dev/null}, 'ROLLBACK' if $n % 3 == 0;
		push @text, q{SELECT :'reference' || ' ' || mjc.invoice_issue(:'reference')};
	}
	return join '', map { "$_" . (/\\g/ ? "\n" : ";\n") } @text;
}

my ($first, %answered, @results);
with_seller(
	sub {
		sql('SELECT mjc.issue_invoices(10000)');
		$first = newest();
		@results = parallel(
			SESSIONS + 4,
			sub {
				my ($s) = @_;

				return { rest => [ map { post('/api/v1/orders/guest', body => $bodies[$_])->{status} } grep { $_ % 4 == $s % 4 } 0 .. $#bodies ] }
					if $s >= SESSIONS;
				return { said => sql(session($s)) };
			});
	});
is_deeply([ map { $_->{failed} // () } @results ], [], 'no session fails');
is_deeply([ map { @{ $_->{rest} // [] } } @results ], [ (201) x SESSIONS ], 'orders over REST beside them are placed');
for my $line (map { split /\n/, $_->{said} // '' } @results)
{
	my ($reference, $number) = $line =~ /^(MJ-\S+) (FA-\S+)$/ or next;

	$answered{$reference} = $number;
}
my $kept = sql("SELECT count(*) FROM mjc.order_contact WHERE note = 'numbers-$run-kept'");
is($kept, SESSIONS * EACH * 4 / 5, 'scenario 25: what was not rolled back is placed');
is(sql("SELECT count(*) FROM mjc.order_contact WHERE note = 'numbers-$run-lost'"), 0, 'scenario 25: what was rolled back is not');
is(scalar keys %answered, $kept, 'scenario 25: each has a reference of its own');
is(scalar keys %{ { reverse %answered } }, $kept, 'scenario 25: and an invoice of its own');
is(newest() - $first, $kept, 'scenario 25: numbers go on by one for each invoice, rolled back or not');
is(
	sql(<<~"SQL"), '', 'scenario 25: the series has no gap, no date goes back, the chain holds');
	SELECT * FROM mjc.verify_series('FA', extract(year FROM mjc.algiers_date(clock_timestamp()))::integer)
	SQL
is_deeply(
	{ map { split / / } split /\n/, sql("SELECT o.reference || ' ' || i.number FROM mjc.invoice i JOIN mjc.order o USING (order_id) WHERE i.n > $first AND i.series = 'FA' AND o.reference IN (SELECT o2.reference FROM mjc.order o2 JOIN mjc.order_contact c USING (order_id) WHERE c.note LIKE 'numbers-$run-%')") },
	\%answered, 'scenario 25: every answer is what is there');

finish();

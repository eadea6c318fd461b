#!/usr/bin/perl
#
# matrix.t - every route as a visitor, a customer, another customer, a technician, an admin
# and a super admin: exactly those whom the table allows come in, the others hear 401 or 403
# and change nothing, and what belongs to one customer is not there for another.
#
# The routes are those that the shim prints; what stands in their paths is in lib/Routes.pm.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Routes;
use Shop;
use Test::More;

my @who = qw(visitor customer other technician admin super);
my %account_role = (
	customer => 'CUSTOMER', other => 'CUSTOMER', technician => 'TECHNICIAN', admin => 'ADMIN',
	super => 'SUPER_ADMIN');
# Who comes in, by the role of the row.
my %allowed = (
	public => \@who,
	optional => \@who,
	customer => [ @who[ 1 .. 5 ] ],
	technician => [ @who[ 3 .. 5 ] ],
	admin => [ @who[ 4, 5 ] ],
	super => [ $who[5] ],
);
# What is said at the door itself. Another 401 is the answer of a route (a wrong password).
my %at_the_door = map { $_ => 1 }
	qw(MISSING_TOKEN TOKEN_INVALID TOKEN_EXPIRED TOKEN_REVOKED FORBIDDEN NOT_STAFF ACCOUNT_INACTIVE);
my @routes = routes();
my @refused; # accounts that were kept out, each by one route that writes
my @readers; # people of all the others

# Fresh accounts for each route that writes, so that what it does to its caller meets no other.
sub people
{
	my $row = shift;
	my %people = (visitor => {});

	return @readers if @readers && $row->{method} eq 'GET';
	for my $who (grep { $account_role{$_} } @who)
	{
		my $id = make_account($account_role{$who});

		$people{$who} = { id => $id, token => token($id, $account_role{$who}) };
	}
	@readers = %people if $row->{method} eq 'GET';
	return %people;
}

sub token
{
	my ($id, $role) = @_;

	return forge(
		{ alg => 'HS256', typ => 'JWT' },
		{
			iss => 'mj-chauffage', aud => 'mj-chauffage-app', sub => $id, role => $role,
			jti => sprintf('00000000-0000-4000-8000-%012x', int rand 2**48), tv => 0,
			iat => int(time), exp => int(time) + 600, typ => 'access'
		});
}

sub query
{
	my @pairs = map { uri($_->[0]) . '=' . uri($_->[1]) } query_of($_[0]);

	return @pairs ? '?' . join('&', @pairs) : '';
}

sub try
{
	my ($row, $path, $person) = @_;
	my $body = body_of($row);

	return request(
		$row->{method}, $path,
		defined $body ? (body => $body) : (),
		$person->{token} ? (token => $person->{token}) : ());
}

sub code { return (ref $_[0]{json} eq 'HASH' && $_[0]{json}{code}) || '' }

# Those whom the row keeps out, then the other customer, then those it lets in: the first to
# come in may take away what the path names.
sub try_route
{
	my $row = shift;
	my %people = people($row);
	my %in = map { $_ => 1 } @{ $allowed{ $row->{role} } };
	my $path = path_of($row, $people{customer}{token});

	ok(defined $path, "$row->{name}: lib/Routes.pm says what stands in its path") or return;
	$path .= query($row);
	for my $who (grep { !$in{$_} } @who)
	{
		my ($status, $code) = $who eq 'visitor' ? (401, 'MISSING_TOKEN') : (403, 'FORBIDDEN');

		is_error(try($row, $path, $people{$who}), $status, $code, "$row->{name}: 4a.46 no $who");
		push @refused, $people{$who}{id} if $people{$who}{id} && $row->{method} ne 'GET';
	}
	if (owned($row))
	{
		is(try($row, $path, $people{other})->{status}, 404, "$row->{name}: 4a.45 not there for another customer");
		delete $in{other};
	}
	for my $who (grep { $in{$_} } @who)
	{
		my $reply = try($row, $path, $people{$who});

		ok($reply->{status} < 500 && !$at_the_door{ code($reply) }, "$row->{name}: $who comes in")
			|| said({ content => "$reply->{status} $reply->{content}" });
	}
	return;
}

cmp_ok(scalar @routes, '>', 20, 'the table is printed');
for my $row (@routes)
{
	ok($allowed{ $row->{role} }, "$row->{name}: a role that this test knows") or next;
	ok(owned($row) || $row->{role} ne 'customer' || $row->{pattern} !~ /:/ || $row->{pattern} =~ m{^/products/:id/},
		"$row->{name}: what a customer asks for by id is somebody's");
	is_deeply([ grep { $_->{type} eq '?' } @{ $row->{params} } ], [], 'all its parameters are named');
	try_route($row);
}

cmp_ok(scalar @refused, '>', 20, 'many were kept out');
is(sql('SELECT count(*) FROM mjc.audit WHERE actor = ANY (:\'who\')', who => '{' . join(',', @refused) . '}'), 0,
	'nothing was done in the name of those who were kept out');

finish();

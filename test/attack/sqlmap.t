#!/usr/bin/perl
#
# sqlmap.t - sqlmap against every route with parameters: in the path, the query, the body,
# each value of each. A run counts only when sqlmap says that it tried and found nothing.
#
# The last test shows that it would: a page that pastes its parameter into SQL is found out.
#
# environment: ATTACK_JOBS runs at a time (2), ATTACK_ROUTES a pattern of the routes to try

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../http/lib";
use File::Temp qw(tempdir);
use IO::Socket::INET;
use Routes;
use Shop;
use Test::More;

use constant SECONDS => 300; # of a run
my $jobs = $ENV{ATTACK_JOBS} // 2;
my $wanted = $ENV{ATTACK_ROUTES} // '.';
my $out = tempdir(CLEANUP => 1);
# Refused by what the database found under a value that can be right only once, or that only its
# owner knows: everything was looked at.
my %looked_up = map { $_ => 1 } qw(ACCOUNT_TOKEN_INVALID INVALID_CURRENT_PASSWORD);
my %account_role = (
	customer => 'CUSTOMER', optional => 'CUSTOMER', technician => 'TECHNICIAN', admin => 'ADMIN',
	super => 'SUPER_ADMIN');
# Answers to a bad value are what it looks at, no reason to stop.
my @options = (
	qw(--batch --level=1 --risk=1 --dbms=PostgreSQL --threads=1 --time-sec=2 --timeout=10 --retries=1
		--disable-coloring --skip-waf --flush-session --ignore-stdin --no-logging),
	'--ignore-code=400,401,403,404,409,410,413,414,415,422,429');

plan(skip_all => 'sqlmap is not here: make test-attack installs it') if !grep { -x "$_/sqlmap" } split /:/, $ENV{PATH};

# Bodies that are no JSON: type and a text in which a star marks what to try. NUL cannot be told to
# sqlmap, so that no file gets as far as its name; uploads.t tries hostile names itself.
my %raw = (
	'PUT /admin/imports/:id/lines/:chunk' => [ 'text/csv', "sku,name\nESSAI-1,Essai*\n" ],
	'POST /uploads' => [ 'multipart/form-data; boundary=x', join("\r\n", '--x', 'Content-Disposition: form-data; name="image"; filename="essai*.png"', 'Content-Type: image/png', '', 'no image', '--x--', '') ],
);

# The runs of a route: name => arguments of sqlmap. A star marks what to try in a path.
sub runs
{
	my $row = shift;
	my $role = $account_role{ $row->{role} };
	my $token = $role ? mint($role, make_account($role), 0) : undef;
	my $path = path_of($row, $token);
	my $raw = $raw{ $row->{name} };
	my $body = $raw ? undef : body_of($row, all => 1);
	my @common = ("--method=$row->{method}", $token ? ('-H', "Authorization: Bearer $token") : ());
	my @data = $raw ? ("--data=$raw->[1]", '-H', "Content-Type: $raw->[0]")
		: defined $body ? ('--data=' . encode($body), '-H', 'Content-Type: application/json') : ();
	my %runs;

	return ("$row->{name}: lib/Routes.pm does not say what stands in its path") if !defined $path;
	return ("$row->{name}: lib/Routes.pm has no document of it") if takes($row, 'body') && !$raw && !defined $body;
	if (takes($row, 'path'))
	{
		# Marked, so that sqlmap tries nothing else of the request.
		my $marked = $row->{pattern} =~ s{:(\w+)}{\0$1}gr;
		my @values = $path =~ /^\Q\/api\/v1\E${\ ($marked =~ s{\0\w+}{([^\/]+)}gr) }$/;

		$marked =~ s{\0\w+}{shift(@values) . '*'}ge;
		my @kept = map { s/\*//r } @data;
		$runs{"$row->{name}, path"} = [ '-u', "/api/v1$marked" . query($row), @common, @kept ];
	}
	$runs{"$row->{name}, query"} = [ '-u', $path . query($row, all => 1), @common, @data ] if takes($row, 'query');
	$runs{"$row->{name}, body"} = [ '-u', $path . query($row), @common, @data ] if @data;
	# A request that is refused for its values would have the others looked at by nobody.
	my $reply = request($row->{method}, $path . query($row, all => 1), token => $token, $raw ? (content => $raw->[1], headers => { 'Content-Type' => $raw->[0] }) : @data ? (body => $body) : ());
	return ("the values of lib/Routes.pm are refused: $reply->{content}")
		if $reply->{status} =~ /^4(?:00|22)$/ && !$looked_up{ $reply->{json}{code} // '' };
	return (undef, %runs);
}

sub query
{
	my @pairs = map { uri($_->[0]) . '=' . uri($_->[1]) } query_of(@_);

	return @pairs ? '?' . join('&', @pairs) : '';
}

sub run_sqlmap
{
	my $dir = tempdir(DIR => $out);

	open(my $said, '-|', 'nice', 'timeout', '-k', '5', SECONDS, 'sh', '-c', 'exec "$@" 2>&1 </dev/null', 'sh',
		'sqlmap', @options, "--output-dir=$dir", @_) or die;
	my $text = do { local $/; <$said> };
	close $said;
	return $text;
}

# What sqlmap says of one request, undef when it is that nothing was found. A page that shows
# what it was sent looks to it like one that obeys; then it asks the database who it is by that
# way, and without an answer there is none: the other values are tried without this one.
sub attack
{
	my ($base, @args) = @_;
	my (@shown, $text);

	s{^/}{$base/} for @args;
	for (1 .. 8)
	{
		$text = run_sqlmap(@args, @shown ? '--param-exclude=^(' . join('|', @shown) . ')$' : ());
		my ($name) = $text =~ /^Parameter: (?:JSON )?(\S+) \(/m;
		last if !defined $name || $text =~ /^back-end DBMS: PostgreSQL/m;
		push @shown, quotemeta $name;
	}
	return undef if $text =~ /all tested parameters do not appear to be injectable|no parameter\(s\) found for testing/
		&& $text !~ /identified the following injection point|connection timed out|unable to connect/
		&& ($text !~ /no parameter\(s\) found/ || @shown);
	my @lines = grep { /\S/ } split /\n/, $text;
	return join "\n", @lines > 40 ? @lines[ -40 .. -1 ] : @lines;
}

#------------------------------------------------------------------ every route

my %runs;
for my $row (grep { $_->{name} =~ /$wanted/ } routes())
{
	next unless @{ $row->{params} };
	my ($missing, %of_row) = runs($row);

	is($missing, undef, "$row->{name}: can be attacked") or next;
	%runs = (%runs, %of_row);
}
my @names = sort keys %runs;
my @parts = parallel($jobs, sub {
	my $worker = shift;

	return { map { $_ => scalar attack($ENV{MJC_TEST_URL}, @{ $runs{$_} }) }
			map { $names[$_] } grep { $_ % $jobs == $worker } 0 .. $#names };
});
my %said = map { %$_ } @parts;
for my $name (@names)
{
	ok(exists $said{$name} && !defined $said{$name}, $name) || diag($said{$name} // 'no answer');
}

#------------------------------------------------------------------ it would be found

# A page that does what none of ours may: it pastes ?name= into SQL.
sub vulnerable
{
	my $listener = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1', LocalPort => 0) or die;
	my $pid = fork // die;

	return ($listener->sockport, $pid) if $pid;
	while (my $client = $listener->accept)
	{
		my ($name) = (<$client> // '') =~ m{^GET /\?name=(\S*)};

		while (defined(my $line = <$client>)) { last if $line =~ /^\r?\n$/ }
		$name = ($name // '') =~ tr/+/ /r =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ger;
		my $rows = eval { sql("SELECT count(*) FROM pg_roles WHERE rolname = '$name'") };
		my $page = defined $rows ? $rows =~ /[1-9]/ ? 'found' : 'nothing' : 'error';
		print $client "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<html>$page</html>";
		close $client;
	}
	POSIX::_exit(0);
}

my ($port, $pid) = vulnerable();
like(attack("http://127.0.0.1:$port", '-u', '/?name=mjc_owner', '--technique=B'), qr/^back-end DBMS: PostgreSQL/m,
	'a page that pastes its parameter into SQL is found out');
kill 'KILL', $pid;
waitpid($pid, 0);

is(sql("SELECT count(*) FROM pg_stat_activity WHERE query ~* 'pg_sleep' AND pid <> pg_backend_pid()"), 0,
	'no statement of an attack is still running');
finish();

package Shop;

# Shop.pm - what the HTTP tests share: requests, raw sockets, SQL, tokens, test
# products, shims of their own.
#
# A test file ends with finish(): the promises of the database are kept, the
# products that the file made are off the shelf, the shims it started are gone.

use strict;
use warnings;

use B;
use Digest::SHA qw(hmac_sha256);
use Exporter qw(import);
use File::Temp qw(tempdir);
use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use IPC::Open3;
use JSON::PP;
use MIME::Base64 qw(encode_base64url);
use POSIX qw(:sys_wait_h);
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(
	request get post put patch browse cookies_of parallel ask connect_to read_reply raw raw_status status_of
	sql hold release decode encode csv uri
	admin_id admin_token mint forge claims slurp one_line make_account make_login change_account customer_status
	test_category make_product phone order_body order_of place
	shape is_error is_field text_of said
	start_shim stop_shim wait_for shim_log metric
	finish
 with_seller);

my $owner = $$;
my $url = $ENV{MJC_TEST_URL} or BAIL_OUT('no shop: run this by make test');
# A connection for each request: on a kept one a body waits for the acknowledgement of its head.
my $http = HTTP::Tiny->new(timeout => 30, max_redirect => 0, keep_alive => 0, agent => 'shop-test');
my $coder = JSON::PP->new->utf8->canonical->allow_nonref;
my $run = sprintf('%x-%x', time, $$);
my $serial = 0;
my $first_phone = int(rand(80_000_000));
my $category;
my %shims;

$SIG{PIPE} = 'IGNORE';
binmode(Test::More->builder->$_, ':encoding(UTF-8)') for qw(output failure_output todo_output);

#------------------------------------------------------------------ requests

sub decode
{
	return scalar eval { $coder->decode($_[0]) }
}

sub encode { return $coder->encode($_[0]) }

# A text, percent-encoded for a query or a path.
sub uri
{
	my $text = shift;

	utf8::encode($text);
	return $text =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger;
}

# request(METHOD, path, body => data, content => bytes, token =>, lang =>, key =>,
# headers => {}, shim =>): status, headers, content, json (undef when it is none).
sub request
{
	my ($method, $path, %opt) = @_;
	my %headers = %{ $opt{headers} // {} };
	my %send;

	$headers{'Authorization'} = "Bearer $opt{token}" if defined $opt{token};
	$headers{'Accept-Language'} = $opt{lang} if defined $opt{lang};
	$headers{'Idempotency-Key'} = $opt{key} if defined $opt{key};
	$send{content} = exists $opt{body} ? encode($opt{body}) : $opt{content};
	delete $send{content} unless defined $send{content};
	$headers{'Content-Type'} //= 'application/json' if defined $send{content};
	delete $headers{'Content-Type'} unless defined $headers{'Content-Type'};
	my $reply = $http->request(
		$method, ($opt{shim} ? $opt{shim}{url} : $url) . $path,
		{ %send, headers => \%headers });
	$reply->{json} = decode($reply->{content});
	return $reply;
}

sub get { return request('GET', @_) }

sub post { return request('POST', @_) }

sub put { return request('PUT', @_) }

sub patch { return request('PATCH', @_) }

# What a reply does to cookies: name => its line of Set-Cookie.
sub cookies_of
{
	my $set = $_[0]{headers}{'set-cookie'} // [];

	return map { (split /=/)[0] => $_ } ref $set ? @$set : $set;
}

# browse(jar, METHOD, path, as request): with the cookies of the jar, which keeps what is set.
sub browse
{
	my ($jar, $method, $path, %opt) = @_;
	my %headers = %{ $opt{headers} // {} };

	$headers{Cookie} //= join '; ', map { "$_=$jar->{$_}" } sort keys %$jar if %$jar;
	my $reply = request($method, $path, %opt, headers => \%headers);
	my %set = cookies_of($reply);
	for my $name (keys %set)
	{
		my ($value) = $set{$name} =~ /^[^=]+=([^;]*)/;

		if ($set{$name} =~ /; Max-Age=0\b/) { delete $jar->{$name} }
		else { $jar->{$name} = $value }
	}
	return $reply;
}

# parallel(n, sub { my $i = shift; ... }): n processes at once; what each returned, by i.
sub parallel
{
	my ($n, $work) = @_;
	my (@pipes, @pids, @results);

	for my $i (0 .. $n - 1)
	{
		pipe(my $read, my $write) or die;
		my $pid = fork // die;
		if (!$pid)
		{
			my $result = eval { $work->($i) } // { failed => $@ };

			print $write encode($result);
			close $write;
			POSIX::_exit(0);
		}
		close $write;
		push @pipes, $read;
		push @pids, $pid;
	}
	push @results, decode(do { local $/; readline $_ }) for @pipes;
	waitpid($_, 0) for @pids;
	return @results;
}

sub connect_to
{
	my $shim = shift;
	my ($host, $port) = ($shim ? $shim->{url} : $url) =~ m{^http://([^:/]+):(\d+)} or die;

	return IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Timeout => 5);
}

# A request as text from its parts; Host and Connection: close unless told.
sub ask
{
	my ($line, %opt) = @_;
	my @headers = @{ $opt{headers} // [] };
	my $body = $opt{body} // '';

	unshift @headers, 'Host: localhost' unless $opt{no_host};
	push @headers, 'Content-Length: ' . length($body)
		if defined $opt{body} && !grep { /^(content-length|transfer-encoding):/i } @headers;
	push @headers, 'Connection: close' unless $opt{keep};
	return join("\r\n", $line, @headers, '', '') . $body;
}

# The next reply on a socket: {status, headers, content}; {status => 'closed'} when the
# server hangs up first, {status => 'silent'} when nothing comes in time.
sub read_reply
{
	my ($sock, $timeout, $no_body) = @_;
	my $deadline = time + ($timeout // 10);
	my $buffer = ${*$sock}{shop_rest} // '';
	my $select = IO::Select->new($sock);

	while (1)
	{
		my $end = index($buffer, "\r\n\r\n");

		if ($end >= 0)
		{
			my ($line, @lines) = split /\r\n/, substr($buffer, 0, $end);
			my %headers;
			for (@lines)
			{
				my ($name, $value) = /^([^:]+):\s*(.*)$/ or next;
				push @{ $headers{ lc $name } }, $value;
			}
			my $length = $no_body ? 0 : ($headers{'content-length'} // [0])->[0];
			if ($line =~ m{^HTTP/1\.1 100 })
			{
				$buffer = substr($buffer, $end + 4);
				next;
			}
			if (length($buffer) >= $end + 4 + $length)
			{
				my $content = substr($buffer, $end + 4, $length);
				my ($status) = $line =~ m{^HTTP/1\.[01] (\d{3})};

				${*$sock}{shop_rest} = substr($buffer, $end + 4 + $length);
				return {
					status => $status, headers => \%headers, content => $content,
					json => decode($content) };
			}
		}
		my $left = $deadline - time;
		return { status => 'silent', content => $buffer }
			if $left <= 0 || !$select->can_read($left);
		my $n = sysread($sock, $buffer, 65536, length $buffer);
		return { status => 'closed', content => $buffer } unless $n;
	}
}

# Sends bytes as they are and reads one reply, which may come before all is sent.
sub raw
{
	my ($bytes, %opt) = @_;
	my $sock = connect_to($opt{shim}) or return { status => 'refused' };
	my $at = 0;

	$sock->blocking(0);
	while ($at < length $bytes)
	{
		my ($read, $write) = IO::Select->select(
			IO::Select->new($sock), IO::Select->new($sock),
			undef, $opt{timeout} // 10);

		last if !$write || !@$write || ($read && @$read);
		my $n = syswrite($sock, $bytes, length($bytes) - $at, $at);
		last unless defined $n;
		$at += $n;
	}
	$sock->blocking(1);
	return read_reply($sock, $opt{timeout}, $opt{no_body});
}

sub raw_status { return raw(@_)->{status} }

sub status_of { return request(@_)->{status} }

#------------------------------------------------------------------ database

# Statements by psql, on standard input: what they print, without the last line end.
sub psql
{
	my ($dsn, $text, %vars) = @_;
	my $psql = ($ENV{MJC_TEST_PG_BIN} ? "$ENV{MJC_TEST_PG_BIN}/" : '') . 'psql';
	my $pid = open3(
		my $in, my $out, undef, $psql, '-XqAt', '-v', 'ON_ERROR_STOP=1',
		(map { ('-v', "$_=$vars{$_}") } keys %vars), '-d', $dsn);

	binmode($_, ':encoding(UTF-8)') for $in, $out;
	print $in "$text\n;\n";
	close $in;
	my $result = do { local $/; <$out> };
	waitpid($pid, 0);
	die "psql: $result\n$text" if $?;
	chomp $result;
	return $result;
}

sub sql { return psql($ENV{MJC_TEST_DSN}, @_) }

# hold(statements): a transaction that stays open with their locks; release() ends it.
sub hold
{
	my $text = shift;
	my $psql = ($ENV{MJC_TEST_PG_BIN} ? "$ENV{MJC_TEST_PG_BIN}/" : '') . 'psql';
	my $pid = open3(my $in, my $out, undef, $psql, '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d',
		$ENV{MJC_TEST_DSN});

	$in->autoflush(1);
	print $in "BEGIN;\n$text;\nSELECT 'held';\n";
	readline($out) =~ /held/ or die 'no lock';
	return { in => $in, out => $out, pid => $pid };
}

sub release
{
	my $held = shift;

	print { $held->{in} } "COMMIT;\n";
	close $held->{in};
	waitpid($held->{pid}, 0);
	return;
}

# Rows of a file of the demo catalogue, each a hash by the names of its first line.
sub csv
{
	my $name = shift;
	my (@names, @rows);

	open(my $file, '<:encoding(UTF-8)', "sql/demo/$name") or BAIL_OUT("sql/demo/$name: $!");
	while (my $line = <$file>)
	{
		my @cells;

		$line =~ s{\r?\n\z}{};
		$line .= ',';
		push @cells, defined $1 ? $1 =~ s/""/"/gr : $2
			while $line =~ /\G(?:"((?:[^"]|"")*)"|([^,]*)),/g;
		if (!@names) { @names = @cells; next }
		my %row;
		@row{@names} = map { $_ eq '' ? undef : $_ } @cells;
		push @rows, \%row;
	}
	return @rows;
}

#------------------------------------------------------------------ who calls

sub slurp
{
	my $path = shift;

	open(my $file, '<:raw', $path) or return '';
	my $text = do { local $/; <$file> };
	$text //= '';
	return $text;
}

sub one_line { return slurp($_[0]) =~ s/\s+\z//r }

sub admin_id
{
	return sql(
		"SELECT account_id FROM mjc.account_email WHERE email = :'email'",
		email => $ENV{MJC_TEST_ADMIN_EMAIL});
}

# mint(role, account, token version, seconds, session): a token made by the shim itself.
sub mint
{
	my ($role, $sub, $version, @more) = @_;
	local $ENV{MJC_JWT_SECRET} = one_line($ENV{MJC_TEST_JWT_SECRET_FILE});
	open(my $out, '-|', $ENV{MJC_TEST_SHIM}, '--mint-token', $role, $sub, $version, @more)
		or BAIL_OUT("no $ENV{MJC_TEST_SHIM}");
	my $token = <$out> // '';
	close $out;
	chomp $token;
	return $token;
}

# A token of the admin without a sign-in.
sub admin_token
{
	my $id = admin_id();

	return mint(
		'ADMIN', $id,
		sql("SELECT token_version FROM mjc.account WHERE account_id = '$id'"));
}

# The claims of a good admin token, changed by %change; undef takes one away.
sub claims
{
	my (%change) = @_;
	my %claims = (
		iss => 'mj-chauffage', aud => 'mj-chauffage-app', sub => admin_id(), role => 'ADMIN',
		jti => sql('SELECT gen_random_uuid()'), tv => 0, iat => int(time), exp => int(time) + 3600,
		typ => 'access', %change);

	delete $claims{$_} for grep { !defined $claims{$_} } keys %claims;
	return \%claims;
}

# A token of any header and claims (data, or text as it is) signed with a secret.
sub forge
{
	my ($header, $claims, $secret) = @_;
	my $text = join '.', map { encode_base64url(ref $_ ? encode($_) : $_) } $header, $claims;

	$secret //= one_line($ENV{MJC_TEST_JWT_SECRET_FILE});
	return $text . '.' . encode_base64url(hmac_sha256($text, $secret));
}

# What an account is beside its row, with :'id' and :'email': a customer has the id of his
# account and a person of his own kind.
sub person_of
{
	return $_[0] eq 'CUSTOMER' ? <<~'CUSTOMER' : <<~'STAFF';
		WITH made AS (INSERT INTO mjc.customer (customer_id, kind, account_id, created_at) VALUES (:'id', 'registered', :'id', now()) RETURNING 1)
		INSERT INTO mjc.customer_delta (delta_id, change, on_day) SELECT gen_random_uuid(), 1, mjc.algiers_date(now()) FROM made;
		INSERT INTO mjc.customer_person (customer_id, first_name, last_name, email) VALUES (:'id', 'Nadia', 'Cherif', :'email');
		CUSTOMER
		INSERT INTO mjc.account_person (account_id, email, first_name, last_name) VALUES (:'id', :'email', 'Nadia', 'Cherif');
		STAFF
}

# An account with a role and no password; its id.
sub make_account
{
	my $role = shift;

	return sql(<<~SQL, role => $role);
		SELECT a.id, a.id || '\@example.dz' AS email FROM (SELECT gen_random_uuid() AS id) a \\gset
		BEGIN;
		INSERT INTO mjc.account (account_id, role, is_verified) VALUES (:'id', :'role', true);
		INSERT INTO mjc.account_email (email, account_id) VALUES (:'email', :'id');
		${\ person_of($role)}
		COMMIT;
		SELECT :'id'
		SQL
}

# An account that can sign in: its e-mail.
sub make_login
{
	my ($role, $password) = @_;
	my $email = sprintf('http-%s-%d@example.dz', $run, ++$serial);
	my $pid = open3(my $in, my $out, undef, $ENV{MJC_TEST_SHIM}, '--hash-password');

	binmode($in, ':encoding(UTF-8)');
	print $in "$password\n";
	close $in;
	my $hash = <$out>;
	waitpid($pid, 0);
	chomp $hash;
	sql(<<~SQL, email => $email, hash => $hash, role => $role);
		SELECT gen_random_uuid() AS id \\gset
		BEGIN;
		INSERT INTO mjc.account (account_id, role, is_verified) VALUES (:'id', :'role', true);
		INSERT INTO mjc.account_email (email, account_id) VALUES (:'email', :'id');
		${\ person_of($role)}
		INSERT INTO mjc.account_secret (account_id, password_hash) VALUES (:'id', :'hash');
		COMMIT
		SQL
	return $email;
}

# change_account(e-mail, "column = value"...): what a row of mjc.account is set to.
sub change_account
{
	my ($email, $what) = @_;

	sql(<<~SQL, email => $email);
		UPDATE mjc.account SET $what
		 WHERE account_id = (SELECT e.account_id FROM mjc.account_email e WHERE e.email = :'email')
		SQL
	return;
}

# customer_status(account, "blocked" or another): as staff sets it.
sub customer_status
{
	my ($id, $status) = @_;

	return sql("SELECT mjc.customer_status_move(NULL, 'psql', '$id', :'status', NULL)", status => $status);
}

#------------------------------------------------------------------ things to buy

# A category of this run, so that its products meet no other test.
sub test_category
{
	$category //= sql(<<~'SQL', slug => "http-$run");
		INSERT INTO mjc.category (category_id, slug, name)
		VALUES (gen_random_uuid(), :'slug', 'HTTP tests') RETURNING category_id
		SQL
	return $category;
}

# make_product(price => DZD, sale => DZD, stock => n, name =>, active => bool): its id.
sub make_product
{
	my (%p) = @_;
	my $n = ++$serial;
	my $id = sql(
		<<~'SQL',
		INSERT INTO mjc.product (product_id, slug, sku, category_id, name, price_centimes,
		                         sale_price_centimes, cost_centimes, is_active)
		VALUES (gen_random_uuid(), :'slug', :'sku', :'category', :'name', :'price'::bigint * 100,
		        nullif(:'sale', '')::bigint * 100, 1234, :'active') RETURNING product_id
		SQL
		slug => "http-$run-$n", sku => uc "T-$run-$n", category => test_category(),
		name => $p{name} // "HTTP test part $n", price => $p{price} // 1000, sale => $p{sale} // '',
		active => ($p{active} // 1) ? 't' : 'f');

	# As its rule does; who changes its row by hand does so too.
	sql("SELECT mjc.product_changed(ARRAY['$id'::uuid])");
	sql("SELECT mjc.stock_receive('$id', $p{stock})") if $p{stock};
	return $id;
}

# A mobile number that no order of this run has used, as people type it.
sub phone { return sprintf('0%d%08d', 5 + $$ % 3, ($first_phone + ++$serial) % 100_000_000) }

# The body of a guest order for [product, quantity]... Alger, 400 DZD of shipping.
sub order_body
{
	my ($lines, %change) = @_;
	my %body = (
		items => [ map { { productId => $_->[0], quantity => $_->[1] } } @$lines ],
		customerInfo => { firstName => 'Amina', lastName => 'Benali', phone => phone() },
		shippingAddress => { street => '12 rue Didouche Mourad', city => 'Alger', region => '16' },
		%change);

	return \%body;
}

# The order in a reply, {} when there is none.
sub order_of { return (ref $_[0]{json} && ref $_[0]{json}{data} && $_[0]{json}{data}{order}) || {} }

# Places a guest order and returns it: place([[product, quantity]...], change...)
# What work() does while the shop knows who sells; otherwise no job invoices what the tests ship.
sub with_seller
{
	my ($work) = @_;
	my $known = "name ~ '^seller_(legal_form|activity|address|phone|rc|nif|nis|ai)\$'";
	my $before = sql("SELECT string_agg(format('UPDATE mjc.setting SET text_value = %L WHERE name = %L', text_value, name), ';') FROM mjc.setting WHERE $known");

	sql("UPDATE mjc.setting SET text_value = 'Test' WHERE $known");
	my $result = eval { $work->() };
	my $failed = $@;
	sql($before);
	die $failed if $failed;
	return $result;
}

sub place
{
	my $reply = post('/api/v1/orders/guest', body => order_body(@_));

	die "an order was refused: $reply->{status} $reply->{content}" if $reply->{status} != 201;
	return order_of($reply);
}

#------------------------------------------------------------------ judging

my %kind = (
	str => sub { !ref $_[0] && !is_number($_[0]) },
	text => sub { !ref $_[0] && !is_number($_[0]) && length $_[0] },
	num => sub { is_number($_[0]) },
	int => sub { is_number($_[0]) && $_[0] == int $_[0] },
	bool => sub { JSON::PP::is_bool($_[0]) },
	uuid => sub {
		!ref $_[0] && $_[0] =~ /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\z/;
	},
	time => sub { !ref $_[0] && $_[0] =~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\z/ },
	list => sub { ref $_[0] eq 'ARRAY' },
	object => sub { ref $_[0] eq 'HASH' },
);

sub is_number
{
	my $flags = B::svref_2object(\$_[0])->FLAGS;

	return !ref $_[0] && ($flags & (B::SVf_IOK | B::SVf_NOK)) && !($flags & B::SVf_POK);
}

# shape(value, spec, name): spec is a kind ("num", "num?" when null will do), a hash of
# them, or a one-element array for a list of them. Members beyond the spec are fine.
sub shape
{
	my ($value, $spec, $name) = @_;
	my @wrong;

	shape_walk(\@wrong, $value, $spec, '');
	return is_deeply(\@wrong, [], $name);
}

sub shape_walk
{
	my ($wrong, $value, $spec, $path) = @_;

	if (ref $spec eq 'HASH')
	{
		return push @$wrong, "$path is no object" unless ref $value eq 'HASH';
		for my $key (sort keys %$spec)
		{
			if (exists $value->{$key})
			{
				shape_walk($wrong, $value->{$key}, $spec->{$key}, "$path.$key");
			}
			else { push @$wrong, "$path.$key is missing" }
		}
		return;
	}
	if (ref $spec eq 'ARRAY')
	{
		return push @$wrong, "$path is no list" unless ref $value eq 'ARRAY';
		shape_walk($wrong, $value->[$_], $spec->[0], "$path\[$_]") for 0 .. $#$value;
		return;
	}
	my ($name, $null) = $spec =~ /^(\w+)(\??)$/;
	return if $null && !defined $value;
	push @$wrong, "$path is not $name" unless defined $value && $kind{$name}->($_[1]);
	return;
}

# The envelope of an error with its status and code.
sub is_error
{
	my ($reply, $status, $code, $name) = @_;
	my $body = $reply->{json};
	my @wrong;

	push @wrong, "status $reply->{status}" if $reply->{status} ne $status;
	push @wrong, 'no JSON object' unless ref $body eq 'HASH';
	if (ref $body eq 'HASH')
	{
		push @wrong, 'success is not false'
			if !JSON::PP::is_bool($body->{success}) || $body->{success};
		push @wrong, 'no message' unless length($body->{message} // '');
		push @wrong, 'error is not the message'
			if ($body->{error} // '') ne ($body->{message} // '');
		push @wrong, 'code ' . ($body->{code} // 'missing') if ($body->{code} // '') ne $code;
		push @wrong, 'data with an error' if exists $body->{data};
	}
	return is_deeply(\@wrong, [], $name) || said($reply);
}

# A VALIDATION_ERROR that names exactly these fields.
sub is_field
{
	my ($reply, $fields, $name) = @_;
	my @errors = @{ (ref $reply->{json} eq 'HASH' && $reply->{json}{errors}) || [] };
	my $good = !grep {
			   ref ne 'HASH'
			|| $_->{field} ne $_->{path}
			|| !length $_->{msg}
			|| $_->{msg} ne $_->{message}
			|| exists $_->{value}
	} @errors;

	return is_deeply(
		[ $reply->{status}, $reply->{json}{code}, $good, sort map { $_->{path} } @errors ],
		[ 422, 'VALIDATION_ERROR', 1, sort ref $fields ? @$fields : $fields ], $name
	) || said($reply);
}

sub said
{
	my $text = substr($_[0]{content} // '', 0, 500);

	utf8::decode($text);
	diag($text);
	return 0;
}

# The text of an error in "fr" or "ar" from the table of errors, its places filled in.
sub text_of
{
	my ($code, $lang, %values) = @_;
	my $table = slurp('extension/errcodes.def');

	utf8::decode($table);
	my $text = qr/"((?:[^"\\]|\\.)*)"/;
	my (undef, $french, $arabic) = $table =~ /^MJC_ERROR\($code, "\w+", \d+, $text, $text, $text\)/m
		or die "no error $code";
	return ($lang eq 'ar' ? $arabic : $french) =~ s/\{(\w+)\}/$values{$1} \/\/ '?'/ger;
}

#------------------------------------------------------------------ shims

sub free_port
{
	my $sock = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0) or die;

	return $sock->sockport;
}

# start_shim(MJC_KEY => value...): a shim on a port of its own, ready unless wait => 0; with
# under => [command that starts it].
sub start_shim
{
	my (%env) = @_;
	my $wait = delete $env{wait} // 1;
	my @under = @{ delete $env{under} // [] }; # the command that starts it
	my ($port, $metrics) = (free_port(), free_port());
	my $dir = tempdir(CLEANUP => 1);
	my $binary = $ENV{MJC_TEST_SHIM};
	my %shim = (
		port => $port, url => "http://127.0.0.1:$port", metrics => "http://127.0.0.1:$metrics",
		log => "$dir/log", err => "$dir/err");
	my %settings = (
		MJC_LISTEN => "127.0.0.1:$port", MJC_METRICS_LISTEN => "127.0.0.1:$metrics",
		MJC_DSN => $ENV{MJC_TEST_SHIM_DSN},
		MJC_JWT_SECRET => one_line($ENV{MJC_TEST_JWT_SECRET_FILE}),
		MJC_RATE_SCALE => 1000, MJC_WRITE_CONNECTIONS => 4, MJC_READ_CONNECTIONS => 2,
		MJC_SLOW_CONNECTIONS => 1, MJC_HOUSEKEEP_INTERVAL_S => 0, MJC_CACHE_MS => 0,
		(map { split /=/, $_, 2 } grep { /=/ } split ' ', $ENV{MJC_SHIM_ENV} // ''), %env);

	$shim{pid} = fork // die;
	if (!$shim{pid})
	{
		delete $ENV{$_} for grep { /^MJC_/ } keys %ENV;
		$ENV{$_} = $settings{$_} for grep { defined $settings{$_} } keys %settings;
		open(STDIN, '<', '/dev/null');
		open(STDOUT, '>', $shim{log});
		open(STDERR, '>', $shim{err});
		exec('setpriv', '--pdeathsig', 'KILL', '--', @under, $binary) or POSIX::_exit(127);
	}
	$shims{ $shim{pid} } = \%shim;
	wait_for(sub { gone(\%shim) || (get('/health/ready', shim => \%shim)->{status} == 200) }, 20)
		if $wait;
	return \%shim;
}

# True once the process has ended; its exit status is in {status}.
sub gone
{
	my $shim = shift;

	return 1 if defined $shim->{status};
	return 0 if waitpid($shim->{pid}, WNOHANG) != $shim->{pid};
	$shim->{status} = $?;
	delete $shims{ $shim->{pid} };
	return 1;
}

# Sends a signal and waits for the end: the wait status, undef when it stays.
sub stop_shim
{
	my ($shim, $signal, $seconds) = @_;

	kill $signal // 'TERM', $shim->{pid} unless gone($shim);
	wait_for(sub { gone($shim) }, $seconds // 30);
	return $shim->{status};
}

sub wait_for
{
	my ($true, $seconds) = @_;
	my $deadline = time + $seconds;

	while (time < $deadline)
	{
		return 1 if $true->();
		sleep 0.02;
	}
	return 0;
}

# The lines of a shim's log, decoded.
sub shim_log
{
	return map { decode($_) // { broken => $_ } } split /\n/, slurp($_[0]{log});
}

# The value of one line of a page of metrics, undef without it.
sub metric
{
	my ($page, $name) = @_;

	return $page =~ /^\Q$name\E (\S+)$/m ? $1 : undef;
}

#------------------------------------------------------------------ the end

sub finish
{
	stop_shim($_) for values %shims;
	sql("UPDATE mjc.product SET is_active = false WHERE category_id = '$category'; "
			. "SELECT mjc.product_changed(ARRAY(SELECT product_id FROM mjc.product WHERE category_id = '$category'))") if $category;
	is(sql('SELECT * FROM mjc.check_invariants()'), '', 'no broken promise in the database');
	done_testing();
	return;
}

END
{
	if ($$ == $owner)
	{
		local $?;
		kill 'KILL', keys %shims;
	}
}

1;

#!/usr/bin/perl
#
# nginx.t - docker/nginx.conf in front of a shim: what it lets through and what it ends.
# Debian's nginx on loopback ports, with a certificate that is thrown away.

use strict;
use warnings;
use utf8;

use Digest::SHA qw(hmac_sha256_hex);
use FindBin;
use lib "$FindBin::Bin/lib";
use File::Temp qw(tempdir);
use Files;
use IO::Socket::INET;
use IPC::Open3;
use POSIX qw(WNOHANG);
use Shop;
use Test::More;
use Time::HiRes qw(sleep time);

my ($nginx) = grep { -x } map { "$_/nginx" } split(/:/, $ENV{PATH}), qw(/usr/sbin /usr/local/sbin);
my ($openssl) = grep { -x } map { "$_/openssl" } split /:/, $ENV{PATH};

plan(skip_all => 'nginx is not installed (package nginx-light)') unless $nginx;
plan(skip_all => 'openssl is not installed') unless $openssl;

my $api = '/api/v1';
my $name = 'api.shop.example';
my $dir = tempdir(CLEANUP => 1);
my $token = admin_token();
my $files = tempdir(CLEANUP => 1);
chmod 0755, $files; # nginx is somebody else
# One order an hour, so that whose bucket it is shows at the second.
my $shim = start_shim(
	MJC_RATE_SCALE => 0.0001, MJC_TRUSTED_PROXIES => '127.0.0.1', MJC_COOKIE_SECURE => 'true');
my $wide = start_shim(MJC_TRUSTED_PROXIES => '127.0.0.1', MJC_COOKIE_SECURE => 'true', MJC_YALIDINE_WEBHOOK_SECRET => 'yal_4711', MJC_FILES_DIR => $files);

#------------------------------------------------------------------ nginx

sub port
{
	my $sock = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0) or die;

	return $sock->sockport;
}

sub save
{
	my ($file, $text) = @_;

	open(my $out, '>:encoding(UTF-8)', "$dir/$file") or die "$dir/$file: $!";
	print $out $text;
	close $out;
	return "$dir/$file";
}

# The configuration as it is shipped, but for the places that a machine owns.
sub configuration
{
	my ($of, $tls, $plain) = @_;
	my $text = slurp("$FindBin::Bin/../../docker/nginx.conf");

	utf8::decode($text);
	for my $change (
		[ qr/^user .*\n/m => '' ],
		[ qr/^worker_processes auto/m => 'worker_processes 1' ],
		[ qr{/run/nginx\.pid} => "$dir/$of->{port}.pid" ],
		[ qr{/var/log/nginx/} => "$dir/" ],
		[ qr{/etc/ssl/mjchauffage/} => "$dir/" ],
		[ qr{/var/lib/mjchauffage/files/} => "$files/" ],
		[ qr/listen 443 / => "listen 127.0.0.1:$tls " ],
		[ qr/listen 80;/ => "listen 127.0.0.1:$plain;" ],
		[ qr/server 127\.0\.0\.1:3001/ => "server 127.0.0.1:$of->{port}" ],
		[ qr/^http\n\{\n/m => "http\n{\n" . join '', map { "\t${_}_temp_path $dir;\n" }
			qw(client_body proxy fastcgi uwsgi scgi) ])
	{
		my ($from, $to) = @$change;

		$text =~ s/$from/$to/g or BAIL_OUT("docker/nginx.conf has no $from");
	}
	return save("$of->{port}.conf", $text);
}

my @running;

sub start_nginx
{
	my $of = shift;
	my ($tls, $plain) = (port(), port());
	my $file = configuration($of, $tls, $plain);
	my $pid = fork // die;

	if (!$pid)
	{
		open(STDERR, '>>', "$dir/err");
		open(STDOUT, '>&', \*STDERR);
		exec('setpriv', '--pdeathsig', 'KILL', '--', $nginx, '-p', $dir, '-c', $file, '-g',
			'daemon off;')
			or POSIX::_exit(127);
	}
	push @running, $pid;
	wait_for(
		sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $tls) }, 10)
		or BAIL_OUT('nginx does not start: ' . slurp("$dir/err") . slurp("$dir/error.log"));
	return { tls => $tls, plain => $plain, pid => $pid, file => $file };
}

END
{
	local $?;
	kill 'TERM', @running if @running;
	waitpid($_, 0) for @running;
}

save('openssl.cnf', "[req]\ndistinguished_name = name\n[name]\n");
system("$openssl req -x509 -newkey rsa:2048 -nodes -keyout $dir/privkey.pem -out $dir/fullchain.pem"
		. " -days 2 -subj /CN=$name -addext subjectAltName=DNS:$name -config $dir/openssl.cnf 2>$dir/err") == 0
	or BAIL_OUT('no certificate: ' . slurp("$dir/err"));

my $front = start_nginx($wide);

# curl on a front: (exit code, status line and headers, body).
sub curl
{
	my ($on, $path, @options) = @_;
	my $pid = open3(
		my $in, my $out, undef, 'curl', '-s', '-S', '-m', '20', '--cacert', "$dir/fullchain.pem",
		'--resolve', "$name:$on->{tls}:127.0.0.1", '-D', "$dir/head", '-o', "$dir/body", @options,
		$path =~ m{^https?://} ? $path : "https://$name:$on->{tls}$path");

	close $in;
	my $said = do { local $/; <$out> };
	waitpid($pid, 0);
	my $code = $? >> 8;
	my $head = slurp("$dir/head");
	my ($status) = reverse $head =~ m{^HTTP/[\d.]+ (\d{3})}mg;
	my $reply = {
		code => $code, head => $head, status => $status // 0, content => slurp("$dir/body"),
		said => $said // '' };

	unlink "$dir/head", "$dir/body";
	$reply->{json} = decode($reply->{content});
	return $reply;
}

# Bytes as they are, through TLS: the status of the first reply, 0 without one.
sub tls_raw
{
	my ($on, $bytes) = @_;
	my $pid = open3(my $in, my $out, undef, $openssl, 's_client', '-connect', "127.0.0.1:$on->{tls}",
		'-servername', $name, '-quiet', '-no_ign_eof', '-CAfile', "$dir/fullchain.pem");
	my $text = '';
	my $select = IO::Select->new($out);
	my $deadline = time + 8;

	print $in $bytes;
	$in->flush;
	while (time < $deadline && $select->can_read(1))
	{
		last unless sysread($out, $text, 65536, length $text);
		last if $text =~ m{^HTTP/1\.1 \d{3}}m && $text =~ /\r\n\r\n/;
	}
	close $in;
	kill 'TERM', $pid;
	waitpid($pid, 0);
	return $text =~ m{^HTTP/1\.1 (\d{3})}m ? $1 : 0;
}

#------------------------------------------------------------------ TLS and HTTP/2

my $reply = curl($front, "$api/payments/methods", '--http2');
is($reply->{status}, 200, 'the shop answers through nginx') || diag($reply->{said}, slurp("$dir/error.log"));
like($reply->{head}, qr{^HTTP/2 200}, 'in HTTP/2');
ok($reply->{json}{success}, 'what the shim says');
like($reply->{head}, qr/^strict-transport-security: max-age=31536000; includeSubDomains\r?$/mi,
	'and HTTPS only from then on');
is(scalar(() = $reply->{head} =~ /^x-content-type-options:/mig), 1, 'no header twice');
unlike($reply->{head}, qr{^server: .*\d}mi, 'no version of nginx');
is(curl($front, "$api/payments/methods", '--http1.1')->{status}, 200, 'HTTP/1.1 too');
is(curl($front, "$api/payments/methods", '--tlsv1.2', '--tls-max', '1.2')->{status}, 200, 'TLS 1.2');
is(curl($front, "$api/payments/methods", '--tlsv1.3')->{status}, 200, 'TLS 1.3');
for my $version ('1.0', '1.1')
{
	my $refused = curl($front, "$api/payments/methods", "--tlsv$version", '--tls-max', $version,
		'--ciphers', 'DEFAULT@SECLEVEL=0');

	is_deeply([ $refused->{code} != 0, $refused->{status} ], [ 1, 0 ], "TLS $version is refused");
}
$reply = curl($front, "https://127.0.0.1:$front->{tls}$api/payments/methods", '-k');
is_deeply([ $reply->{code}, $reply->{status} ], [ 35, 0 ], 'without our name there is no handshake');
$reply = curl($front, "http://127.0.0.1:$front->{plain}$api/payments/methods?x=1", '-H', 'Host: evil-shop.dz');
is($reply->{status}, 308, 'plain HTTP is sent on');
like($reply->{head}, qr{^location: https://\Q$name\E/api/v1/payments/methods\?x=1\r?$}mi,
	'to our own name, whatever Host says');

#------------------------------------------------------------------ reports of providers

my $batch = '{"type":"parcel_status_updated","events":[]}';
my @report = ('-H', 'Content-Type: application/json', '--data-binary', $batch);
$reply = curl($front, "$api/carriers/webhooks/yalidine", @report, '-H', 'X_YALIDINE_SIGNATURE: ' . hmac_sha256_hex($batch, 'yal_4711'));
is_deeply([ $reply->{status}, $reply->{json} ], [ 200, { received => JSON::PP::true } ], 'a signature in a header with low lines comes through');
is(curl($front, "$api/carriers/webhooks/yalidine", @report)->{status}, 400, 'and without it nothing does');

#------------------------------------------------------------------ requests that two servers may read differently

my $good = '{"wilaya":"16"}';
my $head = "POST $api/payments/shipping-cost HTTP/1.1\r\nHost: $name\r\nContent-Type: application/json\r\n";
is(tls_raw($front, $head . 'Content-Length: ' . length($good) . "\r\n\r\n$good"), 200, 'a good one');
is(tls_raw($front, "${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\nf\r\n$good\r\n0\r\n\r\n"),
	400, '4a.6 a length and chunks');
is(tls_raw($front, "${head}Content-Length: 15\r\nContent-Length: 15\r\n\r\n$good"), 400, '4a.7 two lengths');
is(tls_raw($front, "${head}Content-Length : 15\r\n\r\n$good"), 400, '4a.9 a blank before the colon');
is(tls_raw($front, "${head}Transfer-Encoding: xchunked\r\n\r\n$good"), 501, '4a.10 another coding');
is(tls_raw($front, "GET $api/payments/methods HTTP/1.1\r\n\r\n"), 400, '4a.5 no Host');
is(tls_raw($front, "GET $api/payments/methods HTTP/1.1\r\nHost: $name\r\nHost: x\r\n\r\n"), 400,
	'4a.5 two Hosts');
for my $path (
	'/..%2fproducts', '//api/v1/payments/methods', '/api//v1/payments/methods', '/api/v1/%252e%252e/products',
	'/api/v1/payments/methods%20', '/x/../api/v1/payments/methods')
{
	my $first = curl($front, $path, '--path-as-is')->{status};
	my $second = raw_status(ask("GET $path HTTP/1.1"), shim => $wide);

	# nginx may refuse what climbs above the root; it never serves what the shim would not.
	ok($first == $second || $first == 400 && $second >= 400, "4a.26 $path is the same to both")
		|| diag("$first $second");
}
is(curl($front, "$api/payments/methods%00")->{status}, 400, '4a.18 a NUL');

#------------------------------------------------------------------ sizes

my $big = save('big', ' ' x (1024 * 1024 + 1));
for my $case (
	[ '4a.4 a body too large', 413, 'PAYLOAD_TOO_LARGE', "$api/payments/shipping-cost", '-H', 'Content-Type: application/json', '--data-binary', "\@$big" ],
	[ '4a.4 in chunks', 413, 'PAYLOAD_TOO_LARGE', "$api/payments/shipping-cost", '--http1.1', '-H', 'Transfer-Encoding: chunked', '-H', 'Content-Type: application/json', '--data-binary', "\@$big" ],
	[ '4a.2 an address too long', 414, 'URI_TOO_LONG', "$api/products?search=" . 'x' x 20_000, '--http1.1' ],
	[ '4a.1 a header too large', 431, 'HEADERS_TOO_LARGE', "$api/products", '--http1.1', '-H', 'X-Big: ' . 'x' x 20_000 ])
{
	my ($what, $status, $code, $path, @options) = @$case;

	$reply = curl($front, $path, @options);
	is_deeply([ $reply->{status}, $reply->{json}{code}, $reply->{json}{message} ],
		[ $status, $code, text_of($code, 'fr') ], "$what: $status in the envelope")
		|| diag("$reply->{said} $reply->{content}");
	like($reply->{head}, qr/^x-content-type-options: nosniff\r?$/mi, 'nosniff on it');
	like($reply->{head}, qr{^content-type: application/json}mi, 'as JSON');
}

#------------------------------------------------------------------ files

my $photo = png(1, 1, before => png_chunk('iCCP', "x\0\0" . 'p' x 3_000_000));
my $paper = pdf();
my @send = ('-H', "Authorization: Bearer $token");
for my $file ([ photo => $photo, 'image/png' ], [ paper => $paper, 'application/pdf' ])
{
	my ($what, $bytes, $type) = @$file;

	open(my $out, '>:raw', "$dir/$what") or die;
	print $out $bytes;
	close $out;
	$reply = curl($front, "$api/uploads", @send, '-F', "image=\@$dir/$what");
	is($reply->{status}, 201, "a $what larger than other bodies is taken") || diag($reply->{content});
	my $url = $reply->{json}{files}[0]{url};
	my ($hash) = $url =~ m{/([0-9a-f]{64})};

	for my $path ($url, $url =~ s{files}{images}r, "$api$url")
	{
		$reply = curl($front, $path);
		is($reply->{status}, 200, "$path is served");
		ok($reply->{content} eq $bytes, 'as it came');
		unlike($reply->{head}, qr/^x-request-id:/mi, 'by nginx');
		my %want = (
			'content-type' => $type, 'cache-control' => 'public, max-age=31536000, immutable', 'x-content-type-options' => 'nosniff', 'cross-origin-resource-policy' => 'cross-origin',
			'access-control-allow-origin' => '*', 'content-security-policy' => "default-src 'none'; sandbox; frame-ancestors 'none'",
			'content-disposition' => $what eq 'paper' ? 'attachment' : undef);

		is_deeply({ map { $_ => $reply->{head} =~ /^\Q$_\E: (.*?)\r?$/mi ? $1 : undef } keys %want }, \%want, 'with the headers of the shim');
		my ($tag) = $reply->{head} =~ /^etag: (.*?)\r?$/mi;
		is(curl($front, $path, '-H', "If-None-Match: $tag")->{status}, 304, 'once');
	}
	is(curl($front, $url, '-X', 'DELETE')->{status}, 405, 'the shim says what may not be');
	my $twin = 'f' x 64;
	mkdir "$files/ff";
	symlink("$dir/privkey.pem", "$files/ff/$twin.png");
	is_deeply([ @{ curl($front, $_) }{qw(status json)}, ], [ 404, shape_of_404() ], "not there: $_")
		for '/files/' . '0' x 64 . '.png', "/files/$twin.png", '/files/lock', "$url.html";
}
sub shape_of_404 { return { success => JSON::PP::false(), code => 'NOT_FOUND', map { $_ => text_of('NOT_FOUND', 'fr') } qw(message error) } }
$reply = curl($front, "$api/uploads", @send, '-F', "image=\@$big");
is_deeply([ $reply->{status}, $reply->{json}{code} ], [ 415, 'UPLOAD_TYPE_UNSUPPORTED' ], 'what is no picture is refused by the shim');

#------------------------------------------------------------------ whose bucket

my $narrow = start_nginx($shim);
my @track = ("$api/orders/track?orderNumber=x&phone=0550000000");
is(curl($narrow, @track)->{status}, 404, '4a.47 the first request');
is(curl($narrow, @track)->{status}, 429, '4a.47 the second has to wait');
for my $header ('X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'True-Client-IP', 'X-Client-IP')
{
	is(curl($narrow, @track, '-H', "$header: " . ($header eq 'Forwarded' ? 'for=' : '') . "203.0.113.9")->{status},
		429, "4a.47 $header changes nothing");
}
is(curl($narrow, @track, '-H', 'X-Forwarded-For: 203.0.113.9', '-H', 'X-Forwarded-For: 203.0.113.10')->{status},
	429, '4a.47 nor do two of them');
my ($line) = grep { ($_->{route} // '') eq '/orders/track' } shim_log($shim);
is($line->{ip}, '127.0.0.0', 'the log names the address that nginx saw');
isnt(
	curl($front, "$api/payments/methods", '-H', 'X-Request-Id: chosen-by-a-client')->{head} =~ /^x-request-id: (\S+)/mi
	? $1 : '', 'chosen-by-a-client', 'a client does not choose the id of a request');

#------------------------------------------------------------------ slow clients, and a shim that is gone

my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $front->{plain});
print $sock "GET / HTTP/1.1\r\nHost: x\r\nX-Slow";
$sock->flush;
my $begun = time;
IO::Select->new($sock)->can_read(9);
sysread($sock, my $rest, 1000);
cmp_ok(time - $begun, '<', 7, 'a head that does not end is cut after five seconds');

my @before = grep { ($_->{route} // '') eq '/payments/shipping-cost' } shim_log($wide);
my $pid = open3(my $in, my $out, undef, $openssl, 's_client', '-connect', "127.0.0.1:$front->{tls}",
	'-servername', $name, '-quiet');
print $in "${head}Content-Length: 15\r\n\r\n{\"wil";
$in->flush;
sleep 6.5;
kill 'TERM', $pid;
waitpid($pid, 0);
is(scalar(grep { ($_->{route} // '') eq '/payments/shipping-cost' } shim_log($wide)), scalar @before,
	'a body that does not end never reaches the shim');

stop_shim($wide);
$reply = curl($front, "$api/payments/methods");
is_deeply([ $reply->{status}, $reply->{json}{code} ], [ 503, 'SERVICE_UNAVAILABLE' ],
	'without a shim: 503 in the envelope');
like($reply->{head}, qr/^retry-after: \d+\r?$/mi, 'with Retry-After');
my $log = slurp("$dir/access.log");
unlike($log, qr/orderNumber|0550000000/, 'its log has no query');

finish();

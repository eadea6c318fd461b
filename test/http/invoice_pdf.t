#!/usr/bin/perl
#
# invoice_pdf.t - a document as PDF (?format=pdf): what is on it, what it cannot reach, and
# what becomes of a request whose printer is missing, slow, broken or too busy.

use strict;
use warnings;
use utf8;

use Encode qw(decode_utf8);
use File::Temp qw(tempdir);
use FindBin;
use IO::Select;
use IO::Socket::INET;
use lib "$FindBin::Bin/lib";
use Shop;
use Test::More;
use Time::HiRes qw(sleep time);

my $api = '/api/v1';
my $dir = tempdir(CLEANUP => 1);
my $token = admin_token();
my $serial = 0;

chmod 0755, $dir;

#------------------------------------------------------------------ documents and what is on them

# An order of these lines with its invoice: its id and the invoice's number.
sub invoiced
{
	my ($lines, %change) = @_;
	my $id = place($lines, %change)->{id};

	put("$api/admin/orders/$id/status", body => { status => 'confirmed' }, token => $token);
	my $reply = with_seller(sub { post("$api/admin/orders/$id/invoice", body => {}, token => $token) });
	return ($id, $reply->{json}{data}{invoiceNumber});
}

sub pdf
{
	my ($id, $query, %opt) = @_;

	return get("$api/admin/orders/$id/invoice?format=pdf" . ($query // ''), token => $token, %opt);
}

# What poppler says about the bytes of a PDF: pages, size of the sheet, the text of each page.
sub look
{
	my ($reply) = @_;
	my $file = "$dir/look" . ++$serial . '.pdf';

	open(my $out, '>:raw', $file) or die;
	print $out $reply->{content};
	close $out;
	my $info = qx{pdfinfo "$file" 2>&1};
	my $text = decode_utf8(qx{pdftotext -raw "$file" - 2>&1});
	my @words;
	for my $page (split /<page /, decode_utf8(qx{pdftotext -bbox "$file" - 2>&1}))
	{
		push @words, [ map { { text => $_->[4], x => $_->[0], y => $_->[1] } } map { [/"([\d.]+)"[^"]*"([\d.]+)"[^"]*"([\d.]+)"[^"]*"([\d.]+)">([^<]*)</] } $page =~ /(<word .*)/g ];
	}
	shift @words;
	return {
		words => \@words,
		pages => ($info =~ /^Pages:\s+(\d+)/m)[0] // 0,
		sheet => ($info =~ /^Page size:.*\((\w+)\)/m)[0] // '?',
		text => $text, page => [ split /\f/, $text ] };
}

# Centimes as the page shows them, read from the document's row.
sub total
{
	my ($number) = @_;
	my $centimes = sql("SELECT total_centimes FROM mjc.invoice WHERE number = '$number'");
	my $shown = sprintf '%d,%02d', $centimes / 100, $centimes % 100;

	1 while $shown =~ s/^(\d+)(\d{3})/$1 $2/;
	return $shown;
}

# Whether a text is on a page, however wide its spaces are.
sub shows
{
	my ($text, $part) = @_;

	s/[\s\x{a0}\x{202f}]+/ /g for $text, $part;
	return index($text, $part) >= 0;
}

sub busy { return error_is($_[0], 503, 'PDF_FAILED', $_[1]) && like($_[0]{headers}{'retry-after'}, qr/^[1-9]\d*$/, 'it says when to try again') }

sub error_is
{
	my ($reply, $status, $code, $name) = @_;

	return is("$reply->{status} " . ($reply->{json}{code} // '-'), "$status $code", $name) || said($reply);
}

my $part = make_product(price => 1190, stock => 5000); # 1000 and 19 %
my ($id, $number) = invoiced([ [ $part, 2 ] ]);
my $reply = pdf($id, '', headers => { 'Accept-Encoding' => 'gzip' });
is($reply->{status}, 200, 'a PDF') or said($reply);
like($reply->{content}, qr/^%PDF-1\.\d/, 'by its first bytes');
is($reply->{headers}{'content-type'}, 'application/pdf', 'by its type');
is($reply->{headers}{'content-disposition'}, "inline; filename=\"$number.pdf\"", 'called like the document');
is($reply->{headers}{'cache-control'}, 'no-store', 'kept by nobody');
is($reply->{headers}{'x-content-type-options'}, 'nosniff', 'taken for nothing else');
like($reply->{headers}{'content-security-policy'}, qr/^default-src 'none';.*frame-ancestors 'none'$/, 'and may reach nothing');
is($reply->{headers}{'content-encoding'}, undef, 'not packed a second time');
is($reply->{headers}{'content-length'}, length $reply->{content}, 'whole');
my $seen = look($reply);
is("$seen->{pages} $seen->{sheet}", '1 A4', 'one A4 sheet');
ok(shows($seen->{text}, $_), "it shows $_") for "Facture N° $number", 'Acheteur', 'Amina Benali', total($number), '1/1';
$seen = look(pdf($id, '&lang=ar'));
is("$seen->{pages} $seen->{sheet}", '1 A4', 'in Arabic as well');
ok(shows($seen->{text}, $_), "it shows $_") for $number, 'Amina Benali', total($number);
like($seen->{text}, qr/\p{Arabic}{3}/, 'in its letters');
ok(!shows($seen->{text}, 'Acheteur'), 'and no French');
my ($from) = grep { $_->{text} =~ /\Q$number\E/ } @{ $seen->{words}[0] };
my ($to) = sort { $a->{x} <=> $b->{x} } grep { $_->{text} eq '000,00' } @{ $seen->{words}[0] }; # of 2 000,00, without tax
cmp_ok($from->{x}, '>', 595 / 2, 'from the right');
cmp_ok($to->{x}, '<', 595 / 4, 'to the left');

my $note = with_seller(sub { sql("SELECT mjc.credit_note_issue('$number', 'erreur')") });
$reply = pdf($id, "&number=$note");
is($reply->{headers}{'content-disposition'}, "inline; filename=\"$note.pdf\"", 'a credit note');
ok(shows(look($reply)->{text}, "Avoir N° $note"), 'shows itself');

$reply = get("$api/admin/orders/$id/invoice?format=html", token => $token);
is($reply->{headers}{'content-type'}, 'text/html; charset=utf-8', 'format=html is the page');
is($reply->{headers}{'content-disposition'}, undef, 'which is no file');
is_field(pdf($id, '&format=pdf'), 'format', 'one format at a time');
is_field(get("$api/admin/orders/$id/invoice?format=$_", token => $token), 'format', "no format $_") for 'xml', 'pdf,html', 'application/pdf';
is(pdf($id, '&number=FA-2001-000001')->{status}, 404, 'what is not there is not printed');

my ($owner, $other) = map { make_account('CUSTOMER') } 1, 2;
my ($own) = invoiced([ [ $part, 1 ] ]);
sql("UPDATE mjc.customer_order SET customer_id = '$owner' WHERE order_id = '$own'; UPDATE mjc.order SET customer_id = '$owner' WHERE order_id = '$own'");
my $path = "$api/orders/$own/invoice?format=pdf";
like(get($path, token => mint('CUSTOMER', $owner, 0))->{content}, qr/^%PDF-/, 'the owner gets his');
error_is(get($path, token => mint('CUSTOMER', $other, 0)), 404, 'NOT_FOUND', 'another customer does not');
is(get($path)->{status}, 401, 'nor who has not signed in');
is(get("$api/admin/orders/$own/invoice?format=pdf", token => mint('CUSTOMER', $owner, 0))->{status}, 403, 'staff only, where it is theirs');

#------------------------------------------------------------------ 15 and 50 lines

# QZ01.. in names as long as the catalogue's; every third one in Arabic, every fifth by far longer.
sub named
{
	my ($n) = @_;
	my $name = $n % 3 ? 'Thermocouple universel pour chaudière murale Ø 60 mm' : 'مضخة تدوير للتدفئة المركزية 25-60';

	$name .= ' avec faisceau, bride et joint d’origine' if $n % 5 == 0;
	return sprintf '%s QZ%02d', $name, $n;
}

my @parts = map { make_product(price => 1000 + $_, stock => 100, name => named($_)) } 1 .. 50;
for my $lang ('fr', 'ar')
{
	for my $case ([ 15, 1, 1 ], [ 50, 2, 3 ])
	{
		my ($n, $least, $most) = @$case;
		my ($order, $document) = invoiced([ map { [ $parts[ $_ - 1 ], 1 ] } 1 .. $n ]);
		my $seen = look(pdf($order, "&lang=$lang"));
		my $name = "$n lines, $lang";
		my @on = grep { /QZ\d\d/ } @{ $seen->{page} };

		ok($seen->{pages} >= $least && $seen->{pages} <= $most, "$name: $least to $most sheets") or diag($seen->{pages});
		is_deeply([ sort $seen->{text} =~ /(QZ\d\d)/g ], [ map { sprintf 'QZ%02d', $_ } 1 .. $n ], "$name: each line once");
		is(scalar(grep { shows($_, 'Désignation Référence Qté P.U. HT TVA Montant HT') } @on), scalar @on, "$name: the head above the lines of every sheet") if $lang eq 'fr';
		# The sheet begins 34 points from its edge, a head is 12 high.
		is_deeply([ grep { $_->{y} < 34 + 11 } map { (grep { $_->{text} =~ /QZ/ } @$_)[0] // () } @{ $seen->{words} } ], [], "$name: room for it above the first line");
		my $total = total($document);
		is_deeply([ grep { shows($seen->{page}[ $_ - 1 ], $total) } 1 .. $seen->{pages} ], [ $seen->{pages} ], "$name: the total on the last sheet") or diag($total, $seen->{page}[-1]);
		ok(shows($seen->{page}[ $_ - 1 ], "$_/$seen->{pages}"), "$name: sheet $_ of $seen->{pages}") for 1 .. $seen->{pages};
	}
}

#------------------------------------------------------------------ what a page says is no order to the printer

my $trap = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die;
my $port = $trap->sockport;

# Whether somebody has knocked since the last time.
sub knocked
{
	my $seen = 0;

	while (IO::Select->new($trap)->can_read(0))
	{
		$seen++;
		close $trap->accept;
	}
	return $seen;
}

# A program that prints, as a shell script; $body gets the page on its standard input.
sub printer
{
	my ($body) = @_;
	my $file = "$dir/printer" . ++$serial;

	open(my $out, '>:utf8', $file) or die;
	print $out "#!/bin/sh\n$body\n";
	close $out;
	chmod 0755, $file;
	return $file;
}

my $img = "<img src=http://127.0.0.1:$port/x>";
my $evil = make_product(price => 1000, stock => 10, name => "<link rel=attachment href=file:///etc/passwd>$img<style>body{background:url(http://127.0.0.1:$port/y)}</style>");
my ($trapped) = invoiced([ [ $evil, 1 ] ],
	customerInfo => { firstName => $img, lastName => 'url(file:///etc/passwd)', phone => phone() },
	shippingAddress => { street => '<object data=file:///etc/passwd></object>', city => "\@import url(http://127.0.0.1:$port/z)", region => '16' });
my $escaped = pdf($trapped);
$seen = look($escaped);
is($escaped->{status}, 200, 'a buyer and an article called like tags');
(my $text = $seen->{text}) =~ s/\s+//g;
like($text, qr/\Q$_\E/, "$_ is a text like any other") for map { s/\s+//gr } $img, 'url(file:///etc/passwd)', 'rel=attachment';
is(knocked(), 0, 'nothing was asked for');
unlike($seen->{text} . $escaped->{content}, qr{root:[^:]*:0:0:}, 'no file is in it');
unlike($escaped->{content}, qr{/EmbeddedFile}, 'nor attached');

# The same beyond the page: a printer that is told to fetch.
my $fetches = printer("sed 's|</body>|$img</body>|' | weasyprint -q - -");
open(my $page, '>:utf8', "$dir/page.html") or die;
print $page '<!DOCTYPE html><html><body>x</body></html>';
close $page;
my $free = fork // die;
if (!$free)
{
	setpgrp;
	exec "exec $fetches <$dir/page.html >$dir/outside.pdf";
}
ok(wait_for(sub { knocked() }, 30), 'the trap works: left alone, this printer fetches');
kill KILL => -$free;
waitpid($free, 0);
knocked();
my $shim = start_shim(MJC_PDF_PROGRAM => $fetches);
like(pdf($id, '', shim => $shim)->{content}, qr/^%PDF-/, 'under the shim it prints');
is(knocked(), 0, 'and reaches nobody');
stop_shim($shim);

# Started as a service that stands back, with limits of its own.
$shim = start_shim(under => [qw(nice -n 10 prlimit --fsize=1000000 --)]);
like(pdf($id, '', shim => $shim)->{content}, qr/^%PDF-/, 'it prints under a shim with less than it might have');
stop_shim($shim);

$ENV{MJC_CANARY} = $ENV{PGPASSWORD} = 'canary-of-the-environment';
$shim = start_shim(MJC_CANARY => 'canary-of-the-environment', MJC_PDF_PROGRAM => printer(<<'SH'));
printf '%%PDF-1.7\n'
env
ls -l "/proc/$$/fd"
while read -r line; do echo "status $line"; done <"/proc/$$/status"
ulimit -a
SH
$reply = pdf($id, '', shim => $shim);
is($reply->{status}, 200, 'a printer that tells of itself') or said($reply);
my %env = $reply->{content} =~ /^([A-Z_]+)=(.*)$/mg;
delete @env{qw(PWD OLDPWD SHLVL _)}; # the shell's own
is_deeply([ sort keys %env ], [qw(HOME LANG PATH PYTHONDONTWRITEBYTECODE XDG_CACHE_HOME)], 'its environment is its own');
unlike($reply->{content}, qr/canary|hunter|MJC_/, 'no secret is in it');
is_deeply([ grep { !/^[012] / && !/printer\d+$/ } $reply->{content} =~ /(\d+ -> .+)$/mg ], [], 'it has no descriptor of the shim');
like($reply->{content}, qr/^status SigBlk:\s+0+$/m, 'no signal is kept from it');
like($reply->{content}, qr/^status NoNewPrivs:\s+1$/m, 'it gains no rights');
like($reply->{content}, qr/^status Seccomp:\s+2$/m, 'its calls are filtered');
like($reply->{content}, qr/^v(?:irtual )?mem.*\s1048576$/m, 'its memory has an end');
stop_shim($shim);

#------------------------------------------------------------------ no printer

for my $none ('', 'no-such-program')
{
	$shim = start_shim(MJC_PDF_PROGRAM => $none);
	for my $lang ('fr', 'ar')
	{
		$reply = pdf($id, '', shim => $shim, lang => $lang);
		error_is($reply, 501, 'PDF_UNAVAILABLE', "program '$none': no PDF");
		is($reply->{json}{message}, text_of('PDF_UNAVAILABLE', $lang), "in $lang");
		is($reply->{headers}{'content-type'}, 'application/json; charset=utf-8', 'as an error');
	}
	is(get("$api/admin/orders/$id/invoice", token => $token, shim => $shim)->{status}, 200, 'the page is there');
	is(pdf($id, '&number=FA-2001-000001', shim => $shim)->{status}, 404, 'and what is not there is not');
	stop_shim($shim);
}
$shim = start_shim(MJC_PDF_PROGRAM => "$dir/no-such-program", wait => 0);
wait_for(sub { defined stop_shim($shim, 0) }, 10);
like(slurp($shim->{err}), qr/MJC_PDF_PROGRAM/, 'a path where there is no program is told at the start');

#------------------------------------------------------------------ broken printers

my %broken = (
	'ends with 1' => [ 'printf %%PDF-1.7; exit 1', '"exit":1,"signal":0' ],
	'kills itself' => [ 'printf %%PDF-1.7; kill -9 $$', '"exit":-1,"signal":9' ],
	'writes nothing' => [ 'exit 0', '"exit":0,"signal":0' ],
	'writes no PDF' => [ 'cat', '"exit":0,"signal":0' ],
	'writes without end' => [ 'printf %%PDF-1.7; exec cat /dev/zero', '"bytes":0' ],
	'is no program' => [ "\x{0}", undef ]);
# What the log says of a PDF, once it does.
sub logged
{
	my ($from) = @_;
	my $line = {};

	wait_for(sub { ($line) = grep { ($_->{event} // '') eq 'pdf' } shim_log($from); $line }, 5);
	return $line // {};
}

for my $how (sort keys %broken)
{
	my ($body, $told) = @{ $broken{$how} };
	my $file = printer($body);

	if ($how eq 'is no program') { open(my $out, '>', $file) or die; print $out "\x7fELF"; close $out }
	$shim = start_shim(MJC_PDF_PROGRAM => $file);
	$reply = pdf($id, '', shim => $shim);
	busy($reply, "a printer that $how");
	is($reply->{json}{message}, text_of('PDF_FAILED', 'fr'), 'the reader learns what to do');
	is(get("$api/admin/orders/$id/invoice", token => $token, shim => $shim)->{status}, 200, 'the page is there');
	my $line = logged($shim);
	is($line->{result}, 'failed', 'the log says so');
	is($line->{id}, $reply->{headers}{'x-request-id'}, 'with the request');
	if (defined $told)
	{
		is($line->{$_->[0]}, $_->[1], "the log has $_->[0]") for map { [ /"(\w+)":(-?\d+)/ ] } split /,/, $told;
	}
	my $metrics = get('/metrics', shim => { url => $shim->{metrics} })->{content};
	is(metric($metrics, 'mjc_pdf_total{outcome="failed"}'), 1, 'it is counted');
	is(metric($metrics, 'mjc_pdf_running'), 0, 'nothing runs any more');
	stop_shim($shim);
}

sub alive { my ($pid) = @_; return -e "/proc/$pid/stat" && slurp("/proc/$pid/stat") !~ /\) Z/ }

# The ids that printers have written, one a line.
sub printers { my @ids = -e $_[0] ? split(/\n/, slurp($_[0])) : (); return @ids }

$shim = start_shim(MJC_PDF_TIMEOUT_S => 1, MJC_PDF_PROGRAM => printer("sleep 100 &\necho \$\$ >$dir/late.new; echo \$! >>$dir/late.new; mv $dir/late.new $dir/late; wait"));
my $start = time;
busy(pdf($id, '', shim => $shim), 'a printer that does not end');
cmp_ok(time - $start, '<', 10, 'is ended in time');
is(scalar(my @two = printers("$dir/late")), 2, 'a process and its child');
ok(wait_for(sub { !grep { alive($_) } @two }, 5), 'are gone');
is(logged($shim)->{result}, 'late', 'and the log says why');
is(metric(get('/metrics', shim => { url => $shim->{metrics} })->{content}, 'mjc_pdf_total{outcome="late"}'), 1, 'it is counted');
stop_shim($shim);

$shim = start_shim(MJC_REQUEST_TIMEOUT_S => 1, MJC_PDF_PROGRAM => printer("sleep 2.5\nprintf %%PDF-1.7"));
is(pdf($id, '', shim => $shim)->{status}, 200, 'a PDF longer than the request\'s own time is waited for');
stop_shim($shim);

#------------------------------------------------------------------ many at once

# On a machine as busy as this one may be some are told to come back: they do.
my @results = parallel(8, sub {
	my ($i) = @_;
	my $r;

	for my $try (1 .. 4)
	{
		$r = pdf($id, $i % 2 ? '&lang=ar' : '');
		last if $r->{status} != 503;
		sleep $r->{headers}{'retry-after'};
	}
	return { status => $r->{status}, head => substr($r->{content}, 0, 5), size => length $r->{content} };
});
is_deeply([ grep { $_->{status} != 200 || $_->{head} ne '%PDF-' || $_->{size} < 5000 } @results ], [], '8 at once are all printed');

# Printers that wait for a file and note who runs beside them.
my $gate = printer(<<SH);
echo \$\$ >>$dir/ran
while ! test -e $dir/go; do sleep 0.02; done
printf %%PDF-1.7
SH
$shim = start_shim(MJC_PDF_PROGRAM => $gate, MJC_PDF_TIMEOUT_S => 60);

sub gauge { return metric(get('/metrics', shim => { url => $shim->{metrics} })->{content}, $_[0]) // -1 }

# 24 ask while nothing moves, until so many are refused; then the gate opens. Returns the
# replies and what was seen meanwhile.
sub burst
{
	my ($refused, @who) = @_;
	my $already = gauge('mjc_pdf_total{outcome="refused"}');

	unlink "$dir/go", "$dir/ran";
	my @replies = parallel(25, sub {
		my ($i) = @_;

		if ($i == 24)
		{
			wait_for(sub { gauge('mjc_pdf_total{outcome="refused"}') == $already + $refused }, 20);
			my $seen = join ' ', gauge('mjc_pdf_running'), gauge('mjc_pdf_waiting'), get('/health/live', shim => $shim)->{status};

			open(my $go, '>', "$dir/go") or die;
			return { seen => $seen };
		}
		my $r = pdf($id, '', shim => $shim, token => $who[ $i % @who ]);
		return { status => $r->{status}, code => $r->{json}{code} // '', retry => $r->{headers}{'retry-after'} // 0 };
	});
	return (pop(@replies)->{seen}, \@replies);
}

sub printed { return scalar grep { $_->{status} == 200 } @{ $_[0] } }

sub refused { return scalar grep { $_->{status} == 503 && $_->{code} eq 'PDF_FAILED' && $_->{retry} > 0 } @{ $_[0] } }

my ($while, $replies) = burst(16, $token);
is($while, '2 6 200', 'of one account two run, six wait, the shim serves');
is(printed($replies), 8, '8 of 24 are printed');
is(refused($replies), 16, '16 are told to come back');
($while, $replies) = burst(6, $token, map { mint('ADMIN', make_account('ADMIN'), 0) } 1, 2);
is($while, '2 16 200', 'of three accounts two run, 16 wait');
is(printed($replies), 18, '18 of 24 are printed');
is(refused($replies), 6, '6 are told to come back');
is(scalar(printers("$dir/ran")), 18, 'by one printer each');
is(gauge('mjc_pdf_total{outcome="ok"}'), 26, 'they are counted');
is(gauge('mjc_pdf_seconds_count{outcome="ok"}'), 26, 'and timed');

#------------------------------------------------------------------ who goes away

sub asked
{
	my $sock = connect_to($shim);

	print $sock ask("GET $api/admin/orders/$id/invoice?format=pdf HTTP/1.1", headers => ["Authorization: Bearer $token"]);
	return $sock;
}

sub under_way { my ($n) = @_; return wait_for(sub { gauge('mjc_pdf_running') + gauge('mjc_pdf_waiting') == $n }, 20) }

unlink "$dir/go", "$dir/ran";
my @gone = map { asked() } 1 .. 4;
ok(under_way(4), 'four clients wait');
close $_ for @gone;
ok(under_way(4), 'and go away');
open(my $go, '>', "$dir/go") or die;
ok(under_way(0), 'their documents end all the same');
is(pdf($id, '', shim => $shim)->{status}, 200, 'and the next client is served');

# A shim that is told to end ends what it began, once; told twice, or killed, it leaves nothing behind.
unlink "$dir/go", "$dir/ran";
my $last = asked();
wait_for(sub { scalar printers("$dir/ran") }, 10);
kill TERM => $shim->{pid};
sleep 0.5;
open($go, '>', "$dir/go") or die;
is(read_reply($last, 20)->{status}, 200, 'a document under way is finished before the end');
is(stop_shim($shim), 0, 'the shim ends well');
for my $signals ([ 'TERM', 'TERM' ], ['KILL'])
{
	unlink "$dir/go", "$dir/ran";
	$shim = start_shim(MJC_PDF_PROGRAM => $gate);
	my @left = map { asked() } 1 .. 3;
	wait_for(sub { scalar(printers("$dir/ran")) == 2 }, 10);
	for my $signal (@$signals) { kill $signal => $shim->{pid}; sleep 0.5 }
	my $status = stop_shim($shim, 0);
	is($status, $signals->[0] eq 'KILL' ? 9 : 0, "the shim ends by @$signals");
	ok(wait_for(sub { !grep { alive($_) } printers("$dir/ran") }, 10), 'and its printers with it');
}

finish();

#!/usr/bin/perl
#
# uploads.t - files that staff send: who may, what is taken, what becomes of it, and how it is
# served. The files are made byte by byte in lib/Files.pm.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use File::Find;
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/lib";
use Files;
use Shop;
use Test::More;
use Time::HiRes qw(sleep time);

my $folder = tempdir(CLEANUP => 1);
my $shim = start_shim(MJC_FILES_DIR => $folder);
my $admin = make_account('ADMIN');
my $token = mint('ADMIN', $admin, 0);

# All files below the folder but its lock, from the folder.
sub kept
{
	my $in = shift // $folder;
	my @kept;

	find(sub { push @kept, $File::Find::name =~ s{^\Q$in\E/}{}r if -f && $_ ne 'lock' }, $in);
	return @kept = sort @kept;
}

sub upload
{
	my ($parts, %opt) = @_;

	return post('/api/v1/uploads', token => $token, shim => $shim, form(@$parts), %opt);
}

sub image { return upload([ part(image => $_[0]) ], @_[ 1 .. $#_ ]) }

sub fetched
{
	my ($reply, %opt) = @_;

	return get($reply->{json}{files}[0]{url}, shim => $opt{shim} // $shim);
}

sub rows { return sql('SELECT count(*) FROM mjc.media') }

#------------------------------------------------------------------ good files

my %good = (
	jpeg => [ jpeg(8, 5), 'image/jpeg', 'jpg', 8, 5 ],
	png => [ png(3, 2), 'image/png', 'png', 3, 2 ],
	'lossless WebP' => [ webp(webp_vp8l()), 'image/webp', 'webp', 1, 1 ],
	'lossy WebP' => [ webp(webp_vp8()), 'image/webp', 'webp', 1, 1 ],
	'extended WebP' => [ webp(webp_chunk('VP8X', pack('V', 0) . "\0" x 6), webp_vp8l()), 'image/webp', 'webp', 1, 1 ],
	pdf => [ pdf(inside => "% $$\n"), 'application/pdf', 'pdf', undef, undef ],
);
for my $kind (sort keys %good)
{
	my ($bytes, $mime, $ending, $w, $h) = @{ $good{$kind} };
	my $name = sha256_hex($bytes) . ".$ending";
	my $reply = image($bytes);

	is($reply->{status}, 201, "$kind: taken") or said($reply);
	my $file = { filename => $name, url => "/files/$name", mimeType => $mime, size => length $bytes };
	is_deeply($reply->{json}, { success => JSON::PP::true(), files => [$file], data => { urls => ["/files/$name"], files => [$file] } },
		"$kind: the reply has both shapes");
	is(slurp("$folder/" . substr($name, 0, 2) . "/$name"), $bytes, "$kind: kept under its hash, as it came");
	is((stat "$folder/" . substr($name, 0, 2) . "/$name")[2] & 07777, 0644, "$kind: others may read it");
	is(sql("SELECT mime_type, bytes, width, height, uploaded_by FROM mjc.media WHERE name = :'name'", name => $name),
		join('|', $mime, length $bytes, $w // '', $h // '', $admin), "$kind: noted");
	for my $path ("/files/$name", "/images/$name", "/api/v1/files/$name")
	{
		is(get($path, shim => $shim)->{content}, $bytes, "$kind: served at $path");
	}
}
is(sql("SELECT count(*) FROM mjc.audit WHERE action = 'media_add' AND actor = :'who' AND channel = 'rest' AND request_id IS NOT NULL", who => $admin),
	scalar keys %good, 'each is in the audit');

#------------------------------------------------------------------ how it is served

sub headers_of
{
	my ($path, %opt) = @_;

	return raw(ask("$opt{method} $path HTTP/1.1", headers => $opt{headers}), shim => $shim, no_body => $opt{method} eq 'HEAD' || $opt{no_body});
}

my %served = (
	'cache-control' => 'public, max-age=31536000, immutable', 'x-content-type-options' => 'nosniff', 'cross-origin-resource-policy' => 'cross-origin',
	'access-control-allow-origin' => '*', 'content-security-policy' => "default-src 'none'; sandbox; frame-ancestors 'none'", 'accept-ranges' => 'none');
for my $kind (qw(jpeg png pdf))
{
	my ($bytes, $mime, $ending) = @{ $good{$kind} };
	my $hash = sha256_hex($bytes);

	for my $method (qw(GET HEAD))
	{
		my $reply = headers_of("/files/$hash.$ending", method => $method, headers => [ 'Origin: http://localhost:3000' ]);
		my %want = (%served, 'content-type' => $mime, 'content-length' => length $bytes, etag => qq("$hash"));

		$want{'content-disposition'} = qq(attachment; filename="$hash.pdf") if $kind eq 'pdf';
		is($reply->{status}, 200, "$method $kind");
		is_deeply({ map { $_ => $reply->{headers}{$_} } keys %want, 'vary', 'set-cookie' }, { (map { $_ => [ $want{$_} ] } keys %want), vary => undef, 'set-cookie' => undef },
			"$method $kind: its headers, once each");
		is($reply->{headers}{'content-disposition'}, undef, "$method $kind: shown") if $kind ne 'pdf';
	}
	for my $tag (qq("$hash"), qq(W/"$hash"), qq("x", "$hash"), '*')
	{
		my $reply = headers_of("/files/$hash.$ending", method => 'GET', headers => ["If-None-Match: $tag"], no_body => 1);

		is($reply->{status}, 304, "304 for $tag");
		is_deeply([ map { $reply->{headers}{$_}[0] } qw(etag cache-control) ], [ qq("$hash"), $served{'cache-control'} ], 'with tag and life');
	}
	is(headers_of("/files/$hash.$ending", method => 'GET', headers => ['If-None-Match: "0"'])->{status}, 200, 'another tag: the file');
	is(headers_of("/files/$hash.$ending", method => 'GET', headers => ['Range: bytes=1-3'])->{content}, $bytes, 'a range is not known: the whole file');
}
my $known = sha256_hex($good{jpeg}[0]) . '.jpg';
symlink('/etc/passwd', "$folder/aa/" . 'a' x 64 . '.jpg') if -d "$folder/aa" || mkdir "$folder/aa";
mkdir "$folder/aa/" . 'a' x 64 . '.png';
is_error(get($_, shim => $shim), 404, 'NOT_FOUND', "not there: $_")
	for '/files/' . 'b' x 64 . '.jpg', '/files/lock', '/files/tmp', "/files/$known.html", "/files/${known}%00.jpg" =~ s/%00//r, '/files/' . uc $known,
	'/files/..%2f..%2fetc%2fpasswd', '/files/%2e%2e', '/files/' . substr($known, 0, 64) . '.png', '/files/' . substr($known, 0, 64) . '.svg',
	'/files/' . substr($known, 0, 2) . '%2f' . $known, '/files/thermostat.jpg', '/files/' . 'a' x 64 . '.jpg', '/files/' . 'a' x 64 . '.png', '/images/x', '/files/' . 'a' x 500;
is(raw_status(ask("GET $_ HTTP/1.1"), shim => $shim), 404, "raw path: $_") for "/files/../files/$known", "/files/./$known", "/files//$known", "/files/../../../etc/passwd";
is(raw_status(ask("GET /files/$known%00 HTTP/1.1"), shim => $shim), 400, 'a NUL');
is(raw_status(ask("DELETE /files/$known HTTP/1.1"), shim => $shim), 405, 'nobody deletes it so');
unlink "$folder/aa/" . 'a' x 64 . '.jpg';
rmdir "$folder/aa/" . 'a' x 64 . '.png';

#------------------------------------------------------------------ what is left out

# The file sent, the file kept.
sub becomes
{
	my ($sent, $kept, $name) = @_;
	my $reply = image($sent);

	is($reply->{status}, 201, "$name: taken") or return said($reply);
	ok(fetched($reply)->{content} eq $kept, "$name: what is kept");
	is($reply->{json}{files}[0]{size}, length $kept, "$name: its size");
	return;
}

my $gps = 'GPS 36.7538 N 3.0588 E';
my $profile = jpeg_segment(0xe2, "ICC_PROFILE\0\1\1" . 'p' x 30);
my $jfif = jpeg_segment(0xe0, "JFIF\0\1\1\0\0\1\0\1\0\0");
my $up6 = "\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0";
becomes(jpeg(8, 8, before => $jfif . exif(1, $gps) . $profile), jpeg(8, 8, before => $jfif . $profile), 'JPEG: EXIF goes, the profile stays');
becomes(jpeg(8, 8, before => exif(6, $gps)), jpeg(8, 8, before => $up6), 'JPEG: the way up stays');
becomes(jpeg(8, 8, before => exif(6, $gps, 1)), jpeg(8, 8, before => $up6), 'JPEG: in the other order of bytes, too');
becomes(jpeg(8, 8, before => exif(9, $gps)), jpeg(8, 8), 'JPEG: one that is no way up goes');
becomes(jpeg(8, 8, before => jpeg_segment(0xe1, "http://ns.adobe.com/xap/1.0/\0<x>$gps</x>") . jpeg_segment(0xed, "Photoshop 3.0\0$gps") . jpeg_segment(0xfe, $gps) . jpeg_segment(0xe2, "MPF\0$gps") . jpeg_segment(0xef, $gps)),
	jpeg(8, 8), 'JPEG: XMP, IPTC, comments and others go');
becomes(jpeg(8, 8, before => jpeg_segment(0xe2, 'MPF' . "\0" . 'x' x 20), after => jpeg(8, 8)), jpeg(8, 8), 'JPEG: the second picture of a telephone goes');
becomes(jpeg(8, 8, after => "\0\0Image_UTC_Data1700000000SEFH\x6b\0\0\0\1\0\0\0SEFT"), jpeg(8, 8), 'JPEG: notes of a camera behind it go');
becomes(png(2, 2, before => png_chunk('gAMA', pack('N', 45455)) . png_chunk('eXIf', "MM\0*$gps") . png_chunk('tIME', "\7\xe7\1\1\0\0\0"), after => png_chunk('tEXt', "Comment\0$gps") . png_chunk('iTXt', "XML:com.adobe.xmp\0\0\0\0\0$gps") . png_chunk('prVt', $gps)),
	png(2, 2, before => png_chunk('gAMA', pack('N', 45455))), 'PNG: EXIF, times and texts go, gamma stays');
becomes(png(2, 2, before => png_chunk('acTL', pack('NN', 1, 0)), after => png_chunk('fdAT', pack('N', 1) . 'x')), png(2, 2), 'PNG: an animation becomes its picture');
becomes(webp(webp_chunk('VP8X', pack('V', 0x2c) . "\0" x 6), webp_chunk('ICCP', 'abc'), webp_vp8l(), webp_chunk('EXIF', $gps), webp_chunk('XMP ', $gps), webp_chunk('what', $gps)),
	webp(webp_chunk('VP8X', pack('V', 0x20) . "\0" x 6), webp_chunk('ICCP', 'abc'), webp_vp8l()), 'WebP: EXIF and XMP go, with their flags');
is(scalar(grep { index(slurp("$folder/$_"), 'GPS') >= 0 } kept()), 0, 'no file tells the place');

#------------------------------------------------------------------ several, and the same again

my @ten = map { part(images => png(1 + $_, 1)) } 1 .. 10;
my $many = upload([ part(image => jpeg(7, 7)), @ten ]);
is($many->{status}, 201, 'one and ten more');
is_deeply([ map { $_->{mimeType} } @{ $many->{json}{files} } ], [ 'image/jpeg', ('image/png') x 10 ], 'in their order');
is_deeply($many->{json}{data}{urls}, [ map { $_->{url} } @{ $many->{json}{files} } ], 'and their addresses');
my ($rows, @files) = (rows(), kept());
is_deeply(image($good{png}[0])->{json}, image($good{png}[0])->{json}, 'the same file again: the same answer');
is(upload([ part(images => jpeg(7, 7)), part(images => jpeg(7, 7)) ])->{status}, 201, 'twice in one form');
is_deeply([ rows(), kept() ], [ $rows, @files ], 'and nothing more');

my $new = png(77, 1);
my @others = map { make_account('ADMIN') } 1 .. 4;
my @other = map { mint('ADMIN', $_, 0) } @others;
my @same = parallel(8, sub {
	my $i = shift;

	return { status => post('/api/v1/uploads', token => $other[ $i % 4 ], shim => $shim, form(part(image => $new), part(images => png(78, 1)), part(images => png(79, 1))))->{status} };
});
is_deeply([ map { $_->{status} } @same ], [ (201) x 8 ], 'eight at once send the same, two of each account');
is(rows(), $rows + 3, 'one row each');
is(scalar(kept()), @files + 3, 'one file each');

#------------------------------------------------------------------ what is refused

($rows, @files) = (rows(), kept());
my $png = png(3, 2);
my $jpeg = jpeg(8, 8);
my $html = '<html><script>alert(1)</script></html>';
my %broken = (
	'HTML behind a PNG' => $png . $html, 'PHP behind a JPEG' => $jpeg . '<?php system($_GET[0]); ?>', 'a GIF behind a JPEG' => $jpeg . "GIF89a\1\0\1\0\0\0\0;",
	'one byte behind a PNG' => "$png\0", 'one byte behind a JPEG' => "$jpeg\0", 'a line behind a WebP' => webp(webp_vp8l()) . "\n", 'a JPEG behind a JPEG that names none' => $jpeg . $jpeg,
	'a ZIP behind a JPEG' => $jpeg . zip_end(0), 'a ZIP behind a PNG' => $png . zip_end(0), 'HTML behind a PDF' => pdf() . $html,
	'a ZIP in a PDF' => do { my $tail = pdf(inside => 'x' x 8); my $head = "%PDF-1.4\n"; my $p = pdf(inside => zip_end(0)); my $at = index $p, 'PK'; substr($p, $at + 20, 2) = pack('v', length($p) - $at - 22); $p },
	'a ZIP in the text of a PNG' => do { my $p = png(2, 2, after => png_chunk('tEXt', 'c' . "\0" . zip_end(16)));  $p },
	'a wrong checksum' => do { my $p = $png; substr($p, -20, 1) = "\xff"; $p }, 'a PNG cut short' => substr($png, 0, -12), 'a PNG of its signature' => substr($png, 0, 8),
	'a PNG without data' => "\x89PNG\r\n\x1a\n" . png_head(1, 1) . png_chunk('IEND', ''), 'a PNG with two heads' => png(1, 1, before => png_head(1, 1)),
	'a PNG with a chunk nobody knows' => png(1, 1, before => png_chunk('ABCD', 'x')), 'a PNG whose head is not first' => "\x89PNG\r\n\x1a\n" . png_chunk('gAMA', 'abcd') . substr($png, 8),
	'a PNG of no width' => png(0, 2, rows => "\0\0"), 'a PNG of depth 3' => "\x89PNG\r\n\x1a\n" . png_head(1, 1, 3) . substr($png, 33),
	'a PNG with its data in two places' => png(1, 1, after => png_chunk('tEXt', 'x') . png_chunk('IDAT', 'x')), 'a PNG with a chunk past its end' => substr($png, 0, 33) . pack('N', 0x7fffffff) . substr($png, 37),
	'a JPEG cut short' => substr($jpeg, 0, -2), 'a JPEG without data' => "\xff\xd8\xff\xd9", 'a JPEG without frame' => "\xff\xd8" . jpeg_segment(0xda, pack('C6', 1, 1, 0, 0, 63, 0)) . "\x3f\xff\xd9",
	'a JPEG of two frames' => jpeg(8, 8, before => jpeg_segment(0xc0, pack('C n n C4', 8, 8, 8, 1, 1, 0x11, 0))), 'a JPEG of no height' => jpeg(8, 0), 'a JPEG that browsers do not show' => jpeg(8, 8) =~ s/\xff\xc0/\xff\xc9/r,
	'a JPEG with a length of 1' => "\xff\xd8\xff\xe0\0\1" . substr($jpeg, 2), 'a JPEG with a length past its end' => "\xff\xd8\xff\xe0\xff\xff" . substr($jpeg, 2),
	'a WebP that says more' => webp(webp_vp8l()) =~ s/^RIFF./RIFF\x1c/sr, 'a WebP that says less' => webp(webp_vp8l()) =~ s/^RIFF./RIFF\x10/sr, 'a WebP without picture' => webp(webp_chunk('VP8X', "\0" x 10)),
	'a WebP with another canvas' => webp(webp_chunk('VP8X', pack('V', 0) . "\1\0\0\0\0\0"), webp_vp8l()), 'a WebP that moves' => webp(webp_chunk('VP8X', pack('V', 2) . "\0" x 6), webp_chunk('ANIM', "\0" x 6), webp_vp8l()),
	'a WebP of two pictures' => webp(webp_vp8l(), webp_vp8l()), 'a WebP chunk past its end' => do { my $w = webp(webp_vp8l()); substr($w, 16, 4) = pack('V', 0xfffffff0); $w },
	'a PDF without end' => pdf() =~ s/%%EOF//r, 'a PDF whose table is nowhere' => pdf(at => 99999), 'a PDF whose table is something else' => pdf(at => 5 + 10), 'a PDF of nothing' => "%PDF-1.4\n%%EOF\n", 'a PDF with lines behind it' => pdf(end => "\n\n\n\n"),
);
is_error(image($broken{$_}), 422, 'UPLOAD_FILE_BROKEN', $_) for sort keys %broken;

my %unknown = (
	GIF => "GIF89a\1\0\1\0\0\0\0;", SVG => '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', 'SVG with a head' => qq(<?xml version="1.0"?><svg/>), HTML => $html, PHP => '<?php', ZIP => "PK\3\4" . zip_end(0),
	text => 'photo', 'a GIF in front of a JPEG' => "GIF89a$jpeg", 'a line in front of a PNG' => "\n$png", 'HTML in front of a PNG' => $html . $png, BMP => 'BM' . "\0" x 50, AVI => "RIFF\x10\0\0\0AVI LIST" . "\0" x 8, EXE => 'MZ' . "\0" x 100,
	HEIC => "\0\0\0\x18ftypheic" . "\0" x 16, TIFF => "II*\0" . "\0" x 20, 'one byte' => "\xff", 'half a signature' => "\x89PNG");
is_error(image($unknown{$_}), 415, 'UPLOAD_TYPE_UNSUPPORTED', "$_, whatever it is called") for sort keys %unknown;

my $bomb = png(30_000, 30_000, rows => "\0" x 1000);
my $bombed = time;
is_error(image($bomb), 422, 'UPLOAD_IMAGE_TOO_LARGE', '4b.58 a PNG of 30 000 by 30 000');
cmp_ok(time - $bombed, '<', 2, 'which nobody unpacks');
is_deeply([ rows(), kept() ], [ $rows, @files ], 'no polyglot and no bomb leaves a file or a row');
is_error(image($_->[1]), 422, 'UPLOAD_IMAGE_TOO_LARGE', $_->[0])
	for [ '8 001 wide', png(8001, 1) ], [ '8 001 high', jpeg(1, 8001) ], [ '6 400 by 6 251: above 40 megapixels', jpeg(6400, 6251) ], [ 'a JPEG of 65 535', jpeg(65535, 65535) ], [ 'a WebP of 16 383', webp(webp_vp8(16383, 16383)) ],
	[ 'a lossless WebP of 16 384', webp(webp_vp8l(16384, 16384)) ], [ 'a PNG of 2 ** 31', png(2**31 - 1, 2**31 - 1, rows => "\0") ];
my $text = image($bomb, lang => 'fr')->{json}{message};
like($text, qr/8000.*40/, 'and it says how large it may be');

is_error(image(''), 422, 'UPLOAD_FILE_EMPTY', 'no bytes');
is_error(image('x' x (10 * 1024 * 1024 + 1)), 413, 'UPLOAD_FILE_TOO_LARGE', 'a byte more than 10 MiB');
is_error(upload([ part(images => $png), part(images => $html) ]), 415, 'UPLOAD_TYPE_UNSUPPORTED', 'one bad file among good ones');
like(upload([ part(images => $png), part(images => $html) ], lang => 'fr')->{json}{message}, qr/fichier 2/, 'is named by its place');
is_error(upload([ part(image => $png), part(image => $png) ]), 422, 'UPLOAD_TOO_MANY_FILES', 'two as "image"');
is_error(upload([ (part(images => $png)) x 11 ]), 422, 'UPLOAD_TOO_MANY_FILES', 'eleven as "images"');
is_error(upload([ part(file => $png) ]), 422, 'UPLOAD_FIELD_UNKNOWN', 'another field');
is_error(upload([ part(image => $png, filename => undef) ]), 422, 'UPLOAD_FIELD_UNKNOWN', 'a text where a file should be');
is_error(upload([]), 422, 'UPLOAD_FILE_MISSING', 'a form without part');
is_error(post('/api/v1/uploads', token => $token, shim => $shim, content => '', headers => { 'Content-Type' => 'multipart/form-data; boundary=X', 'Content-Length' => 0 }), 400, 'UPLOAD_FORM_MALFORMED', 'no form at all');
is_error(post('/api/v1/uploads', token => $token, shim => $shim), 415, 'UPLOAD_FORM_REQUIRED', 'no body');
is_error(post('/api/v1/uploads', token => $token, shim => $shim, body => {}), 415, 'UPLOAD_FORM_REQUIRED', 'JSON');
is_error(upload([ part(image => $png) ], headers => { 'Content-Type' => $_ }), 415, 'UPLOAD_FORM_REQUIRED', "sent as $_") for 'image/png', 'multipart/mixed; boundary=x', 'multipart/form-datax; boundary=x', 'application/x-www-form-urlencoded';

#------------------------------------------------------------------ tricks with forms

# A form with a body as it is, its boundary X.
sub trick
{
	my ($body, $type) = @_;

	return post('/api/v1/uploads', token => $token, shim => $shim, content => $body, headers => { 'Content-Type' => $type // 'multipart/form-data; boundary=X' });
}

my $part = part(image => $png);
my $whole = "--X\r\n$part\r\n--X--\r\n";
my %malformed = (
	'no end' => "--X\r\n$part\r\n--X\r\n", 'half an end' => "--X\r\n$part\r\n--X-", 'cut short' => substr($whole, 0, -12), 'a preamble' => "hello\r\n$whole", 'an epilogue' => "${whole}hello", 'a second form behind it' => $whole . $whole,
	'a line feed alone' => $whole =~ s/\r\n\r\n/\n\n/r, 'a bare CR in a header' => "--X\r\nContent-Disposition: form-data; name=\"image\"; file\rname=\"a\"\r\n\r\nx\r\n--X--", 'no header' => "--X\r\n\r\n$png\r\n--X--\r\n",
	'no disposition' => "--X\r\nContent-Type: image/png\r\n\r\n$png\r\n--X--\r\n", 'a disposition of another kind' => "--X\r\n" . part(image => $png, disposition => 'attachment; name="image"; filename="x"') . "\r\n--X--\r\n",
	'no name' => "--X\r\n" . part(image => $png, disposition => 'form-data; filename="x"') . "\r\n--X--\r\n", 'two names' => "--X\r\n" . part(image => $png, disposition => 'form-data; name="image"; name="images"; filename="x"') . "\r\n--X--\r\n",
	'two dispositions' => "--X\r\n" . part(image => $png, headers => ['Content-Disposition: form-data; name="image"']) . "\r\n--X--\r\n", 'a folded line' => "--X\r\n" . part(image => $png, headers => [ 'A: b', ' c' ]) . "\r\n--X--\r\n",
	'nine headers' => "--X\r\n" . part(image => $png, headers => [ map { "A$_: b" } 1 .. 8 ]) . "\r\n--X--\r\n", 'a long header' => "--X\r\n" . part(image => $png, filename => 'x' x 1100) . "\r\n--X--\r\n", 'a long name' => "--X\r\n" . part('i' x 64, $png) . "\r\n--X--\r\n",
	'an encoding' => "--X\r\n" . part(image => $png, headers => ['Content-Transfer-Encoding: base64']) . "\r\n--X--\r\n", 'a NUL in a header' => "--X\r\n" . part(image => $png, filename => "a\0b") . "\r\n--X--\r\n", 'an open quote' => "--X\r\n" . part(image => $png, disposition => 'form-data; name="image') . "\r\n--X--\r\n",
	'blanks behind the boundary' => "--X \r\n$part\r\n--X--\r\n", 'another boundary' => "--Y\r\n$part\r\n--Y--\r\n", 'the boundary in the file' => "--X\r\n" . part(image => "$png\r\n--Xtra") . "\r\n--X--\r\n", 'nothing' => '--X');
is_error(trick($malformed{$_}), 400, 'UPLOAD_FORM_MALFORMED', "a form with $_") for sort keys %malformed;
is_error(trick($whole, $_), 400, 'UPLOAD_FORM_MALFORMED', "Content-Type: $_")
	for 'multipart/form-data', 'multipart/form-data; boundary=', 'multipart/form-data; boundary=""', 'multipart/form-data; boundary=X; boundary=X', 'multipart/form-data; boundary="X', 'multipart/form-data; boundary=' . 'X' x 71, 'multipart/form-data; boundary="X Y"', 'multipart/form-data; boundary=X; ;';
is_deeply([ rows(), kept() ], [ $rows, @files ], 'none of them has left a file or a row');

is(trick($whole, $_)->{status}, 201, "well formed: $_") for 'Multipart/Form-Data; charset=utf-8; boundary="X"', 'multipart/form-data;boundary=X';
is(trick($_)->{status}, 201, 'well formed, too')
	for "--X\r\n$part\r\n--X--", "--X\r\n" . part(images => $png, disposition => 'FORM-DATA; Name=images; filename=""; filename*=UTF-8\'\'%e2%82%ac') . "\r\n--X--\r\n", "--X\r\n" . part(image => $png, filename => '../../etc/\\"passwd.php') . "\r\n--X--\r\n",
	"--X\r\n" . part(image => $png, headers => [ 'Content-Type: text/html', 'Content-Transfer-Encoding: binary' ]) . "\r\n--X--\r\n";
is_deeply([ rows(), kept() ], [ $rows, @files ], 'and kept under no other name');
# A file that looks like its boundary nearly all the way, in pieces of every size.
my $near = png(4, 4, after => png_chunk('tEXt', "x\0" . join '', map { "\r\n--BOUNDARY" x 1 . substr("\r\n--BOUNDAR\r", 0, $_) } 1 .. 12));
is(post('/api/v1/uploads', token => $token, shim => $shim, content => "--BOUNDARYS\r\n" . part(image => $near) . "\r\n--BOUNDARYS--\r\n", headers => { 'Content-Type' => 'multipart/form-data; boundary=BOUNDARYS' })->{json}{files}[0]{size}, length png(4, 4),
	'what begins like the boundary is part of the file');

#------------------------------------------------------------------ who may

($rows, @files) = (rows(), kept());
my %form = form(part(image => png(50, 50)));
is_error(post('/api/v1/uploads', shim => $shim, %form), 401, 'MISSING_TOKEN', 'nobody');
is_error(post('/api/v1/uploads', shim => $shim, token => mint($_, make_account($_), 0), %form), 403, 'FORBIDDEN', $_) for qw(CUSTOMER TECHNICIAN);
my $former = make_account('CUSTOMER');
is_error(post('/api/v1/uploads', shim => $shim, token => mint('ADMIN', $former, 0), %form), 403, 'FORBIDDEN', 'who was an admin when his token was made');
is_error(raw(ask('POST /api/v1/uploads HTTP/1.1', headers => [ 'Content-Type: multipart/form-data; boundary=X', 'Content-Length: 100000000' ]), shim => $shim), 401, 'MISSING_TOKEN', 'told before a long body comes');
is_error(raw(ask('POST /api/v1/uploads HTTP/1.1', headers => [ 'Content-Type: multipart/form-data; boundary=X', 'Expect: 100-continue', 'Content-Length: 1000' ]), shim => $shim), 401, 'MISSING_TOKEN', 'or to who asks first');
is_error(raw(ask('POST /api/v1/uploads HTTP/1.1', headers => [ "Authorization: Bearer $token", 'Content-Type: multipart/form-data; boundary=X', 'Content-Length: 200000000' ]), shim => $shim), 413, 'PAYLOAD_TOO_LARGE', 'a body of more than all files may have');
is_deeply([ rows(), kept() ], [ $rows, @files ], 'no trace of them');
is(put('/api/v1/uploads', token => $token, shim => $shim, %form)->{status}, 405, 'POST only');

#------------------------------------------------------------------ in pieces, and not to the end

my @head = ("Authorization: Bearer $token", 'Content-Type: multipart/form-data; boundary=X');
sub sent_in
{
	my ($bytes, $size) = @_;
	my $sock = connect_to($shim);

	print $sock ask('POST /api/v1/uploads HTTP/1.1', headers => [ @head, 'Content-Length: ' . length $bytes ]);
	for (my $at = 0; $at < length $bytes; $at += $size)
	{
		syswrite($sock, substr($bytes, $at, $size));
		sleep 0.001;
	}
	return read_reply($sock, 10);
}
is(sent_in($whole, $_)->{status}, 201, "pieces of $_ bytes") for 1, 7, 64;
my $chunked = join('', map { sprintf("%x\r\n%s\r\n", length, $_) } $whole =~ /(.{1,50})/gs) . "0\r\n\r\n";
is(raw(ask('POST /api/v1/uploads HTTP/1.1', headers => [ @head, 'Transfer-Encoding: chunked' ]) . $chunked, shim => $shim)->{status}, 201, 'a body without length');
is(raw(ask('POST /api/v1/uploads HTTP/1.1', headers => [ @head, 'Expect: 100-continue', 'Content-Length: ' . length $whole ]) . $whole, shim => $shim)->{status}, 201, 'who asks first may go on');

($rows, @files) = (rows(), kept());
my $open = connect_to($shim);
print $open ask('POST /api/v1/uploads HTTP/1.1', headers => [ @head, 'Content-Length: 9000000' ]), "--X\r\n" . part(image => $jpeg), 'x' x 100_000;
$open->flush;
sleep 0.3;
is_deeply([ kept() ], [@files], 'a file on its way has no name');
close $open;
is(image(png(3, 3))->{status}, 201, 'the turn of one that hung up goes to the next');

# One of an account at a time: others wait, and are not refused.
my $first = connect_to($shim);
print $first ask('POST /api/v1/uploads HTTP/1.1', headers => [ @head, 'Content-Length: ' . length $whole ]), substr($whole, 0, 30);
$first->flush;
sleep 0.2;
my $second = connect_to($shim);
print $second ask('POST /api/v1/uploads HTTP/1.1', headers => [ @head, 'Content-Length: ' . length $whole ]), $whole;
$second->flush;
is(read_reply($second, 0.7)->{status}, 'silent', 'a second upload of the same account waits');
is(post('/api/v1/uploads', token => $other[0], shim => $shim, form(part(image => $png)))->{status}, 201, 'one of another does not');
print $first substr($whole, 30);
$first->flush;
is(read_reply($_, 10)->{status}, 201, 'both are answered, in their turn') for $first, $second;

#------------------------------------------------------------------ limits of the folder

my $small = tempdir(CLEANUP => 1);
my $narrow = start_shim(MJC_FILES_DIR => $small, MJC_FILES_QUOTA_MB => 1, MJC_REQUEST_TIMEOUT_S => 3);
my $noise = join '', map { chr(int rand 256) } 1 .. 400_000;
my $large = sub { return png(1, 1, before => png_chunk('iCCP', "$_[0]$noise")) };
is(upload([ part(image => $large->($_)) ], shim => $narrow)->{status}, 201, "within the quota: $_") for 1, 2;
is_error(upload([ part(image => $large->(3)) ], shim => $narrow), 409, 'UPLOAD_NO_ROOM', 'past the quota');
is(upload([ part(image => $png) ], shim => $narrow)->{status}, 201, 'a small one still fits');
is(scalar(kept($small)), 3, 'three files');
my @slow = map { my $sock = connect_to($narrow); print $sock ask('POST /api/v1/uploads HTTP/1.1', headers => [ @head, 'Content-Length: 5000' ]), substr($whole, 0, 30); $sock->flush; sleep 1; $sock } 1, 2;
my $started = time;
is_error(upload([ part(image => $png) ], shim => $narrow), 503, 'UPLOAD_BUSY', 'who waits too long for two that do not go on is told so');
cmp_ok(time - $started, '<', 4.5, 'within his time');
is(read_reply($_, 8)->{status}, 'closed', 'they are cut off') for @slow;
is(upload([ part(image => $png) ], shim => $narrow)->{status}, 201, 'and its turn is over');
stop_shim($narrow);
my $again = start_shim(MJC_FILES_DIR => $small, MJC_FILES_QUOTA_MB => 1, MJC_HOUSEKEEP_INTERVAL_S => 1);
wait_for(sub { post('/api/v1/uploads', token => $token, shim => $again, form(part(image => $large->(4))))->{status} == 409 }, 5);
is_error(upload([ part(image => $large->(3)) ], shim => $again), 409, 'UPLOAD_NO_ROOM', 'what is there counts after a start');

my $none = start_shim();
is_error(upload([ part(image => $png) ], shim => $none), 503, 'UPLOAD_UNAVAILABLE', 'no folder: no uploads');
is_error(get("/files/$known", shim => $none), 404, 'NOT_FOUND', 'and no files');
my $bad = start_shim(MJC_FILES_DIR => '/nowhere/at/all', wait => 0);
ok(wait_for(sub { -s $bad->{err} }, 5), 'a folder that is not there: no start');
like(slurp($bad->{err}), qr/MJC_FILES_DIR/, 'and why');

#------------------------------------------------------------------ the sweep

sub age { my ($path, $days) = @_; my $at = time - $days * 86400; utime($at, $at, $path) or die "$path: $!"; return }

my @orphan = map { sha256_hex("orphan $_") . '.png' } 1 .. 3;
for my $name (@orphan)
{
	mkdir "$folder/" . substr($name, 0, 2);
	open(my $out, '>', "$folder/" . substr($name, 0, 2) . "/$name") or die;
	print $out 'x';
}
age("$folder/" . substr($_, 0, 2) . "/$_", 2) for @orphan[ 0, 1 ];
my @known_files = grep { !/^(tmp|lock)/ } @files;
age("$folder/$_", 2) for @known_files;
for my $name (qw(old new))
{
	open(my $out, '>', "$folder/tmp/$name") or die;
}
age("$folder/tmp/old", 1);
my $forgotten = sha256_hex(png(3, 3)) . '.png';
is(sql("SELECT mjc.media_delete(:'name')", name => $forgotten), $forgotten, 'staff forget a file in psql');
age("$folder/" . substr($forgotten, 0, 2) . "/$forgotten", 2);
my $sweeper = start_shim(MJC_FILES_DIR => $folder, MJC_HOUSEKEEP_INTERVAL_S => 1);
ok(wait_for(sub { !grep { /$orphan[0]/ } kept() }, 10), 'a file without a row goes');
wait_for(sub { grep { ($_->{event} // '') eq 'files_swept' } shim_log($sweeper) }, 10);
is(scalar(grep { /$orphan[1]|$forgotten|tmp\/old/ } kept()), 0, 'and others, what was forgotten, and what an end has left');
is_deeply([ grep { !/$orphan[2]|tmp\/new|$forgotten/ } kept() ], [ grep { !/$forgotten/ } @files ], 'files with a row stay, however old');
is(scalar(grep { /$orphan[2]|tmp\/new/ } kept()), 2, 'and what is younger than a day');
is(image(png(3, 3))->{status}, 201, 'what was forgotten may come back');
is(get("/files/$forgotten", shim => $shim)->{status}, 200, 'and is there');

#------------------------------------------------------------------ killed in the middle

for my $wait (0, 0.002, 0.005, 0.01, 0.02, 0.05)
{
	my $victim = start_shim(MJC_FILES_DIR => $folder);
	my @kinds = map { my $i = $_; part(images => png(100 + $i, 1 + 1000 * $wait)) } 1 .. 10;
	my %all = form(@kinds);
	my $bytes = $all{content};
	my $sock = connect_to($victim);

	print $sock ask('POST /api/v1/uploads HTTP/1.1', headers => [ "Authorization: Bearer $token", "Content-Type: $all{headers}{'Content-Type'}", 'Content-Length: ' . length $bytes ]), $bytes;
	$sock->flush;
	sleep $wait;
	stop_shim($victim, 'KILL');
}
is_deeply([ grep { my ($hash) = m{/([0-9a-f]{64})\.}; $hash && $hash ne substr($orphan[2], 0, 64) && sha256_hex(slurp("$folder/$_")) ne $hash } kept() ], [], 'kill -9: every file is whole');
my %there = map { (m{([^/]+)\z})[0] => 1 } kept();
# (Other shims of this file have folders of their own.)
my %elsewhere = map { (m{([^/]+)\z})[0] => 1 } kept($small);
is_deeply([ grep { !$there{$_} && !$elsewhere{$_} } split /\n/, sql("SELECT name FROM mjc.media WHERE uploaded_by = :'who'", who => $admin) ], [], 'and every row has its file');
is(image(png(9, 9))->{status}, 201, 'another shim on the folder goes on');

#------------------------------------------------------------------ the shop that make run starts

my $home = post('/api/v1/uploads', token => $token, form(part(image => png(12, 12))));
is($home->{status}, 201, 'it keeps files in its own folder') or said($home);
is(get($home->{json}{files}[0]{url})->{status}, 200, 'and serves them');

sql("DELETE FROM mjc.media WHERE uploaded_by = ANY (:'who')", who => '{' . join(',', $admin, @others) . '}');
finish();

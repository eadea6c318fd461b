package Files;

# Files.pm - files by hand, byte by byte, and forms to send them in: for tests of uploads.
#
# Every picture is a real one that decoders show. None of it comes from the code under test.

use strict;
use warnings;

use Compress::Zlib qw(compress crc32);
use Exporter qw(import);
use MIME::Base64 qw(decode_base64);

our @EXPORT = qw(png png_chunk png_head jpeg jpeg_segment jpeg_body exif webp webp_chunk webp_vp8l webp_vp8 pdf zip_end form part);

#------------------------------------------------------------------ PNG

sub png_chunk { my ($type, $data) = @_; return pack('N a4 a* N', length $data, $type, $data, crc32($type . $data)) }

# IHDR: width, height, depth (8), colour (0: grey), interlace (0).
sub png_head { my ($w, $h, $depth, $colour, $interlace) = @_; return png_chunk('IHDR', pack('N N C5', $w, $h, $depth // 8, $colour // 0, 0, 0, $interlace // 0)) }

# png(width, height, before => chunks, after => chunks): a grey picture; chunks before and behind its data.
sub png
{
	my ($w, $h, %opt) = @_;
	my $rows = $opt{rows} // ("\0" . "\x80" x $w) x $h;

	return "\x89PNG\r\n\x1a\n" . png_head($w, $h) . ($opt{before} // '') . png_chunk('IDAT', compress($rows)) .
		($opt{after} // '') . png_chunk('IEND', '');
}

#------------------------------------------------------------------ JPEG

sub jpeg_segment { my ($marker, $data) = @_; return pack('C C n a*', 0xff, $marker, 2 + length $data, $data) }

# One grey block, its code words one bit each: what stands between the head and the end.
sub jpeg_body
{
	my ($w, $h) = @_;

	return jpeg_segment(0xdb, "\0" . "\1" x 64) . jpeg_segment(0xc0, pack('C n n C4', 8, $h, $w, 1, 1, 0x11, 0)) .
		jpeg_segment(0xc4, "\0" . "\1" . "\0" x 15 . "\0") . jpeg_segment(0xc4, "\x10" . "\1" . "\0" x 15 . "\0") .
		jpeg_segment(0xda, pack('C6', 1, 1, 0, 0, 63, 0)) . "\x3f";
}

# jpeg(width, height, before => segments, after => bytes)
sub jpeg
{
	my ($w, $h, %opt) = @_;

	return "\xff\xd8" . ($opt{before} // '') . jpeg_body($w, $h) . "\xff\xd9" . ($opt{after} // '');
}

# An EXIF segment with an orientation and a place in a text; little: the other order of bytes.
sub exif
{
	my ($orientation, $text, $little) = @_;
	my ($n, $N) = $little ? ('v', 'V') : ('n', 'N');
	my $tiff = ($little ? "II*\0" : "MM\0*") . pack($N, 8) . pack("$n $n $n $N $n $n $n $n $N $N $N", 2,
		0x0112, 3, 1, $little ? ($orientation, 0) : ($orientation, 0), 0x010e, 2, length $text, 38, 0) . $text;

	return jpeg_segment(0xe1, "Exif\0\0$tiff");
}

#------------------------------------------------------------------ WebP

sub webp_chunk { my ($type, $data) = @_; return pack('a4 V a*', $type, length $data, $data) . (length($data) % 2 ? "\0" : '') }

sub webp { my $chunks = join '', @_; return pack('a4 V a4 a*', 'RIFF', 4 + length $chunks, 'WEBP', $chunks) }

# The coded data of pictures of one pixel; others have only their dimensions changed.
sub webp_vp8l
{
	my ($w, $h) = (@_, 1, 1);
	my $data = substr(decode_base64('UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=='), 20, 13);

	substr($data, 1, 4) = pack('V', (unpack('V', substr($data, 1, 4)) & 0xf0000000) | ($w - 1) | ($h - 1) << 14);
	return webp_chunk('VP8L', $data);
}

sub webp_vp8
{
	my ($w, $h) = (@_, 1, 1);
	my $data = substr(decode_base64('UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA'), 20, 22);

	substr($data, 6, 4) = pack('v v', $w, $h);
	return webp_chunk('VP8 ', $data);
}

#------------------------------------------------------------------ PDF, ZIP

sub pdf
{
	my (%opt) = @_;
	my $text = "%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages/Kids[]/Count 0>> endobj\n" . ($opt{inside} // '');
	my $at = length $text;

	return "${text}xref\n0 1\n0000000000 65535 f \ntrailer <</Size 3/Root 1 0 R>>\nstartxref\n" . ($opt{at} // $at) . "\n%%EOF" . ($opt{end} // "\n");
}

# The end of a ZIP archive with a comment of that many bytes.
sub zip_end { return "PK\5\6" . "\0" x 16 . pack('v', $_[0]) }

#------------------------------------------------------------------ forms

# part(name, content, filename => , headers => [lines]): one part without its boundary.
sub part
{
	my ($name, $content, %opt) = @_;
	my $file = exists $opt{filename} ? $opt{filename} : 'photo.jpg';
	my $disposition = $opt{disposition} // qq(form-data; name="$name") . (defined $file ? qq(; filename="$file") : '');

	return join("\r\n", "Content-Disposition: $disposition", @{ $opt{headers} // ['Content-Type: application/octet-stream'] }, '', $content);
}

# form(parts): the options of a request that sends them.
sub form
{
	my $boundary = '----shop' . int rand 1e9;
	my $body = join '', (map { "--$boundary\r\n$_\r\n" } @_), "--$boundary--\r\n";

	return (content => $body, headers => { 'Content-Type' => "multipart/form-data; boundary=$boundary" });
}

1;

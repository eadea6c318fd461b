# files.t - files that staff send, through shims that are killed at any moment and a folder
# that is full: what was confirmed is there, what is there is whole, and every row has its file.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use File::Find;
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/../http/lib";
use Fault qw(make_dir);
use Files;
use Shop;
use Test::More;
use Time::HiRes qw(sleep time);

use constant ROUNDS => 40;
use constant CLIENTS => 4;

my @admin = map { make_account('ADMIN') } 1 .. CLIENTS;
my @token = map { mint('ADMIN', $_, 0) } @admin;
my $serial = 0;

# Every file of a folder: name => content's hash.
sub files_of
{
	my $folder = shift;
	my %hash;

	find(sub { $hash{$_} = sha256_hex(slurp($_)) if -f && /^[0-9a-f]{64}\./ }, $folder);
	return \%hash;
}

sub left_over { my ($folder) = @_; my @left = glob("$folder/tmp/*"); return scalar @left }

sub upload
{
	my ($shim, $who, @files) = @_;

	return post('/api/v1/uploads', token => $token[$who], shim => $shim, form(map { part(images => $_) } @files));
}

#------------------------------------------------------------------ kill -9

my $folder = tempdir(CLEANUP => 1);
my (%confirmed, $killed);
for my $round (1 .. ROUNDS)
{
	my $shim = start_shim(MJC_FILES_DIR => $folder);
	my $killer = fork // die;

	if (!$killer)
	{
		sleep 0.02 + rand 0.4;
		kill 'KILL', $shim->{pid};
		POSIX::_exit(0);
	}
	my @told = parallel(CLIENTS, sub {
		my $i = shift;
		my @names;

		for my $n (1 .. 1000)
		{
			# One file of its own, one that all clients send in this round.
			my $reply = upload($shim, $i, png(1 + $i, 1, before => png_chunk('gAMA', pack('N', 1000 * $round + $n))), png(9, 1, before => png_chunk('gAMA', pack('N', $n))));

			last if $reply->{status} != 201;
			push @names, map { $_->{filename} } @{ $reply->{json}{files} };
		}
		return { names => \@names };
	});
	waitpid $killer, 0;
	stop_shim($shim, 'KILL');
	$killed++;
	$confirmed{$_} = 1 for map { @{ $_->{names} // [] } } @told;
}
my $files = files_of($folder);
my %row = map { $_ => 1 } split /\n/, sql("SELECT name FROM mjc.media WHERE uploaded_by = ANY (:'who')", who => '{' . join(',', @admin) . '}');
diag(sprintf '%d kills, %d files confirmed, %d kept, %d rows, %d unfinished', $killed, scalar keys %confirmed, scalar keys %$files, scalar keys %row, left_over($folder));
cmp_ok(scalar keys %confirmed, '>', 100, 'many files were sent');
is_deeply([ grep { !/^$files->{$_}\./ } keys %$files ], [], 'every file is whole');
is_deeply([ grep { !$files->{$_} } keys %row ], [], 'every row has its file');
is_deeply([ grep { !$row{$_} || !$files->{$_} } keys %confirmed ], [], 'what was confirmed is there, file and row');

my $shim = start_shim(MJC_FILES_DIR => $folder);
is(upload($shim, 0, png(5, 5))->{status}, 201, 'the next shim goes on');
stop_shim($shim);

#------------------------------------------------------------------ a full folder

SKIP:
{
	my $disk = make_dir();
	skip 'no tmpfs can be mounted here', 1 if $> != 0 || system("mount -t tmpfs -o size=4m,mode=755 tmpfs '$disk' 2>/dev/null") != 0;

	my $full = start_shim(MJC_FILES_DIR => $disk);
	my $noise = join '', map { chr int rand 256 } 1 .. 700_000;
	my $large = sub { return png(1, 1, before => png_chunk('iCCP', "$_[0]$noise")) };
	my %seen;

	for my $n (1 .. 12)
	{
		my $reply = upload($full, 0, $large->($n));

		$seen{"$reply->{status} " . ($reply->{json}{code} // '')}++;
	}
	is_deeply([ sort keys %seen ], [ '201 ', '409 UPLOAD_NO_ROOM' ], 'a full disk: no room, told so');
	is(left_over($disk), 0, 'nothing unfinished is left');
	my $there = files_of($disk);
	is(scalar keys %$there, $seen{'201 '}, 'what was confirmed is there, and nothing else');
	is_deeply([ grep { !/^$there->{$_}\./ } keys %$there ], [], 'whole');
	my ($name) = keys %$there;
	is(get("/files/$name", shim => $full)->{status}, 200, 'files are served as ever');
	ok((grep { ($_->{event} // '') eq 'upload_failed' && $_->{errno} == 28 } shim_log($full)), 'the log says why');
	unlink map { "$disk/" . substr($_, 0, 2) . "/$_" } keys %$there;
	is(upload($full, 0, $large->(99))->{status}, 201, 'with room again it goes on');
	stop_shim($full);
	system 'umount', $disk;
}

sql("DELETE FROM mjc.media WHERE uploaded_by = ANY (:'who')", who => '{' . join(',', @admin) . '}');
finish();

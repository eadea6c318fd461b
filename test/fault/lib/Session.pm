package Session;

# Session.pm - one psql that stays open: statements go in one after the other, and what
# came back is read when it is wanted. So a test has a session wait for a lock or for the
# disk while it does something else.
#
# A reply is { lines => [...], state => SQLSTATE or '', message => '', lost => bool }.
# A session that lost its server stays lost; make another.

use strict;
use warnings;

use IO::Handle;
use IPC::Open3;
use Time::HiRes qw(time);

$SIG{PIPE} = 'IGNORE';

sub new
{
	my ($class, $dsn) = @_;
	my $psql = ($ENV{MJC_TEST_PG_BIN} ? "$ENV{MJC_TEST_PG_BIN}/" : '') . 'psql';
	local $ENV{PGOPTIONS} = '-c client_min_messages=warning';
	my $pid = open3(my $in, my $out, undef, $psql, '-XqAt', '-v', 'VERBOSITY=verbose', '-v', 'SHOW_CONTEXT=never', '-d', $dsn);

	$in->autoflush(1);
	return bless { pid => $pid, in => $in, out => $out, buffer => '', sent => 0, answered => 0, owner => $$ }, $class;
}

# Statements, each line on its own; their reply is fetched by reply().
sub tell
{
	my ($self, $text) = @_;
	my $mark = ++$self->{sent};

	$text .= ";" unless $text =~ /;\s*\z/;
	print { $self->{in} } "$text\n\\echo mark-$mark\n";
	return $self;
}

# The reply to what was told, undef when it has not come within that many seconds.
sub reply
{
	my ($self, $seconds) = @_;
	my $mark = $self->{answered} + 1;
	my $deadline = time + ($seconds // 60);

	while (1)
	{
		if ($self->{buffer} =~ s/\A(.*?)^mark-$mark\n//ms)
		{
			my $text = $1;

			$self->{answered} = $mark;
			return _judged($text, 0);
		}
		my $more = $self->_more($deadline - time) // return;
		next if $more;
		my $text = $self->{buffer};
		$self->{buffer} = '';
		return _judged($text, 1);
	}
}

# Reads what is there: true when something was, 0 at the end of it, undef after the time.
sub _more
{
	my ($self, $seconds) = @_;
	my $set = '';

	vec($set, fileno $self->{out}, 1) = 1;
	return unless select $set, undef, undef, $seconds > 0 ? $seconds : 0;
	return sysread($self->{out}, $self->{buffer}, 65536, length $self->{buffer}) ? 1 : 0;
}

sub _judged
{
	my ($text, $lost) = @_;
	my ($state, $message) = $text =~ /^(?:ERROR|FATAL|PANIC):\s+(\w{5}): (.*)$/m;
	# psql may hear of the end before it finds the connection closed, and go on for a while
	$lost ||= $text =~ /^(?:FATAL|PANIC):|server closed the connection|connection to server was lost|could not (?:send|receive) data/m ? 1 : 0;
	my @lines = grep { !/^(?:ERROR|FATAL|PANIC|WARNING|DETAIL|HINT|LOCATION|CONTEXT|psql):/ } split /\n/, $text;

	return { lines => \@lines, state => $state // '', message => $message // '', lost => $lost };
}

# Statements and their reply at once.
sub ask
{
	my ($self, $text, $seconds) = @_;

	return $self->tell($text)->reply($seconds) // die "no reply within @{[ $seconds // 60 ]} s: $text";
}

# The only line of a reply that must have no error.
sub value
{
	my ($self, $text) = @_;
	my $reply = $self->ask($text);

	die "$text: $reply->{state} $reply->{message}" if $reply->{state} || $reply->{lost};
	return join "\n", @{ $reply->{lines} };
}

sub end
{
	my ($self) = @_;

	return unless $self->{pid};
	close $self->{in};
	# it may wait for a server that is stopped
	kill 'TERM', $self->{pid};
	close $self->{out};
	waitpid $self->{pid}, 0;
	delete $self->{pid};
	return;
}

sub DESTROY
{
	my ($self) = @_;
	local ($?, $!, $@);

	$self->end if $self->{pid} && $self->{owner} == $$;
	return;
}

1;

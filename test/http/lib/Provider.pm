package Provider;

# Provider.pm - a server that stands in for Stripe and Chargily Pay.
#
# It listens on loopback, answers with the shapes of the real ones, keeps what it was asked
# and misbehaves when told to. One process accepts, one more serves each connection, so that
# a slow answer holds up no other.
#
#   my $provider = Provider->new;      $provider->url
#   $provider->be('status 500');       see %modes
#   $provider->asked                   the requests so far: {method, path, headers, body, form}
#   $provider->forget                  as if nothing had been asked

use strict;
use warnings;

use Fcntl qw(:flock);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use JSON::PP;
use POSIX ();
use Time::HiRes qw(sleep);

my $coder = JSON::PP->new->utf8->canonical;

# What be() may be given: the answer as sent, or how it goes wrong.
my %modes = (
	well => sub { answer(@_[ 0, 1, 2 ]) },
	silent => sub { sleep 60 },                                  # takes the request, never answers
	slow => sub { trickle(@_[ 0, 1, 2 ], $_[3]) },               # the body over so many seconds
	status => sub { answer($_[0], $_[3], { error => { code => 'try_again', message => 'told so' } }) },
	garbage => sub { print { $_[0] } "\x16\x03\x01\0\0 what is this\n" },
	html => sub { send_as($_[0], 200, 'text/html', '<html><body>Bonjour</body></html>') },
	large => sub { send_as($_[0], 200, 'application/json', '{"id":"x","pad":"' . 'x' x 1_048_576 . '"}') },
	cut => sub { cut(@_[ 0, 1, 2 ]) },                           # hangs up in the middle of the body
	redirect => sub { send_as($_[0], 302, 'text/plain', '', 'Location: /elsewhere') },
	elsewhere => sub { my %reply = %{ $_[2] }; $reply{$_} = 'http://evil.example/pay' for grep { exists $reply{$_} } qw(url checkout_url); answer($_[0], 200, \%reply) },
	headers => sub { send_as($_[0], 200, 'application/json', '{}', map { "X-$_: " . 'y' x 1000 } 1 .. 100) },
);

sub new
{
	my $class = shift;
	my $self = bless { dir => tempdir(CLEANUP => 1), owner => $$ }, $class;

	$self->{listener} = IO::Socket::INET->new(Listen => 32, LocalAddr => '127.0.0.1', LocalPort => 0, ReuseAddr => 1) or die "no port: $!";
	$self->{url} = 'http://127.0.0.1:' . $self->{listener}->sockport;
	$self->be('well');
	$self->{pid} = fork // die;
	if (!$self->{pid})
	{
		$SIG{CHLD} = 'IGNORE';
		$SIG{TERM} = 'DEFAULT';
		while (my $sock = $self->{listener}->accept)
		{
			my $child = fork // next;
			if (!$child)
			{
				eval { $self->serve($sock) };
				close $sock;
				POSIX::_exit(0);
			}
			close $sock;
			# Nobody needs it when the test is gone.
			POSIX::_exit(0) if getppid() == 1;
		}
		POSIX::_exit(0);
	}
	close $self->{listener};
	return $self;
}

sub url { return $_[0]{url} }

sub be { my ($self, $mode) = @_; return $self->store('mode', $mode) }

sub DESTROY
{
	my $self = shift;

	return unless $self->{pid} && $self->{owner} == $$;
	local $?;
	kill 'TERM', $self->{pid};
	waitpid($self->{pid}, 0);
}

#------------------------------------------------------------------ what is kept

sub store
{
	my ($self, $name, $text) = @_;

	open(my $file, '>', "$self->{dir}/$name.new") or die;
	print $file $text;
	close $file;
	rename "$self->{dir}/$name.new", "$self->{dir}/$name" or die;
	return;
}

sub fetch
{
	my ($self, $name) = @_;

	open(my $file, '<', "$self->{dir}/$name") or return;
	local $/;
	return scalar <$file>;
}

sub asked
{
	my $self = shift;

	return map { $coder->decode($_) } split /\n/, $self->fetch('asked') // '';
}

sub forget { my $self = shift; unlink "$self->{dir}/asked"; return }

sub remember
{
	my ($self, $request) = @_;

	open(my $file, '>>', "$self->{dir}/asked") or die;
	flock $file, LOCK_EX;
	print $file $coder->encode($request), "\n";
	close $file;
	return;
}

#------------------------------------------------------------------ one request

sub read_request
{
	my $sock = shift;
	my ($method, $path) = (readline($sock) // '') =~ m{^(\S+) (\S+) HTTP/1\.1\r\n} or return;
	my %headers;

	while ((my $line = readline($sock) // '') =~ /^([^:\s]+):\s*(.*)\r\n/) { $headers{ lc $1 } = $2 }
	my $body = '';
	read($sock, $body, $headers{'content-length'}) if $headers{'content-length'};
	my %form = ($headers{'content-type'} // '') =~ /form-urlencoded/
		? map { s/\+/ /gr =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ger } map { split /=/, $_, 2 } split /&/, $body
		: ();
	return { method => $method, path => $path, headers => \%headers, body => $body, form => \%form };
}

sub serve
{
	my ($self, $sock) = @_;
	my $request = read_request($sock) or return;
	my ($mode, $more) = split / /, $self->fetch('mode'), 2;

	$self->remember($request);
	# Stripe keeps what it answered under a key, and wants the same parameters with it.
	my $key = $request->{headers}{'idempotency-key'};
	my ($status, $reply) = $self->reply_to($request);
	if (defined $key && $mode =~ /^(?:well|silent|cut|slow)$/)
	{
		my $before = $self->fetch("key-$key");

		if (!defined $before) { $self->store("key-$key", $coder->encode([ $request->{body}, $status, $reply ])) }
		else
		{
			my $kept = $coder->decode($before);

			($status, $reply) = $kept->[0] eq $request->{body} ? @$kept[ 1, 2 ]
				: (400, { error => { type => 'idempotency_error', message => 'other parameters' } });
		}
	}
	$modes{$mode}->($sock, $status, $reply, $more);
	return;
}

sub reply_to
{
	my ($self, $request) = @_;
	my $what = "$request->{method} $request->{path}";
	my $id = sprintf '%x%x', $$, int(rand 2**31);

	return (401, { error => { type => 'invalid_request_error', message => 'Invalid API Key provided' } })
		if ($request->{headers}{authorization} // '') !~ /^Bearer \S*_good$/;
	return (200, session("cs_test_$id", $request->{form}, $self->{url})) if $what eq 'POST /v1/checkout/sessions';
	return (200, session($1, {}, $self->{url})) if $what =~ m{^GET /v1/checkout/sessions/(\w+)$};
	return (200, refund("re_$id", $request->{form})) if $what eq 'POST /v1/refunds';
	return (200, checkout("01hj$id", $coder->decode($request->{body}), $self->{url})) if $what eq 'POST /checkouts';
	return (200, checkout($1, { amount => 1000, metadata => {} }, $self->{url})) if $what =~ m{^GET /checkouts/(\w+)$};
	return (404, { error => { type => 'invalid_request_error', message => 'Unrecognized request URL' } });
}

# A checkout session of Stripe.
sub session
{
	my ($id, $form, $url) = @_;
	my $amount = $form->{'line_items[0][price_data][unit_amount]'};

	return {
		id => $id, object => 'checkout.session', amount_subtotal => $amount && 0 + $amount,
		amount_total => $amount && 0 + $amount, cancel_url => $form->{cancel_url},
		client_reference_id => $form->{client_reference_id}, created => time, currency => 'dzd', customer => undef,
		expires_at => $form->{expires_at} && 0 + $form->{expires_at}, livemode => JSON::PP::false, locale => undef,
		metadata => { order_id => $form->{'metadata[order_id]'}, checkout_id => $form->{'metadata[checkout_id]'} },
		mode => 'payment', payment_intent => undef, payment_method_types => ['card'], payment_status => 'unpaid',
		status => 'open', success_url => $form->{success_url}, url => "$url/c/pay/$id#fidkdWxOYHwnPyd1blpxYHZxWjA0",
	};
}

sub refund
{
	my ($id, $form) = @_;

	return {
		id => $id, object => 'refund', amount => 0 + ($form->{amount} // 0), charge => 'ch_1', created => time, currency => 'dzd',
		metadata => { order_id => $form->{'metadata[order_id]'}, refund_id => $form->{'metadata[refund_id]'} },
		payment_intent => $form->{payment_intent}, reason => undef, status => 'succeeded',
	};
}

# A checkout of Chargily Pay v2: whole dinars.
sub checkout
{
	my ($id, $asked, $url) = @_;

	return {
		id => $id, entity => 'checkout', livemode => JSON::PP::false, amount => 0 + $asked->{amount}, currency => 'dzd',
		fees => 0, fees_on_merchant => 0, fees_on_customer => 0, pass_fees_to_customer => undef,
		chargily_pay_fees_allocation => 'customer', status => 'pending', locale => $asked->{locale} // 'fr',
		description => $asked->{description}, metadata => $asked->{metadata}, success_url => $asked->{success_url},
		failure_url => $asked->{failure_url}, payment_method => $asked->{payment_method}, invoice_id => undef,
		customer_id => undef, payment_link_id => undef, created_at => time, updated_at => time, shipping_address => undef,
		collect_shipping_address => 0, discount => undef, amount_without_discount => undef,
		checkout_url => "$url/test/checkouts/$id/pay",
	};
}

#------------------------------------------------------------------ answers

sub head
{
	my ($status, $type, $length, @more) = @_;

	return join("\r\n", "HTTP/1.1 $status Told", "Content-Type: $type", "Content-Length: $length", 'Connection: close', @more, '', '');
}

sub send_as
{
	my ($sock, $status, $type, $body, @more) = @_;

	print $sock head($status, $type, length $body, @more), $body;
	return;
}

sub answer { my ($sock, $status, $reply) = @_; return send_as($sock, $status, 'application/json', $coder->encode($reply)) }

sub cut
{
	my ($sock, $status, $reply) = @_;
	my $body = $coder->encode($reply);

	print $sock head($status, 'application/json', length $body), substr($body, 0, length($body) / 2);
	return;
}

sub trickle
{
	my ($sock, $status, $reply, $seconds) = @_;
	my $body = $coder->encode($reply);

	$sock->autoflush(1);
	print $sock head($status, 'application/json', length $body);
	for my $at (0 .. 19)
	{
		my $from = int(length($body) * $at / 20);

		print $sock substr($body, $from, int(length($body) * ($at + 1) / 20) - $from) or return;
		sleep $seconds / 20;
	}
	return;
}

1;

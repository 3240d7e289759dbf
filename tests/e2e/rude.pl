# rude.pl SOCKET: clients that do not behave, and what jitstatd does with them, one line each.
use strict;
use warnings;
use Socket;
use IO::Select;
use Errno;
my $path = shift;
my $good = pack 'L<L<L<l<Q<x32', 0x6a69740a, 2, 0, 0, 0; # wire.h: all targets

sub dial {
    socket(my $s, AF_UNIX, 5, 0) or die "socket: $!"; # SOCK_SEQPACKET
    connect($s, pack_sockaddr_un($path)) or return;
    return $s;
}
# closed, or how many bytes came
sub outcome {
    my ($s, $n) = (shift, 0);
    return 'silent' unless IO::Select->new($s)->can_read(10);
    $n = recv($s, my $got, 1 << 17, 0);
    return defined $n && length $got ? 'answered' : 'closed';
}
for (['garbage', "\xff" x length $good], ['short', substr $good, 0, 20], ['long', $good . 'x'], ['good', $good]) {
    my $s = dial() or die "connect: $!";
    send $s, $_->[1], 0;
    print "$_->[0]: ", outcome($s), "\n";
}
my @many = grep { $_ } map { dial() } 1 .. 100;
my $served = grep { defined send($_, $good, &Socket::MSG_NOSIGNAL) && outcome($_) eq 'answered' } @many;
print "connections: $served of ", scalar @many, " served\n";
@many = ();
my $slow = dial() or die "connect: $!";
my $sent = 0;
$sent++ while $sent < 100000 && defined send $slow, $good, &Socket::MSG_DONTWAIT | &Socket::MSG_NOSIGNAL;
print "slow: sent $sent, then ", $!{EAGAIN} ? 'it had to wait' : "$!", "\n";
my $other = dial() or die "connect: $!";
send $other, $good, 0;
print "another: ", outcome($other), "\n";

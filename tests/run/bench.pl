# The clockwork behind bench.sh: bench.pl BIN LUA LUAJIT (NAME SIZE)..., LUA and LUAJIT may be empty.
# Runs each program ROUNDS times with every contender in turn, checks that all print the same, prints the table.
# A contender that fails or prints something else shows "-" and takes no part in ratios; for BIN that is an error.
# x86-64 Linux: wait4 and prctl go by number, so that nothing but perl itself is needed.
use strict;
use warnings;
use Time::HiRes qw(time);
use POSIX ();

my ($bin, $lua, $luajit, @rows) = @ARGV;
my $rounds = $ENV{ROUNDS} || 3;
my $with_memory = $ENV{MEM};
my $cpu = $ENV{CPU};
my $cpu_clock = ($ENV{CLOCK} || '') eq 'cpu';
$| = 1;

my @contenders = (
    { key => 'this', program => $bin, label => 'this' },
    { key => 'off', program => $bin, label => 'this with JITSTAT=off', jitstat => 'off' },
    { key => 'ref', program => $lua, label => 'lua5.4' },
    { key => 'luajit', program => $luajit, label => 'luajit' },
);
@contenders = grep { $_->{program} } @contenders;
my $out_file = "/tmp/jitstat-bench.$$";
END { unlink $out_file if defined $out_file }

sub in_child {
    my ($c, @arguments) = @_;
    open STDIN, '<', '/dev/null' or POSIX::_exit(126);
    open STDOUT, '>', $out_file or POSIX::_exit(126);
    open STDERR, '>', '/dev/null' or POSIX::_exit(126);
    if (defined $c->{jitstat}) { $ENV{JITSTAT} = $c->{jitstat} }
    elsif ($c->{key} ne 'this') { delete $ENV{JITSTAT} }
    my @command = ($c->{program}, @arguments);
    unshift @command, 'taskset', '-c', $cpu if defined $cpu && length $cpu;
    { no warnings; exec { $command[0] } @command }
    POSIX::_exit(127);
}

sub output {
    open my $f, '<', $out_file or return '';
    local $/;
    my $text = <$f>;
    return defined $text ? $text : '';
}

# wait4(2): (pid or -1, status, rusage as bytes)
sub wait_for {
    my ($pid) = @_;
    my ($status, $usage) = (pack('i', 0), "\0" x 144);
    my $got = syscall(61, $pid, $status, 0, $usage);
    return ($got, unpack('i', $status), $usage);
}

# (seconds, output) or () when it fails
sub run_once {
    my ($c, $name, $size) = @_;
    my $start = time;
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    in_child($c, "$name.lua", $size) if $pid == 0;
    my ($got, $status, $usage) = wait_for($pid);
    my $seconds = time - $start;
    return () if $got != $pid || $status != 0;
    if ($cpu_clock) {
        my ($us, $uu, $ss, $su) = unpack('q4', $usage);
        $seconds = $us + $ss + ($uu + $su) / 1e6;
    }
    return ($seconds, output());
}

# Peak resident memory in MB. A process inherits the peak of what it was before exec, which here would be perl's own,
# so a small shell starts the program and leaves, and the orphan comes to us as the subreaper with its own usage.
sub peak_memory {
    my ($c, $name, $size) = @_;
    syscall(157, 36, 1, 0, 0, 0); # prctl(PR_SET_CHILD_SUBREAPER, 1)
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    if ($pid == 0) {
        my %shell = (%$c, program => '/bin/sh');
        in_child(\%shell, '-c', '"$@" & exit 0', 'sh', $c->{program}, "$name.lua", $size);
    }
    my $peak = 0;
    while (1) {
        my ($got, undef, $usage) = wait_for(-1);
        last if $got < 0;
        $peak = unpack('q', substr($usage, 32, 8)) / 1024 if $got != $pid;
    }
    return $peak;
}

sub median {
    my @sorted = sort { $a <=> $b } @_;
    my $n = @sorted;
    return undef unless $n;
    return $n % 2 ? $sorted[$n / 2] : ($sorted[$n / 2 - 1] + $sorted[$n / 2]) / 2;
}

sub mean {
    return undef unless @_;
    my $sum = 0;
    $sum += log $_ for @_;
    return exp($sum / @_);
}

sub cell { my ($format, $v, $width) = @_; return defined $v ? sprintf($format, $v) : sprintf("%${width}s", '-') }

sub ratio { my ($a, $b) = @_; return defined $a && defined $b && $b > 0 ? $a / $b : undef }

my %has = map { $_->{key} => 1 } @contenders;
my $broken = 0;
my @memory_columns = $with_memory ? map { $_->{key} } @contenders : ();

printf "median %s seconds of $rounds interleaved rounds, whole processes; ref/x: how many times as fast as lua5.4 x is\n",
    $cpu_clock ? 'processor' : 'wall';
print "lua5.4 is not installed: no ratios\n" unless $has{ref};
printf "%-22s %9s" . " %8s" x (7 + @memory_columns) . "\n", 'program', 'N', 'this', 'JIT off', 'lua5.4', 'luajit',
    'ref/this', 'ref/off', 'ref/lj', map { "MB $_" } @memory_columns;

my %geometric;
while (@rows) {
    my ($name, $size) = splice @rows, 0, 2;
    my (%times, %failed, %text);
    for my $round (1 .. $rounds) {
        for my $c (@contenders) {
            my $key = $c->{key};
            next if $failed{$key};
            my ($seconds, $text) = run_once($c, $name, $size);
            if (!defined $seconds) { $failed{$key} = 'fails'; next }
            push @{ $times{$key} }, $seconds;
            $text{$key} = $text;
        }
    }
    my $truth = $has{ref} ? 'ref' : 'off';
    for my $key (keys %text) {
        $failed{$key} = 'prints something else' if $key ne $truth && defined $text{$truth} && $text{$key} ne $text{$truth};
    }
    my %m = map { $_ => $failed{$_} ? undef : median(@{ $times{$_} || [] }) } qw(this off ref luajit);
    my %r = (this => ratio($m{ref}, $m{this}), off => ratio($m{ref}, $m{off}), luajit => ratio($m{ref}, $m{luajit}));
    printf "%-22s %9s %s %s %s %s %s %s %s", $name, $size, cell('%8.3f', $m{this}, 8), cell('%8.3f', $m{off}, 8),
        cell('%8.3f', $m{ref}, 8), cell('%8.3f', $m{luajit}, 8), cell('%8.2f', $r{this}, 8), cell('%8.2f', $r{off}, 8),
        cell('%8.2f', $r{luajit}, 8);
    if ($with_memory) {
        for my $c (@contenders) {
            printf " %s", $failed{ $c->{key} } ? sprintf('%8s', '-') : sprintf('%8.1f', peak_memory($c, $name, $size));
        }
    }
    print "\n";
    # luajit may fail: it is another language version
    for my $c (grep { $_->{key} ne 'luajit' && $failed{ $_->{key} } } @contenders) {
        print "  ! $c->{label} $failed{$c->{key}}\n";
        $broken = 1;
    }
    my ($group) = $name =~ m{^(\w+)/};
    for my $key (keys %r) { push @{ $geometric{$group}{$key} }, $r{$key} if defined $r{$key} }
}

for my $group (grep { $geometric{$_} } qw(bench programs)) {
    my $g = $geometric{$group};
    my %count = map { $_ => scalar @{ $g->{$_} || [] } } qw(this off luajit);
    printf "%-68s %s %s %s  (of %s)\n", "geometric mean $group",
        cell('%8.2f', mean(@{ $g->{this} || [] }), 8), cell('%8.2f', mean(@{ $g->{off} || [] }), 8),
        cell('%8.2f', mean(@{ $g->{luajit} || [] }), 8), join '/', map { $count{$_} } qw(this off luajit);
}
exit $broken;

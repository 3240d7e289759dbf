#!/usr/bin/perl
# gen.pl: keeps the reference parts of the documents equal to the tables they come from.
#   docs/gen.pl          rewrites what stands between the BEGIN and END marks
#   docs/gen.pl --check  only says which document is out of date, exit 1
use strict;
use warnings;
use FindBin '$Bin';
my $check = @ARGV && $ARGV[0] eq '--check';
my $tables = "$Bin/../include/jitstat";

sub slurp { open my $f, '<', $_[0] or die "$_[0]: $!\n"; local $/; return <$f>; }
sub rows { my ($file, $macro) = @_; return grep { /^$macro\(/ } split /\n/, slurp("$tables/$file"); }

# The probes: name, hook, arguments from the seventh on.
sub probes {
    my $out = "| probe | hook | arguments after the first six |\n|---|---|---|\n";
    for (rows('events.def', 'JITSTAT_EVENT')) {
        my ($name, $hook, $args) = /^JITSTAT_EVENT\((\w+), (\w+), (.*)\)$/ or die "events.def: $_\n";
        my $n = 6;
        my @args = map { sprintf '`%s` (arg%d%s)', $_->[1], $n++, $_->[0] eq 'str' ? ', string' : $_->[0] eq 'ptr' ? ', struct' : '' }
            map { [/(\w+), (\w+)/] } $args =~ /JITSTAT_ARG\(([^)]*)\)/g;
        $out .= sprintf "| `%s` | %s | %s |\n", $name, $hook eq 'none' ? '' : $hook, join ', ', @args;
    }
    return $out;
}

sub reasons {
    my $out = "| number | reason | what happened | what to do |\n|---|---|---|---|\n";
    my $n = 0;
    for (rows('aborts.def', 'JITSTAT_ABORT(?:_PYPY)?')) {
        my ($name, $help, $advice) = /\((\w+), "([^"]*)", "([^"]*)"\)/ or die "aborts.def: $_\n";
        $out .= sprintf "| %d | `ABORT_%s` | %s | %s |\n", $n++, $name, $help, $advice;
    }
    return $out;
}

sub alarms {
    my $out = "| number | alarm | what has happened | what to do |\n|---|---|---|---|\n";
    my $n = 1;
    for (rows('alarms.def', 'JITSTAT_ALARM')) {
        my ($name, $what, $advice) = /\((\w+), "([^"]*)", "([^"]*)"\)/ or die "alarms.def: $_\n";
        $out .= sprintf "| %d | `%s` | %s | %s |\n", $n++, $name, $what, $advice;
    }
    return $out;
}

sub counters_man {
    my $out = '';
    for (rows('counters.def', 'JITSTAT_COUNTER')) {
        my ($name, $help) = /\((\w+), \w+, "([^"]*)"\)/ or die "counters.def: $_\n";
        $out .= ".TP\n.B $name\n$help\n";
    }
    for (rows('aborts.def', 'JITSTAT_ABORT')) {
        my ($name, $help) = /\((\w+), "([^"]*)"/ or die "aborts.def: $_\n";
        $out .= ".TP\n.B ABORT_$name\naborts: $help\n";
    }
    return $out;
}

# The columns of `jitstat INTERVAL`.
sub columns_man {
    my $out = '';
    for (grep { /^STAT_COLUMN\(/ } split /\n/, slurp("$Bin/../cli/columns.def")) {
        my ($name, $title, $form, $shown, $help) = /\((\w+), ([^,]+), \d+, (\w+), (\d), .*, "([^"]*)"\)$/ or die "columns.def: $_\n";
        $out .= sprintf ".TP\n.BR %s \" (%s, %s)\"\n%s\n", $shown ? $title : "[$title]", $name, $form, $help;
    }
    return $out;
}

sub params_man {
    my $out = '';
    for (rows('params.def', 'JITSTAT_PARAM')) {
        my ($name, $default, $help) = /\((\w+), (\d+), \d+, \d+, "((?:[^"\\]|\\.)*)"\)/ or die "params.def: $_\n";
        $help =~ s/\\"/"/g;
        $out .= ".TP\n.BR $name =$default\n$help\n";
    }
    return $out;
}

sub passes_man {
    my @passes = map { /^JIT_PASS\(\w+, (\w+), "([^"]*)"\)/ ? [$1, $2] : () } split /\n/, slurp("$Bin/../jit/opt/passes.def");
    return join ('', map { "\\fB$_->[0]\\fR ($_->[1]),\n" } @passes) =~ s/,\n\z/\n/r;
}

# Every part: file, its name, the marks, and what makes it.
my @parts = (
    ["$Bin/probes.md", 'probes', '<!-- BEGIN %s -->', '<!-- END %s -->', \&probes],
    ["$Bin/probes.md", 'reasons', '<!-- BEGIN %s -->', '<!-- END %s -->', \&reasons],
    ["$Bin/probes.md", 'alarms', '<!-- BEGIN %s -->', '<!-- END %s -->', \&alarms],
    ["$Bin/jitstat.1", 'columns', '.\\" BEGIN %s', '.\\" END %s', \&columns_man],
    ["$Bin/jitstat.1", 'counters', '.\\" BEGIN %s', '.\\" END %s', \&counters_man],
    ["$Bin/jitlua.1", 'params', '.\\" BEGIN %s', '.\\" END %s', \&params_man],
    ["$Bin/jitlua.1", 'passes', '.\\" BEGIN %s', '.\\" END %s', \&passes_man],
);
my $stale = 0;
for (@parts) {
    my ($file, $name, $begin, $end, $make) = @$_;
    ($begin, $end) = map { sprintf "$_\n", $name } $begin, $end;
    my $text = slurp($file);
    my ($i, $k) = (index($text, $begin), index($text, $end));
    die "$file: no marks for $name\n" if $i < 0 || $k < $i;
    $i += length $begin;
    my $new = $make->();
    next if substr($text, $i, $k - $i) eq $new;
    if ($check) { print "$file: $name is out of date: run docs/gen.pl\n"; $stale = 1; next; }
    substr($text, $i, $k - $i) = $new;
    open my $f, '>', $file or die "$file: $!\n";
    print $f $text;
    close $f or die "$file: $!\n";
}
exit $stale;

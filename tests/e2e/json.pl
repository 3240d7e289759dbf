# json.pl FILE EXPRESSION: decodes the last line of FILE that begins with '{' into $j and exits 0 if
# EXPRESSION is true. $p is the first process, $v its first VM; same(A, B) compares structures.
use strict;
use warnings;
use JSON::PP;
my ($file, $expression) = @ARGV;
open my $f, '<', $file or die "$file: $!";
my @lines = grep { /^\{/ } <$f>;
die "$file: no JSON\n" unless @lines;
our $j = JSON::PP->new->utf8->decode($lines[-1]);
our $p = ref $j->{processes} ? $j->{processes}[0] : undef;
our $v = $p && ref $p->{vms} ? $p->{vms}[0] : undef;
sub same { my $c = JSON::PP->new->canonical; return $c->encode($_[0]) eq $c->encode($_[1]); }
sub load { open my $g, '<', $_[0] or die "$_[0]: $!"; my @l = grep { /^\{/ } <$g>; return JSON::PP->new->utf8->decode($l[$_[1] // -1]); }
# total == base + seen for every number of two trees that seen counts
sub adds_up {
    my $m = shift;
    for my $group (qw(counters times_ns events)) {
        for my $k (keys %{$m->{total}{$group}}) {
            my ($t, $b, $s) = map { $m->{$_}{$group}{$k} } qw(total base seen);
            next if $t == $b + $s;
            warn "$group $k: total $t, base $b, seen $s\n";
            return 0;
        }
    }
    return 1;
}
my $r = eval $expression;
die $@ if $@;
exit($r ? 0 : 1);

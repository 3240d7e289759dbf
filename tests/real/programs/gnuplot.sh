# packages: gnuplot-nox
# gnuplot's tikz terminal is a Lua script: three plots of many points, one of them filled.
. "$REAL/lib.sh"
cat >plot.gp <<'END'
set term tikz size 12cm,8cm
set output "a.tex"
set samples 2000
plot sin(x)*exp(-x*x/20) with lines, cos(x*x) with points pt 7, x/3 with impulses lw 2
set output "b.tex"
set isosamples 40
set samples 40
splot x*x-y*y with lines palette
set samples 2000
set output "c.tex"
set term tikz standalone monochrome tikzarrows
set style fill pattern 3
set label "an arrow to $\\pi$" at 1,1 rotate by 30
set arrow from 0,0 to 2,2
plot [0:6] sin(x) with filledcurves y1=0, "+" using 1:(sin($1)):(0.2*$1) with yerrorbars
set output
END
linked gnuplot plot.gp
echo "exit $?"
sed "s|%% generated with.*||; s|^%% .* [0-9][0-9]:[0-9][0-9]:[0-9][0-9] .*||" a.tex b.tex c.tex
wc -c a.tex b.tex c.tex

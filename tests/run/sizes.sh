# How large the programs run: the argument N for a quick look (small, some 10 ms on lua5.4) and for a measurement
# (bench, about half a second on lua5.4). Sourced by programs.sh and bench.sh. fannkuch's time jumps tenfold from one N
# to the next, and matmul multiplies 200x200 at least once.

# name                small     bench
SIZES='
bench/bintrees            8        13
bench/branchy        200000   8000000
bench/closure        200000   6000000
bench/coro            60000   3000000
bench/corogen          4000    200000
bench/fannkuch            7         9
bench/fib                22        34
bench/floatloop      300000  15000000
bench/hashiter            2       100
bench/hashstr             1        20
bench/intsum         600000  20000000
bench/matmul              1         2
bench/metaarith       20000    900000
bench/method          50000   1500000
bench/pcallloop       50000   3000000
bench/queens              7        11
bench/sieve           30000   1500000
bench/sortcmp          3000    100000
bench/spectral           60       400
bench/strbuild            1        14
bench/strconcat       40000   1200000
bench/strmatch           20      2000
bench/strscan             1        20
bench/vararg          20000    800000
programs/accounts       25       900
programs/bigint          80       800
programs/buffers       200      6500
programs/compress         1        14
programs/constraints      8       120
programs/csvini           5       100
programs/dijkstra         1         4
programs/eventloop        9       260
programs/failures      500     18000
programs/generators       10       400
programs/groupby        20       800
programs/json             5       100
programs/life            30       200
programs/lisp             1         8
programs/lualex           4       100
programs/metatables      200      7500
programs/nbody         2000     60000
programs/queueing        5       200
programs/raytrace         1        11
programs/recursion        4       170
programs/regex            4        60
programs/scheduler        2        28
programs/sha256           7       160
programs/shapes          90      2200
programs/statements      100      4000
programs/sudoku           1         5
programs/template       150      5500
programs/textops        40      1800
programs/wordfreq         5       110
'

# size_of COLUMN NAME: prints the size, or fails if the program has no row; COLUMN is 1 (small) or 2 (bench)
size_of() {
  local name small bench
  while read -r name small bench; do
    if [ "$name" = "$2" ]; then
      if [ "$1" = 1 ]; then echo "$small"; else echo "$bench"; fi
      return 0
    fi
  done <<< "$SIZES"
  return 1
}

small_size() { size_of 1 "$1"; }
bench_size() { size_of 2 "$1"; }

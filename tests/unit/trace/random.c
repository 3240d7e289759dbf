/* Random programs: loops in loops, branches, calls, objects, class constants, natives, values that change their type.
 * What the interpreter says, error or not, every way of tracing says too.
 *
 * r0 the argument, r1..r6 numbers, r7 an object, r8..r11 counters and limits of loops, r13.. calls.
 * SEED=n repeats one program, COUNT=n makes more. */
#include "rig.h"

static uint64_t state;
static unsigned rnd(unsigned n)
{
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (unsigned)(state >> 33) % n;
}

static int labels;
static unsigned num(void) { return 1 + rnd(6); }

static void arith(FILE *f)
{
    static const char *const ops[] = {"add", "sub", "mul", "add", "sub", "div"};
    fprintf(f, " %s r%u r%u r%u\n", ops[rnd(12) ? rnd(5) : 5], num(), num(), num());
}

static void block(FILE *f, int depth, int fn, int n);

static void branch(FILE *f, int depth, int fn)
{
    static const char *const ops[] = {"jlt", "jle", "jeq", "jne"};
    int l = labels++;
    if (depth > 0 && rnd(2)) { /* depends on the round */
        fprintf(f, " int r12 %u\n mod r12 r%d r12\n int r13 %u\n %s r12 r13 l%d\n", 2 + rnd(6), 7 + depth, rnd(3), ops[rnd(4)], l);
    } else {
        fprintf(f, " %s r%u r%u l%d\n", ops[rnd(4)], num(), num(), l);
    }
    block(f, depth, fn, 1 + (int)rnd(3));
    fprintf(f, "l%d:\n", l);
}

static void loop(FILE *f, int depth, int fn)
{
    int l = labels++;
    fprintf(f, " int r%d 0\n int r%d %u\nh%d:\n jle r%d r%d x%d\n addi r%d r%d 1\n", 8 + depth, 10 + depth, depth ? 1 + rnd(12) : 30 + rnd(120), l, 10 + depth, 8 + depth, l,
            8 + depth, 8 + depth);
    block(f, depth + 1, fn, 3 + (int)rnd(6));
    fprintf(f, " loop h%d\nx%d:\n", l, l);
}

static void one(FILE *f, int depth, int fn)
{
    switch (rnd(16)) {
    case 0:
    case 1:
    case 2:
    case 3: arith(f); break;
    case 4: fprintf(f, " int r%u %d\n", num(), (int)rnd(20) - 5); break;
    case 5: fprintf(f, " flt r%u %d.%u\n", num(), (int)rnd(9) - 3, rnd(100)); break;
    case 6: fprintf(f, " addi r%u r%u %d\n", num(), num(), (int)rnd(9) - 4); break;
    case 7: fprintf(f, " move r%u r%u\n", num(), num()); break;
    case 8: fprintf(f, " put r7 r%u %u\n", num(), rnd(3)); break;
    case 9: fprintf(f, " get r%u r7 %u\n", num(), rnd(3)); break;
    case 10: fprintf(f, " getc r%u r7 %u\n", num(), rnd(2)); break;
    case 11:
        if (rnd(6) == 0) fprintf(f, " setc c r%u %u\n", num(), rnd(2));
        break;
    case 12:
        if (depth) fprintf(f, " move r15 r%d\n native r14 blur\n move r%u r14\n", 7 + depth, num());
        break;
    case 13: branch(f, depth, fn); break;
    case 14:
        if (fn > 0) fprintf(f, " move r15 r%u\n move r16 r7\n call r14 f%d\n move r%u r14\n", num(), (int)rnd((unsigned)fn), num());
        break;
    default:
        if (rnd(20) == 0) fprintf(f, rnd(2) ? " native r14 flush\n" : " new r7 c\n put r7 r1 0\n put r7 r2 1\n put r7 r3 2\n");
        else if (depth < 2) loop(f, depth, fn);
        break;
    }
}

static void block(FILE *f, int depth, int fn, int n)
{
    while (n-- > 0) one(f, depth, fn);
}

static char *program(uint64_t seed)
{
    char *text;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    state = seed * 0x9e3779b97f4a7c15u + 1;
    labels = 0;
    for (int i = 0; i < 8; i++) rnd(2);
    fprintf(f, "class c 3\n");
    for (int fn = 0; fn < 3; fn++) {
        fprintf(f, "func f%d 2\n move r7 r1\n move r1 r0\n int r2 1\n int r3 2\n flt r4 0.5\n int r5 7\n int r6 -3\n", fn);
        block(f, 2, fn, 2 + (int)rnd(6)); /* no loops */
        fprintf(f, " ret r%u\n", num());
    }
    fprintf(f, "func main 1\n new r7 c\n move r1 r0\n setc c r1 0\n setc c r1 1\n int r2 2\n int r3 3\n int r4 4\n int r5 5\n flt r6 1.5\n put r7 r1 0\n put r7 r2 1\n"
               " put r7 r6 2\n");
    loop(f, 0, 3);
    block(f, 0, 3, 6);
    loop(f, 0, 3);
    for (int i = 1; i <= 6; i++) fprintf(f, " move r15 r%d\n native r14 print\n", i);
    for (int i = 0; i < 3; i++) fprintf(f, " get r15 r7 %d\n native r14 print\n", i);
    fprintf(f, " ret r1\n");
    fclose(f);
    return text;
}

static const char *const ways[] = {"off", "threshold=8,function_threshold=12,trace_eagerness=3", "threshold=2,function_threshold=2,trace_eagerness=1",
                                   "torture_guard=3,threshold=5", "torture_guard=37,threshold=3,trace_eagerness=2",
                                   "threshold=10,max_unroll_loops=20", "threshold=5,enable_opts=fold:rules"};

static uint64_t loops, bridges;

static char *outcome(const char *text, const char *way)
{
    struct rig g = rig_new("random", text, way);
    int64_t n = 3;
    struct toy_val v;
    jit_opt_verify = 1;
    g.t->error[0] = 0;
    toy_call(g.t, "main", &n, 1, &v);
    fprintf(g.f, "%s", g.t->error);
    fflush(g.f);
    loops += rig_count(&g, JITSTAT_C_TOTAL_COMPILED_LOOPS);
    bridges += rig_count(&g, JITSTAT_C_TOTAL_COMPILED_BRIDGES);
    char *out = strdup(g.out->text);
    rig_free(&g);
    return out;
}

static void seed_run(uint64_t seed)
{
    char *text = program(seed), *want = outcome(text, ways[0]);
    for (size_t i = 1; i < sizeof ways / sizeof ways[0]; i++) {
        char *got = outcome(text, ways[i]);
        cr_assert(strcmp(got, want) == 0, "SEED=%lu JITSTAT=%s\nwanted:\n%s\ngot:\n%s\n%s", (unsigned long)seed, ways[i], want, got, getenv("SEED") ? text : "");
        free(got);
    }
    free(text);
    free(want);
}

Test(random, programs)
{
    const char *seed = getenv("SEED"), *count = getenv("COUNT");
    if (seed) {
        seed_run(strtoull(seed, NULL, 10));
        return;
    }
    uint64_t n = count ? strtoull(count, NULL, 10) : 150;
    for (uint64_t s = 1; s <= n; s++) seed_run(s);
    cr_assert_gt(loops, n * 6, "only %lu loops were compiled", (unsigned long)loops);
    cr_assert_gt(bridges, n, "only %lu bridges were compiled", (unsigned long)bridges);
}

/* Recordings that cannot be true: they are given up with a counter, and JIT_DUMP=bad shows them. */
#include "rig.h"

static struct rig rig;

/* A recording of LOOP_TEXT's loop in its first instruction; the value that its register 0 has. */
static struct jit_recorder *recording(jit_ref *x)
{
    bool record;
    setenv("JIT_DUMP", "bad", 1);
    rig = rig_new("prog", LOOP_TEXT, NULL);
    struct toy *t = rig.t;
    jit_hot(t->vm, t, (struct jit_key){.code = t->funcs[0], .pc = 2}, JITSTAT_KIND_LOOP, &record);
    cr_assert(record);
    jit_rec_begin_ins(t->vm->rec, 2, 5, 3);
    *x = jit_rec_load(t->vm->rec, 0, TOY_INT, 'i');
    return t->vm->rec;
}

static void compare(struct jit_recorder *r, enum jit_opcode op, jit_ref a, int64_t k) { jit_rec_guard_true(r, jit_rec_op2(r, op, a, jit_rec_ki(r, k))); }

/* The loop is closed: counted, and shown with this in it (NULL: neither). */
static void closes(struct jit_recorder *r, const char *shown)
{
    capture_begin();
    const struct jit_trace *t = jit_rec_close_loop(r);
    char *said = capture_end();
    cr_assert_eq(t == NULL, shown != NULL);
    cr_assert_eq(rig_count(&rig, JITSTAT_C_ABORT_BAD_LOOP), shown != NULL);
    cr_assert(shown ? strstr(said, shown) && strstr(said, "\n---- prog:5\n# loop") : said[0] == 0, "%s", said);
    free(said);
    rig_free(&rig);
}

Test(bad, what_can_be_true)
{
    jit_ref x;
    struct jit_recorder *r = recording(&x);
    compare(r, JIT_int_lt, x, 5);
    compare(r, JIT_int_gt, x, 3);
    closes(r, NULL);
}

Test(bad, found_by_the_optimizer)
{
    jit_ref x;
    struct jit_recorder *r = recording(&x);
    compare(r, JIT_int_lt, x, 5);
    compare(r, JIT_int_gt, x, 7);
    closes(r, "loop prog:5: what was recorded contradicts itself: operation 7, line 5\n");
}

#ifndef JIT_STRICT
Test(bad, found_at_once)
{
    jit_ref x;
    struct jit_recorder *r = recording(&x);
    capture_begin();
    jit_rec_guard_false(r, jit_rec_ki(r, 1));
    char *said = capture_end();
    cr_assert(strstr(said, "loop prog:5: what was recorded contradicts itself: operation 4, line 5\n"), "%s", said);
    free(said);
    capture_begin();
    cr_assert_null(jit_rec_close_loop(r));
    free(capture_end());
    cr_assert_eq(rig_count(&rig, JITSTAT_C_ABORT_BAD_LOOP), 1);
    rig_free(&rig);
}
#endif

/* dump.c: `jitstat dump LOOP`: one trace: source lines, operations as recorded and as compiled, machine code, and how
 * often each guard was left.
 *
 * Everything comes from what the engine kept when it compiled the trace (jit/trace/listing.c): so it works for traces
 * that were compiled before anybody looked, for freed ones as long as their room is not needed, and for an ordinary
 * user's own processes. Source lines are read from the file that the trace names, as the process sees it, and with the
 * rights of its owner.
 *
 * Rows are grouped by source line. The operations recorded in a line stand beside those compiled from it; the loop's body, which the
 * optimizer makes of the second round, has nothing beside it. On a wide terminal machine code is a third column, on a
 * narrow one it stands below its operation; below 80 columns only what was compiled is shown.
 *
 * Before it: decode.c, source.c. After it: people, and scripts that read JSON.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <Zydis/Zydis.h>

#include "cli/cli.h"
#include "cli/decode.h"
#include "cli/source.h"

#define LEAST 40 /* no line is made for less */
#define NARROW 80 /* below, there is no room for what was recorded */
#define WIDE 120 /* columns from which on machine code has a column of its own */
#define TEXT 400 /* longest operation shown */

struct dump {
    struct agent *agent;
    long pid, width;
    bool json, all;
    const char *what;
    struct agent_snapshot *snap;
    const struct agent_process *process;
    const struct agent_vm *vm;
    struct agent_listing listing;
    struct decoded d;
    struct source *source;
    uint32_t cold; /* offset in the code where exits and polls begin */
    uint32_t *order; /* operations with code, by offset */
    uint32_t norder;
};

/* ---- machine code ---- */

struct asm_line {
    uint32_t offset, size;
    uint64_t target; /* offset that it branches to; UINT64_MAX: elsewhere */
    char text[120];
};

static const ZydisFormatterFunc *usual_address(void)
{
    static ZydisFormatterFunc f;
    return &f;
}

/* Addresses in the trace are shown as offsets: "+1a". */
static ZyanStatus print_address(const ZydisFormatter *f, ZydisFormatterBuffer *buffer, ZydisFormatterContext *c)
{
    const struct agent_listing *l = c->user_data;
    ZydisFormatterFunc usual = *usual_address();
    ZyanU64 at;
    ZyanString *s;
    ZYAN_CHECK(ZydisCalcAbsoluteAddress(c->instruction, c->operand, c->runtime_address, &at));
    if (at - l->loop.code_addr >= l->loop.code_size)
        return usual(f, buffer, c);
    ZYAN_CHECK(ZydisFormatterBufferAppend(buffer, ZYDIS_TOKEN_SYMBOL));
    ZYAN_CHECK(ZydisFormatterBufferGetString(buffer, &s));
    char text[16];
    ZyanStringView view;
    snprintf(text, sizeof text, "+%x", (unsigned)(at - l->loop.code_addr));
    ZYAN_CHECK(ZyanStringViewInsideBuffer(&view, text));
    return ZyanStringAppend(s, &view);
}

static void formatter_init(ZydisFormatter *f)
{
    ZydisFormatterInit(f, ZYDIS_FORMATTER_STYLE_INTEL);
    *(ZydisFormatterFunc *)(uintptr_t)usual_address() = (ZydisFormatterFunc)&print_address;
    ZydisFormatterSetHook(f, ZYDIS_FORMATTER_FUNC_PRINT_ADDRESS_ABS, (const void **)(uintptr_t)usual_address());
}

/* Decodes the instruction at offset; bytes that are none become "(bad)". */
static void asm_at(const struct dump *d, uint32_t offset, struct asm_line *out)
{
    static ZydisFormatter f;
    static ZydisDecoder decoder;
    static bool ready;
    ZydisDecodedInstruction in;
    ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
    uint64_t addr = d->listing.loop.code_addr, to;
    if (!ready) {
        ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
        formatter_init(&f);
        ready = true;
    }
    *out = (struct asm_line){.offset = offset, .size = 1, .target = UINT64_MAX, .text = "(bad)"};
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, d->d.code + offset, d->d.head.code_size - offset, &in, ops)))
        return;
    out->size = in.length;
    ZydisFormatterFormatInstruction(&f, &in, ops, in.operand_count_visible, out->text, sizeof out->text, addr + offset, (void *)(uintptr_t)&d->listing);
    if (in.meta.branch_type != ZYDIS_BRANCH_TYPE_NONE && in.operand_count_visible && ops[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
        ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&in, &ops[0], addr + offset, &to)) && to - addr < d->d.head.code_size)
        out->target = to - addr;
}

static int by_code(const void *a, const void *b, void *arg)
{
    const struct decode_list *l = arg;
    const uint32_t *x = a, *y = b;
    int64_t p = l->ops[*x].code, q = l->ops[*y].code;
    return p != q ? (p > q) - (p < q) : (*x > *y) - (*x < *y);
}

/* Orders operations by their code, and finds where the exits begin: the first place behind the last operation that
 * something branches to. */
static int code_prepare(struct dump *d)
{
    const struct decode_list *l = &d->d.after;
    d->order = calloc((size_t)l->n + 1, sizeof *d->order);
    if (!d->order)
        return -ENOMEM;
    for (uint32_t i = 0; i < l->n; i++)
        if (l->ops[i].code >= 0)
            d->order[d->norder++] = i;
    qsort_r(d->order, d->norder, sizeof *d->order, by_code, (void *)l);
    int64_t last = d->norder ? l->ops[d->order[d->norder - 1]].code : 0;
    struct asm_line a;
    d->cold = d->d.head.code_size;
    for (uint32_t at = 0; at < d->cold; at += a.size) {
        asm_at(d, at, &a);
        if (a.target != UINT64_MAX && (int64_t)a.target > last && a.target < d->cold)
            d->cold = (uint32_t)a.target;
    }
    return 0;
}

/* The code of operation i is [*from, *to). Operations that share a place: the last has it. */
static void code_of(const struct dump *d, uint32_t i, uint32_t *from, uint32_t *to)
{
    const struct decode_list *l = &d->d.after;
    uint32_t lo = 0, hi = d->norder;
    *from = *to = 0;
    if (l->ops[i].code < 0)
        return;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (by_code(&d->order[mid], &i, (void *)l) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    *from = (uint32_t)l->ops[i].code;
    *to = lo + 1 < d->norder ? (uint32_t)l->ops[d->order[lo + 1]].code : d->cold;
    if (*to < *from)
        *to = *from;
}

/* ---- guards ---- */

static const struct agent_way_out *way_out(const struct dump *d, uint32_t op, uint32_t *number)
{
    for (uint32_t i = 0; i < d->listing.loop.nguards; i++)
        if (d->listing.exits[i].guard.op == op) {
            *number = i;
            return &d->listing.exits[i];
        }
    return NULL;
}

static const struct jitstat_loop *loop_by_number(const struct agent_vm *vm, uint64_t number)
{
    for (size_t i = 0; i < vm->nloops; i++)
        if (vm->loops[i].number == number)
            return &vm->loops[i];
    return NULL;
}

static uint64_t bridge_runs(const struct dump *d, const struct jitstat_guard *g)
{
    const struct jitstat_loop *b = g->bridge ? loop_by_number(d->vm, g->bridge) : NULL;
    return b ? b->runs : 0;
}

/* ---- rows ---- */

/* Prints s in exactly width columns, cut at the right, or as it is when width is 0. s is printable ASCII. */
static void cell(const char *s, int width)
{
    int n = (int)strlen(s);
    if (width == 0)
        printf("%s", s);
    else if (n > width)
        printf("%.*s~", width - 1, s);
    else
        printf("%-*s", width, s);
}

static void row(const struct dump *d, const char *recorded, const char *compiled, const char *code)
{
    if (d->width < NARROW) {
        if (compiled[0])
            cell(compiled, (int)strlen(compiled) < d->width ? 0 : (int)d->width - 1), putchar('\n');
        return;
    }
    int w = d->width >= WIDE ? (int)(d->width - 6) / 3 : (int)(d->width - 3) / 2;
    cell(recorded, w);
    printf(" | ");
    cell(compiled, d->width < WIDE && !code[0] ? (int)strlen(compiled) < w ? 0 : w : w);
    if (d->width >= WIDE) {
        printf(" | ");
        cell(code, (int)strlen(code) < w ? 0 : w);
    }
    putchar('\n');
}

static void code_row(const struct dump *d, const char *recorded, const char *compiled, const char *code)
{
    char below[TEXT];
    if (d->width >= WIDE) {
        row(d, recorded, compiled, code);
        return;
    }
    snprintf(below, sizeof below, "    %.*s", TEXT - 8, code);
    row(d, recorded, below, "");
}

/* Two operations lists walk side by side: what was recorded in the line waits here. */
struct beside {
    uint32_t next, end; /* operations of `before` that are to be shown now */
};

static const char *recorded_next(const struct dump *d, struct beside *b, char *buf)
{
    buf[0] = 0;
    if (b->next < b->end)
        decode_op_text(&d->d.before, b->next++, buf, TEXT);
    return buf;
}

static void compiled_op(const struct dump *d, uint32_t i, struct beside *b)
{
    char text[TEXT], left[TEXT], code[TEXT];
    uint32_t from, to, number;
    struct asm_line a;
    code_of(d, i, &from, &to);
    decode_op_text(&d->d.after, i, text, sizeof text);
    bool shown = false;
    if (d->width < WIDE || from == to) {
        row(d, recorded_next(d, b, left), text, "");
        shown = true;
    }
    for (uint32_t at = from; at < to; at += a.size) {
        asm_at(d, at, &a);
        snprintf(code, sizeof code, "%4x  %s", at, a.text);
        code_row(d, recorded_next(d, b, left), shown ? "" : text, code);
        shown = true;
    }
    const struct agent_way_out *x = d->d.after.ops[i].guard ? way_out(d, i, &number) : NULL;
    if (!x)
        return;
    int n = snprintf(text, sizeof text, "  ^ guard %u: %" PRIu64 " exits", number, (uint64_t)x->guard.exits);
    if (x->guard.bridge)
        snprintf(text + n, sizeof text - (size_t)n, ", bridge %" PRIu64 ": %" PRIu64 " runs", (uint64_t)x->guard.bridge, bridge_runs(d, &x->guard));
    row(d, recorded_next(d, b, left), text, "");
}

static bool same_place(const struct decode_op *a, const struct decode_op *b)
{
    return a->line == b->line && strcmp(a->file, b->file) == 0;
}

static uint32_t group_end(const struct decode_list *l, uint32_t i)
{
    uint32_t from = i;
    while (i < l->n && same_place(&l->ops[from], &l->ops[i]))
        i++;
    return i;
}

/* Prints a source line, at most width columns of it, tabs as blanks. */
static void print_cut(const char *s, int width)
{
    char line[1024];
    size_t n = 0;
    for (; *s && n < sizeof line - 1; s++) {
        if ((*s & 0xc0) != 0x80 && width-- <= 0)
            break;
        line[n++] = *s == '\t' ? ' ' : *s;
    }
    line[n] = 0;
    print_clean(stdout, line, 0);
}

static void source_row(const struct dump *d, const struct decode_op *op)
{
    printf("\n");
    if (op->file[0]) {
        print_clean(stdout, op->file, 40);
        putchar(':');
    }
    const char *s = op->line ? source_line(d->source, op->file, op->line) : "";
    const char *start = strcmp(op->name, "label") == 0 ? "start of the loop" : "start of the trace";
    int n = op->line ? printf(s[0] ? "%-6u" : "%u", op->line) : printf("%s", start);
    if (s[0])
        putchar(' ');
    int left = (int)d->width - n - 1 - (op->file[0] ? 41 : 0);
    print_cut(s, left > 0 ? left : 0);
    putchar('\n');
}

/* Recorded groups up to the one of this place, on their own: nothing was compiled from them here. */
static void recorded_until(const struct dump *d, uint32_t *at, uint32_t end)
{
    const struct decode_list *l = &d->d.before;
    char left[TEXT];
    while (*at < end) {
        source_row(d, &l->ops[*at]);
        struct beside b = {*at, group_end(l, *at)};
        *at = b.end;
        while (b.next < b.end)
            row(d, recorded_next(d, &b, left), "", "");
    }
}

/* Where recorded operations of this place begin, from `at` on; l->n if nowhere. */
static uint32_t recorded_find(const struct decode_list *l, uint32_t at, const struct decode_op *op)
{
    while (at < l->n && !same_place(&l->ops[at], op))
        at = group_end(l, at);
    return at;
}

static void show_operations(const struct dump *d)
{
    const struct decode_list *before = &d->d.before, *after = &d->d.after;
    uint32_t at = 0;
    char left[TEXT];
    for (uint32_t i = 0; i < after->n;) {
        uint32_t end = group_end(after, i), found = recorded_find(before, at, &after->ops[i]);
        struct beside b = {0, 0};
        if (strcmp(after->ops[i].name, "label") == 0)
            recorded_until(d, &at, before->n); /* the second round begins */
        else if (found < before->n) {
            recorded_until(d, &at, found);
            b = (struct beside){at, group_end(before, at)};
            at = b.end;
        }
        source_row(d, &after->ops[i]);
        for (; i < end && (strcmp(after->ops[i].name, "label") != 0 || b.end == 0); i++)
            compiled_op(d, i, &b);
        while (b.next < b.end)
            row(d, recorded_next(d, &b, left), "", "");
    }
    recorded_until(d, &at, before->n);
}

static void show_code(const struct dump *d, uint32_t from, uint32_t to)
{
    struct asm_line a;
    for (uint32_t at = from; at < to; at += a.size) {
        asm_at(d, at, &a);
        printf("%4x  %s\n", at, a.text);
    }
}

/* ---- the whole as text ---- */

static void show_head(const struct dump *d)
{
    const struct jitstat_loop *l = &d->listing.loop;
    print_words(stdout, 0, "%s %" PRIu64 " of VM %u (%s) in process %d: %s", kind_name(l->kind), (uint64_t)l->number, d->vm->id,
                d->vm->guest, (int)d->pid, l->name);
    print_words(stdout, 2, "%s%" PRIu64 " bytes at 0x%" PRIx64 ", %u operations of %u recorded, %u ways out", l->state == 2 ? "freed; " : "",
                (uint64_t)l->code_size, (uint64_t)l->code_addr, d->d.head.after_n, d->d.head.before_n, l->nguards);
    if (l->kind == JITSTAT_KIND_LOOP)
        print_words(stdout, 2, "%" PRIu64 " rounds, %" PRIu64 " entries while run counts were on", (uint64_t)l->runs, (uint64_t)l->entry_runs);
    else
        print_words(stdout, 2, "%" PRIu64 " runs while run counts were on", (uint64_t)l->runs);
    if (l->kind == JITSTAT_KIND_BRIDGE)
        printf("  starts at guard %u of trace %" PRIu64 "\n", l->guard_number, (uint64_t)l->parent);
    static const char *const links[] = {"its own head", "trace", "the interpreter"};
    printf("  ends in %s", d->d.head.link < 3 ? links[d->d.head.link] : "?");
    printf(d->d.head.link == 1 ? " %" PRIu64 "\n" : "\n", (uint64_t)d->d.head.target);
}

static void show_way(const struct dump *d, uint32_t i)
{
    const struct agent_way_out *x = &d->listing.exits[i];
    char bridge[24] = "", runs[24] = "";
    if (x->guard.bridge) {
        snprintf(bridge, sizeof bridge, "%" PRIu64, (uint64_t)x->guard.bridge);
        snprintf(runs, sizeof runs, "%" PRIu64, bridge_runs(d, &x->guard));
    }
    if (d->width < NARROW)
        printf("%5u %-5s %9" PRIu64 " %6s ", i, exit_name(x->guard.kind), (uint64_t)x->guard.exits, bridge);
    else
        printf("%5u %-5s %5u %12" PRIu64 " %8s %12s  ", i, exit_name(x->guard.kind), x->guard.op, (uint64_t)x->guard.exits, bridge, runs);
    print_clean(stdout, x->file, d->width < NARROW ? 6 : 26);
    printf("%s%u\n", x->file[0] ? ":" : "line ", x->guard.line);
}

static void show_ways(const struct dump *d)
{
    puts("\nways out");
    if (d->width < NARROW)
        printf("%5s %-5s %9s %6s source\n", "no", "kind", "exits", "bridge");
    else
        printf("%5s %-5s %5s %12s %8s %12s  source\n", "no", "kind", "op", "exits", "bridge", "its runs");
    for (uint32_t i = 0; i < d->listing.loop.nguards; i++) {
        const struct jitstat_guard *g = &d->listing.exits[i].guard;
        if (g->exits || g->bridge || d->all)
            show_way(d, i);
    }
    if (!d->all)
        print_words(stdout, 2, "(those never taken are left out: --all)");
}

static void show_text(const struct dump *d)
{
    show_head(d);
    printf("\n");
    row(d, "recorded", "compiled", "machine code");
    uint32_t first = d->norder ? (uint32_t)d->d.after.ops[d->order[0]].code : d->cold;
    if (first && first <= d->cold) {
        printf("\nentry\n");
        show_code(d, 0, first);
    }
    show_operations(d);
    if (d->all) {
        printf("\nexits and polls\n");
        show_code(d, d->cold, d->d.head.code_size);
    } else {
        putchar('\n');
        print_words(stdout, 0, "%u bytes of exits and polls follow (--all)", d->d.head.code_size - d->cold);
    }
    show_ways(d);
    putchar('\n');
    text_tail(stdout, d->snap, false);
}

/* ---- JSON ---- */

static void json_code(const struct dump *d, uint32_t from, uint32_t to)
{
    struct asm_line a;
    printf(",\"code\":[");
    for (uint32_t at = from; at < to; at += a.size) {
        asm_at(d, at, &a);
        printf("%s[%u,", at > from ? "," : "", at);
        print_json_string(stdout, a.text);
        putchar(']');
    }
    putchar(']');
}

static void json_operations(const struct dump *d, const char *name, const struct decode_list *l, bool code)
{
    char text[TEXT];
    uint32_t from, to;
    printf(",\"%s\":[", name);
    for (uint32_t i = 0; i < l->n; i++) {
        decode_op_text(l, i, text, sizeof text);
        printf("%s{\"name\":", i ? "," : "");
        print_json_string(stdout, l->ops[i].name);
        printf(",\"text\":");
        print_json_string(stdout, text);
        printf(",\"line\":%u,\"file\":", l->ops[i].line);
        print_json_string(stdout, l->ops[i].file);
        if (code) {
            printf(",\"offset\":%" PRId64, l->ops[i].code);
            code_of(d, i, &from, &to);
            json_code(d, from, to);
        }
        putchar('}');
    }
    putchar(']');
}

static void json_ways(const struct dump *d)
{
    printf(",\"exits\":[");
    for (uint32_t i = 0; i < d->listing.loop.nguards; i++) {
        const struct agent_way_out *x = &d->listing.exits[i];
        printf("%s{\"number\":%u,\"kind\":\"%s\",\"op\":%u,\"exits\":%" PRIu64 ",\"bridge\":%" PRIu64 ",\"bridge_runs\":%" PRIu64 ",\"line\":%u,\"file\":", i ? "," : "", i,
               exit_name(x->guard.kind), x->guard.op, (uint64_t)x->guard.exits, (uint64_t)x->guard.bridge, bridge_runs(d, &x->guard), x->guard.line);
        print_json_string(stdout, x->file);
        putchar('}');
    }
    printf("]");
}

static void show_json(const struct dump *d)
{
    const struct jitstat_loop *l = &d->listing.loop;
    printf("{\"version\":1,\"pid\":%d,\"vm\":%u,\"kind\":\"%s\",\"number\":%" PRIu64 ",\"greenkey\":", (int)d->pid, d->vm->id,
           (char[]){kind_letter(l->kind), 0}, (uint64_t)l->number);
    print_json_string(stdout, l->name);
    printf(",\"state\":\"%s\",\"runs\":%" PRIu64 ",\"entry_runs\":%" PRIu64 ",\"parent\":%" PRIu64 ",\"guard_number\":%u,\"code_addr\":%" PRIu64 ",\"code_size\":%" PRIu64,
           l->state == 2 ? "freed" : "live", (uint64_t)l->runs, (uint64_t)l->entry_runs, (uint64_t)l->parent, l->guard_number,
           (uint64_t)l->code_addr, (uint64_t)l->code_size);
    json_ways(d);
    json_operations(d, "recorded", &d->d.before, false);
    json_operations(d, "compiled", &d->d.after, true);
    struct json j = {stdout, true};
    json_all_alarms(&j, d->snap);
    json_loss(&j, &d->snap->loss);
    printf("}\n");
}

/* ---- which trace ---- */

static bool name_fits(const char *name, const char *what)
{
    size_t n = strlen(name), k = strlen(what);
    return k && n >= k && strcmp(name + n - k, what) == 0 && (n == k || name[n - k - 1] == '/');
}

/* Which of two traces of one place is meant: a live one, one that does not hang on another, the newest. */
static bool better(const struct jitstat_loop *l, const struct jitstat_loop *than)
{
    bool bridge = l->kind == JITSTAT_KIND_BRIDGE;
    if (l->state != than->state)
        return l->state < than->state;
    if (bridge != (than->kind == JITSTAT_KIND_BRIDGE))
        return !bridge;
    return l->number > than->number;
}

/* "7", "2:7" (VM 2), or "prog.lua:12". */
static const struct jitstat_loop *find(struct dump *d)
{
    char *end;
    unsigned long long a = strtoull(d->what, &end, 10), b = 0;
    bool by_number = end != d->what && (*end == 0 || *end == ':'), with_vm = by_number && *end == ':';
    if (with_vm)
        b = strtoull(end + 1, &end, 10);
    by_number = by_number && *end == 0;
    const struct jitstat_loop *best = NULL;
    for (size_t i = 0; i < d->process->nvms; i++) {
        const struct agent_vm *vm = &d->process->vms[i];
        for (size_t k = 0; k < vm->nloops; k++) {
            const struct jitstat_loop *l = &vm->loops[k];
            bool fits = by_number ? l->number == (with_vm ? b : a) && (!with_vm || vm->id == a) : name_fits(l->name, d->what);
            if (!fits || (best && !better(l, best)))
                continue;
            best = l;
            d->vm = vm;
        }
    }
    return best;
}

static int read_all(struct dump *d)
{
    int e = agent_add_pid(d->agent, (pid_t)d->pid);
    if (e < 0 || !(d->snap = agent_snapshot_take(d->agent)))
        return fail(EXIT_FAILED, "%s", agent_error(d->agent));
    d->process = &d->snap->processes[0];
    const struct jitstat_loop *l = find(d);
    if (!l)
        return fail(EXIT_FAILED, "process %ld has no trace %s: `jitstat loops -r 0 -p %ld` lists them", d->pid, d->what, d->pid);
    if (agent_listing_read(d->agent, (pid_t)d->pid, d->vm->id, l->number, &d->listing) < 0)
        return fail(EXIT_FAILED, "%s", agent_error(d->agent));
    if (!d->listing.size)
        return fail(EXIT_FAILED, "of trace %" PRIu64 " nothing was kept: there was no room within listing_size (or it is 0)", (uint64_t)l->number);
    e = decode(&d->listing, &d->d);
    if (e == 0)
        e = code_prepare(d);
    d->source = source_new((pid_t)d->pid, d->process->uid, d->listing.loop.name);
    if (e == -ENOMEM || !d->source)
        return fail(EXIT_FAILED, "out of memory");
    return e < 0 ? fail(EXIT_FAILED, "what process %ld keeps of trace %" PRIu64 " cannot be trusted", d->pid, (uint64_t)l->number) : EXIT_OK;
}

/* ---- the command ---- */

static long terminal_width(void)
{
    struct winsize w;
    long n;
    const char *columns = getenv("COLUMNS");
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col)
        return w.ws_col > LEAST ? w.ws_col : LEAST;
    return columns && number(columns, LEAST, 1000, &n) ? n : NARROW;
}

static int parse(struct dump *d, int argc, char **argv)
{
    static const struct option longs[] = {{"json", no_argument, 0, 'j'}, {"pid", required_argument, 0, 'p'}, {"width", required_argument, 0, 'w'}, {"all", no_argument, 0, 'a'}, {"help", no_argument, 0, 'h'}, {0}};
    int o;
    opterr = 0;
    while ((o = getopt_long(argc, argv, ":jp:w:ah", longs, NULL)) != -1)
        switch (o) {
        case 'j': d->json = true; break;
        case 'a': d->all = true; break;
        case 'p':
            if (!number(optarg, 1, 0x7fffffff, &d->pid))
                return misuse(&cmd_dump, "dump: %s is no process id", optarg);
            break;
        case 'w':
            if (!number(optarg, LEAST, 1000, &d->width))
                return misuse(&cmd_dump, "dump: -w wants 40 to 1000 columns, not %s", optarg);
            break;
        case 'h': help(&cmd_dump); return -1;
        case ':': return misuse(&cmd_dump, "dump: %s wants a value", argv[optind - 1]);
        default: return misuse(&cmd_dump, "dump: no option %s", argv[optind - 1]);
        }
    if (optind + 1 != argc)
        return misuse(&cmd_dump, optind < argc ? "dump: one trace at a time" : "dump: which trace? Its number, or file:line");
    d->what = argv[optind];
    return d->pid ? 0 : misuse(&cmd_dump, "dump: which process? -p PID");
}

static int run(int argc, char **argv)
{
    struct dump d = {0};
    int e = parse(&d, argc, argv);
    if (e)
        return e < 0 ? EXIT_OK : e;
    if (!d.width)
        d.width = terminal_width();
    out_set_width((int)d.width - 1);
    if (agent_new(&d.agent) < 0)
        return fail(EXIT_FAILED, "out of memory");
    e = read_all(&d);
    if (e == EXIT_OK)
        (d.json ? show_json : show_text)(&d);
    source_free(d.source);
    free(d.order);
    decoded_fini(&d.d);
    agent_listing_fini(&d.listing);
    agent_snapshot_free(d.snap);
    agent_free(d.agent);
    return e;
}

const struct command cmd_dump = {
    .name = "dump",
    .run = run,
    .summary = "show one trace: source, operations, machine code, exits",
    .usage = "dump -p PID [-j] [-a] [-w COLUMNS] LOOP\n"
             "Shows a trace of process PID: source lines, operations as recorded and as\n"
             "compiled, machine code, and how often each guard was left. LOOP is its number\n"
             "(VM:NUMBER if the process has several VMs), or the file:line where it starts.\n\n"
             "  -p, --pid PID        the process\n"
             "  -j, --json           as JSON\n"
             "  -a, --all            also the code of exits and polls, and guards never left\n"
             "  -w, --width COLUMNS  as if the terminal were so wide; from 120 on machine code\n"
             "                       has a column of its own\n\n"
             "Processes of the same user need no privilege, others need root.\n\n"
             "examples:\n"
             "  jitstat dump -p 1234 3\n"
             "  jitstat dump -p 1234 prog.lua:12 | less -S\n",
};

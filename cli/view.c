/* view.c: the frame of the views that look once: whose the rows are, the rows, alarms, loss; the
 * same as JSON.
 */
#include "cli/cli.h"

static void show_json(const struct view *v, const struct rows *r, const struct options *o, const struct agent_snapshot *s)
{
    struct json j = {stdout, false};
    json_open(&j, NULL, '{');
    json_u64(&j, "version", 1);
    json_double(&j, "interval", o->watched);
    json_open(&j, v->name, '[');
    v->json(&j, r, (size_t)o->rows);
    json_close(&j, '[');
    json_all_alarms(&j, s);
    json_loss(&j, &s->loss);
    json_close(&j, '{');
    putchar('\n');
}

int view_show(const struct view *v, const struct options *o, const struct agent_snapshot *s)
{
    struct rows r;
    if (!rows_make(&r, s, o->sort))
        return fail(EXIT_FAILED, "out of memory");
    if (o->json)
        show_json(v, &r, o, s);
    else {
        text_subject(stdout, &r, s, o->watched);
        v->text(&r, (size_t)o->rows, s);
        text_tail(stdout, s, !v->has_alarms);
    }
    rows_free(&r);
    return EXIT_OK;
}

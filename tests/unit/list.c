/* kernel/list.h against an array. */
#include "kernel/list.h"

#include <stddef.h>

#include "unit.h"

#define ITEMS  16u
#define ROUNDS 20000u

static struct list head;
static struct list items[ITEMS];

/* What the list should hold, in order. */
static struct list *model[ITEMS];
static uint32_t count;

static void start(void)
{
    list_init(&head);
    for (uint32_t i = 0; i < ITEMS; i++)
        list_init(&items[i]);
    count = 0;
}

static bool is_as_modelled(void)
{
    struct list *at = &head;

    if (list_is_empty(&head) != (count == 0))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (at->next != model[i] || model[i]->prev != at)
            return false;
        at = at->next;
    }
    return at->next == &head && head.prev == at;
}

static void list_empty_at_first(void)
{
    start();
    CHECK(list_is_empty(&head));
    CHECK(is_as_modelled());
}

static void list_append_keeps_order(void)
{
    start();
    for (uint32_t i = 0; i < ITEMS; i++) {
        list_append(&head, &items[i]);
        model[count++] = &items[i];
    }
    CHECK(is_as_modelled());
}

static void list_prepend_turns_order(void)
{
    start();
    for (uint32_t i = ITEMS; i-- > 0;)
        list_prepend(&head, &items[i]);
    for (uint32_t i = 0; i < ITEMS; i++)
        model[count++] = &items[i];
    CHECK(is_as_modelled());
}

static void list_remove_twice_is_harmless(void)
{
    start();
    list_append(&head, &items[0]);
    list_append(&head, &items[1]);
    list_remove(&items[0]);
    list_remove(&items[0]);
    CHECK(list_is_empty(&items[0]));
    model[count++] = &items[1];
    CHECK(is_as_modelled());
}

static uint32_t model_find(const struct list *item)
{
    uint32_t at = 0;

    while (at < count && model[at] != item)
        at++;
    return at;
}

static void model_insert(uint32_t at, struct list *item)
{
    memmove(&model[at + 1], &model[at], (count - at) * sizeof(model[0]));
    model[at] = item;
    count++;
}

static void model_remove(uint32_t at)
{
    count--;
    memmove(&model[at], &model[at + 1], (count - at) * sizeof(model[0]));
}

static void random_step(void)
{
    struct list *item = &items[unit_random(ITEMS)];
    uint32_t at = model_find(item);

    if (at < count) {
        list_remove(item);
        model_remove(at);
    } else if (unit_random(2) == 0) {
        list_append(&head, item);
        model_insert(count, item);
    } else {
        list_prepend(&head, item);
        model_insert(0, item);
    }
}

static void list_random_as_modelled(void)
{
    bool good = true;

    start();
    for (uint32_t i = 0; i < ROUNDS && good; i++) {
        random_step();
        good = is_as_modelled();
    }
    CHECK(good);
}

int main(void)
{
    UNIT_RUN(list_empty_at_first);
    UNIT_RUN(list_append_keeps_order);
    UNIT_RUN(list_prepend_turns_order);
    UNIT_RUN(list_remove_twice_is_harmless);
    UNIT_RUN(list_random_as_modelled);
    return unit_done();
}

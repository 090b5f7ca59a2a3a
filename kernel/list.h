/* Doubly linked list with the links inside the elements. The head is a link, too; an element that
 * is on no list points to itself, so list_remove() twice does no harm. No locks of its own.
 */
#ifndef GRAIN_KERNEL_LIST_H
#define GRAIN_KERNEL_LIST_H

#include <stdbool.h>

struct list {
    struct list *next;
    struct list *prev;
};

static inline void list_init(struct list *l)
{
    l->next = l;
    l->prev = l;
}

static inline bool list_is_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_append(struct list *head, struct list *item)
{
    struct list *last = head->prev;

    item->prev = last;
    item->next = head;
    last->next = item;
    head->prev = item;
}

static inline void list_prepend(struct list *head, struct list *item)
{
    list_append(head->next, item);
}

static inline void list_remove(struct list *item)
{
    struct list *prev = item->prev;
    struct list *next = item->next;

    prev->next = next;
    next->prev = prev;
    list_init(item);
}

#endif

/* Heap sort: in place, and n log n whatever the input. */
#include <stdint.h>
#include <stdlib.h>

struct array {
    uint8_t *base;
    size_t size;
    int (*compare)(const void *, const void *);
};

static uint8_t *element(const struct array *array, size_t index)
{
    return array->base + index * array->size;
}

static void swap(const struct array *array, size_t i, size_t j)
{
    uint8_t *a = element(array, i);
    uint8_t *b = element(array, j);

    for (size_t k = 0; k < array->size; k++) {
        uint8_t byte = a[k];
        a[k] = b[k];
        b[k] = byte;
    }
}

/* Restores the heap below `root`, of which only the root may be too small. */
static void sift_down(const struct array *array, size_t root, size_t count)
{
    for (;;) {
        size_t child = 2 * root + 1;

        if (child >= count)
            return;
        if (child + 1 < count &&
            array->compare(element(array, child), element(array, child + 1)) < 0)
            child++;
        if (array->compare(element(array, root), element(array, child)) >= 0)
            return;
        swap(array, root, child);
        root = child;
    }
}

void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    struct array array = {.base = base, .size = size, .compare = compare};

    for (size_t root = count / 2; root-- > 0;)
        sift_down(&array, root, count);
    while (count > 1) {
        swap(&array, 0, --count);
        sift_down(&array, 0, count);
    }
}

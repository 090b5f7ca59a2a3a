/* pageref(). */
#include <inc/lib.h>
#include <inc/pageref.h>

#include "libuser/jos/kernel.h"

int pageref(void *v)
{
    uintptr_t va = ROUNDDOWN((uintptr_t)v, PGSIZE);

    if (va >= ULIM || !(uvpd[PDX(va)] & PTE_P) || !(uvpt[PGNUM(va)] & PTE_P))
        return 0;
    return grain_page_refs(va);
}

/* set_pgfault_handler(): one handler for an env and those it shares memory with. */
#include <inc/lib.h>

/* What _pgfault_upcall calls. */
void (*_pgfault_handler)(struct UTrapframe *utf);

static bool has_stack(void)
{
    uintptr_t va = UXSTACKTOP - PGSIZE;

    return (uvpd[PDX(va)] & PTE_P) != 0 && (uvpt[PGNUM(va)] & PTE_P) != 0;
}

void set_pgfault_handler(void (*handler)(struct UTrapframe *utf))
{
    bool is_set = thisenv->env_pgfault_upcall == (void *)_pgfault_upcall;
    int r = 0;

    _pgfault_handler = handler;
    /* Not "no handler yet": an env whose parent shares its memory with it may have one, and no stack. */
    if (!is_set || !has_stack())
        r = sys_page_alloc(0, (void *)(UXSTACKTOP - PGSIZE), PTE_P | PTE_U | PTE_W);
    if (r == 0 && !is_set)
        r = sys_env_set_pgfault_upcall(0, (void *)_pgfault_upcall);
    if (r < 0)
        panic("set_pgfault_handler: %e", r);
}

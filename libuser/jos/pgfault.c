/* set_pgfault_handler(): one handler for an env and those it shares memory with. */
#include <inc/lib.h>

/* What _pgfault_upcall calls. */
void (*_pgfault_handler)(struct UTrapframe *utf);

void set_pgfault_handler(void (*handler)(struct UTrapframe *utf))
{
    int r;

    _pgfault_handler = handler;
    /* Not "no handler yet": an env whose parent shares its memory with it may have one, and no stack. */
    if (thisenv->env_pgfault_upcall != (void *)_pgfault_upcall) {
        r = sys_page_alloc(0, (void *)(UXSTACKTOP - PGSIZE), PTE_P | PTE_U | PTE_W);
        if (r < 0)
            panic("set_pgfault_handler: %e", r);
        r = sys_env_set_pgfault_upcall(0, (void *)_pgfault_upcall);
        if (r < 0)
            panic("set_pgfault_handler: %e", r);
    }
}

/* The windows: one's own page tables, and the table of envs. */
#include "tests/jos/test.h"
#include <inc/pageref.h>

#define HERE 0x10000000u

extern unsigned char end[];

/* As a program does that goes through all there is. */
static uint32_t count_pages(void)
{
    uint32_t pages = 0;

    for (uint32_t i = 0; i < PDX(UTOP); i++) {
        for (uint32_t j = 0; uvpd[i] & PTE_P && j < NPTENTRIES; j++)
            pages += (uvpt[PGNUM(PGADDR(i, j, 0))] & PTE_P) != 0;
    }
    return pages;
}

static void check_pages(void)
{
    uint32_t before = count_pages();

    CHECK_EQ(before, PGNUM(ROUNDUP((uintptr_t)end, PGSIZE) - UTEXT) + 1,
             "jos_uvpt_program_and_stack");
    CHECK(!(uvpd[PDX(HERE)] & PTE_P), "jos_uvpd_nothing");
    sys_page_alloc(0, (void *)HERE, PTE_RW | 0x200);
    sys_page_alloc(0, (void *)(HERE + PGSIZE), PTE_RO);
    CHECK_EQ(count_pages(), before + 2, "jos_uvpt_two_more");
    CHECK_EQ(uvpt[PGNUM(HERE)] & PTE_SYSCALL, PTE_RW | 0x200, "jos_uvpt_permissions");
    CHECK_EQ(uvpt[PGNUM(HERE + PGSIZE)] & PTE_SYSCALL, PTE_RO, "jos_uvpt_readonly");
    CHECK(!(uvpt[PGNUM(HERE)] & PTE_D), "jos_uvpt_clean");
    *(volatile uint32_t *)HERE = 1;
    CHECK(uvpt[PGNUM(HERE)] & PTE_D, "jos_uvpt_dirty");
    sys_page_map(0, (void *)HERE, 0, (void *)(HERE + 2 * PGSIZE), PTE_RO);
    CHECK_EQ(PTE_ADDR(uvpt[PGNUM(HERE)]), PTE_ADDR(uvpt[PGNUM(HERE + 2 * PGSIZE)]),
             "jos_uvpt_same_frame");
    CHECK_EQ(pageref((void *)HERE), 2, "jos_pageref");
    sys_page_unmap(0, (void *)HERE);
    CHECK(!(uvpt[PGNUM(HERE)] & PTE_P), "jos_uvpt_unmapped");
    CHECK(PGADDR(PDX(0x12345678), PTX(0x12345678), PGOFF(0x12345678)) == (void *)0x12345678,
          "jos_address_parts");
    CHECK_EQ(PTSIZE, 1u << PTSHIFT, "jos_table_size");
}

static void check_envs(void)
{
    const volatile struct Env *e;
    envid_t parent = sys_getenvid();
    uint32_t runs;
    envid_t child = sys_exofork();

    e = &envs[ENVX(child)];
    CHECK(e->env_id == child && e->env_status == ENV_NOT_RUNNABLE && e->env_parent_id == parent,
          "jos_envs_new");
    sys_env_destroy(child);
    child = fork();
    if (child == 0) {
        ipc_recv(NULL, (void *)HERE, NULL);
        ipc_recv(NULL, NULL, NULL);
        cprintf("the value reads '");
        sys_cputs((const char *)&thisenv->env_ipc_value, 4);
        cprintf("'\n");
        exit();
    }
    e = &envs[ENVX(child)];
    test_wait_receiving(child);
    CHECK(e->env_ipc_dstva == (void *)HERE && e->env_status == ENV_NOT_RUNNABLE, "jos_envs_dstva");
    runs = e->env_runs;
    CHECK(runs > 0, "jos_envs_runs");
    ipc_send(child, 77, (void *)(HERE + PGSIZE), PTE_RO);
    test_wait_receiving(child);
    CHECK(e->env_ipc_value == 77 && e->env_ipc_from == parent && e->env_ipc_perm == PTE_RO,
          "jos_envs_message");
    CHECK(e->env_ipc_dstva == (void *)UTOP, "jos_envs_no_window");
    CHECK(e->env_runs > runs, "jos_envs_runs_again");
    ipc_send(child, 0x54584554, (void *)(HERE + PGSIZE), PTE_RO);
    test_wait(child);
    CHECK(e->env_id != child, "jos_envs_gone");
    CHECK_EQ(ipc_find_env(ENV_TYPE_USER), parent, "jos_ipc_find_env");
}

void umain(int argc, char **argv)
{
    check_pages();
    check_envs();
}

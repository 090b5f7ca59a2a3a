/* Every error code of the system calls, one row a fact; and that a call which failed changed nothing. */
#include "tests/jos/test.h"

#define HERE     ((void *)0x10000000)
#define READONLY ((void *)0x10001000)
#define EMPTY    ((void *)0x10002000)
#define ODD      ((void *)0x10000004)
#define TOP      ((void *)UTOP)
#define BEYOND   ((void *)0xfffff000)
#define MARK     0x12345678u

static envid_t child;    /* one's own, not runnable */
static envid_t stranger; /* lives, but is the child of another */
static envid_t dead;     /* was an env */

enum call { DESTROY, STATUS, UPCALL, ALLOC, MAP, MAP_TO, UNMAP };

static const struct row {
    const char *id;
    enum call call;
    envid_t *env;
    void *va;
    int perm; /* or status */
    int error;
} rows[] = {
    {"jos_destroy_dead", DESTROY, &dead, 0, 0, E_BAD_ENV},
    {"jos_destroy_stranger", DESTROY, &stranger, 0, 0, E_BAD_ENV},

    {"jos_status_dead", STATUS, &dead, 0, ENV_RUNNABLE, E_BAD_ENV},
    {"jos_status_stranger", STATUS, &stranger, 0, ENV_NOT_RUNNABLE, E_BAD_ENV},
    {"jos_status_free", STATUS, &child, 0, ENV_FREE, E_INVAL},
    {"jos_status_dying", STATUS, &child, 0, ENV_DYING, E_INVAL},
    {"jos_status_running", STATUS, &child, 0, ENV_RUNNING, E_INVAL},
    {"jos_status_unknown", STATUS, &child, 0, 5, E_INVAL},
    {"jos_status_negative", STATUS, &child, 0, -1, E_INVAL},

    {"jos_upcall_dead", UPCALL, &dead, HERE, 0, E_BAD_ENV},
    {"jos_upcall_stranger", UPCALL, &stranger, HERE, 0, E_BAD_ENV},

    {"jos_alloc_dead", ALLOC, &dead, HERE, PTE_RW, E_BAD_ENV},
    {"jos_alloc_stranger", ALLOC, &stranger, HERE, PTE_RW, E_BAD_ENV},
    {"jos_alloc_odd", ALLOC, NULL, ODD, PTE_RW, E_INVAL},
    {"jos_alloc_top", ALLOC, NULL, TOP, PTE_RW, E_INVAL},
    {"jos_alloc_beyond", ALLOC, NULL, BEYOND, PTE_RW, E_INVAL},
    {"jos_alloc_not_present", ALLOC, NULL, HERE, PTE_U | PTE_W, E_INVAL},
    {"jos_alloc_not_user", ALLOC, NULL, HERE, PTE_P | PTE_W, E_INVAL},
    {"jos_alloc_no_perm", ALLOC, NULL, HERE, 0, E_INVAL},
    {"jos_alloc_perm_pwt", ALLOC, NULL, HERE, PTE_RW | PTE_PWT, E_INVAL},
    {"jos_alloc_perm_pcd", ALLOC, NULL, HERE, PTE_RW | PTE_PCD, E_INVAL},
    {"jos_alloc_perm_ps", ALLOC, NULL, HERE, PTE_RW | PTE_PS, E_INVAL},
    {"jos_alloc_perm_global", ALLOC, NULL, HERE, PTE_RW | PTE_G, E_INVAL},
    {"jos_alloc_perm_high", ALLOC, NULL, HERE, PTE_RW | 0x1000, E_INVAL},

    {"jos_map_from_dead", MAP, &dead, HERE, PTE_RW, E_BAD_ENV},
    {"jos_map_from_stranger", MAP, &stranger, HERE, PTE_RW, E_BAD_ENV},
    {"jos_map_src_odd", MAP, NULL, ODD, PTE_RW, E_INVAL},
    {"jos_map_src_top", MAP, NULL, TOP, PTE_RW, E_INVAL},
    {"jos_map_src_empty", MAP, NULL, EMPTY, PTE_RO, E_INVAL},
    {"jos_map_write_readonly", MAP, NULL, READONLY, PTE_RW, E_INVAL},
    {"jos_map_not_present", MAP, NULL, HERE, PTE_U, E_INVAL},
    {"jos_map_not_user", MAP, NULL, HERE, PTE_P, E_INVAL},
    {"jos_map_perm_bits", MAP, NULL, HERE, PTE_RW | PTE_A, E_INVAL},
    {"jos_map_to_dead", MAP_TO, &dead, HERE, PTE_RW, E_BAD_ENV},
    {"jos_map_to_stranger", MAP_TO, &stranger, HERE, PTE_RW, E_BAD_ENV},
    {"jos_map_dst_odd", MAP_TO, NULL, ODD, PTE_RW, E_INVAL},
    {"jos_map_dst_top", MAP_TO, NULL, TOP, PTE_RW, E_INVAL},
    {"jos_map_dst_beyond", MAP_TO, NULL, BEYOND, PTE_RW, E_INVAL},

    {"jos_unmap_dead", UNMAP, &dead, HERE, 0, E_BAD_ENV},
    {"jos_unmap_stranger", UNMAP, &stranger, HERE, 0, E_BAD_ENV},
    {"jos_unmap_odd", UNMAP, NULL, ODD, 0, E_INVAL},
    {"jos_unmap_top", UNMAP, NULL, TOP, 0, E_INVAL},
};

static int make(const struct row *row)
{
    envid_t env = row->env == NULL ? 0 : *row->env;

    switch (row->call) {
    case DESTROY:
        return sys_env_destroy(env);
    case STATUS:
        return sys_env_set_status(env, row->perm);
    case UPCALL:
        return sys_env_set_pgfault_upcall(env, row->va);
    case ALLOC:
        return sys_page_alloc(env, row->va, row->perm);
    case MAP:
        return sys_page_map(env, row->va, 0, EMPTY, row->perm);
    case MAP_TO:
        return sys_page_map(0, HERE, env, row->va, row->perm);
    default:
        return sys_page_unmap(env, row->va);
    }
}

static bool unchanged(void)
{
    return *(uint32_t *)HERE == MARK && (uvpt[PGNUM(HERE)] & PTE_SYSCALL) == PTE_RW &&
           *(uint32_t *)READONLY == MARK && (uvpt[PGNUM(READONLY)] & PTE_SYSCALL) == PTE_RO &&
           !(uvpt[PGNUM(EMPTY)] & PTE_P) && envs[ENVX(child)].env_status == ENV_NOT_RUNNABLE &&
           envs[ENVX(stranger)].env_id == stranger;
}

static void prepare(void)
{
    envid_t parent = sys_getenvid();
    envid_t middle;

    dead = sys_exofork();
    sys_env_destroy(dead);
    middle = fork();
    if (middle == 0) {
        envid_t grandchild = sys_exofork();

        ipc_send(parent, (uint32_t)grandchild, NULL, 0);
        ipc_recv(NULL, NULL, NULL);
        exit();
    }
    stranger = ipc_recv(NULL, NULL, NULL);
    sys_page_alloc(0, HERE, PTE_RW);
    sys_page_alloc(0, READONLY, PTE_RW);
    *(uint32_t *)HERE = *(uint32_t *)READONLY = MARK;
    sys_page_map(0, READONLY, 0, READONLY, PTE_RO);
    child = sys_exofork();
}

/* What is no error. */
static void check_silent(void)
{
    CHECK_EQ(sys_page_unmap(0, EMPTY), 0, "jos_unmap_nothing");
    CHECK_EQ(sys_page_unmap(0, (void *)0x20000000), 0, "jos_unmap_no_table");
    CHECK_EQ(sys_page_map(0, HERE, 0, EMPTY, PTE_RO), 0, "jos_map_readonly_view");
    CHECK_EQ(*(uint32_t *)EMPTY, MARK, "jos_map_shared");
    CHECK_EQ(sys_page_alloc(0, HERE, PTE_RW | PTE_AVAIL), 0, "jos_alloc_again");
    CHECK_EQ(*(uint32_t *)HERE, 0, "jos_alloc_zeroed");
    CHECK_EQ(*(uint32_t *)EMPTY, MARK, "jos_alloc_replaces_here_alone");
    CHECK_EQ(uvpt[PGNUM(HERE)] & PTE_AVAIL, PTE_AVAIL, "jos_alloc_avail_bits");
    CHECK_EQ(sys_page_alloc(child, HERE, PTE_RW), 0, "jos_alloc_for_child");
    CHECK_EQ(sys_page_map(child, HERE, 0, EMPTY, PTE_RW), 0, "jos_map_from_child");
    CHECK_EQ(sys_page_unmap(child, HERE), 0, "jos_unmap_of_child");
    CHECK_EQ(sys_env_destroy(child), 0, "jos_destroy_child");
    CHECK_ERROR(sys_env_destroy(child), E_BAD_ENV, "jos_destroy_twice");
}

static void check_texts(void)
{
    char text[160];

    snprintf(text, sizeof(text), "%e|%e|%e|%e|%e|%e|%e|%e|%e", -E_UNSPECIFIED, -E_BAD_ENV, E_INVAL,
             -E_NO_MEM, -E_NO_FREE_ENV, -E_FAULT, -E_IPC_NOT_RECV, -E_EOF, -77);
    CHECK(strcmp(text, "unspecified error|bad environment|invalid parameter|out of memory|"
                       "out of environments|segmentation fault|env is not recving|"
                       "unexpected end of file|error 77") == 0,
          "jos_error_texts");
}

void umain(int argc, char **argv)
{
    prepare();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        CHECK_ERROR(make(&rows[i]), rows[i].error, rows[i].id);
    CHECK(unchanged(), "jos_errors_change_nothing");
    check_silent();
    check_texts();
}

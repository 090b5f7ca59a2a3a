/* A page sent there and back: shared, the sender keeps it. */
#include "tests/jos/test.h"
#include <inc/pageref.h>

#define HERE  ((char *)0xa00000)
#define THERE ((char *)0xb00000)

static const char *const to_child = "hello child environment! how are you?";
static const char *const to_parent = "hello parent environment! I'm good.";

void umain(int argc, char **argv)
{
    envid_t parent = sys_getenvid();
    envid_t child = fork();
    envid_t who;
    int perm;

    if (child == 0) {
        CHECK_EQ(ipc_recv(&who, THERE, &perm), 17, "jos_sendpage_value");
        cprintf("%x got message: %s\n", who, THERE);
        CHECK_EQ(who, parent, "jos_sendpage_from");
        CHECK_EQ(perm, PTE_RW, "jos_sendpage_perm");
        CHECK(strcmp(THERE, to_child) == 0, "jos_sendpage_to_child");
        strcpy(THERE, to_parent);
        ipc_send(who, 0, THERE, PTE_RW);
        return;
    }
    sys_page_alloc(0, HERE, PTE_RW);
    strcpy(HERE, to_child);
    ipc_send(child, 17, HERE, PTE_RW);
    ipc_recv(&who, NULL, &perm);
    cprintf("%x got message: %s\n", who, HERE);
    CHECK_EQ(perm, 0, "jos_sendpage_not_wanted");
    CHECK(strcmp(HERE, to_parent) == 0, "jos_sendpage_shared");
    test_wait(child);
    CHECK_EQ(pageref(HERE), 1, "jos_sendpage_alone_again");
}

/* Page-fault upcalls, see upcall.h. The way back is that of JOS: the address to go on at is stored
 * below the interrupted stack pointer, which for a nested fault is the frame's spare word. */
#include "tests/user/upcall.h"

#include "grain/syscall.h"

_Static_assert(__builtin_offsetof(struct env_upcall_frame, edi) == 8, "upcall_entry");
_Static_assert(__builtin_offsetof(struct env_upcall_frame, eip) == 40, "upcall_entry");
_Static_assert(__builtin_offsetof(struct env_upcall_frame, esp) == 48, "upcall_entry");

upcall_fn *volatile upcall_handler;

__asm__(".text\n"
        ".globl upcall_entry\n"
        ".type upcall_entry, @function\n"
        "upcall_entry:\n\t"
        "cld\n\t"
        "pushl %esp\n\t"
        "call *upcall_handler\n\t"
        "addl $4, %esp\n\t"
        "movl 48(%esp), %eax\n\t"
        "subl $4, %eax\n\t"
        "movl %eax, 48(%esp)\n\t"
        "movl 40(%esp), %ebx\n\t"
        "movl %ebx, (%eax)\n\t"
        "addl $8, %esp\n\t"
        "popal\n\t"
        "addl $4, %esp\n\t"
        "popfl\n\t"
        "popl %esp\n\t"
        "ret\n"
        ".size upcall_entry, . - upcall_entry\n");

int upcall_install(envid_t env, upcall_fn *handler, uintptr_t stack)
{
    int result = page_alloc(0, stack, 1, PERM_RW);

    if (result < 0)
        return result;
    upcall_handler = handler;
    return env_set_upcall(env, (uintptr_t)upcall_entry, stack + PAGE_SIZE);
}

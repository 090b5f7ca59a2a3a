/* proc: processes, their threads, parents and children. abi/proc.h is its protocol, docs/servers.md the
 * way of its requests.
 *
 * One env, one loop. It controls every env of every process, and calls pager and bootfs, which never call
 * it. It never waits for a client: replies do not block, a call that must wait (for a child, for a thread)
 * is kept in the thread that made it and answered when the time has come. A thread that dies takes its
 * call with it. The kernel tells of deaths by notification bits; which env it was, the public records say.
 * All tables have a fixed size.
 */
#ifndef PROC_PROC_H
#define PROC_PROC_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/pager.h"
#include "abi/proc.h"
#include "grain/ipc.h"
#include "grain/layout.h"
#include "kernel/elf.h"

#define PROCESSES_MAX 256u
#define THREADS_MAX   512u
#define NAME_MAX      (sizeof(((struct proc_info *)0)->name))

#define STACK_BYTES (1u << 20) /* of address space for a process's first stack */

/* In proc's own space: pages of clients, a page of a file, a new stack. */
#define ARGS_WINDOW  0x60000000u
#define FILE_WINDOW  0x60100000u
#define STACK_WINDOW 0x60200000u
#define STACK_PAGES  8u /* that arguments may take */
#define ARGS_BYTES   (PROC_ARGS_PAGES_MAX * PAGE_SIZE)

enum process_state { PROCESS_FREE, PROCESS_ALIVE, PROCESS_ENDING, PROCESS_ZOMBIE };

struct thread;

struct process {
    enum process_state state;
    uint32_t pid;
    uint32_t status; /* ENDING, ZOMBIE */
    bool is_orphan;  /* its parent is init, which does not know it: nobody will ask how it ended */
    uint32_t nthreads;
    struct thread *threads;
    struct process *parent; /* NULL: init itself */
    struct process *children, *next, *prev;
    char name[NAME_MAX];
};

/* What a thread waits for. */
enum waiting { WAITING_NOT, WAITING_CHILD, WAITING_THREAD };

struct thread {
    envid_t env; /* 0: free */
    struct process *process;
    struct thread *next;
    enum waiting waiting;
    uint32_t wait_for; /* CHILD: pid or 0. THREAD: env id */
};

/* A message. */
struct request {
    envid_t from;
    struct thread *thread; /* of `from`; NULL: none of ours */
    uint32_t w[4];
    uint32_t words;
    uint32_t pages; /* at ARGS_WINDOW */
};

struct answer {
    uint32_t w[4];
    uint32_t words;
};

/* A handler returns what goes into word 0, or NO_ANSWER. */
#define NO_ANSWER 1
typedef int proc_handler(const struct request *request, struct answer *answer);

extern struct process_start servers; /* what new processes are told */
extern struct process *init_process; /* NULL before PROC_SETUP */

/* ---- process.c ---- */
struct process *process_new(struct process *parent, const char *name)
    MUST_CHECK;                             /* NULL: no more */
void process_free(struct process *process); /* without threads and children */
void process_adopt(struct process *child, struct process *parent);
struct process *process_by_pid(uint32_t pid); /* ALIVE, ENDING or ZOMBIE */
struct process *process_at_or_after(uint32_t pid);
bool process_descends(const struct process *process, const struct process *from);

/* ---- thread.c ---- */
struct thread *thread_of(envid_t env);
/* An env for a new thread of the process: in a space of its own (with `frames`), or in that of `sibling`.
 * Stopped, limited, its faults go to the pager. Negative: an error. */
int thread_new(struct process *process, envid_t sibling, uint32_t frames, struct thread **thread)
    MUST_CHECK;
/* One that was made a moment ago, and is not to be. */
void thread_undo(struct thread *thread);
/* Init's own. */
struct thread *thread_of_init(struct process *process, envid_t env);
void thread_free(struct thread *thread);
void threads_reap(uint32_t bits);

/* ---- end.c ---- */
void process_end(struct process *process, uint32_t status);
void thread_ended(struct thread *thread, const struct env_death *death);
proc_handler end_exit, end_kill, end_interrupt, end_thread_exit;

/* ---- wait.c ---- */
proc_handler wait_child, wait_thread;
/* A process has ended or gone: threads of its parent may have waited for that. */
void wait_look(struct process *parent);
void wait_thread_ended(const struct process *process, envid_t env);

/* ---- fork.c, exec.c, info.c ---- */
proc_handler fork_process, fork_thread;
proc_handler exec_spawn, exec_exec;
proc_handler info_pid, info_list, info_is_below;

/* ---- args.c, program.c: what is to be run. ---- */
struct args {
    const char *path;
    uint32_t argc, envc;
    const char *strings; /* argc + envc of them, one after the other */
    uint32_t bytes;
};

/* Copies and checks the pages that came with a request. -E_INVAL. */
int args_read(const struct request *request, struct args *args) MUST_CHECK;
/* The last component of the path. */
const char *args_name(const struct args *args);
/* Builds the first stack at STACK_WINDOW. Returns its pages; *esp: where it begins in the process. */
int args_build_stack(const struct args *args, uint32_t *esp) MUST_CHECK;

struct program {
    uint32_t entry;
    uint32_t count;
    struct pager_region regions[ELF_SEGMENTS_MAX + 1]; /* segments and stack */
};

int program_open(const char *path, struct program *program) MUST_CHECK;

/* ---- pager.c: the calls. ---- */
int pager_call(uint32_t op, envid_t env, uint32_t w2) MUST_CHECK;
int pager_add_region(envid_t env, const struct pager_region *region) MUST_CHECK;
/* Returns whether a fault had found no memory. */
bool pager_destroy(envid_t env);

#endif

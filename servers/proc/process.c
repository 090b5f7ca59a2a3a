/* The table of processes, and who descends from whom. */
#include <string.h>

#include "servers/proc/proc.h"

static struct process processes[PROCESSES_MAX];
static uint32_t last_pid;

#define PID_MAX 0x7ffffffeu

struct process *process_by_pid(uint32_t pid)
{
    struct process *process = process_at_or_after(pid);

    return process != NULL && process->pid == pid ? process : NULL;
}

struct process *process_at_or_after(uint32_t pid)
{
    struct process *found = NULL;

    for (uint32_t i = 0; i < PROCESSES_MAX; i++) {
        struct process *process = &processes[i];

        if (process->state == PROCESS_FREE || process->pid < pid)
            continue;
        if (process->pid == pid)
            return process;
        if (found == NULL || process->pid < found->pid)
            found = process;
    }
    return found;
}

/* Until they begin anew, nobody has the next one. */
static uint32_t new_pid(void)
{
    static bool again;

    do {
        again = again || last_pid == PID_MAX;
        last_pid = last_pid == PID_MAX ? PROC_PID_INIT + 1 : last_pid + 1;
    } while (again && process_by_pid(last_pid) != NULL);
    return last_pid;
}

static void enter_family(struct process *process, struct process *parent)
{
    process->parent = parent;
    process->prev = NULL;
    process->next = NULL;
    if (parent == NULL)
        return;
    process->next = parent->children;
    if (process->next != NULL)
        process->next->prev = process;
    parent->children = process;
}

static void leave_family(struct process *process)
{
    if (process->next != NULL)
        process->next->prev = process->prev;
    if (process->prev != NULL)
        process->prev->next = process->next;
    else if (process->parent != NULL)
        process->parent->children = process->next;
}

struct process *process_new(struct process *parent, const char *name)
{
    uint32_t i = 0;

    while (i < PROCESSES_MAX && processes[i].state != PROCESS_FREE)
        i++;
    if (i == PROCESSES_MAX)
        return NULL;
    uint32_t pid = new_pid();
    processes[i] = (struct process){.state = PROCESS_ALIVE, .pid = pid};
    strlcpy(processes[i].name, name, NAME_MAX);
    enter_family(&processes[i], parent);
    return &processes[i];
}

void process_free(struct process *process)
{
    leave_family(process);
    process->state = PROCESS_FREE;
}

void process_adopt(struct process *child, struct process *parent)
{
    leave_family(child);
    enter_family(child, parent);
}

bool process_descends(const struct process *process, const struct process *from)
{
    while (process != NULL && process != from)
        process = process->parent;
    return process != NULL;
}

/* proc's message loop and table of calls. */
#include "servers/proc/proc.h"

#include <errno.h>
#include <string.h>

#include "abi/server.h"
#include "grain/syscall.h"
#include "grain/windows.h"

struct process_start servers;
struct process *init_process;

static proc_handler setup;

static const struct {
    proc_handler *handle;
    bool for_processes; /* for their threads alone: request->thread is there */
} calls[] = {
    [PROC_SPAWN & 0xff] = {exec_spawn, true},
    [PROC_FORK & 0xff] = {fork_process, true},
    [PROC_EXEC & 0xff] = {exec_exec, true},
    [PROC_WAIT & 0xff] = {wait_child, true},
    [PROC_EXIT & 0xff] = {end_exit, true},
    [PROC_KILL & 0xff] = {end_kill, true},
    [PROC_GETPID & 0xff] = {info_pid, true},
    [PROC_LIST & 0xff] = {info_list, false},
    [PROC_THREAD & 0xff] = {fork_thread, true},
    [PROC_THREAD_EXIT & 0xff] = {end_thread_exit, true},
    [PROC_THREAD_JOIN & 0xff] = {wait_thread, true},
    [PROC_INTERRUPT & 0xff] = {end_interrupt, false},
    [PROC_SETUP & 0xff] = {setup, false},
    [PROC_IS_BELOW & 0xff] = {info_is_below, false},
};

#define CALLS (sizeof(calls) / sizeof(calls[0]))

/* Init has several envs, of which we know the first. */
static bool is_init(envid_t env)
{
    return env_record(env)->aspace == env_record(init_process->threads->env)->aspace;
}

static int setup(const struct request *request, struct answer *answer)
{
    struct process_start start;

    (void)answer;
    if (request->words * sizeof(uint32_t) < sizeof(start))
        return -E_INVAL;
    memcpy(&start, utcb()->words, sizeof(start));
    if (start.magic != PROCESS_START_MAGIC)
        return -E_INVAL;
    if (init_process == NULL) {
        init_process = process_new(NULL, "init");
        if (init_process == NULL || thread_of_init(init_process, request->from) == NULL)
            return -E_NO_MEM;
    } else if (!is_init(request->from)) {
        return -E_PERM;
    }
    servers = start;
    return 0;
}

static int dispatch(const struct request *request, struct answer *answer)
{
    uint32_t op = request->w[0] & 0xff;

    if (SERVER_OF(request->w[0]) != SERVER_PROC || op >= CALLS || calls[op].handle == NULL)
        return -E_NO_SYS;
    if (!calls[op].for_processes)
        return calls[op].handle(request, answer);
    if (request->thread == NULL)
        return -E_BAD_ENV;
    /* Killed already, its message came before. */
    if (request->thread->process->state != PROCESS_ALIVE)
        return NO_ANSWER;
    return calls[op].handle(request, answer);
}

static void read_request(struct request *request, int32_t result, const struct ipc_msg *msg)
{
    bool extra = ipc_has_extra(result);

    request->from = ipc_sender(result);
    request->thread = thread_of(request->from);
    request->words = extra ? utcb()->got_words : 0;
    request->pages = extra ? utcb()->got_pages : 0;
    memcpy(request->w, msg->w, sizeof(request->w));
}

/* Returns whom *answer is for; 0: nobody now. */
static envid_t serve(int32_t result, const struct ipc_msg *msg, struct answer *answer)
{
    struct request request;

    read_request(&request, result, msg);
    if (request.thread != NULL)
        request.thread->waiting = WAITING_NOT; /* it has given up what it waited for */
    int status = dispatch(&request, answer);
    answer->w[0] = (uint32_t)status;
    if (request.pages != 0)
        (void)page_unmap(0, ARGS_WINDOW, request.pages);
    return status == NO_ANSWER ? 0 : request.from;
}

int main(void)
{
    struct answer answer = {.words = 0};
    struct ipc_msg msg;
    envid_t client = 0;

    for (;;) {
        memcpy(msg.w, answer.w, sizeof(msg.w));
        ipc_set_window(ARGS_WINDOW, PROC_ARGS_PAGES_MAX);
        int32_t result =
            ipc(IPC_OP_REPLY_RECV | IPC_WINDOW | IPC_SEND_WORDS(answer.words), client, &msg);
        client = 0;
        answer = (struct answer){.words = 0};
        if (result == 0)
            threads_reap(msg.w[0]);
        else if (result > 0)
            client = serve(result, &msg, &answer);
    }
}

/* Programs into new processes, and into those that ask for another. */
#include <errno.h>
#include <string.h>

#include "grain/syscall.h"
#include "grain/windows.h"
#include "servers/proc/proc.h"

/* What is to run, and its first stack, built at STACK_WINDOW. */
struct image {
    struct args args;
    struct program program;
    uint32_t stack_pages;
    uint32_t esp;
};

/* All that can go wrong with a request, before anything changes. */
static int image_prepare(const struct request *request, struct image *image)
{
    int error = args_read(request, &image->args);

    if (error == 0)
        error = program_open(image->args.path, &image->program);
    if (error != 0)
        return error;
    int pages = args_build_stack(&image->args, &image->esp);
    image->stack_pages = pages < 0 ? 0 : (uint32_t)pages;
    return pages < 0 ? pages : 0;
}

static void image_drop(void)
{
    (void)page_unmap(0, STACK_WINDOW, STACK_PAGES);
}

/* Into an empty space of a stopped env, which then runs. */
static int image_load(const struct image *image, envid_t env)
{
    const struct env_regs regs = {.eip = image->program.entry, .esp = image->esp};
    uint32_t stack = USER_STACK_TOP - image->stack_pages * PAGE_SIZE;
    int error = 0;

    for (uint32_t i = 0; i < image->program.count && error == 0; i++) {
        struct pager_region region = image->program.regions[i];

        if (region.kind == PAGER_STACK)
            region.offset = stack;
        error = pager_add_region(env, &region);
    }
    if (error == 0)
        error = page_map(0, STACK_WINDOW, env, stack | PERM_RW, image->stack_pages);
    if (error == 0)
        error = env_write_regs(env, &regs);
    return error == 0 ? env_start(env) : error;
}

/* ---- Spawn. ---- */

/* Of init's children nobody gets all of the memory, unless init says so. */
static uint32_t default_frames(void)
{
    return sysinfo()->total_frames / 4 * 3;
}

static int frames_for(const struct request *request, uint32_t *frames)
{
    struct aspace_usage usage = {.quota = default_frames()};
    bool from_init = request->thread->process == init_process;
    int error = from_init ? 0 : aspace_info(request->from, &usage);

    if (error != 0)
        return error;
    *frames = request->w[1] == 0 ? usage.quota : request->w[1];
    return *frames > usage.quota && !from_init ? -E_PERM : 0;
}

static int spawn_thread(const struct image *image, struct process *process, uint32_t frames)
{
    struct thread *thread;
    int error = thread_new(process, 0, frames, &thread);

    if (error != 0)
        return error;
    envid_t env = thread->env;
    error = pager_call(PAGER_CREATE, env, 0);
    if (error == 0) {
        error = image_load(image, env);
        if (error != 0)
            (void)pager_destroy(env);
    }
    if (error != 0)
        thread_undo(thread);
    return error;
}

static int spawn(const struct request *request, const struct image *image, struct answer *answer)
{
    uint32_t frames;
    int error = frames_for(request, &frames);

    if (error != 0)
        return error;
    struct process *process = process_new(request->thread->process, args_name(&image->args));
    if (process == NULL)
        return -E_NO_FREE_ENV;
    error = spawn_thread(image, process, frames);
    if (error != 0) {
        process_free(process);
        return error;
    }
    answer->w[1] = process->pid;
    return 0;
}

int exec_spawn(const struct request *request, struct answer *answer)
{
    struct image image;
    int error = image_prepare(request, &image);

    if (error == 0)
        error = spawn(request, &image, answer);
    image_drop();
    return error;
}

/* ---- Exec. ---- */

/* None of them runs any more when this returns; they end in their own time. */
static void end_others(const struct process *process, const struct thread *self)
{
    for (const struct thread *thread = process->threads; thread != NULL; thread = thread->next) {
        if (thread == self)
            continue;
        (void)env_stop(thread->env, ENV_STOP_ABORT);
        (void)env_destroy(thread->env, 0);
    }
}

/* The caller waits for an answer, which it will not get: it is stopped, taken out of its call, and starts
 * anew. From PAGER_CLEAR on there is no way back: what fails is the end of the process. */
static int replace(const struct image *image, const struct request *request)
{
    struct process *process = request->thread->process;
    int error = env_stop(request->from, ENV_STOP_ABORT);

    if (error != 0)
        return error;
    end_others(process, request->thread);
    strlcpy(process->name, args_name(&image->args), NAME_MAX);
    error = pager_call(PAGER_CLEAR, request->from, 0);
    if (error == 0)
        error = image_load(image, request->from);
    if (error != 0)
        process_end(process, PROC_STATUS_NO_MEMORY);
    return NO_ANSWER;
}

int exec_exec(const struct request *request, struct answer *answer)
{
    struct image image;

    (void)answer;
    if (request->thread->process == init_process)
        return -E_PERM;
    int error = image_prepare(request, &image);
    if (error == 0)
        error = replace(&image, request);
    image_drop();
    return error;
}

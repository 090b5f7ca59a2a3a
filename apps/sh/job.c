/* Background processes, see apps/sh/job.h. A job's number is its place in the table, from 1. */
#include "apps/sh/job.h"

#include <stddef.h>
#include <string.h>

#include "apps/options.h"

static struct job jobs[JOBS_MAX];

static struct job *free_entry(void)
{
    for (int i = 0; i < JOBS_MAX; i++) {
        if (jobs[i].number == 0)
            return &jobs[i];
    }
    return NULL;
}

bool job_room(void)
{
    return free_entry() != NULL;
}

static void join_words(char *text, char *const argv[])
{
    size_t used = 0;

    text[0] = 0;
    for (int i = 0; argv[i] != NULL; i++) {
        for (const char *from = i > 0 ? " " : ""; *from != 0 && used < JOB_TEXT_MAX - 1; from++)
            text[used++] = *from;
        for (const char *from = argv[i]; *from != 0 && used < JOB_TEXT_MAX - 1; from++)
            text[used++] = *from;
    }
    text[used] = 0;
}

const struct job *job_add(int32_t pid, char *const argv[])
{
    struct job *job = free_entry();

    if (job == NULL)
        return NULL;
    *job = (struct job){.number = (int)(job - jobs) + 1, .pid = pid};
    join_words(job->text, argv);
    return job;
}

static struct job *find_pid(int32_t pid)
{
    for (int i = 0; i < JOBS_MAX; i++) {
        if (jobs[i].number != 0 && jobs[i].pid == pid)
            return &jobs[i];
    }
    return NULL;
}

struct job *job_end(int32_t pid, uint32_t status)
{
    struct job *job = find_pid(pid);

    if (job == NULL || job->ended)
        return NULL;
    job->ended = true;
    job->status = status;
    return job;
}

struct job *job_find(const char *word)
{
    uint32_t number;

    if (word[0] != '%')
        return options_number(word, 1, INT32_MAX, &number) ? find_pid((int32_t)number) : NULL;
    if (!options_number(word + 1, 1, JOBS_MAX, &number) || jobs[number - 1].number == 0)
        return NULL;
    return &jobs[number - 1];
}

struct job *job_after(int number)
{
    for (int i = number; i < JOBS_MAX; i++) {
        if (jobs[i].number != 0)
            return &jobs[i];
    }
    return NULL;
}

void job_remove(struct job *job)
{
    job->number = 0;
}

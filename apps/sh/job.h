/* The shell's table of background processes, "jobs". No system call in here. */
#ifndef GRAIN_APPS_SH_JOB_H
#define GRAIN_APPS_SH_JOB_H

#include <stdbool.h>
#include <stdint.h>

#define JOBS_MAX     32
#define JOB_TEXT_MAX 56

struct job {
    int number; /* 1 to JOBS_MAX; 0: a free entry */
    int32_t pid;
    bool ended;
    uint32_t status;         /* of an ended one, abi/proc.h */
    char text[JOB_TEXT_MAX]; /* its command, cut off if it is long */
};

/* Whether there is room for one more. */
bool job_room(void);

/* Enters a process, under the lowest free number, if there is room. */
const struct job *job_add(int32_t pid, char *const argv[]);

/* The process has ended. Returns its job; NULL: it is none. */
struct job *job_end(int32_t pid, uint32_t status);

/* The job that a word names, "%NUMBER" or "PID"; NULL: there is none. */
struct job *job_find(const char *word);

/* The job with the lowest number above that one, from 0; NULL: there is none. */
struct job *job_after(int number);

void job_remove(struct job *job);

#endif

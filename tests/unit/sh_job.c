/* apps/sh/job.c and status.c: the shell's table of jobs, and $?. */
#include "apps/sh/job.h"

#include "abi/proc.h"
#include "apps/sh/status.h"
#include "unit.h"

static char words[][JOB_TEXT_MAX] = {"primes", "-n", "100"};
static char *const primes[] = {words[0], words[1], words[2], NULL};

static void forget_all(void)
{
    struct job *job;

    while ((job = job_after(0)) != NULL)
        job_remove(job);
}

static void job_is_added(void)
{
    const struct job *job = job_add(12, primes);

    CHECK(job != NULL && job->number == 1 && job->pid == 12 && !job->ended);
    CHECK_STR(job->text, "primes -n 100");
    CHECK(job_after(0) == job && job_after(1) == NULL);
    forget_all();
}

static void job_number_is_the_lowest_free(void)
{
    CHECK_INT(job_add(1, primes)->number, 1);
    CHECK_INT(job_add(2, primes)->number, 2);
    CHECK_INT(job_add(3, primes)->number, 3);
    job_remove(job_find("%2"));
    CHECK_INT(job_add(4, primes)->number, 2);
    CHECK_INT(job_after(1)->pid, 4);
    CHECK_INT(job_after(2)->pid, 3);
    forget_all();
    CHECK(job_after(0) == NULL);
}

static void job_is_found(void)
{
    job_add(100, primes);
    job_add(2, primes);
    CHECK_INT(job_find("%1")->pid, 100);
    CHECK_INT(job_find("100")->number, 1);
    CHECK_INT(job_find("2")->number, 2);
    CHECK(job_find("%3") == NULL && job_find("%0") == NULL && job_find("%") == NULL);
    CHECK(job_find("%33") == NULL && job_find("1") == NULL && job_find("x") == NULL);
    CHECK(job_find("") == NULL && job_find("%-1") == NULL && job_find("%1x") == NULL);
    forget_all();
    CHECK(job_find("%1") == NULL && job_find("100") == NULL);
}

static void job_ends_once(void)
{
    job_add(7, primes);
    CHECK(job_end(8, 0) == NULL);
    const struct job *job = job_end(7, 3);
    CHECK(job != NULL && job->ended && job->status == 3);
    CHECK(job_end(7, 0) == NULL);
    CHECK_INT(job_find("%1")->status, 3);
    forget_all();
}

static void job_table_is_full(void)
{
    for (int i = 1; i <= JOBS_MAX; i++) {
        CHECK(job_room());
        CHECK(job_add(i, primes) != NULL);
    }
    CHECK(!job_room());
    CHECK(job_add(99, primes) == NULL);
    job_remove(job_find("%5"));
    CHECK(job_room());
    forget_all();
}

static void job_text_is_cut_off(void)
{
    char longest[JOB_TEXT_MAX];
    char *argv[] = {words[0], longest, words[1], NULL};

    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = 0;
    const struct job *job = job_add(1, argv);
    CHECK_INT(strlen(job->text), JOB_TEXT_MAX - 1);
    CHECK(strncmp(job->text, "primes xxx", 10) == 0);
    forget_all();
}

static void status_of_an_exit(void)
{
    CHECK_INT(status_code(0), 0);
    CHECK_INT(status_code(3), 3);
    CHECK_INT(status_code(255), 255);
}

static void status_of_a_death(void)
{
    CHECK_INT(status_code(PROC_STATUS_KILLED), STATUS_KILLED);
    CHECK_INT(status_code(PROC_STATUS_FAULT), STATUS_FAULT);
    CHECK_INT(status_code(PROC_STATUS_FAULT | 14u << 16), STATUS_FAULT);
    CHECK_INT(status_code(PROC_STATUS_NO_MEMORY), STATUS_NO_MEMORY);
}

int main(void)
{
    UNIT_RUN(job_is_added);
    UNIT_RUN(job_number_is_the_lowest_free);
    UNIT_RUN(job_is_found);
    UNIT_RUN(job_ends_once);
    UNIT_RUN(job_table_is_full);
    UNIT_RUN(job_text_is_cut_off);
    UNIT_RUN(status_of_an_exit);
    UNIT_RUN(status_of_a_death);
    return unit_done();
}

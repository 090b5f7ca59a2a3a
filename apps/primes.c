/* primes: the sieve as a pipeline of processes, a prime each (Hoare, McIlroy; the sieve of the JOS
 * exercises). A process gets numbers from the left: the first is its prime; of the others it passes
 * on those that its prime does not divide, to a process that it forks when there is a first one.
 * 0 is the end: it goes through the pipeline, and each process waits for the one to its right.
 *
 * A number is a call, answered at once but for the one that a process is forked for: until that has
 * said who it is, nothing else must come from the left. A process that died shows as an error at its
 * left neighbour, which ends in turn.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "apps/error.h"
#include "apps/options.h"
#include "apps/partner.h"
#include "grain/ipc.h"

#define NUMBER 0x7072696du /* label: word 1 is a number */

static uint32_t limit = 100;

static const struct option list[] = {
    {'n', "limit", "N", "up to N, 2 to 1000 (default 100)", .number = &limit, .least = 2,
     .most = 1000},
    {.letter = 0},
};
static const struct options command_line = {
    .program = "primes",
    .operands = "",
    .text = "Prints the primes up to a number, found by a pipeline of processes, one a\n"
            "prime.",
    .list = list,
};

/* The number that the left neighbour sends, 0 at the end; or a negated error. */
static int32_t receive(envid_t left)
{
    struct ipc_msg msg;
    int32_t from = ipc_recv_from(left, &msg);

    if (from < 0)
        return from;
    return msg.w[0] == NUMBER ? (int32_t)msg.w[1] : -E_INVAL;
}

static int accept_number(envid_t left)
{
    static const struct ipc_msg msg = {.w = {NUMBER}};

    return ipc_reply(left, &msg);
}

static int send_number(const struct partner *right, uint32_t number)
{
    struct ipc_msg msg = {.w = {NUMBER, number}};
    int32_t from = ipc_call(right->env, &msg);

    return from < 0 ? from : 0;
}

static int filter(envid_t left);

/* Makes sure that there is a right neighbour. */
static int grow(struct partner *right)
{
    struct partner partner;

    if (right->pid != 0)
        return 0;
    pid_t pid = partner_fork(&partner);
    if (pid == 0)
        exit(filter(partner.env));
    if (pid < 0)
        return pid;
    *right = partner;
    return 0;
}

/* Sends the end to the right and waits there. Returns a status. */
static int finish(const struct partner *right)
{
    int status = 0;

    if (right->pid == 0)
        return EXIT_SUCCESS;
    int result = send_number(right, 0);
    if (result == 0)
        result = waitpid(right->pid, &status, 0);
    if (result < 0)
        return error_print("process %d is lost: %s", (int)right->pid, grain_strerror(result));
    return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Takes one more number from the left. Returns it, 0 at the end, or a negated error. */
static int32_t filter_one(int32_t prime, envid_t left, struct partner *right)
{
    int32_t number = receive(left);
    bool passes = number > 0 && number % prime != 0;
    int result = passes ? grow(right) : 0;

    if (number < 0 || result < 0)
        return number < 0 ? number : result;
    result = accept_number(left);
    if (result == 0 && passes)
        result = send_number(right, (uint32_t)number);
    return result < 0 ? result : number;
}

/* A process of the pipeline. Returns its status. */
static int filter(envid_t left)
{
    struct partner right = {.pid = 0};
    int32_t prime = receive(left);
    int32_t number = prime > 0 ? accept_number(left) : prime;

    if (prime > 0)
        printf("%d\n", (int)prime);
    if (prime > 0 && number == 0) {
        do {
            number = filter_one(prime, left, &right);
        } while (number > 0);
    }
    if (number == -E_DEAD || number == -E_BAD_ENV)
        return EXIT_FAILURE; /* a neighbour is gone: main says so, unless it is main that is */
    if (number < 0)
        return error_print("the pipeline breaks after %d: %s", (int)prime, grain_strerror(number));
    return finish(&right);
}

int main(int argc, char **argv)
{
    struct partner first = {.pid = 0};

    options_parse(&command_line, argc, argv);
    int result = grow(&first);
    for (uint32_t number = 2; number <= limit && result == 0; number++)
        result = send_number(&first, number);
    if (result < 0)
        return error_print("the pipeline breaks: %s", grain_strerror(result));
    return finish(&first);
}

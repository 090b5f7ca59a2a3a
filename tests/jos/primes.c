/* The sieve: an env for each prime, each passing on to the next what it does not divide. */
#include "tests/jos/test.h"

#define PRIMES 40

static envid_t root;

static void sieve(void)
{
    for (;;) {
        uint32_t prime = (uint32_t)ipc_recv(NULL, NULL, NULL);
        envid_t next;

        cprintf("CPU %d: %d\n", thisenv->env_cpunum, prime);
        ipc_send(root, prime, NULL, 0);
        next = fork();
        if (next < 0)
            panic("fork: %e", next);
        if (next == 0)
            continue;
        for (;;) {
            uint32_t i = (uint32_t)ipc_recv(NULL, NULL, NULL);

            if (i % prime != 0)
                ipc_send(next, i, NULL, 0);
        }
    }
}

static bool is_prime(uint32_t n)
{
    for (uint32_t i = 2; i * i <= n; i++) {
        if (n % i == 0)
            return false;
    }
    return n >= 2;
}

void umain(int argc, char **argv)
{
    uint32_t last = 1;
    bool good = true;
    envid_t feeder;

    root = sys_getenvid();
    feeder = fork();
    if (feeder == 0) {
        envid_t first = fork();

        if (first == 0)
            sieve();
        for (uint32_t i = 2;; i++)
            ipc_send(first, i, NULL, 0);
    }
    for (int i = 0; i < PRIMES; i++) {
        uint32_t prime = (uint32_t)ipc_recv(NULL, NULL, NULL);

        good &= is_prime(prime) && prime > last;
        for (uint32_t n = last + 1; n < prime; n++)
            good &= !is_prime(n);
        last = prime;
    }
    CHECK(good, "jos_primes_in_order");
    CHECK_EQ(last, 173, "jos_primes_fortieth");
    CHECK_EQ(sys_env_destroy(feeder), 0, "jos_primes_stop");
    /* What is still on its way comes in; then all wait for ever, and the kernel says so. */
    for (;;)
        ipc_recv(NULL, NULL, NULL);
}

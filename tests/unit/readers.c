/* The queue of readers of the console: who is served, and who is dropped. */
#include "servers/console/readers.h"

#include "servers/console/client.h"
#include "tests/unit/unit.h"

#define CLIENTS  70
#define CAPACITY 64

static bool dead[CLIENTS + 1];
static envid_t foreground; /* who may */

bool client_is_alive(envid_t client)
{
    return !dead[client];
}

static bool may(envid_t client)
{
    return client == foreground;
}

static envid_t displaced; /* by the last one that was added */

static bool add(envid_t client, bool its_turn, uint64_t deadline)
{
    const struct reader reader = {
        .client = client, .most = 10, .may = its_turn, .deadline = deadline};

    return readers_add(&reader, &displaced);
}

static envid_t first(void)
{
    const struct reader *reader = readers_first();

    return reader == NULL ? 0 : reader->client;
}

static void begin(void)
{
    memset(dead, 0, sizeof(dead));
    for (envid_t client = 1; client <= CLIENTS; client++)
        readers_remove(client);
}

static void readers_none(void)
{
    struct reader reader;

    begin();
    CHECK(readers_first() == NULL);
    CHECK(!readers_take_expired(UINT64_MAX - 1, &reader));
    CHECK(readers_deadline() == READER_NO_DEADLINE);
}

static void readers_come_first_served(void)
{
    begin();
    for (envid_t client = 3; client > 0; client--)
        CHECK(add(client, true, READER_NO_DEADLINE));
    CHECK_INT(first(), 3);
    readers_remove(3);
    CHECK_INT(first(), 2);
    readers_remove(1);
    CHECK_INT(first(), 2);
    readers_remove(2);
    CHECK_INT(first(), 0);
}

static void readers_in_the_background_wait(void)
{
    begin();
    CHECK(add(1, false, READER_NO_DEADLINE) && add(2, false, READER_NO_DEADLINE));
    CHECK_INT(first(), 0);
    CHECK(add(3, true, READER_NO_DEADLINE));
    CHECK_INT(first(), 3);
    foreground = 2;
    readers_judge(may);
    CHECK_INT(first(), 2);
    foreground = 1;
    readers_judge(may);
    CHECK_INT(first(), 1);
    foreground = 0;
    readers_judge(may);
    CHECK_INT(first(), 0);
}

static void readers_that_died_are_dropped(void)
{
    begin();
    for (envid_t client = 1; client <= 3; client++)
        CHECK(add(client, true, 100));
    dead[1] = true;
    CHECK_INT(first(), 2);
    dead[2] = true;
    CHECK_INT(first(), 3);
    dead[1] = dead[2] = false; /* other clients: nothing is left of the first two */
    CHECK_INT(first(), 3);
    readers_remove(3);
    CHECK_INT(first(), 0);
}

static void readers_that_read_again_are_replaced(void)
{
    begin();
    CHECK(add(1, true, 100) && add(2, true, 300) && add(1, true, 500));
    CHECK_INT(first(), 2);
    CHECK(readers_deadline() == 300);
    readers_remove(2);
    CHECK_INT(first(), 1);
    CHECK(readers_deadline() == 500);
}

static void fill(bool its_turn)
{
    begin();
    for (envid_t client = 1; client <= CAPACITY; client++) {
        CHECK(add(client, its_turn, READER_NO_DEADLINE));
        CHECK_INT(displaced, 0);
    }
}

static void readers_full(void)
{
    fill(true);
    CHECK(!add(CAPACITY + 1, true, READER_NO_DEADLINE));
    CHECK_INT(displaced, 0);
    dead[7] = true;
    CHECK(add(CAPACITY + 1, true, READER_NO_DEADLINE));
    CHECK_INT(displaced, 0);
    CHECK(readers_has(CAPACITY + 1) && !readers_has(7) && readers_has(8));
}

/* Whoever fills the queue from the background does not keep the foreground out. */
static void readers_in_the_background_make_room(void)
{
    fill(false);
    CHECK(!add(CAPACITY + 1, false, READER_NO_DEADLINE));
    CHECK(add(CAPACITY + 1, true, READER_NO_DEADLINE));
    CHECK_INT(displaced, CAPACITY);
    CHECK_INT(first(), CAPACITY + 1);
    CHECK(add(CAPACITY + 2, true, READER_NO_DEADLINE));
    CHECK_INT(displaced, CAPACITY - 1);
    CHECK_INT(first(), CAPACITY + 1);
    CHECK(!readers_has(CAPACITY) && !readers_has(CAPACITY - 1) && readers_has(CAPACITY - 2));
}

/* Those in the background too. */
static void readers_time_out(void)
{
    struct reader reader;

    begin();
    CHECK(add(1, false, 200) && add(2, true, 100) && add(3, true, READER_NO_DEADLINE));
    CHECK(readers_deadline() == 100);
    CHECK(!readers_take_expired(99, &reader));
    CHECK(readers_take_expired(100, &reader) && reader.client == 2);
    CHECK(!readers_take_expired(100, &reader));
    CHECK(readers_take_expired(1000, &reader) && reader.client == 1);
    CHECK(!readers_take_expired(1000, &reader));
    CHECK_INT(first(), 3);
}

int main(void)
{
    UNIT_RUN(readers_none);
    UNIT_RUN(readers_come_first_served);
    UNIT_RUN(readers_in_the_background_wait);
    UNIT_RUN(readers_that_died_are_dropped);
    UNIT_RUN(readers_that_read_again_are_replaced);
    UNIT_RUN(readers_full);
    UNIT_RUN(readers_in_the_background_make_room);
    UNIT_RUN(readers_time_out);
    return unit_done();
}

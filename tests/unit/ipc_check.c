/* kernel/ipc/check.c: which operations and page items are accepted. */
#include "kernel/ipc/check.h"

#include "abi/errors.h"
#include "abi/ipc.h"
#include "abi/perm.h"
#include "abi/syscalls.h"
#include "kernel/mm/aspace.h"
#include "unit.h"

static struct ipc_item item;

static void ipc_op_usual_ones_are_good(void)
{
    static const uint32_t ops[] = {IPC_OP_SEND, IPC_OP_RECV, IPC_OP_CALL, IPC_OP_REPLY_RECV};

    for (uint32_t i = 0; i < 4; i++) {
        CHECK(ipc_op_is_valid(ops[i]));
        CHECK(ipc_op_is_valid(ops[i] | SYS_ipc | IPC_TIMED));
    }
    CHECK(ipc_op_is_valid(IPC_OP_CALL | IPC_PAGES | IPC_WINDOW | IPC_TIMED | IPC_TRY));
    CHECK(ipc_op_is_valid(IPC_SEND | IPC_REPLY));
    CHECK(ipc_op_is_valid(IPC_RECV | IPC_CLOSED));
}

static void ipc_op_needs_a_phase(void)
{
    CHECK(!ipc_op_is_valid(0));
    CHECK(!ipc_op_is_valid(SYS_ipc | IPC_TIMED));
    CHECK(!ipc_op_is_valid(IPC_CLOSED));
}

static void ipc_op_flags_need_their_phase(void)
{
    static const uint32_t of_send[] = {IPC_REPLY, IPC_TRY, IPC_PAGES, 1u << IPC_WORDS_SHIFT};
    static const uint32_t of_receive[] = {IPC_CLOSED, IPC_WINDOW, IPC_RECORD};

    for (uint32_t i = 0; i < 4; i++) {
        CHECK(ipc_op_is_valid(IPC_SEND | of_send[i]));
        CHECK(!ipc_op_is_valid(IPC_RECV | of_send[i]));
    }
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(ipc_op_is_valid(IPC_RECV | of_receive[i]));
        CHECK(!ipc_op_is_valid(IPC_SEND | of_receive[i]));
    }
}

static void ipc_op_words_are_bounded(void)
{
    for (uint32_t words = 0; words <= IPC_WORDS_MASK >> IPC_WORDS_SHIFT; words++)
        CHECK_INT(ipc_op_is_valid(IPC_SEND | words << IPC_WORDS_SHIFT), words <= IPC_WORDS_MAX);
}

static void ipc_op_unknown_bits_are_refused(void)
{
    for (uint32_t bit = 1; bit != 0; bit <<= 1) {
        bool known = (bit & (0xffu | IPC_FLAGS_MASK | IPC_WORDS_MASK | IPC_RECORD)) != 0;

        if (!known)
            CHECK(!ipc_op_is_valid(IPC_OP_CALL | bit));
    }
}

/* Whatever is accepted keeps the rules; said a second time, in other words. */
static void ipc_op_random_keeps_rules(void)
{
    bool good = true;

    for (uint32_t i = 0; i < 1000000 && good; i++) {
        uint32_t op = unit_random(UINT32_MAX) & (i % 2 == 0 ? UINT32_MAX : 0x7fffffu);

        if (!ipc_op_is_valid(op))
            continue;
        good = op < 0x800000u && (op & 0x300u) != 0 && (op >> 16 & 0x3fu) <= 60 &&
               (!(op & 0x400000u) || (op & 0x700u) == 0x200u) && (op & 0x200u || !(op & 0x8400u)) &&
               (op & 0x100u || !(op & 0x3f5800u));
    }
    CHECK(good);
}

static void ipc_item_good_one(void)
{
    CHECK_INT(ipc_item_make(USER_TEXT, 3, PERM_RW, &item), 0);
    CHECK(item.va == USER_TEXT && item.pages == 3 && item.perm == PERM_RW && !item.move);
    CHECK_INT(ipc_item_make(USER_TEXT, IPC_PAGES_MAX, PERM_R | IPC_MOVE, &item), 0);
    CHECK(item.move && item.perm == PERM_R);
}

static void ipc_item_count_is_bounded(void)
{
    CHECK_INT(ipc_item_make(USER_TEXT, 0, PERM_R, &item), -E_INVAL);
    CHECK_INT(ipc_item_make(USER_TEXT, IPC_PAGES_MAX + 1, PERM_R, &item), -E_INVAL);
    CHECK_INT(ipc_item_make(USER_TEXT, UINT32_MAX, PERM_R, &item), -E_INVAL);
}

static void ipc_item_stays_in_user_memory(void)
{
    CHECK_INT(ipc_item_make(USER_TOP - PAGE_SIZE, 1, PERM_R, &item), 0);
    CHECK_INT(ipc_item_make(USER_TOP - PAGE_SIZE, 2, PERM_R, &item), -E_INVAL);
    CHECK_INT(ipc_item_make(UTCB_AREA, 1, PERM_R, &item), -E_INVAL);
    CHECK_INT(ipc_item_make(KERNEL_BASE, 1, PERM_R, &item), -E_INVAL);
    CHECK_INT(ipc_item_make(0xfffff000u, 2, PERM_R, &item), -E_INVAL);
    CHECK_INT(ipc_item_make(USER_TEXT + 1, 1, PERM_R, &item), -E_INVAL);
}

static void ipc_item_rights_are_checked(void)
{
    CHECK_INT(ipc_item_make(USER_TEXT, 1, 0, &item), -E_INVAL);
    CHECK_INT(ipc_item_make(USER_TEXT, 1, PERM_W | PERM_P, &item), -E_INVAL);
    for (uint32_t bit = 1; bit != 0; bit <<= 1) {
        bool known = (bit & (PERM_ALL | IPC_MOVE)) != 0;

        CHECK_INT(ipc_item_make(USER_TEXT, 1, PERM_R | bit, &item), known ? 0 : -E_INVAL);
    }
}

int main(void)
{
    UNIT_RUN(ipc_op_usual_ones_are_good);
    UNIT_RUN(ipc_op_needs_a_phase);
    UNIT_RUN(ipc_op_flags_need_their_phase);
    UNIT_RUN(ipc_op_words_are_bounded);
    UNIT_RUN(ipc_op_unknown_bits_are_refused);
    UNIT_RUN(ipc_op_random_keeps_rules);
    UNIT_RUN(ipc_item_good_one);
    UNIT_RUN(ipc_item_count_is_bounded);
    UNIT_RUN(ipc_item_stays_in_user_memory);
    UNIT_RUN(ipc_item_rights_are_checked);
    return unit_done();
}

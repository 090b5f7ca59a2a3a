/* IPC between two CPUs: send, call, reply, receive, timeout, abort, death; who owns which env, and no lost wake-up.
 *
 * kernel/ipc, kernel/death.c, kernel/env.c, kernel/sched/sched.c; docs/models.md says which function each transition
 * stands for, and what is left out. The labels in capitals are functions that do not return, or the state between two
 * of them; the inline functions have the names of C functions, some without their prefix.
 *
 * Env A (0) is a client on CPU 0. Env S (1) is a server on CPU 1: it receives from anyone and answers. Env B (2) is,
 * by switch, another client or a worker that serves the mailbox of S; then S may leave that to it, and send to A
 * (OWNER_SENDS). The operator is a third CPU with no env, which stops and starts or kills one env at any moment. A
 * timeout fires at any moment.
 *
 * Interleaving semantics: each transition is one access to memory that another CPU may make at the same time. The
 * store buffers of x86 are not modelled here, because all that is shared is written under a lock, by a locked
 * instruction or by the one owner of the env, who gives it away by a store that comes after those (TSO keeps their
 * order). What is left is a store followed by a load of something else; there are three such places (ipc_publish_partner,
 * look_again, the inbox), each with a fence or a locked instruction in between, and fences.pml and inbox.pml have them
 * with store buffers. That inboxes and their interrupts work is inbox.pml's; here an inbox is a channel.
 *
 * @holds stop_and_start -DOPS=2 -DSTOP -DCLOSED
 * @holds stop_timed_and_transfers_that_fail -DSTOP -DTIMED -DFAILURES=1 -DTARGET=A
 * @holds kill_timed_and_transfers_that_fail -DKILL -DTIMED -DFAILURES=1
 * @holds kill_and_notify -DOPS=2 -DKILL -DCLOSED -DNOTIFY
 * @holds stop_and_kill_at_once -DKILL -DSTOP -DSTAYS -DTWO -DTARGET=A -DCALLS_ONLY
 * @holds server_never_answers -DSTOP -DTIMED -DDEAF -DTARGET=A
 * @holds two_clients -DCLIENTS=2 -DOPS=2
 * @holds two_clients_server_killed -DCLIENTS=2 -DKILL -DTARGET=S
 * @holds two_clients_transfers_that_fail -DCLIENTS=2 -DFAILURES=2
 * @holds server_sends_its_answers -DPUSHY -DOPS=2 -DCLOSED -DKILL -DTARGET=S
 * @holds fast_path_and_kill -DCLIENTS=2 -DFAST -DKILL -DTARGET=S
 * @holds fast_path_and_stop -DCLIENTS=2 -DFAST -DSTOP -DTARGET=B
 * @holds fast_path_and_notify -DCLIENTS=2 -DFAST -DNOTIFY
 * @holds fast_path_and_transfers_that_fail -DCLIENTS=2 -DOPS=2 -DFAST -DFAILURES=1 -DCALLS_ONLY
 * @holds fast_path_and_a_third -DCLIENTS=2 -DOPS=3 -DFAST -DPEER
 * @holds worker_and_kill -DWORKER -DHOME_B=0 -DKILL -DCLOSED -DSLICES
 * @holds stop_that_lets_finish -DSTOP -DTARGET=A -DFINISHES
 * @holds fast_path_and_stop_that_lets_finish -DCLIENTS=2 -DFAST -DSTOP -DTARGET=B -DFINISHES -DCALLS_ONLY
 * @holds owner_sends -DWORKER -DHOME_S=0 -DOWNER_SENDS=2 -DFAILURES=1 -DTIMED
 * @holds owner_sends_and_fails -DWORKER -DHOME_S=0 -DOWNER_SENDS=2 -DFAILURES=2 -DTIMED -DALWAYS_TIMED -DCALLS_ONLY
 * @holds owner_calls -DWORKER -DHOME_S=0 -DOWNER_SENDS=1 -DOWNER_CALLS -DFAILURES=1 -DTIMED
 * @holds owner_sends_and_is_killed -DWORKER -DHOME_S=0 -DOWNER_SENDS=1 -DKILL -DTARGET=S
 *
 * Mistakes:
 * @refutes receive_unlocks_before_it_blocks -DBROKEN_UNLOCK_BEFORE_BLOCK : stuck
 * @refutes caller_blocks_itself -DBROKEN_CALLER_BLOCKS_ITSELF : stuck
 * @refutes woken_before_the_result -DBROKEN_WAKE_FIRST : owner
 * @refutes cancel_without_the_lock -DBROKEN_CANCEL_UNLOCKED -DTIMED : owner
 * @refutes no_second_look_at_pending -DBROKEN_NO_SECOND_LOOK -DSTOP -DDEAF -DTARGET=A : stuck
 * @refutes partner_seen_before_wait_is_published -DBROKEN_LOOK_BEFORE_PUBLISH -DKILL -DCLOSED : stuck
 * @refutes search_before_the_id_is_void -DBROKEN_SEARCH_BEFORE_VOID -DKILL : stuck
 * @refutes flush_before_the_id_is_void -DBROKEN_FLUSH_BEFORE_VOID -DKILL : stuck
 * @refutes look_before_posted_is_cleared -DBROKEN_LOOK_BEFORE_CLEAR -DSTOP -DDEAF : stuck|left_over
 * @refutes parked_although_killed -DBROKEN_PARK_KILLED -DKILL -DSTOP -DSTAYS -DTWO -DTARGET=A -DCALLS_ONLY : stuck
 * @refutes ready_before_it_is_killed -DBROKEN_READY_BEFORE_KILL -DKILL -DSTOP -DSTAYS -DTWO -DTARGET=A -DCALLS_ONLY : held_back
 * @refutes stop_sees_the_state_first -DBROKEN_STOP_STATE_FIRST -DSTOP -DTARGET=A -DFINISHES : held_back
 * @refutes sent_home_before_its_answer -DBROKEN_SENT_HOME -DWORKER -DHOME_S=0 -DOWNER_SENDS=1 -DFAILURES=1 : stuck
 * @refutes put_back_without_a_look -DBROKEN_PUT_BACK_BLIND -DWORKER -DHOME_S=0 -DOWNER_SENDS=1 -DFAILURES=1 : both_wait
 * @refutes timer_left_pending -DBROKEN_TIMER_PENDING -DWORKER -DHOME_S=0 -DOWNER_SENDS=1 -DFAILURES=1 -DPARTNER_TRIES=1 -DTIMED -DALWAYS_TIMED : pending
 * @refutes fast_path_to_one_who_is_stopped -DBROKEN_STOP_LEAVES_READY -DCLIENTS=2 -DFAST -DSTOP -DTARGET=B -DFINISHES -DCALLS_ONLY : held_back
 * @refutes fast_path_looks_at_mail_before_the_lock -DBROKEN_FAST_MAIL_UNLOCKED -DCLIENTS=2 -DFAST : stuck
 * @refutes fast_path_shows_its_state_first -DBROKEN_FAST_STATE_FIRST -DCLIENTS=2 -DOPS=3 -DFAST -DPEER : owner|answered|stuck
 *
 * Known, and in docs/caveats.md: a client waits for the owner of the mailbox, whichever worker has its call; and a
 * worker's answer is lost while a message of the owner that will fail is on its way to the client.
 * @refutes known_worker_dies_with_a_call -DWORKER -DHOME_B=0 -DKILL -DTARGET=B -DSTRICT : stuck
 * @refutes known_late_answer_of_a_worker -DWORKER -DHOME_B=0 -DOPS=2 -DTIMED : got
 * @refutes known_owner_fails_under_an_answer -DWORKER -DHOME_B=0 -DOWNER_SENDS=1 -DFAILURES=1 -DOWNER_FAILS : stuck
 * @refutes known_owner_fails_again_and_again -DWORKER -DHOME_S=0 -DOWNER_SENDS=1 -DFAILURES=1 -DPARTNER_TRIES=1 : stuck
 */
#ifndef HOME_B
#define HOME_B 1
#endif
#ifndef HOME_S
#define HOME_S 1
#endif
#ifndef OPS
#define OPS 1
#endif
#ifndef OWNER_SENDS
#define OWNER_SENDS 0
#endif
#ifndef PARTNER_TRIES
#define PARTNER_TRIES 2
#endif
#ifdef WORKER
#define ENVS 3
#elif CLIENTS > 1
#define ENVS 3
#else
#define ENVS 2
#endif
#define A    0
#define S    1
#define B    2
#define NONE 7 /* no env; WAIT_ANY; no lock; not ready */
#define ANY  6 /* READY_ANY */

/* Bits of `pending`. */
#define P_KILL    1
#define P_STOP    2
#define P_ABORT   4
#define P_RECEIVE 8
#define P_TIMER   16

/* Bits of `ipc_op`. */
#define O_SEND   1
#define O_RECV   2
#define O_CLOSED 4
#define O_REPLY  8
#define O_TIMED  16
#define O_NOTIFY 32 /* another system call */

mtype = {READY, RUNNING, SENDING, RECEIVING, CLAIMED, STOPPED, DEAD, DONE};
mtype = {NO_RESULT, OK, E_TIMEOUT, E_ABORTED, E_DEAD, E_BAD_ENV, E_NO_MEM};

/* struct env. `alive`: its id is not void. Slots are not used again. */
mtype state[ENVS];
byte waits_at[ENVS], mailbox[ENVS], wait_from[ENVS], pending[ENVS], op[ENVS], partner[ENVS];
byte ready_for[ENVS]; /* `ready`: the fast path's word */
bool mail[ENVS], passed_over[ENVS];
bool alive[ENVS], awaited[ENVS], posted[ENVS], queued[ENVS], timer[ENVS], notified[ENVS];
byte lock[ENVS]; /* CPU + 1, or 0 */
chan senders[ENVS] = [ENVS] of {byte};
chan receivers[ENVS] = [ENVS] of {byte};
mtype result[ENVS];
bool in_receive[ENVS]; /* utcb->ipc_phase */

/* struct cpu */
chan inbox[2] = [ENVS] of {byte};
chan ready[2] = [ENVS] of {byte};

#define HOME(e)        ((e) == A -> 0 : ((e) == S -> HOME_S : HOME_B))
#define IS_SERVER(e)   (((e) == S && !OWNER_SENDS) || (defined_worker && (e) == B))
#define HAS_PARTNER(e) (wait_from[e] != NONE)
#define AWAITS_PARTNER(e) (state[e] == RECEIVING && waits_at[e] == (e) && HAS_PARTNER(e))
#define BLOCKED(s)     ((s) == SENDING || (s) == RECEIVING)
#ifdef WORKER
#define defined_worker 1
#else
#define defined_worker 0
#endif

/* What the model alone knows. A client's message is the number of its operation; an answer bears the same. */
byte owner[ENVS];     /* CPU + 1 that runs or claimed it */
byte held[4];         /* the env lock that a CPU has */
byte count[ENVS];     /* operations begun */
byte delivered[ENVS]; /* bit n: message n went over */
byte answered[ENVS];  /* bit n: its answer, too */
byte got[ENVS];       /* number that came */
byte got_from[ENVS];
byte taken_by[ENVS]; /* who has the message */
byte failures; /* transfers that may still fail */
bool held_back[ENVS]; /* stopped, and not started since, or destroyed then */
bool both_wait;       /* an env waits for one that is queued at its mailbox */

#define BIT(e) (1 << count[e])

#include "rendezvous_env.inc"
#include "rendezvous_ipc.inc"
#include "rendezvous_user.inc"

/* One CPU. */
proctype cpu(byte me)
{
    byte self = NONE, to = NONE, from = NONE, box = NONE, e = NONE, with = NONE, other = NONE;
    byte pend, tries;
    bool flag, gone, resumed, waits;
    mtype was, error, sent;

SCHEDULE: /* sched_loop */
    atomic { self = NONE; to = NONE }
TAKE: /* sched_take_inbox; an interrupt comes here, too */
    if
    :: inbox[me]?e -> goto LOOK
    :: (len(inbox[me]) == 0) && self != NONE -> goto RUN
    :: (len(inbox[me]) == 0) && self == NONE
    fi;
    if
    :: atomic { ready[me]?self -> queued[self] = false }; goto RUN
    :: len(ready[me]) == 0
    fi;
end_idle:
    if
    :: len(inbox[me]) != 0 -> goto TAKE
    :: atomic { timer[A] && HOME(A) == me -> e = A; goto EXPIRE }
#if defined(PUSHY) || OWNER_SENDS
    :: atomic { timer[S] && HOME(S) == me -> e = S; goto EXPIRE }
#endif
#if ENVS > 2
    :: atomic { timer[B] && HOME(B) == me -> e = B; goto EXPIRE }
#endif
    fi;

LOOK: /* sched_look; e */
#ifdef BROKEN_LOOK_BEFORE_CLEAR
    was = state[e];
    posted[e] = false;
#else
    posted[e] = false;
    was = state[e];
#endif
    if
    :: was == READY ->
        d_step {
            if
            :: queued[e] -> drop_from(ready[me], e); queued[e] = false
            :: else
            fi
        }
        admit(e)
    :: BLOCKED(was) -> /* sched_look_blocked */
        pend = pending[e];
        if
        :: pend != 0 -> ready_for[e] = NONE
        :: else
        fi;
        if
        :: pend & (P_KILL | P_ABORT) -> error = E_ABORTED; goto CANCEL
        :: else ->
            if
            :: state[e] == RECEIVING && HAS_PARTNER(e) && !alive[wait_from[e]] -> error = E_DEAD; goto CANCEL
            :: else ->
                if
                :: pend & P_TIMER -> /* ipc_time_receive */
                    atomic { pending[e] = pending[e] & ~P_TIMER }
                    timer[e] = (op[e] & O_TIMED) != 0
                :: else
                fi
            fi
        fi
    :: else
    fi;
    goto LOOKED;

EXPIRE: /* sched_expire */
    timer[e] = false;
    error = E_TIMEOUT;

CANCEL: /* ipc_cancel, mailbox_claim_blocked */
    was = state[e];
    if
    :: !BLOCKED(was) -> goto MISSED
    :: else
    fi;
    box = waits_at[e];
#ifdef BROKEN_CANCEL_UNLOCKED
    d_step {
        drop_from(senders[box], e);
        drop_from(receivers[box], e)
    }
    d_step {
        state[e] = CLAIMED;
        take(e)
    }
    goto CLAIMED_IT;
#endif
    lock_env(box);
    was = state[e];
    if
    :: BLOCKED(was) && waits_at[e] == box ->
        if
        :: error != E_TIMEOUT || !(pending[e] & P_TIMER) ->
            claim_locked(e, box);
            unlock_env(box)
        :: else -> unlock_env(box); goto MISSED
        fi
    :: else -> unlock_env(box); goto CANCEL
    fi;
#ifdef BROKEN_CANCEL_UNLOCKED
CLAIMED_IT:
#endif
    atomic { pending[e] = pending[e] & ~P_ABORT }
    fail(e, was == RECEIVING, error);
    wake(e);
    goto LOOKED;
MISSED:
    if
    :: error == E_TIMEOUT && state[e] != READY -> timer[e] = true
    :: else
    fi;
LOOKED:
    atomic { e = NONE; box = NONE; was = 0; error = 0; pend = 0; goto TAKE }

RUN: /* env_run, env_honour */
    assert(HOME(self) == me && !queued[self]);
    d_step {
        if
        :: state[self] == READY -> take(self)
        :: else -> assert(owner[self] == me + 1)
        fi;
        state[self] = RUNNING
    }
HONOUR:
    pend = pending[self];
    if
    :: pend == 0 -> goto USER
    :: pend & P_KILL -> goto DIE
    :: (pend & (P_KILL | P_STOP)) == P_STOP ->
        lock_env(self);
        d_step {
            flag = (pending[self] & P_STOP) != 0;
            pending[self] = pending[self] & ~P_STOP
        }
#ifndef BROKEN_PARK_KILLED
        if
        :: pending[self] & P_KILL -> flag = false
        :: else
        fi;
#endif
        if
        :: flag -> d_step { give(self); state[self] = STOPPED }
        :: else
        fi;
        unlock_env(self);
        if
        :: flag -> flag = false; goto SCHEDULE
        :: else -> goto HONOUR
        fi
    :: (pend & (P_KILL | P_STOP | P_RECEIVE)) == P_RECEIVE -> /* env_continue_ipc */
#ifdef BROKEN_TIMER_PENDING
        atomic { pending[self] = pending[self] & ~(P_RECEIVE | P_ABORT) }
#else
        atomic { pending[self] = pending[self] & ~(P_RECEIVE | P_ABORT | P_TIMER) }
#endif
        if
        :: pend & P_ABORT -> fail(self, true, E_ABORTED); goto HONOUR
        :: else -> /* ipc_resume_receive */
            if
            :: HAS_PARTNER(self) && !alive[partner[self]] -> fail(self, true, E_DEAD); goto HONOUR
            :: else -> resumed = true; goto RECEIVE
            fi
        fi
    :: else -> atomic { pending[self] = pending[self] & ~(P_ABORT | P_TIMER) }; goto HONOUR
    fi;

USER:
    if
    :: len(inbox[me]) != 0 -> goto TAKE
    :: atomic { timer[A] && HOME(A) == me -> e = A; goto EXPIRE }
#if defined(PUSHY) || OWNER_SENDS
    :: atomic { timer[S] && HOME(S) == me -> e = S; goto EXPIRE }
#endif
#if ENVS > 2
    :: atomic { timer[B] && HOME(B) == me -> e = B; goto EXPIRE }
#endif
#ifdef SLICES
    :: len(ready[me]) != 0 -> /* sched_requeue */
        d_step { give(self); state[self] = READY }
        queue_insert(self);
        goto SCHEDULE
#endif
    :: atomic { true -> check_result(); choose() }
    fi;
    if
    :: op[self] == 0 -> /* it never calls again */
        d_step { give(self); state[self] = DONE }
        goto SCHEDULE
    :: else
    fi;

    if
    :: op[self] == O_NOTIFY -> goto TELL
    :: else
    fi;

#ifdef FAST
    if
    :: op[self] == (O_SEND | O_RECV | O_CLOSED) && mailbox[self] == self -> goto FAST_CALL
    :: op[self] == (O_SEND | O_RECV | O_REPLY) && mailbox[self] == self -> goto FAST_REPLY
    :: else
    fi;
SLOW:
#endif
    publish_wait(); /* sys_ipc */
    if
    :: op[self] & O_REPLY -> goto REPLY
    :: (op[self] & (O_SEND | O_REPLY)) == O_SEND -> goto SEND
    :: else -> goto RECEIVE_AFTER
    fi;

#ifdef FAST
FAST_CALL: /* ipc_fast_call */
    fast_claim(partner[self], ANY);
    if
    :: to == NONE -> goto SLOW
    :: else
    fi;
    assert(awaited[to] && !timer[to]);
    transfer(self, to, error);
    if
    :: error != OK -> goto FAST_FAIL
    :: else
    fi;
#ifdef BROKEN_FAST_STATE_FIRST
    block_show(self);
    block_for(self, to, to);
#else
    block_for(self, to, to); /* ipc_block_for */
    block_show(self);
#endif
    atomic { self = to; to = NONE; error = 0; goto USER } /* fast_run */

FAST_FAIL:
    state[to] = CLAIMED;
    goto PUT_BACK;

FAST_REPLY: /* ipc_fast_reply_recv */
    fast_claim(partner[self], self);
    if
    :: to == NONE -> goto SLOW
    :: else
    fi;
    assert(!timer[to]);
    transfer(self, to, error);
    if
    :: error != OK -> goto FAST_FAIL /* the server's range is wrong */
    :: error != OK -> fail(to, true, error); flag = true; goto FAST_MAIL /* the client cannot take it */
    :: else
    fi;
#ifdef BROKEN_FAST_MAIL_UNLOCKED
    flag = mail[self];
    lock_env(self);
#else
    lock_env(self);
    flag = mail[self];
#endif
    if
    :: flag ->
        unlock_env(self);
FAST_MAIL: /* ipc_fast_rest */
        flag = false;
        state[to] = CLAIMED;
        wait_from[self] = NONE;
        goto FAST_REST
    :: else
    fi;
    assert(awaited[self]);
    block_for(self, NONE, ANY);
    block_show(self);
    unlock_env(self);
    atomic { self = to; to = NONE; error = 0; goto USER }
#endif

REPLY: /* ipc_reply */
    if
    :: alive[partner[self]] -> claim_partner(partner[self])
    :: else
    fi;
    if
    :: to == NONE -> goto RECEIVE_AFTER
    :: else
    fi;
    transfer(self, to, error);
    if
    :: error != OK -> /* the client cannot take it, or the server's range is wrong */
        if
        :: fail(to, true, error)
        :: goto PUT_BACK
        fi
    :: else
    fi;
    error = 0;
    goto RECEIVE_AFTER;

SEND: /* ipc_send, find_receiver; no client serves another's mailbox */
    gone = !alive[partner[self]];
    if
    :: gone -> fail(self, false, E_BAD_ENV); goto RETURN
    :: else
    fi;
MAILBOX_OF: /* mailbox_lock_of */
    box = (alive[mailbox[partner[self]]] -> mailbox[partner[self]] : partner[self]);
    lock_env(box);
    if
    :: !alive[partner[self]] -> unlock_env(box); fail(self, false, E_BAD_ENV); goto RETURN
    :: else
    fi;
    if
    :: box != (alive[mailbox[partner[self]]] -> mailbox[partner[self]] : partner[self]) ->
        unlock_env(box);
        goto MAILBOX_OF
    :: else
    fi;
    waits_for_locked(box, self, flag);
    receiver_locked(box);
    if
    :: flag -> flag = false; to = box
    :: !flag && to == NONE ->
        mailbox_block_locked(self, SENDING, box); /* queue_unlock */
        d_step { senders[box]!self; mail[box] = true }
        unlock_env(box);
        timer[self] = (op[self] & O_TIMED) != 0;
        goto SCHEDULE
    :: !flag && to != NONE
    fi;
    claim_locked(to, box);
    unlock_env(box);
DELIVER:
    transfer(self, to, error);
    if
    :: error != OK ->
PUT_BACK:
        put_back(to);
        to = NONE;
        fail(self, false, error);
        goto RETURN
    :: else
    fi;
    if
    :: op[self] & O_RECV -> goto RECEIVE_AFTER
    :: else
    fi;
    result[self] = OK; /* after_send */
    if
    :: HOME(to) == me -> /* sched_requeue_for */
        timer[to] = false;
        d_step { give(self); state[self] = READY }
        queue_insert(self);
        atomic { self = to; to = NONE; box = NONE; error = 0; goto RUN }
    :: wake(to); goto RETURN
    fi;

RECEIVE_AFTER:
#ifdef BROKEN_LOOK_BEFORE_PUBLISH
    if
    :: to == NONE && HAS_PARTNER(self) && gone -> fail(self, true, E_BAD_ENV); goto RETURN
#else
    if
    :: to == NONE && HAS_PARTNER(self) && !alive[partner[self]] -> fail(self, true, E_BAD_ENV); goto RETURN
#endif
    :: else
    fi;
FAST_REST: /* ipc_receive_after */
    resumed = false;
    if /* may_block_for */
    :: to != NONE && wait_from[self] == to && HOME(to) == me && mailbox[self] == self && !(op[self] & O_TIMED) ->
        block_for(self, to, to);
        block_show(self);
        goto SWITCH
    :: else
    fi;
RECEIVE: /* receive_once, mailbox_lock_for_receive */
    box = (HAS_PARTNER(self) -> self : mailbox[self]);
    lock_env(box);
    if
    :: box != self && !alive[box] ->
        unlock_env(box);
        leave_mailbox(self);
        fail(self, true, E_DEAD);
        goto GOT
    :: else
    fi;
    if
    :: HAS_PARTNER(self) -> queued_partner_locked(self, box, from)
    :: !HAS_PARTNER(self) && !mail[box] -> assert(len(senders[box]) == 0 && !notified[box])
    :: else ->
        if
        :: notified[box] && !(passed_over[box] && (len(senders[box]) != 0)) ->
            take_bits_locked(self, box);
            unlock_env(box);
            goto GOT
        :: else
        fi;
        if /* next_sender_locked */
        :: d_step { len(senders[box]) != 0 -> senders[box]?<from>; passed_over[box] = false }
        :: len(senders[box]) == 0
        fi
    fi;
    if
    :: from == NONE ->
#ifdef BROKEN_UNLOCK_BEFORE_BLOCK
        unlock_env(box);
        lock_env(box);
#endif
        d_step { /* block_locked */
            assert(!(pending[self] & P_TIMER)); /* its timer would never end the wait */
            if
            :: box != self -> receivers[box]!self
            :: else
            fi;
            if
            :: !HAS_PARTNER(self) -> mail[box] = false
            :: else
            fi
        }
        mailbox_block_locked(self, RECEIVING, box);
        unlock_env(box);
        timer[self] = (op[self] & O_TIMED) != 0;
        goto SWITCH
    :: else
    fi;
    claim_locked(from, box);
    d_step {
        if
        :: !HAS_PARTNER(self) -> mail[box] = notified[box] || len(senders[box]) != 0
        :: else
        fi
    }
    unlock_env(box);
    transfer(from, self, error);
    was = error;
    finish_sender(from, was);
    from = NONE;
    if
    :: was != OK -> was = 0; goto RECEIVE
    :: else -> was = 0
    fi;
GOT:
    if
    :: to != NONE -> wake(to)
    :: else
    fi;
RETURN:
    atomic { to = NONE; box = NONE; was = 0; error = 0; gone = false; flag = false; resumed = false; goto RUN }

SWITCH: /* switch_to; in ipc_resume_receive `to` is nobody */
    if
    :: to == NONE
    :: to != NONE && HOME(to) == me ->
        timer[to] = false;
        atomic { self = to; to = NONE; box = NONE; error = 0; resumed = false; goto RUN }
    :: to != NONE -> wake(to)
    fi;
    atomic { box = NONE; error = 0; gone = false; resumed = false; goto SCHEDULE }

TELL: /* sys_notify, notify_env; here nobody is attached */
    lock_env(S);
    if
    :: !alive[S] -> unlock_env(S); fail(self, false, E_BAD_ENV); goto RETURN
    :: else
    fi;
    notified[S] = true;
    receiver_locked(S);
    if
    :: to != NONE ->
        claim_locked(to, S);
        take_bits_locked(to, S);
        unlock_env(S);
        wake(to)
    :: else -> mail[S] = true; unlock_env(S)
    fi;
    fail(self, false, OK);
    goto RETURN;

DIE: /* env_die_on: death_void_id */
    lock_env(self);
#ifndef BROKEN_SEARCH_BEFORE_VOID
#ifndef BROKEN_FLUSH_BEFORE_VOID
    alive[self] = false;
#endif
#endif
    unlock_env(self);
FLUSH: /* ipc_flush_mailbox */
    lock_env(self);
    if
    :: len(senders[self]) != 0 -> senders[self]?<e>
    :: (len(senders[self]) == 0) && (len(receivers[self]) != 0) -> receivers[self]?<e>
    :: (len(senders[self]) == 0) && (len(receivers[self]) == 0)
    fi;
    if
    :: e != NONE ->
        flag = state[e] == RECEIVING;
        claim_locked(e, self);
        fail(e, flag, E_DEAD);
        unlock_env(self);
        if
        :: mailbox[e] == self -> leave_mailbox(e)
        :: else
        fi;
        wake(e);
        e = NONE;
        goto FLUSH
    :: else -> unlock_env(self)
    fi;
#ifdef BROKEN_FLUSH_BEFORE_VOID
    alive[self] = false;
#endif
    if /* death_relations */
    :: awaited[self] ->
        e = 0;
        do
        :: e == ENVS -> break
        :: else ->
            if
            :: wait_from[e] == self -> inbox_post(e)
            :: else
            fi;
            e++
        od;
        e = NONE
    :: else
    fi;
#ifdef BROKEN_SEARCH_BEFORE_VOID
    alive[self] = false;
#endif
    lock_env(self); /* death_tell_controller */
    d_step { give(self); state[self] = DEAD }
    unlock_env(self);
    goto SCHEDULE
}

init
{
    byte e;

    start()
}

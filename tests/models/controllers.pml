/* Who controls whom, while envs hand each other on and die: nobody is left to a dead controller, nobody is above
 * himself, a dead env is kept only for a living controller that may reap it.
 *
 * The calls sys_env_set_controller (hand_on_locked, set_controller_locked, is_above) and sys_env_reap;
 * kernel/death.c: death_void_id, death_relations, death_pass_on, death_heir, death_tell_controller.
 *
 * ENVS envs, each on a CPU of its own, in a row at first: each one's controller is the one before, and the first has
 * none. Each makes some calls, and then dies or not. Two may share an address space (SIBLINGS). Interleaving semantics: what is written before something else is
 * read is written by locked instructions, or has a fence behind it.
 *
 * Left out: death bits; who waits in an ipc for whom; slots that are used again, which are other ids to everybody.
 *
 * @holds three_callers
 * @holds two_callers_two_calls -DCALLERS=2 -DCALLS=2
 * @holds three_siblings -DCALLERS=2 -DSIBLINGS
 * @refutes alive_seen_before_it_is_written -DBROKEN_LOOK_FIRST : left_alone
 * @refutes no_second_look_for_circles -DBROKEN_ONE_LOOK : circle|end state
 * @refutes heir_not_looked_at_again -DBROKEN_HEIR : left_alone
 * @refutes old_controller_taken_for_alive -DBROKEN_BACK : left_alone|circle
 * @refutes children_not_marked -DBROKEN_MARK -DCALLERS=2 -DSIBLINGS : left_alone
 */
#ifndef ENVS
#define ENVS 3
#endif
#ifndef CALLERS
#define CALLERS ENVS /* the last so many of them make calls */
#endif
#ifndef CALLS
#define CALLS 1
#endif
#define NONE 7
#ifdef SIBLINGS
#define OURS(e) ((e) == self || ((e) != NONE && (e) >= ENVS - 2 && self >= ENVS - 2))
#else
#define OURS(e) ((e) == self)
#endif
#define LOOKS 6 /* CONTROLLERS_MAX */

mtype = {LIVING, DEAD, FREE};

byte controller[ENVS];
bool alive[ENVS]; /* its id is not void */
bool public[ENVS]; /* the public record still says which id it had */
bool has_children[ENVS], locked[ENVS];
mtype state[ENVS];
byte busy = ENVS;

/* What must not be. */
bool left_alone, circle;

inline acquire(e)
{
    atomic { !locked[e] -> locked[e] = true }
}

inline release(e)
{
    locked[e] = false
}

inline free_unlock(e) /* env_free_unlock */
{
    state[e] = FREE;
    public[e] = false;
    release(e)
}

inline is_above(below, id, result)
{
    d_step { at = id; looks = 0 }
    do
    :: d_step { at == NONE || at == below -> result = at == below }; break
    :: d_step { at != NONE && at != below && looks == LOOKS -> result = true }; break
    :: d_step { at != NONE && at != below && looks < LOOKS -> next = controller[at]; looks++ };
        if
        :: d_step { public[at] -> at = next }
        :: d_step { !public[at] && at != id -> at = id }
        :: d_step { !public[at] && at == id -> result = false }; break
        fi
    od;
    atomic { at = 0; next = 0; looks = 0 }
}

inline hand_on_locked(e, to)
{
    from = controller[e];
    is_above(e, to, above);
    if
    :: above
    :: else ->
#ifdef BROKEN_LOOK_FIRST
        found = alive[to];
        controller[e] = to;
#else
        controller[e] = to;
#endif
#ifndef BROKEN_ONE_LOOK
        is_above(e, to, above);
#endif
#ifndef BROKEN_LOOK_FIRST
        found = alive[to];
#endif
        if
        :: !above && found
        :: else ->
            controller[e] = from;
#ifndef BROKEN_BACK
            if
            :: from == NONE || !alive[from] -> above = true
            :: else -> is_above(e, from, above)
            fi;
            if
            :: above ->
#ifndef BROKEN_MARK
                has_children[self] = true;
#endif
                if
                :: e == self -> controller[e] = NONE
                :: else -> controller[e] = self
                fi
            :: else
            fi;
            is_above(e, controller[e], above);
            if
            :: above -> controller[e] = NONE
            :: else
            fi
#endif
        fi
    fi;
    atomic { above = false; found = false; from = 0 }
}

inline set_controller(e, to) /* sys_env_set_controller */
{
    if
    :: !alive[to]
    :: else ->
        acquire(e);
        if
        :: alive[e] && (OURS(e) || OURS(controller[e])) ->
            has_children[to] = true;
            hand_on_locked(e, to)
        :: else
        fi;
        release(e)
    fi
}

inline reap(e) /* sys_env_reap */
{
    acquire(e);
    if
    :: public[e] && OURS(controller[e]) && state[e] == DEAD -> free_unlock(e)
    :: else -> release(e)
    fi
}

#define UP(c)    (c == NONE -> NONE : controller[c])
#define ENDS(c)  (c == NONE || alive[c])
#define FIRST    controller[self]
#define WAY_ENDS (ENDS(FIRST) || ENDS(UP(FIRST)) || ENDS(UP(UP(FIRST))) || ENDS(UP(UP(UP(FIRST)))))

inline heir(to) /* death_heir */
{
    to = controller[self];
    looks = 0;
    do
    :: to == NONE || alive[to] -> break
    :: else ->
        next = controller[to];
        if
        :: public[to] -> to = next
        :: else -> to = controller[self]
        fi;
        looks++;
        if /* somebody's circle, that is just being undone: it spins */
        :: looks == LOOKS -> atomic { WAY_ENDS; looks = 0 }
        :: else
        fi
    od;
    atomic { next = 0; looks = 0 }
}

inline pass_on(e) /* death_pass_on */
{
    acquire(e);
    if
    :: controller[e] != self -> release(e)
    :: controller[e] == self && state[e] == DEAD -> free_unlock(e)
    :: controller[e] == self && state[e] != DEAD ->
        do
        :: heir(to);
            controller[e] = to;
#ifdef BROKEN_HEIR
            break
#else
            if
            :: to == NONE || alive[to] -> break
            :: else
            fi
#endif
        od;
        release(e)
    fi
}

inline die()
{
    acquire(self); /* death_void_id */
    alive[self] = false;
    release(self);
    if /* death_relations */
    :: has_children[self] ->
        e = 0;
        do
        :: e == ENVS -> break
        :: else ->
            if
            :: controller[e] == self -> pass_on(e)
            :: else
            fi;
            e++
        od
    :: else
    fi;
    acquire(self); /* death_tell_controller */
    to = controller[self];
    if
    :: to == NONE || !alive[to] -> free_unlock(self)
    :: else -> state[self] = DEAD; release(self)
    fi
}

proctype env(byte self)
{
    byte e, to, from, at, next, looks, calls;
    bool above, found;

    do
    :: self < ENVS - CALLERS || calls == CALLS -> break
    :: self >= ENVS - CALLERS && calls < CALLS ->
        calls++;
        if
        :: select(e : 0 .. ENVS - 1); select(to : 0 .. ENVS - 1); set_controller(e, to)
        :: select(e : 0 .. ENVS - 1); reap(e)
        fi;
        atomic { e = 0; to = 0 }
    od;
    if
    :: die()
    :: true
    fi;
    atomic { e = 0; to = 0; busy-- }
}

init
{
    byte e;

    atomic {
        do
        :: e == ENVS -> break
        :: else ->
            controller[e] = (e == 0 -> NONE : e - 1);
            alive[e] = true;
            public[e] = true;
            has_children[e] = e < ENVS - 1;
            state[e] = LIVING;
            e++
        od;
        e = 0;
        do
        :: e == ENVS -> break
        :: else -> run env(e); e++
        od
    }
}

active proctype monitor()
{
    byte e;

    atomic {
        busy == 0 && _nr_pr <= 2 ->
        do
        :: e == ENVS -> break
        :: else ->
            left_alone = state[e] != FREE && controller[e] != NONE &&
                         (!alive[controller[e]] || !has_children[controller[e]]);
            assert(!left_alone);
            left_alone = state[e] == DEAD && controller[e] == NONE;
            assert(!left_alone);
            circle = alive[e] && (UP(e) == e || UP(UP(e)) == e || UP(UP(UP(e))) == e || UP(UP(UP(UP(e)))) == e);
            assert(!circle);
            e++
        od
    }
}

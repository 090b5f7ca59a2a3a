/* Memory as an x86 CPU sees it: TSO (Owens, Sarkar, Sewell, "A better x86 memory model: x86-TSO", 2009).
 *
 * A store goes into the CPU's store buffer and reaches memory later, in order. A load takes the newest entry of the
 * CPU's own buffer, else memory. A locked instruction, a fence and a serialising instruction wait until the own
 * buffer is empty. A write to the local APIC is uncached, and so leaves the buffer in order like any other (SDM 3A,
 * 9.2): the interrupt that it sends is a variable here.
 *
 * The model defines CPUS, VARIABLES and SB, the entries of a buffer, before it includes this. That no execution fills
 * a buffer of that size is asserted, so the size is no restriction. Entries not in use are 0, so that equal states
 * are equal.
 */
byte mem[VARIABLES];
byte sb_used[CPUS];
byte sb_var[CPUS * SB];
byte sb_val[CPUS * SB];

/* sb_var holds the variable plus one, so that an empty entry is no variable's. */
#define SB_AT(c, i, v) (sb_var[(c)*SB + (i)] == (v) + 1)
#define LOAD(c, v)                                     \
    (SB_AT(c, 5, v)->sb_val[(c)*SB + 5]                \
     : (SB_AT(c, 4, v)->sb_val[(c)*SB + 4]             \
        : (SB_AT(c, 3, v)->sb_val[(c)*SB + 3]          \
           : (SB_AT(c, 2, v)->sb_val[(c)*SB + 2]       \
              : (SB_AT(c, 1, v)->sb_val[(c)*SB + 1]    \
                 : (SB_AT(c, 0, v)->sb_val[(c)*SB + 0] \
                    : mem[v]))))))

/* Guard of a locked instruction, a fence, a serialising instruction. */
#define DRAINED(c) (sb_used[c] == 0)

inline store(c, v, x)
{
    d_step
    {
        assert(sb_used[c] < SB);
        sb_var[(c)*SB + sb_used[c]] = (v) + 1;
        sb_val[(c)*SB + sb_used[c]] = x;
        sb_used[c] = sb_used[c] + 1
    }
}

inline drain_one(c)
{
    d_step
    {
        mem[sb_var[(c)*SB] - 1] = sb_val[(c)*SB];
        sb_i = 0;
        do
            ::sb_i < SB - 1->sb_var[(c)*SB + sb_i] = sb_var[(c)*SB + sb_i + 1];
        sb_val[(c)*SB + sb_i] = sb_val[(c)*SB + sb_i + 1];
        sb_i++ ::else->break od;
        sb_var[(c)*SB + SB - 1] = 0;
        sb_val[(c)*SB + SB - 1] = 0;
        sb_used[c] = sb_used[c] - 1;
        sb_i = 0
    }
}

active proctype memory()
{
    byte sb_i;

end:
    do
        ::atomic
        {
            sb_used[0] > 0->drain_one(0)
        }
    ::atomic
    {
        sb_used[1] > 0->drain_one(1)
    }
#if CPUS > 2
    ::atomic{sb_used[2] > 0->drain_one(2)}
#endif
    od
}

/* Interrupt lines; see irq.h. */
#include "kernel/irq.h"

#include "abi/errors.h"
#include "kernel/arch/x86/ioapic.h"
#include "kernel/arch/x86/vectors.h"
#include "kernel/check/inside.h"
#include "kernel/ipc/ipc.h"

static struct irq {
    struct lock lock;
    _Atomic uint32_t owner; /* env id; 0: free. Written under lock */
    uint32_t bits GUARDED_BY(&lock);
    bool waits_for_ack GUARDED_BY(&lock); /* level-triggered, and masked since its interrupt */
} irq_lines[IRQ_LINES];

/* A bit for each line that has an owner; a line's is written under its lock. */
static _Atomic uint32_t irq_owned;

void irq_init(void)
{
    for (uint32_t i = 0; i < IRQ_LINES; i++)
        lock_init(&irq_lines[i].lock);
}

static uint8_t irq_vector(uint32_t line)
{
    return (uint8_t)(line < VECTOR_IRQS ? VECTOR_IRQ_BASE + line
                                        : VECTOR_IRQ_HIGH + line - VECTOR_IRQS);
}

void irq_handle(uint32_t line)
{
    struct irq *irq = &irq_lines[line];
    uint32_t owner;
    uint32_t bits;

    lock_acquire(LOCK_IRQ, &irq->lock);
    owner = irq->owner;
    bits = irq->bits;
    /* A level stays until the driver has seen to the device. An edge that comes while a line is
     * masked would be lost, so those stay open. */
    if (owner == 0 || ioapic_is_level(line)) {
        ioapic_mask(line);
        irq->waits_for_ack = owner != 0;
    }
    lock_release(LOCK_IRQ, &irq->lock);
    if (owner != 0)
        ipc_notify(owner, bits);
}

bool irq_any_owner(void)
{
    return atomic_load_explicit(&irq_owned, memory_order_relaxed) != 0;
}

static void irq_set_owner_locked(struct irq *irq, uint32_t line, uint32_t id) REQUIRES(&irq->lock)
{
    irq->owner = id;
    irq->waits_for_ack = false;
    if (id != 0)
        atomic_fetch_or(&irq_owned, 1u << line);
    else
        atomic_fetch_and(&irq_owned, ~(1u << line));
}

void irq_release_all(uint32_t id)
{
    for (uint32_t left = atomic_load(&irq_owned); left != 0; left &= left - 1) {
        uint32_t line = (uint32_t)__builtin_ctz(left);
        struct irq *irq = &irq_lines[line];

        if (atomic_load_explicit(&irq->owner, memory_order_relaxed) != id)
            continue;
        lock_acquire(LOCK_IRQ, &irq->lock);
        if (irq->owner == id) {
            irq_set_owner_locked(irq, line, 0);
            ioapic_mask(line);
        }
        lock_release(LOCK_IRQ, &irq->lock);
    }
}

static bool irq_may_use(const struct env *self, uint32_t line)
{
    return line < IRQ_LINES && (self->limits.irqs >> line & 1u) != 0;
}

static int irq_attach_locked(struct irq *irq, uint32_t line, uint32_t id, uint32_t bits)
    REQUIRES(&irq->lock)
{
    if (irq->owner != 0 && irq->owner != id)
        return -E_BUSY;
    if (bits == 0) {
        if (irq->owner != 0)
            ioapic_mask(line);
        irq_set_owner_locked(irq, line, 0);
        return 0;
    }
    if (!ioapic_route(line, irq_vector(line), cpus[0]->lapic_id))
        return -E_INVAL;
    irq_set_owner_locked(irq, line, id);
    irq->bits = bits;
    ioapic_unmask(line);
    return 0;
}

REGPARM int32_t sys_irq_attach(struct env *self)
{
    uint32_t line = self->regs.edx;
    struct irq *irq = &irq_lines[line % IRQ_LINES];
    int error;

    if (line >= IRQ_LINES)
        return -E_INVAL;
    if (!irq_may_use(self, line))
        return -E_PERM;
    lock_acquire(LOCK_IRQ, &irq->lock);
    error = irq_attach_locked(irq, line, env_id(self), self->regs.ebx);
    lock_release(LOCK_IRQ, &irq->lock);
    return error;
}

REGPARM int32_t sys_irq_ack(struct env *self)
{
    uint32_t line = self->regs.edx;
    struct irq *irq = &irq_lines[line % IRQ_LINES];
    int error = 0;

    if (line >= IRQ_LINES)
        return -E_INVAL;
    if (!irq_may_use(self, line))
        return -E_PERM;
    lock_acquire(LOCK_IRQ, &irq->lock);
    if (irq->owner != env_id(self)) {
        error = -E_INVAL;
    } else if (irq->waits_for_ack) {
        irq->waits_for_ack = false;
        ioapic_unmask(line);
    }
    lock_release(LOCK_IRQ, &irq->lock);
    return error;
}

#if GRAIN_KTEST
uint32_t irq_inside_owner(uint32_t line, uint32_t *bits, struct lock **lock) NO_LOCK_ANALYSIS
{
    struct irq *irq = &irq_lines[line];

    *lock = &irq->lock;
    *bits = irq->bits;
    return irq->owner;
}
#endif

/* The IOAPICs, see ioapic.h. Registers: Intel 82093AA data sheet, chapter 3. */
#include "kernel/arch/x86/ioapic.h"

#include "kernel/arch/x86/paging.h"
#include "kernel/log.h"
#include "kernel/rawspin.h"

#define IOAPIC_BYTES 0x20
#define SELECT_INDEX 0 /* in words */
#define WINDOW_INDEX 4

#define REG_VERSION         0x01
#define REG_ENTRY_LOW(pin)  (0x10 + 2 * (pin))
#define REG_ENTRY_HIGH(pin) (0x11 + 2 * (pin))
#define VERSION_LAST_PIN(v) ((v) >> 16 & 0xff)

#define ENTRY_ACTIVE_LOW 0x02000u /* fixed delivery to one CPU by its id is 0 everywhere else */
#define ENTRY_LEVEL      0x08000u
#define ENTRY_MASKED     0x10000u
#define ENTRY_ID_SHIFT   24

struct ioapic {
    volatile uint32_t *registers;
    uint32_t gsi_base;
    uint32_t pins;
};

/* Immutable after ioapic_init, but for the registers themselves. */
static struct ioapic ioapics[PLATFORM_IOAPICS_MAX];
static uint32_t ioapic_count;
static struct platform_irq lines[IOAPIC_LINES];
static bool has_pin[IOAPIC_LINES];

/* Guards every select-and-access pair. */
static struct rawspin ioapic_lock;

static uint32_t ioapic_read(const struct ioapic *ioapic, uint32_t reg)
{
    ioapic->registers[SELECT_INDEX] = reg;
    return ioapic->registers[WINDOW_INDEX];
}

static void ioapic_write(const struct ioapic *ioapic, uint32_t reg, uint32_t value)
{
    ioapic->registers[SELECT_INDEX] = reg;
    ioapic->registers[WINDOW_INDEX] = value;
}

static void add_ioapic(const struct platform_ioapic *from)
{
    struct ioapic *ioapic = &ioapics[ioapic_count];

    ioapic->registers = paging_map_mmio(from->pa, IOAPIC_BYTES);
    if (ioapic->registers == NULL) {
        log_warn("ioapic: no room to map registers at %#llx", (unsigned long long)from->pa);
        return;
    }
    ioapic->gsi_base = from->gsi_base;
    ioapic->pins = VERSION_LAST_PIN(ioapic_read(ioapic, REG_VERSION)) + 1;
    for (uint32_t pin = 0; pin < ioapic->pins; pin++)
        ioapic_write(ioapic, REG_ENTRY_LOW(pin), ENTRY_MASKED);
    ioapic_count++;
}

/* Whether another ISA line arrives where this one would be. */
static bool is_taken(const struct platform *platform, uint32_t line)
{
    for (uint32_t i = 0; i < PLATFORM_ISA_IRQS; i++) {
        if (i != line && platform->irqs[i].gsi == line)
            return true;
    }
    return false;
}

void ioapic_init(const struct platform *platform)
{
    for (uint32_t i = 0; i < platform->nioapics; i++)
        add_ioapic(&platform->ioapics[i]);
    for (uint32_t i = 0; i < IOAPIC_LINES; i++) {
        if (i < PLATFORM_ISA_IRQS)
            lines[i] = platform->irqs[i];
        else
            lines[i] = (struct platform_irq){.gsi = i, .active_low = true, .level = true};
        has_pin[i] = lines[i].gsi != i || !is_taken(platform, i);
    }
}

/* The IOAPIC that has the line, and its pin there; NULL if there is none. */
static const struct ioapic *find_pin(uint32_t line, uint32_t *pin)
{
    if (line >= IOAPIC_LINES || !has_pin[line])
        return NULL;
    for (uint32_t i = 0; i < ioapic_count; i++) {
        /* Unsigned wrap puts a gsi below the base out of range. */
        *pin = lines[line].gsi - ioapics[i].gsi_base;
        if (*pin < ioapics[i].pins)
            return &ioapics[i];
    }
    return NULL;
}

bool ioapic_route(uint32_t line, uint8_t vector, uint8_t lapic_id)
{
    uint32_t pin;
    const struct ioapic *ioapic = find_pin(line, &pin);

    if (ioapic == NULL)
        return false;
    uint32_t low = ENTRY_MASKED | vector | (lines[line].active_low ? ENTRY_ACTIVE_LOW : 0) |
                   (lines[line].level ? ENTRY_LEVEL : 0);
    rawspin_lock(&ioapic_lock);
    ioapic_write(ioapic, REG_ENTRY_LOW(pin), low); /* masked before it points somewhere else */
    ioapic_write(ioapic, REG_ENTRY_HIGH(pin), (uint32_t)lapic_id << ENTRY_ID_SHIFT);
    rawspin_unlock(&ioapic_lock);
    return true;
}

static void set_masked(uint32_t line, bool masked)
{
    uint32_t pin;
    const struct ioapic *ioapic = find_pin(line, &pin);

    if (ioapic == NULL)
        return;
    rawspin_lock(&ioapic_lock);
    uint32_t low = ioapic_read(ioapic, REG_ENTRY_LOW(pin));
    ioapic_write(ioapic, REG_ENTRY_LOW(pin), masked ? low | ENTRY_MASKED : low & ~ENTRY_MASKED);
    rawspin_unlock(&ioapic_lock);
}

void ioapic_mask(uint32_t line)
{
    set_masked(line, true);
}

void ioapic_unmask(uint32_t line)
{
    set_masked(line, false);
}

bool ioapic_is_level(uint32_t line)
{
    return line < IOAPIC_LINES && lines[line].level;
}

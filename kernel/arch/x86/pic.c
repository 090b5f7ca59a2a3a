/* The two 8259 interrupt controllers, see pic.h; words and order as in the 8259A data sheet. */
#include "kernel/arch/x86/pic.h"

#include "kernel/arch/x86/io.h"
#include "kernel/arch/x86/vectors.h"

#define MASTER_COMMAND 0x20
#define MASTER_DATA    0x21
#define SLAVE_COMMAND  0xa0
#define SLAVE_DATA     0xa1

#define ICW1_INIT       0x11
#define ICW3_SLAVE_AT_2 0x04
#define ICW3_SLAVE_ID   0x02
#define ICW4_8086       0x01
#define MASK_ALL        0xff
#define EOI_SPECIFIC    0x60
#define OCW3_READ_ISR   0x0b
#define CASCADE_LINE    2

#define IMCR_SELECT   0x22
#define IMCR_DATA     0x23
#define IMCR_REGISTER 0x70
#define IMCR_APIC     0x01

void pic_disable(bool imcr)
{
    io_out8(MASTER_DATA, MASK_ALL);
    io_out8(SLAVE_DATA, MASK_ALL);
    io_out8(MASTER_COMMAND, ICW1_INIT);
    io_out8(SLAVE_COMMAND, ICW1_INIT);
    io_out8(MASTER_DATA, VECTOR_IRQ_BASE);
    io_out8(SLAVE_DATA, VECTOR_IRQ_BASE + 8);
    io_out8(MASTER_DATA, ICW3_SLAVE_AT_2);
    io_out8(SLAVE_DATA, ICW3_SLAVE_ID);
    io_out8(MASTER_DATA, ICW4_8086);
    io_out8(SLAVE_DATA, ICW4_8086);
    io_out8(MASTER_DATA, MASK_ALL);
    io_out8(SLAVE_DATA, MASK_ALL);
    if (imcr) {
        io_out8(IMCR_SELECT, IMCR_REGISTER);
        io_out8(IMCR_DATA, IMCR_APIC);
    }
}

static bool in_service(uint16_t command, uint8_t line)
{
    io_out8(command, OCW3_READ_ISR);
    return io_in8(command) >> line & 1;
}

void pic_ack_spurious(uint8_t irq)
{
    /* A true spurious interrupt is not in service and needs no EOI; but for one of the slave the
     * master did see its cascade line. */
    if (irq >= 8 && in_service(SLAVE_COMMAND, irq & 7))
        io_out8(SLAVE_COMMAND, EOI_SPECIFIC | (irq & 7));
    uint8_t line = irq >= 8 ? CASCADE_LINE : irq;
    if (in_service(MASTER_COMMAND, line))
        io_out8(MASTER_COMMAND, EOI_SPECIFIC | line);
}

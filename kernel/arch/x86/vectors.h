/* Interrupt vectors. C and assembly include this. */
#ifndef GRAIN_ARCH_X86_VECTORS_H
#define GRAIN_ARCH_X86_VECTORS_H

#define VECTOR_DEBUG        1
#define VECTOR_NMI          2
#define VECTOR_BREAKPOINT   3
#define VECTOR_OVERFLOW     4
#define VECTOR_DEVICE_NA    7
#define VECTOR_DOUBLE_FAULT 8
#define VECTOR_GP           13
#define VECTOR_PAGE_FAULT   14
#define VECTOR_EXCEPTIONS   32 /* below: exceptions of the processor */

#define VECTOR_IRQ_BASE 32 /* interrupt line n: vector 32 + n */
#define VECTOR_IRQS     16 /* 32 to 47: the lines of the 8259s, as JOS numbers them */
#define VECTOR_SYSCALL  0x30
#define VECTOR_IRQ_HIGH 0x38 /* lines 16 to 31: vector 0x38 + n - 16 */
#define VECTOR_TIMER    0xef
#define VECTOR_WAKE     0xf0 /* look into the inbox */
#define VECTOR_TLB      0xf1
#define VECTOR_STOP     0xf2 /* test builds: stand still (kernel/check/stop.h) */
#define VECTOR_SPURIOUS 0xff

#endif

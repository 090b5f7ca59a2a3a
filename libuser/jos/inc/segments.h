/* The JOS user API: segments, gates and the task state, as the processor defines them (Intel SDM, volume 3A, chapters
 * 3.4, 6.11 and 7.2). They are the kernel's affair: a program can build such tables, and not load them.
 *
 * Included by inc/mmu.h, where JOS has these names.
 */
#ifndef JOS_INC_SEGMENTS_H
#define JOS_INC_SEGMENTS_H

#include <inc/types.h>

/* Type of a code or data segment. */
#define STA_X 0x8 /* code */
#define STA_E 0x4 /* data: grows down */
#define STA_C 0x4 /* code: conforming */
#define STA_W 0x2 /* data: writable */
#define STA_R 0x2 /* code: readable */
#define STA_A 0x1 /* accessed */

/* Type of a system segment or gate. */
#define STS_T16A 0x1 /* 16-bit task state, available */
#define STS_LDT  0x2 /* local descriptor table */
#define STS_T16B 0x3 /* 16-bit task state, busy */
#define STS_CG16 0x4 /* 16-bit call gate */
#define STS_TG   0x5 /* task gate */
#define STS_IG16 0x6 /* 16-bit interrupt gate */
#define STS_TG16 0x7 /* 16-bit trap gate */
#define STS_T32A 0x9 /* 32-bit task state, available */
#define STS_T32B 0xB /* 32-bit task state, busy */
#define STS_CG32 0xC /* 32-bit call gate */
#define STS_IG32 0xE /* 32-bit interrupt gate */
#define STS_TG32 0xF /* 32-bit trap gate */

struct Segdesc {
    unsigned sd_lim_15_0 : 16;
    unsigned sd_base_15_0 : 16;
    unsigned sd_base_23_16 : 8;
    unsigned sd_type : 4; /* STA_*, or STS_* */
    unsigned sd_s : 1;    /* 1: code or data, 0: system */
    unsigned sd_dpl : 2;
    unsigned sd_p : 1; /* present */
    unsigned sd_lim_19_16 : 4;
    unsigned sd_avl : 1; /* for software */
    unsigned sd_rsv1 : 1;
    unsigned sd_db : 1; /* 1: 32-bit */
    unsigned sd_g : 1;  /* 1: the limit counts pages */
    unsigned sd_base_31_24 : 8;
};

/* clang-format off */

/* Initialisers of a struct Segdesc. SEG: lim is in bytes and counted in pages. */
#define SEG_NULL  {.sd_p = 0}
#define SEG_FAULT {.sd_s = 1, .sd_p = 1, .sd_db = 1} /* can be loaded, and faults when it is used */
#define SEG(type, base, lim, dpl)                                                        \
    {                                                                                    \
        .sd_lim_15_0 = ((lim) >> 12) & 0xffff, .sd_lim_19_16 = (unsigned)(lim) >> 28,    \
        .sd_base_15_0 = (base) & 0xffff, .sd_base_23_16 = ((base) >> 16) & 0xff,         \
        .sd_base_31_24 = (unsigned)(base) >> 24, .sd_type = (type), .sd_s = 1,           \
        .sd_dpl = (dpl), .sd_p = 1, .sd_db = 1, .sd_g = 1,                               \
    }
/* A value; lim counts bytes. */
#define SEG16(type, base, lim, dpl)                                                      \
    ((struct Segdesc){                                                                   \
        .sd_lim_15_0 = (lim) & 0xffff, .sd_lim_19_16 = ((unsigned)(lim) >> 16) & 0xf,    \
        .sd_base_15_0 = (base) & 0xffff, .sd_base_23_16 = ((base) >> 16) & 0xff,         \
        .sd_base_31_24 = (unsigned)(base) >> 24, .sd_type = (type), .sd_s = 1,           \
        .sd_dpl = (dpl), .sd_p = 1, .sd_db = 1,                                          \
    })

/* clang-format on */

/* The operand of lgdt and lidt. */
struct Pseudodesc {
    uint16_t pd_lim;
    uint32_t pd_base;
} __attribute__((packed));

/* A 32-bit task state. Selectors have 16 bits, and 16 that are not used beside them. */
struct Taskstate {
    uint32_t ts_link; /* selector of the task that was interrupted */
    uintptr_t ts_esp0;
    uint16_t ts_ss0;
    uint16_t ts_padding1;
    uintptr_t ts_esp1;
    uint16_t ts_ss1;
    uint16_t ts_padding2;
    uintptr_t ts_esp2;
    uint16_t ts_ss2;
    uint16_t ts_padding3;
    physaddr_t ts_cr3;
    uintptr_t ts_eip;
    uint32_t ts_eflags;
    uint32_t ts_eax;
    uint32_t ts_ecx;
    uint32_t ts_edx;
    uint32_t ts_ebx;
    uintptr_t ts_esp;
    uintptr_t ts_ebp;
    uint32_t ts_esi;
    uint32_t ts_edi;
    uint16_t ts_es;
    uint16_t ts_padding4;
    uint16_t ts_cs;
    uint16_t ts_padding5;
    uint16_t ts_ss;
    uint16_t ts_padding6;
    uint16_t ts_ds;
    uint16_t ts_padding7;
    uint16_t ts_fs;
    uint16_t ts_padding8;
    uint16_t ts_gs;
    uint16_t ts_padding9;
    uint16_t ts_ldt;
    uint16_t ts_padding10;
    uint16_t ts_t;    /* bit 0: trap when the task is switched to */
    uint16_t ts_iomb; /* offset of the I/O permissions */
};

struct Gatedesc {
    unsigned gd_off_15_0 : 16;
    unsigned gd_sel : 16;
    unsigned gd_args : 5; /* words that a call gate copies */
    unsigned gd_rsv1 : 3;
    unsigned gd_type : 4; /* STS_* */
    unsigned gd_s : 1;    /* 0 */
    unsigned gd_dpl : 2;  /* from where `int` may use it */
    unsigned gd_p : 1;    /* present */
    unsigned gd_off_31_16 : 16;
};

/* clang-format off */

#define JOS_SET_GATE(gate, type, sel, off, dpl)                                          \
    ((void)((gate) = (struct Gatedesc){                                                  \
        .gd_off_15_0 = (uint32_t)(off) & 0xffff, .gd_off_31_16 = (uint32_t)(off) >> 16,  \
        .gd_sel = (sel), .gd_type = (type), .gd_dpl = (dpl), .gd_p = 1,                  \
    }))

/* clang-format on */

/* The gate of a vector. istrap: interrupts stay as they are, else they are off in the handler. */
#define SETGATE(gate, istrap, sel, off, dpl) \
    JOS_SET_GATE(gate, (istrap) ? STS_TG32 : STS_IG32, sel, off, dpl)
#define SETCALLGATE(gate, sel, off, dpl) JOS_SET_GATE(gate, STS_CG32, sel, off, dpl)

#endif

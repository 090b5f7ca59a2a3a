/* Programs: an ELF file of bootfs, its header page looked at here, becomes regions of which the pager loads
 * what is touched. */
#include <errno.h>
#include <string.h>

#include "abi/bootfs.h"
#include "grain/syscall.h"
#include "servers/proc/proc.h"

/* Offsets in the ELF header: System V ABI, figure 4-3. */
#define ELF_PHOFF    28u
#define ELF_PHNUM    44u
#define ELF_PHDR_LEN 32u

struct file {
    uint32_t number;
    uint32_t size;
};

static int file_open(const char *path, struct file *file)
{
    struct ipc_msg msg = {.w = {BOOTFS_OPEN}};
    uint32_t size;

    path += strspn(path, "/");
    size = (uint32_t)strlen(path) + 1;
    if (size > SERVER_STRING_MAX)
        return -E_EOF;
    uint32_t words = (size + 3) / (uint32_t)sizeof(uint32_t);
    utcb()->words[words - 1] = 0; /* behind the path there is what another client has sent */
    memcpy(utcb()->words, path, size);
    int32_t result = ipc(IPC_OP_CALL | IPC_SEND_WORDS(words), servers.bootfs, &msg);
    if (result < 0)
        return result;
    *file = (struct file){.number = msg.w[1], .size = msg.w[2]};
    return (int32_t)msg.w[0];
}

static int file_map_header(const struct file *file)
{
    struct ipc_msg msg = {.w = {BOOTFS_PAGES, file->number, 0, 1}};

    ipc_set_window(FILE_WINDOW, 1);
    int32_t result = ipc(IPC_OP_CALL | IPC_WINDOW, servers.bootfs, &msg);
    if (result < 0)
        return result;
    if (msg.w[0] != 0)
        return (int32_t)msg.w[0];
    return ipc_has_extra(result) && utcb()->got_pages == 1 ? 0 : -E_INVAL;
}

/* Only the first page is here: the program headers have to be in it. */
static bool headers_are_here(const void *page, uint32_t size)
{
    uint32_t phoff;
    uint16_t phnum;

    if (size < PAGE_SIZE && size < ELF_PHNUM + sizeof(phnum))
        return false;
    memcpy(&phoff, (const char *)page + ELF_PHOFF, sizeof(phoff));
    memcpy(&phnum, (const char *)page + ELF_PHNUM, sizeof(phnum));
    return phoff + (uint64_t)phnum * ELF_PHDR_LEN <= PAGE_SIZE;
}

/* Pages come from the file as they are, so a segment has to begin at the same place in its page there. */
static int segment_region(const struct elf_segment *segment, uint32_t file,
                          struct pager_region *region)
{
    uint32_t lead = segment->va & PAGE_MASK;

    if ((segment->fileoff & PAGE_MASK) != lead && segment->filesz != 0)
        return -E_INVAL;
    *region = (struct pager_region){
        .start = segment->va - lead,
        .end = (segment->va + segment->memsz + PAGE_MASK) & ~PAGE_MASK,
        .perm = segment->perm,
        .kind = segment->filesz == 0 ? PAGER_ANON : PAGER_FILE,
        .file = file,
        .offset = segment->filesz == 0 ? 0 : segment->fileoff - lead,
        .file_bytes = segment->filesz == 0 ? 0 : lead + segment->filesz,
    };
    /* The library's areas, and the stack. */
    return region->end > HEAP_BASE ? -E_INVAL : 0;
}

static int read_segments(const void *page, const struct file *file, struct program *program)
{
    struct elf_info info;
    int error;

    if (!headers_are_here(page, file->size) || elf_check(page, file->size, &info) != 0)
        return -E_INVAL;
    program->entry = info.entry;
    for (program->count = 0; program->count < info.segments; program->count++) {
        struct elf_segment segment;

        error = elf_segment(page, file->size, program->count, &segment);
        if (error == 0)
            error = segment_region(&segment, file->number, &program->regions[program->count]);
        if (error != 0)
            return error;
    }
    return 0;
}

int program_open(const char *path, struct program *program)
{
    struct file file;
    int error = file_open(path, &file);

    if (error == 0)
        error = file_map_header(&file);
    if (error != 0)
        return error;
    error = read_segments((const void *)FILE_WINDOW, &file, program);
    (void)page_unmap(0, FILE_WINDOW, 1);
    if (error != 0)
        return error;
    program->regions[program->count++] = (struct pager_region){
        .start = USER_STACK_TOP - STACK_BYTES,
        .end = USER_STACK_TOP,
        .perm = PERM_RW,
        .kind = PAGER_STACK,
    };
    return 0;
}

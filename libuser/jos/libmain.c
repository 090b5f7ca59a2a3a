/* From the entry point to umain(). */
#include <inc/lib.h>

const char *binaryname = "<unknown>";

void libmain(int argc, char **argv);

void libmain(int argc, char **argv)
{
    if (argc > 0)
        binaryname = argv[0];
    umain(argc, argv);
    exit();
}

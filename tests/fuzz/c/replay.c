/* Gives files to a fuzz target one by one, so that what was found once is tried with any compiler.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In a block of exactly its size, so that a sanitizer sees what reads beyond its end. */
static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        return 0;
    }
    const long size = ftell(file);
    uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
    rewind(file);
    const int whole = data != NULL && fread(data, 1, (size_t)size, file) == (size_t)size;
    fclose(file);
    if (whole) {
        LLVMFuzzerTestOneInput(data, (size_t)size);
    }
    free(data);
    return whole;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!replay(argv[i])) {
            fprintf(stderr, "%s: cannot be read\n", argv[i]);
            return 1;
        }
    }
    printf("%d files\n", argc - 1);
    return argc < 2;
}

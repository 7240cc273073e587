/* rnncore_model_open: apart, for programs on targets that have no files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rnncore_model.h"

static rnncore_status fail(rnncore_status status, char *message, size_t size, const char *what)
{
    if (message != NULL && size > 0) {
        snprintf(message, size, "%s", what);
    }
    return status;
}

static rnncore_status read_file(FILE *file, char **data, size_t *size)
{
    /* A directory may open, and state any size. */
    if ((fgetc(file) == EOF && ferror(file)) || fseek(file, 0, SEEK_END) != 0) {
        return RNNCORE_ERROR_FILE;
    }
    const long end = ftell(file);
    if (end < 0 || fseek(file, 0, SEEK_SET) != 0) {
        return RNNCORE_ERROR_FILE;
    }
    *size = (size_t)end;
    *data = malloc(*size > 0 ? *size : 1);
    if (*data == NULL) {
        return RNNCORE_ERROR_OUT_OF_MEMORY;
    }
    return fread(*data, 1, *size, file) == *size ? RNNCORE_OK : RNNCORE_ERROR_FILE;
}

rnncore_status rnncore_model_open(rnncore_context *context, const char *path, rnncore_model **out,
                                  char *message, size_t message_size)
{
    if (context == NULL || path == NULL || out == NULL) {
        return fail(RNNCORE_ERROR_INVALID_ARGUMENT, message, message_size,
                    "expected a context, a path and out, got NULL");
    }
    char *data = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "rb");
    rnncore_status status = file == NULL ? RNNCORE_ERROR_FILE : read_file(file, &data, &size);
    if (file != NULL) {
        fclose(file);
    }
    if (status == RNNCORE_OK) {
        status = rnncore_model_from_memory(context, data, size, out, message, message_size);
    } else {
        fail(status, message, message_size, rnncore_status_string(status));
    }
    free(data);
    return status;
}

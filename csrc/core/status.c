#include "rnncore.h"

const char *rnncore_status_string(rnncore_status status)
{
    switch (status) {
    case RNNCORE_OK:
        return "no error";
    case RNNCORE_ERROR_INVALID_ARGUMENT:
        return "an argument is out of its range";
    case RNNCORE_ERROR_OUT_OF_MEMORY:
        return "out of memory";
    case RNNCORE_ERROR_OVERFLOW:
        return "a size does not fit the address space";
    case RNNCORE_ERROR_UNSUPPORTED:
        return "not supported by this build or this CPU";
    case RNNCORE_ERROR_THREAD:
        return "a thread could not be started";
    case RNNCORE_ERROR_BLAS:
        return "the BLAS library could not be loaded";
    case RNNCORE_ERROR_WORKSPACE:
        return "the workspace is too small or not 64-byte aligned";
    case RNNCORE_ERROR_TAPE_STATE:
        return "the tape holds no forward pass or was used by a backward pass";
    case RNNCORE_ERROR_LENGTHS:
        return "an entry of lengths is negative or larger than the number of steps";
    case RNNCORE_ERROR_FILE:
        return "the file cannot be read";
    case RNNCORE_ERROR_MODEL:
        return "the file is damaged or holds no model for this version";
    case RNNCORE_ERROR_SHAPE:
        return "arrays of these sizes do not fit the model";
    default:
        return "unknown status";
    }
}

#define TEXT_(number) #number
#define TEXT(number) TEXT_(number)

const char *rnncore_version(void)
{
    return TEXT(RNNCORE_VERSION_MAJOR) "." TEXT(RNNCORE_VERSION_MINOR) "." TEXT(
        RNNCORE_VERSION_PATCH);
}

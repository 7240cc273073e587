#include "core/platform_libraries.h"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <stdint.h>
#include <windows.h>
#else
#include <dlfcn.h>
#endif

#if defined(_WIN32)

void *rnncore_dl_open(const char *path)
{
    return (void *)LoadLibraryA(path);
}

void *rnncore_dl_sym(void *library, const char *name)
{
    return (void *)(intptr_t)GetProcAddress((HMODULE)library, name);
}

void rnncore_dl_close(void *library)
{
    FreeLibrary((HMODULE)library);
}

#else

void *rnncore_dl_open(const char *path)
{
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

void *rnncore_dl_sym(void *library, const char *name)
{
    return dlsym(library, name);
}

void rnncore_dl_close(void *library)
{
    dlclose(library);
}

#endif

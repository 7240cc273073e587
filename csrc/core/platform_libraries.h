/* Libraries that are loaded at run time. */
#ifndef RNNCORE_CORE_PLATFORM_LIBRARIES_H
#define RNNCORE_CORE_PLATFORM_LIBRARIES_H

/* NULL when `path` cannot be loaded. */
void *rnncore_dl_open(const char *path);
/* The address of `name` in `library`, or NULL. */
void *rnncore_dl_sym(void *library, const char *name);
void rnncore_dl_close(void *library);

#endif

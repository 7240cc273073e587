/* A template: multiply.inc.h includes it with the number of ROWS. */

/* All tiles of so many rows: several panels, as panels_at_once says, and a single vector. */
#define WIDTH PANEL
#define PANELS 1
#include "kernels/tile.inc.h"
#if ROWS <= 3
#define PANELS 2
#include "kernels/tile.inc.h"
#endif
#if ROWS <= 2
#define PANELS 3
#include "kernels/tile.inc.h"
#endif
#if ROWS <= 1
#define PANELS 4
#include "kernels/tile.inc.h"
#endif
#undef WIDTH

#define WIDTH 1
#define PANELS 1
#include "kernels/tile.inc.h"
#undef WIDTH

#undef ROWS

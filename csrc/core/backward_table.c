#include "core/backward_table.h"

#define TABLE rnncore_backward_kernels
#define LOOKUP rnncore_backward_table
#include "core/table.inc.h"

/* A template: dtypes.inc.h says what it is included with. */

/* The training kernels of one dtype. */
#include "kernels/optimizer.inc.h"

#include "kernels/functions.inc.h"
#include "kernels/map.inc.h"
#include "kernels/rows.inc.h"

#include "kernels/dense.inc.h"
#include "kernels/dropout.inc.h"
#include "kernels/embedding.inc.h"
#include "kernels/loss.inc.h"

extern const rnncore_training_kernels CONCAT(FN(rnncore_training_kernels), CONCAT(_, RNNCORE_ISA));
const rnncore_training_kernels CONCAT(FN(rnncore_training_kernels), CONCAT(_, RNNCORE_ISA)) = {
    .update = FN(update),
    .sum_of_squares = FN(sum_of_squares),
    .largest = FN(largest),
    .scatter_add = FN(scatter_add),
    .activate_backward = FN(dense_slope),
    .loss = FN(loss),
    .checksum = checksum,
    .dropout = FN(dropout),
};

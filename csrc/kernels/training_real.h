/* The training kernels of one dtype; included by training.c once for each. */
#include "optimizer.h"

#include "dense.h"
#include "dropout.h"
#include "embedding.h"
#include "loss.h"

extern const rnncore_training_kernels CONCAT(FN(rnncore_training_kernels), CONCAT(_, RNNCORE_ISA));
const rnncore_training_kernels CONCAT(FN(rnncore_training_kernels), CONCAT(_, RNNCORE_ISA)) = {
    .update = FN(update),
    .sum_of_squares = FN(sum_of_squares),
    .largest = FN(largest),
    .scatter_add = FN(scatter_add),
    .activate = FN(activate),
    .activate_backward = FN(activate_backward),
    .loss = FN(loss),
    .dropout = FN(dropout),
};

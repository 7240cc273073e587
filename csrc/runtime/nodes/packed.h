/* What the nodes with a packed matrix share: node->made is an rnncore_affine with its buffers. */
#ifndef RNNCORE_RUNTIME_NODES_PACKED_H
#define RNNCORE_RUNTIME_NODES_PACKED_H

#include "cells/affine.h"
#include "runtime/node.h"

/* Packs tensor 0, whose row k of column u stands at k*rb + u*cb, with tensor 1 (units) as bias if
 * there is one, and `activation` behind. */
rnncore_status rnncore_make_packed(rnncore_node *node, rnncore_context *context, int64_t segments,
                                   int64_t depth, int64_t units, int64_t rb, int64_t cb,
                                   int64_t activation);

/* Scratch of rnncore_affine_run. */
rnncore_status rnncore_packed_scratch(const rnncore_node_call *call, size_t *bytes);

#endif

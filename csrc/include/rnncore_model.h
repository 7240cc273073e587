/* rnncore: trained models and streams. The public C interface to files that Python writes with
 * `model.save(path, runtime=True)`.
 *
 * The conventions of rnncore.h hold, and: arrays have the model's dtype, token ids are int32; all
 * are C-contiguous, batch first and naturally aligned. Workspace and stream memory are aligned to
 * 64 bytes. Outputs must not overlap inputs, each other or such memory. A context outlives its
 * models, a model its streams. Any number of threads may use a model at a time, one thread a
 * stream.
 *
 * RNNCORE_ERROR_INVALID_ARGUMENT: a pointer that is NULL, a number out of range, or an array of
 * token ids that holds one beyond the vocabulary.
 */
#ifndef RNNCORE_MODEL_H
#define RNNCORE_MODEL_H

#include "rnncore.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rnncore_model rnncore_model;
typedef struct rnncore_stream rnncore_stream;

/* Beside rnncore_dtype, the type of an array of token ids. */
enum { RNNCORE_INT32 = 2 };

/* ---- models ---------------------------------------------------------------------------------- */

/* Reads a file. On failure `message` (may be NULL) gets a sentence that ends in a zero byte, cut
 * where it is too long for `message_size`, and *out stays as it is. RNNCORE_ERROR_FILE: the file
 * cannot be read; RNNCORE_ERROR_MODEL: it is damaged, or no model for this version;
 * RNNCORE_ERROR_UNSUPPORTED: a dtype that this build was made without. */
RNNCORE_API rnncore_status rnncore_model_open(rnncore_context *context, const char *path,
                                              rnncore_model **out, char *message,
                                              size_t message_size);

/* The same from the `size` bytes of a file in memory, of any alignment. They are copied. */
RNNCORE_API rnncore_status rnncore_model_from_memory(rnncore_context *context, const void *data,
                                                     size_t size, rnncore_model **out,
                                                     char *message, size_t message_size);

/* Frees a model that no stream uses any more; NULL is fine. */
RNNCORE_API void rnncore_model_destroy(rnncore_model *model);

/* What follows takes NULL for a model and then returns 0. Sizes are those of the first input and
 * the first output. */
RNNCORE_API rnncore_dtype rnncore_model_dtype(const rnncore_model *model);
/* Numbers of one step, or of a sample without steps; 1 where steps are token ids. */
RNNCORE_API int64_t rnncore_model_input_size(const rnncore_model *model);
/* Numbers of one output: of one step if there is one a step, else of a sequence; -1 if they depend
 * on the number of steps in another way. */
RNNCORE_API int64_t rnncore_model_output_size(const rnncore_model *model);
/* 1: one output a step; 0: one a sequence. */
RNNCORE_API int32_t rnncore_model_output_per_step(const rnncore_model *model);
/* 0: some layer needs the whole sequence, or changes the number of steps. */
RNNCORE_API int32_t rnncore_model_can_stream(const rnncore_model *model);

/* Bytes of scratch that rnncore_model_run needs. */
RNNCORE_API rnncore_status rnncore_model_workspace_size(const rnncore_model *model, int64_t batch,
                                                        int64_t steps, size_t *bytes);

/* Runs a model of one input and one output: x (B, T, I), y (B, T, O) or (B, O). `lengths` (B) are
 * the real steps of each row, as in rnncore_batch, or NULL; y is 0 at the steps behind them, unless
 * the model masks more steps itself. A model whose input has no steps, or a fixed number of them,
 * wants 1 or that number as `steps`. `workspace` has at least the size above. */
RNNCORE_API rnncore_status rnncore_model_run(const rnncore_model *model, const void *x,
                                             int64_t batch, int64_t steps, const int64_t *lengths,
                                             void *y, void *workspace, size_t workspace_bytes);

/* ---- streams: a batch of sequences, step by step --------------------------------------------- */

/* Bytes that a stream of so many rows needs. RNNCORE_ERROR_UNSUPPORTED: the model cannot stream. */
RNNCORE_API rnncore_status rnncore_stream_size(const rnncore_model *model, int64_t batch,
                                               size_t *bytes);

/* Makes a stream, whose rows all start anew, in `memory` of at least that size; with NULL it
 * allocates it. */
RNNCORE_API rnncore_status rnncore_stream_create(const rnncore_model *model, int64_t batch,
                                                 void *memory, size_t bytes, rnncore_stream **out);

/* One step of all rows: x (B, I), y (B, O). Where the model gives one output a sequence, y is that
 * of the steps so far. Allocates nothing. */
RNNCORE_API rnncore_status rnncore_stream_step(rnncore_stream *stream, const void *x, void *y);

/* Several steps: x (B, T, I), y (B, T, O). The bits are those of single steps. */
RNNCORE_API rnncore_status rnncore_stream_run(rnncore_stream *stream, const void *x, int64_t steps,
                                              void *y);

/* Starts a row anew; -1: all rows. */
RNNCORE_API rnncore_status rnncore_stream_reset(rnncore_stream *stream, int64_t row);

/* Numbers (of the model's dtype) of one row's state; 0 for NULL. */
RNNCORE_API int64_t rnncore_stream_state_size(const rnncore_stream *stream);

/* Copies the state of a row out or in: layer by layer, h and c of recurrent layers, the last steps
 * of convolutions. It fits every stream of the same model. */
RNNCORE_API rnncore_status rnncore_stream_get_state(const rnncore_stream *stream, int64_t row,
                                                    void *state);
RNNCORE_API rnncore_status rnncore_stream_set_state(rnncore_stream *stream, int64_t row,
                                                    const void *state);

/* Ends a stream; frees its memory unless the caller gave it. NULL is fine. */
RNNCORE_API void rnncore_stream_destroy(rnncore_stream *stream);

/* ---- several inputs and outputs -------------------------------------------------------------- */

typedef struct rnncore_array_info {
    size_t struct_size;
    const char *name; /* lives as long as the model */
    int32_t type;     /* rnncore_dtype, or RNNCORE_INT32 */
    int32_t rank;     /* of the shape */
    int64_t shape[8]; /* without the batch axis; -1: steps */
} rnncore_array_info;

/* How many there are; 0 for NULL. */
RNNCORE_API int32_t rnncore_model_inputs(const rnncore_model *model);
RNNCORE_API int32_t rnncore_model_outputs(const rnncore_model *model);

/* Describes input or output i. Set info->struct_size; it stays. For an output the sizes that depend
 * on `steps`, one number for each input, are filled in, or with NULL are -1. */
RNNCORE_API rnncore_status rnncore_model_input(const rnncore_model *model, int32_t i,
                                               rnncore_array_info *info);
RNNCORE_API rnncore_status rnncore_model_output(const rnncore_model *model, int32_t i,
                                                const int64_t *steps, rnncore_array_info *info);

/* As above, for any model, with one of each for every input: x, steps and lengths (or NULL, also
 * for all of them), and for every output: y. */
RNNCORE_API rnncore_status rnncore_model_workspace_size_many(const rnncore_model *model,
                                                             int64_t batch, const int64_t *steps,
                                                             size_t *bytes);
RNNCORE_API rnncore_status rnncore_model_run_many(const rnncore_model *model, const void *const *x,
                                                  int64_t batch, const int64_t *steps,
                                                  const int64_t *const *lengths, void *const *y,
                                                  void *workspace, size_t workspace_bytes);

/* One step of the rows whose `active` (B) is not 0, or of all of them with NULL. The others keep
 * their state, and their rows of y. */
RNNCORE_API rnncore_status rnncore_stream_step_many(rnncore_stream *stream, const void *const *x,
                                                    const uint8_t *active, void *const *y);

#ifdef __cplusplus
}
#endif

#endif

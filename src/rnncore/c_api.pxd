# The public C interface, as far as Python uses it.
from libc.stddef cimport size_t
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

cdef extern from "rnncore.h" nogil:
    ctypedef int rnncore_status
    ctypedef int rnncore_isa
    int RNNCORE_OK
    int RNNCORE_ERROR_BLAS
    int RNNCORE_ERROR_INVALID_ARGUMENT
    int RNNCORE_ERROR_OUT_OF_MEMORY
    int RNNCORE_ERROR_OVERFLOW
    int RNNCORE_FLOAT32
    int RNNCORE_FLOAT64
    int RNNCORE_RNN
    int RNNCORE_LSTM
    int RNNCORE_GRU
    const char *rnncore_status_string(int status)
    const char *rnncore_isa_name(int isa)
    void *rnncore_alloc(size_t bytes)
    void rnncore_free(void *memory)

    ctypedef struct rnncore_context
    ctypedef struct rnncore_context_options:
        size_t struct_size
        int32_t num_threads
        int32_t max_isa
        const char *blas_library
    int rnncore_context_create(const rnncore_context_options *options, rnncore_context **out)
    void rnncore_context_destroy(rnncore_context *context)
    void rnncore_context_abandon(rnncore_context *context)
    int32_t rnncore_context_num_threads(const rnncore_context *context)
    int rnncore_context_start_threads(rnncore_context *context)
    int32_t rnncore_schedulable_cpus()
    double rnncore_cpu_quota()
    int rnncore_context_isa(const rnncore_context *context)

    ctypedef void (*rnncore_call_fn)(void *arg) noexcept nogil
    int rnncore_call_together(rnncore_context *context, rnncore_call_fn fn, void *const *args,
                              int64_t count, double flops)

    ctypedef struct rnncore_layer:
        size_t struct_size
        int32_t cell
        int32_t dtype
        int64_t input_size
        int64_t hidden_size
        int32_t activation
        int32_t reset_after
        int32_t training
        int32_t recurrent_activation
        int32_t recurrent_dropout
    ctypedef enum rnncore_path:
        RNNCORE_PATH_FUSED
        RNNCORE_PATH_GENERIC
    int rnncore_kernel_path(const rnncore_layer *layer, rnncore_path *path)
    ctypedef struct rnncore_weights
    int rnncore_weights_create(const rnncore_context *context, const rnncore_layer *layer,
                               const void *kernel, const void *recurrent_kernel,
                               const void *bias, rnncore_weights **out)
    int rnncore_weights_update(rnncore_weights *weights, const void *kernel,
                               const void *recurrent_kernel, const void *bias)
    void rnncore_weights_destroy(rnncore_weights *weights)

    ctypedef struct rnncore_batch:
        size_t struct_size
        int64_t steps
        int64_t batch
        const void *x
        int64_t x_stride_batch
        int64_t x_stride_time
        int64_t x_stride_feature
        const int64_t *lengths
        const uint8_t *mask
        int32_t go_backwards
        int32_t zero_masked
        const void *initial_h
        const void *initial_c
        void *y
        int64_t y_stride_batch
        int64_t y_stride_time
        int64_t y_stride_feature
        void *final_h
        void *final_c
        const void *recurrent_mask
    int rnncore_forward_workspace_size(const rnncore_context *context,
                                       const rnncore_weights *weights,
                                       const rnncore_batch *batch, size_t *bytes)
    int rnncore_forward(rnncore_context *context, const rnncore_weights *weights,
                        const rnncore_batch *batch, void *workspace, size_t workspace_bytes)
    int rnncore_forward_unpacked_workspace_size(const rnncore_context *context,
                                            const rnncore_layer *layer,
                                            const rnncore_batch *batch, size_t *bytes)
    int rnncore_forward_unpacked(rnncore_context *context, const rnncore_layer *layer,
                             const void *kernel, const void *recurrent_kernel, const void *bias,
                             const rnncore_batch *batch, void *workspace, size_t workspace_bytes)

cdef extern from "rnncore_train.h" nogil:
    const char *rnncore_context_blas_description(rnncore_context *context)
    int rnncore_tape_size(const rnncore_context *context, const rnncore_weights *weights,
                          const rnncore_batch *batch, size_t *tape_bytes,
                          size_t *backward_workspace_bytes)
    int rnncore_forward_train(rnncore_context *context, const rnncore_weights *weights,
                              const rnncore_batch *batch, void *tape, size_t tape_bytes)
    ctypedef struct rnncore_gradients:
        size_t struct_size
        const void *dy
        int64_t dy_stride_batch
        int64_t dy_stride_time
        int64_t dy_stride_feature
        const void *dfinal_h
        const void *dfinal_c
        void *dx
        int64_t dx_stride_batch
        int64_t dx_stride_time
        int64_t dx_stride_feature
        void *dkernel
        void *drecurrent_kernel
        void *dbias
        void *dinitial_h
        void *dinitial_c
    int rnncore_backward(rnncore_context *context, const rnncore_weights *weights, void *tape,
                         size_t tape_bytes, const rnncore_gradients *gradients, void *workspace,
                         size_t workspace_bytes)

cdef extern from "core/testing.h" nogil:
    uint64_t rnncore_context_tasks_done(const rnncore_context *context, int32_t worker)
    uint64_t rnncore_context_sections(const rnncore_context *context)
    void rnncore_context_assume_cpus(rnncore_context *context, int32_t cpus)
    uint64_t rnncore_context_row_steps(const rnncore_context *context)
    int rnncore_machine_fma(int isa, int dtype, int64_t iterations, double *flops)
    int rnncore_machine_read(int isa, const void *p, size_t bytes, int64_t repeats)
    int rnncore_map(int isa, int dtype, int function, int64_t n, const void *x, void *y)

cdef extern from "rnncore_train.h" nogil:
    ctypedef struct rnncore_update:
        size_t struct_size
        int32_t optimizer
        int32_t dtype
        int64_t n
        void *param
        const void *grad
        void *slots[3]
        double learning_rate
        double momentum
        int32_t nesterov
        double beta_1
        double beta_2
        double epsilon
        double decay
        double clip
        double scale
    int rnncore_optimizer_step(rnncore_context *context, const rnncore_update *update)
    int rnncore_checksum(const rnncore_context *context, const void *data, size_t bytes,
                         uint64_t *checksum)
    int rnncore_norm(rnncore_context *context, int32_t dtype, int64_t n, const void *x,
                     double *norm)

    int rnncore_gather_rows(rnncore_context *context, int32_t dtype, int64_t columns,
                            const void *table, int64_t n, const int64_t *ids, void *out)
    ctypedef struct rnncore_scatter_add:
        size_t struct_size
        int32_t dtype
        int64_t columns
        void *table
        int64_t cleared_count
        const int64_t *cleared
        int64_t n
        const int64_t *ids
        const void *rows
    int rnncore_scatter_add_rows(rnncore_context *context, const rnncore_scatter_add *scatter)

    ctypedef struct rnncore_dense:
        size_t struct_size
        int32_t dtype
        int32_t activation
        int64_t rows
        int64_t inputs
        int64_t outputs
        const void *x
        const void *kernel
        const void *bias
        void *y
        const void *dy
        void *dx
        void *dkernel
        void *dbias
    int rnncore_dense_workspace_size(const rnncore_context *context, const rnncore_dense *dense,
                                     size_t *bytes)
    int rnncore_dense_forward(rnncore_context *context, const rnncore_dense *dense,
                              void *workspace, size_t workspace_bytes)
    int rnncore_dense_backward(rnncore_context *context, const rnncore_dense *dense,
                               void *workspace, size_t workspace_bytes)

    int rnncore_activate(rnncore_context *context, int32_t dtype, int32_t activation,
                         int64_t rows, int64_t columns, const void *x, void *y)

    ctypedef struct rnncore_loss:
        size_t struct_size
        int32_t kind
        int32_t dtype
        int64_t rows
        int64_t columns
        const void *y
        const void *targets
        const int64_t *labels
        const void *weights
        int64_t rows_per_weight
        double smoothing
        double delta
        double scale
        void *dy
    int rnncore_loss_value(rnncore_context *context, const rnncore_loss *loss, double *value)

    ctypedef struct rnncore_dropout:
        size_t struct_size
        int32_t dtype
        int64_t n
        const void *x
        void *y
        double rate
        uint64_t key
        uint32_t call
    int rnncore_dropout_apply(rnncore_context *context, const rnncore_dropout *dropout)

cdef extern from "rnncore_model.h" nogil:
    int RNNCORE_INT32
    ctypedef struct rnncore_model
    ctypedef struct rnncore_stream
    ctypedef struct rnncore_array_info:
        size_t struct_size
        const char *name
        int32_t type
        int32_t rank
        int64_t shape[8]
    int rnncore_model_from_memory(rnncore_context *context, const void *data, size_t size,
                                  rnncore_model **out, char *message, size_t message_size)
    void rnncore_model_destroy(rnncore_model *model)
    int rnncore_model_dtype(const rnncore_model *model)
    int32_t rnncore_model_can_stream(const rnncore_model *model)
    int32_t rnncore_model_output_per_step(const rnncore_model *model)
    int32_t rnncore_model_inputs(const rnncore_model *model)
    int32_t rnncore_model_outputs(const rnncore_model *model)
    int rnncore_model_input(const rnncore_model *model, int32_t i, rnncore_array_info *info)
    int rnncore_model_output(const rnncore_model *model, int32_t i, const int64_t *steps,
                             rnncore_array_info *info)
    int rnncore_model_workspace_size_many(const rnncore_model *model, int64_t batch,
                                          const int64_t *steps, size_t *bytes)
    int rnncore_model_run_many(const rnncore_model *model, const void *const *x, int64_t batch,
                               const int64_t *steps, const int64_t *const *lengths, void *const *y,
                               void *workspace, size_t workspace_bytes)
    int rnncore_stream_create(const rnncore_model *model, int64_t batch, void *memory, size_t bytes,
                              rnncore_stream **out)
    int rnncore_stream_step(rnncore_stream *stream, const void *x, void *y)
    int rnncore_stream_run(rnncore_stream *stream, const void *x, int64_t steps, void *y)
    int rnncore_stream_step_many(rnncore_stream *stream, const void *const *x,
                                 const uint8_t *active, void *const *y)
    int rnncore_stream_reset(rnncore_stream *stream, int64_t row)
    int64_t rnncore_stream_state_size(const rnncore_stream *stream)
    int rnncore_stream_get_state(const rnncore_stream *stream, int64_t row, void *state)
    int rnncore_stream_set_state(rnncore_stream *stream, int64_t row, const void *state)
    void rnncore_stream_destroy(rnncore_stream *stream)

cdef extern from "runtime/single.h" nogil:
    int RNNCORE_MASK
    int RNNCORE_NODE_ATTRIBUTES
    int RNNCORE_NODE_NUMBERS
    int RNNCORE_NODE_INPUTS
    int RNNCORE_NODE_OUTPUTS
    int RNNCORE_NODE_TENSORS
    ctypedef struct rnncore_array:
        void *data
        const int64_t *lengths
        int32_t type
        int32_t absent
        int32_t rank
        int32_t lead
        int64_t size[10]
    ctypedef struct rnncore_tensor:
        const void *data
        int32_t type
        int32_t rank
        int64_t size[8]
    ctypedef struct rnncore_node_kind:
        const char *name
        int32_t is_view
    ctypedef struct rnncore_node:
        const rnncore_node_kind *kind
        int32_t dtype
        int32_t inputs
        int32_t outputs
        int32_t tensors
        int64_t attributes[12]
        double numbers[3]
        rnncore_tensor tensor[4]
    ctypedef struct rnncore_node_call:
        const rnncore_array *in_ "in"[64]
        rnncore_array *out[3]
        void *scratch
    void rnncore_node_clear(rnncore_node *node)
    int rnncore_single_begin(rnncore_context *context, rnncore_node *node, int32_t kind,
                             rnncore_node_call *call, size_t *scratch)
    int rnncore_single_end(rnncore_node_call *call, rnncore_node *node)
    int32_t rnncore_model_blocking_node(const rnncore_model *model)
    int rnncore_model_of_weights(rnncore_context *context, const rnncore_weights *weights,
                                 rnncore_model **out)
    int32_t rnncore_model_output_streams(const rnncore_model *model, int32_t i)

cdef extern from "cells/unpacked.h" nogil:
    int RNNCORE_UNPACKED_ROWS

cdef extern from "core/platform.h" nogil:
    uint64_t rnncore_clock_ns()

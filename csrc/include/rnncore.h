/* rnncore: recurrent layers on a CPU. The public C interface (inference).
 *
 * C99, compiles as C++. Conventions:
 *   - T time steps, B batch rows, I input size, H hidden size; all matrices are row-major.
 *   - Strides count elements, not bytes, and may be negative, or zero for memory only read.
 *   - A function that returns rnncore_status leaves its output arguments untouched when it fails,
 *     unless it says otherwise. Nothing here prints, aborts or reads the environment.
 *   - Options structs begin with `struct_size`; set it to sizeof(the struct) and zero the rest.
 * Bytes that this version does not know must be zero, or the call fails.
 */
#ifndef RNNCORE_H
#define RNNCORE_H

#include <stddef.h>
#include <stdint.h>

/* Versions: docs/abi.md says what a change of each number means. */
#define RNNCORE_VERSION_MAJOR 0
#define RNNCORE_VERSION_MINOR 1
#define RNNCORE_VERSION_PATCH 0

#if defined(__GNUC__)
#define RNNCORE_API __attribute__((visibility("default")))
#else
#define RNNCORE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The values never change. */
typedef enum rnncore_status {
    RNNCORE_OK = 0,
    RNNCORE_ERROR_INVALID_ARGUMENT = 1,
    RNNCORE_ERROR_OUT_OF_MEMORY = 2,
    RNNCORE_ERROR_OVERFLOW = 3,    /* a size does not fit the address space or an index type */
    RNNCORE_ERROR_UNSUPPORTED = 4, /* not compiled in, or this CPU cannot run it */
    RNNCORE_ERROR_THREAD = 5,
    RNNCORE_ERROR_BLAS = 6,       /* the BLAS library could not be loaded */
    RNNCORE_ERROR_WORKSPACE = 7,  /* the memory passed in is too small or misaligned */
    RNNCORE_ERROR_TAPE_STATE = 8, /* a tape was used before its forward or after its backward */
    RNNCORE_ERROR_LENGTHS = 20,   /* an entry of `lengths` is negative or larger than T */
    RNNCORE_ERROR_FILE = 30,      /* a file could not be read */
    RNNCORE_ERROR_MODEL = 31, /* a file or the program in it is damaged, or of another version */
    RNNCORE_ERROR_SHAPE = 32, /* arrays of these sizes do not fit the model */
    RNNCORE_STATUS_FORCE_INT = 0x7fffffff
} rnncore_status;

typedef enum rnncore_dtype { RNNCORE_FLOAT32 = 0, RNNCORE_FLOAT64 = 1 } rnncore_dtype;

typedef enum rnncore_cell { RNNCORE_RNN = 0, RNNCORE_LSTM = 1, RNNCORE_GRU = 2 } rnncore_cell;

/* The logistic sigmoid is SIGMOID; HARD_SIGMOID is min(max(x + 3, 0), 6) / 6. */
typedef enum rnncore_activation {
    RNNCORE_ACTIVATION_DEFAULT = 0, /* TANH for cells, SIGMOID for gates, LINEAR for Dense */
    RNNCORE_TANH = 1,
    RNNCORE_RELU = 2,
    RNNCORE_SIGMOID = 3,
    RNNCORE_LINEAR = 4,
    RNNCORE_HARD_SIGMOID = 5,
    RNNCORE_SOFTMAX = 6 /* Dense only */
} rnncore_activation;

/* One build of the kernels. The order within a family is the order of preference. */
typedef enum rnncore_isa {
    RNNCORE_ISA_BASELINE = 0,
    RNNCORE_ISA_AVX2 = 1, /* with FMA */
    RNNCORE_ISA_AVX512 = 2,
    RNNCORE_ISA_NEON = 8
} rnncore_isa;

/* A short English sentence for a status; static storage. */
RNNCORE_API const char *rnncore_status_string(rnncore_status status);

/* The version of the library that runs, "0.1.0"; static storage. */
RNNCORE_API const char *rnncore_version(void);

/* Memory for workspaces and tapes: aligned to 64 bytes, on large pages if it is large and the
 * system has them. NULL if there is not enough. Any other memory works too. */
RNNCORE_API void *rnncore_alloc(size_t bytes);

/* Releases what rnncore_alloc returned; NULL is fine. */
RNNCORE_API void rnncore_free(void *memory);

/* ---- context: the thread pool, the chosen kernels and BLAS ------------------------------- */

typedef struct rnncore_context rnncore_context;

typedef struct rnncore_context_options {
    size_t struct_size;
    int32_t num_threads;      /* includes the calling thread; 0: one per usable CPU. A library built
                                 with RNNCORE_THREADS=OFF takes 0 and 1, and has one */
    int32_t max_isa;          /* the highest rnncore_isa to use; -1: the best this CPU runs */
    const char *blas_library; /* path of the OpenBLAS to load at the first training product;
                                 NULL: the one linked at build time, or none. Copied. */
} rnncore_context_options;

/* Makes a context. `options` may be NULL (all defaults). Thread-safe to use from several threads:
 * a call that finds the pool busy runs on the calling thread. Threads start when first needed. */
RNNCORE_API rnncore_status rnncore_context_create(const rnncore_context_options *options,
                                                  rnncore_context **out);

/* Joins the threads and frees everything. No other call may be using the context. NULL is fine. */
RNNCORE_API void rnncore_context_destroy(rnncore_context *context);

/* For a child after fork(): frees a context whose threads exist only in the parent. */
RNNCORE_API void rnncore_context_abandon(rnncore_context *context);

/* Threads that a call may use: as requested, or fewer if the system refused to start one. Results
 * do not depend on it. */
RNNCORE_API int32_t rnncore_context_num_threads(const rnncore_context *context);

/* Starts the threads now, for programs that must know whether it works. RNNCORE_ERROR_THREAD: the
 * system refused one; calls run on the others. */
RNNCORE_API rnncore_status rnncore_context_start_threads(rnncore_context *context);

/* What determines the default number of threads: the CPUs that this process may run on, and the
 * CPU quota of its cgroups (containers, batch systems), in CPUs; 0 without a quota. The default
 * rounds a quota up. */
RNNCORE_API int32_t rnncore_schedulable_cpus(void);
RNNCORE_API double rnncore_cpu_quota(void);

RNNCORE_API rnncore_isa rnncore_context_isa(const rnncore_context *context);
/* "baseline", "avx2", "avx512" or "neon"; NULL for any other value. */
RNNCORE_API const char *rnncore_isa_name(rnncore_isa isa);

/* ---- independent calls ---------------------------------------------------------------------- */

typedef void (*rnncore_call_fn)(void *arg);

/* Calls fn(args[i]) once for each i in [0, count) and returns when all are done: for independent
 * layers, such as the two directions of a bidirectional one. Runs them at the same time if that
 * pays: `flops` counts the work of all of them (2 per multiply-add), and with many more threads
 * than calls it is better to divide each call. Calls of fn with `context` give the same bits either
 * way. RNNCORE_ERROR_INVALID_ARGUMENT for NULL and for count < 0. */
RNNCORE_API rnncore_status rnncore_call_together(rnncore_context *context, rnncore_call_fn fn,
                                                 void *const *args, int64_t count, double flops);

/* ---- layers and their weights ------------------------------------------------------------ */

typedef struct rnncore_layer {
    size_t struct_size;
    int32_t cell;  /* rnncore_cell */
    int32_t dtype; /* rnncore_dtype of weights, inputs, outputs and states;
                      RNNCORE_ERROR_UNSUPPORTED: float64, from a library without */
    int64_t input_size;
    int64_t hidden_size;
    int32_t activation;           /* rnncore_activation of h, the candidate, the LSTM's output */
    int32_t reset_after;          /* GRU only: 1 as PyTorch and cuDNN, 0 as Cho et al. 2014 */
    int32_t training;             /* 1: also pack for the backward pass; RNNCORE_ERROR_UNSUPPORTED
                                     from a library built with RNNCORE_TRAIN=OFF */
    int32_t recurrent_activation; /* rnncore_activation of the gates of LSTM and GRU; 0 for RNN */
    int32_t recurrent_dropout;    /* 1, with training: each batch brings its recurrent_mask, and the
                                     weights serve rnncore_forward_train and backward only */
} rnncore_layer;

/* Two implementations of the gate equations, which differ only in speed. */
typedef enum rnncore_path {
    RNNCORE_PATH_FUSED = 0,  /* tanh and sigmoid, compiled into the equations */
    RNNCORE_PATH_GENERIC = 1 /* other activations, chosen at run time, or recurrent dropout */
} rnncore_path;

/* RNNCORE_ERROR_INVALID_ARGUMENT if no weights can be made for the layer. */
RNNCORE_API rnncore_status rnncore_kernel_path(const rnncore_layer *layer, rnncore_path *path);

/* Packed weights; read-only once made, so threads may share them. */
typedef struct rnncore_weights rnncore_weights;

/* Packs weights for the kernels of `context`. Everything is copied.
 *   kernel           (I, G*H), recurrent_kernel (H, G*H), row-major and contiguous;
 *   bias             (G*H), for a GRU with reset_after (2, G*H); NULL: zeros.
 * G and the order of the gates: RNN 1, LSTM 4 (i f g o), GRU 3 (z r n). */
RNNCORE_API rnncore_status rnncore_weights_create(const rnncore_context *context,
                                                  const rnncore_layer *layer, const void *kernel,
                                                  const void *recurrent_kernel, const void *bias,
                                                  rnncore_weights **out);

/* Packs new values into an existing handle of the same layer; no call may be using it. */
RNNCORE_API rnncore_status rnncore_weights_update(rnncore_weights *weights, const void *kernel,
                                                  const void *recurrent_kernel, const void *bias);

RNNCORE_API void rnncore_weights_destroy(rnncore_weights *weights);

/* ---- a batch of sequences ---------------------------------------------------------------- */

/* Pointers to elements of the layer's dtype. States are (B, H), row-major and contiguous. */
typedef struct rnncore_batch {
    size_t struct_size;
    int64_t steps; /* T, may be 0 */
    int64_t batch; /* B, may be 0 */
    const void *x; /* (B, T, I) through its strides */
    int64_t x_stride_batch, x_stride_time, x_stride_feature;
    const int64_t *lengths; /* (B) real steps of each row, or NULL */
    const uint8_t *mask;    /* (B, T) contiguous, nonzero: a real step; or NULL. Not with lengths */
    int32_t go_backwards;
    int32_t zero_masked;   /* y at a masked step: 0 repeats the one before, 1 is zero */
    const void *initial_h; /* NULL: zeros */
    const void *initial_c; /* LSTM only; NULL: zeros */
    void *y;               /* (B, T, H) through its strides; NULL if not wanted */
    int64_t y_stride_batch, y_stride_time, y_stride_feature;
    void *final_h; /* NULL if not wanted */
    void *final_c; /* LSTM only; NULL if not wanted */
    /* (G, B, H), contiguous: what the state before each step is multiplied by, apart for each gate,
     * where it meets recurrent_kernel; the same at every step. For rnncore_forward_train with a
     * layer that has recurrent_dropout, which needs it; otherwise NULL. Copied to the tape. */
    const void *recurrent_mask;
} rnncore_batch;

/* Bytes of scratch that rnncore_forward needs for this batch (reads lengths and mask). */
RNNCORE_API rnncore_status rnncore_forward_workspace_size(const rnncore_context *context,
                                                          const rnncore_weights *weights,
                                                          const rnncore_batch *batch,
                                                          size_t *bytes);

/* Runs the layer over the batch. Outputs must not overlap inputs or each other. `workspace` is
 * 64-byte aligned memory of at least the size above; its content does not matter.
 * On failure the outputs may be partly written. */
RNNCORE_API rnncore_status rnncore_forward(rnncore_context *context, const rnncore_weights *weights,
                                           const rnncore_batch *batch, void *workspace,
                                           size_t workspace_bytes);

/* ---- one call with unpacked weights ---------------------------------------------------------- */

/* Bytes of scratch that rnncore_forward_unpacked needs (reads lengths and mask). */
RNNCORE_API rnncore_status rnncore_forward_unpacked_workspace_size(const rnncore_context *context,
                                                                   const rnncore_layer *layer,
                                                                   const rnncore_batch *batch,
                                                                   size_t *bytes);

/* rnncore_weights_create (layer->training must be 0), rnncore_forward and rnncore_weights_destroy
 * in one call, with the same bits. Packs into the workspace, or not at all if the batch has only a
 * few row-steps: for single steps with changing weights. */
RNNCORE_API rnncore_status rnncore_forward_unpacked(rnncore_context *context,
                                                    const rnncore_layer *layer, const void *kernel,
                                                    const void *recurrent_kernel, const void *bias,
                                                    const rnncore_batch *batch, void *workspace,
                                                    size_t workspace_bytes);

#ifdef __cplusplus
}
#endif

#endif

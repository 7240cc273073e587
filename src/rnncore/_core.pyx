# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
"""Pointers, shapes and checks: NumPy arrays in, calls of the C interface with the GIL released."""

import operator
import os
import sys

import numpy as np

cimport numpy as cnp
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memset
from posix.unistd cimport getpid

from rnncore.c_api cimport *

cdef extern from *:
    const char *RNNCORE_BUNDLED_BLAS

cnp.import_array()

CELLS = {"simple_rnn": RNNCORE_RNN, "lstm": RNNCORE_LSTM, "gru": RNNCORE_GRU}
ACTIVATIONS = {"tanh": 1, "relu": 2, "sigmoid": 3, "linear": 4, "hard_sigmoid": 5}
ISAS = {"baseline": 0, "avx2": 1, "avx512": 2, "neon": 8}
FUNCTIONS = {"exp": 0, "sigmoid": 1, "tanh": 2}


cdef inline int check(int status) except -1:
    if status != RNNCORE_OK:
        fail(status)
    return 0


cdef int fail(int status) except -1:
    message = rnncore_status_string(status).decode()
    if status == RNNCORE_ERROR_OUT_OF_MEMORY or status == RNNCORE_ERROR_OVERFLOW:
        raise MemoryError(message)
    if status == RNNCORE_ERROR_BLAS:
        raise OSError(message)
    raise ValueError(message)


# ---- memory that the C library works in -------------------------------------------------------

cdef class Memory:
    """A block of 64-byte aligned memory."""
    cdef void *start
    cdef size_t bytes

    def __dealloc__(self):
        rnncore_free(self.start)


cdef uint64_t blocks = 0


def blocks_allocated():
    """How many blocks of memory were made so far, for tests."""
    return blocks


cdef Memory enough(Memory kept, size_t size):
    """`kept` where it is large enough, else a new block."""
    global blocks
    cdef Memory memory
    if kept is not None and kept.bytes >= size:
        return kept
    memory = Memory.__new__(Memory)
    if size <= <size_t>-1 // 2:
        memory.start = rnncore_alloc(size)
    if memory.start == NULL:
        raise MemoryError(f"could not allocate {size} bytes")
    memory.bytes = size
    blocks += 1
    return memory


# Calls that keep no workspace leave their memory for the next one: a fresh block costs a page fault
# for each page that is touched, for large layers as much as the computation. What is kept is the
# memory of the last calls, two blocks and so many bytes at most.
cdef enum:
    SPARES = 2
    SPARE_BYTES = 128 << 20

cdef list spares = []


def spare_memory():
    """Bytes of each block that is kept, for tests."""
    return [(<Memory>memory).bytes for memory in spares]


cdef Memory borrow(size_t size):
    """A spare block that fits, or a new one."""
    cdef Memory memory = None
    try:
        memory = spares.pop()
    except IndexError:
        pass
    return enough(memory, size)


cdef int leave(Memory memory) except -1:
    """Keep a block for the next call, in place of the one that is there longest."""
    cdef size_t total = memory.bytes
    for other in spares:
        total += (<Memory>other).bytes
    while spares and (len(spares) >= SPARES or total > SPARE_BYTES):
        try:
            total -= (<Memory>spares.pop(0)).bytes
        except IndexError:  # another thread took it
            break
    if total <= SPARE_BYTES:
        spares.append(memory)
    return 0


# ---- context ----------------------------------------------------------------------------------

cdef class Context:
    """A thread pool, the kernels of one ISA and BLAS.

    `max_isa` is a name in `ISAS` or None; the best ISA at or below it that this CPU runs is used.
    With `blas` False the BLAS in the package is left alone, as in a build that has none.
    """
    cdef rnncore_context *handle
    cdef int process

    def __cinit__(self, int num_threads=0, max_isa=None, bint blas=True):
        cdef rnncore_context_options options
        cdef bytes library = b""
        if blas and RNNCORE_BUNDLED_BLAS[0] != 0:
            library = os.path.join(os.path.dirname(os.path.abspath(__file__)).encode(),
                                   RNNCORE_BUNDLED_BLAS)
        memset(&options, 0, sizeof(options))
        options.struct_size = sizeof(options)
        options.num_threads = num_threads
        options.max_isa = -1
        if max_isa is not None:
            options.max_isa = ISAS[max_isa]
        if library:
            options.blas_library = library
        check(rnncore_context_create(&options, &self.handle))
        self.process = getpid()

    def __dealloc__(self):
        # Not os.getpid: at the end of the interpreter the module's names may be gone.
        if self.process == getpid():
            rnncore_context_destroy(self.handle)
        else:  # a forked child: the threads exist only in the parent
            rnncore_context_abandon(self.handle)

    @property
    def num_threads(self):
        return rnncore_context_num_threads(self.handle)

    def start_threads(self):
        """Start the threads that do not run yet; returns how many the system lets run."""
        with nogil:
            rnncore_context_start_threads(self.handle)
        return self.num_threads

    @property
    def isa(self):
        return rnncore_isa_name(rnncore_context_isa(self.handle)).decode()

    @property
    def blas(self):
        return rnncore_context_blas_description(self.handle).decode()

    @property
    def row_steps(self):
        """Row-steps of recurrence executed so far: sums of lengths."""
        return rnncore_context_row_steps(self.handle)

    @property
    def sections(self):
        """Parallel sections executed so far: how often other threads were given work."""
        return rnncore_context_sections(self.handle)

    def assume_cpus(self, int32_t cpus):
        """For tests: use as many threads as if the machine had so many CPUs."""
        rnncore_context_assume_cpus(self.handle, cpus)

    @property
    def tasks_done(self):
        """Tasks executed so far by each thread, the caller first."""
        return tuple(rnncore_context_tasks_done(self.handle, i) for i in range(self.num_threads))


cdef Context default_context = None


def set_context(Context context not None):
    """Make `context` the one that all calls use."""
    global default_context
    default_context = context


def get_context():
    return default_context


def cpus():
    """How many CPUs this process may be scheduled on, and the quota of its cgroups or None."""
    return rnncore_schedulable_cpus(), rnncore_cpu_quota() or None


include "_core_arrays.pxi"
include "_core_layers.pxi"
include "_core_forward.pxi"
include "_core_backward.pxi"
include "_core_training.pxi"
include "_core_machine.pxi"
include "_core_runtime.pxi"


# ---- for tests --------------------------------------------------------------------------------

def available_isas():
    """Names of the ISAs that this build has and this CPU runs."""
    names = []
    x = np.zeros(1, np.float32)
    for name, isa in ISAS.items():
        if rnncore_map(isa, RNNCORE_FLOAT32, 0, 1, cnp.PyArray_DATA(x),
                       cnp.PyArray_DATA(x)) == RNNCORE_OK:
            names.append(name)
    return names


def activation(str function, x, str isa):
    """exp, sigmoid or tanh of a contiguous float array, by the kernels of one ISA."""
    check_float("x", x, x.ndim, -1)
    x = np.ascontiguousarray(x)
    y = np.empty_like(x)
    check(rnncore_map(ISAS[isa], RNNCORE_FLOAT32 if x.dtype == np.float32 else RNNCORE_FLOAT64,
                      FUNCTIONS[function], x.size, cnp.PyArray_DATA(x), cnp.PyArray_DATA(y)))
    return y

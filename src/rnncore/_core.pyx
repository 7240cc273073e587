# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
"""Pointers, shapes and checks: NumPy arrays in, calls of the C interface with the GIL released."""

import os

import numpy as np

from cpython.buffer cimport (PyBUF_STRIDED, PyBUF_STRIDES, PyBuffer_Release,
                             PyObject_GetBuffer)
from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from libc.stdint cimport uintptr_t
from libc.string cimport memset

from rnncore.c_api cimport *

cdef extern from *:
    const char *RNNCORE_BUNDLED_BLAS

CELLS = {"simple_rnn": 0, "lstm": 1, "gru": 2}
ACTIVATIONS = {"tanh": 0, "relu": 1, "sigmoid": 2, "linear": 3}
ISAS = {"baseline": 0, "avx2": 1, "avx512": 2, "neon": 8}
FUNCTIONS = {"exp": 0, "sigmoid": 1, "tanh": 2}
cdef tuple DTYPES = (np.dtype(np.float32), np.dtype(np.float64))


cdef int check(int status) except -1:
    if status == RNNCORE_OK:
        return 0
    message = rnncore_status_string(status).decode()
    if status == RNNCORE_ERROR_OUT_OF_MEMORY or status == RNNCORE_ERROR_OVERFLOW:
        raise MemoryError(message)
    raise ValueError(message)


# ---- memory that the C library works in -------------------------------------------------------

cdef class Memory:
    """A block of 64-byte aligned memory."""
    cdef void *raw
    cdef void *start
    cdef size_t bytes

    def __cinit__(self, size_t size):
        if size > <size_t>-1 // 2:
            raise MemoryError(f"{size} bytes do not fit the address space")
        self.raw = PyMem_RawMalloc(size + 64)
        if self.raw == NULL:
            raise MemoryError(f"could not allocate {size} bytes")
        self.start = <void *>((<uintptr_t>self.raw + 63) & ~<uintptr_t>63)
        self.bytes = size

    def __dealloc__(self):
        PyMem_RawFree(self.raw)


# ---- context ----------------------------------------------------------------------------------

cdef class Context:
    """A thread pool, the kernels of one ISA and BLAS.

    `max_isa` is a name in `ISAS` or None; the best ISA at or below it that this CPU runs is used.
    """
    cdef rnncore_context *handle
    cdef int process

    def __cinit__(self, int num_threads=0, max_isa=None):
        cdef rnncore_context_options options
        cdef bytes library = b""
        if RNNCORE_BUNDLED_BLAS[0] != 0:
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
        self.process = os.getpid()

    def __dealloc__(self):
        if self.process == os.getpid():
            rnncore_context_destroy(self.handle)
        else:  # a forked child: the threads exist only in the parent
            rnncore_context_abandon(self.handle)

    @property
    def num_threads(self):
        return rnncore_context_num_threads(self.handle)

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


# ---- arrays -----------------------------------------------------------------------------------

cdef str describe(object array):
    if isinstance(array, np.ndarray):
        return f"{array.dtype.str if array.dtype.byteorder == '>' else array.dtype} " \
               f"array of shape {array.shape}"
    return type(array).__name__


cdef object float_array(str name, object array, int ndim, object dtype):
    """The array itself once its type is right; `dtype` None admits both kinds of float."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name}: expected a NumPy array of float32 or float64, "
                        f"got {describe(array)}")
    if dtype is None:
        if array.dtype is not DTYPES[0] and array.dtype is not DTYPES[1] \
                and array.dtype not in DTYPES:
            raise TypeError(f"{name}: expected dtype float32 or float64 in native byte order, "
                            f"got {array.dtype.str if array.dtype.kind == 'f' else array.dtype}")
    elif array.dtype is not dtype and array.dtype != dtype:
        raise TypeError(f"{name}: expected dtype {dtype} like x, "
                        f"got {array.dtype.str if array.dtype.kind == 'f' else array.dtype}")
    if array.ndim != ndim:
        raise ValueError(f"{name}: expected {ndim} dimensions, got shape {array.shape}")
    return array


cdef object dense_array(str name, object array, tuple shape, object dtype):
    """A contiguous array of exactly this shape (a copy where it was strided)."""
    float_array(name, array, len(shape), dtype)
    if array.shape != shape:
        raise ValueError(f"{name}: expected shape {shape}, got {array.shape}")
    return np.ascontiguousarray(array)


cdef void *pointer(object array) except? NULL:
    """The data of a contiguous array that its owner keeps alive."""
    cdef Py_buffer buffer
    cdef void *data
    PyObject_GetBuffer(array, &buffer, PyBUF_STRIDES)
    data = buffer.buf
    PyBuffer_Release(&buffer)
    return data


cdef class View:
    """A (batch, time, features) array with element strides, whatever its axes' order."""
    cdef object array
    cdef void *data
    cdef int64_t batch, time, feature

    def __cinit__(self, str name, array, bint time_major, bint writable=False):
        cdef Py_buffer buffer
        cdef Py_ssize_t first, second, third, item
        if writable and not array.flags.writeable:
            raise ValueError(f"{name}: expected a writable array, got a read-only one")
        item = array.itemsize
        if not array.flags.aligned or any(stride % item for stride in array.strides):
            if writable:
                raise ValueError(f"{name}: expected aligned elements, got strides {array.strides}")
            array = np.ascontiguousarray(array).copy()
        PyObject_GetBuffer(array, &buffer, PyBUF_STRIDED if writable else PyBUF_STRIDES)
        first = buffer.strides[0] // item
        second = buffer.strides[1] // item
        third = buffer.strides[2] // item
        self.data = buffer.buf
        PyBuffer_Release(&buffer)
        self.array = array
        self.batch = second if time_major else first
        self.time = first if time_major else second
        self.feature = third


# ---- weights ----------------------------------------------------------------------------------

cdef class Weights:
    """The packed weights of one layer for the kernels of one context."""
    cdef rnncore_weights *handle
    cdef rnncore_layer layer
    cdef Context context
    cdef readonly object dtype
    cdef readonly int cell
    cdef readonly bint has_bias
    cdef readonly tuple bias_shape

    def __cinit__(self, str cell, Py_ssize_t features, kernel, recurrent_kernel, bias, dtype, *,
                  str activation="tanh", bint reset_after=True, bint training=False):
        cdef Py_ssize_t gates = 1 if cell == "simple_rnn" else 4 if cell == "lstm" else 3
        cdef Py_ssize_t units
        float_array("recurrent_kernel", recurrent_kernel, 2, dtype)
        units = recurrent_kernel.shape[0]
        if units == 0:
            raise ValueError("recurrent_kernel: expected at least one unit, got shape "
                             f"{recurrent_kernel.shape}")
        recurrent_kernel = dense_array("recurrent_kernel", recurrent_kernel, (units, gates * units),
                                       dtype)
        kernel = dense_array("kernel", kernel, (features, gates * units), dtype)
        self.bias_shape = (gates * units,)
        if cell == "gru" and reset_after:
            self.bias_shape = (2, gates * units)
        if bias is not None:
            bias = dense_array("bias", bias, self.bias_shape, dtype)
        self.context = default_context
        self.dtype = dtype
        self.has_bias = bias is not None
        memset(&self.layer, 0, sizeof(self.layer))
        self.cell = CELLS[cell]
        self.layer.struct_size = sizeof(self.layer)
        self.layer.cell = self.cell
        self.layer.dtype = RNNCORE_FLOAT32 if dtype == DTYPES[0] else RNNCORE_FLOAT64
        self.layer.input_size = features
        self.layer.hidden_size = units
        self.layer.activation = ACTIVATIONS[activation]
        self.layer.reset_after = reset_after
        self.layer.training = training
        check(rnncore_weights_create(self.context.handle, &self.layer, pointer(kernel),
                                     pointer(recurrent_kernel),
                                     NULL if bias is None else pointer(bias), &self.handle))

    def __dealloc__(self):
        rnncore_weights_destroy(self.handle)


# ---- forward ----------------------------------------------------------------------------------

cdef class Tape:
    """What a backward pass needs of one forward pass. Used once."""
    cdef Weights weights
    cdef Memory memory
    cdef size_t workspace_bytes
    cdef readonly bint used
    cdef readonly Py_ssize_t batch, steps
    cdef readonly bint time_major

    @property
    def cell(self):
        return self.weights.cell

    @property
    def nbytes(self):
        return self.memory.bytes


cdef object check_lengths(object lengths, Py_ssize_t batch, Py_ssize_t steps):
    lengths = np.asarray(lengths)
    if lengths.dtype.kind not in "iu":
        raise TypeError(f"lengths: expected integers, got dtype {lengths.dtype}")
    if lengths.shape != (batch,):
        raise ValueError(f"lengths: expected shape ({batch},), got {lengths.shape}")
    if lengths.size and (lengths.min() < 0 or lengths.max() > steps):
        wrong = int(np.argmax((lengths < 0) | (lengths > steps)))
        raise ValueError(f"lengths: expected values in 0..{steps}, "
                         f"got {lengths[wrong]} at index {wrong}")
    return np.ascontiguousarray(lengths, dtype=np.int64)


cdef object check_mask(object mask, Py_ssize_t batch, Py_ssize_t steps):
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_:
        raise TypeError(f"mask: expected a NumPy array of bool, got {describe(mask)}")
    if mask.shape != (batch, steps):
        raise ValueError(f"mask: expected shape ({batch}, {steps}) (batch, time), got {mask.shape}")
    return np.ascontiguousarray(mask)


cdef object check_states(str name, object states, int count, tuple shape, object dtype):
    """A tuple of `count` contiguous arrays or None."""
    if isinstance(states, np.ndarray) and count == 1:
        states = (states,)
    if not isinstance(states, (tuple, list)):
        raise TypeError(f"{name}: expected a tuple of {count} array(s), got {describe(states)}")
    if len(states) != count:
        raise ValueError(f"{name}: expected {count} array(s), got {len(states)}")
    return tuple(None if state is None else dense_array(f"{name}[{i}]", state, shape, dtype)
                 for i, state in enumerate(states))


cdef object check_out(object out, tuple shape, object dtype, tuple inputs):
    float_array("out", out, 3, dtype)
    if out.shape != shape:
        raise ValueError(f"out: expected shape {shape}, got {out.shape}")
    if not out.flags.writeable:
        raise ValueError("out: expected a writable array, got a read-only one")
    if any(stride == 0 and size > 1 for stride, size in zip(out.strides, out.shape)):
        raise ValueError("out: expected elements that do not overlap, "
                         f"got strides {out.strides}")
    for array in inputs:
        if array is not None and np.may_share_memory(out, array):
            raise ValueError("out: expected memory apart from the inputs, got an overlapping array")
    return out


def forward(str cell, x, kernel, recurrent_kernel, bias, initial_state, lengths, mask,
            bint go_backwards, bint time_major, out, *, str activation="tanh",
            bint reset_after=True, bint training=False):
    """Run a layer; returns (y, state, tape), the tape being None unless `training`."""
    cdef rnncore_batch batch
    cdef Weights weights
    cdef Memory workspace
    cdef View x_view, y_view
    cdef Tape tape = None
    cdef size_t size = 0, backward_size = 0
    cdef int status
    cdef int count = 2 if cell == "lstm" else 1
    cdef Context context = default_context
    cdef Py_ssize_t rows, steps, units
    float_array("x", x, 3, None)
    dtype = x.dtype
    steps, rows = (x.shape[0], x.shape[1]) if time_major else (x.shape[1], x.shape[0])
    if rows == 0 or x.shape[2] == 0:
        raise ValueError(f"x: expected at least one row and one feature, got shape {x.shape}")
    if lengths is not None and mask is not None:
        raise ValueError("lengths, mask: expected at most one of them, got both")
    weights = Weights(cell, x.shape[2], kernel, recurrent_kernel, bias, dtype,
                      activation=activation, reset_after=reset_after, training=training)
    units = weights.layer.hidden_size
    memset(&batch, 0, sizeof(batch))
    batch.struct_size = sizeof(batch)
    batch.steps = steps
    batch.batch = rows
    batch.go_backwards = go_backwards
    if lengths is not None:
        lengths = check_lengths(lengths, rows, steps)
        batch.lengths = <const int64_t *>pointer(lengths)
    if mask is not None:
        mask = check_mask(mask, rows, steps)
        batch.mask = <const uint8_t *>pointer(mask)
    if initial_state is not None:
        initial_state = check_states("initial_state", initial_state, count, (rows, units), dtype)
        if initial_state[0] is not None:
            batch.initial_h = pointer(initial_state[0])
        if count == 2 and initial_state[1] is not None:
            batch.initial_c = pointer(initial_state[1])
    x_view = View("x", x, time_major)
    batch.x = x_view.data
    batch.x_stride_batch = x_view.batch
    batch.x_stride_time = x_view.time
    batch.x_stride_feature = x_view.feature
    shape = (steps, rows, units) if time_major else (rows, steps, units)
    if out is None:
        y = np.empty(shape, dtype)
    else:
        y = check_out(out, shape, dtype,
                      (x, kernel, recurrent_kernel, bias) + (initial_state or ()))
    y_view = View("out", y, time_major, True)
    batch.y = y_view.data
    batch.y_stride_batch = y_view.batch
    batch.y_stride_time = y_view.time
    batch.y_stride_feature = y_view.feature
    state = tuple(np.empty((rows, units), dtype) for _ in range(count))
    batch.final_h = pointer(state[0])
    if count == 2:
        batch.final_c = pointer(state[1])
    if training:
        check(rnncore_tape_size(context.handle, weights.handle, &batch, &size, &backward_size))
        tape = Tape.__new__(Tape)
        tape.weights = weights
        tape.memory = Memory(size)
        tape.workspace_bytes = backward_size
        tape.batch = rows
        tape.steps = steps
        tape.time_major = time_major
        with nogil:
            status = rnncore_forward_train(context.handle, weights.handle, &batch,
                                           tape.memory.start, size)
    else:
        check(rnncore_forward_workspace_size(context.handle, weights.handle, &batch, &size))
        workspace = Memory(size)
        with nogil:
            status = rnncore_forward(context.handle, weights.handle, &batch, workspace.start, size)
    check(status)
    return y, state, tape


# ---- backward ---------------------------------------------------------------------------------

def backward(str cell, Tape tape not None, dy, dstate, bint need_dx=True):
    """Gradients (dx, dkernel, drecurrent_kernel, dbias, dinitial_state) of one forward pass."""
    cdef rnncore_gradients gradients
    cdef Weights weights = tape.weights
    cdef Memory workspace
    cdef View dy_view, dx_view
    cdef Context context = weights.context
    cdef Py_ssize_t features = weights.layer.input_size
    cdef Py_ssize_t units = weights.layer.hidden_size
    cdef int count = 2 if cell == "lstm" else 1
    cdef int status
    cdef size_t size
    if tape.weights.cell != CELLS[cell]:
        raise ValueError(f"tape: expected the tape of a {cell} forward pass, got another cell's")
    if tape.used:
        raise ValueError("tape: expected one that no backward pass has used, got a used one")
    dtype = weights.dtype
    memset(&gradients, 0, sizeof(gradients))
    gradients.struct_size = sizeof(gradients)
    if dy is not None:
        float_array("dy", dy, 3, dtype)
        shape = (tape.batch, tape.steps, units)
        if tape.time_major:
            shape = (tape.steps, tape.batch, units)
        if dy.shape != shape:
            raise ValueError(f"dy: expected shape {shape}, got {dy.shape}")
        dy_view = View("dy", dy, tape.time_major)
        gradients.dy = dy_view.data
        gradients.dy_stride_batch = dy_view.batch
        gradients.dy_stride_time = dy_view.time
        gradients.dy_stride_feature = dy_view.feature
    if dstate is not None:
        dstate = check_states("dstate", dstate, count, (tape.batch, units), dtype)
        if dstate[0] is not None:
            gradients.dfinal_h = pointer(dstate[0])
        if count == 2 and dstate[1] is not None:
            gradients.dfinal_c = pointer(dstate[1])
    columns = weights.layer.hidden_size * (4 if cell == "lstm" else 3 if cell == "gru" else 1)
    dx = None
    if need_dx:
        dx = np.empty((tape.steps, tape.batch, features) if tape.time_major
                      else (tape.batch, tape.steps, features), dtype)
        dx_view = View("dx", dx, tape.time_major, True)
        gradients.dx = dx_view.data
        gradients.dx_stride_batch = dx_view.batch
        gradients.dx_stride_time = dx_view.time
        gradients.dx_stride_feature = dx_view.feature
    dkernel = np.empty((features, columns), dtype)
    gradients.dkernel = pointer(dkernel)
    drecurrent_kernel = np.empty((units, columns), dtype)
    gradients.drecurrent_kernel = pointer(drecurrent_kernel)
    dbias = None
    if weights.has_bias:
        dbias = np.empty(weights.bias_shape, dtype)
        gradients.dbias = pointer(dbias)
    dinitial_state = tuple(np.empty((tape.batch, units), dtype) for _ in range(count))
    gradients.dinitial_h = pointer(dinitial_state[0])
    if count == 2:
        gradients.dinitial_c = pointer(dinitial_state[1])
    size = tape.workspace_bytes
    workspace = Memory(size)
    tape.used = True
    with nogil:
        status = rnncore_backward(context.handle, weights.handle, tape.memory.start,
                                  tape.memory.bytes, &gradients, workspace.start, size)
    check(status)
    tape.memory = None
    return dx, dkernel, drecurrent_kernel, dbias, dinitial_state


# ---- for tests --------------------------------------------------------------------------------

def available_isas():
    """Names of the ISAs that this build has and this CPU runs."""
    names = []
    x = np.zeros(1, np.float32)
    for name, isa in ISAS.items():
        if rnncore_map(isa, RNNCORE_FLOAT32, 0, 1, pointer(x), pointer(x)) == RNNCORE_OK:
            names.append(name)
    return names


def activation(str function, x, str isa):
    """exp, sigmoid or tanh of a contiguous float array, by the kernels of one ISA."""
    float_array("x", x, x.ndim, None)
    x = np.ascontiguousarray(x)
    y = np.empty_like(x)
    check(rnncore_map(ISAS[isa], RNNCORE_FLOAT32 if x.dtype == DTYPES[0] else RNNCORE_FLOAT64,
                      FUNCTIONS[function], x.size, pointer(x), pointer(y)))
    return y

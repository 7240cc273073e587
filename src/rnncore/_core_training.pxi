# The rest of a training step: optimizers, embedding, Dense, losses, dropout. Arrays are contiguous
# (a few are copied) and of one dtype; callers have checked what users gave, so errors are short.

OPTIMIZERS = {"sgd": 0, "rmsprop": 1, "adam": 2}
DENSE_ACTIVATIONS = {**ACTIVATIONS, "softmax": 6}
LOSSES = {"squared": 0, "absolute": 1, "huber": 2, "sigmoid": 3, "softmax": 4}


cdef class Scratch:
    """Memory that a layer keeps for its calls. For one thread at a time."""
    cdef Memory memory


cdef void *floats(str name, object array, cnp.npy_intp size, int type_number) except NULL:
    """The data of a contiguous float array of `size` elements."""
    if not is_float(array, type_number) or cnp.PyArray_SIZE(array) != size \
            or not cnp.PyArray_ISCARRAY_RO(array):
        raise ValueError(f"{name}: expected {size} contiguous floats, got {describe(array)}")
    return cnp.PyArray_DATA(array)


cdef void *writable_floats(str name, object array, cnp.npy_intp size,
                           int type_number) except NULL:
    if not cnp.PyArray_Check(array) or not cnp.PyArray_ISWRITEABLE(array):
        raise ValueError(f"{name}: expected a writable array, got {describe(array)}")
    return floats(name, array, size, type_number)


cdef int64_t *integers(str name, object array) except NULL:
    if not cnp.PyArray_Check(array) or cnp.PyArray_TYPE(array) != cnp.NPY_INT64 \
            or not cnp.PyArray_ISCARRAY_RO(array):
        raise ValueError(f"{name}: expected contiguous int64, got {describe(array)}")
    return <int64_t *>cnp.PyArray_DATA(array)


cdef inline int float_type(str name, object array) except -1:
    if not is_float(array, -1):
        raise TypeError(f"{name}: expected float32 or float64, got {describe(array)}")
    return cnp.PyArray_TYPE(array)


cdef inline int32_t dtype_of(int type_number) noexcept:
    return RNNCORE_FLOAT32 if type_number == cnp.NPY_FLOAT else RNNCORE_FLOAT64


# ---- optimizers -------------------------------------------------------------------------------

def optimizer_step(str optimizer, params, grads, tuple slots, list pieces, double learning_rate,
                   double momentum=0.0, bint nesterov=False, double beta_1=0.0, double beta_2=0.0,
                   double epsilon=0.0, double clip=float("inf")):
    """One step, in place, over pieces (start, stop, scale, decay) of flat arrays."""
    cdef rnncore_update update
    cdef Context context = default_context
    cdef int type_number = float_type("params", params)
    cdef cnp.npy_intp n = cnp.PyArray_SIZE(params)
    cdef cnp.npy_intp item = cnp.PyArray_ITEMSIZE(params)
    cdef int64_t start, stop
    cdef int status = RNNCORE_OK
    cdef char *param = <char *>writable_floats("params", params, n, type_number)
    cdef const char *grad = <const char *>floats("grads", grads, n, type_number)
    cdef char *slot[3]
    memset(&update, 0, sizeof(update))
    update.struct_size = sizeof(update)
    update.optimizer = OPTIMIZERS[optimizer]
    update.dtype = dtype_of(type_number)
    update.learning_rate = learning_rate
    update.momentum = momentum
    update.nesterov = nesterov
    update.beta_1 = beta_1
    update.beta_2 = beta_2
    update.epsilon = epsilon
    update.clip = clip
    for i in range(3):
        slot[i] = NULL
        if i < len(slots) and slots[i] is not None:
            slot[i] = <char *>writable_floats("slots", slots[i], n, type_number)
    for piece in pieces:
        start, stop, update.scale, update.decay = piece
        if not 0 <= start <= stop <= n:
            raise ValueError(f"pieces: expected them within {n} elements, got {start} to {stop}")
        update.n = stop - start
        update.param = param + start * item
        update.grad = grad + start * item
        for i in range(3):
            update.slots[i] = NULL if slot[i] == NULL else slot[i] + start * item
        with nogil:
            status = rnncore_optimizer_step(context.handle, &update)
        check(status)


def norm(x):
    """Euclidean norm of a contiguous array, also where the squares overflow."""
    cdef Context context = default_context
    cdef int type_number = float_type("x", x)
    cdef int64_t n = cnp.PyArray_SIZE(x)
    cdef const void *data = floats("x", x, n, type_number)
    cdef int32_t dtype = dtype_of(type_number)
    cdef double result = 0
    cdef int status
    with nogil:
        status = rnncore_norm(context.handle, dtype, n, data, &result)
    check(status)
    return result


# ---- embedding --------------------------------------------------------------------------------

cdef const int64_t *row_numbers(str name, object array, int64_t rows) except NULL:
    """The data of token ids, each the number of one of so many rows."""
    cdef const int64_t *data = integers(name, array)
    cdef int64_t n = cnp.PyArray_SIZE(array), i, wrong = -1
    with nogil:
        for i in range(n):
            if data[i] < 0 or data[i] >= rows:
                wrong = i
                break
    if wrong >= 0:
        raise ValueError(f"{name}: expected token ids in 0..{rows - 1}, got {data[wrong]}")
    return data


def gather_rows(table, ids, out):
    """out[i] = table[ids[i]]; ValueError where an id is none of a row of the table.

    Here and in `scatter_add_rows` nobody else may write to the numbers meanwhile.
    """
    cdef Context context = default_context
    cdef int type_number = float_type("table", table)
    cdef int64_t columns = cnp.PyArray_DIM(table, 1)
    cdef int64_t n = cnp.PyArray_SIZE(ids)
    cdef const void *source = floats("table", table, cnp.PyArray_SIZE(table), type_number)
    cdef void *target = writable_floats("out", out, n * columns, type_number)
    cdef const int64_t *rows = row_numbers("ids", ids, cnp.PyArray_DIM(table, 0))
    cdef int32_t dtype = dtype_of(type_number)
    cdef int status
    with nogil:
        status = rnncore_gather_rows(context.handle, dtype, columns, source, n, rows, target)
    check(status)


def scatter_add_rows(table, cleared, ids, rows):
    """Zero the rows `cleared` of the table, then table[ids[i]] += rows[i]."""
    cdef rnncore_scatter_add scatter
    cdef Context context = default_context
    cdef int type_number = float_type("table", table)
    cdef int64_t count = cnp.PyArray_DIM(table, 0)
    cdef int status
    memset(&scatter, 0, sizeof(scatter))
    scatter.struct_size = sizeof(scatter)
    scatter.dtype = dtype_of(type_number)
    scatter.columns = cnp.PyArray_DIM(table, 1)
    scatter.table = writable_floats("table", table, cnp.PyArray_SIZE(table), type_number)
    scatter.cleared_count = cnp.PyArray_SIZE(cleared)
    scatter.cleared = row_numbers("cleared", cleared, count)
    scatter.n = cnp.PyArray_SIZE(ids)
    scatter.ids = row_numbers("ids", ids, count)
    scatter.rows = floats("rows", rows, scatter.n * scatter.columns, type_number)
    with nogil:
        status = rnncore_scatter_add_rows(context.handle, &scatter)
    check(status)


# ---- Dense ------------------------------------------------------------------------------------

cdef Memory fill_dense(rnncore_dense *dense, object x, object kernel, object bias, object y,
                       str activation, Scratch scratch):
    """Describe the layer and return memory for the call.

    A kernel has the outputs on its last axis; those before are one, its inputs.
    """
    cdef int type_number = float_type("kernel", kernel)
    cdef size_t size = 0
    cdef Memory memory
    memset(dense, 0, sizeof(dense[0]))
    dense.struct_size = sizeof(dense[0])
    dense.dtype = dtype_of(type_number)
    dense.activation = DENSE_ACTIVATIONS[activation]
    dense.outputs = cnp.PyArray_DIM(kernel, cnp.PyArray_NDIM(kernel) - 1)
    dense.inputs = cnp.PyArray_SIZE(kernel) // dense.outputs
    dense.rows = cnp.PyArray_SIZE(x) // dense.inputs
    dense.x = floats("x", x, dense.rows * dense.inputs, type_number)
    dense.kernel = floats("kernel", kernel, dense.inputs * dense.outputs, type_number)
    if bias is not None:
        dense.bias = floats("bias", bias, dense.outputs, type_number)
    if y is not None:
        dense.y = writable_floats("y", y, dense.rows * dense.outputs, type_number)
    check(rnncore_dense_workspace_size(default_context.handle, dense, &size))
    memory = enough(None if scratch is None else scratch.memory, size)
    if scratch is not None:
        scratch.memory = memory
    return memory


def dense_forward(x, kernel, bias, y, str activation, Scratch scratch=None):
    """y = f(x W + b) over the last axis of x."""
    cdef rnncore_dense dense
    cdef Context context = default_context
    cdef Memory memory = fill_dense(&dense, x, kernel, bias, y, activation, scratch)
    cdef int status
    with nogil:
        status = rnncore_dense_forward(context.handle, &dense, memory.start, memory.bytes)
    check(status)


def dense_backward(x, kernel, y, dy, dx, dkernel, dbias, str activation, Scratch scratch=None):
    """Write dx, dkernel and dbias, each unless it is None."""
    cdef rnncore_dense dense
    cdef Context context = default_context
    cdef Memory memory = fill_dense(&dense, x, kernel, None, y, activation, scratch)
    cdef int type_number = cnp.PyArray_TYPE(kernel)
    cdef int status
    dy = contiguous(dy)
    dense.dy = floats("dy", dy, dense.rows * dense.outputs, type_number)
    if dx is not None:
        dense.dx = writable_floats("dx", dx, dense.rows * dense.inputs, type_number)
    if dkernel is not None:
        dense.dkernel = writable_floats("dkernel", dkernel, dense.inputs * dense.outputs,
                                        type_number)
    if dbias is not None:
        dense.dbias = writable_floats("dbias", dbias, dense.outputs, type_number)
    with nogil:
        status = rnncore_dense_backward(context.handle, &dense, memory.start, memory.bytes)
    check(status)


def activate(str activation, x, y):
    """y = f(x), softmax over the last axis."""
    cdef Context context = default_context
    cdef int type_number = float_type("x", x)
    cdef int32_t dtype = dtype_of(type_number), kind = DENSE_ACTIVATIONS[activation]
    cdef int64_t size = cnp.PyArray_SIZE(x)
    cdef int64_t columns = cnp.PyArray_DIM(x, cnp.PyArray_NDIM(x) - 1)
    cdef object held = contiguous(x)
    cdef const void *source = floats("x", held, size, type_number)
    cdef void *target = writable_floats("y", y, size, type_number)
    cdef int status
    with nogil:
        status = rnncore_activate(context.handle, dtype, kind, size // columns, columns, source,
                                  target)
    check(status)


# ---- losses and dropout -----------------------------------------------------------------------

def loss(str kind, y, targets, weights, dy, double scale, double smoothing=0.0, double delta=0.0):
    """Return scale * sum(weight * loss) over the rows of y, and write the gradient into dy.

    Integer targets are labels of the softmax cross-entropy. One weight serves as many rows that
    follow each other as there are rows to a weight.
    """
    cdef rnncore_loss job
    cdef Context context = default_context
    cdef int type_number = float_type("y", y)
    cdef double value = 0
    cdef int status
    cdef cnp.npy_intp count
    memset(&job, 0, sizeof(job))
    job.struct_size = sizeof(job)
    job.kind = LOSSES[kind]
    job.dtype = dtype_of(type_number)
    job.columns = cnp.PyArray_DIM(y, cnp.PyArray_NDIM(y) - 1)
    job.rows = cnp.PyArray_SIZE(y) // job.columns
    y = contiguous(y)
    job.y = floats("y", y, job.rows * job.columns, type_number)
    if is_float(targets, type_number):
        job.targets = floats("targets", targets, job.rows * job.columns, type_number)
    else:
        job.labels = integers("targets", targets)
        if cnp.PyArray_SIZE(targets) != job.rows:
            raise ValueError(f"targets: expected {job.rows} labels, got {describe(targets)}")
    if weights is not None:
        count = cnp.PyArray_SIZE(weights)
        job.weights = floats("weights", weights, count, type_number)
        if count == 0 or job.rows % count != 0:
            raise ValueError(f"weights: expected as many as rows, {job.rows}, or one for several, "
                             f"got {count}")
        job.rows_per_weight = job.rows // count
    job.smoothing = smoothing
    job.delta = delta
    job.scale = scale
    if dy is not None:
        job.dy = writable_floats("dy", dy, job.rows * job.columns, type_number)
    with nogil:
        status = rnncore_loss_value(context.handle, &job, &value)
    check(status)
    return value


def dropout(x, y, double rate, uint64_t key, uint32_t call):
    """y = x / (1 - rate) where an element is kept, else 0; (key, call) decide which."""
    cdef rnncore_dropout job
    cdef Context context = default_context
    cdef int type_number = float_type("x", x)
    cdef int status
    memset(&job, 0, sizeof(job))
    job.struct_size = sizeof(job)
    job.dtype = dtype_of(type_number)
    job.n = cnp.PyArray_SIZE(x)
    x = contiguous(x)
    job.x = floats("x", x, job.n, type_number)
    job.y = writable_floats("y", y, job.n, type_number)
    job.rate = rate
    job.key = key
    job.call = call
    with nogil:
        status = rnncore_dropout_apply(context.handle, &job)
    check(status)

# A recurrent layer: packed weights, forward, tape, backward.


cdef class Weights:
    """The packed weights of one layer for the kernels of one context."""
    cdef rnncore_weights *handle
    cdef rnncore_layer layer
    cdef Context context
    cdef readonly bint has_bias

    def __dealloc__(self):
        rnncore_weights_destroy(self.handle)


cdef class Workspace:
    """What a layer keeps between calls, so that the next call of the same shape allocates nothing:
    packed weights, and the memory of tape and scratch. For one thread at a time."""
    cdef Weights weights
    cdef Memory forward_memory, tape_memory, backward_memory


cdef class Tape:
    """What a backward pass needs of one forward pass. Used once."""
    cdef Weights weights
    cdef Memory memory
    cdef Workspace workspace
    cdef size_t scratch_bytes
    cdef readonly bint used
    cdef readonly Py_ssize_t batch, steps
    cdef readonly bint time_major

    @property
    def cell(self):
        return -1 if self.weights is None else self.weights.layer.cell

    @property
    def nbytes(self):
        """Bytes of the tape; 0 once it was used."""
        return 0 if self.memory is None else self.memory.bytes

    @property
    def scratch_nbytes(self):
        """Bytes of scratch that the backward pass takes besides."""
        return self.scratch_bytes


cdef bint same_layer(const rnncore_layer *a, const rnncore_layer *b):
    return memcmp(a, b, sizeof(rnncore_layer)) == 0


cdef Weights pack(Context context, const rnncore_layer *layer, object kernel,
                  object recurrent_kernel, object bias, Workspace workspace):
    """Weights with these values: the workspace's own where they fit, else new ones."""
    cdef Weights weights
    cdef const void *bias_data = data_or_null(bias)
    if workspace is not None:
        weights = workspace.weights
        if weights is not None and weights.context is context \
                and same_layer(&weights.layer, layer):
            check(rnncore_weights_update(weights.handle, cnp.PyArray_DATA(kernel),
                                         cnp.PyArray_DATA(recurrent_kernel), bias_data))
            weights.has_bias = bias is not None
            return weights
    weights = Weights.__new__(Weights)
    weights.context = context
    weights.layer = layer[0]
    weights.has_bias = bias is not None
    check(rnncore_weights_create(context.handle, layer, cnp.PyArray_DATA(kernel),
                                 cnp.PyArray_DATA(recurrent_kernel), bias_data, &weights.handle))
    if workspace is not None:
        workspace.weights = weights
    return weights


def forward(str cell, x, kernel, recurrent_kernel, bias, initial_state, lengths, mask,
            bint go_backwards, bint time_major, out, str activation="tanh",
            bint reset_after=True, bint training=False, Workspace workspace=None,
            bint need_y=True):
    """Run a layer; returns (y, state, tape).

    The tape is None unless `training`, y is None unless `need_y`.
    """
    try:
        return run_forward(cell, x, kernel, recurrent_kernel, bias, initial_state, lengths, mask,
                           go_backwards, time_major, out, activation, reset_after, training,
                           workspace, need_y)
    except MemoryError as error:
        raise MemoryError("x, recurrent_kernel: expected shapes whose results fit into memory, "
                          f"got {x.shape} and {recurrent_kernel.shape} ({error})") from error


cdef tuple run_forward(str cell, x, kernel, recurrent_kernel, bias, initial_state, lengths, mask,
                       bint go_backwards, bint time_major, out, str activation, bint reset_after,
                       bint training, Workspace workspace, bint need_y):
    cdef rnncore_layer layer
    cdef rnncore_batch batch
    cdef Weights weights
    cdef Tape tape = None
    cdef Memory memory
    cdef View x_view, y_view
    cdef size_t size = 0, scratch = 0
    cdef int status, type_number
    cdef cnp.npy_intp rows, steps, features, units, gates
    cdef Context context = default_context
    cdef bint is_lstm = cell == "lstm"
    cdef bint is_gru = cell == "gru"
    cdef const void *kernel_data
    cdef const void *recurrent_data
    cdef const void *bias_data
    check_float("x", x, 3, -1)
    type_number = cnp.PyArray_TYPE(x)
    steps = cnp.PyArray_DIM(x, 0 if time_major else 1)
    rows = cnp.PyArray_DIM(x, 1 if time_major else 0)
    features = cnp.PyArray_DIM(x, 2)
    if rows == 0 or features == 0:
        raise ValueError(f"x: expected at least one row and one feature, got shape {x.shape}")
    gates = 4 if is_lstm else 3 if is_gru else 1
    check_float("recurrent_kernel", recurrent_kernel, 2, type_number)
    units = cnp.PyArray_DIM(recurrent_kernel, 0)
    if units == 0:
        raise ValueError("recurrent_kernel: expected at least one unit, got shape "
                         f"{recurrent_kernel.shape}")
    recurrent_kernel = matrix("recurrent_kernel", recurrent_kernel, units, gates * units,
                              type_number)
    kernel = matrix("kernel", kernel, features, gates * units, type_number)
    if bias is not None:
        if is_gru and reset_after:
            bias = matrix("bias", bias, 2, gates * units, type_number)
        else:
            check_float("bias", bias, 1, type_number)
            if cnp.PyArray_DIM(bias, 0) != gates * units:
                raise ValueError(f"bias: expected shape ({gates * units},), got {bias.shape}")
            bias = contiguous(bias)
    memset(&layer, 0, sizeof(layer))
    layer.struct_size = sizeof(layer)
    layer.cell = RNNCORE_LSTM if is_lstm else RNNCORE_GRU if is_gru else RNNCORE_RNN
    layer.dtype = RNNCORE_FLOAT32 if type_number == cnp.NPY_FLOAT else RNNCORE_FLOAT64
    layer.input_size = features
    layer.hidden_size = units
    layer.activation = 0 if is_lstm or is_gru else ACTIVATIONS[activation]
    layer.reset_after = is_gru and reset_after
    layer.training = training

    memset(&batch, 0, sizeof(batch))
    batch.struct_size = sizeof(batch)
    batch.steps = steps
    batch.batch = rows
    batch.go_backwards = go_backwards
    if lengths is not None:
        if mask is not None:
            raise ValueError("lengths, mask: expected at most one of them, got both")
        lengths = check_lengths(lengths, rows, steps)
        batch.lengths = <const int64_t *>cnp.PyArray_DATA(lengths)
    if mask is not None:
        mask = check_mask(mask, rows, steps)
        batch.mask = <const uint8_t *>cnp.PyArray_DATA(mask)
    if initial_state is not None:
        initial_state = check_states("initial_state", initial_state, 2 if is_lstm else 1, rows,
                                     units, type_number)
        batch.initial_h = data_or_null(initial_state[0])
        if is_lstm:
            batch.initial_c = data_or_null(initial_state[1])
    x = view("x", x, time_major, &x_view, False)
    batch.x = x_view.data
    batch.x_stride_batch = x_view.batch
    batch.x_stride_time = x_view.time
    batch.x_stride_feature = x_view.feature

    y = None
    if need_y or out is not None:
        if out is None:
            y = empty(3, steps if time_major else rows, rows if time_major else steps, units,
                      type_number)
        else:
            y = check_out("out", out, steps if time_major else rows,
                          rows if time_major else steps, units, type_number,
                          (x, kernel, recurrent_kernel, bias) + (initial_state or ()))
        view("out", y, time_major, &y_view, True)
        batch.y = y_view.data
        batch.y_stride_batch = y_view.batch
        batch.y_stride_time = y_view.time
        batch.y_stride_feature = y_view.feature
    h = empty(2, rows, units, 0, type_number)
    batch.final_h = cnp.PyArray_DATA(h)
    if is_lstm:
        c = empty(2, rows, units, 0, type_number)
        batch.final_c = cnp.PyArray_DATA(c)
        state = (h, c)
    else:
        state = (h,)

    if not training and workspace is None:
        # Weights that nobody keeps: packed into the scratch, or for a few rows not at all.
        check(rnncore_forward_once_workspace_size(context.handle, &layer, &batch, &size))
        memory = enough(None, size)
        kernel_data = cnp.PyArray_DATA(kernel)
        recurrent_data = cnp.PyArray_DATA(recurrent_kernel)
        bias_data = data_or_null(bias)
        with nogil:
            status = rnncore_forward_once(context.handle, &layer, kernel_data, recurrent_data,
                                          bias_data, &batch, memory.start, memory.bytes)
        check(status)
        return y, state, None
    weights = pack(context, &layer, kernel, recurrent_kernel, bias, workspace)
    if training:
        check(rnncore_tape_size(context.handle, weights.handle, &batch, &size, &scratch))
        tape = Tape.__new__(Tape)
        tape.weights = weights
        tape.workspace = workspace
        tape.scratch_bytes = scratch
        tape.batch = rows
        tape.steps = steps
        tape.time_major = time_major
        memory = enough(None if workspace is None else workspace.tape_memory, size)
        if workspace is not None:
            workspace.tape_memory = None  # the tape's until its backward pass is done
        tape.memory = memory
        with nogil:
            status = rnncore_forward_train(context.handle, weights.handle, &batch, memory.start,
                                           memory.bytes)
    else:
        check(rnncore_forward_workspace_size(context.handle, weights.handle, &batch, &size))
        memory = enough(workspace.forward_memory, size)
        workspace.forward_memory = memory
        with nogil:
            status = rnncore_forward(context.handle, weights.handle, &batch, memory.start,
                                     memory.bytes)
    check(status)
    return y, state, tape


cdef object check_gradient(str name, object array, cnp.npy_intp a, cnp.npy_intp b,
                           int type_number):
    """A contiguous array to write the gradient of a weight into, or a new one."""
    if array is None:
        return empty(2 if b else 1, a, b, 0, type_number)
    check_float(name, array, 2 if b else 1, type_number)
    shape = tuple(size for size in (a, b) if size)
    if array.shape != shape:
        raise ValueError(f"{name}: expected shape {shape}, got {array.shape}")
    if not array.flags.carray:
        raise ValueError(f"{name}: expected a writable contiguous array, "
                         f"got strides {array.strides}")
    return array


def backward(str cell, Tape tape not None, dy, dstate, bint need_dx=True, *, dx=None,
             dkernel=None, drecurrent_kernel=None, dbias=None):
    """Gradients (dx, dkernel, drecurrent_kernel, dbias, dinitial_state) of one forward pass,
    written into the arrays that are given."""
    cdef rnncore_gradients gradients
    cdef Weights weights = tape.weights
    cdef Workspace workspace = tape.workspace
    cdef Context context
    cdef Memory memory
    cdef View dy_view, dx_view
    cdef cnp.npy_intp features, units, columns, first, second
    cdef int status, type_number
    cdef bint is_lstm
    if weights is None:
        raise ValueError(f"tape: expected the tape of a {cell} forward pass, got an empty one")
    context = weights.context
    features = weights.layer.input_size
    units = weights.layer.hidden_size
    is_lstm = weights.layer.cell == RNNCORE_LSTM
    type_number = cnp.NPY_FLOAT if weights.layer.dtype == RNNCORE_FLOAT32 else cnp.NPY_DOUBLE
    if weights.layer.cell != CELLS[cell]:
        raise ValueError(f"tape: expected the tape of a {cell} forward pass, got another cell's")
    if tape.used:
        raise ValueError("tape: expected one that no backward pass has used, got a used one")
    first = tape.steps if tape.time_major else tape.batch
    second = tape.batch if tape.time_major else tape.steps
    memset(&gradients, 0, sizeof(gradients))
    gradients.struct_size = sizeof(gradients)
    if dy is not None:
        check_float("dy", dy, 3, type_number)
        if dy.shape != (first, second, units):
            raise ValueError(f"dy: expected shape {(first, second, units)}, got {dy.shape}")
        dy = view("dy", dy, tape.time_major, &dy_view, False)
        gradients.dy = dy_view.data
        gradients.dy_stride_batch = dy_view.batch
        gradients.dy_stride_time = dy_view.time
        gradients.dy_stride_feature = dy_view.feature
    if dstate is not None:
        dstate = check_states("dstate", dstate, 2 if is_lstm else 1, tape.batch, units,
                              type_number)
        gradients.dfinal_h = data_or_null(dstate[0])
        if is_lstm:
            gradients.dfinal_c = data_or_null(dstate[1])
    columns = units * (4 if is_lstm else 3 if weights.layer.cell == RNNCORE_GRU else 1)
    if need_dx:
        if dx is None:
            dx = empty(3, first, second, features, type_number)
        else:
            dx = check_out("dx", dx, first, second, features, type_number, (dy,))
        view("dx", dx, tape.time_major, &dx_view, True)
        gradients.dx = dx_view.data
        gradients.dx_stride_batch = dx_view.batch
        gradients.dx_stride_time = dx_view.time
        gradients.dx_stride_feature = dx_view.feature
    dkernel = check_gradient("dkernel", dkernel, features, columns, type_number)
    drecurrent_kernel = check_gradient("drecurrent_kernel", drecurrent_kernel, units, columns,
                                       type_number)
    gradients.dkernel = cnp.PyArray_DATA(dkernel)
    gradients.drecurrent_kernel = cnp.PyArray_DATA(drecurrent_kernel)
    if weights.has_bias:
        if weights.layer.reset_after:
            dbias = check_gradient("dbias", dbias, 2, columns, type_number)
        else:
            dbias = check_gradient("dbias", dbias, columns, 0, type_number)
        gradients.dbias = cnp.PyArray_DATA(dbias)
    dh = empty(2, tape.batch, units, 0, type_number)
    gradients.dinitial_h = cnp.PyArray_DATA(dh)
    dinitial_state = (dh,)
    if is_lstm:
        dc = empty(2, tape.batch, units, 0, type_number)
        gradients.dinitial_c = cnp.PyArray_DATA(dc)
        dinitial_state = (dh, dc)
    memory = enough(None if workspace is None else workspace.backward_memory, tape.scratch_bytes)
    tape.used = True
    with nogil:
        status = rnncore_backward(context.handle, weights.handle, tape.memory.start,
                                  tape.memory.bytes, &gradients, memory.start, memory.bytes)
    if workspace is not None:
        workspace.backward_memory = memory
        workspace.tape_memory = tape.memory
    tape.memory = None
    check(status)
    return dx if need_dx else None, dkernel, drecurrent_kernel, dbias, dinitial_state

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

    def __reduce__(self):
        raise TypeError("tape: expected a use in this process, got a request to copy or pickle it "
                        "(it is working memory of the kernels)")

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


cdef enum Kind:
    FORWARD_ONCE  # weights that nobody keeps: packed into the scratch, or for a few rows not at all
    FORWARD
    FORWARD_TRAIN
    BACKWARD


cdef struct Request:
    # What the C library is asked for; everything that it points to is held by a Call.
    Kind kind
    rnncore_context *context
    rnncore_layer layer
    rnncore_weights *weights
    const void *kernel
    const void *recurrent_kernel
    const void *bias
    rnncore_batch batch
    rnncore_gradients gradients
    void *tape
    size_t tape_bytes
    void *scratch
    size_t scratch_bytes
    int status


cdef void execute(void *request) noexcept nogil:
    cdef Request *r = <Request *>request
    if r.kind == FORWARD_ONCE:
        r.status = rnncore_forward_once(r.context, &r.layer, r.kernel, r.recurrent_kernel, r.bias,
                                        &r.batch, r.scratch, r.scratch_bytes)
    elif r.kind == FORWARD:
        r.status = rnncore_forward(r.context, r.weights, &r.batch, r.scratch, r.scratch_bytes)
    elif r.kind == FORWARD_TRAIN:
        r.status = rnncore_forward_train(r.context, r.weights, &r.batch, r.tape, r.tape_bytes)
    else:
        r.status = rnncore_backward(r.context, r.weights, r.tape, r.tape_bytes, &r.gradients,
                                    r.scratch, r.scratch_bytes)


cdef class Call:
    """One pass of a layer: checked arguments, the memory it needs and what it returns."""
    cdef Request request
    cdef Context context
    cdef Weights weights
    cdef readonly Workspace workspace
    cdef Memory scratch, tape_memory
    cdef tuple alive  # arrays that the request points into
    cdef tuple result

    cdef int finish(self) except -1:
        """Give the memory back to where it came from, and raise what went wrong."""
        if self.workspace is None:
            if self.scratch is not None:
                leave(self.scratch)
            if self.request.kind == BACKWARD:
                leave(self.tape_memory)
        else:
            if self.request.kind == FORWARD:
                self.workspace.forward_memory = self.scratch
            elif self.request.kind == BACKWARD:
                self.workspace.backward_memory = self.scratch
                self.workspace.tape_memory = self.tape_memory
        return check(self.request.status)

    cdef double flops(self):
        cdef rnncore_layer *layer = &self.weights.layer
        cdef double columns = GATES[layer.cell] * <double>layer.hidden_size
        cdef double work = 2.0 * columns * (layer.input_size + layer.hidden_size)
        return work * self.request.batch.batch * self.request.batch.steps


cdef double[3] GATES = [1, 4, 3]  # by rnncore_cell


cpdef tuple run(Call call):
    """Run a prepared call; returns its result."""
    cdef Request *request = &call.request
    with nogil:
        execute(request)
    call.finish()
    return call.result


def run_together(list calls):
    """Run prepared calls that do not depend on each other, side by side where that pays; returns
    the list of their results. Each has its own workspace."""
    cdef void *requests[MOST_TOGETHER]
    cdef Call call
    cdef Context context = default_context
    cdef double flops = 0
    cdef Py_ssize_t i, count = len(calls)
    if count > MOST_TOGETHER:
        raise ValueError(f"calls: expected at most {MOST_TOGETHER}, got {count}")
    for i in range(count):
        call = calls[i]
        if call.weights is None:
            raise ValueError(f"calls[{i}]: expected a call with a workspace, got one without")
        requests[i] = &call.request
        flops += call.flops()
    with nogil:
        rnncore_call_together(context.handle, execute, requests, count, flops)
    for call in calls:
        call.finish()
    return [(<Call>one).result for one in calls]


cdef enum:
    MOST_TOGETHER = 16


# ---- forward ----

def forward(str cell, x, kernel, recurrent_kernel, bias, initial_state, lengths, mask,
            go_backwards, time_major, out, str activation="tanh", reset_after=True,
            bint training=False, Workspace workspace=None, bint need_y=True,
            bint zero_masked=False):
    """Run a layer; returns (y, state, tape).

    The tape is None unless `training`, y is None unless `need_y`.
    """
    return run(forward_call(cell, x, kernel, recurrent_kernel, bias, initial_state, lengths, mask,
                            go_backwards, time_major, out, activation, reset_after, training,
                            workspace, need_y, zero_masked))


cpdef Call forward_call(str cell, x, kernel, recurrent_kernel, bias, initial_state, lengths, mask,
                        go_backwards, time_major, out, str activation="tanh", reset_after=True,
                        bint training=False, Workspace workspace=None, bint need_y=True,
                        bint zero_masked=False):
    """The call that `forward` makes, checked and ready to run."""
    cdef Call call = Call.__new__(Call)
    cdef bint is_time_major = boolean("time_major", time_major)
    cdef cnp.npy_intp rows
    call.context = default_context
    call.request.context = call.context.handle
    call.workspace = workspace
    check_float("x", x, 3, -1)
    rows = cnp.PyArray_DIM(x, 1 if is_time_major else 0)
    if rows == 0 or cnp.PyArray_DIM(x, 2) == 0:
        raise ValueError(f"x: expected at least one row and one feature, got shape {x.shape}")
    try:
        weights = set_layer(call, cell, x, kernel, recurrent_kernel, bias, activation,
                            boolean("reset_after", reset_after), training)
        call.request.batch.go_backwards = boolean("go_backwards", go_backwards)
        call.request.batch.zero_masked = zero_masked
        batch = set_batch(call, x, is_time_major, initial_state, lengths, mask)
        call.alive = weights + batch
        set_outputs(call, is_time_major, out, need_y)
        set_memory(call, weights, is_time_major)
    except MemoryError as error:
        raise MemoryError("x, recurrent_kernel: expected shapes whose results fit into memory, "
                          f"got {x.shape} and {recurrent_kernel.shape} ({error})") from error
    return call


cdef tuple set_layer(Call call, str cell, x, kernel, recurrent_kernel, bias, str activation,
                     bint reset_after, bint training):
    """Fill request.layer; returns the three weights, contiguous."""
    cdef rnncore_layer *layer = &call.request.layer
    cdef int type_number = cnp.PyArray_TYPE(x)
    cdef bint is_lstm = cell == "lstm"
    cdef bint is_gru = cell == "gru"
    cdef cnp.npy_intp gates = 4 if is_lstm else 3 if is_gru else 1
    cdef cnp.npy_intp features = cnp.PyArray_DIM(x, 2)
    cdef cnp.npy_intp units, columns
    check_float("recurrent_kernel", recurrent_kernel, 2, type_number)
    units = cnp.PyArray_DIM(recurrent_kernel, 0)
    columns = cnp.PyArray_DIM(recurrent_kernel, 1)
    if units == 0 or columns != gates * units:
        raise ValueError("recurrent_kernel: expected shape (units, "
                         f"{f'{gates} * units' if gates > 1 else 'units'}) with at least one unit, "
                         f"got {recurrent_kernel.shape}")
    recurrent_kernel = contiguous(recurrent_kernel)
    kernel = matrix("kernel", kernel, features, columns, type_number)
    if bias is not None:
        if is_gru and reset_after:
            bias = matrix("bias", bias, 2, columns, type_number)
        else:
            check_float("bias", bias, 1, type_number)
            if cnp.PyArray_DIM(bias, 0) != columns:
                raise ValueError(f"bias: expected shape ({columns},), got {bias.shape}")
            bias = contiguous(bias)
    layer.struct_size = sizeof(rnncore_layer)
    layer.cell = RNNCORE_LSTM if is_lstm else RNNCORE_GRU if is_gru else RNNCORE_RNN
    layer.dtype = RNNCORE_FLOAT32 if type_number == cnp.NPY_FLOAT else RNNCORE_FLOAT64
    layer.input_size = features
    layer.hidden_size = units
    layer.activation = 0 if is_lstm or is_gru else ACTIVATIONS[activation]
    layer.reset_after = is_gru and reset_after
    layer.training = training
    return kernel, recurrent_kernel, bias


cdef tuple set_batch(Call call, x, bint time_major, initial_state, lengths, mask):
    """Fill the inputs of request.batch; returns the arrays that it points into."""
    cdef rnncore_batch *batch = &call.request.batch
    cdef rnncore_layer *layer = &call.request.layer
    cdef View x_view
    cdef cnp.npy_intp steps = cnp.PyArray_DIM(x, 0 if time_major else 1)
    cdef cnp.npy_intp rows = cnp.PyArray_DIM(x, 1 if time_major else 0)
    cdef bint is_lstm = layer.cell == RNNCORE_LSTM
    batch.struct_size = sizeof(rnncore_batch)
    batch.steps = steps
    batch.batch = rows
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
                                     layer.hidden_size, cnp.PyArray_TYPE(x))
        batch.initial_h = data_or_null(initial_state[0])
        if is_lstm:
            batch.initial_c = data_or_null(initial_state[1])
    x = view("x", x, time_major, &x_view, False)
    batch.x = x_view.data
    batch.x_stride_batch = x_view.batch
    batch.x_stride_time = x_view.time
    batch.x_stride_feature = x_view.feature
    return x, lengths, mask, initial_state


cdef int set_outputs(Call call, bint time_major, out, bint need_y) except -1:
    """Make y and the final states, or take `out`, and point request.batch to them."""
    cdef rnncore_batch *batch = &call.request.batch
    cdef rnncore_layer *layer = &call.request.layer
    cdef View y_view
    cdef int type_number = cnp.NPY_FLOAT if layer.dtype == RNNCORE_FLOAT32 else cnp.NPY_DOUBLE
    cdef cnp.npy_intp first = batch.steps if time_major else batch.batch
    cdef cnp.npy_intp second = batch.batch if time_major else batch.steps
    y = None
    if out is not None:
        kernel, recurrent_kernel, bias, x, _, _, initial_state = call.alive
        y = check_out("out", out, first, second, layer.hidden_size, type_number,
                      (x, kernel, recurrent_kernel, bias, *(initial_state or ())))
    elif need_y:
        y = empty(3, first, second, layer.hidden_size, type_number)
    if y is not None:
        view("out", y, time_major, &y_view, True)
        batch.y = y_view.data
        batch.y_stride_batch = y_view.batch
        batch.y_stride_time = y_view.time
        batch.y_stride_feature = y_view.feature
    h = empty(2, batch.batch, layer.hidden_size, 0, type_number)
    batch.final_h = cnp.PyArray_DATA(h)
    if layer.cell == RNNCORE_LSTM:
        c = empty(2, batch.batch, layer.hidden_size, 0, type_number)
        batch.final_c = cnp.PyArray_DATA(c)
        call.result = (y, (h, c), None)
    else:
        call.result = (y, (h,), None)
    return 0


cdef int set_memory(Call call, tuple weights, bint time_major) except -1:
    """Pack the weights where they are kept, and take scratch or tape."""
    cdef Request *request = &call.request
    cdef Workspace workspace = call.workspace
    cdef Tape tape
    cdef size_t size = 0, scratch = 0
    kernel, recurrent_kernel, bias = weights
    if not request.layer.training and workspace is None:
        request.kind = FORWARD_ONCE
        request.kernel = cnp.PyArray_DATA(kernel)
        request.recurrent_kernel = cnp.PyArray_DATA(recurrent_kernel)
        request.bias = data_or_null(bias)
        check(rnncore_forward_once_workspace_size(request.context, &request.layer, &request.batch,
                                                  &size))
        call.scratch = borrow(size)
    else:
        call.weights = pack(call.context, &request.layer, kernel, recurrent_kernel, bias,
                            workspace)
        request.weights = call.weights.handle
        if request.layer.training:
            request.kind = FORWARD_TRAIN
            check(rnncore_tape_size(request.context, request.weights, &request.batch, &size,
                                    &scratch))
            tape = Tape.__new__(Tape)
            tape.memory = borrow(size) if workspace is None else enough(workspace.tape_memory, size)
            if workspace is not None:
                workspace.tape_memory = None  # the tape's until its backward pass is done
            tape.weights = call.weights
            tape.workspace = workspace
            tape.scratch_bytes = scratch
            tape.batch = request.batch.batch
            tape.steps = request.batch.steps
            tape.time_major = time_major
            call.tape_memory = tape.memory
            request.tape = tape.memory.start
            request.tape_bytes = tape.memory.bytes
            call.result = (call.result[0], call.result[1], tape)
            return 0
        request.kind = FORWARD
        check(rnncore_forward_workspace_size(request.context, request.weights, &request.batch,
                                             &size))
        call.scratch = enough(workspace.forward_memory, size)
    request.scratch = call.scratch.start
    request.scratch_bytes = call.scratch.bytes
    return 0


# ---- backward ----

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


def backward(str cell, tape, dy, dstate, need_dx=True, *, dx=None,
             dkernel=None, drecurrent_kernel=None, dbias=None):
    """Gradients (dx, dkernel, drecurrent_kernel, dbias, dinitial_state) of one forward pass,
    written into the arrays that are given."""
    return run(backward_call(cell, tape, dy, dstate, need_dx, dx, dkernel, drecurrent_kernel,
                             dbias))


cpdef Call backward_call(str cell, recorded, dy, dstate, need_dx=True, dx=None, dkernel=None,
                         drecurrent_kernel=None, dbias=None):
    """The call that `backward` makes, checked and ready to run. Uses the tape up."""
    cdef Call call = Call.__new__(Call)
    cdef Request *request = &call.request
    cdef Tape tape
    if not isinstance(recorded, Tape):
        raise TypeError(f"tape: expected what {cell}_forward returned last, "
                        f"got {describe(recorded)}")
    tape = recorded
    if tape.weights is None:
        raise ValueError(f"tape: expected the tape of a {cell} forward pass, got an empty one")
    if tape.weights.layer.cell != CELLS[cell]:
        raise ValueError(f"tape: expected the tape of a {cell} forward pass, got another cell's")
    if tape.used:
        raise ValueError("tape: expected one that no backward pass has used, got a used one")
    call.context = tape.weights.context
    call.weights = tape.weights
    call.workspace = tape.workspace
    request.kind = BACKWARD
    request.context = call.context.handle
    request.weights = call.weights.handle
    request.batch.batch = tape.batch
    request.batch.steps = tape.steps
    try:
        set_output_gradients(call, tape, dy, dstate)
        set_gradients(call, tape, boolean("need_dx", need_dx), dx, dkernel, drecurrent_kernel,
                      dbias)
        call.scratch = borrow(tape.scratch_bytes) if call.workspace is None else \
            enough(call.workspace.backward_memory, tape.scratch_bytes)
    except MemoryError as error:
        raise MemoryError("tape: expected a forward pass whose gradients fit into memory, got "
                          f"{tape.batch} rows of {tape.steps} steps ({error})") from error
    request.scratch = call.scratch.start
    request.scratch_bytes = call.scratch.bytes
    call.tape_memory = tape.memory
    request.tape = tape.memory.start
    request.tape_bytes = tape.memory.bytes
    tape.used = True
    tape.memory = None
    return call


cdef int type_of(Weights weights):
    return cnp.NPY_FLOAT if weights.layer.dtype == RNNCORE_FLOAT32 else cnp.NPY_DOUBLE


cdef int set_output_gradients(Call call, Tape tape, dy, dstate) except -1:
    """What comes in: the gradients by y and by the final states."""
    cdef rnncore_gradients *gradients = &call.request.gradients
    cdef rnncore_layer *layer = &call.weights.layer
    cdef View dy_view
    cdef bint is_lstm = layer.cell == RNNCORE_LSTM
    cdef int type_number = type_of(call.weights)
    gradients.struct_size = sizeof(rnncore_gradients)
    if dy is not None:
        check_float("dy", dy, 3, type_number)
        shape = (tape.steps, tape.batch, layer.hidden_size) if tape.time_major else \
            (tape.batch, tape.steps, layer.hidden_size)
        if dy.shape != shape:
            raise ValueError(f"dy: expected shape {shape}, got {dy.shape}")
        dy = view("dy", dy, tape.time_major, &dy_view, False)
        gradients.dy = dy_view.data
        gradients.dy_stride_batch = dy_view.batch
        gradients.dy_stride_time = dy_view.time
        gradients.dy_stride_feature = dy_view.feature
    if dstate is not None:
        dstate = check_states("dstate", dstate, 2 if is_lstm else 1, tape.batch,
                              layer.hidden_size, type_number)
        gradients.dfinal_h = data_or_null(dstate[0])
        if is_lstm:
            gradients.dfinal_c = data_or_null(dstate[1])
    call.alive = (dy, dstate)
    return 0


cdef int set_gradients(Call call, Tape tape, bint need_dx, dx, dkernel, drecurrent_kernel,
                       dbias) except -1:
    """What goes out: new arrays, or those that were given."""
    cdef rnncore_gradients *gradients = &call.request.gradients
    cdef rnncore_layer *layer = &call.weights.layer
    cdef View dx_view
    cdef int type_number = type_of(call.weights)
    cdef cnp.npy_intp units = layer.hidden_size
    cdef cnp.npy_intp columns = units * <cnp.npy_intp>GATES[layer.cell]
    cdef cnp.npy_intp first = tape.steps if tape.time_major else tape.batch
    cdef cnp.npy_intp second = tape.batch if tape.time_major else tape.steps
    if need_dx:
        if dx is None:
            dx = empty(3, first, second, layer.input_size, type_number)
        else:
            dx = check_out("dx", dx, first, second, layer.input_size, type_number,
                           (call.alive[0],))
        view("dx", dx, tape.time_major, &dx_view, True)
        gradients.dx = dx_view.data
        gradients.dx_stride_batch = dx_view.batch
        gradients.dx_stride_time = dx_view.time
        gradients.dx_stride_feature = dx_view.feature
    dkernel = check_gradient("dkernel", dkernel, layer.input_size, columns, type_number)
    drecurrent_kernel = check_gradient("drecurrent_kernel", drecurrent_kernel, units, columns,
                                       type_number)
    gradients.dkernel = cnp.PyArray_DATA(dkernel)
    gradients.drecurrent_kernel = cnp.PyArray_DATA(drecurrent_kernel)
    if call.weights.has_bias:
        if layer.reset_after:
            dbias = check_gradient("dbias", dbias, 2, columns, type_number)
        else:
            dbias = check_gradient("dbias", dbias, columns, 0, type_number)
        gradients.dbias = cnp.PyArray_DATA(dbias)
    dh = empty(2, tape.batch, units, 0, type_number)
    gradients.dinitial_h = cnp.PyArray_DATA(dh)
    dinitial_state = (dh,)
    if layer.cell == RNNCORE_LSTM:
        dc = empty(2, tape.batch, units, 0, type_number)
        gradients.dinitial_c = cnp.PyArray_DATA(dc)
        dinitial_state = (dh, dc)
    call.result = (dx if need_dx else None, dkernel, drecurrent_kernel, dbias, dinitial_state)
    return 0

# The forward pass of a recurrent layer, checked and ready to run.


cpdef Call forward_call(str cell, x, kernel, recurrent_kernel, bias, initial_state, lengths, mask,
                        go_backwards, time_major, out, str activation="tanh", reset_after=True,
                        bint training=False, Workspace workspace=None, bint need_y=True,
                        bint zero_masked=False, str recurrent_activation="sigmoid",
                        recurrent_mask=None):
    """A forward pass, checked and ready to run. Its result is (y, state, tape).

    The tape is None unless `training`, y is None unless `need_y`. Packed weights come as `kernel`,
    in place of the three arrays.
    """
    cdef Call call = Call.__new__(Call)
    cdef bint is_time_major = boolean("time_major", time_major)
    cdef cnp.npy_intp rows
    call.context = default_context
    call.request.context = call.context.handle
    call.workspace = workspace
    check_float("x", x, 3, -1)
    rows = cnp.PyArray_DIM(x, 1 if is_time_major else 0)
    if recurrent_mask is not None and not training:
        raise ValueError("recurrent_mask: expected None outside of training, got a mask")
    if rows == 0 or cnp.PyArray_DIM(x, 2) == 0:
        raise ValueError(f"x: expected at least one row and one feature, got shape {x.shape}")
    try:
        if isinstance(kernel, Weights):
            weights = set_packed(call, cell, x, kernel, recurrent_kernel, bias, training)
            check_packed(kernel, "activation", ACTIVATIONS, activation, call.request.layer.activation)
            check_packed(kernel, "recurrent_activation", {**ACTIVATIONS, "sigmoid": 0},
                         recurrent_activation, call.request.layer.recurrent_activation)
            if cell == "gru":
                check_packed(kernel, "reset_after", {False: 0, True: 1},
                             boolean("reset_after", reset_after), call.request.layer.reset_after)
        else:
            weights = set_layer(&call.request.layer, cell, cnp.PyArray_TYPE(x),
                                cnp.PyArray_DIM(x, 2), kernel, recurrent_kernel, bias, activation,
                                recurrent_activation, boolean("reset_after", reset_after), training)
        call.request.batch.go_backwards = boolean("go_backwards", go_backwards)
        call.request.batch.zero_masked = zero_masked
        batch = set_batch(call, x, is_time_major, initial_state, lengths, mask)
        call.alive = weights + batch
        if recurrent_mask is not None:
            call.alive += (set_recurrent_mask(call, recurrent_mask),)
        set_outputs(call, is_time_major, out, need_y)
        set_memory(call, weights, is_time_major)
    except MemoryError as error:
        other = repr(kernel) if recurrent_kernel is None else recurrent_kernel.shape
        raise MemoryError("x, recurrent_kernel: expected shapes whose results fit into memory, "
                          f"got {x.shape} and {other} ({error})") from error
    return call


cdef tuple set_packed(Call call, str cell, x, Weights packed, recurrent_kernel, bias,
                      bint training):
    """Take over the layer of packed weights; returns None in place of each array."""
    cdef rnncore_layer *layer = &packed.layer
    if training:
        raise TypeError(f"kernel: expected an array in training, got {packed!r}")
    if layer.cell != CELLS[cell]:
        raise ValueError(f"kernel: expected packed weights of {cell}, got {packed!r}")
    for name, given in (("recurrent_kernel", recurrent_kernel), ("bias", bias)):
        if given is not None:
            raise ValueError(f"{name}: expected None beside packed weights, which hold it, "
                             f"got {type(given).__name__}")
    if cnp.PyArray_TYPE(x) != type_of(packed):
        raise TypeError(f"x: expected the dtype of the packed weights, got {type_name(x)}")
    if cnp.PyArray_DIM(x, 2) != layer.input_size:
        raise ValueError(f"x: expected {layer.input_size} features like the packed weights, "
                         f"got shape {x.shape}")
    call.weights = packed
    call.request.layer = layer[0]
    return None, None, None


cdef int check_packed(Weights packed, str name, dict values, given, int32_t held) except -1:
    """An option of a call, which must be what the weights were packed with."""
    if values[given] != held:
        expected = next(option for option, value in values.items() if value == held)
        raise ValueError(f"{name}: expected {expected!r}, with which the weights were packed, "
                         f"got {given!r}")
    return 0


def pack_weights(str cell, kernel, recurrent_kernel, bias, str activation="tanh", reset_after=True,
                 str recurrent_activation="sigmoid"):
    """Weights of a layer for inference, copied and packed for the kernels of the present context.

    Any thread may use them, and a later context too: it lends its threads.
    """
    cdef rnncore_layer layer
    memset(&layer, 0, sizeof(layer))
    check_float("kernel", kernel, 2, -1)
    kernel, recurrent_kernel, bias = set_layer(
        &layer, cell, cnp.PyArray_TYPE(kernel), cnp.PyArray_DIM(kernel, 0), kernel,
        recurrent_kernel, bias, activation, recurrent_activation,
        boolean("reset_after", reset_after), False)
    return pack(default_context, &layer, kernel, recurrent_kernel, bias, None)


cdef tuple set_layer(rnncore_layer *layer, str cell, int type_number, cnp.npy_intp features,
                     kernel, recurrent_kernel, bias, str activation, str recurrent_activation,
                     bint reset_after, bint training):
    """Fill a layer; returns the three weights, contiguous."""
    cdef bint is_lstm = cell == "lstm"
    cdef bint is_gru = cell == "gru"
    cdef cnp.npy_intp gates = 4 if is_lstm else 3 if is_gru else 1
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
    layer.activation = ACTIVATIONS[activation]
    if recurrent_activation != "sigmoid":  # the default; a simple RNN has no gates
        layer.recurrent_activation = ACTIVATIONS[recurrent_activation]
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


cdef object set_recurrent_mask(Call call, mask):
    """Point request.batch to the factors of the states; returns the array that must stay alive."""
    cdef rnncore_layer *layer = &call.request.layer
    cdef int type_number = cnp.NPY_FLOAT if layer.dtype == RNNCORE_FLOAT32 else cnp.NPY_DOUBLE
    check_float("recurrent_mask", mask, 3, type_number)
    shape = (<int>GATES[layer.cell], call.request.batch.batch, layer.hidden_size)
    if mask.shape != shape:
        raise ValueError(f"recurrent_mask: expected shape {shape} (gates, batch, units), "
                         f"got {mask.shape}")
    mask = contiguous(mask)
    layer.recurrent_dropout = True
    call.request.batch.recurrent_mask = cnp.PyArray_DATA(mask)
    return mask


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
        kernel, recurrent_kernel, bias, x, _, _, initial_state, *_ = call.alive
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
    """Take scratch, or in training pack the weights and take a tape."""
    cdef Request *request = &call.request
    cdef Workspace workspace = call.workspace
    cdef Tape tape
    cdef size_t size = 0, scratch = 0
    kernel, recurrent_kernel, bias = weights
    if not request.layer.training:
        request.kind = FORWARD
        if call.weights is None and workspace is not None \
                and request.batch.batch * request.batch.steps > RNNCORE_UNPACKED_ROWS:
            call.weights = packed_once(call.context, &request.layer, weights, workspace)
        if call.weights is not None:
            request.weights = call.weights.handle
            check(rnncore_forward_workspace_size(request.context, request.weights, &request.batch,
                                                 &size))
        else:
            request.kernel = cnp.PyArray_DATA(kernel)
            request.recurrent_kernel = cnp.PyArray_DATA(recurrent_kernel)
            request.bias = data_or_null(bias)
            check(rnncore_forward_unpacked_workspace_size(request.context, &request.layer,
                                                          &request.batch, &size))
        call.scratch = borrow(size) if workspace is None else \
            enough(workspace.forward_memory, size)
        request.scratch = call.scratch.start
        request.scratch_bytes = call.scratch.bytes
        return 0
    call.weights = pack(call.context, &request.layer, kernel, recurrent_kernel, bias, workspace)
    request.kind = FORWARD_TRAIN
    request.weights = call.weights.handle
    check(rnncore_tape_size(request.context, request.weights, &request.batch, &size, &scratch))
    tape = Tape.__new__(Tape)
    tape.memory = borrow(size) if workspace is None else enough(workspace.tape_memory, size)
    if workspace is not None:
        workspace.tape_memory = workspace.weights = None
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


# ---- backward ----

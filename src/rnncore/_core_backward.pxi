# Backpropagation through a recurrent layer, checked and ready to run.


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


cpdef Call backward_call(str cell, recorded, dy, dstate, need_dx=True, dx=None, dkernel=None,
                         drecurrent_kernel=None, dbias=None):
    """The backward pass of a tape, checked and ready to run. Uses the tape up.

    Its result is the gradients (dx, dkernel, drecurrent_kernel, dbias, dinitial_state), written into
    the arrays that are given.
    """
    cdef Call call = Call.__new__(Call)
    cdef Request *request = &call.request
    cdef Tape tape
    if not isinstance(recorded, Tape):
        raise TypeError(f"tape: expected what {cell}_forward returned last, "
                        f"got {describe(recorded)}")
    tape = recorded
    if tape.weights is None:
        raise ValueError(f"tape: expected the tape of {cell}_forward, got an empty one")
    if tape.weights.layer.cell != CELLS[cell]:
        raise ValueError(f"tape: expected the tape of {cell}_forward, got another cell's")
    if tape.used:
        raise ValueError("tape: expected one that no backward pass has used, got a used one")
    call.context = tape.weights.context
    call.weights = tape.weights
    call.workspace = tape.workspace
    request.kind = BACKWARD
    request.context = call.context.handle
    request.weights = call.weights.handle
    request.layer = call.weights.layer
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

# A recurrent layer: packed weights, tapes, and calls that are ready to run, alone or together.


cdef class Weights:
    """Weights of one layer, copied and packed for the kernels; they never change.

    Made by ``ops.lstm_weights``, ``ops.gru_weights`` and ``ops.simple_rnn_weights``. Any number of
    threads may use them.

    Attributes
    ----------
    cell : str
        ``"lstm"``, ``"gru"`` or ``"simple_rnn"``.
    input_size, units : int
        I and H.
    dtype : numpy.dtype
    has_bias : bool
    """
    cdef rnncore_weights *handle
    cdef rnncore_layer layer
    cdef Context context
    cdef readonly bint has_bias

    def __dealloc__(self):
        rnncore_weights_destroy(self.handle)

    @property
    def cell(self):
        return next(name for name, value in CELLS.items() if value == self.layer.cell)

    @property
    def input_size(self):
        return self.layer.input_size

    @property
    def units(self):
        return self.layer.hidden_size

    @property
    def dtype(self):
        return np.dtype(np.float32 if self.layer.dtype == RNNCORE_FLOAT32 else np.float64)

    def stream(self, batch=1):
        """Return a stream: sequences whose steps come one after another.

        Parameters
        ----------
        batch : int, default 1
            Number of sequences side by side.

        Returns
        -------
        Stream
            Whose `step` and `run` give h of every step, with the bits of a call on whole sequences,
            and whose `state` is h (and c).

        Raises
        ------
        TypeError, ValueError
            If the batch is no positive integer.

        Examples
        --------
        >>> import numpy as np
        >>> from rnncore import ops
        >>> weights = ops.gru_weights(np.ones((3, 12)), np.ones((4, 12)))
        >>> stream = weights.stream(batch=2)
        >>> stream.step(np.zeros((2, 3))).shape
        (2, 4)
        """
        return Stream(self, batch)

    def __repr__(self):
        return (f"<packed weights of {self.cell}: {self.input_size} inputs, {self.units} units, "
                f"{self.dtype}>")

    def __reduce__(self):
        raise TypeError("packed weights: expected a use in this process, got a request to copy or "
                        "pickle them (keep the arrays, and pack again)")


cdef class Workspace:
    """What a layer keeps between calls, so that the next call of the same shape allocates nothing:
    packed weights, and the memory of tape and scratch. For one thread at a time. What a tape needs
    is the tape's until its backward pass is done."""
    cdef Weights weights
    cdef Weights inference_weights
    cdef readonly int packings  # of weights for inference, for tests
    cdef uint64_t checksums[3]  # of the arrays that these were packed from
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
    cdef Weights weights = None if workspace is None else workspace.weights
    cdef const void *kernel_data = cnp.PyArray_DATA(kernel)
    cdef const void *recurrent_data = cnp.PyArray_DATA(recurrent_kernel)
    cdef const void *bias_data = data_or_null(bias)
    cdef int status
    if weights is None or weights.context is not context \
            or not same_layer(&weights.layer, layer):
        weights = Weights.__new__(Weights)
        weights.context = context
        weights.layer = layer[0]
        with nogil:
            status = rnncore_weights_create(context.handle, &weights.layer, kernel_data,
                                            recurrent_data, bias_data, &weights.handle)
    else:
        with nogil:
            status = rnncore_weights_update(weights.handle, kernel_data, recurrent_data, bias_data)
    check(status)
    weights.has_bias = bias is not None
    return weights


cdef Weights packed_once(Context context, const rnncore_layer *layer, tuple arrays,
                         Workspace workspace):
    """Weights for inference with these values, packed anew only where a value has changed.

    A checksum finds any change, also one that a program made in an array in place. It reads the
    arrays once, which takes a third to a half of the time of packing.
    """
    cdef Weights weights = workspace.inference_weights
    cdef uint64_t sums[3]
    cdef int i
    for i in range(3):
        sums[i] = 0
        if arrays[i] is not None:
            check(rnncore_checksum(context.handle, cnp.PyArray_DATA(arrays[i]),
                                   cnp.PyArray_NBYTES(arrays[i]), &sums[i]))
    if weights is None or weights.context is not context \
            or not same_layer(&weights.layer, layer) \
            or memcmp(sums, workspace.checksums, sizeof(sums)) != 0:
        weights = pack(context, layer, arrays[0], arrays[1], arrays[2], None)
        workspace.inference_weights = weights
        workspace.packings += 1
        memcpy(workspace.checksums, sums, sizeof(sums))
    return weights


cdef double[3] GATES = [1, 4, 3]  # by rnncore_cell


def kernel_path(str cell, str activation, str recurrent_activation="sigmoid",
                bint recurrent_dropout=False):
    """"fused" or "generic": which form of the gate equations such a layer takes."""
    cdef rnncore_layer layer
    cdef rnncore_path path
    memset(&layer, 0, sizeof(layer))
    layer.struct_size = sizeof(layer)
    layer.cell = CELLS[cell]
    layer.input_size = layer.hidden_size = 1
    layer.activation = ACTIVATIONS[activation]
    layer.training = True
    if recurrent_activation != "sigmoid":  # the default; a simple RNN has no gates
        layer.recurrent_activation = ACTIVATIONS[recurrent_activation]
    layer.recurrent_dropout = recurrent_dropout
    check(rnncore_kernel_path(&layer, &path))
    return "fused" if path == RNNCORE_PATH_FUSED else "generic"


cdef enum Kind:
    FORWARD  # without packed weights packs them into the scratch, or for a few rows not at all
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
    if r.kind == FORWARD and r.weights == NULL:
        r.status = rnncore_forward_unpacked(r.context, &r.layer, r.kernel, r.recurrent_kernel,
                                            r.bias, &r.batch, r.scratch, r.scratch_bytes)
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

    cdef int give_back(self) except -1:
        """Give the memory back to where it came from."""
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
                self.workspace.weights = self.weights
        return 0

    cdef double flops(self):
        cdef rnncore_layer *layer = &self.request.layer
        cdef double columns = GATES[layer.cell] * <double>layer.hidden_size
        cdef double work = 2.0 * columns * (layer.input_size + layer.hidden_size)
        return work * self.request.batch.batch * self.request.batch.steps


cpdef tuple run(Call call):
    """Run a prepared call; returns its result."""
    cdef Request *request = &call.request
    with nogil:
        execute(request)
    call.give_back()
    check(request.status)
    return call.result


cdef enum:
    MOST_TOGETHER = 16


def run_together(list calls):
    """Run prepared calls that do not depend on each other, side by side where that pays; returns
    the list of their results. Each has its own workspace. All of them end, also if one fails."""
    cdef void *requests[MOST_TOGETHER]
    cdef Call call
    cdef Context context = default_context
    cdef double flops = 0
    cdef Py_ssize_t i, count = len(calls)
    if count > MOST_TOGETHER:
        raise ValueError(f"calls: expected at most {MOST_TOGETHER}, got {count}")
    for i in range(count):
        call = calls[i]
        requests[i] = &call.request
        flops += call.flops()
    with nogil:
        rnncore_call_together(context.handle, execute, requests, count, flops)
    for call in calls:
        call.give_back()
    for call in calls:
        check(call.request.status)
    return [(<Call>one).result for one in calls]

# Models that the C library runs, and streams.

cdef enum:
    MOST_ARRAYS = 64  # inputs or outputs of a model
    MOST_AXES = 8  # of a sample, or a tensor


cdef extern from *:
    """
    /* Whether it was taken already. */
    static inline int take_flag(char *flag) { return __atomic_test_and_set(flag, __ATOMIC_ACQUIRE); }
    static inline void leave_flag(char *flag) { __atomic_clear(flag, __ATOMIC_RELEASE); }
    """
    int take_flag(char *flag) nogil
    void leave_flag(char *flag) nogil


cdef int numpy_type(int32_t type):
    if type == RNNCORE_INT32:
        return cnp.NPY_INT32
    return cnp.NPY_FLOAT if type == RNNCORE_FLOAT32 else cnp.NPY_DOUBLE


cdef tuple shape_of(const rnncore_array_info *info):
    return tuple(None if info.shape[i] < 0 else info.shape[i] for i in range(info.rank))


cdef bint has_steps(tuple shape, object dtype):
    """Whether axis 1 of an input is steps: rnncore_has_steps."""
    return len(shape) > (0 if dtype == np.int32 else 1) or shape == (None,)


cdef class Model:
    """A model that the C library runs, made from the bytes of a file, or from packed weights: one
    recurrent layer, which gives h of every step.

    Attributes
    ----------
    source : bytes or Weights
    can_stream, output_per_step : bool
    inputs, outputs : tuple
        Name, NumPy dtype, and shape without the batch of each; None for a size that depends on the
        steps.
    step_shapes : tuple of 2 tuples
        In a stream, the shape of one step of each input and each output.
    """
    cdef rnncore_model *handle
    cdef Context context
    cdef readonly object source
    cdef readonly bint can_stream, output_per_step
    cdef readonly tuple inputs, outputs, step_shapes

    def __cinit__(self, source not None):
        cdef rnncore_array_info info
        self.context = default_context
        self.source = source if isinstance(source, (bytes, Weights)) else bytes(memoryview(source))
        if isinstance(source, Weights):
            check(rnncore_model_of_weights(self.context.handle, (<Weights>source).handle,
                                           &self.handle))
        else:
            self.read(self.source)
        self.can_stream = rnncore_model_can_stream(self.handle)
        self.output_per_step = rnncore_model_output_per_step(self.handle)
        info.struct_size = sizeof(info)
        found = []
        for i in range(rnncore_model_inputs(self.handle)):
            check(rnncore_model_input(self.handle, i, &info))
            found.append((info.name.decode(errors='replace'), cnp.PyArray_DescrFromType(numpy_type(info.type)),
                          shape_of(&info)))
        self.inputs = tuple(found)
        found = []
        for i in range(rnncore_model_outputs(self.handle)):
            check(rnncore_model_output(self.handle, i, NULL, &info))
            found.append((info.name.decode(errors='replace'), cnp.PyArray_DescrFromType(numpy_type(info.type)),
                          shape_of(&info)))
        self.outputs = tuple(found)
        self.step_shapes = (
            tuple(shape[1:] if has_steps(shape, dtype) else shape
                  for _, dtype, shape in self.inputs),
            tuple(shape[1:] if rnncore_model_output_streams(self.handle, i) else shape
                  for i, (_, _, shape) in enumerate(self.outputs)))
        if len(self.inputs) > MOST_ARRAYS or len(self.outputs) > MOST_ARRAYS:
            raise ValueError(f"model: expected at most {MOST_ARRAYS} inputs and outputs")

    cdef int read(self, const unsigned char[::1] data) except -1:
        cdef char message[256]
        cdef const void *start = message
        cdef int status
        message[0] = 0
        if data.shape[0]:
            start = &data[0]
        with nogil:  # packing large weights takes a while
            status = rnncore_model_from_memory(self.context.handle, start, data.shape[0],
                                               &self.handle, message, sizeof(message))
        if status == RNNCORE_ERROR_OUT_OF_MEMORY:
            raise MemoryError("model: out of memory")
        if status != RNNCORE_OK:
            raise ValueError(f"model: {message.decode(errors='replace')}")
        return 0

    def __dealloc__(self):
        rnncore_model_destroy(self.handle)

    def __reduce__(self):
        return Model, (self.source,)

    @property
    def blocking_node(self):
        """The first node that does not take steps as they come, where the model cannot stream; -1:
        it is the inputs or the outputs that do not."""
        return rnncore_model_blocking_node(self.handle)

    def run(self, arrays, lengths=None):
        """Return the outputs for C-contiguous inputs of the right dtypes; `lengths` has an int64
        array (B,) or None for each."""
        cdef const void *x[MOST_ARRAYS]
        cdef void *y[MOST_ARRAYS]
        cdef const int64_t *real[MOST_ARRAYS]
        cdef int64_t steps[MOST_ARRAYS]
        cdef rnncore_array_info info
        cdef int64_t batch = len(arrays[0])
        cdef size_t size
        cdef int status
        cdef Memory memory
        info.struct_size = sizeof(info)
        if len(arrays) != len(self.inputs):
            raise ValueError(f"x: expected {len(self.inputs)} arrays, got {len(arrays)}")
        for i, array in enumerate(arrays):
            name, dtype, shape = self.inputs[i]
            fits = array.dtype == dtype and array.flags.c_contiguous and len(array) == batch
            if not fits or array.ndim != len(shape) + 1 or any(
                    a is not None and a != b for a, b in zip(shape, array.shape[1:])):
                raise ValueError(f"{name}: expected a contiguous array of {dtype} and shape "
                                 f"{(batch, *shape)}, got {describe(array)}")
            steps[i] = array.shape[1 + shape.index(None)] if None in shape else \
                array.shape[1] if has_steps(shape, dtype) else 1
            x[i] = cnp.PyArray_DATA(array)
            real[i] = NULL
            if lengths is not None:
                real[i] = <const int64_t *>data_or_null(lengths[i])
        results = []
        for i in range(len(self.outputs)):
            check(rnncore_model_output(self.handle, i, steps, &info))
            results.append(np.empty((batch, *shape_of(&info)), self.outputs[i][1]))
            y[i] = cnp.PyArray_DATA(results[i])
        check(rnncore_model_workspace_size_many(self.handle, batch, steps, &size))
        memory = borrow(size)
        with nogil:
            status = rnncore_model_run_many(self.handle, x, batch, steps, real, y, memory.start,
                                            memory.bytes)
        leave(memory)
        check(status)
        return results


# Taking the GIL back may cost more than a short step, which therefore keeps it.
cdef enum:
    SHORT_NS = 50000
    MEASURED = 8


cdef class Stream:
    """A batch of sequences that a model, or packed weights, get step by step.

    Made by ``model.stream(batch)`` and ``weights.stream(batch)``. However the sequences are cut
    into calls of `step` and `run`, the results are those of whole sequences, bit for bit. The
    stream keeps the weights as they were when it was made. One thread may use it at a time, others
    the streams of the same model. It can be copied and pickled, with its states.

    Attributes
    ----------
    batch : int
        Number of rows B.
    state_size : int
        Numbers of one row's state.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncore import Sequential
    >>> from rnncore.layers import GRU, Dense
    >>> model = Sequential([GRU(4, return_sequences=True, input_shape=(None, 2)), Dense(1)])
    >>> x = np.ones((1, 6, 2), np.float32)
    >>> stream = model.stream()
    >>> parts = [stream.step(x[:, 0])[:, None], stream.run(x[:, 1:])]
    >>> bool((np.concatenate(parts, axis=1) == model.predict(x, verbose=0)).all())
    True
    """
    cdef rnncore_stream *handle
    cdef readonly Model model
    cdef readonly Py_ssize_t batch, state_size
    cdef bint single
    cdef int x_type, y_type
    cdef int x_rank, y_rank  # of one step of all rows
    cdef cnp.npy_intp x_shape[10]
    cdef cnp.npy_intp y_shape[10]
    cdef char taken
    cdef int measured
    cdef uint64_t fastest  # of the first steps, in ns

    def __cinit__(self, source not None, batch=1):
        """Make a stream of a `Model`, or of what one is made from."""
        cdef Model model = source if isinstance(source, Model) else Model(source)
        if not model.can_stream:
            raise ValueError("stream: expected layers that need only past steps")
        self.model = model
        self.batch = positive("stream: batch", batch)
        self.fastest = <uint64_t>-1
        if rnncore_stream_create(model.handle, self.batch, NULL, 0, &self.handle) != RNNCORE_OK:
            raise MemoryError("stream: batch: expected a number for which the memory suffices, got "
                              f"{batch}")
        self.state_size = rnncore_stream_state_size(self.handle)
        self.single = len(model.inputs) == 1 and len(model.outputs) == 1
        x, y = model.step_shapes
        self.x_rank = set_shape(self.x_shape, self.batch, x[0])
        self.y_rank = set_shape(self.y_shape, self.batch, y[0])
        self.x_type = np.dtype(model.inputs[0][1]).num
        self.y_type = np.dtype(model.outputs[0][1]).num

    def __dealloc__(self):
        rnncore_stream_destroy(self.handle)

    cdef int take(self) except -1:
        if take_flag(&self.taken):
            raise RuntimeError("stream: expected one thread at a time, got a call while another "
                               "thread's was running")
        return 0

    def step(self, x, out=None):
        """Take the next step of all rows.

        Parameters
        ----------
        x : ndarray, shape (B, ...)
            One step of each row, in the dtype of the model (token ids: int32); other numbers are
            converted. A list, tuple or dict of such arrays for a model with several inputs, of
            which one without steps comes with each step.
        out : ndarray, optional
            C-contiguous, for the result; a tuple or list for several outputs. With it nothing is
            allocated.

        Returns
        -------
        ndarray, shape (B, ...)
            The output of this step, or, where the model gives one a sequence, that of the steps so
            far; `out` itself if it was given, a list for several outputs.

        Raises
        ------
        ValueError, TypeError
            If a shape or a dtype is wrong, or an id is not within the vocabulary. The states have
            not changed then.
        RuntimeError
            If another thread is using the stream.

        Examples
        --------
        >>> import numpy as np
        >>> from rnncore import Sequential
        >>> from rnncore.layers import LSTM
        >>> stream = Sequential([LSTM(4, input_shape=(None, 3))]).stream()
        >>> stream.step(np.ones((1, 3), np.float32)).shape
        (1, 4)
        """
        cdef int status
        cdef const void *from_
        cdef void *to
        cdef uint64_t begin
        if not self.single:
            return self.step_many(x, None, out)
        if not fits(x, self.x_type, self.x_rank, self.x_shape, -1):
            x = stepped("x", x, self.x_type, self.x_rank, self.x_shape, -1)
        if out is None:
            out = cnp.PyArray_EMPTY(self.y_rank, self.y_shape, self.y_type, 0)
        elif not fits(out, self.y_type, self.y_rank, self.y_shape, -1) \
                or not cnp.PyArray_ISWRITEABLE(out) or overlap(x, out):
            refuse_out("out", out, self.y_type, self.y_rank, self.y_shape, -1)
        from_ = cnp.PyArray_DATA(x)
        to = cnp.PyArray_DATA(out)
        self.take()
        if self.measured < MEASURED:
            begin = rnncore_clock_ns()
            status = rnncore_stream_step(self.handle, from_, to)
            self.fastest = min(self.fastest, rnncore_clock_ns() - begin)
            self.measured += 1
        elif self.fastest < SHORT_NS:
            status = rnncore_stream_step(self.handle, from_, to)
        else:
            with nogil:
                status = rnncore_stream_step(self.handle, from_, to)
        leave_flag(&self.taken)
        if status != RNNCORE_OK:
            self.refuse(status)
        return out

    cdef int refuse(self, int status) except -1:
        if status == RNNCORE_ERROR_INVALID_ARGUMENT:
            raise ValueError("x: expected token ids within the vocabulary, got one beyond it")
        return check(status)

    def run(self, x, out=None):
        """Take the next steps of all rows, with the bits of single steps.

        Parameters
        ----------
        x : ndarray, shape (B, T, ...)
        out : ndarray, optional
            As in `step`.

        Returns
        -------
        ndarray, shape (B, T, ...), or list of them
            The output after each step.

        Raises
        ------
        ValueError, TypeError, RuntimeError
            As in `step`; for an id beyond the vocabulary the steps in front of it may be taken.

        Examples
        --------
        >>> import numpy as np
        >>> from rnncore import Sequential
        >>> from rnncore.layers import LSTM
        >>> stream = Sequential([LSTM(4, input_shape=(None, 3))]).stream()
        >>> stream.run(np.ones((1, 5, 3), np.float32)).shape
        (1, 5, 4)
        """
        cdef int status
        cdef const void *from_
        cdef void *to
        cdef Py_ssize_t steps
        if not self.single:
            return self.run_each(x, out)
        steps = steps_of("x", x)
        if not fits(x, self.x_type, self.x_rank + 1, self.x_shape, steps):
            x = stepped("x", x, self.x_type, self.x_rank + 1, self.x_shape, steps)
        if out is None:
            out = np.empty((self.batch, steps, *[self.y_shape[i] for i in range(1, self.y_rank)]),
                           self.model.outputs[0][1])
        elif not fits(out, self.y_type, self.y_rank + 1, self.y_shape, steps) \
                or not cnp.PyArray_ISWRITEABLE(out) or overlap(x, out):
            refuse_out("out", out, self.y_type, self.y_rank + 1, self.y_shape, steps)
        from_ = cnp.PyArray_DATA(x)
        to = cnp.PyArray_DATA(out)
        self.take()
        with nogil:
            status = rnncore_stream_run(self.handle, from_, steps, to)
        leave_flag(&self.taken)
        if status != RNNCORE_OK:
            self.refuse(status)
        return out

    cdef object run_each(self, x, out):
        """Several inputs or outputs: step after step."""
        cdef cnp.npy_intp shape[10]
        cdef Py_ssize_t steps = -1
        cdef int rank
        model = self.model
        xs, outs = listed("x", x, model.inputs), listed("out", out, model.outputs)
        shapes, out_shapes = model.step_shapes
        has_steps = [len(one) < len(whole) for one, (_, _, whole) in zip(shapes, model.inputs)]
        for i in range(len(xs)):
            name = label("x", i, model.inputs)
            if has_steps[i] and steps < 0:
                steps = steps_of(name, xs[i])
            rank = set_shape(shape, self.batch, shapes[i]) + has_steps[i]
            xs[i] = stepped(name, xs[i], model.inputs[i][1].num, rank, shape,
                            steps if has_steps[i] else -1)
        for i in range(len(outs)):
            rank = set_shape(shape, self.batch, out_shapes[i]) + 1
            outs[i] = result(outs[i], model.outputs[i][1].num, rank, shape, steps, xs + outs[:i])
        for t in range(steps):
            y = self.step_many([one[:, t] if has else one for one, has in zip(xs, has_steps)])
            for to, one in zip(outs, y if len(outs) > 1 else [y]):
                to[:, t] = one
        return outs[0] if len(outs) == 1 else outs

    def step_many(self, x, active=None, out=None):
        """Take the next step of some rows, or of a model with several inputs or outputs.

        Parameters
        ----------
        x : ndarray, or list of them
            As in `step`. What stands there for rows that take no step does not matter.
        active : array_like of bool, shape (B,), optional
            The rows that take a step; the others keep their states and their rows of `out`.
        out : ndarray, or list of them, optional

        Returns
        -------
        ndarray, or list of them
            Zero in the rows that took no step, unless `out` was given.

        Raises
        ------
        ValueError, TypeError, RuntimeError
            As in `step`.

        Examples
        --------
        >>> import numpy as np
        >>> from rnncore import Sequential
        >>> from rnncore.layers import LSTM
        >>> stream = Sequential([LSTM(4, input_shape=(None, 3))]).stream(batch=2)
        >>> stream.step_many(np.ones((2, 3)), active=[True, False])[1]
        array([0., 0., 0., 0.], dtype=float32)
        """
        cdef const void *from_[MOST_ARRAYS]
        cdef void *to[MOST_ARRAYS]
        cdef cnp.npy_intp shape[10]
        cdef const uint8_t *chosen = NULL
        cdef int status, rank
        model = self.model
        xs, outs = listed("x", x, model.inputs), listed("out", out, model.outputs)
        shapes, out_shapes = model.step_shapes
        if active is not None:
            active = np.array(active)
            if active.dtype != np.bool_ or active.shape != (self.batch,):
                raise ValueError(f"active: expected booleans of shape ({self.batch},), got "
                                 f"{describe(active)}")
            chosen = <const uint8_t *>cnp.PyArray_DATA(active)
        for i in range(len(xs)):
            rank = set_shape(shape, self.batch, shapes[i])
            name, number = label("x", i, model.inputs), model.inputs[i][1].num
            if active is not None and number == cnp.NPY_INT32:
                xs[i] = known_ids(name, xs[i], active)
            xs[i] = stepped(name, xs[i], number, rank, shape, -1)
            from_[i] = cnp.PyArray_DATA(xs[i])
        for i in range(len(outs)):
            rank = set_shape(shape, self.batch, out_shapes[i])
            outs[i] = result(outs[i], model.outputs[i][1].num, rank, shape, -1, xs + outs[:i])
            to[i] = cnp.PyArray_DATA(outs[i])
        self.take()
        with nogil:
            status = rnncore_stream_step_many(self.handle, from_, chosen, to)
        leave_flag(&self.taken)
        if status != RNNCORE_OK:
            self.refuse(status)
        return outs[0] if len(outs) == 1 else outs

    cdef list rows_of(self, rows):
        every = np.arange(self.batch)
        try:
            if isinstance(rows, (bool, np.bool_)):  # NumPy takes it as all rows, or none
                raise TypeError("a bool")
            chosen = every if rows is None else every[list(rows) if isinstance(rows, tuple) else rows]
        except (IndexError, TypeError, ValueError):
            raise ValueError(f"stream: rows: expected an index of {self.batch} rows, "
                             f"got {rows!r}") from None
        return np.reshape(chosen, -1).tolist()

    def reset(self, rows=None):
        """Start rows anew.

        Parameters
        ----------
        rows : int, slice or array_like of int or bool, optional
            An index of the rows; by default all.

        Raises
        ------
        ValueError
            If there are no such rows.
        RuntimeError
            If another thread is using the stream.

        Examples
        --------
        >>> import numpy as np
        >>> from rnncore import Sequential
        >>> from rnncore.layers import LSTM
        >>> stream = Sequential([LSTM(4, input_shape=(None, 3))]).stream(batch=2)
        >>> _ = stream.step(np.ones((2, 3)))
        >>> stream.reset(1)
        >>> stream.state.any(axis=1)
        array([ True, False])
        """
        cdef list chosen = self.rows_of(rows)
        cdef Py_ssize_t row
        self.take()
        for row in chosen:
            rnncore_stream_reset(self.handle, row)
        leave_flag(&self.taken)

    @property
    def state(self):
        """The states of all rows, ``(B, state_size)``: a copy, or set from such an array.

        Layer by layer: h (and c) of recurrent layers, the last steps of convolutions. A state fits
        every stream of the same model: ``other.state = stream.state``.
        """
        state = np.empty((self.batch, self.state_size), self.model.outputs[0][1])
        cdef char *to = cnp.PyArray_BYTES(state)
        cdef Py_ssize_t row, stride = cnp.PyArray_STRIDE(state, 0)
        self.take()
        for row in range(self.batch):
            rnncore_stream_get_state(self.handle, row, <void *>(to + row * stride))
        leave_flag(&self.taken)
        return state

    @state.setter
    def state(self, value):
        self.set_rows(None, value)

    def set_rows(self, rows, state):
        """Set the states of some rows.

        Parameters
        ----------
        rows : int, slice or array_like of int or bool
            An index of the rows, as for `reset`.
        state : array_like, shape (number of rows, state_size) or (state_size,)

        Raises
        ------
        ValueError, TypeError
            If the rows or the state do not fit; nothing has changed then.
        RuntimeError
            If another thread is using the stream.

        Examples
        --------
        >>> import numpy as np
        >>> from rnncore import ops
        >>> stream = ops.simple_rnn_weights(np.ones((2, 3)), np.ones((3, 3))).stream(batch=2)
        >>> stream.set_rows(1, [0.1, 0.2, 0.3])
        >>> stream.state[1]
        array([0.1, 0.2, 0.3])
        """
        cdef list chosen = self.rows_of(rows)
        cdef const char *from_
        cdef Py_ssize_t i, stride
        dtype = self.model.outputs[0][1]
        array = numbers("state", state)
        expected = (len(chosen), self.state_size)
        if array.shape != expected and array.shape != expected[1:]:
            raise ValueError(f"state: expected shape {expected}, got {array.shape}")
        array = converted("state", np.broadcast_to(array, expected), dtype)
        from_ = cnp.PyArray_BYTES(array)
        stride = cnp.PyArray_STRIDE(array, 0)
        self.take()
        for i in range(len(chosen)):
            rnncore_stream_set_state(self.handle, chosen[i], <const void *>(from_ + i * stride))
        leave_flag(&self.taken)

    def copy(self):
        """Return a stream of its own in the same state, which shares the weights.

        Examples
        --------
        >>> import numpy as np
        >>> from rnncore import Sequential
        >>> from rnncore.layers import LSTM
        >>> stream = Sequential([LSTM(4, input_shape=(None, 3))]).stream()
        >>> _ = stream.step(np.ones((1, 3)))
        >>> other = stream.copy()
        >>> bool((other.step(np.zeros((1, 3))) == stream.step(np.zeros((1, 3)))).all())
        True
        """
        return restored_stream(self.model, self.batch, self.state)

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, _):
        return self.copy()

    def __reduce__(self):
        if isinstance(self.model.source, Weights):
            raise TypeError("stream of packed weights: expected a use in this process, got a "
                            "request to pickle it (keep the arrays and its state, and pack again)")
        return restored_stream, (self.model, self.batch, self.state)

    def __repr__(self):
        return f"<Stream batch={self.batch} state_size={self.state_size}>"


def restored_stream(source, batch, state):
    """Return a stream in this state."""
    stream = Stream(source, batch)
    stream.state = state
    return stream


cdef list listed(str name, object given, tuple described):
    """One array for each that a model describes; None for each that is not given."""
    if given is None and name == "out":
        return [None] * len(described)
    if isinstance(given, dict):
        names = [one[0] for one in described]
        if set(given) != set(names):
            raise ValueError(f"{name}: expected a dict of {', '.join(map(repr, names))}, got "
                             f"{', '.join(map(repr, given))}")
        return [given[one] for one in names]
    is_list = isinstance(given, (list, tuple))
    if len(described) == 1 and not (name == "out" and is_list and len(given) == 1):
        return [given]
    if not is_list or len(given) != len(described):
        raise ValueError(f"{name}: expected a list of {len(described)} arrays, got "
                         f"{len(given) if is_list else describe(given)}")
    return list(given)


cdef str label(str name, Py_ssize_t i, tuple described):
    """What messages call one of several arrays, as those of `predict` do."""
    return name if len(described) == 1 else f"{name}[{described[i][0]!r}]"


cdef int set_shape(cnp.npy_intp *shape, Py_ssize_t batch, tuple sizes) except -1:
    shape[0] = batch
    for i, size in enumerate(sizes):
        shape[i + 1] = size
    return len(sizes) + 1


cdef bint fits(object array, int type_number, int rank, const cnp.npy_intp *shape,
               Py_ssize_t steps):
    """Whether it is a C-contiguous array of this type and shape, with `steps` as its axis 1 unless
    that is -1 (`rank` counts it, `shape` does not have it)."""
    cdef cnp.npy_intp *dims
    cdef int i, inserted = steps >= 0
    if not cnp.PyArray_CheckExact(array) or cnp.PyArray_TYPE(array) != type_number \
            or cnp.PyArray_NDIM(array) != rank or not cnp.PyArray_ISCARRAY_RO(array):
        return False
    dims = cnp.PyArray_DIMS(array)
    if dims[0] != shape[0] or (inserted and dims[1] != steps):
        return False
    for i in range(1 + inserted, rank):
        if dims[i] != shape[i - inserted]:
            return False
    return True


cdef bint overlap(object a, object b):
    cdef char *x = cnp.PyArray_BYTES(a)
    cdef char *y = cnp.PyArray_BYTES(b)
    return x < y + cnp.PyArray_NBYTES(b) and y < x + cnp.PyArray_NBYTES(a)


cdef tuple expected_shape(int rank, const cnp.npy_intp *shape, Py_ssize_t steps):
    sizes = [shape[i] for i in range(rank - (steps >= 0))]
    return tuple(sizes if steps < 0 else [sizes[0], steps, *sizes[1:]])


cdef int refuse_out(str name, object out, int type_number, int rank, const cnp.npy_intp *shape,
                    Py_ssize_t steps) except -1:
    dtype = cnp.PyArray_DescrFromType(type_number)
    raise ValueError(f"{name}: expected a writable, C-contiguous array of {dtype} and shape "
                     f"{expected_shape(rank, shape, steps)}, apart from x, got {describe(out)}")


cdef object result(object out, int type_number, int rank, const cnp.npy_intp *shape,
                   Py_ssize_t steps, list others):
    """An array for a result: zeros, or the given one, which is apart from all others."""
    if out is None:
        return np.zeros(expected_shape(rank, shape, steps), cnp.PyArray_DescrFromType(type_number))
    if not fits(out, type_number, rank, shape, steps) or not cnp.PyArray_ISWRITEABLE(out) \
            or any(overlap(one, out) for one in others):
        refuse_out("out", out, type_number, rank, shape, steps)
    return out


cdef Py_ssize_t steps_of(str name, object x) except -1:
    array = x if cnp.PyArray_Check(x) else numbers(name, x)
    if array.ndim < 2:
        raise ValueError(f"{name}: expected an array (batch, time, ...), got shape {array.shape}")
    return array.shape[1]


cdef object known_ids(str name, object x, object active):
    """Token ids, with 0 in the rows that take no step."""
    ids = numbers(name, x)
    if ids.shape[:1] != active.shape:
        return ids
    return np.where(active.reshape((-1,) + (1,) * (ids.ndim - 1)), ids, 0)


cdef object stepped(str name, object x, int type_number, int rank, const cnp.npy_intp *shape,
                    Py_ssize_t steps):
    """An input as an array that fits, converted where it is of other numbers."""
    dtype = cnp.PyArray_DescrFromType(type_number)
    array = numbers(name, x)
    if dtype == np.int32 and array.dtype.kind == "f" and not (array == np.floor(array)).all():
        raise ValueError(f"{name}: expected whole numbers as token ids")
    if dtype == np.int32 and array.size and (array.min() < 0 or array.max() > 2147483647):
        raise ValueError(f"{name}: expected token ids within the vocabulary, got one beyond it")
    wanted = expected_shape(rank, shape, steps)
    if array.shape != wanted:
        if steps < 0:
            raise ValueError(f"{name}: expected one step of each row, shape {wanted}, got shape "
                             f"{array.shape}")
        sizes = ", ".join(map(str, (wanted[0], "steps", *wanted[2:])))
        raise ValueError(f"{name}: expected steps of each row, shape ({sizes}), got shape "
                         f"{array.shape}")
    return converted(name, array, dtype)


cdef object numbers(str name, object given):
    if is_masked(given):
        raise TypeError(f"{name}: expected plain numbers, got a masked array")
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise ValueError(f"{name}: expected a rectangular array ({error})") from error
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name}: expected numbers, got {describe(given)}")
    return array


cdef object converted(str name, object array, object dtype):
    """A C-contiguous array of this dtype; no finite number becomes infinite."""
    if array.dtype == dtype:
        return np.require(array, dtype, ("C", "A"))
    try:
        with np.errstate(all="ignore", over="raise"):
            return np.require(array, dtype, ("C", "A"))
    except FloatingPointError:
        raise ValueError(f"{name}: expected numbers within the range of {dtype}, up to "
                         f"{np.finfo(dtype).max:.3g}") from None


# ---- one node by itself -----------------------------------------------------------------------

cdef object as_input(object given, rnncore_array *out, int type_number):
    """Describe an input; returns the array that must stay alive."""
    array = np.ascontiguousarray(given)
    cdef int i, number = cnp.PyArray_TYPE(array)
    if number == cnp.NPY_BOOL:
        out.type = RNNCORE_MASK
        lengths = getattr(given, "lengths", None)  # of a mask of ragged rows
        if lengths is not None:
            lengths = np.ascontiguousarray(lengths, np.int64)
            out.lengths = <const int64_t *>cnp.PyArray_DATA(lengths)
            array = (array, lengths)
    elif number == type_number:
        out.type = RNNCORE_FLOAT32 if number == cnp.NPY_FLOAT else RNNCORE_FLOAT64
    else:
        out.type = RNNCORE_INT32
        array = np.ascontiguousarray(array, np.int32)
    whole = array[0] if isinstance(array, tuple) else array
    out.data = cnp.PyArray_DATA(whole)
    out.rank = cnp.PyArray_NDIM(whole)
    out.lead = 1
    for i in range(out.rank):
        out.size[i] = cnp.PyArray_DIM(whole, i)
    return array


def new_array(str name, tuple shape, object dtype):
    """What `take` may be: gives new arrays."""
    return np.empty(shape, dtype)


cdef list made_arrays(rnncore_array *made, int count, object viewed, object dtype, object take,
                      str place):
    """Arrays for the outputs of a node, or a view of its input."""
    results = []
    for i in range(count):
        shape = tuple(made[i].size[axis] for axis in range(made[i].rank))
        if viewed is not None:
            results.append(np.ascontiguousarray(viewed).reshape(shape))
            continue
        if made[i].type == RNNCORE_MASK:  # with room for lengths behind it
            bits = int(np.prod(shape))
            room = take(f"{place} {i}", (bits + 8 * shape[0] + 8,), np.bool_)
            results.append(room[:bits].reshape(shape))
        else:
            results.append(take(f"{place} {i}", shape, dtype))
        made[i].data = cnp.PyArray_DATA(results[i])
    return results


def run_node(str name, int kind, list inputs, list tensors, list attributes, list numbers,
             int outputs, object dtype, object take=new_array, str place=""):
    """Run one node on NumPy arrays; returns its output, or a list of several.

    Inputs are arrays of `dtype`, token ids, and masks of bool; None for one that is not given.
    ``take(name, shape, dtype)`` gives the arrays for the outputs, with names that begin with
    `place`.
    """
    cdef rnncore_node node
    cdef rnncore_node_call call
    cdef rnncore_array given[64]
    cdef rnncore_array made[3]
    cdef Context context = default_context
    cdef size_t size
    cdef int i, axis, status, number = np.dtype(dtype).num
    cdef Memory scratch
    if len(inputs) > RNNCORE_NODE_INPUTS or len(tensors) > RNNCORE_NODE_TENSORS \
            or len(attributes) > RNNCORE_NODE_ATTRIBUTES or len(numbers) > RNNCORE_NODE_NUMBERS \
            or outputs > RNNCORE_NODE_OUTPUTS:
        raise ValueError(f"{name}: expected at most {RNNCORE_NODE_INPUTS} inputs and "
                         f"{RNNCORE_NODE_ATTRIBUTES} options, got {len(inputs)} and "
                         f"{len(attributes)}")
    for most, given_values in ((MOST_AXES + 1, inputs), (MOST_AXES, tensors)):
        for value in given_values:
            if value is not None and np.ndim(value) > most:
                raise ValueError(f"{name}: expected an array of at most {most} axes, got shape "
                                 f"{np.shape(value)}")
    memset(&node, 0, sizeof(node))
    memset(&call, 0, sizeof(call))
    memset(given, 0, sizeof(rnncore_array) * len(inputs))
    memset(made, 0, sizeof(made))
    node.dtype = RNNCORE_FLOAT32 if number == cnp.NPY_FLOAT else RNNCORE_FLOAT64
    node.inputs, node.outputs, node.tensors = len(inputs), outputs, len(tensors)
    alive = []
    for i, value in enumerate(attributes):
        node.attributes[i] = value
    for i, value in enumerate(numbers):
        node.numbers[i] = value
    for i, value in enumerate(inputs):
        if value is not None:
            alive.append(as_input(value, &given[i], number))
            call.in_[i] = &given[i]
    for i, value in enumerate(tensors):
        if value is not None:
            value = np.require(value, dtype, ("C", "A"))
            alive.append(value)
            node.tensor[i].data = cnp.PyArray_DATA(value)
            node.tensor[i].type = node.dtype
            node.tensor[i].rank = value.ndim
            for axis in range(value.ndim):
                node.tensor[i].size[axis] = cnp.PyArray_DIM(value, axis)
    for i in range(outputs):
        call.out[i] = &made[i]
    status = rnncore_single_begin(context.handle, &node, kind, &call, &size)
    if status != RNNCORE_OK:
        shapes = ", ".join("none" if one is None else str(np.shape(one)) for one in inputs)
        if status == RNNCORE_ERROR_OUT_OF_MEMORY or status == RNNCORE_ERROR_OVERFLOW:
            check(status)
        raise ValueError(f"{name}: expected inputs that fit each other and the layer, got shapes "
                         f"{shapes}")
    try:
        results = made_arrays(made, outputs, inputs[0] if node.kind.is_view else None, dtype, take,
                              place)
        scratch = borrow(size)
    except BaseException:
        rnncore_node_clear(&node)
        raise
    call.scratch = scratch.start
    with nogil:
        status = rnncore_single_end(&call, &node)
    leave(scratch)
    check(status)
    for i in range(outputs):
        if made[i].absent:
            results[i] = None
    return results if outputs > 1 else results[0]

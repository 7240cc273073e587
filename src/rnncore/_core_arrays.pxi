# NumPy arrays to pointers. Every check is a few loads when the argument is right; the message is
# only put together when it is not.


cdef str describe(object array):
    if is_masked(array):
        return "a masked array"
    if isinstance(array, np.ndarray):
        return f"an array of {type_name(array)} and shape {array.shape}"
    return type(array).__name__


cdef str type_name(object array):
    dtype = array.dtype
    return dtype.str if dtype.kind in "fiu" and not dtype.isnative else str(dtype)


cdef int boolean(str name, object value) except -1:
    if value is True or value is False:
        return value is True
    if isinstance(value, np.bool_):
        return bool(value)
    raise TypeError(f"{name}: expected True or False, got {value!r}")


cdef Py_ssize_t positive(str name, object value) except -1:
    """A positive integer, at most the largest that fits."""
    try:
        number = None if isinstance(value, (bool, np.bool_)) else operator.index(value)
    except TypeError:
        number = None
    if number is None:
        raise TypeError(f"{name}: expected a positive integer, got {value!r}")
    if number < 1:
        raise ValueError(f"{name}: expected a positive integer, got {number}")
    return min(number, sys.maxsize)


cdef bint is_masked(object array):
    # Nobody can have made one unless the module is there.
    masked = sys.modules.get("numpy.ma")
    return masked is not None and isinstance(array, masked.MaskedArray)


cdef inline bint is_float(object array, int type_number):
    """A native array of float32 or float64; of just `type_number` unless that is -1."""
    cdef int number
    if not cnp.PyArray_CheckExact(array) and (not cnp.PyArray_Check(array) or is_masked(array)):
        return False
    number = cnp.PyArray_TYPE(array)
    if type_number >= 0 and number != type_number:
        return False
    return (number == cnp.NPY_FLOAT or number == cnp.NPY_DOUBLE) \
        and cnp.PyArray_ISNOTSWAPPED(array)


cdef int check_float(str name, object array, int ndim, int type_number) except -1:
    if is_float(array, type_number) and cnp.PyArray_NDIM(array) == ndim:
        return 0
    if not cnp.PyArray_Check(array):
        raise TypeError(f"{name}: expected a NumPy array of float32 or float64, "
                        f"got {describe(array)}")
    if is_masked(array):
        raise TypeError(f"{name}: expected an array without a mask of its own (fill it, and give "
                        "`mask` or `lengths`), got a masked array")
    if not is_float(array, type_number):
        wanted = "float32 or float64 in native byte order" if type_number < 0 else \
            f"{'float32' if type_number == cnp.NPY_FLOAT else 'float64'} like x"
        raise TypeError(f"{name}: expected dtype {wanted}, got {type_name(array)}")
    raise ValueError(f"{name}: expected {ndim} dimensions, got shape {array.shape}")


cdef int check_shape(str name, object array, cnp.npy_intp a, cnp.npy_intp b) except -1:
    if cnp.PyArray_DIM(array, 0) != a or cnp.PyArray_DIM(array, 1) != b:
        raise ValueError(f"{name}: expected shape ({a}, {b}), got {array.shape}")
    return 0


cdef object contiguous(object array):
    """An array, copied where it is strided or misaligned; anything else as it is."""
    if not cnp.PyArray_Check(array) or cnp.PyArray_ISCARRAY_RO(array):
        return array
    return np.require(array, requirements=("C", "A"))


cdef object matrix(str name, object array, cnp.npy_intp a, cnp.npy_intp b, int type_number):
    check_float(name, array, 2, type_number)
    check_shape(name, array, a, b)
    return contiguous(array)


cdef object empty(int ndim, cnp.npy_intp a, cnp.npy_intp b, cnp.npy_intp c, int type_number):
    cdef cnp.npy_intp shape[3]
    shape[0] = a
    shape[1] = b
    shape[2] = c
    try:
        return cnp.PyArray_EMPTY(ndim, shape, type_number, 0)
    except ValueError as error:  # more bytes than there are addresses
        raise MemoryError(str(error)) from error


cdef struct View:
    # A (batch, time, features) array by its element strides, whatever the order of its axes.
    void *data
    int64_t batch, time, feature


cdef object view(str name, object array, bint time_major, View *out, bint writable):
    """Fill `out`; returns the array that must stay alive (a copy where it was misaligned)."""
    cdef cnp.npy_intp item = cnp.PyArray_ITEMSIZE(array)
    cdef cnp.npy_intp *strides = cnp.PyArray_STRIDES(array)
    if not cnp.PyArray_ISALIGNED(array) \
            or strides[0] % item or strides[1] % item or strides[2] % item:
        if writable:
            raise ValueError(f"{name}: expected aligned elements, got strides {array.strides}")
        array = np.array(array, order="C")
        strides = cnp.PyArray_STRIDES(array)
    out.data = cnp.PyArray_DATA(array)
    out.batch = strides[1 if time_major else 0] // item
    out.time = strides[0 if time_major else 1] // item
    out.feature = strides[2] // item
    return array


cdef object check_out(str name, object out, cnp.npy_intp a, cnp.npy_intp b, cnp.npy_intp c,
                      int type_number, tuple inputs):
    """An array to write into: of this shape, writable, and apart from the inputs."""
    check_float(name, out, 3, type_number)
    if out.shape != (a, b, c):
        raise ValueError(f"{name}: expected shape {(a, b, c)}, got {out.shape}")
    if not out.flags.writeable:
        raise ValueError(f"{name}: expected a writable array, got a read-only one")
    # Overlap within itself: each axis, from the smallest stride up, must step over the ones before.
    reach = out.itemsize
    for stride, size in sorted((abs(stride), size) for stride, size in zip(out.strides, out.shape)):
        if out.size and size > 1 and stride < reach:
            raise ValueError(f"{name}: expected elements that do not overlap, "
                             f"got strides {out.strides} for shape {out.shape}")
        reach += stride * (size - 1) if size > 1 else 0
    for array in inputs:
        if array is not None and np.may_share_memory(out, array):
            raise ValueError(f"{name}: expected memory apart from the inputs, "
                             "got an overlapping array")
    return out


cdef object check_lengths(object lengths, Py_ssize_t batch, Py_ssize_t steps):
    if is_masked(lengths):
        raise TypeError("lengths: expected integers, got a masked array")
    try:
        lengths = np.asarray(lengths)
    except ValueError as error:
        raise ValueError(f"lengths: expected shape ({batch},), got {lengths!r}") from error
    if lengths.dtype.kind not in "iu":
        raise TypeError(f"lengths: expected integers, got dtype {lengths.dtype}")
    if lengths.shape != (batch,):
        raise ValueError(f"lengths: expected shape ({batch},), got {lengths.shape}")
    # Copies, so that no other thread changes what was checked while the GIL is released.
    lengths = np.array(lengths, dtype=np.int64)
    if lengths.size and (lengths.min() < 0 or lengths.max() > steps):
        wrong = int(np.argmax((lengths < 0) | (lengths > steps)))
        raise ValueError(f"lengths: expected values in 0..{steps}, "
                         f"got {lengths[wrong]} at index {wrong}")
    return lengths


cdef object check_mask(object mask, Py_ssize_t batch, Py_ssize_t steps):
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or is_masked(mask):
        raise TypeError(f"mask: expected a NumPy array of bool, got {describe(mask)}")
    if mask.shape != (batch, steps):
        raise ValueError(f"mask: expected shape ({batch}, {steps}) (batch, time), got {mask.shape}")
    return np.array(mask, order="C")


cdef object check_states(str name, object states, Py_ssize_t count, cnp.npy_intp rows,
                         cnp.npy_intp units, int type_number):
    """A tuple of `count` contiguous (rows, units) arrays or None."""
    if cnp.PyArray_Check(states) and count == 1:
        states = (states,)
    if not isinstance(states, (tuple, list)):
        raise TypeError(f"{name}: expected a tuple of {count} array(s), got {describe(states)}")
    if len(states) != count:
        raise ValueError(f"{name}: expected {count} array(s), got {len(states)}")
    checked = []
    for i, state in enumerate(states):
        if state is not None:
            if not (is_float(state, type_number) and cnp.PyArray_NDIM(state) == 2
                    and cnp.PyArray_DIM(state, 0) == rows and cnp.PyArray_DIM(state, 1) == units):
                matrix(f"{name}[{i}]", state, rows, units, type_number)
            state = contiguous(state)
        checked.append(state)
    return tuple(checked)


cdef inline void *data_or_null(object array):
    return NULL if array is None else cnp.PyArray_DATA(array)

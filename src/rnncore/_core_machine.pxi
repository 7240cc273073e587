# What the machine can do at most: for rnncore.bench.


def machine_fma(str isa, dtype, int64_t iterations):
    """Run a loop of multiply-adds in registers, without the GIL; returns the flops it did."""
    cdef double flops = 0.0
    cdef int status
    cdef int code = ISAS[isa]
    cdef int kind = RNNCORE_FLOAT32 if np.dtype(dtype) == np.float32 else RNNCORE_FLOAT64
    with nogil:
        status = rnncore_machine_fma(code, kind, iterations, &flops)
    check(status)
    return flops


cdef class ReadBuffer:
    """Memory to read `size` bytes of (rounded up to 512), over and over, without the GIL."""
    cdef void *start
    cdef readonly size_t size

    def __cinit__(self, Py_ssize_t size):
        if size <= 0:
            raise ValueError(f"size: expected a positive number of bytes, got {size}")
        self.size = (<size_t>size + 511) // 512 * 512
        self.start = rnncore_alloc(self.size)
        if self.start == NULL:
            raise MemoryError(f"could not allocate {self.size} bytes")
        memset(self.start, 1, self.size)

    def __dealloc__(self):
        rnncore_free(self.start)

    def read(self, str isa, int64_t repeats):
        """Read it all `repeats` times; returns the number of bytes."""
        cdef int status
        cdef int code = ISAS[isa]
        with nogil:
            status = rnncore_machine_read(code, self.start, self.size, repeats)
        check(status)
        return self.size * repeats

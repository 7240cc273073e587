/* The const tables of all ISAs and dtypes, and the function that finds one. Included once for each
 * kind of table, with
 *   TABLE   the type; the tables are TABLE_f32_ISA and TABLE_f64_ISA, of csrc/kernels
 *   LOOKUP  the name of the function: NULL where the table was not built, or no such dtype is */

#define CONCAT_(a, b, c) a##b##c
#define CONCAT(a, b, c) CONCAT_(a, b, c)
#define DECLARE(isa) extern const TABLE CONCAT(TABLE, _f32_, isa), CONCAT(TABLE, _f64_, isa);
#if RNNCORE_DOUBLE
#define PICK(isa)                                                                                  \
    (dtype == RNNCORE_FLOAT32 ? &CONCAT(TABLE, _f32_, isa) : &CONCAT(TABLE, _f64_, isa))
#else
#define PICK(isa) (dtype == RNNCORE_FLOAT32 ? &CONCAT(TABLE, _f32_, isa) : NULL)
#endif

DECLARE(baseline)
DECLARE(avx2)
DECLARE(avx512)
DECLARE(neon)

const TABLE *LOOKUP(rnncore_isa isa, rnncore_dtype dtype)
{
    if (dtype != RNNCORE_FLOAT32 && dtype != RNNCORE_FLOAT64) {
        return NULL;
    }
    switch (isa) {
#if RNNCORE_HAVE_BASELINE
    case RNNCORE_ISA_BASELINE:
        return PICK(baseline);
#endif
#if RNNCORE_HAVE_AVX2
    case RNNCORE_ISA_AVX2:
        return PICK(avx2);
#endif
#if RNNCORE_HAVE_AVX512
    case RNNCORE_ISA_AVX512:
        return PICK(avx512);
#endif
#if RNNCORE_HAVE_NEON
    case RNNCORE_ISA_NEON:
        return PICK(neon);
#endif
    default:
        return NULL;
    }
}

#undef CONCAT_
#undef CONCAT
#undef DECLARE
#undef PICK
#undef TABLE
#undef LOOKUP

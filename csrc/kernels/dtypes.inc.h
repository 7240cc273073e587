/* Includes the file TEMPLATE for float32 and, if RNNCORE_DOUBLE, for float64, with
 *   REAL    the type of a number
 *   VEC     a vector of VLEN of them, and MASK one of integers as wide (vec.h)
 *   FN(f)   the name of a function of this dtype: f_f32 or f_f64
 *   V(f)    a function of vec.h or activations.h for VEC
 *   SQRT    the square root */
#define CONCAT_(a, b) a##b
#define CONCAT(a, b) CONCAT_(a, b)

#define REAL float
#define VEC vf32
#define MASK vi32
#define VLEN RNNCORE_VLEN_F32
#define FN(name) CONCAT(name, _f32)
#define V(name) CONCAT(vf32_, name)
#define SQRT sqrtf
#include TEMPLATE
#undef REAL
#undef VEC
#undef MASK
#undef VLEN
#undef FN
#undef V
#undef SQRT

#if RNNCORE_DOUBLE
#define REAL double
#define VEC vf64
#define MASK vi64
#define VLEN RNNCORE_VLEN_F64
#define FN(name) CONCAT(name, _f64)
#define V(name) CONCAT(vf64_, name)
#define SQRT sqrt
#include TEMPLATE
#endif

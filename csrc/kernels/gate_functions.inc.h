/* A template: dtypes.inc.h says what it is included with. */

/* The two kinds of a step: of the gates, and of the candidate and the output. */
RNNCORE_INLINE int FN(gate_kind)(const rnncore_step *s, const int generic)
{
    return generic ? s->gate_activation : RNNCORE_SIGMOID;
}

RNNCORE_INLINE int FN(kind)(const rnncore_step *s, const int generic)
{
    return generic ? s->activation : RNNCORE_TANH;
}

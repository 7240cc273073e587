"""The basic layers: inputs, Dense, Embedding, masks, functions."""

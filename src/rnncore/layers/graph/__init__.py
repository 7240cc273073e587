"""Symbolic tensors, the calls of layers on them, and their operators."""

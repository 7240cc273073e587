"""Layers that move, add, drop or repeat numbers and compute nothing."""

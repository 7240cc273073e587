"""Graphs of layers, the walk through them, and their weights in flat buffers."""

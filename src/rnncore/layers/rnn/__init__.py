"""Recurrent layers, their cells, and wrappers that apply a layer over time."""

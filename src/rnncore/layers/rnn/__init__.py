"""Recurrent layers and their cells, and the wrappers of layers over time."""

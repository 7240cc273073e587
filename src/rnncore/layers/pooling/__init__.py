"""Pooling over time and over images."""

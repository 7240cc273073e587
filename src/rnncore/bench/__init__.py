"""Measure recurrent layers against other libraries and against the machine."""

"""The version, written here only: the build reads it for the wheel and for the C library."""

__version__ = "0.1.0"

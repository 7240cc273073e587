"""Layers that merge several arrays into one."""

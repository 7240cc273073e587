"""Layers that move, add, drop or repeat numbers without computing anything."""

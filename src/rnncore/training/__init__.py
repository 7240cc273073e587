"""Training: batches, loops and progress."""

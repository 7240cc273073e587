"""What ``rnncore demo`` runs: two small networks trained on the packaged data, and their report."""

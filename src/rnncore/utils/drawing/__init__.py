"""Drawing the graph of a model: what there is to draw, where it goes, and the files."""

"""Layout: from boxes and edges to coordinates, by Graphviz or by a layered layout of our own."""

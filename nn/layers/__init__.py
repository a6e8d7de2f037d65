"""Modules: neurons, layers, MLPs and embeddings, their activations and initializers."""

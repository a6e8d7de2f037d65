"""Inspect a model: diagnosis of its neurons, and checks of its gradients."""

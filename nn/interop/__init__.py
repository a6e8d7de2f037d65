"""Weights from and to other libraries: PyTorch, scikit-learn and Keras."""

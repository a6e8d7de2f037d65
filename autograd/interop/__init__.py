"""Compiled functions in other libraries: PyTorch, JAX and SciPy's C interface.

None of these is imported before it is asked for. `nn.to_torch` and its neighbours convert the weights of networks.
"""

from autograd.interop.jax import jax_function
from autograd.interop.scipy import low_level_callable
from autograd.interop.torch import torch_function

__all__ = ["jax_function", "low_level_callable", "torch_function"]

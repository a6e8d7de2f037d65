"""The back end that makes machine code, with llvmlite: straight-line code, loops on arrays and loops over time."""

from autograd.compiler.llvm.runner import build, build_from, sequential

__all__ = ["build", "build_from", "sequential"]

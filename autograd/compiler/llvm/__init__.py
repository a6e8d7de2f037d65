"""The back end that makes machine code of a program, with llvmlite: straight-line code, loops on arrays and over time."""

from autograd.compiler.llvm.runner import build, build_from, sequential

__all__ = ["build", "build_from", "sequential"]

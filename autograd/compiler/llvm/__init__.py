"""The back end that makes machine code of a program, with llvmlite: straight-line code on vectors of samples."""

from autograd.compiler.llvm.runner import build, build_from, is_regular

__all__ = ["build", "build_from", "is_regular"]

"""The errors that the package exports."""

from __future__ import annotations

import autograd


def test_every_exported_error_is_an_autograd_error_and_a_builtin_one() -> None:
    exported = [getattr(autograd, name) for name in autograd.__all__]
    errors = [each for each in exported if isinstance(each, type) and issubclass(each, Exception)]
    assert autograd.CompileError in errors
    for error in set(errors) - {autograd.AutogradError}:
        assert issubclass(error, autograd.AutogradError)
        assert any(base.__module__ == "builtins" for base in error.__bases__)

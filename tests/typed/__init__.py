"""What type checkers are to say of programs with `autograd` and `nn`, statement by statement: see test_typing.py.

mypy and pyright read these modules in strict mode; they also run, and every `assert_type` is then compared with what is
there. A statement that must be an error carries a comment for each checker, which complains if it is needless.
"""

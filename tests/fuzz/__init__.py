"""Random programs, held as data, through every way there is to differentiate and compile them.

program.py          what a program is: named lines, closures and loops among them
generate.py         a random one for each seed
source.py           its text in Python, which is what runs
user_primitives.py  primitives such as users define
replay.py           the data evaluated at many digits
oracle.py           what it should give, by differences, and how far floats may be off
eager_ways.py       the ways through the package, each a function that can be printed: on Values
compiled_ways.py    compiled; larger_ways.py: as a part of something larger; kept_ways.py: by a cache, or as a file
paths.py            which of them are taken, by what options, and what each promises
run.py              one program through all of them
shrink.py           the smallest program that still fails
report.py           a table, and a failure as a pytest test
campaign.py         programs in turn, on one process or several

What runs programs is in a block of `user_primitives()`, since the table must not keep them.
"""

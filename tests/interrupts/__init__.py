"""KeyboardInterrupt at random bytecodes of whatever opens blocks, takes locks, keeps caches or writes (row F12).

trial.py   stop a function at one bytecode, and what must be as it was afterwards
jobs.py    what is stopped
"""

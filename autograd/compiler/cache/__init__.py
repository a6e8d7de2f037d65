"""The cache on disk: programs and object code that a later process need not make again.

directory.py  where it is: the option `cache=`, AUTOGRAD_CACHE, the platform's folder
store.py      entries by key: written atomically, checked when they are read, the least recently used dropped
data.py       programs as JSON and numbers, and back; nothing is unpickled
programs.py   the key of a recording, and what its entry holds
objects.py    the object code of a text
"""

"""A page on which a program is typed, drawn, stepped through and checked: the engine in the browser.

build.py     the folder of the page: its files, the engine, the editor and Pyodide
vendored.py  the npm packages of the page, each file pinned by its hash
snapshot.py  the memory of a Python that has imported the engine, made by Node.js with snapshot.mjs
serve.py     a server for the folder, on this machine alone
static/      the page; worker.js runs Python beside it
examples/    the programs that it offers

In the worker:

session.py   requests and answers, as JSON
program.py   run the user's program: output, error with its line, graph
moments.py   the picture and the numbers at a moment of the backward pass

The net of the training view is in `nn.live`.
"""

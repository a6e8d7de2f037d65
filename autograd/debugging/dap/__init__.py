"""A debug adapter: editors step the backward pass through the lines of the program, both ways.

command     `python -m autograd dap`                        -> server
server      the connection with the editor, the program     -> session, program
session     requests and their answers, between two threads -> controller, stops, views
controller     one pass: moving until there is a reason to stop
stops       the editor's breakpoints, placed in a graph
views       stack, scopes and variables of one moment
protocol    messages on a stream                            -> stdlib

The protocol is Microsoft's Debug Adapter Protocol 1.x: length-prefixed JSON.
"""

"""A debug adapter: editors step through the backward pass on the lines of the program, forwards and back.

server            the connection with the editor, and the program  -> requests, session, program
requests          a function per request of the editor             -> session
session           the state that two threads share                 -> pass_controller, stops, views
pass_controller   one pass: moving until there is a reason to stop
stops             the editor's breakpoints, placed in a graph
views             stack, scopes and variables of one moment
program           the script to debug, and what it prints
protocol          messages on a stream                             -> stdlib

The protocol is Microsoft's Debug Adapter Protocol 1.x: length-prefixed JSON.
"""

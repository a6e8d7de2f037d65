"""A command interpreter with abbreviations, help with examples, completion, and errors and Ctrl-C handled."""

from __future__ import annotations

import cmd
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from textwrap import fill
from typing import Any, TextIO

from autograd.debugging.stepper.terminal import Screen
from autograd.errors import AutogradError
from autograd.io.suggestions import did_you_mean

WIDTH = 80  # columns of the help


class Console(cmd.Cmd):
    """Commands are the methods `do_…`; the first line of their docstring is `usage: what it does`.

    A command can be abbreviated to any unique prefix, or to its letter in `letters`. An empty line repeats the last
    command. With `stdin=None`, lines are read from the terminal, with history and completion.
    """

    prompt = "(backward) "
    letters: Mapping[str, str] = {}
    identchars = cmd.IDENTCHARS

    def __init__(self, stdin: TextIO | None = None, stdout: TextIO | None = None) -> None:
        super().__init__(stdin=stdin, stdout=stdout)
        self.use_rawinput = stdin is None
        self.screen = Screen(stdout or sys.stdout)
        self.say = self.screen.say

    @property
    def commands(self) -> Sequence[str]:
        """Every command by its full name, those of subclasses first."""
        found = [name for kind in type(self).__mro__ for name in vars(kind) if name.startswith("do_")]
        return [name.removeprefix("do_") for name in dict.fromkeys(found) if name not in ("do_EOF", "do_help")] + [
            "help"
        ]

    def interact(self) -> None:
        """Carry out commands until one of them ends the session; Ctrl-C only clears the line."""
        while True:
            try:
                return self.cmdloop()
            except KeyboardInterrupt:
                self.say("\nCtrl-C: `quit` finishes the pass, `abort` undoes it")

    # --- what cmd.Cmd calls -------------------------------------------------------------------------------------------

    def preloop(self) -> None:
        """Names such as `w2[1,0]` are completed as one word."""
        readline = _readline() if self.use_rawinput else None
        if readline is not None:
            self._delimiters = readline.get_completer_delims()
            readline.set_completer_delims(" \t\n")

    def postloop(self) -> None:
        readline = _readline() if self.use_rawinput else None
        if readline is not None:
            readline.set_completer_delims(self._delimiters)

    def precmd(self, line: str) -> str:
        """Print a line that was not typed at a terminal, so that a transcript contains the commands too."""
        if not self.stdin.isatty() and line != "EOF":
            self.stdout.write(f"{line}\n")
        return line

    def onecmd(self, line: str) -> bool:
        try:
            return bool(super().onecmd(line))
        except (AutogradError, ValueError, OSError) as error:
            self.say(f"⚠ {error}", "bad")
            return False

    def parseline(self, line: str) -> tuple[str | None, str | None, str]:
        """Parse a line, with its command in full."""
        return super().parseline(self._in_full(line))

    def _in_full(self, line: str) -> str:
        word, _, rest = line.strip().partition(" ")
        candidates = self._starting_with(word)
        if not word or word == "EOF" or word in self.commands or len(candidates) != 1:
            return line
        return f"{candidates[0]} {rest}"

    def _starting_with(self, word: str) -> list[str]:
        if word in self.letters:
            return [self.letters[word]]
        return [command for command in self.commands if command.startswith(word)]

    def default(self, line: str) -> None:
        word = line.split()[0]
        candidates = self._starting_with(word)
        if candidates:
            raise ValueError(f"{word!r} is ambiguous: {', '.join(candidates)}")
        raise ValueError(self._no_command(word, line))

    def _no_command(self, word: str, line: str) -> str:
        if meant := self.suggestion(line):
            return f"unknown command {word!r}; did you mean `{meant}`?"
        return f"unknown command {word!r}{did_you_mean(word, self.commands) or '; `help` lists the commands'}"

    def suggestion(self, line: str) -> str:
        """The command that a line with an unknown one may stand for; '' if there is none."""
        return ""

    def completenames(self, text: str, *ignored: object) -> list[str]:
        return [f"{command} " for command in self.commands if command.startswith(text)]

    # --- help ---------------------------------------------------------------------------------------------------------

    def do_help(self, argument: str) -> None:
        """help [COMMAND]: list all commands, or explain one.

        help break
        """
        if argument:
            candidates = [argument] if argument in self.commands else self._starting_with(argument)
            if len(candidates) != 1:
                raise ValueError(self._no_command(argument, argument))
            return self.say(self._documentation(candidates[0]))
        usages = [self._documentation(command).split("\n")[0].partition(": ") for command in self.commands]
        width = max(len(usage) for usage, _, _ in usages)
        for usage, _, meaning in usages:
            self.say(f"  {usage:<{width}}  {meaning}")
        letters = ", ".join(f"{letter}={command}" for letter, command in self.letters.items())
        self.say("\n`help COMMAND` shows examples; an empty line repeats the last command.")
        self.say(fill(f"Short forms: {letters}", WIDTH, subsequent_indent="  "))
        return None

    def complete_help(self, text: str, *ignored: object) -> list[str]:
        return [command for command in self.commands if command.startswith(text)]

    def _documentation(self, command: str) -> str:
        method: Callable[..., object] = getattr(self, f"do_{command}")
        return inspect.getdoc(method) or command


def _readline() -> Any:
    """The module for history and completion; None on Windows, which has none.

    It is imported only when a user is asked for a command, since importing it changes the terminal.
    """
    try:
        return import_module("readline")
    except ImportError:
        return None


def count_in(argument: str) -> int:
    """The positive integer that an argument gives; 1 if it is empty.

    >>> count_in("3"), count_in("")
    (3, 1)
    >>> count_in("-1")
    Traceback (most recent call last):
        ...
    ValueError: '-1' is not a positive integer
    """
    if not argument:
        return 1
    if not argument.isascii() or not argument.isdigit() or int(argument) == 0:
        raise ValueError(f"{argument!r} is not a positive integer")
    return int(argument)

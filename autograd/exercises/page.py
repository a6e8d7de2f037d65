"""Assemble a sheet: one page with picture, inputs, and a program that checks them against salted hashes."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

try:
    from hashlib import pbkdf2_hmac
except ImportError:  # Python without OpenSSL, as in browsers
    pbkdf2_hmac = None  # type: ignore[assignment]

from autograd.exercises.problems import Problem, Question

ROUNDS = 20_000  # of PBKDF2: some 10 ms for each try
BYTES = 12  # of a hash


def page_of(problem: Problem, seed: int, level: int) -> str:
    """The page. Its policy allows its own program and styles, and nothing else: no requests, no forms."""
    program, style = _part("page.js"), _part("page.css")
    title = f"{problem.title} · level {level} · sheet {seed}"
    salt = f"scalar-autograd {level} {seed}"
    styles = [style, *re.findall("<style>(.*?)</style>", problem.svg, re.DOTALL)]
    policy = (
        f"default-src 'none'; script-src {_source(program)}; style-src {' '.join(map(_source, styles))}; "
        "base-uri 'none'; form-action 'none'"
    )
    return Template(_part("page.html")).substitute(
        title=escape(title),
        name=escape(problem.title),
        sheet=f"Level {level} · sheet {seed}",
        policy=policy,
        style=style,
        task=escape(problem.task),
        given="".join(f"<li>{escape(line)}</li>" for line in problem.given),
        picture=problem.svg,
        questions="".join(_groups(problem, salt)),
        rounds=ROUNDS,
        program=program,
    )


def _groups(problem: Problem, salt: str) -> Iterator[str]:
    place = 0
    for group in problem.groups:
        yield f"<fieldset><legend>{escape(group.heading)}</legend>"
        for question in group.questions:
            place += 1
            yield _blank(question, f"q{place}", f"{salt} {place}")
        yield "</fieldset>"


def _blank(question: Question, name: str, salt: str) -> str:
    kind = ' class="order" data-order="1"' if question.is_order else ' inputmode="text"'
    return (
        f'<p><label for="{name}">{escape(question.label)}</label> '
        f'<input id="{name}" type="text" autocomplete="off" autocapitalize="off" spellcheck="false"{kind} '
        f'aria-describedby="{name}s" data-salt="{escape(salt)}" data-hashes="{" ".join(_hashes(question, salt))}">'
        f'<output id="{name}s" for="{name}"></output></p>\n'
    )


def _hashes(question: Question, salt: str) -> list[str]:
    """Sorted, so that the order of several answers tells nothing."""
    return sorted(hashed(answer, salt) for answer in question.answers)


def hashed(answer: str, salt: str) -> str:
    """What the page computes for a typed answer: PBKDF2 with SHA-256.

    >>> hashed("-3.00", "salt") == hashed("-3.00", "salt") != hashed("-3.00", "pepper")
    True
    """
    if pbkdf2_hmac is None:
        return derived_key(answer.encode(), salt.encode())[:BYTES].hex()
    return pbkdf2_hmac("sha256", answer.encode(), salt.encode(), ROUNDS, BYTES).hex()


def derived_key(password: bytes, salt: bytes) -> bytes:
    """PBKDF2 with SHA-256 (RFC 8018), its first block of 32 bytes, for a password of at most 64.

    >>> len(derived_key(b"-3.00", b"salt"))
    32
    """
    padded = password.ljust(64, b"\0")
    inner, outer = (sha256(bytes(byte ^ pad for byte in padded)) for pad in (0x36, 0x5C))

    def hmac(message: bytes) -> bytes:
        one, two = inner.copy(), outer.copy()
        one.update(message)
        two.update(one.digest())
        return two.digest()

    block = hmac(salt + b"\0\0\0\1")
    key = int.from_bytes(block)
    for _ in range(ROUNDS - 1):
        block = hmac(block)
        key ^= int.from_bytes(block)
    return key.to_bytes(32)


def _source(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def _part(name: str) -> str:
    return files("autograd.exercises").joinpath(name).read_text("utf-8")

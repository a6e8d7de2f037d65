"""The hook that Hypothesis calls when it is imported, by the entry point group `hypothesis`.

Installed on the top level, under a name that nobody else has: where a folder holds an `autograd.py` of its own, `import
hypothesis` must not fail, and must not import ours in its place. So nothing of `autograd` is imported here: which one
`import autograd` gives is known only once it has been imported.
"""

from __future__ import annotations

import sys


def register() -> None:
    """Let `st.from_type(Value)` draw leaves, if this package's `autograd` is imported; if not, it will do so itself.

    >>> register()
    """
    hook = sys.modules.get("autograd._hypothesis")
    if hook is not None:
        hook.register()

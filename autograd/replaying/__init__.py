"""The replay page: a backward pass to play, forwards and back, in any browser. Start reading at `replay.py`.

replay      graph → film (film) + picture (picture) → page (page), one file without a reference to any other
page.*      what the page is made of, and in the browser: words.js follows the pass, page.js shows it
"""

from autograd.replaying.replay import Replay, replay

__all__ = ["Replay", "replay"]

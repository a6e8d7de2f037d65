"""The replay page: a backward pass to play, forwards and back, in any browser. Start reading at `replay.py`.

replay      graph → film (film) + picture (picture) → page (page), one file without a reference to any other
page.*      what the page is made of; page.js follows the pass in the browser
"""

from autograd.replaying.replay import Replay, replay

__all__ = ["Replay", "replay"]

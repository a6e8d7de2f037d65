"""A web page that plays a backward pass, forwards and back. Start reading at `replay.py`.

replay      graph → film (film) + picture (picture) → page (page), one file without a reference to any other
page.*      the parts of the page; in the browser, words.js computes the state of the pass and page.js shows it
"""

from autograd.replaying.replay import Replay, replay

__all__ = ["Replay", "replay"]

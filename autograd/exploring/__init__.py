"""Web pages that show a computation graph and play its backward pass. Start reading at `explore.py`.

explore, replay   graph → film (film) in boxes (tree), compared with another (compare) → page (page), one file
static/           the parts of the page; `main.js` puts the others together
"""

from autograd.exploring.explore import Explorer, explore
from autograd.exploring.replay import Replay, replay

__all__ = ["Explorer", "Replay", "explore", "replay"]

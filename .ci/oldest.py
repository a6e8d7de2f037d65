"""Print the oldest versions of the dependencies that `pyproject.toml` allows, as constraints for pip."""

import re
import tomllib
from itertools import chain
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
for requirement in sorted({*project["dependencies"], *chain(*project["optional-dependencies"].values())}):
    if found := re.match(r"([\w.-]+)(?:\[\w+\])?>=([\d.]+)", requirement):
        print(f"{found[1]}=={found[2]}")

"""Another distribution that imports as `autograd` is refused with a reason and a way out."""

from pathlib import Path

import pytest

import autograd
from autograd._installation import TRACES, refuse_mixture


@pytest.mark.parametrize("trace", TRACES)
def test_files_of_the_other_distribution_are_refused(tmp_path: Path, trace: str) -> None:
    (tmp_path / trace).touch()
    with pytest.raises(ImportError, match=rf"HIPS/autograd: {trace}.*pip uninstall -y autograd scalar-autograd"):
        refuse_mixture(tmp_path)


def test_our_own_folder_has_none_of_them() -> None:
    refuse_mixture(Path(autograd.__file__).parent)

"""What the tests of the command line share: a tiny labelled folder, and a way to type."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from nearfar.cli import main
from nearfar.engine import Encoder, ImageSpec


class Answer(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_users_call: None) -> None:
    """An empty folder to work in, a screen of 100 columns, and a single rank."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("RANK", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """`typed("evaluate", "runs/first", "pictures")` runs a command in this process."""

    def run(*words: str) -> Answer:
        monkeypatch.setattr("sys.argv", ["nearfar", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return Answer(int(end.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Forty pictures of two classes that raw pixels tell apart: bright on the left or on the right."""
    random = np.random.default_rng(0)
    for name, half in {"left": slice(0, 8), "right": slice(8, 16)}.items():
        folder = tmp_path / "pictures" / name
        folder.mkdir(parents=True)
        for number in range(20):
            pixels = random.integers(0, 100, (16, 16, 3))
            pixels[:, half] += 150
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number:02}.png")
    return Path("pictures")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A folder with an untrained encoder."""
    spec = ImageSpec(backbone="small", stem=None, size=16, channels=3, mean=(0.5,) * 3, std=(0.3,) * 3, seed=0)
    (tmp_path / "run").mkdir()
    Encoder(spec, spec.build()).save(tmp_path / "run")
    return Path("run")

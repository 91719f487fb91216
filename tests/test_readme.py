"""What README and docs show is true: commands parse, make targets exist, Python runs."""

import importlib
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from nearfar.engine import Encoder, ImageSpec
from nearfar.records import EmbeddingTable, MetricsLog, RunFolder, write_json

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")])


class Block(NamedTuple):
    """A fenced block. `<!-- test: slow -->` on the line before a block of Python makes it a slow test."""

    page: str
    line: int
    language: str
    text: str
    slow: bool

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    found = []
    fence = re.compile(r"^(<!-- test: slow -->\n)?```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in fence.finditer(text):
            line = text.count("\n", 0, match.start(3)) + 1
            found.append(Block(str(page.relative_to(ROOT)), line, match[2], match[3], slow=match[1] is not None))
    return [block for block in found if block.language in languages]


def commands(program: str) -> list[Any]:
    """Every command line of a program that a page shows."""
    shown = [
        (f"{block.page}: {line.strip()}", shlex.split(line, comments=True))
        for block in blocks("sh", "bash")
        for line in block.text.replace("\\\n", " ").splitlines()
    ]
    return [pytest.param(words[1:], id=name) for name, words in shown if words and words[0] == program]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder that the pages speak of: pictures of two classes, the run `runs/first` and its vectors."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for name in ("cat/one.png", "cat/two.png", "dog/three.png", "dog/four.png"):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(path)
    folder = RunFolder(tmp_path / "runs" / "first")
    folder.path.mkdir(parents=True)
    write_json(folder.run, {"method": "simclr"})
    log = MetricsLog(folder.metrics)
    log.append({"step": 1, "loss": 6.2, "learning_rate": 0.01})
    log.close()
    spec = ImageSpec(backbone="small", stem=None, size=32, channels=3, mean=(0.5,) * 3, std=(0.2,) * 3, seed=0)
    Encoder(spec, spec.build()).save(folder.path)
    ids = tuple(f"picture {row}" for row in range(8))
    EmbeddingTable(random.normal(size=(8, 4)).astype(np.float32), ids).write("vectors.parquet")


def test_the_pages_hold_what_is_tested_here() -> None:
    assert len(blocks("python")) >= 5
    assert len(commands("nearfar")) >= 10
    assert commands("make")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_names_its_language_in_a_known_word(page: Path) -> None:
    assert set(re.findall(r"^```(\w+)$", page.read_text(encoding="utf-8"), re.MULTILINE)) <= {"sh", "python", "json"}


@pytest.mark.parametrize("words", commands("nearfar"))
def test_commands_parse(words: list[str]) -> None:
    cli = importlib.import_module("nearfar.cli")
    cli.app.parse_args(words, exit_on_error=False, print_error=False)


@pytest.mark.parametrize("words", commands("make"))
def test_make_targets_exist(words: list[str]) -> None:
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert targets
    assert set(words) <= set(targets[1].split())


def test_make_help_lists_every_target() -> None:
    done = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    shown = [line.split()[0] for line in done.stdout.splitlines()]
    assert ".PHONY: " + " ".join(shown) in (ROOT / "Makefile").read_text().splitlines()


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_compiles(block: Block) -> None:
    assert compile(block.text, str(block), "exec")


def run(page: str, *, slow: bool) -> None:
    """Runs a page's blocks from top to bottom, as a reader would; without `slow`, only the quick ones."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks("python"):
        if block.page == page and (slow or not block.slow):
            exec(compile("\n" * (block.line - 1) + block.text, page, "exec"), names)


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("page", sorted({block.page for block in blocks("python") if not block.slow}))
def test_quick_python_runs(page: str) -> None:
    run(page, slow=False)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("page", sorted({block.page for block in blocks("python") if block.slow}))
def test_all_python_runs(page: str) -> None:
    run(page, slow=True)


def test_the_run_folder_page_names_every_file() -> None:
    text = (ROOT / "docs/run-folder.md").read_text(encoding="utf-8")
    files = {value.fget(RunFolder(Path())).name for value in vars(RunFolder).values() if isinstance(value, property)}
    assert files == set(re.findall(r"^\| `([\w.]+\.\w+|gallery)/?` \|", text, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []

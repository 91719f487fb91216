"""A run folder as training and judging leave it, small, with names that try to break the page."""

import math
import os
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from report import texts

from nearfar.records import EmbeddingTable, MetricsLog, RunFolder, write_json

CLASSES = ("T-shirt", "<b>bag</b>", "</script><script>alert(1)</script>", "shoe & \"sock\" 'x'")
EXAMPLES = 48
TILE = 8
CHROMIUM = os.environ.get("NEARFAR_CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra `browser`")
    if not os.path.exists(CHROMIUM):
        pytest.skip(f"no {CHROMIUM}; install the package chromium or name one in NEARFAR_CHROMIUM")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def windows(chromium: Any) -> Iterator[Callable[[Path, int, str], Any]]:
    """Opens a page in a window of a width and a colour scheme; at the end nothing may have gone wrong in any."""
    trouble: list[str] = []
    contexts: list[Any] = []

    def opened(path: Path, width: int, scheme: str) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: trouble.append(message.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith(("data:", path.as_uri())) or trouble.append(asked.url))
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert trouble == []


def _guarded(step: int) -> dict[str, str]:
    """What the guard says at a step: too early, fine, in trouble for a while, and fine again."""
    if step < 300:
        return {"guard": "early", "guard_says": f"Too early to say after {step} of 1,000 steps."}
    if 500 <= step < 700:
        return {"guard": "collapsing", "guard_says": "Collapsing: examples are being made alike."}
    return {"guard": "fine", "guard_says": "Fine: <all> well."}


def _metrics(folder: RunFolder) -> None:
    log = MetricsLog(folder.metrics)
    chance, floor = math.log(511), 2.0
    for step in range(10, 1010, 10):
        record = {
            "step": step,
            "epoch": step / 40,
            "loss": floor + (chance - floor) * math.exp(-step / 200),
            "floor": floor,
            "chance": chance,
            "learning_rate": 0.003 * (1 - step / 1000),
            "examples_per_second": 3000.0 + step % 70,
            "seconds": step * 0.08,
        }
        if step % 100 == 0:
            record |= {"effective_rank": 20 + step / 10, "knn_accuracy": 0.8 + step / 20000}
            record |= {"projection_rank": 40.0, "projection_spread": 0.9, **_guarded(step)}
        log.append(record)
    log.close()


def _gallery(folder: RunFolder) -> None:
    rng = np.random.default_rng(0)
    (folder.gallery / "views").mkdir(parents=True)
    labels = np.arange(EXAMPLES) % len(CLASSES)
    vectors = rng.normal(size=(EXAMPLES, 12)) * 0.3
    vectors[np.arange(EXAMPLES), labels] += 2
    ids = tuple(f"test/<i>{row}</i> & co.png" for row in range(EXAMPLES))
    EmbeddingTable(vectors.astype(np.float32), ids, labels, CLASSES).write(folder.gallery / "sample.parquet")
    sheet = rng.integers(0, 256, (TILE * 6, TILE * 8, 3), dtype=np.uint8)
    Image.fromarray(sheet).save(folder.gallery / "sample.webp", quality=80)
    views = []
    for number in range(6):
        names = [f"views/{number}_{part}.png" for part in ("original", "a", "b")]
        for name in names:
            picture = rng.integers(0, 256, (28, 28), dtype=np.uint8)
            Image.fromarray(picture).save(folder.gallery / name)
        views.append({"id": f"train/{number}<u>.png", "original": names[0], "views": names[1:]})
    about = {"tile": TILE, "columns": 8, "sprite": "sample.webp", "source": "fashion-mini, test", "views": views}
    guessed = {"predicted": ((labels + (rng.random(EXAMPLES) < 0.2)) % len(CLASSES)).tolist()}
    guessed |= {"certainty": rng.random(EXAMPLES).round(4).tolist()}
    write_json(folder.gallery / "gallery.json", {**about, **guessed, "inside": _inside(folder, views)})


def _inside(folder: RunFolder, views: list[dict[str, Any]]) -> dict[str, Any]:
    Image.new("RGBA", (220, 24)).save(folder.gallery / "filters.png")
    (folder.gallery / "attention").mkdir()
    maps = []
    for number, view in enumerate(views):
        name = f"attention/{number}.png"
        Image.new("RGB", (28, 28), (255, 140, 0)).save(folder.gallery / name)
        maps.append({"id": view["id"], "original": view["original"], "map": name, "half": 5 + number, "patches": 49})
    filters = {"image": "filters.png", "shown": 8, "count": 8, "side": [4, 4], "channels": 1}
    return {"filters": filters, "attention": maps}


def scores(encoder: float = 0.879, raw: float = 0.826, untrained: float = 0.799) -> dict[str, Any]:
    """What `scores.json` holds, with the linear probe's readings as given."""

    def reading(accuracy: float, **settings: float) -> dict[str, Any]:
        return {"accuracy": accuracy, "interval": [accuracy - 0.01, accuracy + 0.01], "settings": settings}

    return {
        "data": {
            "name": "fashion-mini",
            "train": {"split": "train", "examples": 10_000},
            "test": {"split": "test", "examples": 2000},
            "held_out": False,
        },
        "scores": {
            "knn": reading(0.85, k=20, temperature=0.1),
            "linear": reading(encoder),
            "fewshot": reading(0.75, labels_per_class=10, episodes=20),
        },
        "baselines": {
            "raw": {"knn": reading(0.80), "linear": reading(raw), "fewshot": reading(0.70)},
            "untrained": {"knn": reading(0.73), "linear": reading(untrained), "fewshot": reading(0.56)},
        },
        "label_free": {"effective_rank": 116.4, "uniformity": -2.31, "embedding_spread": 0.587},
        "confusion": {"classes": list(CLASSES), "counts": [[9, 1, 0, 2], [0, 8, 4, 0], [0, 0, 12, 0], [3, 0, 0, 9]]},
        "layers": [
            {"name": name, "dim": 64, "linear": reading(accuracy), "knn": reading(accuracy - 0.05)}
            for name, accuracy in (("stem", 0.7), ("block <1>", 0.9), ("output", encoder))
        ],
    }


@pytest.fixture
def make_scores() -> Callable[..., dict[str, Any]]:
    return scores


@pytest.fixture
def about() -> dict[str, Any]:
    """What `run.json` holds."""
    return {
        "name": "fashion <1>",
        "method": "simclr",
        "paper": "SimCLR, Chen et al. 2020, arXiv 2002.05709",
        "modality": "image",
        "command": "nearfar pretrain simclr '/my pictures/<b>' --minutes 2",
        "seed": 0,
        "started": "2026-01-01T12:00:00Z",
        "data": {
            "name": "fashion-mini",
            "split": "train",
            "fingerprint": "sha256:9f2d0c7b",
            "examples": 10_000,
            "class_names": list(CLASSES),
        },
        "settings": {"batch_size": 256, "size": 28, "channels_last": True},
        "options": {"temperature": 0.2},
        "backbone": {"name": "small", "dim": 512, "parameters": 1_234_567},
        "steps": 1000,
        "device": "cpu",
        "precision": "bf16-mixed",
        "versions": {"nearfar": "0.1.0", "torch": "2.14.1", "python": "3.11"},
        "commit": None,
    }


@pytest.fixture
def folder(tmp_path: Path, about: dict[str, Any]) -> RunFolder:
    """A run that is pretrained and judged."""
    folder = RunFolder(tmp_path / "fashion run")
    folder.path.mkdir()
    write_json(folder.run, about)
    write_json(folder.scores, scores())
    _metrics(folder)
    _gallery(folder)
    return folder


@pytest.fixture
def text_folder(tmp_path: Path, about: dict[str, Any]) -> RunFolder:
    """A run of texts that is pretrained and judged."""
    return texts.run(tmp_path / "banking run", about, scores(), pictures=False)


@pytest.fixture
def captioned_folder(tmp_path: Path, about: dict[str, Any]) -> RunFolder:
    """A run of pictures with captions that is pretrained and judged."""
    return texts.run(tmp_path / "emoji run", about, scores(), pictures=True)


class Page(HTMLParser):
    """A parsed page: its elements with their attributes, and the text inside each kind of element."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._inside: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside.append(tag)
        self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[self._inside[-1]][-1] += data

    def all(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        """The attributes of each element of a kind, e.g. `all("p", class_="missing")`."""
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return [found for kind, found in self.elements if kind == tag and wanted.items() <= found.items()]


@pytest.fixture
def read_page() -> Callable[[Path], Page]:
    return lambda path: Page(path.read_text(encoding="utf-8"))

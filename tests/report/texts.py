"""Run folders of texts and of pictures with captions, with texts that try to break the page."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from nearfar.records import EmbeddingTable, RunFolder, write_json

TEXTS = (
    "The small birds sang all morning in the old elm behind the mill.",
    "</script><script>alert(1)</script> is not a sentence, but <b>it</b> & \"this\" are 'text'.",
    "האם אפשר להחזיר את הכרטיס שלי? (כן, מחר)",
    "私の新しいカードはまだ届いていません。いつ届くのか教えていただけますか、三週間も待っているのですが。",
    "Short.",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2,
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it "
    "was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the season of "
    "Darkness, it was the spring of hope, it was the winter of despai\N{HORIZONTAL ELLIPSIS}",
    "أين أجد بطاقتي الجديدة؟",
)
CLASSES = ("card arrival", "<i>lost</i> or stolen card", "top up by bank transfer charge")
EXAMPLES = 48
TILE = 8


def sample(seed: int = 0) -> EmbeddingTable:
    rng = np.random.default_rng(seed)
    labels = np.arange(EXAMPLES) % len(CLASSES)
    vectors = rng.normal(size=(EXAMPLES, 12)) * 0.3
    vectors[np.arange(EXAMPLES), labels] += 2
    return EmbeddingTable(vectors.astype(np.float32), tuple(map(str, range(EXAMPLES))), labels, CLASSES)


def texts() -> list[str]:
    return [f"{TEXTS[row % len(TEXTS)][:290]} {row}" for row in range(EXAMPLES)]


def read(name: str, text: str) -> dict[str, Any]:
    """A view in which the second word is hidden, the third another and the fourth unknown."""
    words = text.split()
    parts: list[Any] = [words[0], " "]
    if len(words) > 3:
        parts += [{"text": "[MASK]", "was": words[1]}, " ", {"text": "<u>other</u>", "was": words[2]}, " "]
        parts += [{"text": "[MASK]", "was": None}, " ", " ".join(words[4:])]
    return {"name": name, "parts": parts}


def gallery(folder: RunFolder, *, pictures: bool) -> None:
    rng = np.random.default_rng(0)
    (folder.gallery / "views").mkdir(parents=True)
    table = sample()
    table.write(folder.gallery / "sample.parquet")
    views: list[dict[str, Any]] = []
    for number in range(6):
        text = texts()[number]
        own = (
            [read("view 1", text) | {"note": "spans 2, 1"}]
            if pictures
            else [read("view 1", text), read("view 2", text)]
        )
        views.append({"id": f"{number}<u>", "texts": [["original", text]], "read": own})
    about: dict[str, Any] = {"source": "banking, test", "texts": texts(), "views": views}
    about |= {"predicted": ((table.labels + (rng.random(EXAMPLES) < 0.2)) % 3).tolist()}
    about |= {"certainty": rng.random(EXAMPLES).round(4).tolist()}
    if pictures:
        sample(1).write(folder.gallery / "sample-text.parquet")
        Image.fromarray(rng.integers(0, 256, (TILE * 6, TILE * 8, 3), dtype=np.uint8)).save(
            folder.gallery / "sample.webp", quality=80
        )
        about |= {"tile": TILE, "columns": 8, "sprite": "sample.webp"}
        for number, view in enumerate(views):
            for name in (f"views/{number}_original.png", f"views/{number}_a.png"):
                Image.fromarray(rng.integers(0, 256, (28, 28, 3), dtype=np.uint8)).save(folder.gallery / name)
            view |= {"original": f"views/{number}_original.png", "views": [f"views/{number}_a.png"]}
    write_json(folder.gallery / "gallery.json", about)


def run(path: Path, about: dict[str, Any], scores: dict[str, Any], *, pictures: bool) -> RunFolder:
    """A run of texts, or of pictures with captions, that is pretrained and judged.

    Args:
        path: of the folder.
        about: of a run of pictures, what `run.json` holds.
        scores: what `scores.json` holds.
        pictures: whether there are pictures.
    """
    folder = RunFolder(path)
    folder.path.mkdir()
    kind = {"modality": "image-text", "method": "clip"} if pictures else {"modality": "text", "method": "simcse"}
    write_json(folder.run, about | kind | {"paper": None, "command": "nearfar pretrain simcse banking.csv"})
    write_json(folder.scores, scores)
    gallery(folder, pictures=pictures)
    return folder

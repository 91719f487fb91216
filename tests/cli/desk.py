"""The folder in which wrong calls are made: data of many kinds, a run, and runs that were damaged."""

import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from PIL import Image

from nearfar import api
from nearfar.records import EmbeddingTable, RunFolder

__all__ = ["lay_out"]


def lay_out(root: Path) -> None:
    """Fills an empty folder.

    Args:
        root: the folder, which is the current one.
    """
    random = np.random.default_rng(0)
    for place in (
        *(f"pictures/{side}/{number:02}.png" for side in ("left", "right") for number in range(20)),
        *(f"flat/{number}.png" for number in range(6)),
        *(f"cats/cat/{number}.png" for number in range(4)),
        *("lone/cat/0.png", "lone/dog/0.png", "lone/dog/1.png", "single/0.png"),
        *(f"others/{side}/{number}.png" for side in ("up", "down") for number in range(4)),
    ):
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 100, (16, 16, 3)) + (150 if "left" in place else 0)
        Image.fromarray(pixels.astype(np.uint8)).save(path)
    _odd_data(root, random)
    _texts(root)
    _series(root, random)
    _runs(root)


def _odd_data(root: Path, random: np.random.Generator) -> None:
    """What is no data, or none that can be used."""
    (root / "empty").mkdir()
    (root / "broken").mkdir()
    (root / "broken/a.png").write_bytes(b"no picture")
    (root / "broken/b.jpg").write_bytes((root / "flat/0.png").read_bytes()[:100])
    (root / "texts").mkdir()
    (root / "texts/notes.txt").write_text("no pictures here")
    (root / "notes.txt").write_text("no pictures here")
    (root / "nothing.bin").write_bytes(b"")
    torch.save({"model": torch.nn.Linear(2, 2)}, root / "object.pth")
    torch.save({"model": {"weight": torch.zeros(2)}}, root / "nothing.pth")
    (root / "torn.pth").write_bytes((root / "object.pth").read_bytes()[:500])
    with zipfile.ZipFile(root / "texts.zip", "w") as archive:
        archive.writestr("notes.txt", "no pictures here")
    with zipfile.ZipFile(root / "pictures.zip", "w") as archive:
        for path in sorted((root / "flat").iterdir()):
            archive.write(path, path.name)
    (root / "torn.zip").write_bytes((root / "pictures.zip").read_bytes()[:2000])
    encoded = [path.read_bytes() for path in sorted((root / "flat").iterdir())]
    pq.write_table(pa.table({"photo": encoded, "kind": list("aabbcc")}), root / "photos.parquet")
    pq.write_table(pa.table({"weight": [1.0, 2.0]}), root / "weights.parquet")
    (root / "torn.parquet").write_bytes((root / "photos.parquet").read_bytes()[:500])
    (root / "list.csv").write_text("path,label\nflat/0.png,a\nflat/1.png,b\nflat/gone.png,a\n")
    np.save(root / "floats.npy", random.random((8, 16, 16)))
    np.save(root / "vectors.npy", random.random((8, 16)))
    np.savez(root / "arrays.npz", weights=random.random((8, 16)))
    np.savez(root / "unaligned.npz", X=np.zeros((8, 16, 16), np.uint8), y=np.arange(7))


def _texts(root: Path) -> None:
    """Texts, pairs of them and pictures with captions, and some that cannot be used."""
    lines = [
        f"the {color} {thing} is {number}"
        for number, color in enumerate(("red", "green", "blue"))
        for thing in "abcdef"
    ]
    (root / "lines.txt").write_text("\n".join(lines))
    (root / "latin.txt").write_bytes("a line\nun caf\xe9\n".encode("latin-1"))
    (root / "blank.txt").write_text("\n \n\n")
    pairs = [f"what is {line}?,{line}" for line in lines]
    (root / "pairs.csv").write_text("\n".join(["anchor,positive", *pairs]))
    (root / "scored.csv").write_text("\n".join(["sentence1,sentence2,score", *(f"{pair},3.5" for pair in pairs)]))
    (root / "uneven.csv").write_text("text,label\none,a\ntwo\n")
    (root / "broken.jsonl").write_text('{"text": "one"}\n{"text": \n')
    for name, head in {"captioned": "file_name,caption", "nameless": "number,caption"}.items():
        shutil.copytree(root / "flat", root / name)
        rows = [f"{number}.png,picture {number}" for number in range(6)]
        (root / name / "captions.csv").write_text("\n".join([head, *rows]))


def _series(root: Path, random: np.random.Generator) -> None:
    """Series, and some that cannot be used."""
    values = random.normal(size=(24, 2, 32)).astype(np.float32)
    np.savez(root / "series.npz", X=values, y=np.arange(24) % 2)
    np.save(root / "single.npy", values[:, 0])
    np.save(root / "short.npy", values.transpose(0, 2, 1))
    np.save(root / "uneven.npy", np.where(np.arange(32) < 20, values, np.nan))
    np.save(root / "complex.npy", values.astype(np.complex64))
    np.savez(root / "uncounted.npz", X=values, y=np.arange(23))


def _runs(root: Path) -> None:
    """One run, and one for each way in which it may be damaged."""
    steps = {"steps": 1, "batch_size": 8, "workers": 0, "hidden_dim": 16, "projection_dim": 8}
    api.pretrain("simclr", "pictures", out=root / "runs/first", **steps)
    small = {"dim": 16, "depth": 1, "vocab_size": 300}
    api.pretrain("simcse", "lines.txt", out=root / "runs/words", steps=1, batch_size=8, workers=0, **small)
    api.pretrain("autoencoder", "series.npz", out=root / "runs/waves", steps=1, batch_size=8, decoder_width=4)
    record = json.loads((root / "runs/first/run.json").read_text())

    def edited(**changes: Any) -> str:
        return json.dumps(record | changes)

    def damaged(name: str, file: str, content: str | bytes | None) -> None:
        folder = root / "runs" / name
        shutil.copytree(root / "runs/first", folder, copy_function=os.link)
        (folder / file).unlink()
        if content is not None:
            (folder / file).write_bytes(content.encode() if isinstance(content, str) else content)

    first = RunFolder(root / "runs/first")
    encoder = json.loads(first.encoder.read_text())
    weights, checkpoint = first.weights.read_bytes(), first.checkpoint.read_bytes()
    damaged("torn", "run.json", edited()[:200])
    damaged("newer", "run.json", edited(schema=1000))
    damaged("sounds", "run.json", edited(modality="sound"))
    damaged("incomplete", "run.json", json.dumps({"schema": 1, "method": "simclr"}))
    damaged("odd-method", "run.json", edited(method="simclrr"))
    damaged("odd-settings", "run.json", edited(settings=record["settings"] | {"steps": "ten"}))
    damaged("odd-options", "run.json", edited(options={"temperatures": 0.1}))
    damaged("older", "run.json", edited(settings={"steps": 10}))
    damaged("odd-reading", "run.json", edited(reading={"truncated": "perhaps"}))
    damaged("homeless", "run.json", edited(data=record["data"] | {"path": str(root / "gone")}))
    damaged("in-memory", "run.json", edited(data=record["data"] | {"path": None}))
    damaged("other-data", "run.json", edited(data=record["data"] | {"path": str(root / "others")}))
    damaged("unfinished", "encoder.json", None)
    damaged("weightless", "encoder.safetensors", None)
    damaged("torn-weights", "encoder.safetensors", weights[: len(weights) // 2])
    damaged("torn-encoder", "encoder.json", json.dumps(encoder)[:100])
    damaged("newer-encoder", "encoder.json", json.dumps(encoder | {"schema": 1000}))
    damaged("sound-encoder", "encoder.json", json.dumps(encoder | {"modality": "sound"}))
    damaged("small-encoder", "encoder.json", json.dumps(encoder | {"channels": 1}))
    damaged("torn-checkpoint", "last.ckpt", checkpoint[: len(checkpoint) // 2])
    damaged("no-checkpoint", "last.ckpt", "not a checkpoint")
    damaged("torn-seen", "seen.npz", first.seen.read_bytes()[:100])
    EmbeddingTable(np.eye(2, 3, dtype=np.float32), ("a", "b")).write(root / "vectors.parquet")
    EmbeddingTable(np.eye(2, 2048, dtype=np.float32), ("a", "b")).write(root / "wide.parquet")

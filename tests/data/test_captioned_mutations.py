"""A thousand broken shards and tables of captions: each is used or named, and nothing else happens."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from packing import Files, folder, rows

from nearfar.data import open_captioned
from nearfar.errors import DataError

TEXTS = ["a cat", 'two, "cats"', "кот", "ein Hund\nam Tag", "犬", "e\u0301"]


def shard(files: Files) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for (name, data), text in zip(files.items(), TEXTS, strict=True):
            said = json.dumps({"caption": [text], "label": name[:3]}).encode()
            for end, member in (("png", data), ("txt", text.encode()), ("json", said)):
                info = tarfile.TarInfo(f"{name[:-3].replace('/', '-')}{end}")
                info.size = len(member)
                archive.addfile(info, io.BytesIO(member))
    return file.getvalue()


def table(files: Files) -> bytes:
    file = io.BytesIO()
    pq.write_table(rows(files, caption=[[text] for text in TEXTS], label=[name[:3] for name in files]), file)
    return file.getvalue()


def stream(files: Files) -> bytes:
    file = io.BytesIO()
    data = rows(files, caption=TEXTS)
    with pa.ipc.new_stream(file, data.schema) as writer:
        writer.write_table(data)
    return file.getvalue()


def lines(files: Files) -> bytes:
    said = zip(files, TEXTS, strict=True)
    return b"\n".join(json.dumps({"file_name": name, "text": text, "split": "train"}).encode() for name, text in said)


def commas(files: Files) -> bytes:
    quoted = [text.replace('"', '""') for text in TEXTS]
    listed = [f'{name},"{text}",{name[:3]}' for name, text in zip(files, quoted, strict=True)]
    return "\n".join(["file_name,caption,label", *listed]).encode()


def broken(data: bytes, random: np.random.Generator) -> bytes:
    """The data, broken in one of six ways."""
    made = bytearray(data)
    place = int(random.integers(len(made)))
    match int(random.integers(6)):
        case 0:  # bits flip anywhere
            for _ in range(int(random.integers(1, 20))):
                made[random.integers(len(made))] ^= 1 << random.integers(8)
        case 1:  # bits flip at the beginning, where headers and names of columns are
            for _ in range(int(random.integers(1, 8))):
                made[random.integers(min(len(made), 120))] ^= 1 << random.integers(8)
        case 2:  # the end is missing
            del made[place:]
        case 3:  # noise, zeros, or the marks of tables
            made[place : place + 30] = [random.bytes(30), bytes(30), b'",\n\t{}[]\\"', b"\xff\xfe\xed\xa0\x80"][
                place % 4
            ]
        case 4:  # a stretch is there twice
            made[place:place] = made[place : place + int(random.integers(1, 2000))]
        case _:  # a stretch is missing
            del made[place : place + int(random.integers(1, 2000))]
    return bytes(made)


@pytest.mark.parametrize(
    ("name", "make", "count"),
    [
        ("a.tar", shard, 200),
        ("a.parquet", table, 200),
        ("a.arrow", stream, 200),
        ("captions.jsonl", lines, 200),
        ("captions.csv", commas, 200),
    ],
)
def test_broken_captions_are_used_or_named(
    name: str, make: Callable[[Files], bytes], count: int, files: Files, tmp_path: Path
) -> None:
    random = np.random.default_rng(count)
    beside = make in (lines, commas)
    path = folder(tmp_path, files if beside else {}) / name
    original, data = make(files), tmp_path if beside else path
    path.write_bytes(original)
    assert len(open_captioned(data)) == len(TEXTS)
    used, sentences = 0, []
    for _ in range(count):
        path.write_bytes(broken(original, random))
        try:
            source = open_captioned(data)
        except DataError as error:
            sentences.append(str(error))
            continue
        used += 1
        assert len(source.captions) == len(source.pictures) == len(source) > 0
        assert all(text and text == text.strip() for text in source.captions.texts())
        assert all(why and "\n" not in why for _, why in source.skipped)
        assert len(source.fingerprint) == 64
        assert source.read(len(source) - 1)[1] == source.captions.texts()[-1]
    assert 0 < used < count
    assert not any("\n" in sentence for sentence in sentences)

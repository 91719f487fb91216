"""The same pictures put into every kind of container."""

import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

Files = Mapping[str, bytes]


def below(folder: str, files: Files) -> dict[str, bytes]:
    return {f"{folder}/{name}": data for name, data in files.items()}


def kinds(files: Files) -> list[str]:
    """The last folder of each path."""
    return [name.split("/")[-2] for name in files]


def backwards(files: Files) -> dict[str, bytes]:
    return dict(reversed(files.items()))


def folder(path: Path, files: Files) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def zipped(path: Path, files: Files, packing: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, files: Files, packing: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, f"w:{packing}") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def shards(path: Path, files: Files, count: int = 2) -> Path:
    """Tars of `kind-name.png` and `kind-name.cls` in turn."""
    for number in range(count):
        members = {}
        for name, kind in list(zip(files, kinds(files), strict=True))[number::count]:
            key = name.replace("/", "-")
            members |= {key: files[name], str(Path(key).with_suffix(".cls")): kind.encode()}
        tarred(path / f"part-{number:03d}.tar", members)
    return path


def rows(files: Files, **columns: list[object]) -> pa.Table:
    """As Hugging Face keeps pictures."""
    return pa.table({"image": [{"bytes": data, "path": name} for name, data in files.items()], **columns})


def parquet(path: Path, table: pa.Table) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=2)
    return path


def arrow(path: Path, table: pa.Table, *, stream: bool = False, compression: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(path, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=4)
    return path


def idx(path: Path, array: np.ndarray) -> Path:
    """Of bytes; compressed where the name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = struct.pack(f">2x2B{array.ndim}I", 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def listed(path: Path, files: Files, separator: str = ",") -> Path:
    """The pictures, and beside them a table of their paths and labels."""
    folder(path.parent, files)
    lines = [separator.join(pair) for pair in zip(files, kinds(files), strict=True)]
    path.write_text("\n".join([f"path{separator}label", *lines, ""]), encoding="utf-8")
    return path

"""Pictures in tars: one laid out like a folder, or shards of examples in the manner of webdataset."""

import json
import posixpath
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nearfar.data._containers.archive import LARGEST, LINK, TOO_LARGE, Member, chosen
from nearfar.data._containers.captions import Captions, caption_column
from nearfar.data._containers.columns import LABELS, beside_labels, column, labels_of
from nearfar.data._containers.layout import Layout, in_words, shard_names, shard_splits
from nearfar.data._containers.ranges import RangeStore
from nearfar.data._containers.store import Container
from nearfar.data._containers.temporary import Temporary, on_disk, plain
from nearfar.data.reading import Reading
from nearfar.errors import DataError, complaint, suggestion

__all__ = ["open_tars"]

_TEXT = "txt"
_ENDS = (".cls", ".json", f".{_TEXT}")
_Beside = Mapping[tuple[int, str], int]  # places of the files beside pictures, by archive and path


def open_tars(paths: Sequence[Path], *, reading: Reading, name: str, where: str) -> Container:
    """Lists the pictures of tars.

    An index of first bytes is made in one pass; from then on any picture is one read. The label of a picture `KEY.png`
    is in `KEY.cls`, or in a field of `KEY.json`; where no picture has such a file, class folders count. Its caption is
    in `KEY.txt`, or in a field of `KEY.json`.

    Args:
        paths: tars, compressed or not; the name of each may begin with its split: `train-000.tar`.
        reading: its image column is the suffix of the pictures, its label column "cls" or a field of the JSON files.
        name: what the user called them.
        where: who asks, for error sentences.

    Raises:
        tarfile.TarError: one cannot be read.
        DataError: no picture has the suffix, or no example the field, that is asked for.
    """
    files = [plain(path) for path in paths]
    shards = shard_names(paths)
    members, store, damages = _index(files, shards)
    wanted = _of_suffix(members, reading.image_column, where)
    order, layout, skipped = chosen(wanted, store)
    archives = store.which[order]
    ids = layout.ids
    if len(set(ids)) < len(ids):  # shards that count from 0 each
        ids = tuple(f"{shards[archive]}/{each}" for archive, each in zip(archives, ids, strict=True))
        again = np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)
    else:
        again = np.arange(len(ids))
    beside = _beside(members)
    labels, class_names = _labels([members[place] for place in order], beside, store, layout,
                                  reading.label_column, where)  # fmt: skip
    splits = shard_splits(shards) if len(paths) > 1 else None
    of_examples = layout.splits if splits is None else np.array(splits)[archives]
    order = order[again]
    return Container(
        name=name,
        store=RangeStore(files, which=store.which[order], start=store.start[order], size=store.size[order]),
        ids=tuple(ids[place] for place in again),
        labels=None if labels is None else labels[again],
        class_names=class_names,
        splits=None if of_examples is None else of_examples[again],
        skipped=(*damages, *skipped),
        captions=partial(_captions, [members[place] for place in order], members, beside, store),
    )


def _index(
    files: Sequence[Path | Temporary], shards: Sequence[str]
) -> tuple[list[Member], RangeStore, list[tuple[str, str]]]:
    """All members of all tars, where they lie, and which tars are damaged."""
    members: list[Member] = []
    ranges: list[tuple[int, int, int]] = []
    damages = []
    for archive, file in enumerate(files):
        before = len(members)
        try:
            for info in _infos(on_disk(file)):
                members.append(Member(info.name, info.size, _refusal(info), archive))
                ranges.append((archive, info.offset_data, info.size))
        except Exception as error:  # damaged headers raise anything
            if len(members) == before:
                raise
            damages.append((f"{shards[archive]}.tar", f"is damaged after {len(members) - before} files: {error}"))
    table = np.array(ranges, dtype=np.int64).reshape(-1, 3)
    return members, RangeStore(files, which=table[:, 0], start=table[:, 1], size=table[:, 2]), damages


def _infos(path: Path) -> Iterator[tarfile.TarInfo]:
    """The headers of a tar's files, to its proper end.

    Raises:
        tarfile.TarError: it is damaged; what came before is good.
    """
    with tarfile.open(path, "r:", encoding="utf-8") as tar:
        place = -1
        while (info := tar.next()) is not None:
            tar.members = []  # type: ignore[attr-defined]  # or it would remember all that it has seen
            if info.offset_data <= place:
                raise tarfile.ReadError("a header says that its file ends before it begins")
            place = info.offset_data
            if not info.isdir():
                yield info
        end = tar.offset
    with path.open("rb") as file:  # the reader takes whatever it does not know for the end, which is a block of zeros
        file.seek(end)
        block = file.read(tarfile.BLOCKSIZE)
    if any(block) or not block:
        raise tarfile.ReadError("what follows is no tar" if block else "it has no end")


def _refusal(info: tarfile.TarInfo) -> str | None:
    if info.issym() or info.islnk():
        return LINK
    if not info.isreg() or info.issparse():
        return "is no ordinary file"
    return TOO_LARGE if info.size > LARGEST else None


def _of_suffix(members: Sequence[Member], suffix: str | None, where: str) -> dict[int, Member]:
    """The members of a suffix, or all, by their places."""
    if suffix is None:
        return dict(enumerate(members))
    suffix = "." + suffix.lower().removeprefix(".")
    wanted = {place: member for place, member in enumerate(members) if member.path.lower().endswith(suffix)}
    if not wanted:
        known = sorted({posixpath.splitext(member.path)[1].lstrip(".") for member in members} - {""})
        next_step = suggestion(suffix[1:], known)
        raise DataError(complaint(where, "image_column", "the suffix of pictures in the tar", suffix[1:], next_step))
    return wanted


def _beside(members: Sequence[Member]) -> _Beside:
    return {
        (member.archive, posixpath.normpath(member.path)): place
        for place, member in enumerate(members)
        if member.refused is None and member.path.endswith(_ENDS)
    }


def _labels(
    pictures: Sequence[Member], beside: _Beside, store: RangeStore, layout: Layout, wanted: str | None, where: str
) -> tuple[np.ndarray | None, tuple[str, ...]]:  # fmt: skip
    """Labels from the files beside the pictures, or else from the layout."""
    examples = [_fields(member, beside, store) for member in pictures]
    names = dict.fromkeys(name for fields in examples for name in fields)
    label = column(wanted, names, LABELS, argument="label_column", where=where)
    if label is None:
        return layout.labels, layout.class_names
    known = [name for name in (label, beside_labels(label)) if name in names]
    return labels_of({name: [fields.get(name) for fields in examples] for name in known}, label)


def _fields(picture: Member, beside: _Beside, store: RangeStore) -> dict[str, Any]:
    """What the files beside a picture say of it: single values alone."""
    said = _said(picture, beside, store)
    fields = {name: value for name, value in said.items() if not isinstance(value, list | dict)}
    for data in _files(picture, ".cls", beside, store):
        fields["cls"] = data.decode("utf-8", "replace").strip()
    return fields


def _captions(
    pictures: Sequence[Member], members: Sequence[Member], beside: _Beside, store: RangeStore, wanted: str | None,
    where: str,
) -> Captions:  # fmt: skip
    """Captions from the text files beside the pictures, or else from a field of the JSON files."""
    skipped = tuple(
        (in_words(member.path), "is in the archive twice; the later one counts")
        for place, member in enumerate(members)
        if member.path.endswith(".txt")
        and beside.get((member.archive, posixpath.normpath(member.path)), place) != place
    )
    if wanted in (None, _TEXT):
        texts = [next(_files(picture, ".txt", beside, store), None) for picture in pictures]
        if any(text is not None for text in texts):
            return Captions(texts, skipped)
    examples = [_said(picture, beside, store) for picture in pictures]
    field = caption_column(wanted, dict.fromkeys(name for said in examples for name in said), where)
    return Captions([said.get(field) for said in examples], skipped)


def _said(picture: Member, beside: _Beside, store: RangeStore) -> dict[str, Any]:
    """The fields of the JSON files beside a picture."""
    return {name: value for data in _files(picture, ".json", beside, store) for name, value in _json(data).items()}


def _files(picture: Member, end: str, beside: _Beside, store: RangeStore) -> Iterator[bytes]:
    """The files beside a picture whose names go on so, be its key all before the last dot or before the first."""
    path = posixpath.normpath(picture.path)
    folder, name = posixpath.split(path)
    for key in dict.fromkeys((posixpath.splitext(path)[0], posixpath.join(folder, name.partition(".")[0]))):
        place = beside.get((picture.archive, f"{key}{end}"))
        if place is not None:
            yield store.content(place)


def _json(data: bytes) -> dict[str, Any]:
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}

"""Pictures in a folder, flat or in class sub-folders."""

import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from nearfar.data._containers.layout import arrange, in_words, is_litter
from nearfar.data._containers.store import Container, EncodedStore, is_picture, names_a_picture

__all__ = ["FolderStore", "loose_pictures", "open_folder"]


class FolderStore(EncodedStore):
    """Files below one folder.

    Paths are kept in one array: a million strings would be copied, page by page, into each worker that counts its
    references to them.
    """

    def __init__(self, root: Path, paths: Iterable[str]) -> None:
        """Remembers paths, relative to the root or absolute."""
        self.root = root
        self._paths = np.array([os.fsencode(path) for path in paths], dtype=np.bytes_)

    def path(self, position: int) -> Path:
        """Where a picture is."""
        return self.root / os.fsdecode(bytes(self._paths[position]))

    def content(self, position: int) -> bytes:
        """The file's bytes."""
        return self.path(position).read_bytes()

    def file(self, position: int) -> io.BufferedIOBase:
        """The file itself."""
        return self.path(position).open("rb")


def open_folder(root: Path, *, name: str, beside: tuple[Path, ...] = ()) -> Container:
    """Lists the pictures below a folder.

    Args:
        root: the folder.
        name: what the user called it.
        beside: archives that lie among the pictures, to be spoken of.
    """
    skipped: list[tuple[str, str]] = []
    paths = sorted(
        path for path in _walk(root, "", frozenset(), skipped) if names_a_picture(path) or _holds_picture(root / path)
    )
    skipped += [
        (in_words(path.relative_to(root).as_posix()), "is an archive beside pictures; name it to read it")
        for path in beside
    ]
    layout = arrange(paths)
    store = FolderStore(root, [paths[place] for place in layout.order])
    skipped += layout.skipped
    return Container(name, store, layout.ids, layout.labels, layout.class_names, layout.splits, tuple(skipped))


def loose_pictures(root: Path) -> list[str]:
    """The paths of files below a folder whose names promise pictures."""
    return [in_words(path) for path in sorted(_walk(root, "", frozenset(), [])) if names_a_picture(path)]


def _holds_picture(path: Path) -> bool:
    try:
        return is_picture(path.open("rb"))
    except OSError:
        return False


def _walk(root: Path, inside: str, above: frozenset[str], skipped: list[tuple[str, str]]) -> Iterator[str]:
    """Files below a folder, links followed once: a link to a folder above itself ends there.

    What cannot be opened is put to what was skipped.
    """
    real = os.path.realpath(root / inside)
    if real in above:
        return
    try:
        entries = sorted(os.scandir(root / inside), key=lambda entry: entry.name)
    except OSError as error:
        if not inside:
            raise
        skipped.append((in_words(inside), f"cannot be opened: {error.strerror}"))
        return
    for entry in entries:
        path = f"{inside}{entry.name}"
        if is_litter(entry.name):
            continue
        if entry.is_dir():
            yield from _walk(root, f"{path}/", above | {real}, skipped)
        elif entry.is_file():
            yield path
        elif names_a_picture(path):
            skipped.append((in_words(path), "is a link that leads nowhere" if entry.is_symlink() else "is no file"))

"""Pictures in a folder, flat or in class sub-folders."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

from nearfar.data._containers.layout import arrange, is_litter
from nearfar.data._containers.store import Container, EncodedStore, is_picture, names_a_picture

__all__ = ["FolderStore", "open_folder"]


class FolderStore(EncodedStore):
    """Files below one folder."""

    def __init__(self, root: Path, paths: tuple[str, ...]) -> None:
        """Remembers paths relative to the root."""
        self.root = root
        self.paths = paths

    def content(self, position: int) -> bytes:
        """The file's bytes."""
        return (self.root / self.paths[position]).read_bytes()

    def file(self, position: int) -> io.BufferedIOBase:
        """The file itself."""
        return (self.root / self.paths[position]).open("rb")


def open_folder(root: Path, *, name: str) -> Container:
    """Lists the pictures below a folder.

    Args:
        root: the folder.
        name: what the user called it.
    """
    paths = sorted(
        path for path in _walk(root, "", frozenset()) if names_a_picture(path) or _holds_picture(root / path)
    )
    layout = arrange(paths)
    store = FolderStore(root, tuple(paths[place] for place in layout.order))
    return Container(name, store, layout.ids, layout.labels, layout.class_names, layout.splits, layout.skipped)


def _holds_picture(path: Path) -> bool:
    try:
        return is_picture(path.open("rb"))
    except OSError:
        return False


def _walk(root: Path, inside: str, above: frozenset[str]) -> Iterator[str]:
    """Files below a folder, links followed once: a link to a folder above itself ends there."""
    real = os.path.realpath(root / inside)
    if real in above:
        return
    with os.scandir(root / inside) as entries:
        for entry in entries:
            path = f"{inside}{entry.name}"
            if is_litter(entry.name):
                continue
            if entry.is_dir():
                yield from _walk(root, f"{path}/", above | {real})
            elif entry.is_file():
                yield path

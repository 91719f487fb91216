"""Pictures in a zip, laid out like a folder."""

import os
import zipfile
from pathlib import Path
from typing import Any

from nearfar.data._containers.layout import arrange, is_litter
from nearfar.data._containers.store import Container, EncodedStore, is_picture, names_a_picture

__all__ = ["ZipStore", "open_zip"]


class ZipStore(EncodedStore):
    """Files inside one zip, which each process opens for itself."""

    def __init__(self, path: Path, names: tuple[str, ...]) -> None:
        """Remembers the names of members."""
        self.path = path
        self.names = names
        self._opened: tuple[int, zipfile.ZipFile] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    def content(self, position: int) -> bytes:
        """The member's bytes."""
        return self._archive().read(self.names[position])

    def _archive(self) -> zipfile.ZipFile:
        if self._opened is None or self._opened[0] != os.getpid():  # a forked process would share the place in the file
            self._opened = (os.getpid(), zipfile.ZipFile(self.path))
        return self._opened[1]


def open_zip(path: Path, *, name: str) -> Container:
    """Lists the pictures in a zip.

    Args:
        path: the zip.
        name: what the user called it.

    Raises:
        zipfile.BadZipFile: it cannot be read.
    """
    with zipfile.ZipFile(path) as archive:
        members = sorted({info.filename for info in archive.infolist() if not info.is_dir()})
        paths = [member for member in members if not is_litter(member) and _holds_picture(archive, member)]
    layout = arrange(paths)
    store = ZipStore(path, tuple(paths[place] for place in layout.order))
    return Container(name, store, layout.ids, layout.labels, layout.class_names, layout.splits, layout.skipped)


def _holds_picture(archive: zipfile.ZipFile, member: str) -> bool:
    """Trusts a promising name, so that a broken picture is spoken of, and looks into the others."""
    if names_a_picture(member):
        return True
    try:
        return is_picture(archive.open(member))  # type: ignore[arg-type]  # a ZipExtFile is buffered
    except (OSError, RuntimeError, NotImplementedError, zipfile.BadZipFile):
        return False

"""The texts of the gallery: those of the sample, and what a network read of some."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from nearfar.errors import RunError, complaint

__all__ = ["Part", "Reading", "Seen", "read_seen", "sample_texts"]


class Part(NamedTuple):
    """A piece of what was read.

    Attributes:
        text: what stood there.
        is_other: whether it stood there in place of something else, or is to be predicted.
        was: what stood there before; "" where that is not known.
    """

    text: str
    is_other: bool
    was: str


class Reading(NamedTuple):
    """A view of a text as a network read it.

    Attributes:
        name: of the view.
        parts: what was read, in order.
        note: what there is to say of it, or "".
    """

    name: str
    parts: tuple[Part, ...]
    note: str


class Seen(NamedTuple):
    """Texts of an example, by name, and what was read of them."""

    texts: tuple[tuple[str, str], ...]
    read: tuple[Reading, ...]

    @property
    def is_marked(self) -> bool:
        """Whether anything was hidden or replaced."""
        return any(part.is_other for reading in self.read for part in reading.parts)


def sample_texts(gallery: Path, about: Mapping[str, Any], *, examples: int) -> tuple[str, ...] | None:
    """The text of each example of the sample; None where it has none.

    Args:
        gallery: the folder.
        about: what `gallery.json` holds.
        examples: how many there must be.

    Raises:
        RunError: there are more or fewer.
    """
    texts = about.get("texts")
    if texts is None:
        return None
    if len(texts) != examples:
        path, constraint = str(gallery / "gallery.json"), f"of {examples} texts, one an example"
        raise RunError(complaint("write_report", path, constraint, len(texts), "Make the gallery anew"))
    return tuple(map(str, texts))


def read_seen(entry: Mapping[str, Any]) -> Seen | None:
    """What was read of an example of the views; None where it is no text.

    Args:
        entry: of `views` in `gallery.json`.
    """
    if "read" not in entry:
        return None
    texts = tuple((str(name), str(text)) for name, text in entry["texts"])
    return Seen(texts, tuple(_reading(read) for read in entry["read"]))


def _reading(read: Mapping[str, Any]) -> Reading:
    return Reading(str(read["name"]), tuple(map(_part, read["parts"])), str(read.get("note") or ""))


def _part(part: str | Mapping[str, Any]) -> Part:
    if isinstance(part, str):
        return Part(part, False, "")
    return Part(str(part["text"]), True, str(part["was"] or ""))

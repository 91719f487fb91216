"""How a container gives the captions of its pictures, if somebody asks for them."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from jaxtyping import Int
from numpy import ndarray

from nearfar.data._containers.columns import column
from nearfar.errors import DataError, complaint

__all__ = ["CAPTIONS", "CaptionReader", "Captions", "caption_column", "column_reader", "reordered"]

CAPTIONS = ("caption", "captions", "text", "txt", "title", "alt_text", "alt", "description", "sentence", "prompt")
"""What columns of captions are called, the surest name first."""


class Captions(NamedTuple):
    """The captions of pictures as they were found.

    Attributes:
        values: one a position; None where there is none.
        skipped: file and reason of captions that belong to no picture or do not count.
    """

    values: Sequence[Any]
    skipped: tuple[tuple[str, str], ...] = ()


CaptionReader = Callable[[str | None, str], Captions]
"""`reader(wanted, where)`: the captions in the column that is wanted, or in one that is found where None."""


def caption_column(wanted: str | None, names: Collection[str], where: str) -> str:
    """The column of captions.

    Args:
        wanted: what the user asked for; None finds it.
        names: of all columns.
        where: who asks, for error sentences.

    Raises:
        DataError: there is no such column, or none is found.
    """
    name = column(wanted, names, CAPTIONS, argument="text_column", where=where)
    if name is None:
        known = ", ".join(list(names)[:12])
        next_step = f"Name the column of captions of {known}" if known else "Put KEY.txt beside KEY.png"
        raise DataError(complaint(where, "text_column", "a column of the data", None, next_step))
    return name


def column_reader(names: Collection[str], values: Callable[[str], Sequence[Any]]) -> CaptionReader:
    """The reader of a table.

    Args:
        names: of all columns.
        values: gives a column by its name.
    """
    return lambda wanted, where: Captions(values(caption_column(wanted, names, where)))


def reordered(reader: CaptionReader, order: Int[ndarray, "n"]) -> CaptionReader:
    """The reader of some rows of another, in the order given.

    Args:
        reader: the other.
        order: the row of each position.
    """

    def read(wanted: str | None, where: str) -> Captions:
        captions = reader(wanted, where)
        return captions._replace(values=[captions.values[row] for row in order.tolist()])

    return read

"""How data is read: the few choices that are the user's and not the data's."""

from dataclasses import dataclass

from nearfar.errors import complaint

__all__ = ["COLUMNS", "TEXT_COLUMNS", "Reading"]

TEXT_COLUMNS = ("text_column", "anchor_column", "positive_column", "negative_column", "score_column")
"""The columns of texts, by the names of the arguments."""
COLUMNS = ("image_column", *TEXT_COLUMNS, "label_column")
"""All columns, by the names of the arguments."""
_TRUNCATED = ("skip", "use")


@dataclass(frozen=True)
class Reading:
    """How data is read, wherever it comes from.

    Attributes:
        image_column: the column of a table that holds pictures or their paths; None finds it.
        text_column: the column of a table that holds texts, or the captions of pictures; None finds it.
        anchor_column: the column that holds the first texts of pairs, in place of `text_column`; None finds it.
        positive_column: the column that holds the texts which belong to them; None finds it.
        negative_column: the column that holds texts which resemble these and do not belong to them; None finds it.
        score_column: the column that says how alike the texts of each pair are; None finds it.
        label_column: the column of a table that holds labels; None finds it.
        truncated: what to do with pictures whose end is missing: "skip" them, or "use" what is there.
        strict: whether any file that cannot be used is an error that lists them all.
        cache: where decoded pictures are kept on disk: "auto" where that pays, "never", or in a folder of this path.
    """

    image_column: str | None = None
    text_column: str | None = None
    anchor_column: str | None = None
    positive_column: str | None = None
    negative_column: str | None = None
    score_column: str | None = None
    label_column: str | None = None
    truncated: str = "skip"
    strict: bool = False
    cache: str = "auto"

    def __post_init__(self) -> None:
        """Checks the values.

        Raises:
            ValueError: a value is none of those there are.
        """
        for name in COLUMNS:
            if getattr(self, name) == "":
                raise ValueError(complaint("Reading", name, "the name of a column", "", "Leave it out to find it"))
        if self.truncated not in _TRUNCATED:
            raise ValueError(complaint("Reading", "truncated", "'skip' or 'use'", self.truncated, "Try 'skip'"))
        if not isinstance(self.cache, str) or not self.cache:
            constraint = "'auto', 'never' or the path of a folder"
            raise ValueError(complaint("Reading", "cache", constraint, self.cache, "Try 'auto'"))

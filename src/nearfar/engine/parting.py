"""What an encoder is judged by: examples of classes that probes are fitted on, or classes that nothing was."""

from dataclasses import dataclass
from typing import Any

from nearfar.data.holdout import hold_out_classes
from nearfar.data.modality import open_data
from nearfar.data.reading import Reading
from nearfar.data.source import Source
from nearfar.engine.intake import parts
from nearfar.errors import complaint, suggestion

__all__ = ["Judged", "check_held_out", "judged_parts"]

HELD_OUT = ("examples", "classes")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Labelled examples to judge an encoder by.

    Attributes:
        train: what probes are fitted on; None where classes are held out.
        test: what is judged by.
        held_out: whether the test part was held out of the data, which has no test split.
        split: the name of the training part.
        others: the classes that were not held out, which nothing is done with; None where there are none.
    """

    train: Source | None
    test: Source
    held_out: bool
    split: str
    others: Source | None = None

    def facts(self) -> dict[str, Any]:
        """Which examples are used for what, in the types of JSON."""
        whole = self.others if self.train is None else self.train
        assert whole is not None
        fitted = 0 if self.train is None else len(self.train)
        facts = {
            "name": whole.name,
            "train": {"split": self.split, "examples": fitted, "fingerprint": whole.fingerprint},
            "test": {"name": self.test.name, "examples": len(self.test), "fingerprint": self.test.fingerprint},
            "held_out": self.held_out,
        }
        if self.others is None:
            return facts
        held, others = _classes(self.test), _classes(self.others)
        return facts | {"held_out_classes": {"classes": held, "of": held + others}}

    def title(self) -> str:
        """What the test part is, for people."""
        kind = "held out" if self.held_out else "test" if self.others is None else "classes held out"
        return f"{self.test.name}, {kind}"


def _classes(source: Source) -> int:
    assert source.labels is not None
    return len(set(source.labels[source.labels >= 0].tolist()))


def check_held_out(held_out: str, *, test: Any, layers: bool) -> bool:
    """Whether whole classes are held out.

    Args:
        held_out: "examples" or "classes".
        test: other data to judge by, if any.
        layers: whether layers are to be judged.

    Raises:
        ValueError: it is neither, or other data or layers are asked for with it.
    """
    if held_out not in HELD_OUT:
        constraint = "examples or classes"
        raise ValueError(complaint("evaluate", "held_out", constraint, held_out, suggestion(str(held_out), HELD_OUT)))
    if held_out == "examples":
        return False
    if test is not None:
        constraint = "left out where classes are held out"
        raise ValueError(complaint("evaluate", "test", constraint, str(test), "Name the data of all classes alone"))
    if layers:
        constraint = "left out where classes are held out: nothing is fitted on them"
        raise ValueError(complaint("evaluate", "layers", constraint, layers, "Leave one of the two out"))
    return True


def judged_parts(
    data: Any, *, modality: str, split: str | None, test: Any, unseen: bool, seed: int, reading: Reading, where: str
) -> Judged:
    """What to judge by, and what to fit probes on.

    Args:
        data: labelled examples.
        modality: what they are.
        split: of the data, to fit on or to hold classes out of.
        test: other data to score on; the data's test split, or else a part held out, when it is None.
        unseen: whether whole classes are held out.
        seed: of what is held out.
        reading: how to read both.
        where: who asks, for error sentences.

    Raises:
        DataError: the data cannot be used; see `intake.parts` and `hold_out_classes`.
    """
    if not unseen:
        part = parts(data, modality=modality, split=split, test=test, seed=seed, reading=reading, where=where)
        return Judged(train=part.train, test=part.test, held_out=part.held_out, split=split or "train")
    whole = open_data(data, modality=modality, split=split, reading=reading, where=where)
    others, held = hold_out_classes(whole, seed=seed, where=where)
    return Judged(train=None, test=held, held_out=False, split=split or "train", others=others)

"""What an encoder is judged by: examples of classes that probes are fitted on, or what nothing is fitted on."""

from dataclasses import dataclass
from typing import Any

from nearfar.data.holdout import hold_out_classes
from nearfar.data.modality import open_data, splits_of
from nearfar.data.reading import Reading
from nearfar.data.source import Source
from nearfar.engine.intake import parts
from nearfar.errors import complaint, suggestion

__all__ = ["Judged", "check_held_out", "judged_parts"]

HELD_OUT = ("examples", "classes")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Examples to judge an encoder by.

    Attributes:
        train: what probes are fitted on; None where nothing is.
        test: what is judged by.
        held_out: whether the test part was held out of the data, which has no test split.
        split: the name of the training part or, where nothing is fitted on any, of the test part; None where the test
            part is all there is.
        others: the classes that were not held out, which nothing is done with; None where there are none.
    """

    train: Source | None
    test: Source
    held_out: bool
    split: str | None
    others: Source | None = None

    def facts(self) -> dict[str, Any]:
        """Which examples are used for what, in the types of JSON."""
        test = {"name": self.test.name, "examples": len(self.test), "fingerprint": self.test.fingerprint}
        facts = {"modality": self.test.modality, "held_out": self.held_out}
        whole = self.others if self.train is None else self.train
        if whole is None:
            nothing = {"split": None, "examples": 0, "fingerprint": None}
            return facts | {"name": self.test.name, "train": nothing, "test": {"split": self.split, **test}}
        train = {"split": self.split, "examples": len(self.train or ()), "fingerprint": whole.fingerprint}
        facts |= {"name": whole.name, "train": train, "test": test}
        if self.others is None:
            return facts
        held, others = _classes(self.test), _classes(self.others)
        return facts | {"held_out_classes": {"classes": held, "of": held + others}}

    def title(self) -> str:
        """What the test part is, for people."""
        if self.train is None and self.others is None:
            return self.test.name if self.split is None else f"{self.test.name}, {self.split}"
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
    data: Any,
    *,
    modality: str,
    split: str | None,
    test: Any,
    unseen: bool,
    seed: int,
    reading: Reading,
    where: str,
    fits: bool = True,
    whole: Source | None = None,
) -> Judged:
    """What to judge by, and what to fit probes on.

    Args:
        data: examples.
        modality: what they are.
        split: of the data, to fit on or to hold classes out of; where nothing is fitted, to judge by.
        test: other data to score on; the data's test split, or else a part held out or, where nothing is fitted, all of
            it, when it is None.
        unseen: whether whole classes are held out.
        seed: of what is held out.
        reading: how to read both.
        where: who asks, for error sentences.
        fits: whether probes are fitted on a part of it.
        whole: that split of the data, where it is open already.

    Raises:
        DataError: the data cannot be used; see `intake.parts` and `hold_out_classes`.
    """

    def opened(data: Any, split: str | None) -> Source:
        return open_data(data, modality=modality, split=split, reading=reading, where=where)

    whole = opened(data, split) if whole is None else whole
    if unseen:
        others, held = hold_out_classes(whole, seed=seed, where=where)
        return Judged(train=None, test=held, held_out=False, split=split or "train", others=others)
    if fits:
        part = parts(
            data, modality=modality, split=split, test=test, seed=seed, reading=reading, where=where, train=whole
        )
        return Judged(train=part.train, test=part.test, held_out=part.held_out, split=split or "train")
    if test is None and split is not None:
        return Judged(train=None, test=whole, held_out=False, split=split)
    place = data if test is None else test
    there = splits_of(place, modality=modality, reading=reading)
    name = next((each for each in ("test", "val") if each in there), None)
    kept = whole if test is None and name is None else opened(place, name)
    return Judged(train=None, test=kept, held_out=False, split=name or ("train" if "train" in there else None))

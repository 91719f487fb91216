"""What an encoder is judged by and on, settled before anything is computed."""

from collections.abc import Sequence
from typing import Any

from nearfar.api.ready import check_list
from nearfar.data import Reading
from nearfar.engine import Encoder
from nearfar.engine.judge import PROBES, check_labels, check_probes
from nearfar.engine.judge_pairs import ASKED, check_prompts, unfitted
from nearfar.engine.parting import Judged, judged_parts
from nearfar.engine.suited import check_suited, usual_probes
from nearfar.errors import complaint

__all__ = ["checked_probes", "checked_prompts", "parted"]


def checked_probes(probes: Sequence[str] | None, *, where: str, unseen: bool = False, more: Sequence[str] = ()) -> None:
    """Refuses probes that are unknown, as far as that can be said without data.

    Args:
        probes: their names; None for the usual ones.
        where: who asks, for error sentences.
        unseen: whether nothing may be fitted on the classes that are judged by.
        more: probes that there are beside those of frozen encoders.

    Raises:
        TypeError: it is no list of names.
        ValueError: a probe is unknown or cannot judge so, or there is none.
    """
    if probes is not None:
        check_list(where, "probes", probes)
        check_probes(probes, where=where, unseen=unseen, known=(*PROBES, *ASKED, *more))


def checked_prompts(prompts: Sequence[str] | None, probes: Sequence[str] | None) -> None:
    """Refuses prompts that describe no class, or that no probe reads.

    Args:
        prompts: templates; None for the usual one.
        probes: what is to be asked; None for the usual ones.

    Raises:
        TypeError: it is no list of texts.
        ValueError: a template has no place for a name, or nothing asks for them.
    """
    if prompts is None:
        return
    check_list("evaluate", "prompts", prompts)
    check_prompts(prompts)
    if probes is not None and "zeroshot" not in probes:
        constraint = "left out without the probe zeroshot"
        raise ValueError(complaint("evaluate", "prompts", constraint, list(prompts), "Add zeroshot to the probes"))


def parted(
    encoder: Encoder,
    data: Any,
    *,
    probes: Sequence[str] | None,
    seed: int,
    reading: Reading,
    where: str,
    split: str | None = None,
    test: Any = None,
    unseen: bool = False,
    layers: bool = False,
) -> tuple[Judged, tuple[str, ...]]:
    """What to judge by and what to fit probes on, and the probes, all of which can be asked.

    Args:
        encoder: what is judged.
        data: examples.
        probes: their names; None for those that are usual for such examples.
        seed: of what is held out.
        reading: how the data is read.
        where: who asks, for error sentences.
        split: of the data.
        test: other data to score on.
        unseen: whether whole classes are held out.
        layers: whether probes are fitted on layers too.

    Raises:
        DataError: the data cannot be used, or has no answer to a probe.
    """
    whole = encoder.opened(data, split=split, reading=reading, where=where)
    chosen = usual_probes(whole, unseen=unseen) if probes is None else tuple(probes)
    check_suited(chosen, whole, encoder, where=where, unseen=unseen)
    fits = layers or len(unfitted(chosen, whole)) < len(chosen)
    part = judged_parts(
        data, modality=whole.modality, split=split, test=test, unseen=unseen, seed=seed, reading=reading, where=where,
        fits=fits, whole=whole,
    )  # fmt: skip
    check_suited(chosen, part.test, encoder, where=where, unseen=unseen)
    if fits and part.train is not None:
        check_labels(part.train, "training", where=where)
    if fits or unseen or "zeroshot" in chosen:
        check_labels(part.test, "test", where=where)
    return part, chosen

"""What an encoder is worth on data that it has not learned from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nearfar.api.loading import alike, encoder_of
from nearfar.api.ready import check_list, tell
from nearfar.data import Reading
from nearfar.engine import Encoder, Run, Scores
from nearfar.engine.intake import account
from nearfar.engine.judge import check_labels, check_probes, judge
from nearfar.engine.parting import Judged, judged_parts
from nearfar.errors import complaint
from nearfar.recipes import check_said

__all__ = ["transfer"]


def transfer(
    run: str | Path | Run | Encoder,
    datasets: Sequence[str | Path | Any],
    *,
    probes: Sequence[str] = ("knn", "linear", "fewshot"),
    baselines: bool = True,
    seed: int = 0,
    reading: Reading = Reading(),  # noqa: B008  # which is frozen
) -> list[Scores]:
    """Judges one encoder on several data sets, each beside raw input and the untrained network.

    Probes are fitted and scored on each data set by itself, as `evaluate` does; the encoder stays as it is. Gray
    pictures are shown to an encoder of colours as they are, and colours to one of gray without their colour. Nothing is
    written.

    Args:
        run: a run, its folder, or an encoder.
        datasets: labelled data sets, each as for `evaluate`.
        probes: of knn, linear, fewshot, ridge, cluster and retrieval.
        baselines: whether to judge raw input and the untrained network too.
        seed: of what is held out and of the probes' draws.
        reading: how data is read; columns and what to do with truncated pictures, unless stated, as in the run.

    Returns:
        The scores of each data set, in their order.

    Raises:
        DataError: a data set cannot be used, or has no labels.
        RunError: there is no encoder, or it is damaged.
        ValueError: a probe is unknown, or there is no data set.
    """
    check_list("transfer", "datasets", datasets)
    if not datasets:
        raise ValueError(complaint("transfer", "datasets", "at least one", [], "Name a labelled data set"))
    check_list("transfer", "probes", probes)
    check_probes(probes, where="transfer")
    check_said("transfer", seed=seed)
    encoder = encoder_of(run)
    opened = [_opened(encoder, data, seed=seed, reading=alike(run, reading, data)) for data in datasets]
    found = []
    for part in opened:
        assert part.train is not None
        tell(account(part.train, role="Fitting on"), account(part.test, role="Judging by", again=part.held_out))
        scores, others, _ = judge(encoder, part.train, part.test, probes=probes, baselines=baselines, seed=seed)
        found.append(Scores(part.facts(), scores, others))
    return found


def _opened(encoder: Encoder, data: Any, *, seed: int, reading: Reading) -> Judged:
    """A data set that can be judged by: what cannot is said before anything is computed."""
    modality = encoder.modality_of(data, reading=reading)
    part = judged_parts(
        data, modality=modality, split=None, test=None, unseen=False, seed=seed, reading=reading, where="transfer"
    )
    assert part.train is not None
    check_labels(part.train, "training", where="transfer")
    check_labels(part.test, "test", where="transfer")
    return part

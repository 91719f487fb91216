"""What an encoder is worth on data that it has not learned from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nearfar.api.loading import alike, encoder_of
from nearfar.api.parted import checked_probes, parted
from nearfar.api.ready import check_list, tell
from nearfar.data import Reading
from nearfar.engine import Encoder, Run, Scores
from nearfar.engine.intake import account
from nearfar.engine.judge import judge
from nearfar.errors import complaint
from nearfar.recipes import check_said

__all__ = ["transfer"]


def transfer(
    run: str | Path | Run | Encoder,
    datasets: Sequence[str | Path | Any],
    *,
    probes: Sequence[str] | None = None,
    baselines: bool = True,
    seed: int = 0,
    reading: Reading = Reading(),  # noqa: B008  # which is frozen
) -> list[Scores]:
    """Judges one encoder on several data sets, each beside what it has to beat there.

    Probes are fitted and scored on each data set by itself, as `evaluate` does; the encoder stays as it is. Gray
    pictures are shown to an encoder of colours as they are, and colours to one of gray without their colour. Nothing is
    written.

    Args:
        run: a run, its folder, or an encoder.
        datasets: each as for `evaluate`.
        probes: as for `evaluate`, but for finetune; where none is named those that are usual for each data set.
        baselines: whether to judge what the encoder has to beat too.
        seed: of what is held out and of the probes' draws.
        reading: how data is read; columns and what to do with truncated pictures, unless stated, as in the run.

    Returns:
        The scores of each data set, in their order.

    Raises:
        DataError: a data set cannot be used, or has no labels, or a probe does not suit it.
        RunError: there is no encoder, or it is damaged.
        ValueError: a probe is unknown, or there is no data set.
    """
    check_list("transfer", "datasets", datasets)
    if not datasets:
        raise ValueError(complaint("transfer", "datasets", "at least one", [], "Name a labelled data set"))
    checked_probes(probes, where="transfer")
    check_said("transfer", seed=seed)
    encoder = encoder_of(run)
    opened = [
        parted(encoder, data, probes=probes, seed=seed, reading=alike(run, reading, data), where="transfer")
        for data in datasets
    ]
    found = []
    for part, chosen in opened:
        fitting = [] if part.train is None else [account(part.train, role="Fitting on")]
        tell(*fitting, account(part.test, role="Judging by", again=part.held_out))
        scores, others, _ = judge(encoder, part.train, part.test, probes=chosen, baselines=baselines, seed=seed)
        found.append(Scores(part.facts(), scores, others))
    return found

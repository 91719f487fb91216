"""The probe that fine-tunes: what an encoder is worth where labels are few, beside the same network from scratch."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nearfar.api.learning import finetune
from nearfar.api.running import Wish, learn
from nearfar.data import Source, with_few_labels
from nearfar.engine import Classifier, Encoder, Run
from nearfar.probes import Score, wilson_interval

__all__ = ["finetuned"]

LABELS = (0.01, 0.1, 1.0)
"""The parts of the labels, as in SimCLR's table of semi-supervised learning."""


def finetuned(
    encoder: Encoder,
    train: Source,
    test: Source,
    *,
    fractions: Sequence[float] = LABELS,
    seed: int = 0,
    steps: int | None = None,
) -> tuple[dict[str, Score], dict[str, Score]]:
    """Fine-tunes an encoder on parts of the labels, and trains the same network on them from scratch.

    From scratch the network takes as many steps as the fine-tuned one, at the rate that suits it. Test examples are
    looked at once, at the end.

    Args:
        encoder: what is judged; it stays as it is.
        train: labelled examples.
        test: labelled examples with the same classes.
        fractions: the parts of the labels.
        seed: of which labels are used, and of the runs.
        steps: of each run; as many as the recipe of fine-tuning takes when it is not given.

    Returns:
        By "finetune@1%" and so on, the accuracy of the fine-tuned network and of that from scratch.

    Source: the parts of the labels, SimCLR, Chen et al. 2020 (arXiv 2002.05709), table 7.
    """
    own: dict[str, Score] = {}
    scratch: dict[str, Score] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        encoder.save(folder)
        for fraction in fractions:
            part, name = with_few_labels(train, fraction=fraction, seed=seed), f"finetune@{fraction:.0%}"
            tuned = finetune(folder, part, steps=steps, seed=seed, out=folder / name)
            taken = tuned.record["steps"]
            begun = learn(
                Wish(
                    where="evaluate", method="supervised", data=part, spec=encoder.spec, steps=taken, seed=seed,
                    out=folder / f"scratch-{name}",
                )
            )  # fmt: skip
            settings = {"labels": len(part), "steps": taken, "seed": seed}
            own[name], scratch[name] = (_score(run, test, settings) for run in (tuned, begun))
    return own, scratch


def _score(run: Run, test: Source, settings: dict[str, int]) -> Score:
    """The accuracy of a run's classifier on the labelled test examples."""
    assert test.labels is not None
    known = test.select(np.flatnonzero(test.labels >= 0))
    assert known.labels is not None
    predicted = Classifier.load(run.path).predict(known).labels
    wanted = [known.class_names[label] for label in known.labels]
    accuracy = sum(map(str.__eq__, predicted, wanted)) / len(known)
    return Score(accuracy, wilson_interval(accuracy, len(known)), {**settings, "test_rows": len(known)})

"""The probe that fine-tunes, on little data."""

from typing import Any

import numpy as np
import pytest

import nearfar
from nearfar.api import finetuned as probe
from nearfar.api import judging
from nearfar.cli.scores import score_table
from nearfar.data import Pictures, open_source
from nearfar.engine import Encoder, ImageSpec
from nearfar.probes import Score


def pictures(count: int, seed: int) -> Pictures:
    """Bright and dark pictures: classes that a step or two tell apart."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    pixels = generator.integers(0, 100, (count, 8, 8)) + 150 * labels[:, None, None]
    source = open_source((pixels.astype(np.uint8), labels), where="test")
    assert isinstance(source, Pictures)
    return source


@pytest.mark.slow
def test_each_part_of_the_labels_is_scored_beside_the_same_network_from_scratch(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "LABELS", (0.1, 1.0))
    run = nearfar.pretrain("simclr", pictures(40, 0), steps=2, batch_size=16, out=tmp_path / "run", hidden_dim=16)
    before = {name: value.clone() for name, value in run.encoder.backbone.state_dict().items()}
    encoder = run.encoder
    own, scratch = probe.finetuned(encoder, pictures(40, 1), pictures(30, 2), steps=30)
    assert list(own) == list(scratch) == ["finetune@10%", "finetune@100%"]
    assert own["finetune@10%"].settings == {"labels": 4, "steps": 30, "seed": 0, "test_rows": 30}
    assert scratch["finetune@100%"].settings["labels"] == 40
    assert own["finetune@100%"].accuracy >= 0.9
    low, high = own["finetune@100%"].interval
    assert low <= own["finetune@100%"].accuracy <= high
    assert all((before[name] == value).all() for name, value in encoder.backbone.state_dict().items())


def test_evaluate_puts_fine_tuning_beside_the_probes_and_scratch_beside_the_untrained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = Score(0.75, (0.7, 0.8), {"labels": 4})
    monkeypatch.setattr(judging, "finetuned", lambda *_, **__: ({"finetune@1%": made}, {"finetune@1%": made}))
    spec = ImageSpec(backbone="small", stem=None, size=8, channels=1, mean=(0.5,), std=(0.25,), seed=0)
    data = {"test": pictures(20, 2), "baselines": True}
    scores = nearfar.evaluate(Encoder(spec, spec.build()), pictures(30, 1), probes=["knn", "finetune"], **data)
    assert list(scores.scores) == ["knn", "finetune@1%"]
    assert list(scores.baselines["untrained"]) == ["knn", "finetune@1%"]
    assert list(scores.baselines["raw"]) == ["knn"]
    assert score_table(scores.as_dict()).row_count == 3
    alone = nearfar.evaluate(Encoder(spec, spec.build()), pictures(30, 1), probes=["finetune"], **data)
    assert list(alone.scores) == list(alone.baselines["untrained"]) == ["finetune@1%"]
    with pytest.raises(ValueError, match=r"probes must be of knn, .*, finetune\. Got 'finetun'\. Did you mean"):
        nearfar.evaluate(Encoder(spec, spec.build()), pictures(30, 1), probes=["finetun"])

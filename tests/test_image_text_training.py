"""CLIP, ALIGN and SigLIP under the one loop: pictures and captions find each other."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from squares import pair_policy, squares, towers_spec

from nearfar.engine import Encoder, ImageTextSpec, build_optimizer, train
from nearfar.methods import ALIGN, CLIP, Method, SigLIP, Step
from nearfar.schedules import warmup_cosine
from nearfar.views import ViewPlan

pytest.importorskip("tokenizers")

STEPS = 60
METHODS: dict[str, tuple[type[Method], dict[str, Any]]] = {
    "clip": (CLIP, {}),
    "align": (ALIGN, {"temperature": 0.2}),
    "siglip": (SigLIP, {"temperature": 0.2, "bias": -5.0}),
}


@pytest.fixture(scope="module")
def spec() -> ImageTextSpec:
    return towers_spec()


def started(name: str, spec: ImageTextSpec, **options: Any) -> tuple[Method, torch.optim.Optimizer]:
    torch.manual_seed(0)
    make, own = METHODS[name]
    method = make(spec.build(), **own, **options)
    return method, build_optimizer("adamw", method, learning_rate=2e-3, weight_decay=0.0)


def trained(
    method: Method, optimizer: torch.optim.Optimizer, spec: ImageTextSpec, *, first: int = 0, stop: int = STEPS
) -> list[Step]:
    plan, done = ViewPlan(pair_policy(), seed=0, micro_steps=STEPS), []

    def note(step: int, results: list[Step]) -> None:
        done.append(results[0])
        if step == stop:
            raise StopIteration

    with pytest.raises(StopIteration):
        train(
            method, spec.feed(squares(), plan=plan, batch_size=32, seed=0), plan, optimizer,
            steps=STEPS, schedule=partial(warmup_cosine, warmup=0.1), first_step=first, watch=note,
        )  # fmt: skip
    return done


def recalls(spec: ImageTextSpec, method: Method) -> list[float]:
    """How often the caption of a picture, and the picture of a caption, is the first of 64 that is found."""
    encoder = Encoder(spec, method.backbone)
    found = [encoder.embed(source).vectors for source in (squares().pictures, squares().captions)]
    image, text = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True) for vectors in found)
    return [float((each.argmax(axis=1) == np.arange(64)).mean()) for each in (image @ text.T, text @ image.T)]


@pytest.mark.parametrize("name", METHODS)
def test_pictures_and_captions_find_each_other(name: str, spec: ImageTextSpec) -> None:
    method, optimizer = started(name, spec)
    assert max(recalls(spec, method)) < 0.2
    steps = trained(method, optimizer, spec)
    assert min(recalls(spec, method)) > 0.9
    assert float(steps[-1].loss) < (method.floor(32) + method.chance(32)) / 2
    assert steps[0].logs["temperature"] != steps[-1].logs["temperature"]


@pytest.mark.parametrize("frozen", ["image", "text"])
def test_a_tower_finds_one_that_is_frozen(frozen: str, spec: ImageTextSpec) -> None:
    method, optimizer = started("clip", spec, frozen=frozen)
    trained(method, optimizer, spec)
    untrained, towers = spec.build().state_dict(), method.backbone.state_dict()
    same = {key for key, value in untrained.items() if torch.equal(towers[key], value)}
    assert {key for key in untrained if key.startswith(f"{frozen}.")} <= same
    assert not {"image_projection.weight", "text_projection.weight"} & same
    assert min(recalls(spec, method)) > 0.5


def test_a_run_goes_on_as_if_it_had_not_stopped(spec: ImageTextSpec) -> None:
    whole, half = started("siglip", spec), started("siglip", spec)
    trained(*whole, spec, stop=12)
    trained(*half, spec, stop=6)
    trained(*half, spec, first=6, stop=12)
    for name, value in whole[0].state_dict().items():
        assert torch.equal(value, half[0].state_dict()[name]), name

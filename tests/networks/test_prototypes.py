"""Prototypes: cosines, unit length after every step, still while frozen."""

import pytest
import torch
import torch.nn.functional as F

from nearfar.networks import Prototypes


def test_scores_are_cosines() -> None:
    prototypes, z = Prototypes(5, 7), torch.randn(3, 5)
    expected = F.cosine_similarity(z[:, None], prototypes.weight[None], dim=2)
    torch.testing.assert_close(prototypes(z), expected)
    assert [name for name, _ in prototypes.named_parameters()] == ["weight"]


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.AdamW])
def test_frozen_until_then_of_length_one_always(optimizer: type[torch.optim.Optimizer]) -> None:
    prototypes = Prototypes(5, 7, freeze=0.35)
    start = prototypes.weight.detach().clone()
    stepper = optimizer(prototypes.parameters(), lr=0.1, weight_decay=0.1)
    for step in range(1, 6):
        prototypes(torch.randn(3, 5)).sum().backward()
        assert prototypes.weight.grad is not None
        stepper.step()
        stepper.zero_grad()
        prototypes.settle(step / 10)
        torch.testing.assert_close(prototypes.weight.norm(dim=1), torch.ones(7))
        assert torch.allclose(prototypes.weight, start, atol=1e-5) == (step <= 4), "the first four steps begin frozen"


def test_frozen_is_part_of_the_state() -> None:
    frozen, free = Prototypes(2, 3, freeze=0.5), Prototypes(2, 3)
    free.load_state_dict(frozen.state_dict())
    assert bool(free.frozen)


@pytest.mark.usefixtures("as_users_call")
def test_a_run_cannot_be_frozen_to_its_end() -> None:
    with pytest.raises(ValueError, match=r"^Prototypes: freeze must be a part of the run in \[0, 1\)\. Got 1\. Try"):
        Prototypes(2, 3, freeze=1)

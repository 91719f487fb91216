"""Every joint-embedding method takes views of text as it takes those of pictures."""

from collections.abc import Callable

import pytest
import torch
from cases import CASES, EXAMPLES

from nearfar.methods import Batch, Method
from nearfar.networks import TextTransformer
from nearfar.views import Draws, TextPolicy, Tokens, span_crops, token_masks, twins

BY_VIEW = (
    "barlowtwins",
    "byol",
    "drlim",
    "instdisc",
    "matchnet",
    "moco",
    "mocov3",
    "nnclr",
    "quadruplet",
    "simclr",
    "simsiam",
    "supcon",
    "supervised",
    "triplet",
    "vicreg",
)
BY_SIZE = ("dino", "lejepa", "swav")
"""Those that pass views of one size together."""


def texts(step: int = 0) -> Tokens:
    """Sixteen texts of four kinds that have words of their own, of five to nine tokens."""
    generator = torch.Generator().manual_seed(step)
    lengths = 7 + torch.arange(EXAMPLES) % 5
    kind = torch.arange(EXAMPLES)[:, None] % 4
    ids = 5 + 8 * kind + torch.randint(0, 8, (EXAMPLES, 11), generator=generator)
    place = torch.arange(11)
    content = (place > 0) & (place < lengths[:, None] - 1)
    ids = torch.where(content, ids, torch.where(place == 0, 2, torch.where(place == lengths[:, None] - 1, 3, 0)))
    return Tokens(ids, lengths, torch.where(content, place - 1, -1))


def batch_of(policy: TextPolicy, step: int = 0) -> Batch:
    index = torch.arange(EXAMPLES)
    return Batch(policy(texts(step), Draws.of(0, step, index)), index % 4, index)


def method_of(name: str) -> Method:
    return CASES[name].make(TextTransformer(40, dim=16, depth=1, heads=2, max_length=16))


def check_a_step(name: str, policy: TextPolicy) -> None:
    method = method_of(name).train()
    step = method(batch_of(policy))
    step.loss.backward()
    assert step.loss.isfinite()
    assert method.backbone.token.weight.grad.abs().sum() > 0
    method.update([step], 0.5)
    assert method.embed(texts()).shape == (EXAMPLES, 16)


@pytest.mark.parametrize("name", BY_VIEW)
def test_a_step(name: str) -> None:
    check_a_step(name, span_crops(num_views=CASES[name].num_views))


@pytest.mark.parametrize("policy", [twins(), token_masks(mask_id=4, vocab_size=40, masked=0.3)], ids=["twins", "masks"])
def test_a_step_of_other_views(policy: TextPolicy) -> None:
    check_a_step("simclr", policy)


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize("name", BY_SIZE)
@pytest.mark.parametrize("policy", [twins, span_crops], ids=["of one width", "of several"])
def test_a_step_of_views_that_pass_together(name: str, policy: Callable[..., TextPolicy]) -> None:
    check_a_step(name, policy(**{"times" if policy is twins else "num_views": CASES[name].num_views}))


@pytest.mark.parametrize("name", ["simclr", "byol", "vicreg"])
def test_kinds_of_text_come_together(name: str) -> None:
    """Two spans of a text share its kind's words: after some steps texts of a kind lie nearer than others."""
    method, policy = method_of(name).train(), span_crops()
    optimizer = torch.optim.AdamW(method.parameters(), lr=1e-2)
    for number in range(15):
        torch.manual_seed(number)
        step = method(batch_of(policy, number))
        optimizer.zero_grad()
        step.loss.backward()
        optimizer.step()
        method.update([step], (number + 1) / 15)
    with torch.no_grad():
        h = torch.nn.functional.normalize(method.eval().embed(texts(1000)), dim=1)
    cosine, same = h @ h.T, torch.arange(EXAMPLES)[:, None] % 4 == torch.arange(EXAMPLES) % 4
    off = ~torch.eye(EXAMPLES, dtype=torch.bool)
    assert cosine[same & off].mean() > cosine[~same].mean() + 0.2

"""One view of a picture and one of its caption."""

import numpy as np
import pytest
import torch

from nearfar.views import (
    Draws,
    ImageView,
    PairPolicy,
    TextPolicy,
    Tokens,
    ViewPlan,
    crop_resize,
    simclr,
    span_crops,
    twins,
)

PICTURES = simclr(16, mean=(0.5,), std=(0.25,), num_views=1)
CAPTIONS = span_crops(num_views=1)


def pairs(n: int = 6) -> tuple[torch.Tensor, Tokens]:
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 256, (n, 1, 16, 16), dtype=torch.uint8, generator=generator)
    place = torch.arange(12)
    words = torch.where((place > 0) & (place < 11), place - 1, -1).expand(n, 12)
    ids = torch.randint(5, 99, (n, 12), generator=generator)
    return pictures, Tokens(ids, torch.full((n,), 12), words)


def plan(**settings: object) -> ViewPlan:
    return ViewPlan(PairPolicy(PICTURES, CAPTIONS), seed=0, micro_steps=10, **settings)


def test_it_gives_one_view_of_each_and_leaves_the_pairs_as_they_are() -> None:
    pictures, captions = pairs()
    before = pictures.clone(), captions.ids.clone()
    picture, caption = plan().views(3, (pictures, captions), torch.arange(6))
    assert picture.shape == (6, 1, 16, 16)
    assert picture.is_contiguous(memory_format=torch.channels_last)
    assert isinstance(caption, Tokens)
    assert (caption.lengths < captions.lengths).any()
    assert torch.equal(pictures, before[0])
    assert torch.equal(captions.ids, before[1])


def test_a_pair_s_views_are_the_same_in_any_company() -> None:
    pictures, captions = pairs()
    index = torch.arange(6)
    picture, caption = plan().views(3, (pictures, captions), index)
    alone = plan().views(3, (pictures[4:5], captions.rows(slice(4, 5))), index[4:5])
    torch.testing.assert_close(alone[0], picture[4:5])
    length = int(caption.lengths[4])
    assert torch.equal(alone[1].ids[0, :length], caption.ids[4, :length])


def test_what_is_drawn_for_the_picture_is_apart_from_what_is_drawn_for_its_caption(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys: list[torch.Tensor] = []

    def note(examples: object, draws: Draws) -> object:
        keys.append(draws.keys)
        return examples

    monkeypatch.setattr(ImageView, "__call__", lambda self, pictures, draws: note(pictures.float(), draws))
    PairPolicy(PICTURES, TextPolicy((note,)))(pairs(), Draws.of(0, 0, torch.arange(6)))
    assert len(torch.cat(keys).unique()) == 12


def test_crops_of_a_loader_give_the_view_of_the_canvas() -> None:
    pictures, captions = pairs()
    rows = np.arange(6)
    ((boxes, size),) = plan()(2, rows, torch.full((6,), 16), torch.full((6,), 16))
    assert size == 16
    policy, draws = plan().at(2), Draws.of(0, 2, torch.from_numpy(rows))
    cut = crop_resize(pictures, boxes, size=size)
    torch.testing.assert_close(policy(((cut,), captions), draws)[0], policy((pictures, captions), draws)[0])


def test_the_resolution_is_the_picture_s() -> None:
    scheduled = plan(stages=((0.0, 0.5), (0.5, 1.0)))
    assert [scheduled.at(step).image.views[0].size for step in (0, 9)] == [8, 16]
    assert scheduled.at(0).text == CAPTIONS
    picture, caption = scheduled.views(0, pairs(), torch.arange(6))
    assert picture.shape[2:] == (8, 8)
    assert torch.equal(caption.ids, scheduled.at(9)(pairs(), Draws.of(0, 0, torch.arange(6)))[1].ids)


@pytest.mark.parametrize(("image", "text", "name"), [
    (simclr(16, mean=(0.5,), std=(0.25,)), CAPTIONS, "image"), (PICTURES, twins(), "text"),
])  # fmt: skip
def test_several_views_of_one_are_refused(image: object, text: object, name: str) -> None:
    with pytest.raises(ValueError, match=rf"PairPolicy: {name} must be of one view\. Got 2\. Give a policy of one"):
        PairPolicy(image, text)  # type: ignore[arg-type]

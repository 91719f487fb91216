"""Two towers: what a view is says who reads it, and a frozen tower stays as it is."""

import copy

import pytest
import torch
from towers import pair_batch, tiny_towers

from nearfar.networks import Backbone, SmallResNet, TwoTowers, dim_of, two_towers


def test_each_view_goes_through_its_own_tower_and_projection() -> None:
    towers, (pictures, captions) = tiny_towers(dim=5).eval(), pair_batch(4).views
    assert dim_of(towers) == 5
    image = towers.image(pictures) @ towers.image_projection.weight.T
    text = towers.text(captions) @ towers.text_projection.weight.T
    torch.testing.assert_close(towers(pictures), image)
    torch.testing.assert_close(towers(captions), text)
    assert image.shape == text.shape == (4, 5)
    assert not isinstance(towers, Backbone), "its locations would be of two kinds"


@pytest.mark.parametrize("frozen", ["none", "image", "text"])
def test_a_frozen_tower_stays_as_it_is_and_its_projection_does_not(frozen: str) -> None:
    towers = two_towers(tiny_towers(dropout=0.5), frozen=frozen, where="test").train()
    before, (pictures, captions) = copy.deepcopy(towers.state_dict()), pair_batch(8).views
    optimizer = torch.optim.AdamW([w for w in towers.parameters() if w.requires_grad], lr=0.1)
    (towers(pictures) - towers(captions)).square().mean().backward()
    optimizer.step()
    moved = {name for name, value in towers.state_dict().items() if not torch.equal(value, before[name])}
    parts = {name.split(".")[0] for name in moved}
    assert parts == {"image", "text", "image_projection", "text_projection"} - {frozen}
    assert towers.image.training == (frozen != "image")
    assert towers.text.training == (frozen != "text")
    assert all(w.grad is None for w in towers.parameters() if not w.requires_grad)


def test_a_frozen_tower_wakes_when_it_is_frozen_no_longer() -> None:
    towers = two_towers(two_towers(tiny_towers(), frozen="text", where="test"), frozen="none", where="test").train()
    assert towers.text.training
    assert all(weight.requires_grad for weight in towers.parameters())


@pytest.mark.usefixtures("as_users_call")
def test_what_is_no_two_towers_is_refused_in_one_sentence() -> None:
    with pytest.raises(
        ValueError, match=r"CLIP: backbone must be two towers, of pictures and of texts\. Got 'SmallRes"
    ):
        two_towers(SmallResNet(), frozen="none", where="CLIP")
    with pytest.raises(ValueError, match=r"CLIP: frozen must be one of none, image, text\. Got 'images'\. Did you mea"):
        two_towers(tiny_towers(), frozen="images", where="CLIP")
    with pytest.raises(TypeError, match=r"backbone: dim must be the width of the representation\. Got 'Linear'"):
        TwoTowers(torch.nn.Linear(3, 3), SmallResNet(), dim=4)

"""Fixed positions against their equation."""

import math

import pytest
import torch

from nearfar.networks import backbone, sine_cosine


def test_positions_are_their_equation() -> None:
    rows, columns, dim = 3, 5, 12
    found = sine_cosine(rows, columns, dim)
    assert found.shape == (15, 12)
    for place, vector in enumerate(found.tolist()):
        row, column = divmod(place, columns)
        waves = [10000 ** (-4 * i / dim) for i in range(3)]
        expected = [function(at * wave) for at in (column, row) for function in (math.sin, math.cos) for wave in waves]
        assert vector == pytest.approx(expected, abs=1e-6)


def test_a_vit_starts_with_them_and_its_class_token_has_no_place() -> None:
    net = backbone("vit_tiny_patch16_224", size=32, channels=1).net
    assert torch.equal(net.pos_embed[0, 1:], sine_cosine(8, 8, 192))
    assert (net.pos_embed[0, 0] == 0).all()
    assert net.pos_embed.requires_grad


@pytest.mark.usefixtures("as_users_call")
def test_a_width_that_four_does_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^sine_cosine: dim must be a multiple of 4\. Got 18\. Try 16\.$"):
        sine_cosine(2, 2, 18)

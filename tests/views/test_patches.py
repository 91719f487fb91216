"""The grid of patches: whole coverage, even steps, the right pixels."""

import pytest
import torch

from nearfar.views import patch_grid


def test_seven_by_seven_as_in_cpc() -> None:
    pictures = torch.arange(2 * 3 * 256 * 256).view(2, 3, 256, 256)
    patches = patch_grid(pictures, patch=64, grid=7)
    assert patches.shape == (2, 7, 7, 3, 64, 64)
    assert torch.equal(patches[1, 2, 5], pictures[1, :, 64:128, 160:224])
    assert torch.equal(patches[0, 6, 6], pictures[0, :, 192:, 192:])


@pytest.mark.parametrize(("size", "patch", "grid"), [(28, 7, 7), (32, 12, 5), (30, 8, 4), (8, 8, 2)])
def test_every_pixel_is_seen_where_patches_reach(size: int, patch: int, grid: int) -> None:
    pictures = torch.arange(size * size).view(1, 1, size, size)
    patches = patch_grid(pictures, patch=patch, grid=grid)
    assert len(patches.unique()) == size * size
    assert patches[0, 0, 0, 0, 0, 0] == 0
    assert patches[0, -1, -1, 0, -1, -1] == size * size - 1


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"patch": 9, "grid": 2}, r"patch_grid: patch must be from 1 to 8 pixels, .*\. Got 9\. Try 2\."),
        ({"patch": 4, "grid": 1}, r"patch_grid: grid must be at least 2\. Got 1\. Try 7\."),
    ],
)
def test_wrong_calls(settings: dict[str, int], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        patch_grid(torch.zeros(1, 1, 8, 8), **settings)

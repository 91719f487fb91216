"""Masks and noise: as much as was asked for, each picture with its own draws, the same alone and in company."""

import pytest
import torch

from nearfar.views import NOISES, Draws, corrupt, patch_mask

N = 40
DRAWS = Draws.of(0, 3, torch.arange(N))
ALONE = Draws(DRAWS.keys[7:8])


def smooth(n: int = N, channels: int = 3, side: int = 16) -> torch.Tensor:
    coarse = torch.randn(n, channels, 4, 4, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.interpolate(coarse, (side, side), mode="bicubic", align_corners=False)


@pytest.mark.parametrize(
    ("grid", "ratio", "hidden"),
    [((8, 8), 0.75, 48), ((14, 14), 0.75, 147), ((7, 7), 0.5, 25), ((1, 2), 0.01, 1), ((2, 2), 0.99, 3)],
)
@pytest.mark.parametrize("block", [1, 2])
def test_every_picture_has_as_many_hidden(grid: tuple[int, int], ratio: float, hidden: int, block: int) -> None:
    rows, columns = grid
    mask = patch_mask(DRAWS, rows=rows, columns=columns, ratio=ratio, block=min(block, rows))
    assert mask.shape == (N, rows, columns)
    assert (mask.sum((1, 2)) == hidden).all()


@pytest.mark.parametrize("block", [1, 3])
def test_a_mask_is_of_its_example_and_each_place_is_hidden_alike(block: int) -> None:
    draws = Draws.of(0, 0, torch.arange(4000))
    mask = patch_mask(draws, rows=6, columns=5, ratio=0.6, block=block)
    alone = patch_mask(Draws(draws.keys[11:12]), rows=6, columns=5, ratio=0.6, block=block)
    assert torch.equal(alone[0], mask[11])
    assert not torch.equal(mask[0], mask[1])
    assert (mask.float().mean(0) - 0.6).abs().max() < 0.05


def test_blocks_are_hidden_as_a_whole() -> None:
    def alike(block: int) -> float:
        mask = patch_mask(DRAWS, rows=12, columns=12, ratio=0.5, block=block)
        return float((mask[:, 1:] == mask[:, :-1]).float().mean())

    assert alike(1) == pytest.approx(0.5, abs=0.03)
    assert alike(2) == pytest.approx(0.75, abs=0.03)
    assert alike(4) > 0.8, "less than 7/8, as blocks are cut at the borders and the last one is hidden in part"


@pytest.mark.parametrize("noise", NOISES)
def test_noise_is_of_its_example_and_leaves_the_picture_as_it_was(noise: str) -> None:
    pictures = smooth()
    before = pictures.clone()
    strength = 2.0 if noise == "blur" else 0.4
    made = corrupt(pictures, DRAWS, noise=noise, strength=strength)
    assert torch.equal(pictures, before)
    assert made.shape == pictures.shape
    assert torch.equal(made, corrupt(pictures, DRAWS, noise=noise, strength=strength))
    assert (made - pictures).abs().amax((1, 2, 3)).min() > 0.01
    alone = corrupt(pictures[7:8], ALONE, noise=noise, strength=strength)
    torch.testing.assert_close(alone[0], made[7], rtol=0, atol=1e-6)
    assert corrupt(pictures.double(), DRAWS, noise=noise).dtype == torch.float64


def test_gaussian_noise_has_its_deviation() -> None:
    found = corrupt(smooth(), DRAWS, noise="gaussian", strength=0.3) - smooth()
    assert float(found.std()) == pytest.approx(0.3, rel=0.02)
    assert float(found.mean()) == pytest.approx(0.0, abs=0.01)


def test_masking_hides_whole_pixels() -> None:
    made = corrupt(smooth() + 5, DRAWS, noise="masking", strength=0.25)
    hidden = made == 0
    assert (hidden.all(1) == hidden.any(1)).all()
    assert float(hidden.float().mean()) == pytest.approx(0.25, abs=0.01)
    assert torch.equal(made[~hidden], (smooth() + 5)[~hidden])


def test_salt_and_pepper_are_the_pictures_own_extremes() -> None:
    pictures = smooth()
    made = corrupt(pictures, DRAWS, noise="salt_and_pepper", strength=0.3)
    top, low = pictures.amax((2, 3), keepdim=True), pictures.amin((2, 3), keepdim=True)
    salt, pepper = (made == top).all(1), (made == low).all(1)
    assert float(salt.float().mean()) == pytest.approx(0.15, abs=0.015)
    assert float(pepper.float().mean()) == pytest.approx(0.15, abs=0.015)
    rest = ~(salt | pepper)[:, None].expand_as(made)
    assert torch.equal(made[rest], pictures[rest])


@pytest.mark.parametrize("noise", NOISES)
def test_series_are_spoilt_as_rows_of_pixels_are(noise: str) -> None:
    series = smooth()[:, :, 0]
    made = corrupt(series, DRAWS, noise=noise, strength=0.4)
    if noise == "blur":  # across the one row there is nothing to mix
        torch.testing.assert_close(made, corrupt(series[:, :, None], DRAWS, noise=noise, strength=0.4)[:, :, 0])
    else:
        assert torch.equal(made, corrupt(series[:, :, None], DRAWS, noise=noise, strength=0.4)[:, :, 0])


def test_of_a_row_runs_are_hidden() -> None:
    mask = patch_mask(DRAWS, rows=1, columns=24, ratio=0.5, block=4)
    assert (mask.sum((1, 2)) == 12).all()
    assert float((mask[:, :, 1:] == mask[:, :, :-1]).float().mean()) > 0.75


def test_blur_keeps_what_is_even_and_smooths_the_rest() -> None:
    even = torch.full((N, 1, 9, 12), 2.5)
    torch.testing.assert_close(corrupt(even, DRAWS, noise="blur", strength=2.0), even)
    rough = torch.randn(N, 1, 16, 16)
    assert corrupt(rough, DRAWS, noise="blur", strength=2.0).var() < 0.2 * rough.var()
    dot = torch.zeros(1, 1, 41, 41)
    dot[0, 0, 20, 20] = 1
    spread = corrupt(dot, ALONE, noise="blur", strength=3.0)[0, 0].sum(0)
    sigma = float((spread * (torch.arange(41) - 20) ** 2).sum() ** 0.5)
    assert sigma == pytest.approx(1.5 * (1 + float(ALONE.uniform(1))), rel=0.01)


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"noise": "gausian"}, r"corrupt: noise must be one of gaussian, .*Did you mean 'gaussian'\?"),
        ({"noise": "gaussian", "strength": 0.0}, r"corrupt: strength must be above 0 with 'gaussian' noise\. Got 0\.0"),
        ({"strength": 1.0}, r"strength must be a part between 0 and 1 with 'masking' noise\. Got 1\.0"),
        ({"strength": -0.1}, r"strength must be a part between 0 and 1 with 'masking' noise\. Got -0\.1"),
    ],
)
def test_noise_that_does_nothing_or_all_is_refused(settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        corrupt(smooth(), DRAWS, **settings)


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"ratio": 0.0}, r"patch_mask: ratio must be a part between 0 and 1\. Got 0\.0\. Try 0\.75\."),
        ({"ratio": 1.0}, r"patch_mask: ratio must be a part between 0 and 1\. Got 1\.0\."),
        ({"ratio": 0.5, "block": 5}, r"patch_mask: block must be from 1 to 4 patches, the grid's shorter side\. Got 5"),
        (
            {"ratio": 0.5, "rows": 1, "block": 7},
            r"patch_mask: block must be from 1 to 6 patches, the grid's length\. Got 7",
        ),
        ({"ratio": 0.5, "rows": 1, "columns": 1}, r"patch_mask: grid must be of at least 2 patches\. Got '1 x 1'"),
    ],
)
def test_masks_that_hide_all_or_nothing_are_refused(settings: dict[str, float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        patch_mask(DRAWS, **({"rows": 4, "columns": 6} | settings))

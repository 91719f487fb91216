"""Decoders: shapes, which hidden patch is which, and what an untold place depends on."""

import pytest
import torch

from nearfar.networks import ConvDecoder, MLPDecoder, PairDiscriminator, PatchDecoder, check_fit, sides_of


@pytest.mark.parametrize(
    ("size", "sides"),
    [(32, [4, 8, 16, 32]), (28, [4, 7, 14, 28]), (5, [3, 5]), (4, [4]), (3, [3]), (96, [3, 6, 12, 24, 48, 96])],
)
def test_maps_grow_by_about_two(size: int, sides: list[int]) -> None:
    assert sides_of((size, size)) == [(side, side) for side in sides]
    assert sides_of((size,)) == [(side,) for side in sides]


def test_a_short_side_waits_for_a_long_one() -> None:
    assert sides_of((5, 12)) == [(3, 3), (3, 6), (5, 12)]


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 28, 28), (3, 30, 30), (1, 12, 20), (6, 25), (1, 140)])
def test_decoders_and_discriminator_fit_what_is_seen(shape: tuple[int, ...]) -> None:
    z = torch.randn(2, 6)
    for decoder in (ConvDecoder(6, shape=shape, width=4), MLPDecoder(6, shape=shape, hidden_dim=8)):
        made = decoder(z)
        assert made.shape == (2, *shape)
        check_fit("Autoencoder", made, torch.zeros(2, *shape))
    if len(shape) == 3:
        assert PairDiscriminator(6, shape=shape, width=4, hidden_dim=8)(made, z).shape == (2,)


def test_the_discriminator_sees_picture_and_latent_and_each_pair_by_itself() -> None:
    network = PairDiscriminator(3, shape=(1, 8, 8), width=4, hidden_dim=8).double()
    x, z = torch.randn(4, 1, 8, 8).double().requires_grad_(), torch.randn(4, 3).double().requires_grad_()
    slopes = torch.autograd.grad(network(x, z)[2], (x, z))
    for slope in slopes:
        assert slope.flatten(1).abs().amax(1).gt(0).tolist() == [False, False, True, False]


def test_the_patch_decoder_puts_visible_patches_in_their_places() -> None:
    decoder = PatchDecoder(5, 3, decoder_dim=8, depth=0, num_heads=2)  # without blocks each place stands for itself
    mask = torch.tensor([[[0, 1, 1], [1, 0, 1]], [[1, 1, 0], [0, 1, 1]]]).bool()
    tokens = torch.randn(2, 1 + 2, 5, requires_grad=True)
    made = decoder(tokens, mask)
    assert made.shape == (2, 6, 3)
    for row, places in enumerate([[0, 4], [2, 3]]):
        for place in range(6):
            (slope,) = torch.autograd.grad(made[row, place].sum(), tokens, retain_graph=True)
            used = slope.abs().amax(2).nonzero().tolist()
            assert used == ([[row, 1 + places.index(place)]] if place in places else [])
    hidden = made.detach()[0, [1, 2, 3, 5]]
    assert len(hidden.unique(dim=0)) == 4, "positions tell hidden patches apart"


def test_with_blocks_hidden_patches_depend_on_all_that_is_seen() -> None:
    decoder = PatchDecoder(5, 3, decoder_dim=8, depth=1, num_heads=2)
    tokens = torch.randn(1, 1 + 2, 5, requires_grad=True)
    mask = torch.tensor([[[0, 1], [1, 0]]]).bool()
    (slope,) = torch.autograd.grad(decoder(tokens, mask)[0, 1].sum(), tokens)
    assert slope.abs().amax(2).gt(0).all()


@pytest.mark.usefixtures("as_users_call")
def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^PatchDecoder: decoder_dim must be a multiple of 12\. Got 128\. Try 132\.$"):
        PatchDecoder(5, 3, decoder_dim=128, num_heads=6)
    with pytest.raises(
        ValueError,
        match=r"^VAE: decoder must be one that gives \(1, 28, 28\), as the views are\. "
        r"Got \(3, 32, 32\)\. Pass shape=\(1, 28, 28\)\.$",
    ):
        check_fit("VAE", torch.zeros(2, 3, 32, 32), torch.zeros(2, 1, 28, 28))

"""What methods make of pictures for people to see: rows that fit, and that say the truth about what was computed."""

from typing import Any

import pytest
import torch
from cases import CASES, PairCase, TextCase, TinyViT
from torch import Tensor, nn

from nearfar.methods import MAE, METHODS, Attempt, Batch, Method
from nearfar.networks import patchify
from nearfar.views import NOISES, Panel, corrupt, patch_mask

REBUILDING = ("autoencoder", "denoisingautoencoder", "vae", "bigan", "mae")
PUZZLES = ("contextprediction", "jigsaw", "rotation")
SHOWN = 12


def tiny(name: str) -> Method:
    torch.manual_seed(0)
    return CASES[name].make(CASES[name].network()).eval()


def batch_of(name: str, n: int = SHOWN) -> Batch:
    return CASES[name].batch(n, seed=0)


@torch.no_grad()
def panels(method: Method, name: str) -> list[Panel]:
    return list(method.pictures(batch_of(name)))


def decoder_of(method: Method) -> Any:
    return method.generator if hasattr(method, "generator") else method.decoder


@pytest.mark.parametrize("name", sorted({*METHODS} - {*REBUILDING, *PUZZLES}))
def test_other_methods_make_nothing(name: str) -> None:
    method, batch = tiny(name), None if isinstance(CASES[name], TextCase | PairCase) else batch_of(name)
    assert method.pictures(batch or Batch(())) == ()
    assert method.attempt(batch or Batch(())) is None


@pytest.mark.parametrize("name", [*REBUILDING, *PUZZLES])
def test_rows_are_of_the_pictures_given_and_the_same_each_time(name: str) -> None:
    method, batch = tiny(name), batch_of(name)
    (view,) = batch.views
    before = {key: value.clone() for key, value in method.state_dict().items()}
    found, again = panels(method, name), panels(method, name)
    for panel, other in zip(found, again, strict=True):
        assert panel.note.endswith(".")
        assert len({len(row) for row in panel.rows.values()}) == 1
        for key, row in panel.rows.items():
            assert row.ndim == 4
            assert row.shape[1] == view.shape[1]
            assert torch.equal(row.nan_to_num(), other.rows[key].nan_to_num()), key
    rebuilt = found[0].rows
    shown = 8 if name in PUZZLES else SHOWN
    assert torch.equal(rebuilt["original"], view[:shown])
    assert all(len(row) == shown for row in rebuilt.values())
    for key, value in method.state_dict().items():
        assert torch.equal(value, before[key]), key


@pytest.mark.parametrize("name", ["autoencoder", "denoisingautoencoder", "vae", "bigan", "mae"])
def test_what_is_rebuilt_and_made_has_the_pictures_shape_and_no_holes(name: str) -> None:
    (view,) = batch_of(name).views
    for panel in panels(tiny(name), name):
        for key, row in panel.rows.items():
            assert row.shape[1:] == view.shape[1:]
            assert row.isfinite().all() or (name, key) == ("mae", "what it saw")
    kinds = [panel.kind for panel in panels(tiny(name), name)]
    assert kinds == ["rebuilt", "samples", "walks"][: 3 if name in ("vae", "bigan") else 1]


@pytest.mark.parametrize("name", ["autoencoder", "denoisingautoencoder", "vae", "bigan"])
def test_a_perfect_decoder_rebuilds_what_was_given(name: str) -> None:
    """A backbone that leaves a picture as it is, a latent as wide as it, and a decoder that undoes both."""

    class Whole(nn.Module):
        dim = 256

        def forward(self, view: Tensor) -> Tensor:
            return view.flatten(1)

    torch.manual_seed(0)
    method = CASES[name].make(Whole()).eval()
    method.latent = nn.Linear(256, 256 if name != "vae" else 512, bias=False)
    method.latent_dim = 256
    nn.init.eye_(method.latent.weight)
    part = "generator" if name == "bigan" else "decoder"
    setattr(method, part, nn.Unflatten(1, (1, 16, 16)))
    method.strength = 1e-9
    rows = panels(method, name)[0].rows
    torch.testing.assert_close(rows["rebuilt"], rows["original"])


@pytest.mark.parametrize("name", ["vae", "bigan"])
def test_walks_begin_and_end_with_the_pictures_own_reconstructions(name: str) -> None:
    rebuilt, samples, walks = panels(tiny(name), name)
    assert len(next(iter(samples.rows.values()))) == 4 * SHOWN
    assert len(walks.rows) == SHOWN // 2
    for number, row in enumerate(walks.rows.values()):
        pair = [2 * number, 2 * number + 1]
        assert torch.equal(row[[0, -1]], rebuilt.rows["original"][pair])
        torch.testing.assert_close(row[[1, -2]], rebuilt.rows["rebuilt"][pair])


@pytest.mark.parametrize("name", ["vae", "bigan"])
def test_samples_are_decoded_from_the_prior_and_from_nothing_else(name: str) -> None:
    method, seen = tiny(name), []
    decoder_of(method).register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    panels(method, name)
    z = seen[1]
    assert z.shape == (4 * SHOWN, 8)
    assert abs(float(z.mean())) < 0.2
    assert abs(float(z.std()) - 1) < 0.15


@pytest.mark.parametrize("noise", NOISES)
def test_denoising_shows_what_the_network_saw(noise: str) -> None:
    method, batch = tiny("denoisingautoencoder"), batch_of("denoisingautoencoder")
    method.noise, method.strength = noise, 0.6
    seen: list[Tensor] = []
    method.backbone.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    (panel,) = panels(method, "denoisingautoencoder")
    spoilt = corrupt(batch.views[0], batch.draws(), noise=noise, strength=0.6)
    assert torch.equal(panel.rows["what it saw"], spoilt)
    assert torch.equal(seen[0], spoilt)
    assert {"masking": "60 %", "salt_and_pepper": "60 %", "gaussian": "0.6", "blur": "0.3 to 0.6"}[noise] in panel.note


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("block", [1, 2])
def test_mae_leaves_visible_patches_alone_and_hides_the_others(normalize: bool, block: int) -> None:
    torch.manual_seed(0)
    method = MAE(TinyViT(), normalize=normalize, block=block, decoder_dim=16, decoder_depth=1).eval()
    batch = batch_of("mae")
    (view,) = batch.views
    (panel,) = method.pictures(batch)
    mask = patch_mask(batch.draws(), rows=4, columns=4, ratio=0.75, block=block).flatten(1)
    seen, rebuilt, original = (patchify(row, patch=(2, 2)) for row in panel.rows.values())
    assert list(panel.rows) == ["what it saw", "rebuilt", "original"]
    assert torch.equal(original, patchify(view, patch=(2, 2)))
    assert torch.equal(seen[~mask], original[~mask])
    assert torch.equal(rebuilt[~mask], original[~mask])
    assert seen[mask].isnan().all()
    assert (rebuilt[mask] != original[mask]).all()
    assert "12 of 16 patches are hidden" in panel.note
    assert ("own mean and variance" in panel.note) == normalize


@pytest.mark.parametrize("normalize", [True, False])
def test_predictions_that_are_what_mae_asks_for_rebuild_the_picture(normalize: bool) -> None:
    method, batch = MAE(TinyViT(), normalize=normalize, decoder_dim=16, decoder_depth=1).eval(), batch_of("mae")
    target = patchify(batch.views[0], patch=(2, 2))
    if normalize:
        target = (target - target.mean(2, keepdim=True)) / (target.var(2, keepdim=True) + 1e-6) ** 0.5
    method.decoder.forward = lambda tokens, mask: target
    assert method(batch).loss.item() < 1e-10
    (panel,) = method.pictures(batch)
    torch.testing.assert_close(panel.rows["rebuilt"], panel.rows["original"])


@pytest.mark.parametrize("name", PUZZLES)
def test_a_puzzle_is_attempted_as_it_is_learned(name: str) -> None:
    method, batch = tiny(name), batch_of(name, 16)
    attempt = method.attempt(batch)
    assert isinstance(attempt, Attempt)
    result = method(batch)
    loss = nn.functional.cross_entropy(attempt.logits, attempt.answer)
    torch.testing.assert_close(result.loss, loss)
    right = (attempt.logits.argmax(dim=1) == attempt.answer).float().mean()
    torch.testing.assert_close(result.logs["solved_fraction"], right)
    assert len(attempt.pieces) == 16
    (panel,) = method.pictures(batch)
    said = (attempt.logits.argmax(dim=1) == attempt.answer).tolist()
    assert [found for _, found in panel.captions] == said[:8]


@pytest.mark.parametrize(("name", "pieces"), [("rotation", 1), ("contextprediction", 2), ("jigsaw", 4)])
def test_a_puzzle_shows_every_piece(name: str, pieces: int) -> None:
    method = tiny(name)
    attempt = method.attempt(batch_of(name))
    assert attempt is not None
    assert attempt.pieces.shape[1] == pieces
    shown = panels(method, name)[0].rows["as it saw it"]
    for number in range(len(shown)):
        values = shown[number][shown[number].isfinite()]
        assert torch.equal(values.sort().values, attempt.pieces[number].flatten().sort().values)


def test_one_picture_alone_is_rebuilt_and_goes_nowhere() -> None:
    found = [panel.kind for panel in tiny("vae").pictures(batch_of("vae", 1)) if panel.rows]
    assert found == ["rebuilt", "samples"]

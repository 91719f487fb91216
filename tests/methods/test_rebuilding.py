"""Methods that rebuild: of what, towards what, and by which draws."""

import pytest
import torch
import torch.nn.functional as F
from cases import CASES, EXAMPLES, TinyBackbone, wide_backbone
from torch.distributions import Normal, kl_divergence

from nearfar.methods import VAE, Autoencoder, Batch, DenoisingAutoencoder, Method
from nearfar.views import NOISES, corrupt


def tiny(name: str) -> Method:
    torch.manual_seed(0)
    return CASES[name].make(CASES[name].network()).eval()


def batch_of(name: str) -> Batch:
    return CASES[name].batch(seed=0)


def test_an_autoencoder_is_told_by_the_picture_itself() -> None:
    method, batch = tiny("autoencoder"), batch_of("autoencoder")
    (view,) = batch.views
    rebuilt = method.decoder(method.latent(method.backbone(view)))
    torch.testing.assert_close(method(batch).loss, F.mse_loss(rebuilt, view))


def test_of_a_sparse_latent_the_largest_numbers_stay() -> None:
    plain, sparse = tiny("autoencoder"), tiny("autoencoder")
    sparse.num_active = 3
    (view,) = batch_of("autoencoder").views
    whole, part = plain.encode(view), sparse.encode(view)
    assert ((part != 0).sum(dim=1) == 3).all()
    assert torch.equal(part.amax(dim=1), whole.amax(dim=1))
    assert torch.equal(part[part != 0], whole[part != 0])
    assert (torch.where(part == 0, whole, -torch.inf).amax(1) <= part.topk(3).values[:, 2]).all()


@pytest.mark.parametrize("noise", NOISES)
def test_denoising_is_told_by_the_clean_picture(noise: str) -> None:
    method, batch = tiny("denoisingautoencoder"), batch_of("denoisingautoencoder")
    method.noise, method.strength = noise, 0.6
    (view,) = batch.views
    before = view.clone()
    seen: list[torch.Tensor] = []
    method.backbone.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    loss = method(batch).loss
    spoilt = corrupt(view, batch.draws(), noise=noise, strength=0.6)
    assert torch.equal(view, before)
    assert torch.equal(seen[0], spoilt)
    torch.testing.assert_close(loss, F.mse_loss(method.decoder(method.encode(spoilt)), view))
    assert torch.equal(method.embed(view), method.backbone(view)), "what is used sees clean pictures"


@pytest.mark.parametrize(("beta", "free_bits"), [(1.0, 0.0), (4.0, 0.0), (0.5, 0.2)])
def test_a_vae_descends_its_bound(beta: float, free_bits: float) -> None:
    method, batch = tiny("vae").double(), CASES["vae"].batch(seed=0, dtype=torch.float64)
    method.beta, method.free_bits = beta, free_bits
    (view,) = batch.views
    mu, log_var = method.latent(method.backbone(view)).chunk(2, dim=1)
    own = Normal(mu, (log_var / 2).exp())
    z = mu + own.scale * batch.draws().normal(8).double()
    nll = -Normal(method.decoder(z), 1.0).log_prob(view).sum(dim=(1, 2, 3)).mean()
    cost = kl_divergence(own, Normal(torch.zeros_like(mu), torch.ones_like(mu))).mean(dim=0)
    result = method(batch)
    expected = (nll + beta * cost.clamp_min(free_bits).sum()) / view[0].numel()
    torch.testing.assert_close(result.loss, expected)
    torch.testing.assert_close(result.logs["kl_nats"], cost.sum())
    torch.testing.assert_close(result.logs["reconstruction_nats"], nll)
    torch.testing.assert_close(method.encode(view), mu)


def test_a_vae_that_says_nothing_sits_at_its_chance() -> None:
    method = tiny("vae")
    assert isinstance(method, VAE)
    with torch.no_grad():
        for part in (method.latent, method.decoder.last):
            part.weight.zero_()
            part.bias.zero_()
    batch = batch_of("vae")
    (view,) = batch.views
    view = view - view.mean()
    loss = method(batch._replace(views=(view / view.std(correction=0),))).loss
    assert loss.item() == pytest.approx(method.chance(EXAMPLES))


@pytest.mark.parametrize("name", ["autoencoder", "denoisingautoencoder", "vae", "bigan"])
@pytest.mark.usefixtures("as_users_call")
def test_a_decoder_that_does_not_fit_is_refused(name: str) -> None:
    method, batch = tiny(name), batch_of(name)
    method.backbone = TinyBackbone(3 * 16 * 16).eval()
    colour = batch.views[0].expand(-1, 3, -1, -1)
    with pytest.raises(
        ValueError, match=r"decoder must be one .* \(3, 16, 16\), as the views are\. Got \(1, 16, 16\)\. Pass"
    ):
        method(batch._replace(views=(colour,)))


@pytest.mark.usefixtures("as_users_call")
def test_wrong_options() -> None:
    with pytest.raises(
        ValueError, match=r"^Autoencoder: num_active must be from 1 to 8, the width .*Got 9\. Try 1, or"
    ):
        Autoencoder(wide_backbone(), latent_dim=8, num_active=9)
    with pytest.raises(ValueError, match=r"strength must be a part between 0 and 1 .* Got 0\. Try 0\.5"):
        DenoisingAutoencoder(wide_backbone(), strength=0)

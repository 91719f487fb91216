"""BiGAN: one backward pass that is two sides' steps, and a generator and an encoder that come to undo each other."""

import pytest
import torch
from cases import CASES, TinyBackbone, toy_batch
from torch import Tensor

from nearfar.engine import build_optimizer
from nearfar.methods import BiGAN
from nearfar.networks.discriminator import PairDiscriminator
from nearfar.objectives import bigan_encoder_generator, gan_discriminator


def tiny() -> BiGAN:
    torch.manual_seed(0)
    method = CASES["bigan"].make(CASES["bigan"].network()).double().eval()
    assert isinstance(method, BiGAN)
    return method


def slopes(method: BiGAN, loss: Tensor, *, of_discriminator: bool) -> dict[str, Tensor]:
    method.zero_grad()
    loss.backward()
    return {
        name: weight.grad.clone()
        for name, weight in method.named_parameters()
        if name.startswith("discriminator") == of_discriminator
    }


def test_one_backward_pass_is_the_step_of_either_side() -> None:
    method, batch = tiny(), CASES["bigan"].batch(seed=0, dtype=torch.float64)
    (view,) = batch.views
    z = batch.draws().normal(method.latent_dim).double()

    def logits() -> tuple[Tensor, Tensor]:
        return method.discriminator(view, method.encode(view)), method.discriminator(method.generator(z), z)

    result = method(batch)
    telling, deceiving = gan_discriminator(*logits()), bigan_encoder_generator(*logits())
    torch.testing.assert_close(result.loss, telling + deceiving)
    torch.testing.assert_close(result.logs["discriminator_nats"], telling)
    torch.testing.assert_close(result.logs["encoder_generator_nats"], deceiving)
    for loss, of_discriminator in ((telling, True), (deceiving, False)):
        together = slopes(method, method(batch).loss, of_discriminator=of_discriminator)
        alone = slopes(method, loss, of_discriminator=of_discriminator)
        for name, slope in alone.items():
            torch.testing.assert_close(together[name], slope)


@pytest.mark.parametrize("name", ["adamw", "sgd", "muon", "lars"])
def test_each_side_has_groups_of_its_own(name: str) -> None:
    method = tiny()
    optimizer = build_optimizer(name, method, learning_rate=0.1, weight_decay=0.5)
    names = {id(weight): name for name, weight in method.named_parameters()}
    found: dict[str, set[str]] = {}
    for group in optimizer.param_groups:
        side = group["name"].rpartition(" ")[0]
        found.setdefault(side, set()).update(names[id(weight)].partition(".")[0] for weight in group["params"])
        assert group["weight_decay"] == (0.0 if group["name"].endswith("vectors") else 0.5)
        if name == "adamw":
            assert group["betas"] == (0.5, 0.95)
    assert found == {"": {"backbone", "latent"}, "generator": {"generator"}, "discriminator": {"discriminator"}}
    assert sum(len(group["params"]) for group in optimizer.param_groups) == len(names)


def test_latents_that_are_found_have_the_prior_s_mean_and_variance() -> None:
    """However far the backbone's features lie from 0 together."""
    method, (view,) = tiny().train(), CASES["bigan"].batch(seed=0, dtype=torch.float64).views
    z = method.encode(view + 100)
    torch.testing.assert_close(z.mean(dim=0), torch.zeros(8).double(), atol=1e-6, rtol=0)
    torch.testing.assert_close(z.var(dim=0, correction=0), torch.ones(8).double(), atol=1e-2, rtol=0)


@pytest.mark.parametrize("size", [16, 32, 64])
def test_the_discriminator_sees_the_picture_from_the_start(size: int) -> None:
    """What a picture alone changes in its logit is of the size of what its latent changes."""
    discriminator = PairDiscriminator(64, shape=(3, size, size))
    picture, latent = torch.randn(256, 3, size, size), torch.randn(256, 64)
    by_picture = discriminator(picture, latent[:1].expand(256, -1)).std()
    by_latent = discriminator(picture[:1].expand(256, -1, -1, -1), latent).std()
    assert 0.3 < by_picture / by_latent < 3
    assert 0.3 < discriminator(picture, latent).std() < 3


@pytest.mark.slow
def test_generator_and_encoder_come_to_undo_each_other() -> None:
    torch.manual_seed(0)
    method = BiGAN(TinyBackbone(), latent_dim=4, generator_width=8, discriminator_width=8, shape=(1, 8, 8))
    optimizer = torch.optim.AdamW(method.parameters(), lr=2e-3, betas=(0.5, 0.95))
    for step in range(300):
        method(toy_batch(16, num_views=1, seed=step, coarse=4)).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    method.eval()
    (unseen,) = toy_batch(64, num_views=1, seed=9999, coarse=4).views
    with torch.no_grad():
        rebuilt, made = method.generator(method.encode(unseen)), method.generator(torch.randn(64, 4))
    assert torch.corrcoef(torch.stack([unseen.flatten(), rebuilt.flatten()]))[0, 1] > 0.4
    assert 0.6 < made.std() / unseen.std() < 1.5

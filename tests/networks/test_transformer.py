"""Text encoders: padding and the future change nothing that they must not change."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from nearfar.networks import TextRecurrent, TextTransformer, dim_of
from nearfar.networks.transformer import _angles, _turned
from nearfar.views import Tokens

LENGTHS = [7, 1, 4, 12, 3]
NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "learned mean": lambda: TextTransformer(50, dim=16, depth=2, heads=2, max_length=40),
    "rotary cls": lambda: TextTransformer(50, dim=16, depth=2, heads=2, positions="rotary", pooling="cls"),
    "rotary last": lambda: TextTransformer(50, dim=16, depth=2, heads=2, positions="rotary", pooling="last"),
    "causal last": lambda: TextTransformer(50, dim=16, depth=2, heads=2, pooling="last", causal=True),
    "causal rotary mean": lambda: TextTransformer(50, dim=16, depth=2, heads=2, positions="rotary", causal=True),
    "lstm mean": lambda: TextRecurrent(50, dim=16),
    "lstm last": lambda: TextRecurrent(50, dim=16, pooling="last"),
    "gru forward": lambda: TextRecurrent(50, dim=16, kind="gru", bidirectional=False, depth=2, pooling="last"),
}


def learned(make: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    """Blocks that add something, as they do not at the start."""

    def made() -> nn.Module:
        network = make()
        for name, weight in network.named_parameters():
            if name.endswith(("attention.out.weight", "narrow.weight")):
                nn.init.normal_(weight, std=0.3)
        return network

    return made


ALL = pytest.mark.parametrize("make", [learned(make) for make in NETWORKS.values()], ids=NETWORKS)
CAUSAL = pytest.mark.parametrize("name", ["causal last", "causal rotary mean", "gru forward"])


def texts(lengths: list[int], width: int | None = None) -> Tokens:
    width, generator = width or max(lengths), torch.Generator().manual_seed(1)
    ids = torch.randint(0, 50, (len(lengths), max(lengths)), generator=generator)
    return Tokens(
        torch.nn.functional.pad(ids, (0, width - ids.shape[1]), value=7),
        torch.tensor(lengths),
        torch.zeros(len(lengths), width, dtype=torch.int64),
    )


@ALL
def test_a_text_encoder_keeps_the_contract(make: Callable[[], nn.Module]) -> None:
    network, view = make().eval(), texts(LENGTHS)
    h, locations = network.with_locations(view)
    assert h.shape == (5, dim_of(network)) == (5, 16)
    assert locations.shape == (5, 12, network.location_dim)
    assert torch.equal(network(view), h)
    assert torch.equal(network.locations(view), locations)
    assert (locations[~view.real] == 0).all()
    assert (locations[view.real].abs().sum(1) > 0).all()


@ALL
def test_padding_changes_nothing(make: Callable[[], nn.Module]) -> None:
    network = make().eval()
    h, wide = network(texts(LENGTHS)), texts(LENGTHS, width=33)
    torch.testing.assert_close(network(wide), h, rtol=0, atol=1e-6)
    noise = torch.where(wide.real, wide.ids, torch.randint(0, 50, wide.shape))
    torch.testing.assert_close(network(wide._replace(ids=noise)), h, rtol=0, atol=1e-6)
    for row, length in enumerate(LENGTHS):
        alone = texts(LENGTHS).rows(slice(row, row + 1))
        cut = Tokens(alone.ids[:, :length], alone.lengths, alone.words[:, :length])
        torch.testing.assert_close(network(cut)[0], h[row], rtol=0, atol=1e-6)


@ALL
def test_padding_gets_no_gradient(make: Callable[[], nn.Module]) -> None:
    network, view = make().eval(), texts(LENGTHS, width=20)
    view.ids[view.real] %= 49
    view.ids[~view.real] = 49
    (network(view) * torch.arange(16)).sum().backward()
    assert (network.token.weight.grad[49] == 0).all()
    assert (network.token.weight.grad[view.ids[view.real]].abs().sum(1) > 0).all()


@CAUSAL
def test_the_future_changes_nothing_before_it(name: str) -> None:
    network, view = NETWORKS[name]().eval(), texts([12, 12])
    before = network.locations(view)
    view.ids[:, 8:] = (view.ids[:, 8:] + 1) % 50
    after = network.locations(view)
    assert torch.equal(before[:, :8], after[:, :8])
    assert ((before[:, 8:] - after[:, 8:]).abs().amax(2) > 1e-4).all()


def test_a_bidirectional_network_sees_both_sides() -> None:
    for name in ("learned mean", "lstm mean"):
        network, view = learned(NETWORKS[name])().eval(), texts([12, 12])
        before = network.locations(view)
        view.ids[:, 8] = (view.ids[:, 8] + 1) % 50
        assert ((before - network.locations(view)).abs().amax(2) > 0).all()


def test_blocks_begin_as_the_identity() -> None:
    network, view = NETWORKS["learned mean"]().eval(), texts(LENGTHS)
    before = network.locations(view)
    network.blocks = nn.ModuleList()
    assert torch.equal(network.locations(view), before)


def test_poolings_are_what_they_say() -> None:
    for pooling in ("mean", "cls", "last"):
        network, view = TextTransformer(50, dim=16, depth=1, heads=2, pooling=pooling).eval(), texts(LENGTHS, width=15)
        h, states = network.with_locations(view)
        before = network.token(view.ids) * 4 + network.position.weight[:15] + network.segment.weight[0]
        for row, length in enumerate(LENGTHS):
            mean = network.norm(before[row, :length].mean(0))
            wanted = {"mean": mean, "cls": states[row, 0], "last": states[row, length - 1]}
            torch.testing.assert_close(h[row], wanted[pooling])
    h, states = (network := NETWORKS["lstm last"]().eval()).with_locations(texts(LENGTHS))
    for row, length in enumerate(LENGTHS):
        torch.testing.assert_close(h[row], torch.cat([states[row, length - 1, :8], states[row, 0, 8:]]))
    assert network.pooling == "last"


@ALL
def test_a_text_without_tokens_is_the_zero_vector_and_harms_nobody(make: Callable[[], nn.Module]) -> None:
    network, view = make().eval(), texts(LENGTHS)
    empty = view._replace(lengths=torch.tensor([7, 0, 4, 12, 3]))
    h = network(empty)
    assert (h[1] == 0).all()
    torch.testing.assert_close(h[[0, 2, 3, 4]], network(view)[[0, 2, 3, 4]], rtol=0, atol=1e-6)


@ALL
def test_dropout_makes_twins_and_the_seed_makes_dropout(make: Callable[[], nn.Module]) -> None:
    network, view = make().train(), texts(LENGTHS)

    def twins() -> tuple[torch.Tensor, torch.Tensor]:
        torch.manual_seed(5)
        return network(view), network(view)

    (first, second), again = twins(), twins()
    assert not torch.allclose(first, second)
    assert torch.equal(first, again[0])
    assert torch.equal(second, again[1])
    network.eval()
    assert torch.equal(network(view), network(view))


def test_rotary_attention_knows_distances_alone() -> None:
    query, key = (torch.randn(8, dtype=torch.float64).expand(12, 8) for _ in range(2))
    turn = _angles(query[None], 8)
    products = _turned(query, *turn) @ _turned(key, *turn).T
    for distance in range(-11, 12):
        along = products.diagonal(distance)
        torch.testing.assert_close(along, along[:1].expand_as(along), rtol=1e-5, atol=1e-5)
    assert products[0].std() > 0.01


def test_segments_count() -> None:
    network, view = NETWORKS["learned mean"]().eval(), texts(LENGTHS)
    first, second = (view._replace(segments=torch.full_like(view.ids, segment)) for segment in (0, 1))
    assert torch.equal(network(first), network(view))
    assert not torch.allclose(network(second), network(view))


def test_attention_is_torch_s_own_encoder() -> None:
    """The same weights in `nn.TransformerEncoderLayer` give the same states."""
    network, view = TextTransformer(50, dim=16, depth=1, heads=2).eval(), texts(LENGTHS)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.3)
    block = network.blocks[0]
    theirs = nn.TransformerEncoderLayer(16, 2, 64, activation="gelu", batch_first=True, norm_first=True).eval()
    with torch.no_grad():
        for own, other in (
            (block.attention.inside, theirs.self_attn),
            (block.attention.out, theirs.self_attn.out_proj),
            (block.widen, theirs.linear1),
            (block.narrow, theirs.linear2),
            (block.attention_norm, theirs.norm1),
            (block.norm, theirs.norm2),
        ):
            weight, bias = ("in_proj_weight", "in_proj_bias") if other is theirs.self_attn else ("weight", "bias")
            getattr(other, weight).copy_(own.weight)
            getattr(other, bias).copy_(own.bias)
        x = 4 * network.token(view.ids) + network.position.weight[:12] + network.segment.weight[0]
        wanted = network.norm(theirs(x, src_key_padding_mask=~view.real))
    torch.testing.assert_close(network.locations(view)[view.real], wanted[view.real], rtol=1e-4, atol=1e-5)


@ALL
def test_every_weight_gets_a_gradient_and_bfloat16_runs(make: Callable[[], nn.Module]) -> None:
    network, view = make(), texts(LENGTHS)
    with torch.autocast("cpu", torch.bfloat16):
        h = network(view)
    h.float().square().sum().backward()
    assert h.isfinite().all()
    assert [name for name, weight in network.named_parameters() if weight.grad is None] == []


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: TextTransformer(9, dim=10, heads=4),
            "TextTransformer: heads must be a divisor of 10, ",
        ),
        (lambda: TextTransformer(9, dim=6, heads=2, positions="rotary"), "TextTransformer: dim must be an even number"),
        (
            lambda: TextTransformer(9, positions="rotery"),
            r"TextTransformer: positions .* Did you mean 'rotary'?",
        ),
        (
            lambda: TextTransformer(9, pooling="max"),
            "TextTransformer: pooling must be one of mean, cls, last. ",
        ),
        (
            lambda: TextTransformer(9, pooling="cls", causal=True),
            "TextTransformer: pooling must be 'mean' or 'last' ",
        ),
        (
            lambda: TextTransformer(50, max_length=8)(texts([9])),
            "TextTransformer: view must be at most 8 tokens long",
        ),
        (lambda: TextRecurrent(9, kind="rnn"), "TextRecurrent: kind must be one of lstm, gru. Got 'rnn'. "),
        (lambda: TextRecurrent(9, dim=7), "TextRecurrent: dim must be even for two directions. Got 7. Try 8."),
        (lambda: TextRecurrent(9, pooling="cls"), "TextRecurrent: pooling must be one of mean, last. Got 'cls'. "),
    ],
)
def test_a_wrong_call_gets_one_sentence(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        call()

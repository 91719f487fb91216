"""Text encoders of transformers as backbones: what that library computes, and padding changes nothing."""

import json
from pathlib import Path

import pytest
import torch
from published import KINDS, publish
from torch import Tensor

from nearfar.networks import PretrainedText, PublishedText, TokenScores
from nearfar.views.tokens import Tokens

transformers = pytest.importorskip("transformers", reason="the extra `text` is not installed")
pytest.importorskip("tokenizers", reason="the extra `text` is not installed")

LENGTHS = [7, 1, 12, 3]


def texts(lengths: list[int] = LENGTHS, *, width: int | None = None, padding: int = 0) -> Tokens:
    """Rows of random tokens."""
    generator = torch.Generator().manual_seed(3)
    ids = torch.full((len(lengths), width or max(lengths)), padding)
    for row, length in enumerate(lengths):
        ids[row, :length] = torch.randint(5, 60, (length,), generator=generator)
    return Tokens(ids, torch.tensor(lengths), torch.zeros_like(ids))


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def folder(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp(kind), kind)


@pytest.fixture(scope="module")
def network(folder: Path) -> PretrainedText:
    found = PublishedText(str(folder))
    network = PretrainedText(found.config).eval()
    network.load_state_dict(found.weights())
    return network


@torch.no_grad()
def theirs(folder: Path, view: Tokens) -> list[Tensor]:
    """The library's states of each text alone, so that nothing is padded."""
    model = transformers.AutoModel.from_pretrained(folder).eval()
    rows = zip(view.ids, view.lengths, strict=True)
    return [model(input_ids=ids[None, :length]).last_hidden_state[0] for ids, length in rows]


@torch.no_grad()
def test_it_computes_what_the_library_computes_without_padding(network: PretrainedText, folder: Path) -> None:
    view = texts()
    states = network.locations(view)
    assert states.abs().max() > 0.1
    for ours, wanted, length in zip(states, theirs(folder, view), LENGTHS, strict=True):
        torch.testing.assert_close(ours[:length], wanted, rtol=1e-5, atol=1e-5)
        assert not ours[length:].any()
    torch.testing.assert_close(network(view)[2], theirs(folder, view)[2].mean(0), rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_padding_changes_nothing(network: PretrainedText) -> None:
    wanted = network(texts())
    for width, padding in ((20, 0), (12, 77), (15, 10_000)):
        torch.testing.assert_close(network(texts(width=width, padding=padding)), wanted, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_a_text_without_tokens_is_0(network: PretrainedText) -> None:
    view = texts([3, 0])
    assert not network(view)[1].any()
    assert network(view)[0].isfinite().all()


def test_what_the_library_does_not_say_alike_is_known(network: PretrainedText, kind: str) -> None:
    assert network.causal == (kind == "gpt2")
    assert (network.dim, network.location_dim, network.depth, network.max_length) == (32, 32, 2, 40)
    assert network.training is False
    assert PretrainedText(json.dumps(network.net.config.to_dict())).training


def test_the_limit_is_the_last_length_that_is_read(network: PretrainedText) -> None:
    assert network(texts([40])).isfinite().all()
    with pytest.raises(ValueError, match=r"PretrainedText: view must be at most 40 tokens long\. Got 41\."):
        network(texts([41]))


def test_every_weight_gets_a_gradient_and_dropout_makes_twins(network: PretrainedText) -> None:
    own = PretrainedText(json.dumps(network.net.config.to_dict()))
    first, second = own(texts()), own(texts())
    assert not torch.allclose(first, second)
    (first + second).square().sum().backward()
    assert [name for name, weight in own.named_parameters() if weight.grad is None] == []


def test_scores_are_made_by_the_vectors_that_tokens_are_read_with(network: PretrainedText) -> None:
    scores = TokenScores(network)
    assert scores.vocab_size == network.token.num_embeddings
    assert not any(name.startswith("token.") for name in network.state_dict()), "saved once"


@torch.no_grad()
def test_the_other_poolings(network: PretrainedText, kind: str) -> None:
    config, view = json.dumps(network.net.config.to_dict()), texts()
    last = PretrainedText(config, pooling="last").eval()
    last.load_state_dict(network.state_dict())
    torch.testing.assert_close(last(view)[0], network.locations(view)[0, 6])
    if kind == "gpt2":
        with pytest.raises(ValueError, match="pooling must be 'mean' or 'last' for a causal network"):
            PretrainedText(config, pooling="cls")
    else:
        first = PretrainedText(config, pooling="cls").eval()
        first.load_state_dict(network.state_dict())
        torch.testing.assert_close(first(view), network.locations(view)[:, 0])


def test_segments_count_where_the_model_has_them(tmp_path: Path) -> None:
    found = PublishedText(str(publish(tmp_path, "bert")))
    network, view = PretrainedText(found.config).eval(), texts()
    zeros, ones = (view._replace(segments=torch.full_like(view.ids, segment)) for segment in (0, 1))
    assert torch.equal(network(zeros), network(view))
    assert not torch.allclose(network(ones), network(view))


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("config", "pooling", "message"),
    [
        ('{"model_type": "bert"}', "max", r"PretrainedText: pooling must be one of mean, cls, last\. Got 'max'"),
        ('{"model_type": "t5"}', "mean", r"PretrainedText: config must be of a text encoder in one part\. Got 't5'"),
        ('{"model_type": "vit"}', "mean", r"config must be of a text encoder in one part\. Got 'vit'"),
        ('{"model_type": "birt"}', "mean", r"config must be of a text encoder in one part\. Got 'birt'"),
        ("{}", "mean", r"config must be of a text encoder in one part\. Got None"),
    ],
)
def test_a_wrong_call_gets_one_sentence(config: str, pooling: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PretrainedText(config, pooling=pooling)

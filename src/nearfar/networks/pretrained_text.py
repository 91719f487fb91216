"""Text encoders of the library transformers as backbones: the one file that builds them."""

import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.errors import RunError, complaint, suggestion
from nearfar.networks.pooling import POOLINGS, Pooling, TokenRows, pooled, real_tokens

__all__ = ["PretrainedText", "parsed_config", "quiet", "transformers_library"]


class PretrainedText(nn.Module):
    """A text encoder of the library transformers, without its heads.

    It is built from the model's configuration alone, from chance; published weights are loaded into it. Padding never
    changes a result. In training two passes over the same text differ by the dropout of the configuration.

    Args:
        config: the model's configuration as JSON, as `PublishedText` gives it.
        pooling: the representation is the "mean" over all tokens, the first ("cls") or the "last".

    Attributes:
        depth: how many layers.
        causal: whether a token sees only those before it.
        max_length: most tokens of a text; None where the model knows no limit.

    Raises:
        ValueError: the configuration is none of a text encoder, or the first token of a causal network, which has seen
            nothing, shall stand for the text.
        RunError: the library is not installed.
    """

    def __init__(self, config: str, *, pooling: Pooling = "mean") -> None:
        super().__init__()
        if pooling not in POOLINGS:
            words = f"one of {', '.join(POOLINGS)}"
            raise ValueError(complaint("PretrainedText", "pooling", words, pooling, suggestion(pooling, POOLINGS)))
        library, known = transformers_library(), parsed_config(config)
        with quiet(library):
            self.net: Any = library.AutoModel.from_config(known, dtype=torch.float32)
        if getattr(self.net, "pooler", None) is not None:
            self.net.pooler = None  # a head that nothing here asks
        self.dim = self.location_dim = int(known.hidden_size)
        self.depth = int(known.num_hidden_layers)
        self.pooling, self.max_length = pooling, _limit(self.net)
        self.causal = self._reads_forwards()
        if self.causal and pooling == "cls":
            constraint = "'mean' or 'last' for a causal network, whose first token has seen no other"
            raise ValueError(complaint("PretrainedText", "pooling", constraint, pooling, "Try 'last'"))

    @property
    def token(self) -> nn.Embedding:
        """The vectors that tokens are read with."""
        return self.net.get_input_embeddings()

    def locations(self, view: TokenRows) -> Float[Tensor, "n t {self.dim}"]:
        """The state of each token after the last layer; 0 at padding."""
        real, length = real_tokens(view), view.ids.shape[1]
        if self.max_length is not None and length > self.max_length:
            next_step = "Encode texts with that max_length"
            raise ValueError(
                complaint("PretrainedText", "view", f"at most {self.max_length} tokens long", length, next_step)
            )
        ids = view.ids.masked_fill(~real, self.net.config.pad_token_id or 0)
        segments = {} if view.segments is None else {"token_type_ids": view.segments.masked_fill(~real, 0)}
        seen = (real | ~real.any(1, keepdim=True)).long()
        states = self.net(input_ids=ids, attention_mask=seen, **segments).last_hidden_state
        return states.masked_fill(~real[:, :, None], 0)

    def with_locations(self, view: TokenRows) -> tuple[Float[Tensor, "n {self.dim}"], Float[Tensor, "n t {self.dim}"]]:
        """The representation and the locations, in one pass."""
        states = self.locations(view)
        return pooled(states, view.lengths, pooling=self.pooling), states

    def forward(self, view: TokenRows) -> Float[Tensor, "n {self.dim}"]:
        """The representation of each text."""
        return self.with_locations(view)[0]

    @torch.no_grad()
    def _reads_forwards(self) -> bool:
        """Whether another second token leaves the state of the first as it is; configurations do not say it alike."""
        last = self.token.num_embeddings - 1  # the first numbers are often special
        ids = torch.tensor([[last, last - 1], [last, last - 2]])
        states = self.net.eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[:, 0]
        self.net.train()
        return bool(torch.equal(states[0], states[1]))


def transformers_library() -> Any:
    """The library transformers.

    Raises:
        RunError: it is not installed.
    """
    try:
        return importlib.import_module("transformers")
    except ImportError:
        next_step = "Type pip install 'nearfar[text]'"
        raise RunError(complaint("PretrainedText", "transformers", "installed", "no such package", next_step)) from None


def parsed_config(config: str) -> Any:
    """A configuration of a text encoder.

    Args:
        config: as JSON.

    Raises:
        ValueError: it is of something else.
        RunError: the library is not installed.
    """
    library, values = transformers_library(), json.loads(config)
    kind = values.pop("model_type", None)
    found: Any = library.AutoConfig.for_model(kind, **values) if kind in library.CONFIG_MAPPING else None
    reads_texts = hasattr(found, "vocab_size") and hasattr(found, "hidden_size") and not found.is_encoder_decoder
    if not reads_texts or type(found) not in library.MODEL_MAPPING:
        next_step = "Name one that is like BERT, RoBERTa or GPT-2"
        raise ValueError(complaint("PretrainedText", "config", "of a text encoder in one part", kind, next_step))
    return found


def _limit(net: nn.Module) -> int | None:
    """How many positions a model has vectors for; some count from the padding's number on."""
    for name, part in net.named_modules():
        if isinstance(part, nn.Embedding) and name.rpartition(".")[2] in ("position_embeddings", "wpe"):
            return part.num_embeddings - (0 if part.padding_idx is None else part.padding_idx + 1)
    limit = getattr(net.config, "max_position_embeddings", None)
    return limit if isinstance(limit, int) and limit > 0 else None


@contextmanager
def quiet(library: Any) -> Iterator[None]:
    """Without the library's bars and remarks in between.

    Args:
        library: transformers.
    """
    words = library.utils.logging
    level, bars = words.get_verbosity(), words.is_progress_bar_enabled()
    words.set_verbosity_error()
    words.disable_progress_bar()
    try:
        yield
    finally:
        words.set_verbosity(level)
        if bars:
            words.enable_progress_bar()

"""How an encoder of texts is rebuilt and fed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import nn

from nearfar.data.running import RunningText
from nearfar.data.sentences import Sentences
from nearfar.data.source import Source
from nearfar.data.text_feed import TextFeed
from nearfar.data.tokenizer import Tokenizer
from nearfar.engine.spec import EncoderSpec
from nearfar.errors import DataError, complaint
from nearfar.networks.neighbours import start_from_neighbours
from nearfar.networks.pooling import Pooling
from nearfar.networks.pretrained_text import PretrainedText
from nearfar.networks.published import PublishedText
from nearfar.networks.text_backbone import text_backbone
from nearfar.records import EmbeddingTable
from nearfar.views.draws import Draws
from nearfar.views.plan import ViewPlan
from nearfar.views.text_policy import TextPolicy, span_crops
from nearfar.views.tokens import Tokens

__all__ = ["TextSpec", "tf_idf"]

STEM_TEXTS = 100_000
WORDS = 4096
"""TF-IDF counts the words that are in most texts, and no more than this many: it is kept as a dense table."""


@dataclass(frozen=True, kw_only=True)
class TextSpec(EncoderSpec):
    """An encoder of texts.

    Attributes:
        backbone: the network's name.
        seed: that of the run; it also gives the untrained network.
        tokenizer: what `Tokenizer.to_json` gives.
        max_length: most tokens of a text, special ones too; longer texts lose their end.
        dim: width of the representation.
        depth: how many layers.
        pooling: how the tokens become one vector: "mean", "cls" or "last".
        config: of a network of the library transformers, as JSON; None for one of nearfar's own.
    """

    modality = "text"

    tokenizer: str
    max_length: int = 128
    dim: int = 256
    depth: int = 4
    pooling: Pooling = "mean"
    config: str | None = None

    @cached_property
    def tokens(self) -> Tokenizer:
        """What cuts texts into tokens."""
        return Tokenizer.from_json(self.tokenizer)

    def network(self, *, pretrained: bool = False) -> nn.Module:
        """A backbone that starts from chance, as torch's generator has it, or from published weights."""
        if self.config is not None:
            network = PretrainedText(self.config, pooling=self.pooling)
            if pretrained:
                network.load_state_dict(PublishedText(self.backbone).weights())
            return network
        assert not pretrained, "there are no published weights for it"
        return text_backbone(
            self.backbone,
            vocab_size=len(self.tokens),
            dim=self.dim,
            depth=self.depth,
            max_length=self.max_length,
            pooling=self.pooling,
        )

    def start_stem(self, network: nn.Module, source: Source) -> None:
        """Starts the vectors of tokens from what stands near them in some of the texts."""
        token = getattr(network, "token", None)
        if not isinstance(token, nn.Embedding):
            return
        some = source.spread(STEM_TEXTS)
        assert isinstance(some, Sentences)
        texts = [text for role in some.roles for text in some.texts(role)]
        encoded = self.tokens.encode(texts, max_length=self.max_length)
        start_from_neighbours(token, encoded.ids, encoded.rows, encoded.words >= 0)

    def feed(
        self,
        source: Source,
        *,
        plan: ViewPlan,
        batch_size: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        workers: int = 0,
    ) -> TextFeed:
        """Batches of texts of like lengths, with the texts that the plan's views are made of."""
        assert isinstance(source, Sentences)
        assert isinstance(plan.policy, TextPolicy)
        takes = plan.policy.takes
        roles = [_role(source, each) for each in takes]
        encoded = {role: self.tokens.encode(source.texts(role), max_length=self.max_length) for role in {*roles}}
        texts = tuple(encoded[role] for role in roles)
        return TextFeed(
            texts[0] if takes == ("text",) else texts, takes=takes, labels=source.labels,
            running=RunningText.of(source) if {"next", "stranger"} & {*takes} else None,
            batch_size=batch_size, seed=seed, rank=rank, world_size=world_size,
        )  # fmt: skip

    def plain(
        self, source: Source, *, device: torch.device, batch_size: int = 256
    ) -> Iterator[tuple[Any, Int[np.ndarray, "n"]]]:
        """The whole of each text, or the first of its texts, with its rows; texts of one length come together."""
        assert isinstance(source, Sentences)
        encoded = self.tokens.encode(source.texts(), max_length=self.max_length)
        order = np.argsort(encoded.lengths, kind="stable")
        for first in range(0, len(order), batch_size):
            rows = order[first : first + batch_size]
            yield encoded.batch(rows).to(device), rows

    def in_views(
        self, source: Source, *, num_views: int, seed: int, device: torch.device
    ) -> Iterator[tuple[tuple[Any, ...], Int[np.ndarray, "n"]]]:
        """Spans of each text, at least half of it, with its rows."""
        policy = span_crops(num_views=num_views)
        for tokens, rows in self.plain(source, device=device):
            assert isinstance(tokens, Tokens)
            yield policy(tokens, Draws.of(seed, 0, torch.from_numpy(rows).to(device))), rows

    def raw(self, fitted: Source | None) -> Callable[[Source], EmbeddingTable]:
        """TF-IDF, fitted on the same texts as probes are."""
        return lambda source: tf_idf(source if fitted is None else fitted, source)


def _role(source: Sentences, taken: str) -> str:
    """The role of a source's texts among which is what a policy takes.

    Raises:
        DataError: the source has none of that role.
    """
    role = source.roles[0] if taken in ("text", "next", "stranger") else taken
    if role not in source.roles:
        constraint, got = f"pairs with a column of {role}s", f"{source.name}, with {' and '.join(source.roles)}"
        next_step = f"Name the column by --{role}-column"
        raise DataError(complaint("pretrain", "data", constraint, got, next_step))
    return role


def tf_idf(fitted: Source, source: Source) -> EmbeddingTable:
    """How often each word is in a text, weighed by how rare it is: what an encoder of texts has to beat.

    Args:
        fitted: the texts whose words are counted, the 4,096 most frequent.
        source: the texts to represent.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    assert isinstance(fitted, Sentences)
    assert isinstance(source, Sentences)
    words = TfidfVectorizer(max_features=WORDS, sublinear_tf=True, dtype=np.float32).fit(fitted.texts())
    vectors = words.transform(source.texts()).toarray()
    return EmbeddingTable(vectors, tuple(source.ids), source.labels, source.class_names)

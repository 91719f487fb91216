"""How an encoder of pictures and of texts is rebuilt and fed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import nn

from nearfar.data.captioned import Captioned
from nearfar.data.captioned_feed import CaptionedFeed
from nearfar.data.source import Source
from nearfar.engine.image_spec import ImageSpec
from nearfar.engine.spec import EncoderSpec
from nearfar.engine.text_spec import TextSpec
from nearfar.errors import complaint
from nearfar.networks.published_vit import published_vit
from nearfar.networks.two_towers import TwoTowers
from nearfar.records import EmbeddingTable, RunFolder, read_json
from nearfar.views.plan import ViewPlan

__all__ = ["ImageTextSpec"]


@dataclass(frozen=True, kw_only=True)
class ImageTextSpec(EncoderSpec):
    """An encoder of pictures and of texts into one space, which learns from pictures with captions.

    Of pictures with captions it embeds the pictures.

    Attributes:
        backbone: the names of the towers' networks, "small+transformer".
        seed: that of the run; it also gives the untrained projections.
        image: of the tower of pictures.
        text: of the tower of texts.
        dim: width of the space.
    """

    modality = "image-text"

    image: ImageSpec
    text: TextSpec
    dim: int = 256

    def __post_init__(self) -> None:
        """Checks that the name is the towers'.

        Raises:
            ValueError: it is not.
        """
        name = f"{self.image.backbone}+{self.text.backbone}"
        if self.backbone != name:
            raise ValueError(complaint("ImageTextSpec", "backbone", f"{name!r}", self.backbone, "Name both towers"))

    @property
    def reads(self) -> tuple[str, ...]:
        """Pictures, texts, and pictures with captions."""
        return (self.image.modality, self.text.modality, self.modality)

    def network(self, *, pretrained: bool = False) -> TwoTowers:
        """Each tower as its own spec has it, under projections as torch's generator has them.

        Of published weights there are those of one tower: of texts, if its network is a published one.
        """
        is_text = pretrained and self.text.config is not None
        image = self.image.network(pretrained=True) if pretrained and not is_text else self.image.build()
        text = self.text.network(pretrained=True) if is_text else self.text.build()
        return TwoTowers(image, text, dim=self.dim)

    def start_stem(self, network: nn.Module, source: Source) -> None:
        """Starts the first layer of each tower from pictures and captions."""
        assert isinstance(network, TwoTowers)
        assert isinstance(source, Captioned)
        self.image.start_stem(network.image, source.pictures)
        self.text.start_stem(network.text, source.captions)

    def part_of(self, network: nn.Module, init: str) -> nn.Module:
        """The tower that reads what a run's encoder reads; both for a run of both, and for a file of other weights.

        That of pictures for a file of a vision transformer.
        """
        if published_vit(init) is not None:
            assert isinstance(network, TwoTowers)
            return network.image
        if not RunFolder(Path(init)).encoder.exists():
            return network
        modality = read_json(RunFolder(Path(init)).encoder).get("modality")
        towers = {self.image.modality: "image", self.text.modality: "text"}
        part = getattr(network, towers[modality]) if modality in towers else network
        assert isinstance(part, nn.Module)
        return part

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
    ) -> CaptionedFeed:
        """Batches of pictures and the tokens of their captions."""
        assert isinstance(source, Captioned)
        texts = self.text.tokens.encode(source.captions.texts(), max_length=self.text.max_length)
        return CaptionedFeed(
            source, texts, batch_size=batch_size, seed=seed, rank=rank, world_size=world_size, workers=workers,
            boxes=plan,
        )  # fmt: skip

    def plain(
        self, source: Source, *, device: torch.device, batch_size: int = 256
    ) -> Iterator[tuple[Any, Int[np.ndarray, "n"]]]:
        """What the tower of the source's kind sees of each example, with its rows."""
        spec, own = self._tower(source)
        return spec.plain(own, device=device, batch_size=batch_size)

    def in_views(
        self, source: Source, *, num_views: int, seed: int, device: torch.device
    ) -> Iterator[tuple[tuple[Any, ...], Int[np.ndarray, "n"]]]:
        """Each example in the views of an encoder of its kind alone, with its rows."""
        spec, own = self._tower(source)
        return spec.in_views(own, num_views=num_views, seed=seed, device=device)

    def raw(self, fitted: Source | None) -> Callable[[Source], EmbeddingTable]:
        """Pixels for pictures and TF-IDF for texts."""

        def table(source: Source) -> EmbeddingTable:
            spec, own = self._tower(source)
            return spec.raw(None if fitted is None else self._tower(fitted)[1])(own)

        return table

    def _tower(self, source: Source) -> tuple[EncoderSpec, Source]:
        """The spec of the tower that reads a source, and what it reads of it."""
        if source.modality == self.text.modality:
            return self.text, source
        return self.image, source.pictures if isinstance(source, Captioned) else source

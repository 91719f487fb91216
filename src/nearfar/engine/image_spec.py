"""How an encoder of pictures is rebuilt and fed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import nn

from nearfar.data.feed import PictureFeed
from nearfar.data.pictures import Pictures
from nearfar.data.plain import plain_batches
from nearfar.data.source import Source
from nearfar.engine.spec import EncoderSpec
from nearfar.networks.backbone import backbone, first_convolution
from nearfar.networks.whitening import start_from_patches
from nearfar.records import EmbeddingTable
from nearfar.views.draws import Draws
from nearfar.views.image_view import PlainView
from nearfar.views.plan import ViewPlan
from nearfar.views.policies import simclr

__all__ = ["ImageSpec", "raw_table"]

STEM_PICTURES = 512
RAW_SIZE = 32
"""Raw input is judged at no more than this many pixels a side: beyond, it only gets slower and worse."""


@dataclass(frozen=True, kw_only=True)
class ImageSpec(EncoderSpec):
    """An encoder of pictures.

    Attributes:
        backbone: the network's name.
        seed: that of the run; it also gives the untrained network.
        stem: "small", "standard" or None for what the size decides.
        size: side of the input in pixels; larger pictures are shrunk to it by their shorter side and cropped.
        channels: of the input, 1 or 3.
        mean: of each channel in [0, 1].
        std: of each channel.
        norm_eps: what layer norms add to the variance, where that is another than timm's.
    """

    modality = "image"

    stem: str | None
    size: int
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    norm_eps: float | None = None

    def network(self, *, pretrained: bool = False) -> nn.Module:
        """A backbone that starts from chance, as torch's generator has it, or from published weights."""
        return backbone(
            self.backbone, size=self.size, channels=self.channels, stem=self.stem, pretrained=pretrained,
            norm_eps=self.norm_eps,
        )  # fmt: skip

    def start_stem(self, network: nn.Module, source: Source) -> None:
        """Starts the first convolution from the patches of some training pictures."""
        convolution = first_convolution(network)
        if convolution is None:
            return
        some = source.spread(STEM_PICTURES)
        ((pictures, _),) = self.plain(some, device=torch.device("cpu"), batch_size=STEM_PICTURES)
        start_from_patches(convolution, pictures)

    @property
    def view(self) -> PlainView:
        """What the encoder sees of a picture's centre square."""
        return PlainView(size=self.size, mean=self.mean, std=self.std)

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
    ) -> PictureFeed:
        """Batches of pictures, decoded as far as the views need them."""
        assert isinstance(source, Pictures)
        return PictureFeed(
            source, batch_size=batch_size, seed=seed, rank=rank, world_size=world_size, workers=workers, boxes=plan
        )

    def plain(
        self, source: Source, *, device: torch.device, batch_size: int = 256
    ) -> Iterator[tuple[Any, Int[np.ndarray, "n"]]]:
        """The centre square of each picture, resized and normalised, with its rows."""
        assert isinstance(source, Pictures)
        for pictures, rows in plain_batches(source, size=self.size, channels=self.channels, batch_size=batch_size):
            yield self.view(pictures.to(device)).contiguous(memory_format=torch.channels_last), rows

    def in_views(
        self, source: Source, *, num_views: int, seed: int, device: torch.device
    ) -> Iterator[tuple[tuple[Any, ...], Int[np.ndarray, "n"]]]:
        """Each picture in SimCLR's views, with its rows."""
        assert isinstance(source, Pictures)
        policy = simclr(self.size, mean=self.mean, std=self.std, num_views=num_views)
        for pictures, rows in plain_batches(source, size=self.size, channels=self.channels, batch_size=256):
            views = policy(pictures.to(device), Draws.of(seed, 0, torch.from_numpy(rows)))
            yield tuple(view.contiguous(memory_format=torch.channels_last) for view in views), rows

    def raw(self, fitted: Source | None) -> Callable[[Source], EmbeddingTable]:
        """The pixels themselves, which nothing is fitted for."""
        return partial(raw_table, size=self.size, channels=self.channels)


def raw_table(source: Source, *, size: int, channels: int) -> EmbeddingTable:
    """The pixels themselves as a representation, in [0, 1]: what an encoder has to beat.

    Args:
        source: pictures.
        size: the encoder's input size; larger ones are reduced to `RAW_SIZE`.
        channels: the encoder's.
    """
    assert isinstance(source, Pictures)
    side = min(size, RAW_SIZE)
    vectors = np.empty((len(source), channels * side * side), dtype=np.float32)
    for pictures, rows in plain_batches(source, size=side, channels=channels, batch_size=256):
        vectors[rows] = PlainView(size=side, mean=(0.0,) * channels, std=(1.0,) * channels)(pictures).flatten(1).numpy()
    return EmbeddingTable(vectors, tuple(source.ids), source.labels, source.class_names)

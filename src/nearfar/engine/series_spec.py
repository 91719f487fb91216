"""How an encoder of series is rebuilt and fed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import nn

from nearfar.data.series import Series
from nearfar.data.series_feed import SeriesFeed
from nearfar.data.source import Source
from nearfar.engine.spec import EncoderSpec
from nearfar.errors import DataError, complaint
from nearfar.networks.series_backbone import series_backbone
from nearfar.records import EmbeddingTable
from nearfar.views.draws import Draws
from nearfar.views.plan import ViewPlan
from nearfar.views.series import SeriesView, weak_series

__all__ = ["SeriesSpec", "values_table"]

RAW_STEPS = 512
"""Raw input is judged at no more than this many steps: beyond, it only gets slower."""


@dataclass(frozen=True, kw_only=True)
class SeriesSpec(EncoderSpec):
    """An encoder of series.

    Attributes:
        backbone: the network's name.
        seed: that of the run; it also gives the untrained network.
        size: steps of the input; series of another length are brought to it.
        channels: of the series.
        mean: of each channel.
        std: of each channel.
    """

    modality = "series"

    size: int
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def network(self, *, pretrained: bool = False) -> nn.Module:
        """A backbone that starts from chance, as torch's generator has it."""
        assert not pretrained, "there are no published weights for it"
        return series_backbone(self.backbone, length=self.size, channels=self.channels)

    def check(self, source: Source, *, where: str) -> None:
        """Refuses series of more or fewer channels."""
        assert isinstance(source, Series)
        if source.channels != self.channels:
            constraint = f"series of {self.channels} channels, as the encoder reads them"
            raise DataError(complaint(where, "data", constraint, source.channels, "Give series of that kind"))

    def start_stem(self, network: nn.Module, source: Source) -> None:
        """Leaves the first layer as it is."""

    @property
    def view(self) -> SeriesView:
        """What the encoder sees of a series."""
        return SeriesView(length=self.size, mean=self.mean, std=self.std)

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
    ) -> SeriesFeed:
        """Batches of series."""
        assert isinstance(source, Series)
        return SeriesFeed(source, batch_size=batch_size, seed=seed, rank=rank, world_size=world_size)

    def plain(
        self, source: Source, *, device: torch.device, batch_size: int = 256
    ) -> Iterator[tuple[Any, Int[np.ndarray, "n"]]]:
        """Each series, normalised, with its rows."""
        assert isinstance(source, Series)
        for rows in _in_order(len(source), batch_size):
            yield self.view(source.values(rows).to(device)), rows

    def in_views(
        self, source: Source, *, num_views: int, seed: int, device: torch.device
    ) -> Iterator[tuple[tuple[Any, ...], Int[np.ndarray, "n"]]]:
        """Each series scaled and with noise, as in TS-TCC's weak view, with its rows."""
        assert isinstance(source, Series)
        policy = weak_series(self.size, mean=self.mean, std=self.std, num_views=num_views)
        for rows in _in_order(len(source), 256):
            draws = Draws.of(seed, 0, torch.from_numpy(rows).to(device))
            yield policy(source.values(rows).to(device), draws), rows

    def raw(self, fitted: Source | None) -> Callable[[Source], EmbeddingTable]:
        """The numbers themselves, which nothing is fitted for."""
        return partial(values_table, spec=self)


def values_table(source: Source, *, spec: SeriesSpec) -> EmbeddingTable:
    """The numbers themselves as a representation, normalised as the encoder sees them: what it has to beat.

    Args:
        source: series.
        spec: of the encoder; more than 512 steps are reduced to as many.
    """
    assert isinstance(source, Series)
    view = SeriesView(length=min(spec.size, RAW_STEPS), mean=spec.mean, std=spec.std)
    parts = [view(source.values(rows)).flatten(1).numpy() for rows in _in_order(len(source), 256)]
    return EmbeddingTable(np.concatenate(parts), tuple(source.ids), source.labels, source.class_names)


def _in_order(count: int, batch_size: int) -> Iterator[Int[np.ndarray, "m"]]:
    """All rows, so many at a time."""
    for start in range(0, count, batch_size):
        yield np.arange(start, min(start + batch_size, count))

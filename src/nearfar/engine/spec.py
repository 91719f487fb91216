"""How an encoder is rebuilt and fed: all that differs between modalities, and the engine asks for."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Int
from torch import nn

from nearfar.data.source import Source
from nearfar.records import EmbeddingTable

__all__ = ["EncoderSpec", "as_tuples"]


@dataclass(frozen=True, kw_only=True)
class EncoderSpec(ABC):
    """What an encoder reads and how its network is made: the content of `encoder.json`.

    Attributes:
        modality: what the encoder reads: that of the sources it takes.
        backbone: the network's name.
        seed: that of the run; it also gives the untrained network.
    """

    modality: ClassVar[str]

    backbone: str
    seed: int

    def build(self) -> nn.Module:
        """The backbone as it was before training: a function of the spec alone."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            return self.network()

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, the modality among them."""
        return {"modality": self.modality, **asdict(self)}

    @abstractmethod
    def network(self, *, pretrained: bool = False) -> nn.Module:
        """A backbone that starts from chance, as torch's generator has it, or from published weights."""

    @abstractmethod
    def opened(self, data: Any, *, split: str | None, where: str) -> Source:
        """Data that the encoder is to read; a source is returned as it is."""

    @abstractmethod
    def plain(
        self, source: Source, *, device: torch.device, batch_size: int = 256
    ) -> Iterator[tuple[Any, Int[np.ndarray, "n"]]]:
        """What the encoder sees of each example when nothing is drawn, all once and in any order, with their rows."""

    @abstractmethod
    def in_views(
        self, source: Source, *, num_views: int, seed: int, device: torch.device
    ) -> Iterator[tuple[tuple[Any, ...], Int[np.ndarray, "n"]]]:
        """Each example in random views that are drawn alike whatever an encoder was trained on, with its rows."""

    @abstractmethod
    def raw(self, fitted: Source | None) -> Callable[[Source], EmbeddingTable]:
        """The representation that the encoder has to beat.

        Args:
            fitted: what probes are fitted on, which it may learn from; None where there is no such data.
        """


def as_tuples(value: Any) -> Any:
    """JSON's lists as the tuples they were, at any depth.

    Args:
        value: as it comes from JSON.
    """
    if isinstance(value, list):
        return tuple(as_tuples(entry) for entry in value)
    if isinstance(value, dict):
        return {name: as_tuples(entry) for name, entry in value.items()}
    return value

"""How an encoder is rebuilt and fed: all that differs between modalities, and the engine asks for."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, ClassVar, TypeGuard, TypeVar

import numpy as np
import torch
from jaxtyping import Int
from torch import nn

from nearfar.data.modality import modality_of
from nearfar.data.reading import Reading
from nearfar.data.source import Source
from nearfar.engine.train import Feed
from nearfar.records import EmbeddingTable
from nearfar.views.plan import ViewPlan

__all__ = ["EncoderSpec", "as_tuples", "is_spec", "spec_from"]


@dataclass(frozen=True, kw_only=True)
class EncoderSpec(ABC):
    """What an encoder reads and how its network is made: the content of `encoder.json`.

    Attributes:
        modality: what the encoder learns from.
        backbone: the network's name.
        seed: that of the run; it also gives the untrained network.
    """

    modality: ClassVar[str]

    backbone: str
    seed: int

    @property
    def reads(self) -> tuple[str, ...]:
        """The modalities of the sources that the encoder takes."""
        return (self.modality,)

    def modality_of(self, data: Any, *, reading: Reading) -> str:
        """Of what the encoder reads, what some data is.

        Args:
            data: a path, a name or an object.
            reading: how to read it.
        """
        found = modality_of(data, among=self.reads, reading=reading)
        return found if found in self.reads else self.reads[0]

    def check(self, source: Source, *, where: str) -> None:
        """Refuses examples of the encoder's modality that it does not take all the same; most encoders take all.

        Args:
            source: the examples.
            where: who asks, for error sentences.

        Raises:
            DataError: the encoder does not take them.
        """
        return None

    def build(self) -> nn.Module:
        """The backbone as it was before training: a function of the spec alone."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            return self.network()

    @abstractmethod
    def start_stem(self, network: nn.Module, source: Source) -> None:
        """Starts the first layer from some of the training data; a network whose first layer cannot is left alone.

        Args:
            network: as `build` makes it.
            source: the training examples.
        """

    def part_of(self, network: nn.Module, init: str) -> nn.Module:
        """The part of a network that starts from some weights: all of it, unless it has several.

        Args:
            network: as `build` makes it.
            init: what the weights are in: a run, or a file.
        """
        return network

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, the modality among them."""
        return {"modality": self.modality, **asdict(self)}

    @abstractmethod
    def network(self, *, pretrained: bool = False) -> nn.Module:
        """A backbone that starts from chance, as torch's generator has it, or from published weights."""

    @abstractmethod
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
    ) -> Feed:
        """What a run learns from.

        Args:
            source: the training examples.
            plan: the views that are made of them.
            batch_size: examples of one micro-step, over all ranks.
            seed: of the order.
            rank: whose share to read.
            world_size: how many ranks share a batch.
            workers: processes that read what memory does not hold.

        Raises:
            DataError: the source does not hold what the views are made of.
            ValueError: a batch is larger than the source or smaller than the number of ranks.
        """

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


Spec = TypeVar("Spec", bound=EncoderSpec)


def spec_from(kind: type[Spec], value: Mapping[str, Any]) -> Spec:
    """A spec from what `as_dict` gave, after its way through JSON.

    Args:
        kind: of the spec; it may have specs inside.
        value: fields that have a default may be missing, since older files do not know them.

    Raises:
        KeyError: a field is missing.
        ValueError: the spec refuses a value.
    """
    found: dict[str, Any] = {}
    for entry in fields(kind):
        if entry.default is MISSING or entry.name in value:
            given = as_tuples(value[entry.name])
            found[entry.name] = spec_from(entry.type, given) if is_spec(entry.type) else given
    return kind(**found)


def is_spec(hint: Any) -> TypeGuard[type[EncoderSpec]]:
    """Whether the type of a field is a spec: one inside another."""
    return isinstance(hint, type) and issubclass(hint, EncoderSpec)


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

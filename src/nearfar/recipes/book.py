"""What the recipes of a modality have in common."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from nearfar.data.source import Source
from nearfar.engine.settings import Settings
from nearfar.engine.spec import EncoderSpec
from nearfar.recipes.recipe import Recipe
from nearfar.views.plan import AnyPolicy

__all__ = ["Book"]


class Book(ABC):
    """The recipes of a modality, and the encoders and views that they are of.

    Attributes:
        flags: what a user may say for this modality and perhaps for no other.
    """

    flags: ClassVar[tuple[str, ...]]

    @abstractmethod
    def recipe(self, method: str, said: Mapping[str, Any], source: Source) -> Recipe:
        """The recipe of a method for some data.

        Args:
            method: its name on the command line.
            said: what the user said; None for nothing.
            source: the training data.

        Raises:
            DataError: the method does not learn from such data.
        """

    @abstractmethod
    def spec(self, recipe: Recipe, said: Mapping[str, Any], source: Source, seed: int) -> EncoderSpec:
        """The encoder to learn.

        Args:
            recipe: of the run.
            said: what the user said; None for nothing.
            source: the training data.
            seed: of the run.

        Raises:
            ValueError: what was said does not fit.
        """

    @abstractmethod
    def alike(self, spec: EncoderSpec, source: Source, seed: int) -> EncoderSpec:
        """The encoder of a run that goes on with another's.

        Args:
            spec: of the other run's encoder.
            source: the training data.
            seed: of the run.

        Raises:
            DataError: the encoder does not take such data.
        """

    @abstractmethod
    def again(self, settings: Settings) -> Recipe:
        """The recipe that settings were made by, as far as it does not depend on the data."""

    @abstractmethod
    def policy(self, settings: Settings) -> AnyPolicy:
        """The views of a run, at full resolution.

        Raises:
            ValueError: an augmentation that is to be left out is unknown.
        """

    @abstractmethod
    def shape(self, settings: Settings) -> str:
        """The network and what it sees, in a few words for people."""

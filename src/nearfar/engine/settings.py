"""What one run is: every setting resolved to a plain value, as `run.json` keeps it."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from nearfar.engine.encoder import SPECS
from nearfar.engine.image_spec import ImageSpec
from nearfar.engine.spec import EncoderSpec, as_tuples, is_spec, spec_from
from nearfar.errors import RunError, complaint

__all__ = ["Settings"]

LATER = ("examples", "without")
"""Settings that older runs do not know; they have the defaults."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that decides what a run computes.

    Two runs of equal settings on equal data are equal.

    Attributes:
        method: its name on the command line.
        options: the method's keyword arguments, all of them.
        spec: of the encoder; its seed is that of everything random.
        init: what the backbone starts from besides chance; None for nothing.
        examples: how many of the data's examples are learned from; None for all.
        views: keyword arguments of the policy.
        without: augmentations that are left out of the views.
        stages: the resolution schedule: pairs (progress, factor on the size).
        start_stem: whether the first layer starts from the training data: of pictures from their patches, of texts from
            what stands near each token.
        batch_size: examples per optimizer step over all ranks and micro-steps.
        accumulate: micro-steps per optimizer step.
        optimizer: its name.
        learning_rate: the base rate of this run, already scaled to its batch.
        weight_decay: not applied to biases and norms.
        warmup: part of the run over which the rate rises.
        clip: greatest norm of the gradient; None for no limit.
        steps: optimizer steps.
        precision: Fabric's name of it, e.g. "bf16-mixed".
        cached_side: shorter side to which pictures are shrunk and kept on disk; None reads the originals.
    """

    method: str
    options: dict[str, Any]
    spec: EncoderSpec
    init: str | None
    examples: int | None = None
    views: dict[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    stages: tuple[tuple[float, float], ...] = ((0.0, 1.0),)
    start_stem: bool = False
    batch_size: int
    accumulate: int = 1
    optimizer: str
    learning_rate: float
    weight_decay: float
    warmup: float
    clip: float | None = None
    steps: int
    precision: str
    cached_side: int | None = None

    @property
    def seed(self) -> int:
        """Of everything random."""
        return self.spec.seed

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, those of the encoder's spec among them."""
        own = {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name != "spec"}
        return {**self.spec.as_dict(), **own}

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> "Settings":
        """What `as_dict` gave, after its way through JSON.

        Raises:
            RunError: a setting is missing, unknown or of another type.
        """
        value = {"modality": ImageSpec.modality, **_defaults(), **value}
        kind = SPECS.get(value["modality"], ImageSpec)
        own = {entry.name: entry.type for entry in fields(cls) if entry.name != "spec"}
        _check(value, {"modality": str, **_hints(kind), **own}, later=_later(kind))
        try:
            spec = spec_from(kind, value)
        except ValueError as error:
            raise RunError(
                complaint("run.json", "settings", "undamaged", str(error), "Restore it or train anew")
            ) from None
        return cls(spec=spec, **{name: as_tuples(value[name]) for name in own})


def _check(value: Mapping[str, Any], hints: Mapping[str, Any], *, later: set[str], inside: str = "") -> None:
    """Refuses settings that are missing, unknown or of another type, those of specs inside specs too."""
    if difference := sorted(f"{inside}{name}" for name in (set(value) ^ set(hints)) - later):
        raise RunError(complaint("run.json", "settings", "those of this version", difference, "Train anew"))
    for name, given in value.items():
        hint = hints[name]
        if is_spec(hint) and isinstance(given, dict):
            _check(given, _hints(hint), later=_later(hint), inside=f"{inside}{name}.")
        elif not _fits(as_tuples(given), hint):
            next_step = "Restore run.json or train anew"
            raise RunError(complaint("run.json", f"{inside}{name}", _words(hint), given, next_step))


def _hints(kind: type[EncoderSpec]) -> dict[str, Any]:
    return {entry.name: entry.type for entry in fields(kind)}


def _later(kind: type[EncoderSpec]) -> set[str]:
    """Fields that older files do not know."""
    return {entry.name for entry in fields(kind) if entry.default is not MISSING}


def _words(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return f"one of {', '.join(get_args(hint))}"
    return f"of type {getattr(hint, '__name__', hint)}"


def _defaults() -> dict[str, Any]:
    """Of the settings that older runs do not know."""
    return {entry.name: entry.default for entry in fields(Settings) if entry.name in LATER}


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of the type that a hint names; whole numbers are numbers."""
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if isinstance(hint, UnionType):
        return any(_fits(value, kind) for kind in get_args(hint))
    if get_origin(hint) is tuple:
        inner, *rest = get_args(hint)
        kinds = [inner] * len(value) if isinstance(value, tuple) and rest == [...] else [inner, *rest]
        return (
            isinstance(value, tuple)
            and len(value) == len(kinds)
            and all(_fits(each, kind) for each, kind in zip(value, kinds, strict=True))
        )
    kind = get_origin(hint) or hint
    return type(value) is kind or (kind is float and type(value) is int)

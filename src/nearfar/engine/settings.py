"""What one run is: every setting resolved to a plain value, as `run.json` keeps it."""

from dataclasses import asdict, dataclass, field, fields
from types import UnionType
from typing import Any, get_args, get_origin

from nearfar.engine.encoder import EncoderSpec
from nearfar.errors import RunError, complaint

__all__ = ["Settings"]

SPECIFIED = ("backbone", "stem", "size", "channels", "mean", "std", "seed")
"""The settings that an encoder is rebuilt and fed by."""

LATER = ("examples", "without")
"""Settings that older runs do not know; they have the defaults."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that decides what a run computes.

    Two runs of equal settings on equal data are equal.

    Attributes:
        method: its name on the command line.
        options: the method's keyword arguments, all of them.
        backbone: its name.
        stem: "small" or "standard"; None lets the size of the pictures decide.
        init: what the backbone starts from besides chance; None for nothing.
        size: side of the views in pixels.
        channels: of the pictures.
        mean: of each channel in [0, 1].
        std: of each channel.
        examples: how many of the data's examples are learned from; None for all.
        views: keyword arguments of the policy.
        without: augmentations that are left out of the views.
        stages: the resolution schedule: pairs (progress, factor on the size).
        start_stem: whether the first layer starts from the training pictures' patches.
        batch_size: examples per optimizer step over all ranks and micro-steps.
        accumulate: micro-steps per optimizer step.
        optimizer: its name.
        learning_rate: the base rate of this run, already scaled to its batch.
        weight_decay: not applied to biases and norms.
        warmup: part of the run over which the rate rises.
        clip: greatest norm of the gradient; None for no limit.
        steps: optimizer steps.
        seed: of everything random.
        precision: Fabric's name of it, e.g. "bf16-mixed".
        cached_side: shorter side to which pictures are shrunk and kept on disk; None reads the originals.
    """

    method: str
    options: dict[str, Any]
    backbone: str
    stem: str | None
    init: str | None
    size: int
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
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
    seed: int
    precision: str
    cached_side: int | None = None

    @property
    def spec(self) -> EncoderSpec:
        """How to rebuild and feed the backbone."""
        return EncoderSpec(**{name: getattr(self, name) for name in SPECIFIED})

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> "Settings":
        """What `as_dict` gave, after its way through JSON.

        Raises:
            RunError: a setting is missing, unknown or of another type.
        """
        known = {entry.name: entry.type for entry in fields(cls)}
        value = {entry.name: entry.default for entry in fields(cls) if entry.name in LATER} | value
        if set(value) != set(known):
            difference = sorted(set(value) ^ set(known))
            raise RunError(complaint("run.json", "settings", "those of this version", difference, "Train anew"))
        plain = {name: _tuples(entry) for name, entry in value.items()}
        for name, hint in known.items():
            if not _fits(plain[name], hint):
                kind = getattr(hint, "__name__", hint)
                raise RunError(
                    complaint("run.json", name, f"of type {kind}", value[name], "Restore run.json or train anew")
                )
        return cls(**plain)


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of the type that a hint names; whole numbers are numbers."""
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


def _tuples(value: Any) -> Any:
    """JSON's lists as the tuples they were, at any depth."""
    if isinstance(value, list):
        return tuple(_tuples(entry) for entry in value)
    if isinstance(value, dict):
        return {name: _tuples(entry) for name, entry in value.items()}
    return value

"""Ready-made studies: a name that stands for values and, where settings hang together, for how one follows another."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from nearfar.api.running import SETTLED
from nearfar.api.sweeping.grid import SETTINGS, Span, Values, combinations
from nearfar.data import KINDS, Source
from nearfar.engine import Settings
from nearfar.errors import complaint, suggestion
from nearfar.methods import METHODS
from nearfar.recipes import policy, resolve
from nearfar.views import Policy

__all__ = ["STUDIES", "Study", "check_study", "study_combinations"]

PARTS = (8, 4, 2, 1)
"""Of the data, in the study of its size: an eighth to all."""
BATCHES = (64, 128, 256, 512)
OTHER = {"image": "vit_tiny_patch16_224", "text": "gru", "series": "vit"}
"""What the recipe's network is compared with: a Transformer, or one that recurs."""

Grid = dict[str, Values]
Expand = Callable[[Grid, Settings, Source], Grid]
Fill = Callable[[Settings, dict[str, Any]], dict[str, Any]]


def _as_it_is(settings: Settings, chosen: dict[str, Any]) -> dict[str, Any]:
    """Nothing follows from a combination."""
    return chosen


class Study(NamedTuple):
    """A ready-made study.

    Attributes:
        meaning: what it asks, for people.
        expand: grid of the user, settings of a run with its first values, data -> the study's grid.
        fill: settings of a run, a combination -> the combination with what follows from it.
        probes: what trials are judged by, besides the usual.
    """

    meaning: str
    expand: Expand
    fill: Fill = _as_it_is
    probes: tuple[str, ...] = ()


def _augmentations(grid: Grid, settings: Settings, source: Source) -> Grid:
    """All of the policy's, and all but one; what the user leaves out is out of each."""
    _check_one(grid, "without")
    out = list(settings.without)
    views = policy(settings)
    if not isinstance(views, Policy):
        constraint = "of pictures, whose views have augmentations to leave out"
        raise ValueError(complaint("sweep", "data", constraint, KINDS[source.modality].many, "Choose another study"))
    rest = [name for name in views.augmentations if name not in out]
    return grid | {"without": (out, *([*out, name] for name in rest))}


def _data_size(grid: Grid, settings: Settings, source: Source) -> Grid:
    """An eighth to all of the data for an equal number of steps, with batches that the eighth can fill."""
    sizes = tuple(sorted({max(1, len(source) // part) for part in PARTS}))
    own = {"examples": grid.get("examples", sizes)}
    least = min(count or len(source) for count in own["examples"])
    if "batch_size" not in grid:
        own["batch_size"] = (min(settings.batch_size, least),)
    if "minutes" not in grid:
        own["steps"] = grid.get("steps", (settings.steps,))
    return {name: values for name, values in grid.items() if name != "epochs"} | own


def _batch_sizes(grid: Grid, settings: Settings, source: Source) -> Grid:
    for name in ("steps", "epochs", "minutes"):
        _check_one(grid, name)
    sizes = tuple(size for size in BATCHES if size <= len(source))
    return {"batch_size": sizes or (len(source),)} | grid


def _equal_examples(settings: Settings, chosen: dict[str, Any]) -> dict[str, Any]:
    """As many examples as the usual batch sees in its steps."""
    if chosen.get("minutes") is not None:
        return chosen
    steps = max(1, round(settings.steps * settings.batch_size / chosen["batch_size"]))
    return {name: value for name, value in chosen.items() if name != "epochs"} | {"steps": steps}


def _backbones(grid: Grid, settings: Settings, source: Source) -> Grid:
    """The network of the recipe, and one of another kind."""
    return {"backbone": (settings.spec.backbone, OTHER[settings.spec.modality])} | grid


STUDIES: Mapping[str, Study] = {
    "augmentations": Study("leave out one augmentation at a time, and none", _augmentations),
    "data-size": Study("an eighth, a quarter, half and all of the data, for equally many steps", _data_size),
    "batch-size": Study("batches of 64 to 512, for equally many examples seen", _batch_sizes, _equal_examples),
    "backbones": Study("a convolutional network against a Transformer", _backbones, probes=("fewshot",)),
}
"""By name; README and docs show them in this order."""


def check_study(name: str | None, *, sampler: str) -> None:
    """Refuses unknown studies, and those whose values nobody draws.

    Args:
        name: of the study; None for none.
        sampler: how the sweep chooses.

    Raises:
        ValueError: the study is unknown, or the sampler is not "grid".
    """
    if name is None:
        return
    if name not in STUDIES:
        raise ValueError(complaint("sweep", "study", f"one of {', '.join(STUDIES)}", name, suggestion(name, STUDIES)))
    if sampler != "grid":
        raise ValueError(
            complaint("sweep", "sampler", f"'grid' for the study {name}", sampler, "Leave one of them out")
        )


def study_combinations(study: str | None, method: str, grid: Grid, source: Source) -> tuple[Grid, list[dict[str, Any]]]:
    """The grid that a study makes of the user's, and all of its combinations.

    Args:
        study: its name; None for the grid as it is.
        method: the method's name.
        grid: values of the user's; they come before the study's own.
        source: the training data.

    Raises:
        ValueError: a setting has several values of which the study needs one, or the data is too small.
    """
    for name, values in grid.items():
        if isinstance(values, Span):
            next_step = "List its values, or say --sampler random"
            raise ValueError(complaint("sweep", name, "a list of values in a grid", str(values), next_step))
    if study is None:
        return grid, combinations(grid)
    settings = _usual(method, grid, source, study)
    expanded = STUDIES[study].expand(grid, settings, source)
    return expanded, [STUDIES[study].fill(settings, chosen) for chosen in combinations(expanded)]


def _usual(method: str, grid: Grid, source: Source, study: str) -> Settings:
    """The settings of a run with the first of all values but those that the study varies."""
    varied = {"batch-size": "batch_size", "data-size": "examples", "backbones": "backbone"}.get(study)
    first = {name: values[0] for name, values in grid.items() if name != varied}
    said: dict[str, Any] = dict.fromkeys(SETTLED) | {"accumulate": 1, "without": ()}
    said |= {name: value for name, value in first.items() if name in SETTLED}
    options = {name: value for name, value in first.items() if name not in SETTINGS}
    return resolve(method, METHODS[method], source, said=said, options=options, seed=0, precision="32-true")


def _check_one(grid: Grid, name: str) -> None:
    if len(grid.get(name, ())) > 1:
        raise ValueError(complaint("sweep", name, "one value in this study", list(grid[name]), "Leave out all but one"))

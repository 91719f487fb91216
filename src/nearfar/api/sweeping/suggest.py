"""Optuna: where a sweep's trials are kept beside their records, and who says what to try next."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nearfar.api.sweeping.grid import Span, Values
from nearfar.errors import RunError, complaint

__all__ = ["SAMPLERS", "Suggestions", "require_optuna"]

SAMPLERS = ("grid", "random", "tpe")
"""How a sweep chooses: every combination, by chance, or near what has done well (a tree of Parzen estimators)."""

FAR = 1000
"""Seeds of the sampler are so far apart from one trial to the next."""


class Suggestions:
    """Optuna's study of a sweep.

    The records of the trials are the truth, and the study is made from them whenever the sweep begins or goes on: a
    list of choices that has grown, which Optuna does not allow, and a kill at any moment then do no harm.

    Args:
        database: the SQLite file, which is made anew.
        space: the values of each setting, of former trials too.
        sampler: of `SAMPLERS`.
        seed: of the sampler.

    Raises:
        RunError: Optuna is not installed.
    """

    def __init__(self, database: Path, space: Mapping[str, Values], *, sampler: str, seed: int = 0) -> None:
        self._optuna = require_optuna()
        self._sampler, self._seed = sampler, seed
        listed = {name: values for name, values in space.items() if not isinstance(values, Span)}
        self._labels = {name: {_label(value): value for value in values} for name, values in listed.items()}
        self._space = {name: self._distribution(name, values) for name, values in space.items()}
        database.unlink(missing_ok=True)
        self._study = self._optuna.create_study(storage=_storage(database), study_name="sweep", direction="maximize")

    def _distribution(self, name: str, values: Values) -> Any:
        kinds = self._optuna.distributions
        if not isinstance(values, Span):
            return kinds.CategoricalDistribution(list(self._labels[name]))
        if values.whole:
            return kinds.IntDistribution(int(values.low), int(values.high), log=values.is_wide)
        return kinds.FloatDistribution(values.low, values.high, log=values.is_wide)

    def recall(self, name: str, settings: Mapping[str, Any], value: float | None) -> None:
        """Tells of a trial of before.

        Args:
            name: of the trial.
            settings: its combination.
            value: what is to be high; None if it failed.
        """
        params = self._params(settings)
        if not all(self._holds(one, held) for one, held in params.items()):
            return  # of a range that was another then
        state = self._optuna.trial.TrialState
        trial = self._optuna.trial.create_trial(
            state=state.FAIL if value is None else state.COMPLETE,
            value=value,
            params=params,
            distributions={one: self._space[one] for one in params},
            user_attrs={"name": name},
        )
        self._study.add_trial(trial)

    def _holds(self, name: str, value: Any) -> bool:
        distribution = self._space[name]
        return bool(distribution._contains(distribution.to_internal_repr(value)))

    def begin(self, name: str, settings: Mapping[str, Any]) -> Any:
        """Notes that a combination is being tried.

        Args:
            name: of the trial.
            settings: the combination.

        Returns:
            What `end` asks for.
        """
        params = self._params(settings)
        self._study.enqueue_trial(params, user_attrs={"name": name})
        return self._study.ask({one: self._space[one] for one in params})

    def suggest(self, number: int, attempt: int) -> tuple[Any, dict[str, Any]]:
        """A combination to try: a function of the seed, the numbers and what has been told.

        Args:
            number: of the trial.
            attempt: how many combinations for it have been refused.

        Returns:
            What `end` asks for, and the settings.
        """
        samplers = self._optuna.samplers
        seed = (self._seed + FAR * (number + 1) + attempt) % 2**32
        made = samplers.RandomSampler(seed=seed) if self._sampler == "random" else samplers.TPESampler(seed=seed)
        self._study.sampler = made
        trial = self._study.ask(self._space)
        return trial, {name: self._labels.get(name, {}).get(value, value) for name, value in trial.params.items()}

    def end(self, trial: Any, value: float | None) -> None:
        """Tells what came of a combination.

        Args:
            trial: what `begin` or `suggest` gave.
            value: what is to be high; None if it failed, or was not tried.
        """
        state = self._optuna.trial.TrialState
        self._study.tell(trial, value, state=state.FAIL if value is None else state.COMPLETE)

    def _params(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings as Optuna holds them."""
        known = {name: value for name, value in settings.items() if name in self._space}
        return {name: _label(value) if name in self._labels else value for name, value in known.items()}


def _label(value: Any) -> Any:
    """A choice as Optuna takes it: lists are words."""
    return (",".join(value) or "none") if isinstance(value, list) else value


def require_optuna() -> Any:
    """The library.

    Raises:
        RunError: it is not installed.
    """
    try:
        import optuna
    except ImportError:
        next_step = "Type pip install 'nearfar[sweep]'"
        raise RunError(complaint("sweep", "optuna", "installed", "no such package", next_step)) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _storage(database: Path) -> str:
    from sqlalchemy import URL

    return URL.create("sqlite", database=str(database)).render_as_string()

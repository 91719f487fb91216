"""Runs that are stopped from outside in the middle."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from nearfar.engine import recorder
from nearfar.errors import Interrupted

__all__ = ["stopped_after"]


@contextmanager
def stopped_after(last: int) -> Iterator[pytest.ExceptionInfo[Interrupted]]:
    """Stops the run that is begun inside by SIGTERM after a step, and sees that it says so."""
    record = recorder.Recorder._record

    def interrupting(self: recorder.Recorder, step: int, *arguments: object, **keywords: object) -> None:
        record(self, step, *arguments, **keywords)
        if step == last:
            signal.raise_signal(signal.SIGTERM)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder.Recorder, "_record", interrupting)
        with pytest.raises(Interrupted) as told:
            yield told

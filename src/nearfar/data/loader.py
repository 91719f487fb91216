"""Calling a function for one key after another, in worker processes ahead of need."""

import atexit
import gc
import multiprocessing
import signal
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from weakref import WeakSet

import torch
from torch.utils.data import DataLoader, Dataset

from nearfar.data._containers.store import quiet_codecs
from nearfar.errors import NearfarError

__all__ = ["in_order"]

T = TypeVar("T")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_running: WeakSet[Generator[Any, None, None]] = WeakSet()


def in_order(make: Callable[[int], T], keys: Sequence[int], *, workers: int = 0) -> Iterator[T]:
    """Yields `make(key)` for each key, in the keys' order; the number of workers changes nothing but the speed.

    Workers leave signals to their parent, and end when the iterator does.

    Args:
        make: a function of nothing but the key; picklable if there are workers.
        keys: what to make.
        workers: processes that make things, each two ahead of need; with 0 each is made when its turn comes.

    Raises:
        NearfarError: what `make` raised, in whatever process.
    """
    made = _in_workers(make, keys, workers) if workers else _here(make, keys)
    _running.add(made)
    return made


def _here(make: Callable[[int], T], keys: Sequence[int]) -> Generator[T, None, None]:
    for key in keys:
        with quiet_codecs():
            made = make(key)
        yield made


def _in_workers(make: Callable[[int], T], keys: Sequence[int], workers: int) -> Generator[T, None, None]:
    others = set(multiprocessing.active_children())
    results = _start(make, keys, workers)
    processes = set(multiprocessing.active_children()) - others
    atexit.unregister(_end_all)
    atexit.register(_end_all)  # now, to come before torch and multiprocessing, who would wait for deaf workers
    try:
        for made in results:
            if isinstance(made, NearfarError):
                raise made
            yield made
    finally:
        del results  # which sends the workers home; a traceback that holds this frame could delay that for long
        for process in processes:
            process.kill()


def _end_all() -> None:
    for made in tuple(_running):
        made.close()


def _start(make: Callable[[int], T], keys: Sequence[int], workers: int) -> Iterator[T | NearfarError]:
    with warnings.catch_warnings(), _signals_held():
        # torch has an opinion on the number of workers, which the caller chose; Python 3.12 warns of any fork beside
        # threads, of which none is busy here.
        warnings.simplefilter("ignore")
        loader = DataLoader(
            _Made(make),
            batch_size=None,
            sampler=keys,
            num_workers=workers,
            collate_fn=_unchanged,
            worker_init_fn=_begin_worker,
            generator=torch.Generator(),  # or starting workers would move the process's own
        )
        return iter(loader)


class _Made(Dataset[Any]):
    """What workers call: errors of ours travel as values, or torch would put its traceback into their sentence."""

    def __init__(self, make: Callable[[int], Any]) -> None:
        self.make = make

    def __getitem__(self, key: int) -> Any:
        try:
            return self.make(key)
        except NearfarError as error:
            return error


def _unchanged(made: T) -> T:
    return made


@contextmanager
def _signals_held() -> Iterator[None]:
    """Signals wait until workers, who inherit this, are deaf to them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker(worker: int) -> None:
    gc.freeze()  # what the parent has not yet collected is not the worker's to end
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    warnings.simplefilter("ignore")  # as `quiet_codecs` does in the parent

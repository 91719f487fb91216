import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nearfar.data import in_order
from nearfar.errors import DataError


def slow_if_even(key: int) -> tuple[int, ...]:
    time.sleep(0.02 * (key % 2 == 0))
    return (key, key * key)


def fails_at_three(key: int) -> int:
    if key == 3:
        raise DataError("three: key must be another. Got 3. Try 4.")
    return key


@pytest.mark.parametrize("workers", [0, 2])
def test_things_come_in_the_order_of_their_keys(workers: int) -> None:
    assert list(in_order(slow_if_even, range(3, 9), workers=workers)) == [(key, key * key) for key in range(3, 9)]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_of_ours_keeps_its_sentence_and_its_turn(workers: int) -> None:
    made = in_order(fails_at_three, range(9), workers=workers)
    assert [next(made), next(made), next(made)] == [0, 1, 2]
    with pytest.raises(DataError, match=r"^three: key must be another\. Got 3\. Try 4\.$"):
        next(made)


def test_workers_end_with_their_iterator() -> None:
    before = set(multiprocessing.active_children())
    made = in_order(fails_at_three, range(3), workers=2)
    next(made)
    assert len(set(multiprocessing.active_children()) - before) == 2
    del made
    assert not set(multiprocessing.active_children()) - before


SCRIPT = """
import signal, sys, time
from nearfar.data import in_order

signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background job does not have

def make(key):
    return key

made = in_order(make, range(10**9), workers=2)
try:
    for key in made:
        print("going", flush=True)
        time.sleep(0.01)
        if "leave" in sys.argv:
            sys.exit()
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


@pytest.mark.parametrize("way", ["interrupt", "leave"])
def test_a_program_stops_at_once_and_in_silence(way: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, way]
    with subprocess.Popen(command, stdout=-1, stderr=-1, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "going\n"
        if way == "interrupt":
            os.killpg(process.pid, signal.SIGINT)
        said, complained = process.communicate(timeout=30)  # no waiting for workers who wait themselves
    assert said.endswith("stopped\n") == (way == "interrupt")
    assert complained == ""
    assert process.returncode == 0

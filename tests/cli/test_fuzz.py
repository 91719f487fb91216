"""A thousand command lines out of real commands and nonsense: each is obeyed or refused in a sentence.

Training stops right before the loop; everything up to there, and everything behind it, is real.
"""

import os
import random
import shlex
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from cli.desk import lay_out

import nearfar.cli.demo
from nearfar.api import judging, running
from nearfar.cli.derive import Flag, flags_of, outline
from nearfar.cli.pretrain import common_flags, own_flags
from nearfar.cli.program import COMMANDS
from nearfar.engine import Run, Training
from nearfar.methods import METHODS

SECONDS = 100
"""No command of the fuzz takes this long."""

FLAGS: dict[str, dict[str, Flag]] = {
    **{f"pretrain {name}": common_flags(method.modalities) | own_flags(method) for name, method in METHODS.items()},
    "resume": flags_of(outline("nearfar.api", "resume")),
    "evaluate": flags_of(outline("nearfar.api", "evaluate")),
    "transfer": flags_of(outline("nearfar.api", "transfer")),
    "finetune": flags_of(outline("nearfar.api", "finetune")),
    "compare": flags_of(outline("nearfar.api", "compare")),
    "predict": flags_of(outline("nearfar.api", "predict")),
    "export": flags_of(outline("nearfar.api", "export")),
    "generate": flags_of(outline("nearfar.api", "generate")),
    "embed": flags_of(outline("nearfar.api", "embed")),
    "search": flags_of(outline("nearfar.api", "search")),
    "demo": flags_of(nearfar.cli.demo._demo),
    **{name: {} for name in ("report", "methods", "doctor")},
}
EXTRA = ("json", "out", "help", "debug", "version", "no-baselines", "")
ODD = (
    *("0", "-1", "1", "2", "3.5", "1e9", "-1e-9", "1e400", "nan", "inf", "9" * 30, "9" * 5000, "0x10", "1_000"),
    *("none", "None", "true", "[]", "{}", "null", "--", "-", "-h", "--steps", "=", "a=b", "*", "$HOME", "`ls`", "\\"),
    *(
        "",
        " ",
        "\t",
        "größe",
        "日本語",
        "🙂",
        "\uff11\uff12",
        "\u202eabc",
        "a\nb",
        "x" * 300,
        "../..",
        "/",
        "/dev/null",
    ),
    *("'", '"', "%s%n", "\udcff", "CON", "a,b", "timm:", "timm:no", "hf:", "nearfar", "pretrain", "/proc/none/x"),
)
DATA = (
    *("pictures", "pictures", "pictures", "others", "flat", "cats", "lone", "single", "empty", "broken", "texts"),
    *("notes.txt", "pictures.zip", "torn.zip", "texts.zip", "photos.parquet", "weights.parquet", "torn.parquet"),
    *("list.csv", "floats.npy", "vectors.npy", "arrays.npz", "unaligned.npz", "nowhere", ".", "runs", "runs/first"),
)
TEXTS = ("lines.txt", "lines.txt", "pairs.csv", "scored.csv", "latin.txt", "notes.txt", "uneven.csv", "nowhere")
CAPTIONED = ("captioned", "captioned", "captioned", "nameless", "pictures", "lines.txt", "nowhere")
NAMES = (
    *("train", "test", "small", "resnet18", "adamw", "muon", "lars"),
    *("32-true", "auto", "never", "skip", "use", "knn"),
)


class Hang(BaseException):
    """A command took too long."""


def runs(root: Path) -> list[str]:
    return sorted(f"runs/{path.name}" for path in (root / "runs").iterdir())


def command_line(dice: random.Random, runs: list[str]) -> list[str]:
    """One command line: mostly a real command with real flags, seldom with all of them right."""
    name = dice.choice([*FLAGS, *("evaluate", "pretrain simclr") * 3])
    flags = FLAGS[name]
    words = name.split()
    if dice.random() < 0.05:
        words[-1] = damaged(dice, words[-1])
    takes_run, takes_data = name in ("resume", "evaluate", "embed", "report"), name.startswith(("pretrain", "ev", "em"))
    modalities = METHODS[name.split()[1]].modalities if name.startswith("pretrain") else ("image",)
    data = DATA if "image" in modalities else TEXTS if "text" in modalities else CAPTIONED
    places = [runs] * takes_run + [data] * takes_data
    for place in places[: len(places) - (dice.random() < 0.05)]:
        words.append(dice.choice(place) if dice.random() < 0.85 else dice.choice(ODD))
    options = [flag for flag in flags if flag not in ("method", "data", "run", "self", "backbone_module", "options")]
    for _ in range(dice.choice([0, 1, 1, 2, 3])):
        chosen = dice.choice([*options, *EXTRA]) if dice.random() < 0.3 or not options else dice.choice(options)
        words += option(dice, chosen, flags.get(chosen), runs)
    return words


def option(dice: random.Random, name: str, flag: Flag | None, runs: list[str]) -> list[str]:
    """A flag with a value that is likely to fit, or not."""
    typed = "--" + (name if dice.random() < 0.95 else damaged(dice, name)).replace("_", "-")
    if flag is None or flag.hint is bool or dice.random() < 0.05:
        return [typed]
    if dice.random() < 0.35:
        value = dice.choice(ODD)
    elif flag.hint is int:
        value = str(dice.choice([0, 1, 2, 8, 16, 32, 64, 100, -1]))
        value = "1" if name == "devices" else value
    elif flag.hint is float:
        value = str(dice.choice([0.0, 0.001, 0.1, 1.0, 2, 100, -0.5]))
    else:
        value = dice.choice([*NAMES, *DATA, *runs, f"new/{dice.randrange(10**9)}"])
    return [f"{typed}={value}"] if dice.random() < 0.2 else [typed, value]


def damaged(dice: random.Random, word: str) -> str:
    """A word with one letter gone, doubled or replaced."""
    place = dice.randrange(len(word)) if word else 0
    return word[:place] + dice.choice(["", 2 * word[place : place + 1], "x", "é"]) + word[place + 1 :]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("fuzz") / "desk"
    root.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        lay_out(root)
    return root


@pytest.fixture
def _short(desk: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing trains, judging is brief, and what takes too long is ended."""
    judge = judging.judge

    def briefly(*arguments: Any, probes: object, baselines: bool, seed: int) -> Any:
        return judge(*arguments, probes=["knn"], baselines=False, seed=seed)

    monkeypatch.chdir(desk)
    monkeypatch.setenv("HOME", str(desk))
    monkeypatch.setattr(tempfile, "tempdir", str(desk.parent))
    monkeypatch.setattr(nearfar.cli.demo, "DATA", "pictures")
    monkeypatch.setattr(Training, "fix_steps", lambda training, minutes: None)
    monkeypatch.setattr(running, "_finish", lambda training, files, **rest: Run(files.path))
    monkeypatch.setattr(judging, "judge", briefly)

    def end(number: int, frame: FrameType | None) -> None:
        raise Hang

    former = signal.signal(signal.SIGALRM, end)
    yield
    signal.signal(signal.SIGALRM, former)


@pytest.fixture
def written(desk: Path) -> Iterator[list[str]]:
    """What is written outside of the folder for temporary files while a test runs."""
    places = _Watch.places = []
    _Watch.inside = (str(desk.parent), "/dev/", "/proc/")
    if not _Watch.installed:
        sys.addaudithook(_Watch.hear)
        _Watch.installed = True
    yield places
    _Watch.places = None


class _Watch:
    """Hears of every file that Python opens, makes, moves or removes; cannot be taken out again."""

    installed = False
    inside: tuple[str, ...] = ()
    places: list[str] | None = None

    @classmethod
    def hear(cls, event: str, arguments: tuple[Any, ...]) -> None:
        if cls.places is None or event not in ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link"):
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)):
            return
        places = [os.path.abspath(os.fsdecode(word)) for word in arguments[:2] if isinstance(word, str | bytes)]
        cls.places += [place for place in places[: 2 if event in ("os.rename", "os.link") else 1]
                       if not place.startswith(cls.inside) and "__pycache__" not in place]  # fmt: skip


def fuzz(count: int, seed: int, desk: Path, typed: Callable[..., Any]) -> None:
    dice, known = random.Random(seed), runs(desk)
    ends, failures = {0: 0, 2: 0}, []
    for _ in range(count):
        words = command_line(dice, known)
        line = f"nearfar {shlex.join(words)}"
        signal.alarm(SECONDS)
        try:
            answer = typed(*words)
        except Hang:
            failures.append(f"{line}\nno end in {SECONDS} s")
            continue
        finally:
            signal.alarm(0)
        if answer.code not in ends or ("Traceback" in answer.err and "--debug" not in line):
            failures.append(f"{line}\n{answer.code}: {answer.err}")
        else:
            ends[answer.code] += 1
    assert not failures, "\n".join(failures)
    assert min(ends.values()) > count / 10, f"some are obeyed and some refused: {ends}"


@pytest.mark.usefixtures("_short")
def test_any_command_line_is_obeyed_or_refused(desk: Path, written: list[str], typed) -> None:
    fuzz(150, 0, desk, typed)
    assert written == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("_short")
def test_a_thousand_command_lines(desk: Path, written: list[str], typed) -> None:
    fuzz(1000, 1, desk, typed)
    assert written == []


def test_every_command_is_among_them() -> None:
    trains = {"sweep"}  # in processes of its own, which nothing here keeps from training
    assert {name.split()[0] for name in FLAGS} == set(COMMANDS) - trains

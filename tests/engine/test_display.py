"""What a person reads while a run trains."""

from pathlib import Path

import pytest

from nearfar.diagnostics import Verdict
from nearfar.engine import display

RECORD = {
    "step": 5,
    "loss": 3.1234,
    "chance": 6.24,
    "floor": 1.47,
    "learning_rate": 0.02,
    "examples_per_second": 1234.5,
    "seconds_left": 200.0,
}


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59, "59 s"), (60, "1 min 00 s"), (3599, "59 min 59 s"), (7500, "2 h 05 min")]
)
def test_durations_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert display.duration(seconds) == words


def test_plain_lines_where_there_is_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(display, "PLAIN_SECONDS", 0.0)
    with display.Display(tmp_path / "log.txt", steps=10) as shown:
        shown.step(RECORD)
        shown.say("That is all.")
    words = "loss 3.12 (chance 6.24, floor 1.47)  rate 0.02  1,234/s  3 min 20 s left"
    assert capsys.readouterr().err == f"step 5/10  {words}\nThat is all.\n"
    assert [line.split(" ", 1)[1] for line in (tmp_path / "log.txt").read_text().splitlines()] == [
        f"step 5/10  {words}",
        "That is all.",
    ]


def test_the_guard_s_words_stay_and_are_coloured_where_a_terminal_shows_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = Verdict("collapsed", "Collapsed: [all] is one.")
    display.Display(None, steps=10).verdict(verdict)
    assert capsys.readouterr().err == "Collapsed: [all] is one.\n"
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    display.Display(None, steps=10).verdict(verdict)
    assert capsys.readouterr().err == "\x1b[31mCollapsed: [all] is one.\x1b[0m\n"


def test_other_ranks_are_silent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with display.Display(tmp_path / "log.txt", steps=10, enabled=False) as shown:
        shown.step(RECORD)
        shown.say("Nothing.")
    assert capsys.readouterr().err == ""
    assert not (tmp_path / "log.txt").exists()

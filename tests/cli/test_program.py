"""The program as a whole: help comes at once, and every end has its code."""

import subprocess
import sys

import pytest

import nearfar.cli.report
from nearfar.cli import app
from nearfar.cli.program import COMMANDS
from nearfar.errors import NonFiniteLossError


def python(*words: str) -> subprocess.CompletedProcess[str]:
    """Runs `python -m nearfar`; the last word on stderr says whether torch was imported."""
    code = "import sys; from nearfar.cli import main\ntry: main()\n"
    code += "finally: print('torch' in sys.modules, file=sys.stderr)"
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [["--help"], [], ["--version"], ["evaluate", "--help"], ["demo", "--help"]], ids=str)
def test_help_comes_without_torch(words: list[str]) -> None:
    done = python(*words)
    assert done.returncode == 0
    assert done.stdout
    assert done.stderr.split()[-1] == "False", "torch was imported"


def test_the_help_of_a_method_shows_its_options() -> None:
    done = python("pretrain", "simclr", "--help")
    assert done.returncode == 0
    assert "--temperature" in done.stdout


def test_the_module_is_the_program() -> None:
    done = subprocess.run([sys.executable, "-m", "nearfar", "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: nearfar COMMAND")


def test_help_lists_every_command_in_order(typed) -> None:
    said = typed("--help").out
    places = [said.index(f"\n  {name} ") for name in COMMANDS]
    assert places == sorted(places)
    assert all(option in said for option in ("--version", "--install-completion", "--debug"))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_page_of_help(name: str, typed) -> None:
    answer = typed(name, "--help")
    assert answer.code == 0
    assert f"Usage: nearfar {name}" in answer.out
    assert COMMANDS[name].split()[0] in answer.out


def test_the_version_is_the_packages(typed) -> None:
    assert typed("--version").out == f"nearfar {nearfar.__version__}\n"


def test_shells_can_complete(typed) -> None:
    script = app.generate_completion(shell="bash")
    assert all(word in script for word in ("simclr", "--temperature", "--probes"))


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch):
    """Makes `nearfar report` raise an error."""

    def install(error: BaseException) -> None:
        def fail(run: object) -> None:
            raise error

        monkeypatch.setattr(nearfar.cli.report, "write_report", fail)

    return install


@pytest.mark.parametrize("debug", [[], ["--debug"]], ids=str)
def test_a_bug_is_called_a_bug(debug: list[str], failing, typed) -> None:
    failing(KeyError("encoder"))
    answer = typed("report", *debug, "runs/first")
    assert answer.code == 1
    assert "this is a bug, not your mistake: KeyError: 'encoder'." in answer.err
    assert "--debug" in answer.err
    assert ("Traceback" in answer.err) == bool(debug)
    assert not answer.out


def test_a_librarys_value_error_is_a_bug(failing, typed) -> None:
    failing(ValueError("n_samples must be positive"))
    assert "this is a bug" in typed("report", "runs/first").err


def test_a_full_disk_is_not_a_bug(failing, typed) -> None:
    failing(OSError(28, "No space left on device", "runs/first/report.html"))
    answer = typed("report", "runs/first")
    assert answer.code == 1
    assert answer.err == "nearfar: runs/first/report.html: No space left on device.\n"


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes")])
def test_want_of_memory_is_not_a_bug(error: Exception, failing, typed) -> None:
    failing(error)
    answer = typed("report", "runs/first")
    assert answer.code == 1
    assert answer.err.startswith("nearfar: memory must be enough for this call.")
    assert "--batch-size" in answer.err


def test_a_failed_run_is_not_a_wrong_call(failing, typed) -> None:
    failing(NonFiniteLossError("step 7: loss must be finite."))
    assert typed("report", "runs/first") == (1, "", "step 7: loss must be finite.\n")


def test_control_c_outside_of_training_ends_quietly(failing, typed) -> None:
    failing(KeyboardInterrupt())
    assert typed("report", "runs/first") == (130, "", "Stopped.\n")


@pytest.mark.parametrize("name", ["RANK", "LOCAL_RANK"])
def test_ranks_other_than_0_are_silent(name: str, typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1")
    assert typed("methods") == (0, "", "")
    assert typed("report", "nothing") == (2, "", "")


def test_a_bug_on_another_rank_is_said(failing, typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    failing(KeyError("encoder"))
    assert "a bug on rank 1" in typed("report", "runs/first").err

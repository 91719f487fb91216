"""From pictures to a judged encoder by commands, and what happens when a signal comes between."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from nearfar.records import EmbeddingTable, RunFolder, read_json

QUICK = ("--steps", "2", "--batch-size", "8", "--workers", "0", "--seed", "3")


def test_the_whole_way(pictures: Path, typed) -> None:
    done = typed("pretrain", "simclr", "pictures", *QUICK, "--temperature", "0.5", "--out", "runs/first")
    assert done.code == 0, done.err
    assert done.out == "The encoder is in runs/first, its page is runs/first/report.html.\n"
    assert "nearfar evaluate runs/first pictures" in done.err
    assert "nearfar embed runs/first pictures --out vectors.parquet" in done.err
    assert RunFolder(Path("runs/first")).report.exists()
    record = read_json(Path("runs/first/run.json"))
    assert record["options"]["temperature"] == 0.5
    assert record["seed"] == 3
    assert record["command"] == f"nearfar pretrain simclr pictures {' '.join(QUICK)} --temperature 0.5 --out runs/first"

    judged = typed("evaluate", "runs/first", "pictures", "--json")
    scores = json.loads(judged.out)
    assert list(scores["scores"]) == ["knn", "linear", "fewshot"]
    assert scores["baselines"]["raw"]["knn"]["accuracy"] == 1.0
    assert scores["baselines"]["untrained"]["linear"]["interval"][1] <= 1
    assert scores["data"]["held_out"] is True

    table = typed("evaluate", "runs/first", "pictures", "--probes", "knn", "linear", "--no-baselines").out
    assert "k-NN" in table
    assert "this encoder" in table
    assert "raw pixels" not in table
    assert "a fifth of every class was held out" in table

    written = typed("embed", "runs/first", "pictures", "--out", "vectors.parquet")
    vectors = EmbeddingTable.read("vectors.parquet")
    assert len(vectors) == 40
    assert written.out.startswith("vectors.parquet: 40 vectors of width ")

    Path("runs/first/report.html").unlink()
    assert typed("report", "runs/first").out == "runs/first/report.html\n"
    assert Path("runs/first/report.html").exists()

    taken = typed("pretrain", "simclr", "pictures", *QUICK, "--out", "runs/first")
    assert taken.code == 2
    assert "nearfar resume runs/first" in taken.err


@pytest.mark.parametrize(
    ("number", "code", "out"),
    [(signal.SIGINT, 130, ("--out", "my runs/first")), (signal.SIGTERM, 143, ())],
)
def test_a_signal_saves_and_says_how_to_go_on(
    number: int, code: int, out: tuple[str, ...], pictures: Path, typed
) -> None:
    run = Path(out[1] if out else "runs/simclr-pictures")

    def stop() -> None:
        metrics, patience = RunFolder(run).metrics, time.monotonic() + 60
        while not (metrics.exists() and metrics.stat().st_size) and time.monotonic() < patience:
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    threading.Thread(target=stop).start()
    stopped = typed("pretrain", "simclr", "pictures", "--steps", "1000", "--batch-size", "8", "--workers", "0", *out)
    assert stopped.code == code
    assert f"Stopped by {signal.Signals(number).name} after step" in stopped.err
    assert stopped.err.splitlines()[-1] == f"Go on with:  nearfar resume {repr(str(run)) if out else run}"
    assert RunFolder(run).checkpoint.exists()


def test_resume_ends_like_pretrain(pictures: Path, typed) -> None:
    typed("pretrain", "simclr", "pictures", *QUICK, "--out", "runs/first")
    done = typed("resume", "runs/first", "--workers", "0")
    assert done.code == 0, done.err
    assert done.out == "The encoder is in runs/first, its page is runs/first/report.html.\n"
    assert "nearfar evaluate runs/first" in done.err

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


def test_reading_is_said_by_flags(pictures: Path, typed) -> None:
    Path("pictures/left/torn.png").write_bytes(Path("pictures/left/00.png").read_bytes()[:-30])
    done = typed(
        "pretrain", "simclr", "pictures", *QUICK, "--truncated", "use", "--cache", "never", "--out", "runs/first"
    )
    assert done.code == 0, done.err
    assert done.err.startswith(
        "Learning from: 41 pictures in 2 classes; 1 truncated picture used as far as can be seen (left/torn.png).\n"
    )
    assert read_json(Path("runs/first/run.json"))["reading"]["truncated"] == "use"
    typed("embed", "runs/first", "pictures", "--out", "vectors.parquet")
    assert len(EmbeddingTable.read("vectors.parquet")) == 41, "as the run read it"
    skipped = typed("pretrain", "simclr", "pictures", *QUICK)
    assert skipped.err.startswith("Learning from: 40 pictures in 2 classes; 1 file skipped: '")


def test_strict_stops_with_the_list(pictures: Path, typed) -> None:
    for number in range(3):
        Path(f"pictures/left/broken{number}.png").write_text("no picture")
    code, out, err = typed("pretrain", "simclr", "pictures", *QUICK, "--strict")
    assert (code, out) == (2, "")
    sentence, *listed = err.splitlines()
    assert sentence.startswith("pretrain: data must be usable to the last file")
    assert [line.split()[0] for line in listed] == [f"left/broken{number}.png" for number in range(3)]
    assert "Traceback" not in err
    assert not Path("runs").exists()


def test_a_name_that_is_no_text_does_no_harm(pictures: Path, typed) -> None:
    Path("pictures").rename("menu\udce9")
    Path("menu\udce9/left/00.png").rename("menu\udce9/left/\udce9.png")
    done = typed("pretrain", "simclr", "menu\udce9", *QUICK)
    assert done.code == 0, done.err
    assert done.out.startswith("The encoder is in runs/simclr-menu,")
    assert r"nearfar evaluate runs/simclr-menu 'menu\udce9'" in done.err
    assert typed("resume", "runs/simclr-menu", "--workers", "0").code == 0
    refused = typed("pretrain", "simclr", "menu\udce9", *QUICK, "--out", "runs/\udce9")
    assert refused.err == (
        "pretrain: out must be a name of letters in UTF-8. Got 'runs/\\udce9'. Choose another --out.\n"
    )


def test_resume_ends_like_pretrain(pictures: Path, typed) -> None:
    typed("pretrain", "simclr", "pictures", *QUICK, "--out", "runs/first")
    done = typed("resume", "runs/first", "--workers", "0")
    assert done.code == 0, done.err
    assert done.out == "The encoder is in runs/first, its page is runs/first/report.html.\n"
    assert "nearfar evaluate runs/first" in done.err

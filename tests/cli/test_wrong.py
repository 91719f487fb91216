"""A wrong call gets one sentence on stderr, exit code 2 and no traceback."""

import re
import shlex

import pytest

SENTENCE = re.compile(r"[\w /`-]+: .+ must be .+\. Got .+\. .+[.?]\n")

CALLS = {
    "pretrian simclr pictures": "nearfar: command must be one that `nearfar --help` lists. Got 'pretrian'. "
    "Did you mean 'pretrain'?",
    "zzz": "nearfar: command must be one that `nearfar --help` lists. Got 'zzz'. "
    "Choose from demo, doctor, embed, evaluate, methods, pretrain, report, resume.",
    "--versoin": "Did you mean '--version'?",
    "pretrain simclrr pictures": "nearfar pretrain: method must be one that `nearfar methods` lists. Got 'simclrr'. "
    "Did you mean 'simclr'?",
    "pretrain simclr": "nearfar pretrain simclr: DATA must be given. Got nothing. "
    "Type `nearfar pretrain simclr --help`.",
    "pretrain simclr pictures --temprature 0.1": "nearfar pretrain simclr: option must be one that "
    "`nearfar pretrain simclr --help` lists. Got '--temprature'. Did you mean '--temperature'?",
    "pretrain simclr pictures --temprature=0.1": "Got '--temprature'. Did you mean '--temperature'?",
    "pretrain simclr pictures --steps": "--steps must be followed by a value. Got nothing.",
    "pretrain simclr pictures --steps two": "--steps must be a whole number. Got 'two'.",
    "pretrain simclr pictures --temperature warm": "--temperature must be a number. Got 'warm'.",
    "pretrain simclr pictures --steps 1 --steps 2": "--steps must be given once. Got it twice.",
    "pretrain simclr my pictures": "arguments must be those that its help lists. Got 'pictures'.",
    "pretrain simclr pictures --log": "--log must be followed by a value. Got nothing.",
    "pretrain simclr fashion-min": "Did you mean 'fashion-mini'?",
    "pretrain simclr pictures --backbone resnt18": "Did you mean 'resnet18'?",
    "pretrain simclr pictures --steps 1 --epochs 1": "epochs and steps must be given one at a time.",
    "pretrain simclr pictures --steps 0": "steps must be above 0. Got 0.",
    "resume pictures": "run.json must be in the folder pictures. Got 'no such file'. Name a run's folder.",
    "evaluate": "nearfar evaluate: RUN must be given. Got nothing.",
    "evaluate pictures": "nearfar evaluate: DATA must be given. Got nothing.",
    "evaluate pictures pictures": "Name a run's folder.",
    "evaluate pictures pictures --probes nkn": "Did you mean 'knn'?",
    "evaluate pictures pictures --json=5": "--json must be given without a value. Got '5'.",
    "embed pictures pictures": "nearfar embed: --out must be given. Got nothing.",
    "embed pictures pictures --out no/such/vectors.parquet": "out must be a file in an existing folder.",
    "embed pictures pictures --out pictures": "out must be a file in an existing folder.",
    "report pictures": "Name a run's folder.",
    "methods --jsn": "Did you mean '--json'?",
    "demo --minutes ten": "nearfar demo: --minutes must be a number. Got 'ten'.",
    "demo --minutes 0": "minutes must be above 0.",
}


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize(("call", "answer"), CALLS.items(), ids=CALLS)
def test_a_wrong_call_is_answered_in_one_sentence(call: str, answer: str, typed) -> None:
    code, out, err = typed(*shlex.split(call))
    assert answer in err
    last = err.splitlines(keepends=True)[-1]
    assert SENTENCE.fullmatch(last), "the sentence is whole and the last that is said"
    assert code == 2
    assert out == ""
    assert "Traceback" not in err


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_debug_shows_the_traceback_wherever_it_stands(place: int, typed) -> None:
    words = ["pretrain", "simclr", "nowhere"]
    words.insert(place, "--debug")
    code, _, err = typed(*words)
    assert code == 2
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("pretrain: data must be an existing path")

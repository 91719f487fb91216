"""What a trained encoder is for: vectors, scores, a page."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nearfar.api.finetuned import finetuned
from nearfar.api.loading import alike, encoder_of, load
from nearfar.api.parted import checked_probes, checked_prompts, parted
from nearfar.api.ready import tell
from nearfar.data import Captioned, Reading, Sentences
from nearfar.engine import (
    Classifier,
    Encoder,
    Predictions,
    Run,
    Scores,
    label_free,
    sample_rows,
    write_inside,
    write_sample,
)
from nearfar.engine.folder import check_writable, folder_of
from nearfar.engine.intake import account, noun
from nearfar.engine.judge import TRAINED, judge
from nearfar.engine.judge_pairs import PROMPTS
from nearfar.engine.layers import judge_layers
from nearfar.engine.mistakes import confusion, guesses
from nearfar.engine.overlap import overlap, read_seen, warnings_of
from nearfar.engine.parting import Judged, check_held_out
from nearfar.recipes import check_said
from nearfar.records import EmbeddingTable, RunFolder, write_json
from nearfar.report import Comparison, write_comparison
from nearfar.report import compare as _compare
from nearfar.report import write_report as _write_report

__all__ = ["compare", "embed", "evaluate", "load", "predict", "write_report"]


def embed(
    run: str | Path | Run | Encoder,
    data: Any,
    *,
    split: str | None = None,
    reading: Reading = Reading(),  # noqa: B008  # which is frozen
) -> EmbeddingTable:
    """The representation of every example.

    Of pairs of texts it is that of the first text, unless `reading` names another column as the text's; of pictures
    with captions that of the picture.

    Args:
        run: a run, its folder, an encoder, or published weights of a vision transformer, as for `load`.
        data: as for `pretrain`.
        split: which split of the data; "train" where there is one, else all.
        reading: how the data is read; columns and what to do with truncated pictures, unless stated, as in the run.

    Returns:
        A table; of texts it has the texts themselves, which `search` shows.

    Raises:
        DataError: the data cannot be used.
        RunError: there is no encoder, or it is damaged.
    """
    encoder = encoder_of(run)
    source = encoder.opened(data, split=split, reading=alike(run, reading, data), where="embed")
    tell(account(source, role="Embedding"))
    table = encoder.embed(source)
    return replace(table, texts=source.texts()) if isinstance(source, Sentences) else table


def predict(
    run: str | Path | Run,
    data: Any,
    *,
    split: str | None = None,
    reading: Reading = Reading(),  # noqa: B008  # which is frozen
) -> Predictions:
    """The likeliest class of every example, and the training example that it is most like.

    Args:
        run: a run with a classifier, as `finetune` and `pretrain supervised` leave it, or its folder.
        data: as for `pretrain`; it needs no labels.
        split: which split of the data; "train" where there is one, else all.
        reading: how the data is read; columns and what to do with truncated pictures, unless stated, as in the run.

    Raises:
        DataError: the data cannot be used.
        RunError: there is no classifier, or it is damaged.
    """
    classifier = Classifier.load(folder_of(run, where="predict"))
    source = classifier.encoder.opened(data, split=split, reading=alike(run, reading, data), where="predict")
    tell(account(source, role="Predicting"))
    return classifier.predict(source)


def evaluate(
    run: str | Path | Run | Encoder,
    data: Any,
    *,
    split: str | None = None,
    test: Any = None,
    probes: Sequence[str] | None = None,
    prompts: Sequence[str] | None = None,
    baselines: bool = True,
    layers: bool = False,
    held_out: str = "examples",
    seed: int = 0,
    reading: Reading = Reading(),  # noqa: B008  # which is frozen
) -> Scores:
    """Judges an encoder by labels or by what belongs together, beside what it has to beat.

    With labels, where the data has a test split, probes are fitted on `split` and scored on it; where it has none, a
    seeded fifth of every class is held out, and the scores say so. With `held_out="classes"` a seeded fifth of the
    classes of `split` is told apart by itself, and nothing is fitted: `nearfar.data.hold_out_classes` makes the same
    choice, for training on the others. Pairs of texts and pictures with captions are judged by whether the encoder
    brings together what belongs together; there too nothing is fitted. For a run, `scores.json` and the report's sample
    are written.

    Args:
        run: a run, its folder, an encoder, or published weights of a vision transformer, as for `load`.
        data: labelled data, pairs of texts, or pictures with captions, as for `pretrain`.
        split: what probes are fitted on, "train" where there is one, else all; where nothing is fitted, what is judged
            by, the test split where there is one, else all.
        test: other data to score on; its test split where it has one, else all.
        probes: of knn, linear, fewshot, ridge, cluster, retrieval and finetune, which trains the network on 1 %, 10 %
            and 100 % of the labels, beside the same network from scratch; sts of pairs with scores; passages of pairs
            without; retrieval, both ways, of pictures with captions; zeroshot of labelled pictures. Where none is named
            knn, linear and fewshot; of held-out classes retrieval, cluster and fewshot; of pairs sts or passages; of
            pictures with captions retrieval and, with labels, zeroshot.
        prompts: what zeroshot describes a class by, with {} for its name; several are averaged. "a picture of a {}"
            where none is given.
        baselines: whether to judge what the encoder has to beat too: the untrained network, and raw input, BM25 or
            chance.
        layers: whether to judge every stage of the network, by linear and knn.
        held_out: what is held out where there is no test split: examples of every class, or whole classes.
        seed: of what is held out and of the probes' draws.
        reading: how the data is read; columns and what to do with truncated pictures, unless stated, as in the run.

    Returns:
        The scores. Their `data["overlap"]` counts the test examples that are in the run's training data (None where
        that is not known) or among those that the probes are fitted on, byte for byte, and names some.

    Raises:
        DataError: the data cannot be used, or has no labels or too few classes, or a probe does not suit it.
        RunError: there is no encoder, or it is damaged, or the run's folder cannot be written.
        ValueError: a probe is unknown, or does not go with what is held out.
    """
    unseen = check_held_out(held_out, test=test, layers=layers)
    checked_probes(probes, unseen=unseen, where="evaluate", more=TRAINED)
    checked_prompts(prompts, probes)
    check_said("evaluate", seed=seed)
    encoder = encoder_of(run)
    files = None if isinstance(run, Encoder) else RunFolder(folder_of(run, where="evaluate"))
    if files is not None and not files.encoder.exists():
        files = None  # published weights, which are no run
    if files is not None:
        check_writable("evaluate", "run", files.path)
    part, probes = parted(
        encoder, data, probes=probes, split=split, test=test, unseen=unseen, layers=layers, seed=seed,
        reading=alike(run, reading, data), where="evaluate",
    )  # fmt: skip
    shared = _told(part, None if files is None else read_seen(files))
    frozen = [name for name in probes if name not in TRAINED]
    scores, others, table = judge(
        encoder, part.train, part.test, probes=frozen, baselines=baselines and bool(frozen), seed=seed, unseen=unseen,
        prompts=prompts or PROMPTS,
    )  # fmt: skip
    if "finetune" in probes and part.train is not None:
        tuned, scratch = finetuned(encoder, part.train, part.test, seed=seed)
        scores |= tuned
        others["untrained"] = others.get("untrained", {}) | scratch
    result = Scores(
        part.facts() | {"overlap": shared},
        scores,
        others,
        label_free(encoder, part.test),
        None if part.train is None or "linear" not in scores else confusion(scores["linear"], part.train, part.test),
        () if part.train is None or not layers else judge_layers(encoder, part.train, part.test, seed=seed),
    )
    if files is not None:
        _write(files, encoder, result, part, table)
    return result


def _told(part: Judged, seen: Any) -> dict[str, Any]:
    """Tells people what is judged by, and gives what of it was learned from."""
    tests, many = len(part.test), noun(part.test, many=True)
    if part.train is None:
        shared = overlap(part.test, part.test, seen) | {"probes": None}
        tell(account(part.test, role="Judging by"), *warnings_of(shared, tests=tests, many=many))
        return shared
    shared = overlap(part.train, part.test, seen)
    tell(
        account(part.train, role="Fitting on"),
        account(part.test, role="Judging by", again=part.held_out),
        *warnings_of(shared, tests=tests, many=many),
    )
    return shared


def _write(files: RunFolder, encoder: Encoder, result: Scores, part: Judged, table: EmbeddingTable) -> None:
    write_json(files.scores, result.as_dict())
    rows = sample_rows(len(part.test))
    judged: dict[str, Any] = {}
    if part.train is not None and "linear" in result.scores:
        predicted, certainty = guesses(result.scores["linear"], part.train, part.test)
        judged = {"predicted": predicted[rows], "certainty": certainty[rows]}
    sample = part.test.select(rows)
    if isinstance(sample, Captioned):
        judged["captions"] = encoder.embed(sample.captions)
    write_sample(files, sample, table.rows(rows), name=part.title(), **judged)
    write_inside(files, encoder)


def compare(runs: Sequence[str | Path | Run], *, out: str | Path | None = None) -> Comparison:
    """Puts runs side by side: what each scores and costs, and in which settings they differ.

    Runs that differ in nothing but the seed are one contestant, whose spread over the seeds is shown.

    Args:
        runs: at least two runs or their folders, each judged by `evaluate` on the same data.
        out: where to write the comparison as a page; nowhere when it is not given.

    Raises:
        RunError: a folder holds no run, one has not been judged, or they were judged on different data or by no probe
            in common.
    """
    found = _compare([folder_of(run, where="compare") for run in runs])
    if out is not None:
        write_comparison(found, Path(out))
    return found


def write_report(run: str | Path | Run) -> Path:
    """Writes the run's page.

    Args:
        run: a run or its folder.

    Returns:
        Where `report.html` is.
    """
    return _write_report(folder_of(run, where="report"))

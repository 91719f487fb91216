"""Scores for people: a table, and a sentence that says what was measured on what."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from nearfar.report.readings import readings

__all__ = ["basis", "further", "layer_table", "row", "score_table", "short", "transfer_table", "unit", "without_labels"]

RAW = {"text": "TF-IDF", "series": "raw numbers"}
"""What raw input is called where it is no pixels."""
ROWS = {"raw": "raw pixels", "bm25": "BM25", "untrained": "untrained network"}
PROBES = {
    "knn": "k-NN",
    "linear": "linear",
    "fewshot": "{labels_per_class} labels a class",
    "cluster": "{clusters} clusters",
    "retrieval": "found first",
    "retrieval.image_to_text": "image to text, R@1",
    "retrieval.text_to_image": "text to image, R@1",
    "zeroshot": "zero-shot",
    "sts": "Spearman",
    "passages": "nDCG@10",
    "token": "linear, one token",
}
CORRELATIONS = ("sts", "passages")
"""Those whose number is no part of test rows."""
KNOWN = ("accuracy", "interval", "settings", "spearman", "pearson_interval", "ndcg@10", "ndcg@10_low", "ndcg@10_high")
LABEL_FREE = {
    "effective_rank": "effective rank {:.0f}",
    "participation_ratio": "participation ratio {:.0f}",
    "alpha_req": "alpha {:.2f}",
    "embedding_spread": "spread {:.2f}",
    "uniformity": "uniformity {:.2f}",
    "alignment": "alignment {:.2f}",
    "lidar": "LiDAR {:.0f}",
}


def score_table(scores: Mapping[str, Any]) -> Table:
    """The accuracies of the encoder below those of the baselines.

    Args:
        scores: what `Scores.as_dict` gives.
    """
    own, modality = readings(scores["scores"]), scores["data"].get("modality")
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(unit(own), header_style="dim")
    for probe, score in own.items():
        table.add_column(_title(probe, [score]), header_style="bold")
    for role, others in scores["baselines"].items():
        found = readings(others)
        table.add_row(row(role, modality), *(_cell(found[probe]) if probe in found else "" for probe in own))
    table.add_row(Text("this encoder", style="bold"), *(_cell(score, "bold") for score in own.values()))
    return table


def unit(probes: Iterable[str]) -> str:
    """What the numbers of a table are.

    Args:
        probes: its columns.
    """
    return "\N{MULTIPLICATION SIGN} 100" if {*CORRELATIONS} & {*probes} else "accuracy in %"


def row(role: str, modality: str | None = None) -> str:
    """What a baseline is called.

    Args:
        role: its key.
        modality: of the examples, where it is known.
    """
    return RAW.get(modality or "", ROWS["raw"]) if role == "raw" else ROWS.get(role, role)


def short(probe: str) -> str:
    """A probe's name without the numbers of its settings.

    Args:
        probe: as it is named on the command line.
    """
    return {"fewshot": "few labels", "cluster": "clusters"}.get(probe) or PROBES.get(probe, probe)


def _title(probe: str, scores: Sequence[Mapping[str, Any]]) -> str:
    """A probe's name, with the number that its settings give where they all give the same."""
    words = PROBES.get(probe, probe)
    titles = {words.format(**score["settings"]) for score in scores}
    return titles.pop() if len(titles) == 1 else words.partition("}")[2].strip()


def _cell(score: Mapping[str, Any], style: str = "") -> Text:
    low, high = score["interval"]
    half = f" ± {50 * (high - low):.1f}" if high > low else ""
    return Text.assemble((f"{100 * score['accuracy']:.1f}", style), (half, "dim"))


def layer_table(layers: Sequence[Mapping[str, Any]]) -> Table:
    """The accuracies of each stage of the network, from first to last.

    Args:
        layers: those of `scores.json`.
    """
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("accuracy in %", header_style="dim")
    table.add_column("dimensions", header_style="dim", justify="right")
    probes = [probe for probe in ("linear", "knn", "token") if probe in layers[0]]
    for probe in probes:
        table.add_column(PROBES[probe], header_style="bold")
    best = max(layers, key=lambda layer: layer["linear"]["accuracy"])
    for layer in layers:
        style = "bold" if layer is best else ""
        cells = (_cell(layer[probe], style) for probe in probes)
        table.add_row(Text(layer["name"], style), f"{layer['dim']:,}", *cells)
    return table


def transfer_table(datasets: Sequence[Mapping[str, Any]]) -> Table:
    """The accuracies on each data set, with those of the baselines below them.

    Args:
        datasets: for each what `Scores.as_dict` gives.
    """
    found = [readings(scores["scores"]) for scores in datasets]
    probes = list(dict.fromkeys(probe for own in found for probe in own))
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(unit(probes), header_style="dim", overflow="fold")
    for probe in probes:
        table.add_column(_title(probe, [own[probe] for own in found if probe in own]), header_style="bold")

    def cells(own: Mapping[str, Any], style: str = "") -> list[Text]:
        return [_cell(own[probe], style) if probe in own else Text() for probe in probes]

    for scores, own in zip(datasets, found, strict=True):
        table.add_row(Text(scores["data"]["name"], "bold"), *cells(own, "bold"))
        for role, others in scores["baselines"].items():
            table.add_row(Text(f"  {row(role, scores['data'].get('modality'))}", "dim"), *cells(readings(others)))
    return table


def further(scores: Mapping[str, Any]) -> list[Text]:
    """What else the probes say of the encoder, a line each.

    Args:
        scores: what `Scores.as_dict` gives.
    """
    return [Text(f"{probe}: {line}") for probe, line in _further(scores["scores"]) if line]


def _further(scores: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for probe, score in scores.items():
        parts = {name: part for name, part in score.items() if isinstance(part, Mapping) and name != "settings"}
        yield from ((f"{probe}, {name.replace('_', ' ')}", line) for name, line in _further(parts))
        yield probe, ", ".join(f"{name} {score[name]:.3f}" for name in score if name not in (*KNOWN, *parts))


def without_labels(scores: Mapping[str, Any]) -> Text:
    """What can be said of the encoder without labels, in one line.

    Args:
        scores: what `Scores.as_dict` gives.
    """
    found = scores.get("label_free", {})
    said = ", ".join(words.format(found[name]) for name, words in LABEL_FREE.items() if name in found)
    return Text(f"Without labels: {said}.")


def basis(scores: Mapping[str, Any]) -> Text:
    """What was fitted on what and scored on what, and what the intervals are of.

    Args:
        scores: what `Scores.as_dict` gives.
    """
    data = scores["data"]
    train, test, unseen = data["train"], data["test"], data.get("held_out_classes")
    if unseen:
        text = (
            f"{unseen['classes']} of the {unseen['of']} classes of {data['name']} were held out, chosen by seed: "
            f"{test['examples']:,} examples, on which nothing was fitted."
        )
    elif not train["examples"]:
        split = f", {test['split']}" if test.get("split") else ""
        text = (
            f"Judged by {test['examples']:,} {_counted(scores['scores'])} of {test['name']}{split}; nothing was fitted."
        )
    elif data["held_out"]:
        text = (
            f"{data['name']} has no test split: a fifth of every class was held out, chosen by seed. "
            f"Probes were fitted on {train['examples']:,} examples and scored on the {test['examples']:,} held out."
        )
    else:
        text = (
            f"Probes were fitted on {train['examples']:,} examples of {data['name']} and scored on "
            f"{test['examples']:,} test examples of {test['name']}."
        )
    twins = (
        " Of pictures with one caption, or captions of one picture, each is right."
        if _is_both_ways(scores["scores"])
        else ""
    )
    return Text(f"{text}{twins} Behind ±: half of the 95 % interval{_draws(scores['scores'])}.")


def _counted(own: Mapping[str, Any]) -> str:
    """What is judged by where nothing is fitted."""
    if {*CORRELATIONS} & {*own}:
        return "pairs"
    return "pictures with captions" if _is_both_ways(own) else "pictures"


def _is_both_ways(own: Mapping[str, Any]) -> bool:
    return "image_to_text" in own.get("retrieval", {})


def _draws(own: Mapping[str, Any]) -> str:
    episodes = own.get("fewshot", {}).get("settings", {}).get("episodes")
    return f"; with few labels, of the mean of {episodes} draws" if episodes else ""

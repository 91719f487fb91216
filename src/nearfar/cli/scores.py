"""Scores for people: a table, and a sentence that says what was measured on what."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

__all__ = ["basis", "further", "layer_table", "score_table", "short", "transfer_table", "without_labels"]

ROWS = {"raw": "raw pixels", "untrained": "untrained network"}
PROBES = {
    "knn": "k-NN",
    "linear": "linear",
    "fewshot": "{labels_per_class} labels a class",
    "cluster": "{clusters} clusters",
    "retrieval": "found first",
}
KNOWN = ("accuracy", "interval", "settings")
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
    own = scores["scores"]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("accuracy in %", header_style="dim")
    for probe, score in own.items():
        table.add_column(_title(probe, [score]), header_style="bold")
    for role, others in scores["baselines"].items():
        table.add_row(ROWS.get(role, role), *(_cell(others[probe]) if probe in others else "" for probe in own))
    table.add_row(Text("this encoder", style="bold"), *(_cell(score, "bold") for score in own.values()))
    return table


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
    return Text.assemble((f"{100 * score['accuracy']:.1f}", style), (f" ± {50 * (high - low):.1f}", "dim"))


def layer_table(layers: Sequence[Mapping[str, Any]]) -> Table:
    """The accuracies of each stage of the network, from first to last.

    Args:
        layers: those of `scores.json`.
    """
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("accuracy in %", header_style="dim")
    table.add_column("dimensions", header_style="dim", justify="right")
    for probe in ("linear", "knn"):
        table.add_column(PROBES[probe], header_style="bold")
    best = max(layers, key=lambda layer: layer["linear"]["accuracy"])
    for layer in layers:
        style = "bold" if layer is best else ""
        cells = (_cell(layer[probe], style) for probe in ("linear", "knn"))
        table.add_row(Text(layer["name"], style), f"{layer['dim']:,}", *cells)
    return table


def transfer_table(datasets: Sequence[Mapping[str, Any]]) -> Table:
    """The accuracies on each data set, with those of the baselines below them.

    Args:
        datasets: for each what `Scores.as_dict` gives.
    """
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("accuracy in %", header_style="dim", overflow="fold")
    for probe in datasets[0]["scores"]:
        table.add_column(_title(probe, [each["scores"][probe] for each in datasets]), header_style="bold")
    for scores in datasets:
        table.add_row(Text(scores["data"]["name"], "bold"), *(_cell(one, "bold") for one in scores["scores"].values()))
        for role, others in scores["baselines"].items():
            table.add_row(Text(f"  {ROWS.get(role, role)}", "dim"), *(_cell(one) for one in others.values()))
    return table


def further(scores: Mapping[str, Any]) -> list[Text]:
    """What else the probes say of the encoder, a line each.

    Args:
        scores: what `Scores.as_dict` gives.
    """
    found = {
        probe: ", ".join(f"{name} {value:.3f}" for name, value in score.items() if name not in KNOWN)
        for probe, score in scores["scores"].items()
    }
    return [Text(f"{probe}: {line}") for probe, line in found.items() if line]


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
    return Text(f"{text} Behind ±: half of the 95 % interval{_draws(scores['scores'])}.")


def _draws(own: Mapping[str, Any]) -> str:
    episodes = own.get("fewshot", {}).get("settings", {}).get("episodes")
    return f"; with few labels, of the mean of {episodes} draws" if episodes else ""

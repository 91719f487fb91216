"""Scores for people: a table, and a sentence that says what was measured on what."""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

__all__ = ["basis", "further", "score_table"]

ROWS = {"raw": "raw pixels", "untrained": "untrained network"}
PROBES = {
    "knn": "k-NN",
    "linear": "linear",
    "fewshot": "{labels_per_class} labels a class",
    "cluster": "{clusters} clusters",
    "retrieval": "found first",
}
KNOWN = ("accuracy", "interval", "settings")


def score_table(scores: Mapping[str, Any]) -> Table:
    """The accuracies of the encoder below those of the baselines.

    Args:
        scores: what `Scores.as_dict` gives.
    """
    own = scores["scores"]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("accuracy in %", header_style="dim")
    for probe, score in own.items():
        table.add_column(PROBES.get(probe, probe).format(**score["settings"]), header_style="bold")
    for role, others in scores["baselines"].items():
        table.add_row(ROWS.get(role, role), *(_cell(others[probe]) for probe in own))
    table.add_row(Text("this encoder", style="bold"), *(_cell(score, "bold") for score in own.values()))
    return table


def _cell(score: Mapping[str, Any], style: str = "") -> Text:
    low, high = score["interval"]
    return Text.assemble((f"{100 * score['accuracy']:.1f}", style), (f" ± {50 * (high - low):.1f}", "dim"))


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


def basis(scores: Mapping[str, Any]) -> Text:
    """What was fitted on what and scored on what, and what the intervals are of.

    Args:
        scores: what `Scores.as_dict` gives.
    """
    data = scores["data"]
    train, test = data["train"], data["test"]
    if data["held_out"]:
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

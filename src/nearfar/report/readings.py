"""The one number by which each probe is shown and compared."""

from collections.abc import Mapping
from typing import Any

__all__ = ["readings"]


NUMBERS = {"accuracy", "spearman", "ndcg@10"}
"""What a probe's number is called; one without any is left out."""


def readings(scores: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Of each probe its number with the ends of its interval; of one that asks both ways one of each.

    These are called "retrieval.image_to_text" and "retrieval.text_to_image". The number is the accuracy of a probe with
    labels, recall@1 between pictures and captions, nDCG@10 of passages, and Spearman's correlation of pairs with
    scores.

    Args:
        scores: of an encoder or a baseline, by probe, as `scores.json` has them.

    Returns:
        By probe `accuracy`, `interval` and `settings`.
    """
    found: dict[str, dict[str, Any]] = {}
    for probe, score in scores.items():
        nested = {f"{probe}.{name}": part for name, part in score.items() if name != "settings" and _is_score(part)}
        found |= readings(nested) if nested else {probe: _reading(score)} if NUMBERS & set(score) else {}
    return found


def _is_score(part: object) -> bool:
    return isinstance(part, Mapping)


def _reading(score: Mapping[str, Any]) -> dict[str, Any]:
    settings = score.get("settings", {})
    if "ndcg@10" in score:
        interval = [score["ndcg@10_low"], score["ndcg@10_high"]]
        return {"accuracy": score["ndcg@10"], "interval": interval, "settings": settings}
    value = score["spearman"] if "spearman" in score else score["accuracy"]
    return {"accuracy": value, "interval": score.get("interval", [value, value]), "settings": settings}

"""What the examples of a run are called, by its modality."""

from collections.abc import Mapping
from typing import Any

__all__ = ["baseline_titles", "counted", "many", "one", "raw_title"]


def one(modality: str) -> str:
    """What the encoder represents, in the singular.

    Args:
        modality: of the run; "" where it is not known.
    """
    return {"text": "sentence", "series": "series"}.get(modality, "picture")


def many(modality: str) -> str:
    """What the encoder represents, in the plural.

    Args:
        modality: of the run; "" where it is not known.
    """
    return "series" if modality == "series" else f"{one(modality)}s"


def counted(about: Mapping[str, Any]) -> str:
    """What the run has learned from, in the plural.

    Args:
        about: what `run.json` holds.
    """
    modality, roles = about.get("modality"), (about.get("data") or {}).get("roles") or ()
    if modality == "text":
        return {2: "pairs", 3: "triplets"}.get(len(roles), "sentences")
    return "pairs" if modality == "image-text" else "examples"


def raw_title(modality: str) -> str:
    """What raw input is called.

    Args:
        modality: of the run; "" where it is not known.
    """
    titles = {"image": "Raw pixels", "image-text": "Raw pixels", "text": "TF-IDF", "series": "Raw numbers"}
    return titles.get(modality, "Raw input")


def baseline_titles(modality: str) -> dict[str, str]:
    """What stands beside the encoder, by the keys of `scores.json`.

    Args:
        modality: of the run; "" where it is not known.
    """
    others = {"bm25": "BM25", "chance": "Chance", "untrained": "Untrained network"}
    return {"raw": raw_title(modality), **others}

"""nearfar: learn representations from data without labels.

    run = nearfar.pretrain("simclr", "fashion-mini", minutes=2)
    print(nearfar.evaluate(run, "fashion-mini").as_dict())
    table = nearfar.load(run.path).embed("my/pictures")

Names are imported when they are first used: `import nearfar` does not import torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nearfar.api import (
        Comparison,
        EmbeddingTable,
        Encoder,
        Exported,
        Neighbours,
        Predictions,
        Reading,
        Run,
        Scores,
        Sweep,
        as_mteb,
        compare,
        embed,
        evaluate,
        export,
        finetune,
        generate,
        load,
        predict,
        pretrain,
        resume,
        search,
        sweep,
        transfer,
        write_report,
    )

__all__ = [
    "Comparison",
    "EmbeddingTable",
    "Encoder",
    "Exported",
    "Neighbours",
    "Predictions",
    "Reading",
    "Run",
    "Scores",
    "Sweep",
    "as_mteb",
    "compare",
    "embed",
    "evaluate",
    "export",
    "finetune",
    "generate",
    "load",
    "predict",
    "pretrain",
    "resume",
    "search",
    "sweep",
    "transfer",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("nearfar")
    if name in __all__:
        return getattr(import_module("nearfar.api"), name)
    raise AttributeError(f"module 'nearfar' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])

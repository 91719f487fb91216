"""What a user calls: the command line and notebooks use nothing else."""

from nearfar.api.exporting import as_mteb, export
from nearfar.api.generating import generate
from nearfar.api.judging import compare, embed, evaluate, predict, write_report
from nearfar.api.learning import finetune, pretrain, resume
from nearfar.api.loading import load
from nearfar.api.ready import find_method
from nearfar.api.searching import search
from nearfar.api.sweeping import sweep
from nearfar.api.transferring import transfer
from nearfar.data import Reading
from nearfar.engine import Encoder, Neighbours, Predictions, Run, Scores
from nearfar.engine.exporting import Exported
from nearfar.records import EmbeddingTable
from nearfar.report import Comparison, Sweep

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
    "find_method",
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

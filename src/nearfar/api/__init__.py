"""What a user calls: the command line and notebooks use nothing else."""

from nearfar.api.judging import compare, embed, evaluate, load, predict, write_report
from nearfar.api.learning import finetune, pretrain, resume
from nearfar.api.ready import find_method
from nearfar.data import Reading
from nearfar.engine import Encoder, Predictions, Run, Scores
from nearfar.records import EmbeddingTable
from nearfar.report import Comparison

__all__ = [
    "Comparison",
    "EmbeddingTable",
    "Encoder",
    "Predictions",
    "Reading",
    "Run",
    "Scores",
    "compare",
    "embed",
    "evaluate",
    "find_method",
    "finetune",
    "load",
    "predict",
    "pretrain",
    "resume",
    "write_report",
]

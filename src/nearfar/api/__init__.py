"""What a user calls: the command line and notebooks use nothing else."""

from nearfar.api.judging import embed, evaluate, load, write_report
from nearfar.api.learning import pretrain, resume
from nearfar.api.ready import find_method
from nearfar.data import Reading
from nearfar.engine import Encoder, Run, Scores
from nearfar.records import EmbeddingTable

__all__ = [
    "EmbeddingTable",
    "Encoder",
    "Reading",
    "Run",
    "Scores",
    "embed",
    "evaluate",
    "find_method",
    "load",
    "pretrain",
    "resume",
    "write_report",
]

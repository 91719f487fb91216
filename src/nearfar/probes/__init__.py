"""Probes: embeddings and labels to scores. Is it useful? What is fitted is fitted on training rows alone."""

from nearfar.probes.cluster import cluster
from nearfar.probes.examples import Examples, labelled
from nearfar.probes.fewshot import fewshot
from nearfar.probes.knn import knn
from nearfar.probes.linear import linear
from nearfar.probes.logistic import Heads, fit_heads
from nearfar.probes.retrieval import retrieval
from nearfar.probes.ridge import ridge
from nearfar.probes.score import Score, student_interval, wilson_interval

__all__ = [
    "Examples",
    "Heads",
    "Score",
    "cluster",
    "fewshot",
    "fit_heads",
    "knn",
    "labelled",
    "linear",
    "retrieval",
    "ridge",
    "student_interval",
    "wilson_interval",
]

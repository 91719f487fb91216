"""Probes: embeddings and labels to scores. Is it useful? What is fitted is fitted on training rows alone."""

from nearfar.probes.captions import BothWays, caption_chance, caption_retrieval
from nearfar.probes.cluster import cluster
from nearfar.probes.examples import Examples, check_finite, labelled
from nearfar.probes.fewshot import fewshot
from nearfar.probes.knn import knn
from nearfar.probes.linear import linear, linear_by_layer
from nearfar.probes.logistic import Axes, Heads, fit_heads
from nearfar.probes.nearest import nearest, nearest_by_chunk
from nearfar.probes.passages import passage_ranking, passage_retrieval
from nearfar.probes.retrieval import retrieval
from nearfar.probes.ridge import ridge
from nearfar.probes.score import Score, student_interval, wilson_interval
from nearfar.probes.similarity import Correlation, sts
from nearfar.probes.zero_shot import zero_shot

__all__ = [
    "Axes",
    "BothWays",
    "Correlation",
    "Examples",
    "Heads",
    "Score",
    "caption_chance",
    "caption_retrieval",
    "check_finite",
    "cluster",
    "fewshot",
    "fit_heads",
    "knn",
    "labelled",
    "linear",
    "linear_by_layer",
    "nearest",
    "nearest_by_chunk",
    "passage_ranking",
    "passage_retrieval",
    "retrieval",
    "ridge",
    "sts",
    "student_interval",
    "wilson_interval",
    "zero_shot",
]

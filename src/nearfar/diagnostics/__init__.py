"""Diagnostics: an embedding matrix to a number, without labels. Is it healthy?"""

from nearfar.diagnostics.collapse import embedding_std
from nearfar.diagnostics.geometry import alignment, uniformity
from nearfar.diagnostics.guard import TROUBLE, State, Verdict, guard
from nearfar.diagnostics.similarity import cka
from nearfar.diagnostics.spectrum import alpha_req, effective_rank, lidar, participation_ratio

__all__ = [
    "TROUBLE",
    "State",
    "Verdict",
    "alignment",
    "alpha_req",
    "cka",
    "effective_rank",
    "embedding_std",
    "guard",
    "lidar",
    "participation_ratio",
    "uniformity",
]

"""What can be said of a finished encoder without labels."""

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.data.source import Source
from nearfar.diagnostics import (
    alignment,
    alpha_req,
    effective_rank,
    embedding_std,
    lidar,
    participation_ratio,
    uniformity,
)
from nearfar.engine.encoder import Encoder

__all__ = ["label_free"]

EXAMPLES = 2048
"""Whose embeddings are looked at: more say the same, and ranks compare between equal numbers alone."""
VIEWED = 1024
"""Of these, those that are also seen in several views; LiDAR's authors take 1,000."""
VIEWS = 5
"""Of each; LiDAR's authors take 50."""


@torch.no_grad()
def label_free(encoder: Encoder, source: Source, *, seed: int = 0) -> dict[str, float]:
    """The diagnostics of an encoder on some pictures, with the same views whatever it was trained on.

    Compare them between encoders of one width on the same pictures; the docstring of each diagnostic says what it can
    and cannot tell.

    Args:
        encoder: what is looked at.
        source: pictures, of which at most 2,048 are taken, evenly; their labels are not read.
        seed: of the views.

    Returns:
        By name: `effective_rank` (RankMe), `participation_ratio`, `alpha_req`, `embedding_spread` (the deviation on the
        unit sphere as a part of an even one's), `uniformity`, and over SimCLR's views `alignment` and `lidar`. What is
        not finite is left out.
    """
    chosen = source.spread(EXAMPLES)
    h = torch.from_numpy(encoder.embed(chosen).vectors)
    seen = _in_views(encoder, chosen.select(np.arange(min(VIEWED, len(chosen)))), seed=seed)
    found = {
        "effective_rank": effective_rank(h),
        "participation_ratio": participation_ratio(h),
        "alpha_req": alpha_req(h),
        "embedding_spread": embedding_std(h) * math.sqrt(h.shape[1]),
        "uniformity": uniformity(h),
        "alignment": alignment(seen[:, 0], seen[:, 1]),
        "lidar": lidar(seen),
    }
    return {name: float(value) for name, value in found.items() if bool(value.isfinite())}


def _in_views(encoder: Encoder, source: Source, *, seed: int) -> Float[Tensor, "n v d"]:
    """The representation of every picture in each of its views."""
    seen = torch.empty(len(source), VIEWS, encoder.dim)
    for views, rows in encoder.spec.in_views(source, num_views=VIEWS, seed=seed, device=encoder.device):
        for place, view in enumerate(views):
            seen[torch.from_numpy(rows), place] = encoder.backbone(view).float().cpu()
    return seen

"""Progress through a run, from 0 at its start to 1 at its end, as a factor on a base value.

The value at a step is taken at the progress that the step reaches, so a warm-up meets the base rate at its last
step and a cosine meets its end value at the last step of the run.
"""

import math

__all__ = ["constant", "cosine", "warmup_cosine"]


def constant(progress: float) -> float:
    """1, all the way.

    Args:
        progress: the part of the run that is done, in [0, 1].
    """
    return 1.0


def cosine(progress: float, *, end: float = 0.0) -> float:
    """Half a cosine from 1 down to `end`.

    Args:
        progress: the part of the run that is done, in [0, 1].
        end: the factor at progress 1.

    Source: SGDR, Loshchilov and Hutter 2016 (arXiv 1608.03983), equation 5, without restarts.
    """
    return end + (1.0 - end) * 0.5 * (1.0 + math.cos(math.pi * progress))


def warmup_cosine(progress: float, *, warmup: float, end: float = 0.0) -> float:
    """A straight line up to 1 over the first `warmup` of the run, then half a cosine down to `end`.

    Args:
        progress: the part of the run that is done, in [0, 1].
        warmup: the part of the run that warms up, in [0, 1).
        end: the factor at progress 1.
    """
    if progress < warmup:
        return progress / warmup
    return cosine((progress - warmup) / (1.0 - warmup), end=end)

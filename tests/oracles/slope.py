"""The exact slope of a loop, to compare gradients with."""

from collections.abc import Callable

import numpy as np

__all__ = ["slopes"]

STEP = 1e-30


def slopes(loss: Callable[..., complex], inputs: list[np.ndarray], learned: list[bool]) -> list[np.ndarray | None]:
    """The gradient of a loop for each learned input, by the complex step f(x + ih) = f(x) + ih f'(x).

    No digits cancel, so it is exact to rounding; the loop must be made of analytic functions and comparisons of real
    parts.
    """
    found: list[np.ndarray | None] = []
    for which, x in enumerate(inputs):
        if not learned[which]:
            found.append(None)
            continue
        slope = np.empty(x.shape)
        for place in np.ndindex(x.shape):
            moved = [y.astype(complex) if moves else y for y, moves in zip(inputs, learned, strict=True)]
            moved[which][place] += 1j * STEP
            slope[place] = np.imag(loss(*moved)) / STEP
        found.append(slope)
    return found

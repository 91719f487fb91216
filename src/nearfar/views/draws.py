"""Random numbers that are a function of what they are for, never of a stream's position.

A `Draws` holds one 64-bit key per example, mixed from (seed, step, example index). `fold` derives the keys of a view or
of an operation; `uniform` and `normal` turn keys into numbers. So an example gets the same view alone or in a batch,
in any worker, on any rank, and after any resume. The mixing function is SplitMix64's finaliser (Steele, Lea and Flood
2014, "Fast splittable pseudorandom number generators"), used as a counter-based hash.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

__all__ = ["Draws"]

_GOLDEN = -0x61C8864680B583EB  # 0x9E3779B97F4A7C15 as a signed 64-bit integer
_MIX_A = -0x40A7B892E31B1A47  # 0xBF58476D1CE4E5B9
_MIX_B = -0x6B2FB644ECCEEE15  # 0x94D049BB133111EB


def _shift(x: Tensor, bits: int) -> Tensor:
    """Logical right shift of int64, whose own shift keeps the sign."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)


def _mix(x: Tensor) -> Tensor:
    x = (x ^ _shift(x, 30)) * _MIX_A
    x = (x ^ _shift(x, 27)) * _MIX_B
    return x ^ _shift(x, 31)


@dataclass(frozen=True)
class Draws:
    """One random key per example of a batch.

    Attributes:
        keys: the 64-bit keys, on the device where the numbers are wanted.
    """

    keys: Int[Tensor, "n"]

    @classmethod
    def of(cls, seed: int, step: int, index: Int[Tensor, "n"]) -> "Draws":
        """The keys of a batch: a function of the run's seed, the step and each example's row in its source."""
        keys = _mix(index.to(torch.int64) * _GOLDEN)
        return cls(keys).fold(step).fold(seed)

    def fold(self, salt: int) -> "Draws":
        """Keys for one purpose among several: a view, an operation, a random choice."""
        return Draws(_mix(_mix(self.keys + _GOLDEN) + (salt + 1) * 0x2545F4914F6CDD1D % (1 << 62)))

    def uniform(self, columns: int) -> Float[Tensor, "n {columns}"]:
        """Numbers evenly spread over [0, 1), with 24 random bits each."""
        counter = torch.arange(1, columns + 1, dtype=torch.int64, device=self.keys.device) * _GOLDEN
        bits = _shift(_mix(self.keys[:, None] + counter), 40)
        return bits.to(torch.float32) * 2.0**-24

    def normal(self, columns: int) -> Float[Tensor, "n {columns}"]:
        """Standard normal numbers (Box and Muller 1958)."""
        u = self.uniform(2 * columns)
        radius = torch.sqrt(-2.0 * torch.log1p(-u[:, :columns]))
        return radius * torch.cos(2.0 * math.pi * u[:, columns:])

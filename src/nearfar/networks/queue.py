"""Embeddings that are remembered: the latest of all, or the latest of each example."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from nearfar.distributed import Group, all_gather
from nearfar.errors import complaint

__all__ = ["MemoryBank", "Queue"]


class Queue(nn.Module):
    """The latest embeddings of all ranks, first in, first out.

    It starts with random directions, and is part of the state that is saved and resumed.

    Args:
        size: how many rows it holds.
        dim: their width.

    Raises:
        ValueError: it holds nothing.

    Source: MoCo, He et al. 2019 (arXiv 1911.05722), section 3.2. A batch need not divide the size, as in the authors'
        code, and may be larger than it.
    """

    rows: Tensor
    pushed: Tensor

    def __init__(self, size: int, dim: int) -> None:
        super().__init__()
        if size < 1:
            raise ValueError(complaint("Queue", "size", "at least 1", size, "Try 4096"))
        self.register_buffer("rows", F.normalize(torch.randn(size, dim), dim=1))
        self.register_buffer("pushed", torch.zeros((), dtype=torch.int64))

    @property
    def is_full(self) -> bool:
        """Whether every random row it started with has been replaced."""
        return int(self.pushed) >= len(self.rows)

    @torch.no_grad()
    def push(self, rows: Float[Tensor, "n d"], *, group: Group | None = None) -> None:
        """Takes rows in for the oldest, as if they came one by one: of more than it holds, the last stay.

        Args:
            rows: this rank's.
            group: the ranks whose rows are taken in too, in the order of the ranks; None is this process alone.
        """
        arriving = all_gather(rows.detach(), group)
        number = torch.arange(len(arriving), device=arriving.device)[-len(self.rows) :]
        self.rows[(self.pushed + number) % len(self.rows)] = arriving[number].to(self.rows.dtype)
        self.pushed += len(arriving)


class MemoryBank(nn.Module):
    """The embedding of every example as it was last seen: unit vectors, one row each.

    It starts with random directions, and is part of the state that is saved and resumed.

    Args:
        size: how many examples there are.
        dim: width of a row.
        momentum: the fraction of a row that is kept when its example is seen again.

    Source: InstDisc, Wu et al. 2018 (arXiv 1805.01978), section 3.1; the momentum is the authors' code's.
    """

    rows: Tensor

    def __init__(self, size: int, dim: int, *, momentum: float = 0.5) -> None:
        super().__init__()
        if size < 2:
            raise ValueError(complaint("MemoryBank", "size", "at least 2 examples", size, "Give it one row an example"))
        if not 0 <= momentum < 1:
            raise ValueError(complaint("MemoryBank", "momentum", "a fraction in [0, 1)", momentum, "Try 0.5"))
        self.register_buffer("rows", F.normalize(torch.randn(size, dim), dim=1))
        self.momentum = momentum

    @torch.no_grad()
    def write(self, index: Int[Tensor, "n"], rows: Float[Tensor, "n d"], *, group: Group | None = None) -> None:
        """Moves the rows of some examples towards new embeddings, and back to length 1.

        Args:
            index: the row of each example, each once.
            rows: the new embeddings, row-aligned; any length, they are normalised here.
            group: the ranks whose embeddings are written too, so that all banks stay equal.

        Raises:
            ValueError: an example has no row.
        """
        index, rows = all_gather(index, group), all_gather(rows.detach(), group)
        self.check(index)
        new = F.normalize(rows.to(self.rows.dtype), dim=1)
        self.rows[index] = F.normalize(new.lerp(self.rows[index], self.momentum), dim=1)

    def check(self, index: Int[Tensor, "n"]) -> None:
        """Refuses examples that have no row.

        Raises:
            ValueError: there are some.
        """
        if len(index) and not 0 <= int(index.min()) <= int(index.max()) < len(self.rows):
            constraint = f"row numbers below {len(self.rows)}, the size of the bank"
            raise ValueError(
                complaint("MemoryBank", "index", constraint, int(index.max()), "Give the bank one row an example")
            )

"""Sums over all pairs of rows, one tile of the similarity matrix at a time: exact, and flat in memory.

For unit rows a_i and b_j the logits are s_ij = scale * a_i . b_j. What a contrastive objective needs of them is little:
the log of the sum of exp(s_ij) over the far pairs, those whose rows have different ids, for each row and each column;
with labels also over the near pairs, those of one id. Forward keeps these vectors only; backward makes each tile again:

    d s_ij = exp(s_ij) (g_i exp(-r_i) + h_j exp(-c_j))      g, h: the gradients of the sums r of rows and c of columns

Rows are sorted by id, so that only tiles along the diagonal must look who is hidden from whom. Among the rows of one
matrix a tile above the diagonal stands for its mirror image too, which halves the products.

Below `_DENSE` logits the matrix is made at once by ordinary operations, which can be differentiated as often as wanted.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from nearfar.distributed import Group, all_gather, all_log_sum_exp, first_row, rank, world_size
from nearfar.objectives._grid import Grid
from nearfar.objectives._steps import softplus, wide
from nearfar.objectives._sums import LogSums, SoftplusSums

__all__ = ["Sums", "among", "between", "is_flat", "softplus_between"]

_DENSE = 2**18  # logits; 512 rows against 512 take as long either way


class Sums(NamedTuple):
    """What `among` finds for each of a rank's own rows.

    Args:
        far: log of the sum of exp(logit) over the rows of other ids.
        near: the same over the rows of its id but itself, where that is asked for; -inf where there is none.
    """

    far: Float[Tensor, "n"]
    near: Float[Tensor, "n"] | None = None


def is_flat(num_rows: int, num_columns: int) -> bool:
    """Whether so many logits are made by tiles.

    Args:
        num_rows: rows of this rank.
        num_columns: what each row is compared with.
    """
    return num_rows * num_columns > _DENSE


def between(
    rows: Float[Tensor, "n d"],
    columns: Float[Tensor, "m d"],
    *,
    scale: Float[Tensor, ""],
    row_ids: Int[Tensor, "n"] | None = None,
    column_ids: Int[Tensor, "m"] | None = None,
    both: bool = False,
) -> tuple[Float[Tensor, "n"], Float[Tensor, "m"] | None]:
    """The log-sum-exps of far pairs for each row and, from the same products, for each column.

    Args:
        rows: unit rows of this process.
        columns: what they are compared with.
        scale: multiplies the cosines.
        row_ids: a row and a column of one id are hidden from each other; None hides nothing.
        column_ids: the ids of the columns.
        both: whether the columns' sums are wanted.
    """
    if not is_flat(len(rows), len(columns)):
        hidden = None if row_ids is None or column_ids is None else row_ids[:, None] == column_ids
        logits = _dense_logits(rows, columns, scale)
        return _log_sum_exp(logits, hidden, 1), _log_sum_exp(logits, hidden, 0) if both else None
    row_order, row_ids = _order(row_ids)
    column_order, column_ids = _order(column_ids)
    grid = Grid((len(rows), len(columns)), row_ids, column_ids, both=both)
    of_rows, of_columns = LogSums.apply(_put(rows, row_order), _put(columns, column_order), scale, grid)
    return _back(of_rows, row_order), _back(of_columns, column_order) if both else None


def among(
    own: Float[Tensor, "n d"],
    ids: Int[Tensor, "n"],
    *,
    scale: Float[Tensor, ""],
    group: Group | None = None,
    near: bool = False,
) -> Sums:
    """The sums of this rank's rows over the rows of all ranks, each row itself left out.

    By tiles, the ranks share out the tiles above the diagonal of the whole matrix and add what they found.

    Args:
        own: unit rows of this process.
        ids: what is near to what; over all ranks.
        scale: multiplies the cosines.
        group: the ranks; None is this process alone.
        near: whether the sums over near pairs are wanted.
    """
    every, every_id = all_gather(own, group), all_gather(ids, group)
    first = first_row(own, group)
    # Every rank must take the same way, whatever number of rows it brought.
    if not is_flat(len(every), len(every) // world_size(group)):
        return _dense_among(own, ids, every, every_id, first, scale, near=near)
    order, sorted_id = _order(every_id)
    every, share = _put(every, order), (rank(group), world_size(group))
    size, mine = (len(every), len(every)), slice(first, first + len(own))
    grid = Grid(size, sorted_id, sorted_id, both=True, near=near, share=share)
    found = LogSums.apply(every, None, scale, grid)
    return Sums(*(_back(all_log_sum_exp(sums, group), order)[mine] for sums in found[: 1 + near]))


def softplus_between(
    rows: Float[Tensor, "n d"],
    columns: Float[Tensor, "m d"],
    *,
    scale: Float[Tensor, ""],
    bias: Float[Tensor, ""],
    row_ids: Int[Tensor, "n"],
    column_ids: Int[Tensor, "m"],
) -> Float[Tensor, "n"]:
    """The sum of log(1 + exp(s_ij + bias)) over each row's far pairs.

    Args:
        rows: unit rows of this process.
        columns: what they are compared with.
        scale: multiplies the cosines.
        bias: is added to them.
        row_ids: a row and a column of one id are hidden from each other.
        column_ids: the ids of the columns.
    """
    if not is_flat(len(rows), len(columns)):
        logits = _dense_logits(rows, columns, scale) + bias
        return softplus(logits).masked_fill(row_ids[:, None] == column_ids, 0).sum(1)
    row_order, sorted_rows = _order(row_ids)
    column_order, sorted_columns = _order(column_ids)
    grid = Grid((len(rows), len(columns)), sorted_rows, sorted_columns)
    return _back(SoftplusSums.apply(_put(rows, row_order), _put(columns, column_order), scale, bias, grid), row_order)


def _dense_among(
    own: Tensor, ids: Tensor, every: Tensor, every_id: Tensor, first: int, scale: Tensor, *, near: bool
) -> Sums:
    same = ids[:, None] == every_id
    logits = _dense_logits(own, every, scale)
    far = _log_sum_exp(logits, same, 1)
    if not near:
        return Sums(far)
    column = torch.arange(len(every), device=own.device)
    hidden = ~same | (column == column[first : first + len(own), None])
    return Sums(far, _log_sum_exp(logits, hidden, 1))


def _dense_logits(rows: Tensor, columns: Tensor, scale: Tensor) -> Tensor:
    with wide(rows):
        return (rows * scale) @ columns.T


def _log_sum_exp(logits: Tensor, hidden: Bool[Tensor, "n m"] | None, axis: int) -> Tensor:
    if hidden is None:
        return logits.logsumexp(axis)
    # The derivative of an empty sum's log is no number: such a sum is taken of anything, and thrown away.
    empty = hidden.all(axis)
    sums = logits.masked_fill(hidden & ~empty.unsqueeze(axis), -torch.inf).logsumexp(axis)
    return sums.masked_fill(empty, -torch.inf)


def _order(ids: Tensor | None) -> tuple[Tensor | None, Tensor | None]:
    """What sorts the ids, None where they are sorted, and the sorted ids."""
    if ids is None or bool((ids[1:] >= ids[:-1]).all()):
        return None, ids
    ids, order = ids.sort(stable=True)
    return order, ids


def _put(x: Tensor, order: Tensor | None) -> Tensor:
    return x if order is None else x[order]


def _back(x: Tensor, order: Tensor | None) -> Tensor:
    return x if order is None else x[order.argsort()]

"""Two tiny towers, and pictures with captions that they can learn."""

from typing import Any

import torch
from cases import TinyBackbone
from torch import Tensor

from nearfar.methods import ALIGN, CLIP, Batch, Method, SigLIP
from nearfar.networks import TextTransformer, TwoTowers
from nearfar.views import Draws, Tokens

__all__ = ["MAKERS", "pair_batch", "share_of", "tiny_towers"]

MAKERS: dict[str, type[Method]] = {"align": ALIGN, "clip": CLIP, "siglip": SigLIP}


def tiny_towers(*, dim: int = 8, dropout: float = 0.0) -> TwoTowers:
    """A perceptron of 8 x 8 pictures and one block over tokens."""
    text = TextTransformer(40, dim=16, depth=1, heads=2, max_length=8, dropout=dropout)
    return TwoTowers(TinyBackbone(), text, dim=dim)


def pair_batch(n: int = 16, *, seed: int = 0, dtype: torch.dtype = torch.float32) -> Batch:
    """n pictures seen through noise, and captions of three to five tokens that say which picture it is."""
    fixed, generator = torch.Generator().manual_seed(1), torch.Generator().manual_seed(seed)
    pictures = torch.randn(n, 1, 8, 8, generator=fixed, dtype=dtype)
    index = torch.arange(n)
    digits = [5 + 6 * place + index // 6**place % 6 for place in range(3)]
    ids = torch.stack([*digits, 30 + index % 3, 33 + index % 5], dim=1)
    captions = Tokens(ids, 3 + index % 3, torch.arange(5).expand(n, 5))
    noise = torch.randn(pictures.shape, generator=generator, dtype=dtype)
    return Batch((pictures + 0.3 * noise, captions), None, index, Draws.of(0, seed, index).keys)


def share_of(batch: Batch, rows: slice) -> Batch:
    """Some of the pairs of a batch."""
    pictures, captions = batch.views
    index, keys = (None if x is None else x[rows] for x in (batch.index, batch.keys))
    return Batch((pictures[rows], captions.rows(rows)), None, index, keys)


def after_a_step(name: str, rows: slice | None, **options: Any) -> dict[str, Any]:
    """Loss, gradients and state of a tiny method after one step over some of eight pairs, in float64."""
    from nearfar.distributed import world
    from nearfar.networks import synchronize_batch_norm

    torch.manual_seed(0)
    method = synchronize_batch_norm(MAKERS[name](tiny_towers(), **options).double(), world())
    batch = pair_batch(8, dtype=torch.float64)
    step = method(batch if rows is None else share_of(batch, rows))
    step.loss.backward()
    method.update([step], 0.5)
    gradients: dict[str, Tensor] = {key: w.grad for key, w in method.named_parameters() if w.grad is not None}
    return {"loss": step.loss.detach(), "gradients": gradients, "state": method.state_dict()}


def every_pair_method(group: Any) -> dict[str, dict[str, Any]]:
    """`after_a_step` of each method on this rank's share."""
    from ranks import ROWS

    from nearfar.distributed import rank, world_size

    counts = ROWS[world_size(group)]
    first = sum(counts[: rank(group)])
    return {name: after_a_step(name, slice(first, first + counts[rank(group)])) for name in MAKERS}

"""Backbones of texts by name."""

from torch import nn

from nearfar.errors import complaint, suggestion
from nearfar.networks.pooling import Pooling
from nearfar.networks.recurrent import TextRecurrent
from nearfar.networks.transformer import TextTransformer

__all__ = ["TEXT_BACKBONES", "text_backbone"]

TEXT_BACKBONES = ("transformer", "causal", "lstm", "gru")
"""A Transformer that reads both ways, one that reads forwards, and recurrent networks that read both ways."""
HEAD_DIM = 64


def text_backbone(
    name: str, *, vocab_size: int, dim: int, depth: int, max_length: int = 128, pooling: Pooling = "mean"
) -> nn.Module:
    """A fresh backbone by name.

    Args:
        name: one of `TEXT_BACKBONES`.
        vocab_size: how many tokens there are.
        dim: width of the representation.
        depth: how many layers.
        max_length: most tokens of a text, for Transformers.
        pooling: how the tokens become one vector: "mean", "cls" or "last".

    Raises:
        ValueError: the name is unknown, or the network does not pool so.
    """
    if name not in TEXT_BACKBONES:
        words = f"one of {', '.join(TEXT_BACKBONES)}"
        raise ValueError(complaint("backbone", "name", words, name, suggestion(name, TEXT_BACKBONES)))
    if name in ("transformer", "causal"):
        heads, causal = max(1, dim // HEAD_DIM), name == "causal"
        return TextTransformer(
            vocab_size, dim=dim, depth=depth, heads=heads, max_length=max_length, pooling=pooling, causal=causal
        )
    if pooling == "cls":
        constraint = "'mean' or 'last' for a recurrent network"
        raise ValueError(complaint("backbone", "pooling", constraint, pooling, "Try 'mean'"))
    return TextRecurrent(vocab_size, dim=dim, depth=depth, kind="lstm" if name == "lstm" else "gru", pooling=pooling)

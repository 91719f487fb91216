"""Small Transformers over tokens, bidirectional and causal."""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.errors import complaint, suggestion
from nearfar.networks.pooling import POOLINGS, Pooling, TokenRows, pooled, real_tokens

__all__ = ["TextTransformer"]

_POSITIONS = ("learned", "rotary")
_STD = 0.02  # of all weights at the start, as in BERT and GPT


class TextTransformer(nn.Module):
    """A Transformer that reads tokens: layer norm before attention and perceptron, and at the end.

    Short runs need a start that already tells texts apart: the vectors of tokens are scaled by the root of the width,
    so that words weigh most, blocks add nothing until they have learned to, and a text is the mean of its tokens'
    states before the last norm, in which a word that says little can be short. Padding never changes a result. With
    `causal`, what stands behind a token changes nothing at it or before it. In training two passes over the same text
    differ by dropout.

    Args:
        vocab_size: how many tokens there are.
        dim: width of the tokens' states and of the representation.
        depth: how many blocks.
        heads: of the attention; they divide the width.
        max_length: most tokens of a text; with rotary positions any number is read.
        positions: "learned" vectors that are added, or "rotary": queries and keys are turned by angles.
        pooling: the representation is the "mean" over all tokens, the first ("cls") or the "last".
        causal: whether a token sees only those before it.
        dropout: the part of the states, and of the attention, that is dropped in training.

    Raises:
        ValueError: the heads do not divide the width, a word is unknown, or the first token of a causal network, which
            has seen nothing, shall stand for the text.

    Source: Vaswani et al. 2017, arXiv 1706.03762, the scale in section 3.4; the norms as in Xiong et al. 2020, arXiv
        2002.04745; blocks that begin as the identity, Zhang et al. 2019, arXiv 1901.09321; the causal form as in GPT-2;
        rotary positions, Su et al. 2021, arXiv 2104.09864.
    """

    def __init__(
        self,
        vocab_size: int,
        *,
        dim: int = 256,
        depth: int = 4,
        heads: int = 4,
        max_length: int = 128,
        positions: Literal["learned", "rotary"] = "learned",
        pooling: Pooling = "mean",
        causal: bool = False,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        _check(dim, heads, positions, pooling, causal=causal)
        self.dim = self.location_dim = dim
        self.head_dim = dim // heads
        self.input_scale = math.sqrt(dim)
        self.pooling, self.causal = pooling, causal
        self.token = nn.Embedding(vocab_size, dim)
        self.segment = nn.Embedding(2, dim)
        self.position = nn.Embedding(max_length, dim) if positions == "learned" else None
        self.dropout = nn.Dropout(dropout)
        blocks = [_Block(dim, heads, dropout, causal=causal) for _ in range(depth)]
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.LayerNorm(dim)
        self.apply(_start)
        for block in blocks:
            for layer in (block.attention.out, block.narrow):
                nn.init.zeros_(layer.weight)

    def locations(self, view: TokenRows) -> Float[Tensor, "n t {self.dim}"]:
        """The state of each token at the end; 0 at padding."""
        return self.norm(self._states(view)).masked_fill(~real_tokens(view)[:, :, None], 0)

    def with_locations(self, view: TokenRows) -> tuple[Float[Tensor, "n {self.dim}"], Float[Tensor, "n t {self.dim}"]]:
        """The representation and the locations, in one pass."""
        states = self._states(view)
        locations = self.norm(states).masked_fill(~real_tokens(view)[:, :, None], 0)
        return self.norm(pooled(states, view.lengths, pooling=self.pooling)), locations

    def forward(self, view: TokenRows) -> Float[Tensor, "n {self.dim}"]:
        """The representation of each text."""
        return self.norm(pooled(self._states(view), view.lengths, pooling=self.pooling))

    def _states(self, view: TokenRows) -> Tensor:
        """What the blocks have made of each token; 0 at padding."""
        real = real_tokens(view)
        x = self.dropout(self._embedded(view))
        # No mask where nothing is padded, or where nothing behind a token is seen anyway: attention is quicker then.
        # A graph that is exported holds for any text.
        sees_all = self.causal or (not torch.compiler.is_exporting() and bool(real.all()))
        mask = None if sees_all else (real | ~real.any(1, keepdim=True))[:, None, None]
        turn = _angles(x, self.head_dim) if self.position is None else None
        for block in self.blocks:
            x = block(x, mask, turn)
        return x.masked_fill(~real[:, :, None], 0)

    def _embedded(self, view: TokenRows) -> Tensor:
        segments = torch.zeros_like(view.ids[:, :1]) if view.segments is None else view.segments
        x = self.input_scale * self.token(view.ids) + self.segment(segments)
        if self.position is None:
            return x
        length = view.ids.shape[1]
        if length > self.position.num_embeddings:
            constraint = f"at most {self.position.num_embeddings} tokens long"
            next_step = "Encode texts with that max_length, or build the network with a larger one"
            raise ValueError(complaint("TextTransformer", "view", constraint, length, next_step))
        return x + self.position.weight[:length]


class _Block(nn.Module):
    def __init__(self, dim: int, heads: int, dropout: float, *, causal: bool) -> None:
        super().__init__()
        self.attention_norm, self.norm = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = _Attention(dim, heads, dropout, causal=causal)
        self.widen, self.narrow = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None, turn: tuple[Tensor, Tensor] | None) -> Tensor:
        x = x + self.dropout(self.attention(self.attention_norm(x), mask, turn))
        return x + self.dropout(self.narrow(F.gelu(self.widen(self.norm(x)))))


class _Attention(nn.Module):
    def __init__(self, dim: int, heads: int, dropout: float, *, causal: bool) -> None:
        super().__init__()
        self.heads, self.dropout, self.causal = heads, dropout, causal
        self.inside, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x: Tensor, mask: Tensor | None, turn: tuple[Tensor, Tensor] | None) -> Tensor:
        n, t, d = x.shape
        query, key, value = self.inside(x).view(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        if turn is not None:
            query, key = _turned(query, *turn), _turned(key, *turn)
        dropout = self.dropout if self.training else 0.0
        made = F.scaled_dot_product_attention(query, key, value, mask, dropout_p=dropout, is_causal=self.causal)
        return self.out(made.transpose(1, 2).reshape(n, t, d))


def _angles(x: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines by which pairs of numbers are turned at each position: slower from pair to pair."""
    pair = torch.arange(0, width, 2, device=x.device, dtype=torch.float32)
    position = torch.arange(x.shape[1], device=x.device, dtype=torch.float32)
    angle = position[:, None] * torch.pow(10_000.0, -pair / width)
    return angle.cos().to(x.dtype), angle.sin().to(x.dtype)


def _turned(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    left, right = x.chunk(2, dim=-1)
    return torch.cat([left * cosine - right * sine, right * cosine + left * sine], dim=-1).to(x.dtype)


def _start(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=_STD)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)


def _check(dim: int, heads: int, positions: str, pooling: str, *, causal: bool) -> None:
    where = "TextTransformer"
    if heads < 1 or dim % heads:
        raise ValueError(complaint(where, "heads", f"a divisor of {dim}, the width", heads, "Try 4"))
    if positions == "rotary" and dim // heads % 2:
        raise ValueError(complaint(where, "dim", "an even number for each head", dim, f"Try {2 * heads * 32}"))
    for name, value, known in (("positions", positions, _POSITIONS), ("pooling", pooling, POOLINGS)):
        if value not in known:
            words = f"one of {', '.join(known)}"
            raise ValueError(complaint(where, name, words, value, suggestion(value, known)))
    if causal and pooling == "cls":
        constraint = "'mean' or 'last' for a causal network, whose first token has seen no other"
        raise ValueError(complaint(where, "pooling", constraint, pooling, "Try 'last'"))

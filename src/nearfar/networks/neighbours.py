"""Token vectors that start from the data."""

import numpy as np
import torch
from jaxtyping import Int
from torch import nn
from torch.nn import functional as F

__all__ = ["start_from_neighbours"]

WINDOW = 8  # tokens to either side
SMOOTHING = 0.75  # power of a neighbour's frequency, as in word2vec
FREQUENT = 1e-3  # part of all tokens at which a token has half of a rare one's weight


@torch.no_grad()
def start_from_neighbours(
    token: nn.Embedding,
    ids: Int[np.ndarray, "all"],
    texts: Int[np.ndarray, "all"],
    is_word: np.ndarray,
) -> None:
    """Sets token vectors to what stands near each token in some texts, weighed by how rare it is.

    Tokens with the same neighbours are near one another from step 0, and a mean over a text is not drowned by the words
    that all texts have. A token's vector is, before the weight, the sum of its unit row in the truncated decomposition
    of the positive pointwise mutual information, times the roots of the singular values, and of a random unit vector,
    by which tokens of like neighbours stay apart:

        pmi(t, u) = ln  n(t, u) sum(n^0.75) / (n(t) n(u)^0.75)       n: how often within 8 tokens of one text
        weight(t) = 0.001 / (0.001 + p(t))                           p: the part of all tokens, special ones too

    The vectors are as long on average as they were.

    Args:
        token: the vectors; they are overwritten, and those they had are the random ones.
        ids: the tokens of all texts, one behind the other.
        texts: which text each is of.
        is_word: False for special tokens, which are no neighbours.

    Source: Levy and Goldberg 2014 (Neural word embedding as implicit matrix factorization); the weight is that of Arora
        et al. 2017 (A simple but tough-to-beat baseline for sentence embeddings).
    """
    table = token.weight
    random = F.normalize(table.double().cpu(), dim=1)
    counted = torch.from_numpy(_decomposed(ids[is_word], texts[is_word], *table.shape))
    part = torch.from_numpy(np.bincount(ids, minlength=len(table)) / max(1, len(ids)))
    weight = FREQUENT / (FREQUENT + part)
    length = table.double().norm(dim=1).mean().cpu() / weight.mean()
    table.copy_(F.normalize(F.normalize(counted, dim=1) + random, dim=1) * (length * weight)[:, None])


def _decomposed(ids: np.ndarray, texts: np.ndarray, vocab_size: int, dim: int) -> np.ndarray:
    """(v, d) float64: a row for each token; 0 where it has no neighbours."""
    from scipy.sparse import csr_matrix
    from sklearn.utils.extmath import randomized_svd

    shape = (vocab_size, vocab_size)
    counts = csr_matrix(shape)
    for apart in range(1, min(WINDOW, len(ids) - 1) + 1):
        same = texts[:-apart] == texts[apart:]
        ones = np.ones(int(same.sum()))
        counts = counts + csr_matrix((ones, (ids[:-apart][same], ids[apart:][same])), shape=shape)
    pairs = (counts + counts.T).tocoo()
    rank = min(dim, vocab_size - 1)
    found = np.zeros((vocab_size, dim))
    if not pairs.nnz:
        return found
    total = np.bincount(pairs.row, weights=pairs.data, minlength=vocab_size)
    smooth = total**SMOOTHING / (total**SMOOTHING).sum()
    pairs.data = np.maximum(np.log(pairs.data / (total[pairs.row] * smooth[pairs.col])), 0)
    rows, values, _ = randomized_svd(pairs.tocsr(), rank, n_iter=4, random_state=0)
    found[:, :rank] = rows * np.sqrt(values)
    return found

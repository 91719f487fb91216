"""Have the embeddings of different examples become one?"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from nearfar.errors import complaint

__all__ = ["embedding_std"]


@torch.no_grad()
def embedding_std(x: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
    """The standard deviation of a normalised embedding over the examples, averaged over its dimensions.

        embedding_std = mean over k of  std over i of  x_ik / |x_i|

    Landmarks: 0 when all examples point one way (complete collapse); 1 / sqrt(d) when they point everywhere alike.
    It does not see a collapse onto a few dimensions: `effective_rank` does.

    Args:
        x: the embeddings of n examples, of any length.

    Returns:
        The deviation on the unit sphere, between 0 and about 1 / sqrt(d); without unit.

    Raises:
        ValueError: there are fewer than 2 rows.

    Source: SimSiam, Chen and He 2021 (arXiv 2011.10566), section 4.1.
    """
    if x.shape[0] < 2:
        raise ValueError(complaint("embedding_std", "x", "of at least 2 rows", tuple(x.shape), "Embed more examples"))
    return F.normalize(x.to(torch.promote_types(x.dtype, torch.float32)), dim=1).std(dim=0).mean()

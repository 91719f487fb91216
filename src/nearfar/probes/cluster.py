"""The clustering probe: do classes form groups by themselves?"""

import numpy as np
import torch
from torch import Tensor

from nearfar.errors import complaint
from nearfar.probes.examples import labelled
from nearfar.probes.score import Score, wilson_interval

__all__ = ["cluster"]


def cluster(
    vectors: np.ndarray | Tensor,
    labels: np.ndarray | Tensor,
    *,
    num_clusters: int | None = None,
    restarts: int = 5,
    seed: int = 0,
) -> Score:
    """How well groups that k-means finds without labels agree with the classes.

    Rows are brought to length 1, so that near is by cosine; of several starts the tightest grouping is kept, which
    needs no labels. Accuracy is that of the best assignment of groups to classes, one to one; "nmi" is the mutual
    information of groups and classes over the mean of their entropies; "ari" is the Rand index, adjusted so that chance
    is 0.

    Landmarks: 1, 1 and 1 where groups are the classes; "ari" 0 on noise, where accuracy and "nmi" lie a little above
    1 / classes and 0, because the assignment is chosen to fit.

    Args:
        vectors: (n, d) embeddings.
        labels: (n,) their classes; rows labelled -1 are left out.
        num_clusters: how many groups; as many as there are classes where it is not given.
        restarts: how many starts.
        seed: of the starts.

    Returns:
        The accuracy with its 95 % Wilson interval over rows, "nmi" and "ari".

    Raises:
        ValueError: `num_clusters` is not from 2 to the number of rows, `restarts` is below 1, or fewer than 2 classes
            are known.

    Source: the three numbers as in scikit-learn; the assignment, Kuhn 1955, "The Hungarian method".
    """
    # Imported where they compute: every command would wait for them.
    from scipy.optimize import linear_sum_assignment
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
    from sklearn.metrics.cluster import contingency_matrix

    rows, classes = labelled("cluster", "vectors", vectors, labels)
    num_classes = len(torch.unique(classes))
    if num_classes < 2:
        raise ValueError(complaint("cluster", "labels", "of at least 2 classes", num_classes, "Label rows of another"))
    groups = num_classes if num_clusters is None else num_clusters
    if not 2 <= groups <= len(rows):
        constraint = f"from 2 to {len(rows)} (the labelled rows)"
        raise ValueError(complaint("cluster", "num_clusters", constraint, groups, f"Try {num_classes}"))
    if restarts < 1:
        raise ValueError(complaint("cluster", "restarts", "at least 1", restarts, "Try 5"))
    x = torch.nn.functional.normalize(rows, dim=1).cpu().numpy()
    truth = classes.cpu().numpy()
    found = KMeans(groups, n_init=restarts, random_state=seed).fit_predict(x)
    table = contingency_matrix(truth, found)
    right = table[linear_sum_assignment(table, maximize=True)].sum()
    accuracy = float(right / len(truth))
    more = {
        "nmi": float(normalized_mutual_info_score(truth, found)),
        "ari": float(adjusted_rand_score(truth, found)),
    }
    settings = {"clusters": groups, "restarts": restarts, "seed": seed, "rows": len(truth), "classes": num_classes}
    return Score(accuracy, wilson_interval(accuracy, len(truth)), settings, more)

"""The metric equations as slow loops, written from the papers."""

import numpy as np

__all__ = ["margin_contrastive", "quadruplet", "triplet", "triplet_from_labels"]


def distance(x: np.ndarray, y: np.ndarray, kind: str) -> complex:
    if kind == "cosine":
        return 1 - (x @ y) / (np.sqrt(x @ x) * np.sqrt(y @ y))
    squared = sum((a - b) ** 2 for a, b in zip(x, y, strict=True))
    return squared if kind == "squared" else np.sqrt(squared)


def hinge(x: complex) -> complex:
    return x if np.real(x) > 0 else 0.0


def margin_contrastive(z_a: np.ndarray, z_b: np.ndarray, similar: np.ndarray, margin: float, kind: str) -> complex:
    """Hadsell 2006, equation 4, with Y = 0 for similar pairs; the mean over pairs."""
    total = 0.0
    for a, b, y in zip(z_a, z_b, 1 - similar.astype(int), strict=True):
        d = distance(a, b, kind)
        total += (1 - y) / 2 * d**2 + y / 2 * hinge(margin - d) ** 2
    return total / len(z_a)


def triplet(anchor: np.ndarray, positive: np.ndarray, negative: np.ndarray, margin: float, kind: str) -> complex:
    """FaceNet, equation 3; the mean over triplets."""
    rows = zip(anchor, positive, negative, strict=True)
    return sum(hinge(distance(a, p, kind) - distance(a, n, kind) + margin) for a, p, n in rows) / len(anchor)


def triplet_from_labels(z: np.ndarray, labels: np.ndarray, margin: float, mining: str, kind: str) -> complex:
    """Every anchor, positive and negative in turn; the mean over what the rule takes."""
    rows = range(len(z))
    d = [[distance(z[i], z[j], kind) for j in rows] for i in rows]
    real = np.real(np.array(d))
    terms = []
    for a in rows:
        positives = [j for j in rows if j != a and labels[j] == labels[a] and labels[a] >= 0]
        negatives = [j for j in rows if j != a and j not in positives]
        if not positives or not negatives:
            continue
        if mining == "all":
            terms += [hinge(d[a][p] - d[a][n] + margin) for p in positives for n in negatives]
        elif mining == "hard":
            p, n = max(positives, key=lambda j: real[a, j]), min(negatives, key=lambda j: real[a, j])
            terms.append(hinge(d[a][p] - d[a][n] + margin))
        else:
            for p in positives:
                farther = [j for j in negatives if real[a, j] > real[a, p]]
                n = min(farther, key=lambda j: real[a, j]) if farther else max(negatives, key=lambda j: real[a, j])
                terms.append(hinge(d[a][p] - d[a][n] + margin))
    return sum(terms) / max(len(terms), 1)


def quadruplet(
    anchor: np.ndarray,
    positive: np.ndarray,
    negative_a: np.ndarray,
    negative_b: np.ndarray,
    margins: tuple[float, float],
    kind: str,
) -> complex:
    """Chen 2017, equation 5; the mean over quadruplets."""
    total = 0.0
    for a, p, k, other in zip(anchor, positive, negative_a, negative_b, strict=True):
        total += hinge(distance(a, p, kind) - distance(a, k, kind) + margins[0])
        total += hinge(distance(a, p, kind) - distance(other, k, kind) + margins[1])
    return total / len(anchor)

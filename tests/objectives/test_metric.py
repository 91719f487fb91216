"""Margin losses against their equations, their landmarks and their rules."""

from collections.abc import Callable

import pytest
import torch
from objective_cases import Case, cases_of
from proofs import PROOFS
from torch import Tensor

from nearfar.objectives.metric import margin_contrastive, quadruplet, triplet, triplet_from_labels

CASES = cases_of("metric")
MININGS = ("all", "hard", "semi_hard")


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.__name__)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_proof(case: Case, proof: Callable[[Case], None]) -> None:
    proof(case)


def test_margin_contrastive_landmarks() -> None:
    point, similar = torch.ones(4, 3), torch.tensor([True, False, False, False])
    collapsed = margin_contrastive(point, point, similar, margin=2.0)
    assert collapsed.item() == pytest.approx(2.0**2 / 2 * 3 / 4)
    far = torch.tensor([[0.0], [2.0], [5.0], [-2.0]])
    assert margin_contrastive(far, torch.zeros(4, 1), similar, margin=2.0).item() == 0.0


def test_margin_contrastive_is_the_squared_hinge_and_true_means_similar() -> None:
    z_a, z_b = torch.tensor([[0.0], [0.0]]), torch.tensor([[0.6], [0.6]])
    assert margin_contrastive(z_a, z_b, torch.tensor([True, True])).item() == pytest.approx(0.6**2 / 2)
    assert margin_contrastive(z_a, z_b, torch.tensor([False, False])).item() == pytest.approx(0.4**2 / 2)


def test_triplet_and_quadruplet_landmarks() -> None:
    point, apart = torch.ones(3, 2), 5 * torch.eye(3)
    assert triplet(point, point, point, margin=0.3).item() == pytest.approx(0.3)
    assert triplet(apart, apart, apart.roll(1, 0), margin=0.3).item() == 0.0
    assert quadruplet(point, point, point, point, margin=0.9, second_margin=0.4).item() == pytest.approx(1.3)
    assert quadruplet(apart, apart, apart.roll(1, 0), apart.roll(2, 0)).item() == 0.0


def test_the_second_term_of_quadruplet_compares_strangers() -> None:
    anchor, positive = torch.tensor([[0.0]]), torch.tensor([[1.0]])
    negative_a, negative_b = torch.tensor([[10.0]]), torch.tensor([[10.0]])
    loss = quadruplet(anchor, positive, negative_a, negative_b, margin=1.0, second_margin=0.5)
    assert loss.item() == pytest.approx(1.0 + 0.5)


def test_cosine_on_the_sphere_is_half_of_facenet() -> None:
    anchor, positive, negative = torch.nn.functional.normalize(torch.randn(3, 9, 4, dtype=torch.float64), dim=2)
    half = triplet(anchor, positive, negative, margin=0.1, distance="cosine")
    assert 2 * half.item() == pytest.approx(triplet(anchor, positive, negative, margin=0.2).item())


@pytest.mark.parametrize("mining", MININGS)
def test_mined_landmarks(mining: str) -> None:
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    assert triplet_from_labels(torch.ones(6, 3), labels, margin=0.3, mining=mining).item() == pytest.approx(0.3)
    clusters = 5 * torch.eye(3)[labels]
    assert triplet_from_labels(clusters, labels, margin=0.3, mining=mining).item() == 0.0


def test_rules_pick_what_they_say() -> None:
    """On a line: anchor 0 with positives at 1 and 3, negatives at 2 and 2.5; all other rows are alone."""
    z = torch.tensor([[0.0], [1.0], [3.0], [2.0], [2.5]], dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 0, 0, -1, -1])

    def terms_of_first(mining: str) -> float:
        # The gradient of the first row alone would mix anchors; the loss of anchors 1 and 2 is known by hand.
        return triplet_from_labels(z, labels, margin=1.0, mining=mining, distance="euclidean").item()

    def hinge(positive: float, negative: float) -> float:
        return max(0.0, positive - negative + 1.0)

    positives = {0: (1.0, 3.0), 1: (1.0, 2.0), 2: (3.0, 2.0)}
    negatives = {0: (2.0, 2.5), 1: (1.0, 1.5), 2: (1.0, 0.5)}
    hard = [hinge(max(positives[a]), min(negatives[a])) for a in range(3)]
    assert terms_of_first("hard") == pytest.approx(sum(hard) / 3)
    every = [hinge(p, n) for a in range(3) for p in positives[a] for n in negatives[a]]
    assert terms_of_first("all") == pytest.approx(sum(every) / 12)
    semi = [
        hinge(p, min([n for n in negatives[a] if n > p] or [max(negatives[a])])) for a in range(3) for p in positives[a]
    ]
    assert terms_of_first("semi_hard") == pytest.approx(sum(semi) / 6)


@pytest.mark.parametrize("mining", MININGS)
@pytest.mark.parametrize("labels", [[0, 1, 2], [0, 0, 0], [-1, -1, -1], [0, -1, -1]])
def test_a_batch_without_triplets_has_loss_and_gradient_zero(mining: str, labels: list[int]) -> None:
    z = torch.randn(3, 2, requires_grad=True)
    loss = triplet_from_labels(z, torch.tensor(labels), mining=mining)
    loss.backward()
    assert loss.item() == 0.0
    assert torch.equal(z.grad, torch.zeros_like(z))


def test_all_is_at_most_hard_in_a_balanced_batch() -> None:
    z, labels = torch.randn(20, 3), torch.arange(20) % 4
    every, hard = (triplet_from_labels(z, labels, margin=0.5, mining=mining) for mining in ("all", "hard"))
    assert 0 < every < hard


def test_unknown_labels_are_negatives_of_all_and_positives_of_none() -> None:
    z = torch.randn(6, 3)
    unknown, alone = torch.tensor([0, 0, 1, 1, -1, -1]), torch.tensor([0, 0, 1, 1, 2, 3])
    for mining in MININGS:
        found = triplet_from_labels(z, unknown, mining=mining)
        assert torch.equal(found, triplet_from_labels(z, alone, mining=mining))


def test_all_triplets_of_a_large_batch_fit() -> None:
    """2,048 rows have over 600 million triplets; only the distances are held."""
    z, labels = torch.randn(2048, 8), torch.arange(2048) % 4
    assert triplet_from_labels(z, labels, mining="all").isfinite()


def test_almost_equal_rows_far_from_the_origin_keep_their_distance() -> None:
    z = 1000 + torch.tensor([[0.0], [0.25], [1.0], [1.5]])
    loss = triplet_from_labels(z, torch.tensor([0, 0, 1, 1]), margin=2.0, mining="hard", distance="euclidean")
    assert loss.item() == pytest.approx((1.25 + 1.5 + 1.75 + 1.25) / 4)


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda z, y: triplet(z, z, z[1:]), r"triplet: anchor, positive and negative must be of one shape \(n, d\). "),
        (lambda z, y: triplet(z, z, z, margin=0.0), "triplet: margin must be above 0. Got 0.0. Try 0.2."),
        (lambda z, y: triplet(z[:0], z[:0], z[:0]), "triplet: n must be at least 1 in all. Got 0. "),
        (lambda z, y: triplet(z, z, z, distance="cosin"), "triplet: distance must be one of .* Did you mean 'cosine'?"),
        (lambda z, y: triplet_from_labels(z, y, mining="hardest"), "triplet_from_labels: mining must be one of "),
        (lambda z, y: triplet_from_labels(z, y[1:]), r"triplet_from_labels: labels must be of shape \(4,\), one an"),
        (lambda z, y: triplet_from_labels(z[0], y), r"triplet_from_labels: z must be of shape \(n, d\). Got \(3,\). "),
        (lambda z, y: triplet_from_labels(z[:0], y[:0]), "triplet_from_labels: n must be at least 1 in all. "),
        (lambda z, y: margin_contrastive(z, z, y[1:] > 0), "margin_contrastive: similar must be of shape "),
        (lambda z, y: margin_contrastive(z, z, y > 0, margin=-1.0), "margin_contrastive: margin must be above 0. "),
        (lambda z, y: quadruplet(z, z, z, z[:, 1:]), "quadruplet: anchor, positive and negatives must be of one"),
        (lambda z, y: quadruplet(z, z, z, z, second_margin=0.0), "quadruplet: second_margin must be above 0. "),
    ],
)
def test_a_wrong_call_gets_one_sentence(call: Callable[[Tensor, Tensor], Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        call(torch.randn(4, 3), torch.tensor([0, 0, 1, 1]))

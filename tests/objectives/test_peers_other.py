"""The same numbers as independent libraries, gradients included; and where they differ, by how much and why."""

import pytest
import torch
from torch import Tensor

from nearfar.objectives.clustering import dino, dino_batch_center, sinkhorn, swapped_prediction
from nearfar.objectives.distribution import sigreg, view_prediction
from nearfar.objectives.metric import margin_contrastive, triplet, triplet_from_labels
from nearfar.objectives.redundancy import barlow_twins, vicreg
from nearfar.objectives.regression import negative_cosine, normalized_mse

pytestmark = pytest.mark.peer


@pytest.fixture
def views() -> tuple[Tensor, Tensor]:
    z = torch.randn(48, 16, dtype=torch.float64)
    return z.requires_grad_(), (z.detach() + torch.randn_like(z)).requires_grad_()


@pytest.fixture
def labelled() -> tuple[Tensor, Tensor]:
    return torch.randn(24, 6, dtype=torch.float64, requires_grad=True), torch.arange(24) % 5


def assert_equal(ours: Tensor, theirs: Tensor, *leaves: Tensor) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-9)
    gradients = torch.autograd.grad(ours, leaves)
    torch.testing.assert_close(gradients, torch.autograd.grad(theirs, leaves), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("width", [16, 200], ids=["tall", "wide"])
def test_vicreg_of_lightly(width: int) -> None:
    z_a, z_b = (torch.randn(48, width, dtype=torch.float64, requires_grad=True) for _ in range(2))
    loss = pytest.importorskip("lightly.loss").VICRegLoss()
    assert_equal(vicreg(z_a, z_b), loss(z_a, z_b), z_a, z_b)


@pytest.mark.parametrize("width", [16, 200], ids=["tall", "wide"])
def test_barlow_twins_of_lightly(width: int) -> None:
    z_a, z_b = (torch.randn(48, width, dtype=torch.float64, requires_grad=True) for _ in range(2))
    loss = pytest.importorskip("lightly.loss").BarlowTwinsLoss()
    assert_equal(barlow_twins(z_a, z_b), loss(z_a, z_b), z_a, z_b)


def test_negative_cosine_of_lightly(views: tuple[Tensor, Tensor]) -> None:
    loss = pytest.importorskip("lightly.loss").NegativeCosineSimilarity()
    assert_equal(negative_cosine(*views), loss(*views), *views)
    assert_equal(normalized_mse(*views), 2 + 2 * loss(*views), *views)


def test_sinkhorn_of_lightly() -> None:
    scores = torch.nn.functional.normalize(torch.randn(40, 12, dtype=torch.float64))
    theirs = pytest.importorskip("lightly.loss.swav_loss").sinkhorn(scores)
    torch.testing.assert_close(sinkhorn(scores), theirs, rtol=1e-9, atol=1e-12)


def test_sinkhorn_of_lightly_is_lost_where_scores_are_no_cosines() -> None:
    scores = 10 * torch.randn(40, 12)
    assert not pytest.importorskip("lightly.loss.swav_loss").sinkhorn(scores).isfinite().all()
    assert sinkhorn(scores).isfinite().all()


def test_swapped_prediction_of_lightly() -> None:
    scores = torch.nn.functional.normalize(torch.randn(5, 20, 12, dtype=torch.float64), dim=2).requires_grad_()
    loss = pytest.importorskip("lightly.loss").SwaVLoss()
    theirs = loss(list(scores[:2]), list(scores[2:])).squeeze()
    assert_equal(swapped_prediction(scores, sinkhorn(scores[:2])), theirs, scores)


def test_dino_of_lightly() -> None:
    scores = torch.randn(4, 20, 12, dtype=torch.float64, requires_grad=True)
    targets = torch.randn(2, 20, 12, dtype=torch.float64)
    loss = pytest.importorskip("lightly.loss").DINOLoss(12, center_momentum=0.9).double()
    loss(list(targets), list(scores))  # moves its centre, from zeros
    center = 0.1 * dino_batch_center(targets)
    torch.testing.assert_close(loss.center.flatten(), center)
    # lightly keeps its temperature in float32: 0.04 is off by 1e-8 there.
    theirs = loss(list(targets), list(scores))
    assert_equal(dino(scores, targets, center), theirs, scores)


def test_lejepa_of_lightly(monkeypatch: pytest.MonkeyPatch) -> None:
    lejepa = pytest.importorskip("lightly.loss.lejepa_loss")
    z = torch.randn(4, 20, 6, dtype=torch.float64, requires_grad=True)
    generator = torch.Generator().manual_seed(3)
    directions = torch.randn(6, 32, generator=torch.Generator().manual_seed(3)).double()
    monkeypatch.setattr(lejepa.SIGReg, "_generate_unit_vectors", lambda *_: directions / directions.norm(dim=0))
    theirs = lejepa.SIGReg(num_vectors=32).double()(z)
    assert_equal(sigreg(z, generator=generator, num_directions=32), theirs, z)
    assert_equal(view_prediction(z, num_global=2), lejepa.lejepa_invariance_loss(all_proj=z, global_proj=z[:2]), z)


@pytest.mark.parametrize(("distance", "power"), [("euclidean", 1), ("squared", 2)])
def test_all_triplets_of_pytorch_metric_learning(labelled: tuple[Tensor, Tensor], distance: str, power: int) -> None:
    losses, distances = (pytest.importorskip(f"pytorch_metric_learning.{name}") for name in ("losses", "distances"))
    reducers = pytest.importorskip("pytorch_metric_learning.reducers")
    lp = distances.LpDistance(normalize_embeddings=False, power=power)
    loss = losses.TripletMarginLoss(margin=0.8, distance=lp, reducer=reducers.MeanReducer())
    ours = triplet_from_labels(*labelled, margin=0.8, mining="all", distance=distance)
    assert_equal(ours, loss(*labelled), labelled[0])


def test_pytorch_metric_learning_divides_by_the_terms_above_zero_unless_told(
    labelled: tuple[Tensor, Tensor],
) -> None:
    losses, distances = (pytest.importorskip(f"pytorch_metric_learning.{name}") for name in ("losses", "distances"))
    lp = distances.LpDistance(normalize_embeddings=False, power=2)
    each = losses.TripletMarginLoss(
        margin=0.8, distance=lp, reducer=pytest.importorskip("pytorch_metric_learning.reducers").DoNothingReducer()
    )
    terms = each(*labelled)["loss"]["losses"]
    default = losses.TripletMarginLoss(margin=0.8, distance=lp)(*labelled)
    ours = triplet_from_labels(*labelled, margin=0.8, mining="all")
    torch.testing.assert_close(default, ours * len(terms) / (terms > 0).sum())
    assert default > 1.2 * ours


def test_batch_hard_of_pytorch_metric_learning(labelled: tuple[Tensor, Tensor]) -> None:
    losses, distances, miners, reducers = (
        pytest.importorskip(f"pytorch_metric_learning.{name}") for name in ("losses", "distances", "miners", "reducers")
    )
    lp = distances.LpDistance(normalize_embeddings=False, power=1)
    picked = miners.BatchHardMiner(distance=lp)(*labelled)
    loss = losses.TripletMarginLoss(margin=0.8, distance=lp, reducer=reducers.MeanReducer())
    ours = triplet_from_labels(*labelled, margin=0.8, mining="hard", distance="euclidean")
    assert_equal(ours, loss(*labelled, picked), labelled[0])


@pytest.mark.parametrize("margin", [0.5, 2.0])
def test_triplet_of_torch(margin: float) -> None:
    rows = [torch.randn(30, 6, dtype=torch.float64, requires_grad=True) for _ in range(3)]
    ours = triplet(*rows, margin=margin, distance="euclidean")
    # torch adds an eps of 1e-6 to every coordinate of the difference.
    theirs = torch.nn.functional.triplet_margin_loss(*rows, margin=margin, eps=0.0)
    assert_equal(ours, theirs, *rows)


def test_margin_contrastive_of_pytorch_metric_learning_is_another_loss(views: tuple[Tensor, Tensor]) -> None:
    """Theirs is the plain hinge, of unit vectors unless told otherwise, over the pairs above 0; DrLIM's is squared."""
    losses, distances, reducers = (
        pytest.importorskip(f"pytorch_metric_learning.{name}") for name in ("losses", "distances", "reducers")
    )
    z_a, z_b = (z.detach() for z in views)
    similar, margin = torch.zeros(48, dtype=torch.bool), 9.0
    apart = (z_a - z_b).norm(dim=1)
    lp = distances.LpDistance(normalize_embeddings=False)
    theirs = losses.ContrastiveLoss(neg_margin=margin, distance=lp, reducer=reducers.MeanReducer())
    rows = torch.arange(48)
    plain = theirs(z_a, indices_tuple=(rows[:0], rows[:0], rows, rows), ref_emb=z_b)
    torch.testing.assert_close(plain, (margin - apart).relu().mean())
    ours = margin_contrastive(z_a, z_b, similar, margin=margin)
    torch.testing.assert_close(ours, (margin - apart).relu().square().mean() / 2)
    assert not torch.isclose(ours, plain)

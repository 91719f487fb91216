"""Methods that learn from labels: from all, from some, from none."""

import pytest
import torch
from cases import CASES, TinyBackbone

from nearfar.methods import Batch, Method

LABELLED = ["supcon", "triplet", "quadruplet", "drlim", "matchnet"]


def tiny(name: str) -> Method:
    torch.manual_seed(0)
    return CASES[name].make(TinyBackbone()).eval()


def batch(name: str, label: torch.Tensor | None) -> Batch:
    return CASES[name].batch(seed=0)._replace(label=label)


@pytest.mark.parametrize("name", LABELLED)
def test_unknown_labels_are_no_labels(name: str) -> None:
    method = tiny(name)
    without = method(batch(name, None)).loss
    torch.testing.assert_close(method(batch(name, torch.full((16,), -1))).loss, without)


@pytest.mark.parametrize("name", LABELLED)
def test_labels_count_where_they_are_known(name: str) -> None:
    method = tiny(name)
    some = torch.arange(16) % 4
    some[8:] = -1
    losses = [float(method(batch(name, label)).loss.detach()) for label in (None, torch.arange(16) % 4, some)]
    assert len({round(loss, 6) for loss in losses}) == 3


@pytest.mark.parametrize("name", LABELLED)
def test_what_a_class_is_called_changes_nothing(name: str) -> None:
    method = tiny(name)
    label = torch.arange(16) % 4
    torch.testing.assert_close(method(batch(name, 7 - label)).loss, method(batch(name, label)).loss)


def test_supervised_passes_over_what_has_no_label() -> None:
    method = tiny("supervised")
    whole = CASES["supervised"].batch(seed=0)
    assert whole.label is not None
    label = whole.label.clone()
    label[4:] = -1
    first = Batch((whole.views[0][:4],), label[:4], torch.arange(4))
    torch.testing.assert_close(method(whole._replace(label=label)).loss, method(first).loss)
    assert float(method(whole._replace(label=torch.full((16,), -1))).loss.detach()) == 0.0


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("name", "label", "sentence"),
    [
        ("quadruplet", torch.arange(16) % 2, r"Quadruplet: label must be of at least 3 classes in a batch\. Got 2\."),
        ("supervised", None, r"Supervised: label must be one class an example\. Got None\. Give data with labels\."),
    ],
)
def test_too_few_labels(name: str, label: torch.Tensor | None, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        tiny(name)(batch(name, label))

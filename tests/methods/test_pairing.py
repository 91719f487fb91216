"""Who is alike: identities from labels and numbers, and the rule that pairs examples."""

import torch

from nearfar.methods import Batch, partners

VIEWS = (torch.zeros(5, 2), torch.zeros(5, 2))


def test_without_labels_everyone_is_someone_else() -> None:
    assert len(Batch(VIEWS, None, torch.tensor([7, 3, 9, 1, 0])).identity().unique()) == 5
    assert len(Batch(VIEWS).identity().unique()) == 5


def test_known_classes_are_shared_and_unknown_ones_are_not() -> None:
    label, index = torch.tensor([2, -1, 2, -1, 0]), torch.tensor([0, 2, 5, 6, 4])
    identity = Batch(VIEWS, label, index).identity()
    assert identity[0] == identity[2] == 2
    assert identity[4] == 0
    assert len(identity.unique()) == 4
    assert identity.min() >= 0, "objectives take -1 for unknown"


def test_partners_are_the_next_of_each_kind() -> None:
    found = partners(torch.tensor([1, 1, 2, 3, 1]), None)
    assert found.positive.tolist() == [1, 4, 2, 3, 0], "alone of its kind, an example is its own partner"
    assert found.negative.tolist() == [2, 2, 3, 4, 2]
    assert found.stranger.tolist() == [3, 3, 4, 2, 3]


def test_without_labels_the_positive_is_the_example_itself() -> None:
    found = partners(torch.arange(5) + 10, None)
    assert found.positive.tolist() == [0, 1, 2, 3, 4]
    assert found.negative.tolist() == [1, 2, 3, 4, 0]
    assert found.stranger.tolist() == [2, 3, 4, 0, 1]


def test_where_there_is_no_other_kind_identities_say_so() -> None:
    identity = torch.tensor([1, 1, 1])
    found = partners(identity, None)
    assert torch.equal(found.identity[found.negative], identity)

"""Memory: the queue wraps around exactly, and the bank keeps each example's own row."""

from collections import deque

import pytest
import torch
import torch.nn.functional as F

from nearfar.networks import MemoryBank, Queue


@pytest.mark.parametrize("size", [1, 4, 7])
@pytest.mark.parametrize("batches", [[3], [2, 2, 2], [7], [5, 9, 1], [20], [3, 0, 15, 4], [7, 7]])
def test_the_queue_is_a_queue(size: int, batches: list[int]) -> None:
    queue, expected = Queue(size, 2), deque(maxlen=size)
    expected.extend(queue.rows.clone())
    total = 0
    for n in batches:
        rows = torch.arange(total, total + n).float()[:, None].expand(-1, 2) + 10
        queue.push(rows)
        expected.extend(rows)
        total += n
        place = total % size
        assert torch.equal(queue.rows.roll(-place, 0), torch.stack(list(expected)))
        assert queue.is_full == (total >= size)


def test_a_queue_starts_with_directions_and_goes_on_after_loading() -> None:
    queue, other = Queue(5, 3), Queue(5, 3)
    torch.testing.assert_close(queue.rows.norm(dim=1), torch.ones(5))
    queue.push(torch.randn(3, 3))
    other.load_state_dict(queue.state_dict())
    more = torch.randn(4, 3)
    queue.push(more)
    other.push(more)
    assert torch.equal(queue.rows, other.rows)


def test_what_is_pushed_carries_no_gradient() -> None:
    queue = Queue(4, 2)
    queue.push(torch.randn(2, 2, requires_grad=True))
    assert not queue.rows.requires_grad


def test_the_bank_moves_the_rows_of_the_examples_it_is_told() -> None:
    bank = MemoryBank(6, 3, momentum=0.25)
    before, index, new = bank.rows.clone(), torch.tensor([4, 1]), torch.randn(2, 3) * 7
    bank.write(index, new)
    for row in range(6):
        if row in (4, 1):
            own = F.normalize(new[index.tolist().index(row)], dim=0)
            expected = F.normalize(0.25 * before[row] + 0.75 * own, dim=0)
            torch.testing.assert_close(bank.rows[row], expected)
        else:
            assert torch.equal(bank.rows[row], before[row])


@pytest.mark.usefixtures("as_users_call")
def test_an_example_without_a_row_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^MemoryBank: index must be row numbers below 6, .* Got 6\. Give"):
        MemoryBank(6, 3).write(torch.tensor([6]), torch.randn(1, 3))


@pytest.mark.usefixtures("as_users_call")
@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Queue(0, 2), r"^Queue: size must be at least 1\. Got 0\. Try 4096\.$"),
        (lambda: MemoryBank(1, 2), r"^MemoryBank: size must be at least 2 examples\. Got 1\."),
        (lambda: MemoryBank(4, 2, momentum=1.0), r"^MemoryBank: momentum must be a fraction in \[0, 1\)\. Got 1\.0\."),
    ],
)
def test_wrong_calls(make, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make()

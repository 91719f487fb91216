"""What can be known before a run begins is known before it begins."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from nearfar.engine import ImageSpec, foresee
from nearfar.engine.foresee import available_memory, check_memory, check_network, check_precision
from nearfar.errors import RunError
from nearfar.methods import Method, SimCLR
from nearfar.views import ViewPlan, simclr

SPEC = ImageSpec(backbone="small", stem=None, size=32, channels=3, mean=(0.5,) * 3, std=(0.2,) * 3, seed=0)
POLICY = simclr(32, mean=SPEC.mean, std=SPEC.std)
CPU = torch.device("cpu")

pytestmark = pytest.mark.usefixtures("as_users_call")


def method(**options: int) -> Callable[[nn.Module], Method]:
    return partial(SimCLR, **options)


def test_free_memory_is_a_part_of_the_machines() -> None:
    free = available_memory()
    assert free is None or 2**20 < free < 2**60


def test_an_ordinary_run_fits() -> None:
    check_memory(method(), SPEC, POLICY, batch_size=8, device=CPU)


@pytest.mark.parametrize(("options", "batch_size"), [({"hidden_dim": 10**9}, 8), ({}, 10**9)])
def test_what_cannot_fit_is_refused_without_trying(options: dict[str, int], batch_size: int) -> None:
    with pytest.raises(RunError, match=r"memory must be at least [\d,.]+ GiB"):
        check_memory(method(**options), SPEC, POLICY, batch_size=batch_size, device=CPU)


def test_the_limit_is_what_training_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = sum(value.numel() for value in SimCLR(SPEC.build()).parameters())
    need = 4 * 4 * weights + 4 * 8 * 3 * 2 * 32**2
    monkeypatch.setattr(foresee, "available_memory", lambda: need + 2**20)
    check_memory(method(), SPEC, POLICY, batch_size=8, device=CPU)
    monkeypatch.setattr(foresee, "available_memory", lambda: need)
    with pytest.raises(RunError, match="memory must be"):  # the counts of batch norms come on top
        check_memory(method(), SPEC, POLICY, batch_size=8, device=CPU)


def test_where_nothing_is_known_of_memory_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foresee, "available_memory", lambda: None)
    check_memory(method(), SPEC, POLICY, batch_size=10**12, device=CPU)


class Picky(nn.Module):
    """A network for pictures of 32 pixels and no others."""

    dim = 4

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)

    def forward(self, view: Tensor) -> Tensor:
        assert view.shape[-1] == 32, "Input of another size"
        return self.norm(view).mean((2, 3))


def test_a_network_that_refuses_a_size_of_the_run_is_found_out() -> None:
    check_network(Picky(), SPEC, ViewPlan(POLICY, 0, 10))
    with pytest.raises(RunError, match=r"Got '32, in parts of the run 16: Input of another size'"):
        check_network(Picky(), SPEC, ViewPlan(POLICY, 0, 10, stages=((0.0, 0.5), (0.5, 1.0))))


def test_the_network_is_as_before() -> None:
    network = Picky().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    check_network(network, SPEC, ViewPlan(POLICY, 0, 10))
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.skipif(torch.cuda.is_available() or torch.backends.mps.is_available(), reason="there is a GPU")
def test_float16_wants_a_gpu() -> None:
    check_precision("bf16-mixed")
    with pytest.raises(ValueError, match="precision must be one that this machine computes in"):
        check_precision("16-mixed")

"""An adapter for people who live in Lightning's Trainer; it needs the extra `lightning`.

    module = lightning_module(method, plan, optimizer, schedule=partial(warmup_cosine, warmup=0.05), steps=1000)
    Trainer(max_steps=1000).fit(module, DataLoader(batches, batch_size=None))

Draws belong to examples, so views are the same as in nearfar's own loop.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from nearfar.data.feed import RawBatch
from nearfar.engine.train import make_batch
from nearfar.methods.method import Method, Step
from nearfar.views.plan import ViewPlan

__all__ = ["lightning_module"]


def lightning_module(
    method: Method, plan: ViewPlan, optimizer: Optimizer, *, schedule: Callable[[float], float], steps: int
) -> Any:
    """A method as a `LightningModule`.

    Args:
        method: what to train; it is changed in place.
        plan: which views are made of the raw batches.
        optimizer: over the method's parameters.
        schedule: progress in (0, 1] -> factor on the base rates.
        steps: optimizer steps of the whole run.

    Returns:
        A module whose batches are those of a feed.

    Raises:
        ImportError: the extra is not installed.
    """
    from lightning.pytorch import LightningModule

    class LightningMethod(LightningModule):  # type: ignore[misc, unused-ignore]  # Any where the extra is missing
        def __init__(self) -> None:
            super().__init__()
            self.method = method
            self.results: list[Step] = []

        def training_step(self, batch: RawBatch, batch_idx: int) -> Tensor:
            micro_step = self.trainer.fit_loop.total_batch_idx
            result = method(make_batch(plan, micro_step, batch, device=self.device))
            self.results.append(result._replace(loss=result.loss.detach()))
            self.log("loss", result.loss, prog_bar=True)
            return result.loss

        def optimizer_step(self, *arguments: Any, **keywords: Any) -> None:
            super().optimizer_step(*arguments, **keywords)
            method.update(self.results, (self.trainer.global_step + 1) / steps)
            self.results.clear()

        def configure_optimizers(self) -> Any:
            factor = LambdaLR(optimizer, lambda step: schedule(min(1.0, (step + 1) / steps)))
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": factor, "interval": "step"}}

    return LightningMethod()

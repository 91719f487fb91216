"""One execution of a method: everything that training needs, built from settings, and the folder it leaves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn
from torch.optim import Optimizer

from nearfar.data.source import Source
from nearfar.distributed import world
from nearfar.engine.budget import steps_within
from nearfar.engine.checkpoint import load_checkpoint
from nearfar.engine.classifier import save_classifier
from nearfar.engine.display import Display
from nearfar.engine.encoder import Encoder
from nearfar.engine.gallery import write_inside
from nearfar.engine.generating import save_language
from nearfar.engine.health import health
from nearfar.engine.initial import PUBLISHED, load_decoder, load_weights
from nearfar.engine.loggers import make_logger
from nearfar.engine.optim import build_optimizer
from nearfar.engine.recorder import Recorder, check_room, signals_noted
from nearfar.engine.settings import Settings
from nearfar.engine.spec import EncoderSpec
from nearfar.engine.train import Feed, train
from nearfar.methods.method import Method
from nearfar.networks.norm import synchronize_batch_norm
from nearfar.records import RunFolder, read_json
from nearfar.schedules import warmup_cosine
from nearfar.views.plan import AnyPolicy, ViewPlan

__all__ = ["Run", "Training"]

DIAGNOSED_EXAMPLES = 256


class Run:
    """A run's folder as an object.

    Attributes:
        path: the folder.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @property
    def record(self) -> dict[str, Any]:
        """What `run.json` says."""
        return read_json(RunFolder(self.path).run)

    @property
    def encoder(self) -> Encoder:
        """The trained encoder."""
        return Encoder.load(self.path)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"


class Training:
    """A run in the making.

    Args:
        fabric: devices, precision, ranks.
        source: the training examples.
        settings: everything that decides what is computed.
        make_method: backbone -> method.
        policy: the views at full resolution.
        workers: processes that read what memory does not hold.
    """

    def __init__(
        self,
        fabric: Fabric,
        source: Source,
        settings: Settings,
        make_method: Callable[[nn.Module], Method],
        policy: AnyPolicy,
        *,
        workers: int = 0,
    ) -> None:
        self.fabric, self.source, self.policy, self.workers = fabric, source, policy, workers
        self.settings = settings
        self.method = self._build(make_method)

    @property
    def spec(self) -> EncoderSpec:
        """How to rebuild the backbone."""
        return self.settings.spec

    def _build(self, make_method: Callable[[nn.Module], Method]) -> Method:
        settings = self.settings
        network = self._start()
        torch.manual_seed(settings.seed + 1)
        method = make_method(network)
        if settings.init is not None and not settings.init.startswith(PUBLISHED):
            load_decoder(method, settings.init)
        if world() is not None:
            synchronize_batch_norm(method, world())
        return method.to(memory_format=torch.channels_last)

    def _start(self) -> nn.Module:
        """The backbone before step 0."""
        init = self.settings.init
        if init is not None and init.startswith(PUBLISHED):
            return self.spec.network(pretrained=True)
        network = self.spec.build()
        if init is not None:
            load_weights(self.spec.part_of(network, init), init)
        elif self.settings.start_stem:
            self.spec.start_stem(network, self.source)
        return network

    @property
    def plan(self) -> ViewPlan:
        """The views of every micro-step."""
        settings = self.settings
        return ViewPlan(self.policy, settings.seed, settings.steps * settings.accumulate, settings.stages)

    @cached_property
    def feed(self) -> Feed:
        """The raw batches of this rank."""
        settings = self.settings
        return self.spec.feed(
            self.source,
            plan=self.plan,
            batch_size=settings.batch_size // settings.accumulate,
            seed=settings.seed,
            rank=self.fabric.global_rank,
            world_size=self.fabric.world_size,
            workers=self.workers,
        )

    def optimizer(self, method: Method) -> Optimizer:
        """The optimizer over a method's parameters."""
        settings = self.settings
        return build_optimizer(
            settings.optimizer, method, learning_rate=settings.learning_rate, weight_decay=settings.weight_decay
        )

    def fix_steps(self, minutes: float) -> None:
        """Sets the number of steps to what fits into some minutes on this machine."""
        steps = steps_within(
            60 * minutes, self.method, self.feed, self.plan, self.optimizer,
            fabric=self.fabric, accumulate=self.settings.accumulate,
        )  # fmt: skip
        self.settings = replace(self.settings, steps=steps)
        del self.feed  # whose crops follow the plan of all steps

    def go(
        self,
        files: RunFolder,
        *,
        resume: bool = False,
        judge: Callable[[], dict[str, float]] | None = None,
        log: Sequence[str] = (),
        on_collapse: str = "warn",
    ) -> Run:
        """Trains to the last step, or from the checkpoint to the last step, and leaves the encoder.

        Args:
            files: the run's folder.
            resume: whether to go on from `last.ckpt`.
            judge: a probe, called some times in the run on rank 0.
            log: loggers by name.
            on_collapse: "warn", or "stop" to end a run that the guard finds stuck or collapsing.

        Raises:
            CollapseError: the guard ended the run; the last checkpoint is kept.
            Interrupted: a signal came; the state is saved.
            NonFiniteLossError: a loss was not a number; the last good checkpoint is kept.
            RunError: the checkpoint is damaged, or the disk full.
        """
        settings, fabric = self.settings, self.fabric
        optimizer = self.optimizer(self.method)
        step, seconds = self._restore(files, optimizer) if resume else (0, 0.0)
        first = fabric.is_global_zero
        if first:
            check_room(files.path, method=self.method)
        loggers = [make_logger(name, files.path, settings.as_dict()) for name in log if first]
        display = Display(files.log, steps=settings.steps, enabled=first)
        with signals_noted() as signals, display:
            recorder = Recorder(
                fabric,
                self.method,
                optimizer,
                files,
                display,
                steps=settings.steps,
                batch_size=settings.batch_size,
                steps_per_epoch=len(self.source) / settings.batch_size,
                work=lambda done: self.plan.work(done * settings.accumulate),
                signals=signals,
                first_step=step,
                first_seconds=seconds,
                diagnose=self._diagnose,
                judge=judge,
                on_collapse=on_collapse,
                loggers=loggers,
            )
            try:
                train(
                    self.method, self.feed, self.plan, optimizer,
                    steps=settings.steps, schedule=partial(warmup_cosine, warmup=settings.warmup), seed=settings.seed,
                    fabric=fabric, accumulate=settings.accumulate, clip=settings.clip, first_step=step, watch=recorder,
                )  # fmt: skip
            finally:
                recorder.close()
        if first:
            encoder = self.encoder()
            encoder.save(files.path)
            write_inside(files, encoder)
            classifier = getattr(self.method, "classifier", None)
            if classifier is not None:
                save_classifier(classifier, self.source.class_names, files.path)
            next_scores = getattr(self.method, "next_scores", None)
            if next_scores is not None:
                save_language(next_scores, files.path)
        fabric.barrier()
        return Run(files.path)

    def encoder(self) -> Encoder:
        """The backbone as it is now, apart from training."""
        network = self.spec.build()
        network.load_state_dict(self.method.backbone.state_dict())
        return Encoder(self.spec, network.to(self.fabric.device).to(memory_format=torch.channels_last))

    def _restore(self, files: RunFolder, optimizer: Optimizer) -> tuple[int, float]:
        """Puts the state of the checkpoint in place; a run that stopped before its first starts anew."""
        if not files.checkpoint.exists():
            return 0, 0.0
        state: Mapping[str, Any] = load_checkpoint(files.checkpoint)
        self.method.load_state_dict(state["method"])
        self.method.to(self.fabric.device)
        optimizer.load_state_dict(state["optimizer"])
        return state["step"], state["seconds"]

    @torch.no_grad()
    def _diagnose(self) -> dict[str, float]:
        """The health of the method on some training examples."""
        table = Encoder(self.spec, self.method.backbone).embed(self.source.spread(DIAGNOSED_EXAMPLES))
        self.method.train()
        return health(self.method, torch.from_numpy(table.vectors))

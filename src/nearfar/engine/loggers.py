"""Where records go besides `metrics.jsonl`: TensorBoard, Weights & Biases, MLflow. Each is an extra."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nearfar.engine.recorder import RecordLogger
from nearfar.errors import complaint, suggestion

__all__ = ["LOGGERS", "check_loggers", "make_logger"]

LOGGERS = ("mlflow", "tensorboard", "wandb")


class _TensorBoard:
    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(folder / "tensorboard"))

    def log(self, record: dict[str, float], step: int) -> None:
        for name, value in record.items():
            self.writer.add_scalar(name, value, step)

    def close(self) -> None:
        self.writer.close()


class _Wandb:
    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        import wandb

        self.run = wandb.init(project="nearfar", name=folder.name, dir=str(folder), config=settings, resume="allow")

    def log(self, record: dict[str, float], step: int) -> None:
        self.run.log(record, step=step)

    def close(self) -> None:
        self.run.finish()


class _MLflow:
    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        import mlflow

        self.mlflow = mlflow
        mlflow.start_run(run_name=folder.name)
        mlflow.log_params(settings)

    def log(self, record: dict[str, float], step: int) -> None:
        self.mlflow.log_metrics(record, step=step)

    def close(self) -> None:
        self.mlflow.end_run()


def check_loggers(names: Sequence[str]) -> None:
    """Refuses unknown loggers.

    Raises:
        ValueError: a name is unknown.
    """
    for name in names:
        if name not in LOGGERS:
            raise ValueError(
                complaint("pretrain", "log", f"one of {', '.join(LOGGERS)}", name, suggestion(name, LOGGERS))
            )


def make_logger(name: str, folder: Path, settings: dict[str, Any]) -> RecordLogger:
    """A logger by name.

    Args:
        name: "tensorboard", "wandb" or "mlflow".
        folder: the run's.
        settings: of the run, flat.

    Raises:
        ValueError: the name is unknown, or its extra is not installed.
    """
    check_loggers([name])
    classes: dict[str, Callable[[Path, dict[str, Any]], RecordLogger]] = {
        "tensorboard": _TensorBoard,
        "wandb": _Wandb,
        "mlflow": _MLflow,
    }
    try:
        return classes[name](folder, settings)
    except ImportError:
        raise ValueError(
            complaint("pretrain", "log", "installed", name, f"Run pip install 'nearfar[{name}]'")
        ) from None

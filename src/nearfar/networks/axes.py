"""Layers by the number of axes of what they read: one of series, two of pictures."""

from collections.abc import Mapping

from torch import nn

__all__ = ["BATCH_NORMS", "CONVOLUTIONS"]

CONVOLUTIONS: Mapping[int, type[nn.Conv1d | nn.Conv2d]] = {1: nn.Conv1d, 2: nn.Conv2d}
BATCH_NORMS: Mapping[int, type[nn.BatchNorm1d | nn.BatchNorm2d]] = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d}

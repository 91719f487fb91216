"""A trained backbone with its preprocessing: the product of a run."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import nn

from nearfar.data.opening import open_source
from nearfar.data.pictures import Pictures
from nearfar.data.plain import plain_batches
from nearfar.data.source import Source
from nearfar.errors import DataError, RunError, complaint
from nearfar.networks.backbone import backbone, dim_of
from nearfar.records import EmbeddingTable, RunFolder, atomic_write, read_json, write_json
from nearfar.views.image_view import PlainView

__all__ = ["Encoder", "EncoderSpec", "raw_table"]

RAW_SIZE = 32
"""Raw input is judged at no more than this many pixels a side: beyond, it only gets slower and worse."""


@dataclass(frozen=True, kw_only=True)
class EncoderSpec:
    """How to rebuild and feed a backbone: the content of `encoder.json`.

    Attributes:
        backbone: its name.
        stem: "small", "standard" or None for what the size decides.
        size: side of the input in pixels; larger pictures are shrunk to it by their shorter side and cropped.
        channels: of the input, 1 or 3.
        mean: of each channel in [0, 1].
        std: of each channel.
        seed: that of the run; it also gives the untrained network.
        modality: what the encoder reads.
    """

    backbone: str
    stem: str | None
    size: int
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    seed: int
    modality: str = "image"

    def build(self) -> nn.Module:
        """The backbone as it was before training: a function of the seed alone."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            return backbone(self.backbone, size=self.size, channels=self.channels, stem=self.stem)


class Encoder:
    """A backbone with its preprocessing, ready for use.

    Args:
        spec: how to rebuild and feed it.
        network: the backbone; it is put into evaluation mode and kept as `backbone`.
    """

    def __init__(self, spec: EncoderSpec, network: nn.Module) -> None:
        self.spec = spec
        self.backbone = network.eval()

    @property
    def dim(self) -> int:
        """Width of the representation."""
        return dim_of(self.backbone)

    @torch.no_grad()
    def embed(self, data: Any, *, split: str | None = None, batch_size: int = 256) -> EmbeddingTable:
        """The representation h of every example, in the order of the source.

        Args:
            data: whatever `nearfar.pretrain` takes, or an open source.
            split: which split of it; None for "train", or all where there are none.
            batch_size: examples at once; it changes memory and speed, not the result.

        Returns:
            A table with n rows of float32.

        Raises:
            DataError: the data cannot be read, or is of another modality.
        """
        source = open_source(data, split=split, where="embed")
        if source.modality != self.spec.modality:
            raise DataError(
                complaint(
                    "embed", "data", f"of modality {self.spec.modality!r}", source.modality, "Name data of that kind"
                )
            )
        assert isinstance(source, Pictures)
        device = next(self.backbone.parameters()).device
        view = PlainView(size=self.spec.size, mean=self.spec.mean, std=self.spec.std)
        vectors = np.empty((len(source), self.dim), dtype=np.float32)
        feed = plain_batches(source, size=self.spec.size, channels=self.spec.channels, batch_size=batch_size)
        for pictures, rows in feed:
            seen = view(pictures.to(device)).contiguous(memory_format=torch.channels_last)
            vectors[rows] = self.backbone(seen).float().cpu().numpy()
        return EmbeddingTable(vectors, tuple(source.ids), source.labels, source.class_names)

    def untrained(self) -> "Encoder":
        """The same network before training."""
        return Encoder(self.spec, self.spec.build().to(memory_format=torch.channels_last))

    def save(self, folder: Path) -> None:
        """Writes `encoder.safetensors` and `encoder.json`."""
        files = RunFolder(folder)
        weights = {name: value.detach().cpu().contiguous() for name, value in self.backbone.state_dict().items()}
        with atomic_write(files.weights) as file:
            file.write(safetensors.torch.save(weights))
        write_json(files.encoder, {**asdict(self.spec), "dim": self.dim})

    @classmethod
    def load(cls, folder: Path) -> "Encoder":
        """Reads what `save` wrote; nothing else of the folder is needed.

        Raises:
            RunError: the files are missing, damaged, or do not fit one another.
        """
        files = RunFolder(folder)
        value = read_json(files.encoder)
        try:
            known = {name: value[name] for name in EncoderSpec.__dataclass_fields__}
            spec = EncoderSpec(**known | {"mean": tuple(value["mean"]), "std": tuple(value["std"])})
            network = spec.build()
            network.load_state_dict(safetensors.torch.load_file(files.weights))
        except FileNotFoundError:
            raise RunError(
                complaint(
                    "load",
                    str(folder),
                    "a run with an encoder",
                    "no encoder.safetensors",
                    "Finish it by `nearfar resume`",
                )
            ) from None
        except (KeyError, TypeError, ValueError, RuntimeError, safetensors.SafetensorError) as error:
            reason = str(error).splitlines()[0]
            raise RunError(
                complaint("load", str(folder), "an undamaged encoder", reason, "Restore it or train anew")
            ) from None
        return cls(spec, network.to(memory_format=torch.channels_last))


def raw_table(source: Source, *, size: int, channels: int) -> EmbeddingTable:
    """The pixels themselves as a representation, in [0, 1]: what an encoder has to beat.

    Args:
        source: pictures.
        size: the encoder's input size; larger ones are reduced to `RAW_SIZE`.
        channels: the encoder's.
    """
    assert isinstance(source, Pictures)
    side = min(size, RAW_SIZE)
    vectors = np.empty((len(source), channels * side * side), dtype=np.float32)
    for pictures, rows in plain_batches(source, size=side, channels=channels, batch_size=256):
        vectors[rows] = PlainView(size=side, mean=(0.0,) * channels, std=(1.0,) * channels)(pictures).flatten(1).numpy()
    return EmbeddingTable(vectors, tuple(source.ids), source.labels, source.class_names)

"""A trained backbone with its preprocessing: the product of a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import nn

from nearfar.data.modality import open_data
from nearfar.data.reading import Reading
from nearfar.data.source import Source
from nearfar.engine.image_spec import ImageSpec
from nearfar.engine.image_text_spec import ImageTextSpec
from nearfar.engine.series_spec import SeriesSpec
from nearfar.engine.spec import EncoderSpec, spec_from
from nearfar.engine.text_spec import TextSpec
from nearfar.errors import RunError, complaint
from nearfar.networks.backbone import dim_of
from nearfar.records import EmbeddingTable, RunFolder, atomic_write, read_json, write_json

__all__ = ["Encoder"]

SPECS: Mapping[str, type[EncoderSpec]] = {
    spec.modality: spec for spec in (ImageSpec, TextSpec, ImageTextSpec, SeriesSpec)
}
"""What an encoder is rebuilt and fed by, by its modality."""


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

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.backbone.parameters()).device

    def opened(
        self, data: Any, *, split: str | None = None, reading: Reading | None = None, where: str = "embed"
    ) -> Source:
        """Data as a source of what the encoder reads.

        Args:
            data: a path, a name or an object.
            split: which split of it; None for "train", or all where there are none.
            reading: how to read it.
            where: who asks, for error sentences.

        Raises:
            DataError: the data cannot be read, is of another modality, or is none that the encoder takes.
        """
        modality = self.spec.modality_of(data, reading=reading or Reading())
        source = open_data(data, modality=modality, split=split, reading=reading, where=where)
        self.spec.check(source, where=where)
        return source

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
        source = self.opened(data, split=split)
        vectors = np.empty((len(source), self.dim), dtype=np.float32)
        for view, rows in self.spec.plain(source, device=self.device, batch_size=batch_size):
            vectors[rows] = self.backbone(view).float().cpu().numpy()
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
        write_json(files.encoder, {**self.spec.as_dict(), "dim": self.dim})

    @classmethod
    def load(cls, folder: Path) -> "Encoder":
        """Reads what `save` wrote; nothing else of the folder is needed.

        Raises:
            RunError: the files are missing, damaged, or do not fit one another.
        """
        files = RunFolder(folder)
        value = read_json(files.encoder)
        if value.get("modality", ImageSpec.modality) not in SPECS:
            next_step = "Upgrade nearfar, or name another run"
            raise RunError(complaint("load", "run", f"of modality {' or '.join(SPECS)}", value["modality"], next_step))
        try:
            spec = spec_from(SPECS[value["modality"]], value)
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
        except RunError:
            raise
        except (KeyError, TypeError, ValueError, RuntimeError, safetensors.SafetensorError) as error:
            reason = str(error).splitlines()[0]
            raise RunError(
                complaint("load", str(folder), "an undamaged encoder", reason, "Restore it or train anew")
            ) from None
        return cls(spec, network.to(memory_format=torch.channels_last))

"""The files of a run by name."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["RunFolder"]


@dataclass(frozen=True)
class RunFolder:
    """The files of one run by name.

    Attributes:
        path: the folder.
    """

    path: Path

    @property
    def run(self) -> Path:
        """Method, data, arguments, seed, versions."""
        return self.path / "run.json"

    @property
    def metrics(self) -> Path:
        """One record a line."""
        return self.path / "metrics.jsonl"

    @property
    def checkpoint(self) -> Path:
        """The training state."""
        return self.path / "last.ckpt"

    @property
    def weights(self) -> Path:
        """The backbone's weights."""
        return self.path / "encoder.safetensors"

    @property
    def encoder(self) -> Path:
        """How to rebuild and feed the backbone."""
        return self.path / "encoder.json"

    @property
    def classifier(self) -> Path:
        """The classifier that was trained with the backbone, and the names of its classes."""
        return self.path / "classifier.safetensors"

    @property
    def language(self) -> Path:
        """What scores the next token, beside the vectors that the backbone reads tokens with."""
        return self.path / "language.safetensors"

    @property
    def neighbours(self) -> Path:
        """Embeddings of training examples, among which a prediction names the nearest."""
        return self.path / "neighbours.parquet"

    @property
    def scores(self) -> Path:
        """What probes said."""
        return self.path / "scores.json"

    @property
    def skipped(self) -> Path:
        """What of the data could not be used."""
        return self.path / "skipped.csv"

    @property
    def seen(self) -> Path:
        """The hashes of the pictures that the encoder learned from."""
        return self.path / "seen.npz"

    @property
    def gallery(self) -> Path:
        """The folder of what the report shows; see `nearfar.report`."""
        return self.path / "gallery"

    @property
    def report(self) -> Path:
        """The page."""
        return self.path / "report.html"

    @property
    def log(self) -> Path:
        """The lines the terminal showed."""
        return self.path / "log.txt"

    def write_skipped(self, skipped: Iterable[tuple[str, str]]) -> None:
        """Writes `skipped.csv` from pairs of file and reason."""
        with self.skipped.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
            csv.writer(file).writerows([("file", "reason"), *skipped])

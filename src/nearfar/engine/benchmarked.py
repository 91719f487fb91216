"""An encoder of texts in the hands of mteb, the benchmark of text embeddings. An extra."""

import hashlib
import importlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from nearfar.data.sentences import Sentences
from nearfar.engine.encoder import Encoder
from nearfar.errors import RunError, complaint

__all__ = ["ForMteb"]


class ForMteb:
    """An encoder of texts as `mteb.evaluate` takes it: what mteb calls an encoder.

    mteb keeps results by a model's name and revision; the revision is a hash of the weights.

    Args:
        encoder: that reads texts.
        name: of the run.

    Raises:
        RunError: the encoder reads something else, or mteb is not installed.
    """

    def __init__(self, encoder: Encoder, *, name: str) -> None:
        if "text" not in encoder.spec.reads:
            constraint, got = "an encoder of texts", encoder.spec.modality
            raise RunError(complaint("as_mteb", "run", constraint, got, "Name a run on texts"))
        try:
            models = importlib.import_module("mteb.models")
        except ImportError:
            next_step = "Type pip install 'nearfar[mteb]'"
            raise RunError(complaint("as_mteb", "mteb", "installed", "no such package", next_step)) from None
        self.encoder = encoder
        said = {
            "name": "nearfar/" + re.sub(r"[^\w.-]+", "-", name).strip("-"),
            "revision": _fingerprint(encoder),
            "embed_dim": encoder.dim,
            "n_parameters": sum(value.numel() for value in encoder.backbone.parameters()),
            "similarity_fn_name": models.model_meta.ScoringFunction.COSINE,
            "modalities": ["text"],
        }
        self.mteb_model_meta = models.ModelMeta.create_empty(overwrites=said)

    def encode(
        self,
        inputs: Iterable[Mapping[str, Sequence[str]]],
        *,
        task_metadata: Any,
        hf_split: str,
        hf_subset: str,
        prompt_type: Any = None,
        **kwargs: Any,
    ) -> Float[np.ndarray, "n d"]:
        """The representation of each text; nothing is put before it, and what else mteb says changes nothing.

        Args:
            inputs: batches, of which `text` is what is read.
            task_metadata: of the task.
            hf_split: of the task's data.
            hf_subset: of the task's data.
            prompt_type: whether they are queries or documents.
            kwargs: batch size and bars.
        """
        texts = [text for batch in inputs for text in batch["text"]]
        return self.encoder.embed(Sentences({"text": texts}, name="mteb")).vectors

    def similarity(self, embeddings1: np.ndarray | Tensor, embeddings2: np.ndarray | Tensor) -> Tensor:
        """The cosine of each of the first with each of the second.

        Args:
            embeddings1: (n, d), or (d,).
            embeddings2: (m, d), or (d,).
        """
        return _unit(embeddings1) @ _unit(embeddings2).T

    def similarity_pairwise(self, embeddings1: np.ndarray | Tensor, embeddings2: np.ndarray | Tensor) -> Tensor:
        """The cosine of each of the first with its own of the second.

        Args:
            embeddings1: (n, d), or (d,).
            embeddings2: as many.
        """
        return (_unit(embeddings1) * _unit(embeddings2)).sum(dim=1)


def _unit(vectors: np.ndarray | Tensor) -> Tensor:
    found = vectors if isinstance(vectors, Tensor) else torch.from_numpy(np.array(vectors, dtype=np.float32))
    return F.normalize(found.reshape(-1, found.shape[-1]).float(), dim=1)


def _fingerprint(encoder: Encoder) -> str:
    """The same for the same weights."""
    found = hashlib.sha256()
    for name, value in sorted(encoder.backbone.state_dict().items()):
        found.update(name.encode())
        found.update(value.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()[:16]

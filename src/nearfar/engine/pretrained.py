"""An encoder that starts from a published one."""

from pathlib import Path

import torch

from nearfar.data.tokenizer import Tokenizer
from nearfar.engine.encoder import Encoder
from nearfar.engine.image_spec import ImageSpec
from nearfar.engine.initial import load_weights
from nearfar.engine.text_spec import TextSpec
from nearfar.errors import DataError, RunError, complaint
from nearfar.networks.pooling import Pooling
from nearfar.networks.pretrained_text import PretrainedText
from nearfar.networks.published import PUBLISHED, PublishedText
from nearfar.networks.published_vit import published_vit
from nearfar.networks.weights import read_weights

__all__ = ["published_encoder", "read_pretrained"]

USUAL_LENGTH = 512
"""Most tokens of a text for models that know no limit and say none."""


def read_pretrained(
    name: str, *, seed: int = 0, pooling: Pooling | None = None, max_length: int | None = None
) -> TextSpec:
    """The spec of a published text encoder, of which `network(pretrained=True)` gives the network with its weights.

    Of a folder of sentence-transformers, its pooling and its length are taken too. That it brings vectors to length 1
    is left out: cosine similarity does not see it.

    Args:
        name: a folder that the libraries transformers or sentence-transformers wrote, or a name on the hub; with or
            without "hf:" before it.
        seed: of the run.
        pooling: how the tokens become one vector: "mean", "cls" or "last"; None for what the folder says, or the mean.
        max_length: most tokens of a text; None for what the folder says, or all that the model has positions for.

    Raises:
        RunError: there is no such folder or name, the hub cannot be reached, it is no text encoder that nearfar can
            use, or the extra `text` is not installed.
        ValueError: the pooling is not one of the model, or the length more than it reads.
    """
    found = PublishedText(name)
    network = PretrainedText(found.config, pooling=pooling or found.pooling or "mean")
    length = max_length or found.max_length or network.max_length or USUAL_LENGTH
    if network.max_length is not None and length > network.max_length:
        constraint = f"at most {network.max_length}, the positions of {found.name}"
        raise ValueError(complaint("pretrain", "max_length", constraint, length, f"Try {network.max_length}"))
    try:
        tokenizer = Tokenizer.load(found.tokenizer)
    except DataError as error:
        raise RunError(str(error)) from None
    return TextSpec(
        backbone=f"{PUBLISHED}{found.name}",
        seed=seed,
        tokenizer=tokenizer.to_json(),
        max_length=length,
        dim=network.dim,
        depth=network.depth,
        pooling=network.pooling,
        config=found.config,
    )


def published_encoder(path: Path) -> Encoder | None:
    """The encoder of a published vision transformer, as it is in a file or a folder of transformers or timm.

    Args:
        path: the file or the folder.

    Returns:
        None for another folder, or where there is nothing.

    Raises:
        RunError: the file holds something else or is damaged, the network is of no shape that timm has, or tensors are
            missing.
    """
    known = published_vit(path)
    if known is None and path.is_file():
        constraint, next_step = "a run's folder, or weights of a vision transformer", "Name a run's folder"
        raise RunError(complaint("load", str(path), constraint, _held(path), next_step))
    if known is None:
        return None
    spec = ImageSpec(
        backbone=known.backbone, seed=0, stem=known.stem, size=known.size, channels=known.channels, mean=known.mean,
        std=known.std, norm_eps=known.norm_eps,
    )  # fmt: skip
    network = spec.build()
    load_weights(network, str(path))
    return Encoder(spec, network.to(memory_format=torch.channels_last))


def _held(path: Path) -> str:
    """What a file holds instead of a vision transformer."""
    try:
        return f"{len(read_weights(path))} tensors of another kind"
    except ValueError as error:
        return str(error)

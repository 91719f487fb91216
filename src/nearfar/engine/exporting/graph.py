"""Encoders as graphs that run without Python: ONNX."""

import json
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nearfar.engine.encoder import Encoder
from nearfar.engine.exporting.libraries import library
from nearfar.engine.exporting.recurrent import Unrolled
from nearfar.engine.image_spec import ImageSpec
from nearfar.engine.series_spec import SeriesSpec
from nearfar.engine.text_spec import TextSpec
from nearfar.networks.recurrent import TextRecurrent
from nearfar.views.tokens import Tokens

__all__ = ["OPSET", "is_graph", "write_onnx"]

OPSET = 18
"""The version of ONNX's operators."""
_OUTPUT = "embedding"


class _OfTexts(nn.Module):
    """A backbone of texts with the two inputs that runtimes know."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = Unrolled(network) if isinstance(network, TextRecurrent) else network

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.network(Tokens(input_ids, attention_mask.sum(1), input_ids))


def is_graph(encoder: Encoder) -> bool:
    """Whether an encoder is one network with one kind of input."""
    return isinstance(encoder.spec, ImageSpec | SeriesSpec | TextSpec)


def write_onnx(encoder: Encoder, out: Path) -> None:
    """Writes the network as a graph, with what it has to be fed in the file's metadata.

    A graph of pictures takes `pixels` (n, c, size, size), one of series `series` (n, c, size), both already normalised;
    one of texts `input_ids` and `attention_mask` (n, t), with the padding on the right. All give `embedding` (n, d).
    Any n and t will do.

    Args:
        encoder: of pictures, of series or of texts.
        out: the file to make.

    Raises:
        RunError: onnx and onnxscript are not installed.
    """
    library("onnx")
    library("onnxscript")
    inputs = _inputs(encoder)
    network = _OfTexts(encoder.backbone) if isinstance(encoder.spec, TextSpec) else encoder.backbone
    grows = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    shapes = tuple(grows if each.ndim == 2 else {0: torch.export.Dim.DYNAMIC} for each in inputs.values())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's, of itself
        program = torch.onnx.export(
            network.eval(),
            tuple(inputs.values()),
            dynamo=True,
            dynamic_shapes=shapes,
            input_names=list(inputs),
            opset_version=OPSET,
            verbose=False,
        )
    assert program is not None
    _name_output(program.model.graph)
    program.model.metadata_props.update(_metadata(encoder))
    program.save(str(out))


def _inputs(encoder: Encoder) -> dict[str, Tensor]:
    """Three examples, of which the last is shortest."""
    spec = encoder.spec
    if isinstance(spec, ImageSpec):
        return {"pixels": torch.zeros(3, spec.channels, spec.size, spec.size)}
    if isinstance(spec, SeriesSpec):
        return {"series": torch.zeros(3, spec.channels, spec.size)}
    assert isinstance(spec, TextSpec)
    length = min(5, spec.max_length)
    mask = (torch.arange(length) < torch.tensor([[length], [length], [1]])).long()
    return {"input_ids": torch.zeros(3, length, dtype=torch.long), "attention_mask": mask}


def _name_output(graph: Any) -> None:
    """Names the one output; what torch calls so inside, looking vectors up, gets another name."""
    for node in graph:
        for value in node.outputs:
            if value.name == _OUTPUT:
                value.name = f"{_OUTPUT}_inside"
    (output,) = graph.outputs
    output.name = _OUTPUT


def _metadata(encoder: Encoder) -> dict[str, str]:
    """All that is needed besides the graph, each as JSON but for words."""
    spec = encoder.spec
    common = {"nearfar": version("nearfar"), "modality": spec.modality, "backbone": spec.backbone}
    if isinstance(spec, ImageSpec | SeriesSpec):
        seen = {"size": spec.size, "channels": spec.channels, "mean": spec.mean, "std": spec.std}
        return common | {name: json.dumps(value) for name, value in seen.items()}
    assert isinstance(spec, TextSpec)
    tokenizer = json.dumps(json.loads(spec.tokens.to_json())["tokenizer"], ensure_ascii=False)
    length, pad = json.dumps(spec.max_length), json.dumps(spec.tokens.pad_id)
    return common | {"tokenizer": tokenizer, "max_length": length, "pad_id": pad, "pooling": spec.pooling}

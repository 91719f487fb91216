"""Encoders of texts as models of transformers and of sentence-transformers.

A `TextTransformer` is a known architecture in other words: one that reads both ways is an XLM-RoBERTa-XL, whose norms
stand before attention and perceptron and whose embeddings have none; one that reads forwards is a GPT-2. The same
numbers under other names give the same states.
"""

import copy
import json
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nearfar.engine.encoder import Encoder
from nearfar.engine.exporting.libraries import library
from nearfar.engine.text_spec import TextSpec
from nearfar.networks.pretrained_text import PretrainedText, parsed_config, quiet, transformers_library
from nearfar.networks.transformer import TextTransformer

__all__ = ["is_transformer", "write_sentence_transformers", "write_transformers"]

_POOLINGS = {"mean": "mean", "cls": "cls", "last": "lasttoken"}
_POOLER = "pooler."


def is_transformer(encoder: Encoder) -> bool:
    """Whether an encoder is a Transformer of texts with positions that such a model has."""
    network = encoder.backbone
    own = isinstance(network, TextTransformer) and network.position is not None
    return own or isinstance(network, PretrainedText)


def write_transformers(encoder: Encoder, out: Path) -> None:
    """Writes a model and a tokenizer of transformers; how states become one vector is no part of such a model.

    Args:
        encoder: a Transformer of texts.
        out: the folder to make.

    Raises:
        RunError: transformers is not installed.
    """
    spec, network = encoder.spec, encoder.backbone
    assert isinstance(spec, TextSpec)
    transformers = transformers_library()
    out.mkdir()
    with quiet(transformers):
        _model(network, spec).save_pretrained(out)
    _write_tokenizer(spec, out)


def write_sentence_transformers(encoder: Encoder, out: Path) -> None:
    """Writes the same with its pooling, as sentence-transformers does.

    The mean of a `TextTransformer` is taken before its last norm, which a model of transformers has already applied
    where it ends. So the model gets one more block that adds nothing, and the states before that are pooled.

    Args:
        encoder: a Transformer of texts.
        out: the folder to make.

    Raises:
        RunError: sentence-transformers is not installed.
    """
    spec = encoder.spec
    assert isinstance(spec, TextSpec)
    sentences = library("sentence_transformers")
    modules = library("sentence_transformers.sentence_transformer.modules")
    with tempfile.TemporaryDirectory() as place, quiet(transformers_library()):
        parts = _parts(modules, encoder, Path(place, "model"))
        sentences.SentenceTransformer(modules=parts, device="cpu").save(str(out), create_model_card=False)
    _write_tokenizer(spec, out)


def _parts(modules: Any, encoder: Encoder, folder: Path) -> list[Any]:
    spec, network = encoder.spec, encoder.backbone
    assert isinstance(spec, TextSpec)
    pooling = modules.Pooling(encoder.dim, pooling_mode=_POOLINGS[spec.pooling])
    if not (isinstance(network, TextTransformer) and spec.pooling == "mean"):
        write_transformers(encoder, folder)
        return [modules.Transformer(str(folder), max_seq_length=spec.max_length), pooling]
    write_transformers(Encoder(spec, _lengthened(network)), folder)
    states = modules.Transformer(str(folder), max_seq_length=spec.max_length)
    states.model.config.output_hidden_states = True
    depth, last_but_one = len(network.blocks), nn.Parameter(torch.tensor([1.0, 0.0]))
    layer, norm = (
        modules.WeightedLayerPooling(encoder.dim, depth + 1, depth, last_but_one),
        modules.LayerNorm(encoder.dim),
    )
    norm.norm.load_state_dict(network.norm.state_dict())
    return [states, layer, pooling, norm]


def _lengthened(network: TextTransformer) -> TextTransformer:
    """The network with one more block, which adds nothing."""
    longer = copy.deepcopy(network)
    last: Any = copy.deepcopy(longer.blocks[-1])
    for layer in (last.attention.out, last.narrow):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    longer.blocks.append(last)
    return longer


def _model(network: nn.Module, spec: TextSpec) -> Any:
    """The network as a model of transformers.

    What the library puts on top of some models, and nothing here has asked or trained, is 0.
    """
    transformers = transformers_library()
    if isinstance(network, PretrainedText):
        config, weights = parsed_config(json.dumps(network.net.config.to_dict())), network.net.state_dict()
    else:
        assert isinstance(network, TextTransformer)
        config, weights = (_gpt2 if network.causal else _xlm_roberta_xl)(network, spec)
    model = transformers.AutoModel.from_config(config, dtype=torch.float32)
    on_top = {name: torch.zeros_like(value) for name, value in model.state_dict().items() if name.startswith(_POOLER)}
    model.load_state_dict({**on_top, **weights})
    return model.eval()


def _xlm_roberta_xl(network: TextTransformer, spec: TextSpec) -> tuple[Any, dict[str, Tensor]]:
    """Both ways; its positions are counted from the padding's number on."""
    assert network.position is not None
    pad = spec.tokens.pad_id
    positions = network.position.weight
    config = transformers_library().XLMRobertaXLConfig(
        **_sizes(network),
        num_hidden_layers=len(network.blocks),
        num_attention_heads=network.dim // network.head_dim,
        hidden_size=network.dim,
        intermediate_size=4 * network.dim,
        max_position_embeddings=len(positions) + pad + 1,
        type_vocab_size=2,
        pad_token_id=pad,
        hidden_dropout_prob=network.dropout.p,
        attention_probs_dropout_prob=network.dropout.p,
    )
    weights = {
        "embeddings.word_embeddings.weight": network.input_scale * network.token.weight,
        "embeddings.token_type_embeddings.weight": network.segment.weight,
        "embeddings.position_embeddings.weight": torch.cat([torch.zeros(pad + 1, network.dim), positions]),
    }
    block: Any
    for place, block in enumerate(network.blocks):
        inside = {"attention.self_attn_layer_norm": block.attention_norm, "attention.output.dense": block.attention.out}
        inside |= {"intermediate.dense": block.widen, "output.dense": block.narrow, "LayerNorm": block.norm}
        for name, part in inside.items():
            weights |= _named(f"encoder.layer.{place}.{name}", part.weight, part.bias)
        thirds = (each.chunk(3) for each in (block.attention.inside.weight, block.attention.inside.bias))
        for name, weight, bias in zip(("query", "key", "value"), *thirds, strict=True):
            weights |= _named(f"encoder.layer.{place}.attention.self.{name}", weight, bias)
    return config, weights | _named("encoder.LayerNorm", network.norm.weight, network.norm.bias)


def _gpt2(network: TextTransformer, spec: TextSpec) -> tuple[Any, dict[str, Tensor]]:
    """Forwards; its layers are the transposed, and it has no segments, so that the first is part of each position."""
    assert network.position is not None
    config = transformers_library().GPT2Config(
        **_sizes(network),
        n_layer=len(network.blocks),
        n_head=network.dim // network.head_dim,
        n_embd=network.dim,
        n_positions=network.position.num_embeddings,
        activation_function="gelu",
        embd_pdrop=network.dropout.p,
        attn_pdrop=network.dropout.p,
        resid_pdrop=network.dropout.p,
        pad_token_id=spec.tokens.pad_id,
    )
    positions = network.position.weight + network.segment.weight[0]
    weights = {"wte.weight": network.input_scale * network.token.weight, "wpe.weight": positions}
    block: Any
    for place, block in enumerate(network.blocks):
        for name, norm in {"ln_1": block.attention_norm, "ln_2": block.norm}.items():
            weights |= _named(f"h.{place}.{name}", norm.weight, norm.bias)
        inside = {"attn.c_attn": block.attention.inside, "attn.c_proj": block.attention.out}
        inside |= {"mlp.c_fc": block.widen, "mlp.c_proj": block.narrow}
        for name, part in inside.items():
            weights |= _named(f"h.{place}.{name}", part.weight.T, part.bias)
    return config, weights | _named("ln_f", network.norm.weight, network.norm.bias)


def _sizes(network: TextTransformer) -> dict[str, Any]:
    return {"vocab_size": network.token.num_embeddings, "bos_token_id": None, "eos_token_id": None}


def _named(name: str, weight: Tensor, bias: Tensor) -> dict[str, Tensor]:
    return {f"{name}.weight": weight, f"{name}.bias": bias}


def _write_tokenizer(spec: TextSpec, out: Path) -> None:
    """The tokenizer, which cuts texts as long, and for which special tokens in a text are text, as for nearfar."""
    spec.tokens.save(out)
    special, file = spec.tokens.special, out / "tokenizer_config.json"
    config = json.loads(file.read_text(encoding="utf-8")) | {
        "pad_token": special.pad or special.unk or spec.tokens.tokens([spec.tokens.pad_id])[0],
        "model_max_length": spec.max_length,
        "model_input_names": ["input_ids", "attention_mask"],
        "split_special_tokens": True,
        "padding_side": "right",
        "truncation_side": "right",
    }
    file.write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

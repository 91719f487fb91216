"""What a backbone starts from besides chance."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from torch import Tensor, nn

from nearfar.errors import RunError, complaint
from nearfar.networks.decoder import PatchDecoder
from nearfar.networks.published_vit import at_size, decoder_weights, in_timms_names
from nearfar.networks.weights import RUNS_CODE, read_config, read_weights
from nearfar.records import RunFolder

__all__ = ["PUBLISHED", "load_decoder", "load_weights"]

PUBLISHED = ("timm:", "hf:")
"""What the names of published weights begin with."""
SLOW = ("encoder_k", "key", "momentum", "target", "teacher", "ema")
"""What the slow copy of a network is called, beside which the network itself is meant."""
CHILDREN = {"conv1": "0", "bn1": "1", "layer1": "4", "layer2": "5", "layer3": "6", "layer4": "7"}
"""The parts of a torchvision ResNet by their numbers, as in `nn.Sequential(*list(resnet.children()))`."""


def load_weights(network: nn.Module, init: str) -> None:
    """Loads a run's encoder, or published weights, into a backbone of the same shape.

    In a file, the backbone may stand under any prefix: "module.encoder_q." in MoCo's, "module.base_encoder." in MoCo
    v3's, "module.encoder." in SimSiam's, "online_encoder.net." or "backbone." elsewhere. Where the network and its slow
    copy are both there, the network is taken. ResNets may have torchvision's names, as SimCLR's converted weights do,
    or be numbered as a sequence of torchvision's parts, as PyTorch BYOL's and lightly's are; vision transformers those
    of timm, which are MAE's, or of transformers. Positions of a vision transformer for another size are resampled. What
    the file has beyond the backbone, heads, decoders and queues, is left.

    Args:
        network: the backbone.
        init: a run folder, a .safetensors file, a file of torch.save, or a folder of transformers or timm; what
            torch.save wrote is read without running code.

    Raises:
        RunError: the file is missing or damaged, or its weights do not fit the backbone.
    """
    weights = _read(init)
    own = network.state_dict()
    best: dict[str, Tensor] = {}
    asked: dict[str, str] = {}
    for names in _namings(list(own)):
        for prefix in _prefixes(weights, names):
            found = {name: weights[prefix + named] for name, named in names.items() if prefix + named in weights}
            found = {name: at_size(v, network) if name.endswith("pos_embed") else v for name, v in found.items()}
            fitting = {name: value for name, value in found.items() if value.shape == own[name].shape}
            if len(fitting) > len(best):
                best, asked = fitting, {name: prefix + named for name, named in names.items()}
            # Files from before torch counted the batches of a batch norm do not have the counts.
            if all(name in fitting or name.endswith("num_batches_tracked") for name in own):
                _check_no_more(weights, prefix, list(names.values()), init)
                network.load_state_dict(own | fitting)
                return
    constraint = f"weights of this backbone ({len(own)} tensors)"
    got = f"{len(best)} that fit in {init}{_misfit(own, best, asked, weights)}"
    next_step = "Give the --backbone, --size and --stem that the weights were trained with"
    raise RunError(complaint("pretrain", "init", constraint, got, next_step))


def load_decoder(method: nn.Module, init: str) -> None:
    """Loads the decoder of a published MAE into a method's, where it is of the same shape.

    Args:
        method: one without a decoder of patches is left alone.
        init: as for `load_weights`.

    Raises:
        RunError: tensors of it are missing, or there are some that the method's has not.
    """
    decoder = getattr(method, "decoder", None)
    if not isinstance(decoder, PatchDecoder):
        return
    weights, own = decoder_weights(_read(init)), decoder.state_dict()
    names = set(weights) & set(own)
    if not weights or any(weights[name].shape != own[name].shape for name in names) or _blocks(weights) != _blocks(own):
        return
    if differing := sorted(set(weights) ^ set(own)):
        what = "without" if differing[0] in own else "with"
        constraint, got = f"a decoder of MAE ({len(own)} tensors)", f"{init}: one {what} {differing[0]}"
        next_step = "Give a file with all of it, or without it"
        raise RunError(complaint("pretrain", "init", constraint, got, next_step))
    decoder.load_state_dict(weights)


def _blocks(weights: Iterable[str]) -> int:
    return len({name.split(".")[1] for name in weights if name.startswith("blocks.")})


def _check_no_more(weights: Iterable[str], prefix: str, names: Sequence[str], init: str) -> None:
    """Refuses a file with further tensors among the backbone's, which would make another network of it."""
    inner = "net." if all(name.startswith("net.") for name in names) else ""  # of the adapter
    known = {name.removeprefix(inner) for name in names}
    parts = {name.partition(".")[0] for name in known}
    for name in weights:
        other = name.removeprefix(prefix + inner)
        if name.startswith(prefix + inner) and other not in known and other.partition(".")[0] in parts:
            constraint, got = "weights of this backbone and no others", f"{name} in {init}"
            next_step = "Give the --backbone that the weights were trained with"
            raise RunError(complaint("pretrain", "init", constraint, got, next_step))


def _misfit(
    own: Mapping[str, Tensor], best: Mapping[str, Tensor], asked: Mapping[str, str], weights: Mapping[str, Tensor]
) -> str:
    """The first tensor that is missing or of another shape, where most others fit."""
    if 2 * len(best) < len(own):
        return ""
    name = next(name for name in own if name not in best and not name.endswith("num_batches_tracked"))
    if asked[name] not in weights:
        return f"; {asked[name]} is missing"
    return f"; {asked[name]} is {tuple(weights[asked[name]].shape)}, not {tuple(own[name].shape)}"


def _namings(own: Sequence[str]) -> list[dict[str, str]]:
    """What a file may call the backbone's tensors: as they are, without the adapter's "net.", or by number.

    Of a vision transformer that averages over patches, the last norm stands behind the average: it is timm's "fc_norm".
    """
    plain = {name: name.removeprefix("net.") for name in own}
    numbered = {name: _numbered(named) for name, named in plain.items()}
    unpooled = {name: named.replace("fc_norm.", "norm.") for name, named in plain.items()}
    return [{name: name for name in own}, plain, unpooled, numbered]


def _numbered(name: str) -> str:
    part, dot, rest = name.partition(".")
    return CHILDREN.get(part, part) + dot + rest


def _prefixes(weights: Iterable[str], names: Mapping[str, str]) -> list[str]:
    """What may stand before the backbone's names in a file, slow copies last, and then from short to long."""
    first = next(iter(names.values()))
    found = {key[: -len(first)] for key in weights if key == first or key.endswith("." + first)}
    return sorted(found, key=lambda prefix: (any(word in prefix for word in SLOW), len(prefix), prefix))


def _read(init: str) -> dict[str, Tensor]:
    path = Path(init).expanduser()
    if path.is_dir() and (RunFolder(path).weights.exists() or not read_config(path)):
        path = RunFolder(path).weights
    try:
        return in_timms_names(read_weights(path))
    except ValueError as error:
        constraint = "a run folder, a file of weights or timm:NAME"
        next_step = "Save its weights alone" if RUNS_CODE in str(error) else "Check the path"
        raise RunError(complaint("pretrain", "init", constraint, f"{init}: {error}", next_step)) from None

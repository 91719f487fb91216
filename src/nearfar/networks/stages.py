"""What a backbone knows along the way: its stages, from first to last."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from nearfar.networks.backbone import TimmBackbone
from nearfar.networks.series_backbone import SeriesViT
from nearfar.networks.small import SmallResNet

__all__ = ["Stage", "stage_vectors", "stages"]


class Stage(NamedTuple):
    """A part of a network whose output is looked at.

    Attributes:
        module: the part.
        width: channels of its output where that is known.
        prefix: how many tokens stand before those of positions.
        channels_last: whether maps are (n, h, w, c) where the width does not tell.
        of_series: whether an output with three axes is a map (n, c, t), and not tokens.
    """

    module: nn.Module
    width: int | None = None
    prefix: int = 0
    channels_last: bool = False
    of_series: bool = False


def stages(network: nn.Module) -> dict[str, Stage]:
    """The stages of a network, by the names of its modules, in order.

    Those of `small` are its blocks and its expansion, those of a timm model the ones that it names itself: the stem and
    the four layers of a ResNet, every block of a ViT. Of any other network they are its children.

    Args:
        network: a backbone, or any module.
    """
    if isinstance(network, SmallResNet):
        parts = {name: module for name, module in _children(network).items() if name != "stem"}
        return {name: Stage(module, of_series=network.axes == 1) for name, module in parts.items()}
    net: Any = network.net if isinstance(network, TimmBackbone | SeriesViT) else network
    prefix, last = getattr(net, "num_prefix_tokens", 0), getattr(net, "output_fmt", "NCHW") == "NHWC"
    parts, known = dict(net.named_modules()), getattr(net, "feature_info", None)
    named = [entry for entry in known if entry.get("module") in parts] if isinstance(known, list) else []
    if named:
        return {each["module"]: Stage(parts[each["module"]], each.get("num_chs"), prefix, last) for each in named}
    found = {name: Stage(part, None, prefix, last) for name, part in _children(net).items()}
    return found or {"output": Stage(network)}


def _children(network: nn.Module) -> dict[str, nn.Module]:
    """The parts that are called in turn; a list of modules, which is not called, gives its own."""
    found: dict[str, nn.Module] = {}
    for name, part in network.named_children():
        if isinstance(part, nn.ModuleList):
            found |= {f"{name}.{place}": inner for place, inner in enumerate(part)}
        elif not isinstance(part, nn.Identity | nn.Dropout):
            found[name] = part
    return found


def stage_vectors(
    network: nn.Module, view: Float[Tensor, "n c *sides"], *, of: Mapping[str, Stage]
) -> dict[str, Float[Tensor, "n _"]]:
    """The output of every stage as one vector an example: the average over positions.

    It takes one pass through the network.

    A stage that was not called, or gave no tensor of one row an example, is left out.

    Args:
        network: the network, in evaluation mode.
        view: what it sees.
        of: its stages.
    """
    found: dict[str, Tensor] = {}

    def keeper(name: str, stage: Stage) -> Callable[[nn.Module, Any, Any], None]:
        def keep(module: nn.Module, given: Any, output: Any) -> None:
            if isinstance(output, Tensor) and output.ndim >= 2 and len(output) == len(view):
                found[name] = _pooled(output, stage)  # at once: what comes next may write over it

        return keep

    hooks = [stage.module.register_forward_hook(keeper(name, stage)) for name, stage in of.items()]
    try:
        network(view)
    finally:
        for hook in hooks:
            hook.remove()
    return {name: found[name] for name in of if name in found}


def _pooled(output: Tensor, stage: Stage) -> Float[Tensor, "n d"]:
    x = output.float()
    if x.ndim == 3 and not stage.of_series:
        return x[:, stage.prefix :].mean(1)
    if x.ndim >= 3:
        at_first, at_last = (stage.width == x.shape[place] for place in (1, -1))
        last = at_last if at_first != at_last else stage.channels_last
        return x.flatten(1, -2).mean(1) if last else x.flatten(2).mean(2)
    return x

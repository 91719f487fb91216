"""What a text encoder knows along the way: the states of its tokens, from stage to stage."""

from collections.abc import Callable, Mapping
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from nearfar.networks.pooling import TokenRows, real_tokens
from nearfar.networks.recurrent import TextRecurrent
from nearfar.networks.transformer import TextTransformer

__all__ = ["text_stages", "token_states"]


def text_stages(network: nn.Module) -> dict[str, nn.Module]:
    """The stages of a text encoder, by the names of its modules, in order.

    Those of nearfar's own are the vectors of the tokens, and every block or all recurrent layers; those of a model of
    the library transformers its embeddings and every layer. Of any other network they are its children.

    Args:
        network: a backbone of texts.
    """
    parts = dict(network.named_modules())
    if isinstance(network, TextTransformer):
        return {name: parts[name] for name in ("token", *_listed(network))}
    if isinstance(network, TextRecurrent):
        return {name: parts[name] for name in ("token", "layers")}
    listed = _listed(network)
    words = [name for name, part in parts.items() if isinstance(part, nn.Embedding)]
    around = [name for name in parts if name.rpartition(".")[2] == "embeddings"]
    first = (around or words)[:1]
    return {name: parts[name] for name in (*first, *listed)} if listed else dict(network.named_children())


def _listed(network: nn.Module) -> list[str]:
    """The parts of the longest list of modules, which are the layers."""
    lists = {name: part for name, part in network.named_modules() if isinstance(part, nn.ModuleList)}
    if not lists:
        return []
    longest = max(lists, key=lambda name: len(lists[name]))
    return [f"{longest}.{place}" for place in range(len(lists[longest]))]


def token_states(
    network: nn.Module, view: TokenRows, *, of: Mapping[str, nn.Module]
) -> dict[str, Float[Tensor, "n t _"]]:
    """The state of each token after every stage; 0 at padding.

    It takes one pass through the network. A stage that was not called, or gave no row of states for each text, is left
    out.

    Args:
        network: the network, in evaluation mode.
        view: what it reads.
        of: its stages.
    """
    found: dict[str, Tensor] = {}
    padding = ~real_tokens(view)[:, :, None]

    def keeper(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def keep(module: nn.Module, given: Any, output: Any) -> None:
            states = _states(output, view.ids.shape[1])
            if states is not None and states.shape[:2] == view.ids.shape:
                found[name] = states.float().masked_fill(padding, 0)

        return keep

    hooks = [part.register_forward_hook(keeper(name)) for name, part in of.items()]
    try:
        network(view)
    finally:
        for hook in hooks:
            hook.remove()
    return {name: found[name] for name in of if name in found}


def _states(output: Any, length: int) -> Tensor | None:
    """The tensor of states among what a part gives."""
    if isinstance(output, tuple) and not isinstance(output, PackedSequence):
        output = output[0] if output else None
    if isinstance(output, PackedSequence):
        output = pad_packed_sequence(output, batch_first=True, total_length=length)[0]
    return output if isinstance(output, Tensor) and output.ndim == 3 else None

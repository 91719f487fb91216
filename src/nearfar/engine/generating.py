"""Texts that go on: what a network that has learned to tell the next token is used for."""

from pathlib import Path

import safetensors
import safetensors.torch
import torch
from jaxtyping import Float, Int
from torch import Tensor

from nearfar.data.text.columns import cleaned
from nearfar.data.tokenizer import Tokenizer
from nearfar.engine.encoder import Encoder
from nearfar.engine.text_spec import TextSpec
from nearfar.errors import RunError, complaint
from nearfar.networks.vocabulary import TokenScores
from nearfar.records import RunFolder, atomic_write
from nearfar.views.tokens import Tokens

__all__ = ["LanguageModel", "save_language"]


class LanguageModel:
    """An encoder of texts and the scores of the token behind each.

    Args:
        encoder: reads forwards alone.
        scores: of each token, from the state at the one before it.
    """

    def __init__(self, encoder: Encoder, scores: TokenScores) -> None:
        assert isinstance(encoder.spec, TextSpec)
        self.encoder, self.scores, self.spec = encoder, scores.to(encoder.device), encoder.spec

    @torch.no_grad()
    def generate(
        self, prompt: str, *, max_tokens: int = 50, temperature: float = 1.0, top_p: float = 1.0, seed: int = 0
    ) -> str:
        """A text that begins as the prompt does, token by token.

        It ends where the network ends it, after `max_tokens`, or at the longest text that the network reads.

        Args:
            prompt: the beginning.
            max_tokens: most tokens that are added.
            temperature: divides the scores; below 1 likely tokens are taken more often, and at 0 always the likeliest.
            top_p: only the likeliest tokens are taken, as many as together have this probability.
            seed: of what is drawn: the same gives the same text.

        Returns:
            The prompt and what follows it, as the tokenizer writes them.

        Raises:
            ValueError: the prompt is empty or leaves no room for a token, or a number cannot be used.
        """
        _check(max_tokens, temperature, top_p)
        ids = self._begun(prompt)
        generator = torch.Generator().manual_seed(seed)
        forbidden, end = _special(self.spec.tokens)
        for _ in range(min(max_tokens, self.spec.max_length - len(ids))):
            scores = self._next(ids).index_fill(0, forbidden, -torch.inf)
            token = _drawn(scores, temperature=temperature, top_p=top_p, generator=generator)
            if token == end:
                break
            ids.append(token)
        return self.spec.tokens.decode(ids)

    def _begun(self, prompt: str) -> list[int]:
        """The tokens of a prompt, with those that stand before a text and without those behind it."""
        (text, fault), longest = cleaned(prompt), self.spec.max_length
        if fault:
            raise ValueError(complaint("generate", "prompt", "a text", f"one that {fault}", "Try 'It was'"))
        tokens = self.spec.tokens.encode_batch([text], max_length=len(text.encode()) + longest)
        content = tokens.content[0].nonzero()
        ids = tokens.ids[0, : int(content[-1]) + 1 if len(content) else 0].tolist()
        if not ids or len(ids) >= longest:
            constraint = f"a text of fewer than the {longest} tokens that the network reads"
            raise ValueError(complaint("generate", "prompt", constraint, f"{len(ids)} tokens", "Shorten it"))
        return ids

    def _next(self, ids: list[int]) -> Float[Tensor, "v"]:
        """The score of each token behind some."""
        row = torch.tensor([ids], device=self.encoder.device)
        view = Tokens(row, torch.tensor([len(ids)], device=row.device), torch.zeros_like(row))
        states = self.encoder.backbone.locations(view)  # type: ignore[operator]
        return self.scores(states[0, -1]).double().cpu()

    @classmethod
    def load(cls, folder: Path) -> "LanguageModel":
        """Reads a run that learned to tell the next token.

        Raises:
            RunError: the run learned something else, or its files are damaged.
        """
        files, encoder = RunFolder(folder), Encoder.load(folder)
        try:
            weights = safetensors.torch.load_file(files.language)
            scores = TokenScores(encoder.backbone)
            scores.load_state_dict(weights)
        except FileNotFoundError:
            constraint, next_step = "a run of nexttoken", "Train one by `nearfar pretrain nexttoken DATA`"
            raise RunError(complaint("generate", str(folder), constraint, "an encoder alone", next_step)) from None
        except (TypeError, ValueError, RuntimeError, safetensors.SafetensorError) as error:
            reason = str(error).splitlines()[0]
            constraint, next_step = "an undamaged run of nexttoken", "Restore it or train anew"
            raise RunError(complaint("generate", str(folder), constraint, reason, next_step)) from None
        return cls(encoder, scores)


def _check(max_tokens: int, temperature: float, top_p: float) -> None:
    for name, good, constraint, value, example in (
        ("max_tokens", max_tokens >= 1, "at least 1", max_tokens, 50),
        ("temperature", 0 <= temperature < float("inf"), "a number from 0 on", temperature, 0.8),
        ("top_p", 0 < top_p <= 1, "above 0 and at most 1", top_p, 0.9),
    ):
        if not good:
            raise ValueError(complaint("generate", name, constraint, value, f"Try {example}"))


def _special(tokens: Tokenizer) -> tuple[Int[Tensor, "k"], int | None]:
    """The special tokens that stand in no text, and the one that ends it."""
    end = None if tokens.special.sep is None else tokens.sep_id
    return torch.tensor([number for number in tokens.special_ids() if number != end], dtype=torch.int64), end


def _drawn(scores: Float[Tensor, "v"], *, temperature: float, top_p: float, generator: torch.Generator) -> int:
    """One token by its score."""
    if temperature == 0:
        return int(scores.argmax())
    probabilities, order = (scores / temperature).softmax(dim=0).sort(descending=True)
    before = probabilities.cumsum(dim=0) - probabilities
    kept = probabilities.where(before < top_p, 0)
    return int(order[torch.multinomial(kept, 1, generator=generator)])


def save_language(scores: TokenScores, folder: Path) -> None:
    """Writes `language.safetensors`.

    Args:
        scores: of the token behind each text.
        folder: the run's.
    """
    weights = {name: value.detach().float().cpu().contiguous() for name, value in scores.state_dict().items()}
    with atomic_write(RunFolder(folder).language) as file:
        file.write(safetensors.torch.save(weights))

"""Texts that go on as a run has learned it."""

from pathlib import Path

from nearfar.engine import LanguageModel, Run
from nearfar.engine.folder import folder_of
from nearfar.recipes import check_said

__all__ = ["generate"]


def generate(
    run: str | Path | Run,
    prompt: str,
    *,
    max_tokens: int = 50,
    temperature: float = 1.0,
    top_p: float = 1.0,
    seed: int = 0,
) -> str:
    """A text that begins as the prompt does, and goes on as those that the run has learned from.

    It ends where the network ends it, after `max_tokens`, or at the longest text that the network reads.

    Args:
        run: a run of nexttoken, or its folder.
        prompt: the beginning, e.g. "It was".
        max_tokens: most tokens that are added.
        temperature: divides the scores of the next token: below 1 likely ones are taken more often, at 0 always the
            likeliest.
        top_p: only the likeliest tokens are taken, as many as together have this probability.
        seed: of what is drawn: the same gives the same text.

    Returns:
        The prompt and what follows it.

    Raises:
        RunError: the run learned something else, or its files are damaged.
        ValueError: the prompt is empty or too long, or a number cannot be used.
    """
    check_said("generate", seed=seed)
    model = LanguageModel.load(folder_of(run, where="generate"))
    return model.generate(prompt, max_tokens=max_tokens, temperature=temperature, top_p=top_p, seed=seed)

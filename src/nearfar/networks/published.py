"""Published text encoders: what a folder, or the hub of Hugging Face, says of one."""

import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from nearfar.errors import RunError, complaint
from nearfar.networks.pooling import Pooling
from nearfar.networks.pretrained_text import parsed_config, quiet, transformers_library

__all__ = ["PUBLISHED", "PublishedText"]

PUBLISHED = "hf:"
"""What stands before the name of a published text encoder."""

_MODES: dict[str, Pooling] = {"mean": "mean", "cls": "cls", "lasttoken": "last"}
_OLDER = {f"pooling_mode_{end}": mode for end, mode in (
    ("cls_token", "cls"), ("max_tokens", "max"), ("mean_tokens", "mean"), ("lasttoken", "lasttoken"),
    ("mean_sqrt_len_tokens", "mean_sqrt_len_tokens"), ("weightedmean_tokens", "weightedmean"),
)}  # fmt: skip
_LEFT = ("Transformer", "Pooling", "Normalize")  # the last changes no cosine similarity
_ASKED = ("tokenizer_config.json", "special_tokens_map.json", "tokenizer.json")
_LONGEST = 1_000_000  # a tokenizer without a limit names a number beyond it
_POOLER = "pooler."
_T = TypeVar("_T")


class PublishedText:
    """A text encoder that the library transformers or sentence-transformers wrote.

    Args:
        name: a folder, or a name on the hub; with or without "hf:" before it.

    Raises:
        RunError: there is none, or the hub cannot be reached.
    """

    def __init__(self, name: str) -> None:
        self.name = name.removeprefix(PUBLISHED)
        self.is_folder = bool(self.name) and Path(self.name).expanduser().is_dir()
        if self.is_folder:
            self.name = str(Path(self.name).expanduser())
        elif not self.name or self.name.startswith((".", "/", "~")) or self.name.count("/") > 1:
            raise self._refused("no such folder")

    @cached_property
    def config(self) -> str:
        """The configuration as JSON.

        Raises:
            RunError: it is missing, or not of a text encoder.
        """
        library = transformers_library()

        def read() -> str:
            with quiet(library):
                found = library.AutoConfig.from_pretrained(self.name, subfolder=self._part)
            private = ("_name_or_path", "transformers_version", "dtype", "torch_dtype")
            return json.dumps({key: value for key, value in found.to_dict().items() if key not in private})

        text = self._said(read)
        try:
            parsed_config(text)
        except ValueError as error:
            raise RunError(str(error)) from None
        return text

    def weights(self) -> dict[str, Tensor]:
        """The weights by their names in `PretrainedText`.

        Raises:
            RunError: they are missing, all or some.
        """
        library = transformers_library()

        def read() -> dict[str, Tensor]:
            with quiet(library):
                net, said = library.AutoModel.from_pretrained(
                    self.name, subfolder=self._part, dtype=torch.float32, output_loading_info=True
                )
            missing = [name for name in sorted(said["missing_keys"]) if not name.startswith(_POOLER)]
            if missing:
                raise self._refused(f"no weights for {missing[0]}")
            return {f"net.{name}": value for name, value in net.state_dict().items() if not name.startswith(_POOLER)}

        return self._said(read)

    @cached_property
    def tokenizer(self) -> Path:
        """A folder with the tokenizer.

        Raises:
            RunError: there is none that the library tokenizers reads.
        """
        if self.is_folder:
            return Path(self.name, self._part)
        found = [self._file(f"{self._part}/{name}".lstrip("/")) for name in _ASKED]
        if found[-1] is None:
            raise self._refused("no tokenizer.json")
        return found[-1].parent

    @cached_property
    def pooling(self) -> Pooling | None:
        """How the tokens become one vector; None where nothing is said of it.

        Raises:
            RunError: otherwise than nearfar can.
        """
        place = self._modules.get("Pooling")
        if place is None:
            return None
        said = self._json(f"{place}/config.json")
        older = [mode for key, mode in _OLDER.items() if said.get(key)]
        mode = said.get("pooling_mode", older or "mean")
        mode = mode[0] if isinstance(mode, list) and len(mode) == 1 else mode
        if mode not in list(_MODES):
            constraint = f"{PUBLISHED}NAME of an encoder that pools by {', '.join(_MODES)}"
            next_step = "State another pooling, or name another model"
            raise RunError(complaint("pretrain", "init", constraint, mode, next_step))
        return _MODES[mode]

    @cached_property
    def max_length(self) -> int | None:
        """Most tokens of a text; None where nothing is said of it."""
        place = f"{self._part}/".lstrip("/")
        lengths = (
            self._json(f"{place}sentence_bert_config.json").get("max_seq_length"),
            self._json(f"{place}tokenizer_config.json").get("model_max_length"),
        )
        return next((int(length) for length in lengths if length is not None and length < _LONGEST), None)

    @cached_property
    def _modules(self) -> dict[str, str]:
        """The parts of a sentence-transformers model with their folders; none for a model of transformers.

        Raises:
            RunError: there is a part that nearfar has not.
        """
        found = {each["type"].rpartition(".")[2]: each["path"] for each in self._json("modules.json") or []}
        for kind in found:
            if kind not in _LEFT:
                raise self._refused(f"a part {kind} behind its Transformer")
        return found

    @property
    def _part(self) -> str:
        """The sub-folder with the model."""
        return self._modules.get("Transformer", "")

    def _json(self, path: str) -> Any:
        file = self._file(path)
        return {} if file is None else self._said(lambda: json.loads(file.read_text(encoding="utf-8")))

    def _file(self, path: str) -> Path | None:
        """A file of the model, brought from the hub where it is there; None where it is not."""
        if self.is_folder:
            file = Path(self.name, path)
            return file if file.exists() else None
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError

        transformers_library()
        try:
            return Path(self._said(lambda: hf_hub_download(self.name, path), EntryNotFoundError))
        except EntryNotFoundError:
            return None

    def _said(self, read: Callable[[], _T], passed: type[Exception] = RunError) -> _T:
        """What is read; what the libraries raise becomes one sentence."""
        try:
            return read()
        except (passed, RunError):
            raise
        except Exception as error:  # of any library, and of whatever is in the folder
            raise self._refused(" ".join(str(error).split()) or type(error).__name__) from None

    def _refused(self, reason: str) -> RunError:
        constraint = f"{PUBLISHED} with the folder, or the name on the hub, of a text encoder that transformers reads"
        return RunError(complaint("pretrain", "init", constraint, f"{self.name}: {reason}", "Name another"))

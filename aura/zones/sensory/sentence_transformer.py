"""Any sentence-transformers model, run by that package."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from aura.core.blame import described
from aura.core.errors import DataError
from aura.zones.sensory.text import clean_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["PackagedEncoder"]


class PackagedEncoder:
    """A sentence-transformers model; see `aura.zones.sensory.encoder.TextEncoder`.

    Parameters
    ----------
    model : str
        A folder, or a name on the hub.
    threads : int, optional
        How many threads torch computes with; None leaves torch as it is set.

    Raises
    ------
    DataError
        If the package is not installed, the model neither in place nor to be fetched, or its folder names code.

    Notes
    -----
    Texts are encoded one at a time: the package pads a batch to its longest text, and the bits of an embedding would
    then depend on its neighbours.
    """

    def __init__(self, model: str, threads: int | None = None) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise DataError(f"sensory.model {model!r}", expected="the package sentence-transformers",
                            got="it is not installed", hint="Try: pip install sentence-transformers") from error
        _refuse_code(Path(model))
        try:
            self._model = SentenceTransformer(model, device="cpu")
        except Exception as error:  # network, hub, file and configuration errors come in a dozen unrelated types
            raise DataError(f"sensory.model {model!r}", expected="a sentence-transformers folder, or a model on the "
                            "Hugging Face hub", got=described(error)[:200],
                            hint="'all-MiniLM-L6-v2' needs no network.") from error
        self.name = model
        if threads is not None:
            torch.set_num_threads(threads)
        self.identity = self._digest()
        self.dimensions = int(self._model.encode(["a"], show_progress_bar=False).shape[1])

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the embeddings, shape (text, dimensions), float32; a text of blanks gives zeros.

        Raises
        ------
        SignalError
            If one of the texts is no string.
        """
        cleaned = clean_texts(texts)
        embeddings = np.zeros((len(cleaned), self.dimensions), np.float32)
        for index, text in enumerate(cleaned):
            if text.strip(" \t\r\n\N{REPLACEMENT CHARACTER}").strip():
                embeddings[index] = self._model.encode([text], show_progress_bar=False)[0]
        return embeddings

    def _digest(self) -> str:
        digest = hashlib.sha256(f"{torch.__version__} {torch.backends.cpu.get_cpu_capability()} "
                                f"{torch.get_num_threads()} {self._model.max_seq_length}".encode())
        for name, tensor in sorted(self._model.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy())
        fast = getattr(self._model.tokenizer, "backend_tokenizer", None)
        digest.update(fast.to_str().encode() if fast is not None else repr(self._model.tokenizer).encode())
        return digest.hexdigest()


def _refuse_code(folder: Path) -> None:
    """Refuse a model's folder that names modules other than the package's own, which some versions would execute."""
    for parts in _modules(folder / "modules.json"):
        for key, owner in (("type", "sentence_transformers."), ("activation_function", "torch.")):
            named = parts.get(key)
            if named is not None and not str(named).startswith(owner):
                raise DataError(f"sensory.model {str(folder)!r}", expected=f"modules of {owner.rstrip('.')}",
                                got=repr(named), hint="A model's folder runs no code of its own here.")


def _modules(listing: Path) -> list[dict[str, Any]]:
    """Return the parts of a model, each with its own settings; none where there is no such listing."""
    found = []
    for part in filter(lambda part: isinstance(part, dict), _json(listing, [])):
        found.append({**_json(listing.parent / str(part.get("path", "")) / "config.json", {}), **part})
    return found


def _json(path: Path, default: Any) -> Any:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # the package says what is wrong with it
        return default
    return value if isinstance(value, type(default)) else default

"""Tokenizers by name, and as a folder: `tokenizer.json`, and beside it the model where there is one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo

from aura.core.errors import StateError
from aura.core.paths import checked_path, path_text, paths_of
from aura.zones.common.whole_files import read_file, write_file
from aura.zones.language.tokenizers.cleaning import Cleaning
from aura.zones.language.tokenizers.plain import ByteTokenizer, CharacterTokenizer
from aura.zones.language.tokenizers.tokenizer import Tokenizer

__all__ = ["NAMES", "TokenizerName", "load_tokenizer", "save_tokenizer"]

NAMES = ("bytes", "ascii")
"""Tokenizers that need no file: the bytes of UTF-8, and the characters of ASCII."""
_HINT = "`aura tokenizer TEXTS --out DIR` makes one; 'bytes' and 'ascii' need none."


def _name(text: Any, info: ValidationInfo) -> Any:
    if not isinstance(text, str) or str(text) in NAMES:
        return text
    paths, text = paths_of(info), checked_path(path_text(text))
    return text if paths is None else paths.input(text)


TokenizerName = Annotated[str, BeforeValidator(_name)]
"""One of `NAMES`, or the path of a folder that `aura tokenizer` wrote, or of a model of SentencePiece."""


class _Told(BaseModel):
    """What `tokenizer.json` says."""

    model_config = ConfigDict(extra="forbid")

    format: Literal[1] = 1
    kind: Literal["bytes", "characters", "sentencepiece"]
    size: int
    symbols: tuple[str, ...]
    cleaning: Cleaning
    fingerprint: str
    characters: str = ""


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> list[Path]:
    """Write a tokenizer into a folder, each file whole or not at all, and return the files.

    Raises
    ------
    StateError
        If a file cannot be written.
    """
    told = _Told(kind=tokenizer.kind, size=tokenizer.size, symbols=tuple(tokenizer.symbols),  # type: ignore[arg-type]
                 cleaning=tokenizer.cleaning, fingerprint=tokenizer.fingerprint,
                 characters=getattr(tokenizer, "characters", ""))
    written = []
    if (model := getattr(tokenizer, "model", None)) is not None:
        written.append(folder / "tokenizer.model")
        write_file(written[0], model)
    written.append(folder / "tokenizer.json")
    write_file(written[-1], (json.dumps(told.model_dump(), indent=1) + "\n").encode())
    return written


def load_tokenizer(name: str | Path) -> Tokenizer:
    """Return the tokenizer of a name, a folder or a model's file.

    Raises
    ------
    StateError
        If there is none, or it is damaged: its fingerprint is another than when it was written.
    """
    if str(name) in NAMES:
        return ByteTokenizer() if str(name) == "bytes" else CharacterTokenizer()
    path = Path(name)
    if path.is_file():
        from aura.zones.language.tokenizers.sentence_pieces import read_model

        return read_model(path, read_file(path, "a model of SentencePiece"))
    file = path / "tokenizer.json"
    try:
        told = _Told.model_validate_json(read_file(file, "the file of a tokenizer", _HINT))
    except ValidationError as error:
        first = error.errors()[0]
        raise StateError(str(file), expected="the file of a tokenizer", hint=_HINT,
                         got=f"{'.'.join(map(str, first['loc']))}: {first['msg']}".lstrip(": ")) from None
    found: Tokenizer
    if told.kind == "bytes":
        found = ByteTokenizer(told.symbols, told.cleaning)
    elif told.kind == "characters":
        found = CharacterTokenizer(told.characters, told.symbols, told.cleaning)
    else:
        from aura.zones.language.tokenizers.sentence_pieces import PieceTokenizer

        model = path / "tokenizer.model"
        found = PieceTokenizer(read_file(model, "a model of SentencePiece"), told.symbols, told.cleaning,
                               where=str(model))
    if (found.fingerprint, found.size) != (told.fingerprint, told.size):
        raise StateError(str(path), expected=f"the tokenizer that was written, {told.fingerprint[:12]}",
                         got=f"another, {found.fingerprint[:12]}", hint="Write it anew, or take back what was changed.")
    return found

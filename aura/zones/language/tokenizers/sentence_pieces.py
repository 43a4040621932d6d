"""The tokenizer of pieces: a model of the library SentencePiece, trained on texts as they come."""

from __future__ import annotations

import hashlib
import io
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import sentencepiece
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from aura.core.errors import ParameterError, StateError
from aura.zones.language.tokenizers.cleaning import Cleaning
from aura.zones.language.tokenizers.tokenizer import REPLACEMENT, SYMBOLS, Ids, Tokenizer

__all__ = ["PieceOptions", "PieceTokenizer", "read_model", "trained"]

_SPACE = "\u2581"
"""What SentencePiece writes for a space; one in a text itself is read from its three bytes."""
_SAYS = re.compile(r"^.*\] ")
"""What stands before what the library says: file, line and the condition that failed."""
_BATCH = 1 << 16
"""Characters that are encoded in one call at most, so that a long text takes little memory (tuned here)."""


class PieceOptions(BaseModel):
    """How a model of pieces is trained."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: Annotated[int, Field(ge=2)] = Field(
        default=1000, description="Tokens in all: pieces, symbols, bytes and the unknown one.")
    model: Literal["unigram", "bpe"] = Field(
        default="unigram",
        description="Unigram language model (Kudo 2018, arXiv:1804.10959) or byte-pair encoding (Sennrich et al. 2016, "
                    "arXiv:1508.07909).")
    longest_sentence: Annotated[int, Field(ge=10)] = Field(
        default=4192, description="Bytes of a line that is learned from; a longer one is cut.")
    hard_limit: bool = Field(
        default=True,
        description="Refuse texts out of which so many pieces cannot be made; without it there are then fewer.")
    byte_fallback: bool = Field(
        default=True,
        description="Spell what no piece has by its bytes, so that every text comes back; without it such a character "
                    "is unknown.")
    coverage: Annotated[float, Field(gt=0.98, le=1.0)] = Field(
        default=1.0, description="The share of all characters of the texts that have a piece of their own.")
    sentences: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Learn from so many lines, drawn by chance; 0 takes all.")
    seed: Annotated[int, Field(ge=0)] = Field(default=0, description="What they are drawn by.")


class PieceTokenizer(Tokenizer):
    """Pieces of a SentencePiece model.

    Parameters
    ----------
    model : bytes
        The model file's content.
    symbols : sequence of str
        Those of its user-defined symbols that are put between texts; each must be a piece.
    cleaning : Cleaning
    where : str
        What errors call the model.

    Notes
    -----
    A text comes back where the model has byte fallback, the normalisation rule ``identity``, and neither adds nor
    removes spaces, as `trained` makes them; else it comes back as the model normalises it, and without what it does
    not know. `exact` says which.
    """

    kind = "sentencepiece"

    def __init__(self, model: bytes, symbols: Sequence[str] = SYMBOLS, cleaning: Cleaning | None = None, *,
                 where: str = "the model") -> None:
        super().__init__(symbols, cleaning or Cleaning())
        self.model = model
        try:
            if not model:
                raise RuntimeError("an empty file")
            self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        except Exception as error:  # a damaged file raises of several kinds
            raise StateError(where, expected="a model of SentencePiece", got=str(error).splitlines()[0][:200]) from None
        self.size = int(self._processor.vocab_size())
        self.unknown = int(self._processor.unk_id())
        self._names = [str(self._processor.id_to_piece(token)) for token in range(self.size)]
        numbers = {name: token for token, name in enumerate(self._names)}
        for name in symbols:
            if numbers.get(name, self.unknown) == self.unknown:
                raise StateError(where, expected=f"a model with the symbol {name!r}", got="one without it",
                                 hint="Name the symbols that it was trained with.")
        self.symbols = {name: numbers[name] for name in symbols}
        inner = "|".join(re.escape(name) for name in sorted(symbols, key=len, reverse=True))
        # A symbol that a text spells is cut behind its first character, so that no piece of it is the symbol.
        self._cuts = re.compile(f"({_SPACE}+)" + (f"|(?<=(?=(?:{inner})).)" if inner else ""), re.DOTALL)
        self._has_bytes = "<0x00>" in numbers
        self._spaces = np.array([numbers.get(f"<0x{byte:02X}>", self.unknown) for byte in _SPACE.encode()], np.int32)
        self._exact = self._has_bytes and all(self._decoded(self._encode(probe)) == probe for probe in _PROBES)

    @property
    def exact(self) -> bool:
        return self._exact

    def _encode(self, text: str) -> Ids:
        parts = []
        for batch in _batches(text):
            start = 0
            for cut in self._cuts.finditer(batch):
                parts.append(self._plain(batch[start:cut.start()]))
                if cut.group(1):
                    parts.append(np.tile(self._spaces, len(cut.group(1))))
                start = cut.end()
            parts.append(self._plain(batch[start:]))
        return np.concatenate(parts) if parts else np.empty(0, np.int32)

    def _plain(self, text: str) -> Ids:
        return np.array(self._processor.encode(text) if text else [], dtype=np.int32)

    def decode(self, tokens: Sequence[int] | NDArray[np.integer]) -> str:
        """Return the text of tokens."""
        return self._decoded(self.checked(tokens))

    def _decoded(self, tokens: Ids) -> str:
        text = str(self._processor.decode(tokens.tolist()))
        return text.replace(" \u2047 ", REPLACEMENT) if self.unknown in tokens else text

    def pieces(self) -> list[str]:
        """Return the pieces as SentencePiece writes them."""
        return list(self._names)

    def byte_lengths(self) -> NDArray[np.int32]:
        """Return the length of each piece in UTF-8, 1 for bytes and the unknown, 0 for symbols and control pieces."""
        found = np.zeros(self.size, np.int32)
        for token, name in enumerate(self._names):
            if token == self.unknown or self._processor.is_byte(token):
                found[token] = 1
            elif name not in self.symbols and not self._processor.is_control(token):
                found[token] = len(name.replace(_SPACE, " ").encode())
        return found

    def description(self) -> dict[str, Any]:
        """Return the digest of the model."""
        return {"model": hashlib.sha256(self.model).hexdigest()}


_PROBES = ("", " ", "  a  b ", "\t\r\n\n x\n", "\u00e9\ufb01\u2581\u3000\U0001f600", "e\u0301 \u00bd\x00", "<SEP>")
"""What a model that normalises anything does not give back."""


def _batches(text: str) -> Iterator[str]:
    """Yield a text in parts that begin with lines, or, where a line is longer than a part, anywhere."""
    start = 0
    while start < len(text):
        stop = start + _BATCH
        if stop < len(text):
            line = text.rfind("\n", start, stop)
            stop = line + 1 if line >= 0 else stop
        yield text[start:stop]
        start = stop


def trained(texts: Iterable[str], options: PieceOptions, symbols: Sequence[str] = SYMBOLS,
            cleaning: Cleaning | None = None) -> PieceTokenizer:
    """Return a tokenizer whose pieces are learned from texts, which are taken one by one and kept nowhere.

    The same texts and options give the same model, byte for byte.

    Raises
    ------
    ParameterError
        If there are no texts, or too few for so many pieces.
    """
    cleaning = cleaning or Cleaning()
    lines = _Lines(texts, cleaning, options.longest_sentence)
    out = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=_drawn(lines, options), model_writer=out, vocab_size=options.size,
            model_type=options.model, max_sentence_length=options.longest_sentence + 8,
            hard_vocab_limit=options.hard_limit, byte_fallback=options.byte_fallback,
            character_coverage=options.coverage, user_defined_symbols=list(symbols),
            normalization_rule_name="identity", add_dummy_prefix=False, remove_extra_whitespaces=False,
            allow_whitespace_only_pieces=True, unk_id=0, bos_id=-1, eos_id=-1, pad_id=-1, minloglevel=3,
            num_threads=1)  # with several threads sums, and so pieces, come out otherwise
    except (RuntimeError, ValueError) as error:
        if lines.raised is not None:
            raise lines.raised from None
        if not lines.count:
            raise ParameterError("texts", expected="texts to learn pieces from", got="none") from None
        said = " ".join(_SAYS.sub("", line) for line in str(error).splitlines() if line.strip()).strip()
        raise ParameterError("size", expected=f"a number of tokens for which these {lines.count} lines are enough",
                             got=str(options.size), hint=said[:300]) from None
    return PieceTokenizer(out.getvalue(), symbols, cleaning)


def _drawn(lines: Iterable[str], options: PieceOptions) -> Iterator[str]:
    """Return the lines to learn from: all of them, or some drawn by chance, each as likely as any other (reservoir)."""
    if not options.sentences:
        return iter(lines)
    draws, kept = random.Random(options.seed), []
    for count, line in enumerate(lines):
        if count < options.sentences:
            kept.append(line)
        elif (place := draws.randrange(count + 1)) < options.sentences:
            kept[place] = line
    return iter(kept)


class _Lines:
    """The lines of texts with their ends, cleaned, none longer in bytes than the longest sentence."""

    def __init__(self, texts: Iterable[str], cleaning: Cleaning, longest: int) -> None:
        self._texts, self._cleaning, self._longest = texts, cleaning, longest
        self.count = 0
        self.raised: Exception | None = None
        """What the texts themselves raised: the library would tell another error for it."""

    def __iter__(self) -> Iterator[str]:
        try:
            for text in self._texts:
                for line in self._cleaning.clean(text).replace(_SPACE, " ").splitlines(keepends=True):
                    for part in self._parts(line):
                        self.count += 1
                        yield part
        except Exception as error:
            self.raised = error
            raise

    def _parts(self, line: str) -> Iterator[str]:
        most = self._longest // 4  # a character has four bytes at most
        if len(line.encode()) <= self._longest:
            yield line
        else:
            yield from (line[at:at + most] for at in range(0, len(line), most))


def read_model(path: Path, data: bytes) -> PieceTokenizer:
    """Return the tokenizer of a model that others have trained, with those of `SYMBOLS` that it has."""
    plain = PieceTokenizer(data, (), where=str(path))
    known = set(plain.pieces())
    return PieceTokenizer(data, tuple(name for name in SYMBOLS if name in known), where=str(path))

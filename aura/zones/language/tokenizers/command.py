"""The command ``aura tokenizer``: makes a tokenizer of texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Optional

import typer

from aura.core.errors import ParameterError
from aura.core.params import validated
from aura.core.paths import shown_path
from aura.zones.language.reading.documents import DocumentOptions, documents
from aura.zones.language.tokenizers.cleaning import Cleaning
from aura.zones.language.tokenizers.files import save_tokenizer
from aura.zones.language.tokenizers.plain import ByteTokenizer, CharacterTokenizer, characters_of
from aura.zones.language.tokenizers.tokenizer import SYMBOLS, Tokenizer

__all__ = ["make_tokenizer"]


def make_tokenizer(
    texts: Annotated[list[str], typer.Argument(help="Files, folders or patterns of texts in UTF-8.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write to.")],
    kind: Annotated[str, typer.Option("--kind", help="'sentencepiece', 'characters' or 'bytes'.")] = "sentencepiece",
    size: Annotated[int, typer.Option("--size", help="Tokens in all: pieces, symbols, bytes, the unknown one.")] = 1000,
    model: Annotated[str, typer.Option("--model", help="'unigram' or 'bpe'.")] = "unigram",
    longest_sentence: Annotated[int, typer.Option(
        "--longest-sentence", help="Bytes of a line that is learned from; a longer one is cut.")] = 4192,
    hard_limit: Annotated[bool, typer.Option(
        "--hard-limit/--soft-limit", help="Refuse texts that give fewer pieces, or make fewer.")] = True,
    byte_fallback: Annotated[bool, typer.Option(
        "--byte-fallback/--no-byte-fallback", help="Spell by its bytes what no piece has.")] = True,
    clean_control: Annotated[bool, typer.Option(
        "--clean-control", help="Leave out control characters; ends of lines become line feeds.")] = False,
    clean_spaces: Annotated[bool, typer.Option(
        "--clean-spaces", help="One space for several, none at the end of a line.")] = False,
    ascii_only: Annotated[bool, typer.Option(
        "--ascii-only", help="Letters without accents; other characters are left out.")] = False,
    symbols: Annotated[str, typer.Option("--symbols", help="Symbols between texts, with commas.")] = ",".join(SYMBOLS),
    column: Annotated[Optional[list[str]], typer.Option(  # noqa: UP045
        "--column", help="Read this column, or key, of files .csv, .tsv and .jsonl; repeatable.")] = None,
    sentences: Annotated[int, typer.Option(
        "--sentences", help="Learn from so many lines, drawn by chance; 0 takes all.")] = 0,
    seed: Annotated[int, typer.Option("--seed", help="What they are drawn by.")] = 0,
) -> None:
    """Make a tokenizer of texts, which are read as they are needed, and print how many tokens it has."""
    cleaning = Cleaning(control=clean_control, spaces=clean_spaces, ascii_only=ascii_only)
    names = tuple(name.strip() for name in symbols.split(",") if name.strip())
    if kind == "sentencepiece":
        from aura.zones.language.tokenizers.sentence_pieces import PieceOptions, trained

        options = validated(PieceOptions, {
            "size": size, "model": model, "longest_sentence": longest_sentence, "hard_limit": hard_limit,
            "byte_fallback": byte_fallback, "sentences": sentences, "seed": seed}, "tokenizer")
        made: Tokenizer = trained(_read(texts, column), options, names, cleaning)
    elif kind == "characters":
        made = CharacterTokenizer(characters_of(map(cleaning.clean, _read(texts, column))), names, cleaning)
    elif kind == "bytes":
        made = ByteTokenizer(names, cleaning)
    else:
        raise ParameterError("--kind", expected="sentencepiece, characters or bytes", got=repr(kind))
    save_tokenizer(made, out)
    typer.echo(f"{shown_path(out)}: {made.kind}, {made.size} tokens, {made.fingerprint[:12]}")
    typer.echo("Every text comes back as it was cleaned." if made.exact else "What it does not know is lost.")


def _read(texts: list[str], columns: list[str] | None) -> Iterator[str]:
    """Yield the texts, of each column in turn."""
    read: list[str | None] = [*columns] if columns else [None]
    for column in read:
        for part in documents(DocumentOptions(path=tuple(texts), column=column), Path()):
            yield part.text

"""Tokenizers: bytes, characters and pieces of SentencePiece, from texts to numbers and back."""

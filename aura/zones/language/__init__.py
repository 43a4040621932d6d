"""Language: tokenizers, streams of tokens, and the zone that reads, learns and talks."""

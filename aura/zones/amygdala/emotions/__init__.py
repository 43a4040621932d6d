"""Emotions by name: what each means, what it starts from before data speak of it, and how they override it."""

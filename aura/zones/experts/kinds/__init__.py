"""Kinds of experts behind one protocol."""

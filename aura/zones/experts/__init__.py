"""The hippocampus: a growing mixture of experts that learns in one pass."""

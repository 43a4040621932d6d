"""The tasks of the amygdala: what is told of an item, and what is predicted of it."""

"""How the mixture grows and shrinks, and the log from which it can be rebuilt."""

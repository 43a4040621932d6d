"""``python -m aura``: the same as the command ``aura``."""

from aura.sim.cli import main

if __name__ == "__main__":
    main()

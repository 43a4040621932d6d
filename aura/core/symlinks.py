"""What lies in a folder leads nowhere else: so that nothing is read or written through a link that others made."""

from __future__ import annotations

import os
from pathlib import Path

from aura.core.errors import AuraError

__all__ = ["refuse_links"]


def refuse_links(folder: Path) -> None:
    """Refuse a folder in which anything, at any depth, is neither a file nor a folder; the folder itself may be a link.

    Raises
    ------
    AuraError
        For a symbolic link, which may lead anywhere, or a pipe or device, on which a program would wait.
    """
    waiting = [folder]
    while waiting:
        try:
            entries = list(os.scandir(waiting.pop()))
        except (FileNotFoundError, NotADirectoryError):
            continue  # whoever opens it says so
        for entry in entries:
            if entry.is_symlink():
                raise AuraError(entry.path, expected="a file or folder of its own",
                                got=f"a symbolic link to {os.readlink(entry.path)}",
                                hint="Replace it by what it leads to, if you trust that.")
            if entry.is_dir():
                waiting.append(Path(entry.path))
            elif not entry.is_file():
                raise AuraError(entry.path, expected="a file or folder", got="a pipe, socket or device",
                                hint="Remove it.")

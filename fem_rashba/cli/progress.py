"""Word of what is going on, on a terminal."""

from __future__ import annotations

import sys


class Stages:
    """Shows the name of the current stage in one line of standard error, if that is a terminal.

    Called with the name of each stage; as a context manager it removes the line at the end. Not `shown`: silent.
    """

    def __init__(self, shown: bool = True) -> None:
        self._shown = shown and sys.stderr.isatty()

    def __call__(self, name: str) -> None:
        """Show a stage in place of the one before."""
        self._write(f"{name} ...")

    def __enter__(self) -> Stages:
        return self

    def __exit__(self, *_: object) -> None:
        self._write("")

    def _write(self, text: str) -> None:
        if self._shown:
            # back to the start of the line, and clear it
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

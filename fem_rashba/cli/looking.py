"""Commands that look at a solution. Imports that take time happen where a command has come that far."""

from __future__ import annotations

import json
from argparse import Namespace


def current(arguments: Namespace) -> None:
    """Print the currents through a path as JSON."""
    from fem_rashba.results.files import load
    from fem_rashba.results.path import current_through, report

    print(json.dumps(report(arguments.path, current_through(load(arguments.out), arguments.path)), indent=1))

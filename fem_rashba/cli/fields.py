"""The command fields."""

from __future__ import annotations

import json
from argparse import Namespace


def fields(arguments: Namespace) -> None:
    """Print the effective fields of a sweep over directions as JSON."""
    from fem_rashba.studies import experiment
    from fem_rashba.studies.sweep import read

    print(json.dumps(experiment.report(read(arguments.sweep)), indent=1))

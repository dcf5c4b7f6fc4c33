"""The section [harmonic]: what a harmonic Hall measurement takes as given."""

from __future__ import annotations

from typing import Any

from fem_rashba.config.builders import in_section
from fem_rashba.config.schema import HARMONIC
from fem_rashba.studies.macrospin import Protocol
from fem_rashba.units import quantity


def protocol(table: dict[str, Any]) -> Protocol:
    """What [harmonic] says.

    Raises:
        ValueError: If its values do not go together.
    """
    with in_section("harmonic", HARMONIC):
        return Protocol(
            anomalous=quantity(table["anomalous_hall_resistance"], "ohm"),
            planar=quantity(table["planar_hall_resistance"], "ohm"),
            anisotropy_field=quantity(table["anisotropy_field"], "mT"),
            external_field=tuple(quantity(field, "mT") for field in table["external_field"]),
            current=quantity(table["current"], "A"),
            angles=table["angles"],
        )

"""Units that are read without pint are those of pint."""

from __future__ import annotations

import pytest

from fem_rashba.units import _USUAL, quantity


@pytest.mark.parametrize("unit", _USUAL)
def test_usual_units_are_those_of_pint(unit: str) -> None:
    """The short cut gives what pint gives, but for rounding."""
    import pint

    registry = pint.UnitRegistry()
    for word in _USUAL[unit]:
        assert quantity(f"0.3 {word}", unit) == pytest.approx(registry(f"0.3 {word}").to(unit).magnitude, rel=1e-14)


def test_usual_units_round_once() -> None:
    """Decimal prefixes add no rounding of their own."""
    assert [quantity(text, "nm") for text in ("0.3 um", "300 nm", "300nm")] == [300.0] * 3


@pytest.mark.parametrize("text", ["3 um nm", "3 deg", "3", "three nm", "1e400 furlongs^2"])
def test_other_words_are_left_to_pint(text: str) -> None:
    """What is no usual unit is refused as before."""
    with pytest.raises(ValueError, match="it must be a length, such as '50 nm'"):
        quantity(text, "nm")

"""The TOML file of the sweeps: a Hall cross of 200 nm, alpha = 0.05 eV nm, two contacts and two probes."""

from __future__ import annotations

CROSS = """
[film]
rashba_parameter = "0.05 eV nm"
exchange_time = "10 fs"
momentum_relaxation_time = "1 fs"
spin_flip_time = "1 ps"
fermi_wavevector = "4.3 1/nm"
[device]
shape = "hall_cross"
arm_width = "50 nm"
arm_length = "75 nm"
element_size = "{size}"
degree = {degree}
[magnetization]
{m}
[terminals.source]
voltage = "1 mV"
[terminals.drain]
voltage = "0 V"
"""
"""Still without `size`, `degree` and `m`, the keys of [magnetization]."""

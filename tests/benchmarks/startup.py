"""What a small run costs before and beside its solve: cold (nothing compiled yet) and warm, stage by stage.

    python tests/benchmarks/startup.py [--config wire.toml] [--repeats 3]

Every row is a process of its own. Cold: FFCx's cache is an empty folder; warm: the folder that the cold run has filled.
The default configuration is that of `fem-rashba new wire`. Minima of the repeats, in seconds: start of Python and
imports until the file is read; meshing; forms, their compilation included; assembly to solution; what is written.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GROUPS = {
    "reading": ("start",),
    "meshing": ("meshing",),
    "forms": ("compiling the forms",),
    "solving": ("assembling", "factorizing", "solving"),
    "writing": ("writing",),
}
ROWS = {
    "cold": [],
    "warm": [],
    "warm, no plots": ["output.plots=false"],
    "warm, no plots, no fields": ["output.plots=false", "output.fields=false"],
}
QUICK = {"--help": ["--help"], "new wire": ["new", "wire"], "check": ["check", "wire.toml"]}


def traced(words: list[str], started: float) -> None:
    """Runs a command and prints its stages and what was compiled, as JSON."""
    from fem_rashba.cli import main, progress

    stages: list[tuple[str, float]] = [("start", started)]
    progress.Stages.__call__ = lambda self, name: stages.append((name, time.time()))  # type: ignore[method-assign]
    with contextlib.redirect_stdout(io.StringIO()):
        if status := main(words):
            raise SystemExit(status)
    ends = [begin for _, begin in stages[1:]] + [time.time()]
    spent: dict[str, float] = {}
    for (name, begin), end in zip(stages, ends, strict=True):
        spent[name] = spent.get(name, 0.0) + end - begin
    print(json.dumps(spent))


def timed(words: list[str], cache: str, folder: str, trace: bool) -> dict[str, float]:
    """Seconds by stage, and of the whole process."""
    start = time.time()
    command = [sys.executable, __file__, "--trace", str(start)] if trace else [sys.executable, "-m", "fem_rashba"]
    environment = os.environ | {"XDG_CACHE_HOME": cache, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, *words], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    spent = json.loads(done.stdout.splitlines()[-1]) if trace else {}
    found = {group: sum(spent.get(name, 0.0) for name in names) for group, names in GROUPS.items()}
    return found | {"whole": time.time() - start}


def best(found: list[dict[str, float]]) -> dict[str, float]:
    """The fastest process."""
    return min(found, key=lambda row: row["whole"])


def kernels(cache: Path) -> int:
    """How many modules FFCx has compiled into a cache."""
    return len(list((cache / "fenics").glob("*.c")))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", help="default: that of `fem-rashba new wire`")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--trace", nargs=argparse.REMAINDER, help="a command, as JSON")
    given = parser.parse_args()
    if given.trace:
        traced(given.trace[1:], float(given.trace[0]))
        return
    with tempfile.TemporaryDirectory() as folder:
        new = subprocess.run(
            [sys.executable, "-m", "fem_rashba", "new", "wire"], capture_output=True, text=True, check=True
        )
        text = Path(given.config).read_text() if given.config else new.stdout
        (Path(folder) / "wire.toml").write_text(text)
        print(f"{'seconds':28} {''.join(f'{name:>9}' for name in (*GROUPS, 'whole'))}")
        for row, settings in ROWS.items():
            found = []
            for repeat in range(given.repeats):
                cache = Path(folder) / (f"cache{repeat}" if row == "cold" else "cache0")
                cache.mkdir(exist_ok=True)
                words = ["run", "wire.toml", "-o", "out", *(f"--set={setting}" for setting in settings)]
                found.append(timed(words, str(cache), folder, trace=True))
            print(f"{'run, ' + row:28} {''.join(f'{seconds:9.2f}' for seconds in best(found).values())}", flush=True)
        for row, words in QUICK.items():
            found = [timed(words, str(cache), folder, trace=False) for _ in range(given.repeats)]
            print(f"{row:28} {best(found)['whole']:54.2f}", flush=True)
        print(f"{kernels(Path(folder) / 'cache0')} modules were compiled by the cold run")


if __name__ == "__main__":
    main()

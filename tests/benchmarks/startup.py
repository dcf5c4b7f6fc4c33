"""What a small run costs before and beside its solve: cold (nothing compiled yet) and warm, stage by stage.

    python tests/benchmarks/startup.py [--config wire.toml] [--repeats 3] [--against FOLDER]

Every row is a process of its own. Cold: FFCx's cache is an empty folder; warm: the folder that the cold run has filled.
The default configuration is that of `fem-rashba new wire`. Minima of the repeats, in seconds: start of Python and
imports until the file is read; meshing; the solve, with forms that are compiled for it; summary and files, with the
forms for them; the whole process, by the clock and in processor time. With --against FOLDER another clone takes turns.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GROUPS = {
    "reading": ("start",),
    "meshing": ("meshing",),
    "solving": (),
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


def timed(words: list[str], cache: str, folder: str, clone: str, trace: bool) -> dict[str, float]:
    """Seconds by stage, and of the whole process."""
    start, used = time.time(), resource.getrusage(resource.RUSAGE_CHILDREN)
    before = used.ru_utime + used.ru_stime
    command = [sys.executable, __file__, "--trace", str(start)] if trace else [sys.executable, "-m", "fem_rashba"]
    environment = os.environ | {"XDG_CACHE_HOME": cache, "OMP_NUM_THREADS": "1", "PYTHONPATH": clone}
    done = subprocess.run([*command, *words], cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    spent = json.loads(done.stdout.splitlines()[-1]) if trace else {}
    found = {group: sum(spent.pop(name, 0.0) for name in names) for group, names in GROUPS.items()}
    found["solving"] = sum(spent.values())
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found | {"whole": time.time() - start, "cpu": used.ru_utime + used.ru_stime - before}


def best(found: list[dict[str, float]]) -> dict[str, float]:
    """The fastest process."""
    return min(found, key=lambda row: row["whole"])


def kernels(cache: Path) -> int:
    """How many modules FFCx has compiled into a cache."""
    return len(list((cache / "fenics").glob("*.c")))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", help="default: that of `fem-rashba new wire`; - for stdin")
    parser.add_argument("--against", metavar="FOLDER", help="another clone, side by side")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--rows", nargs="+", choices=(*ROWS, *QUICK), default=(*ROWS, *QUICK), help="some of them")
    parser.add_argument("--trace", nargs=argparse.REMAINDER, help="a command, as JSON")
    given = parser.parse_args()
    if given.trace:
        traced(given.trace[1:], float(given.trace[0]))
        return
    with tempfile.TemporaryDirectory() as folder:
        # an older clone does not know every key of a newer template
        environment = os.environ | {"PYTHONPATH": given.against or str(Path(__file__).parents[2])}
        command = [sys.executable, "-m", "fem_rashba", "new", "wire"]
        new = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
        text = new.stdout
        if given.config:
            text = sys.stdin.read() if given.config == "-" else Path(given.config).read_text()
        (Path(folder) / "wire.toml").write_text(text)
        clones = {"": str(Path(__file__).parents[2])} | ({"; other": given.against} if given.against else {})
        print(f"{'seconds':36} {''.join(f'{name:>9}' for name in (*GROUPS, 'whole', 'cpu'))}")
        for row in given.rows:
            found: dict[str, list[dict[str, float]]] = {clone: [] for clone in clones}
            for repeat in range(given.repeats):
                for clone, place in clones.items():
                    cache = Path(folder) / f"cache{repeat if row == 'cold' else 0}{len(clone)}"
                    cache.mkdir(exist_ok=True)
                    words = QUICK.get(row) or ["run", "wire.toml", "-o", "out", *(f"--set={s}" for s in ROWS[row])]
                    found[clone].append(timed(words, str(cache), folder, place, trace=row in ROWS))
            for clone in clones:
                values = list(best(found[clone]).values())
                shown = values if row in ROWS else values[-2:]
                name = f"run, {row}{clone}" if row in ROWS else f"{row}{clone}"
                print(f"{name:36} {''.join(f'{seconds:9.2f}' for seconds in shown):>54}", flush=True)
        for clone in clones:
            print(f"{kernels(Path(folder) / f'cache0{len(clone)}')} modules were compiled by a cold run{clone}")


if __name__ == "__main__":
    main()

"""python -m fem_rashba: the command line."""

from fem_rashba.cli import main

if __name__ == "__main__":
    raise SystemExit(main())

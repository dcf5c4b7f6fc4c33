# ./fenics makes the runtime with the first target and costs nothing afterwards. args go to pytest: make test args="-k torque".
args =

.PHONY: demo test test-all bench lint clean

demo:
	./fenics python demos/run.py

test:
	./fenics python -m pytest $(args)

# dolfinx 0.9 and 0.11. Debian sid moves: on some days its packages do not fit together, and then its half is skipped.
test-all:
	FENICS_SUITE=trixie ./fenics python -m pytest $(args)
	@if FENICS_SUITE=sid ./fenics setup; then \
	    FENICS_SUITE=sid ./fenics python -m pytest $(args); \
	else \
	    echo "test-all: dolfinx of Debian sid is SKIPPED, its packages cannot be installed at the moment"; \
	fi

# Tables of times, memory and iterations, side by side in one run; on an idle machine, some minutes.
bench:
	./fenics python tests/benchmarks/solve.py --sizes 1.0 0.5
	./fenics python tests/benchmarks/iterations.py --quick

lint:
	./fenics sh -c 'ruff check && ruff format --check && mypy'

# The runtime is not removed: every clone on the machine shares it (./fenics --help says where it is).
clean:
	rm -rf build dist .pytest_cache .ruff_cache .mypy_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

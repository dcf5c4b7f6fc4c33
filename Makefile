# ./fenics makes the runtime with the first target and costs nothing afterwards. args go to pytest: make test args="-k torque".
args =

.PHONY: demo test test-all bench bench-full lint clean

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

# Tables of times, memory and iterations, side by side in one run; on an idle machine, some minutes. bench-full: an hour.
# NGSolve and scikit-fem take part where FEM_RASHBA_PEERS names a Python that has them (docs/numerics.md).
bench:
	./fenics python tests/benchmarks/startup.py --repeats 2
	./fenics python tests/benchmarks/solve.py --sizes 1.0 0.5
	./fenics python tests/benchmarks/breakeven.py
	./fenics python tests/benchmarks/iterations.py --quick
	./fenics python tests/benchmarks/effectivity.py
	./fenics python tests/benchmarks/meshes.py --times --degrees 3 --accuracies 1e-3
	./fenics python tests/benchmarks/sweeps.py
	./fenics python tests/benchmarks/reduced.py --size "2 nm" --quiet --singles 6
	./fenics python tests/benchmarks/peers.py --repeats 3
	./fenics python tests/benchmarks/scaling.py --ranks 1 2 --strong 200000 --weak 100000 --graded

bench-full:
	./fenics python tests/benchmarks/startup.py --repeats 5
	./fenics python tests/benchmarks/solve.py --sizes 1.0 0.5 0.25 --repeats 5
	./fenics python tests/benchmarks/iterations.py
	./fenics python tests/benchmarks/meshes.py
	./fenics python tests/benchmarks/peers.py --repeats 5
	./fenics python tests/benchmarks/scaling.py --ranks 1 2 4 --strong 1200000 --weak 400000 --graded

lint:
	./fenics sh -c 'ruff check && ruff format --check && mypy'

# The runtime is not removed: every clone on the machine shares it (./fenics --help says where it is).
clean:
	rm -rf build dist .pytest_cache .ruff_cache .mypy_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

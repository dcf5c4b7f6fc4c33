"""`samples` and `references` are imported by name, from any folder of tests."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

# tests that start mpirun share their cores with others: Open MPI is to wait without spinning
os.environ.setdefault("OMPI_MCA_mpi_yield_when_idle", "1")

"""`samples` and `references` are imported by name, from any folder of tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

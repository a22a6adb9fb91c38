"""The headless engine: finds, measures and compares steering vectors. Knows nothing of screens."""

import os
from pathlib import Path

# Threads that spin while they wait take the cores from whoever else works; read by torch at import.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

ROOT = Path(__file__).resolve().parents[1]
"""The checkout: presets and shipped data lie below it."""

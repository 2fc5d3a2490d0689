#!/usr/bin/python3 -I
# managed by Pulumi; edit components/templates/restore/launcher.py
"""Starts the program of the folder `restoring` beside it."""

import runpy
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
runpy.run_module("restoring.main", run_name="__main__")

"""The agent: what runs on a managed host. Standard library only, Python 3.9 or newer; imports are relative."""

from __future__ import annotations

BUNDLE = ""
"""Path of the zip this package was imported from; set by whoever received it."""

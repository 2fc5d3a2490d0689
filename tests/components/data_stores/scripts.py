"""The programs that data stores put on their hosts, as modules and as commands."""

import importlib.util
from pathlib import Path
from types import ModuleType

TEMPLATES = Path(__file__).parents[3] / "components" / "templates"


def load(template: str) -> ModuleType:
    """A program as a module, for example `load("postgresql/patroni_order.py")`."""
    path = TEMPLATES / template
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

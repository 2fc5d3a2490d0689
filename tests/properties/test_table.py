"""The table of components is complete: whoever adds one and forgets a place is told which."""

import importlib
import pkgutil

import components
from components.component import Component
from components.deployment import COMPONENTS
from components.settings import DeploymentSettings
from tests.recording import ROOT


def every_component() -> set[type[Component]]:
    """All component classes of the tree."""
    for module in pkgutil.walk_packages(components.__path__, "components."):
        importlib.import_module(module.name)
    waiting, found = [Component], set()
    while waiting:
        for kind in waiting.pop().__subclasses__():
            if kind.__module__.startswith("components."):
                found.add(kind)
                waiting.append(kind)
    return found


def test_every_component_stands_in_the_list_of_the_deployment() -> None:
    assert {kind.__name__ for kind in every_component()} == {kind.__name__ for kind in COMPONENTS}


def test_every_component_has_settings_under_its_name() -> None:
    names = {component.name.replace("-", "_") for component in COMPONENTS}
    assert names <= set(DeploymentSettings.model_fields)


def test_names_are_used_once() -> None:
    assert len({component.name for component in COMPONENTS}) == len(COMPONENTS)


def test_every_component_has_tests_and_a_docstring() -> None:
    for component in COMPONENTS:
        module = component.__module__.removeprefix("components.").replace(".", "/")
        folder, _, name = module.rpartition("/")
        assert (ROOT / "tests" / "components" / folder / f"test_{name}.py").exists(), module
        assert component.__doc__, component.__name__

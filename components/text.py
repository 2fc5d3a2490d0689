"""Templates of the files that hosts get: strict, so that a misspelt name is an error and not an empty line."""

from pathlib import Path
from typing import Any

import jinja2

TEMPLATES = Path(__file__).parent / "templates"

_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(TEMPLATES),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701 - configuration files, not HTML
)


def render(template: str, **names: Any) -> str:
    """The text of `templates/<template>`, for example `render("haproxy/haproxy.cfg.j2", host=host)`."""
    return _environment.get_template(template).render(**names)

"""The base of every component's settings."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import pydantic

Size = Literal["small", "medium", "large"]


class Settings(pydantic.BaseModel):
    """Plain values, frozen, no unknown fields. `sizes` gives the fields whose default depends on the named size."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    sizes: ClassVar[Mapping[Size, Mapping[str, Any]]] = {}

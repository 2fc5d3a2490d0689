"""What a deployed stack says of itself: the outputs that the engine keeps, or else those of `scripts/apply`."""

import json
import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pydantic

from commands.apply.saved import saved_path
from commands.verify import VerifyError
from onprem.inventory import Login
from onprem.transport import ssh_options

ENGINE_SECONDS = 120
PATIENCE = ("-o", "BatchMode=yes", "-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=15")


class Part(pydantic.BaseModel):
    """Outputs may grow; what is not used here is not looked at."""

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore")


class Endpoints(Part):
    """Where clients connect: `ports` has `starttls`, `tls` and `web`."""

    domain: str
    addresses: tuple[str, ...] = pydantic.Field(min_length=1)
    ports: Mapping[str, int]


class HostLogin(Part):
    """A host, and how to log in there."""

    host: str
    address: str
    user: str = "root"
    port: int | None = None

    def as_root(self, words: Sequence[str], environment: Mapping[str, str] = os.environ) -> list[str]:
        """The command line that runs `words` there as root."""
        login = Login(self.address, user=self.user, port=self.port)
        asked = shlex.join(words if self.user == "root" else ["sudo", "-n", *words])
        return ["ssh", *PATIENCE, *ssh_options(login, environment), asked]


class Accounts(HostLogin):
    """The host on which accounts are made."""


class Outputs(Part):
    """What the program exports; `ca` is PEM."""

    endpoints: Endpoints
    ca: str
    accounts: Accounts
    operations: HostLogin | None = None
    """The host that keeps backups and tests restores, if there is one."""
    restored: Mapping[str, tuple[HostLogin, ...]] = {}
    """The hosts whose data a restore brings back, by their role: `database`, `im`."""


def load_outputs(
    stack: str, root: Path, saved: Path, engine: Sequence[str], environment: Mapping[str, str] = os.environ
) -> Outputs:
    """The outputs of `stack`, asked with the command `engine` if that is not empty; raises when nothing is deployed."""
    found = (engine and _from_engine(stack, root, engine, environment)) or _from_apply(stack, saved)
    if not found:
        raise VerifyError(f"{stack}: nothing is deployed; run scripts/quickstart {stack}, or pulumi up --stack {stack}")
    try:
        return Outputs.model_validate(found)
    except pydantic.ValidationError as error:
        missing = ", ".join(".".join(str(part) for part in each["loc"]) for each in error.errors())
        raise VerifyError(f"{stack}: its outputs do not fit ({missing}); deploy it again with this version") from None


def _from_engine(stack: str, root: Path, engine: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
    command = [*engine, "stack", "output", "--json", "--non-interactive", "--stack", stack]
    try:
        done = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, timeout=ENGINE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise VerifyError(f"{stack}: pulumi does not tell the stack's outputs within {ENGINE_SECONDS} s") from None
    outputs: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
    return outputs


def _from_apply(stack: str, saved: Path) -> dict[str, Any]:
    path = saved_path(saved, stack)
    outputs: dict[str, Any] = json.loads(path.read_text())["outputs"] if path.exists() else {}
    return outputs

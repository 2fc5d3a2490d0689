"""What pyinfra is given to run: the operations that lie beside it, for the host at hand."""

import io
import json
from pathlib import Path

from pyinfra import host
from pyinfra.operations import apt, files, server, systemd

MODULES = {"apt": apt, "files": files, "server": server, "systemd": systemd}

done = {}
for entry in json.loads(Path("operations.json").read_text())[host.name]:
    module, _, function = entry["name"].partition(".")
    arguments = dict(entry["arguments"])
    if function == "put":
        arguments["src"] = io.StringIO(arguments["src"])
    if entry["only_if"]:
        arguments["_if"] = done[entry["only_if"]].did_change
    result = getattr(MODULES[module], function)(name=None, **arguments)
    if function == "put":
        done[arguments["dest"]] = result

"""A bucket that keeps the state, opened from this machine: the hosts that could open it may be lost."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from commands.state import StateError
from commands.state.copies import answer
from components.operations.backups import BUCKET_KEY, PASSWORD, derived, in_bucket, restic_purpose


@dataclass(frozen=True)
class Bucket:
    """`values` are those of the stack file; `saver` names the host whose copies are meant."""

    values: Mapping[str, str]
    saver: str
    name: str = "bucket"

    def restic(self, *words: str) -> str:
        """Runs here, and needs the two secrets."""
        url = in_bucket(settings(self.values)["bucket_url"], self.saver)
        command = ["restic", "--repo", url, "--no-lock", "--no-cache", *words]
        try:
            done = subprocess.run(command, env=self._environment(), capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise StateError(f"{self.name}: restic is not on PATH; install it, it opens the bucket") from None
        return answer(self.name, done)

    def _environment(self) -> Mapping[str, str]:
        """Without what this machine uses for other stores, as for that of Pulumi's state."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RESTIC_"))},
            "AWS_ACCESS_KEY_ID": settings(self.values)["bucket_access_key"],
            "AWS_SECRET_ACCESS_KEY": self._secret(BUCKET_KEY),
            "RESTIC_PASSWORD": derived(self._secret(PASSWORD), restic_purpose(self.saver)),
        }

    def _secret(self, name: str) -> str:
        if not (secret := self.values.get(f"im:{name}")):
            raise StateError(f"{self.name}: cannot be opened, because im:{name} is not in the stack file")
        return secret


def settings(values: Mapping[str, str]) -> Mapping[str, str]:
    """`im:backups`."""
    return dict(json.loads(values.get("im:backups", "{}")))

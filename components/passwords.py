"""Every password of a deployment: the one the stack file brings under `im:<name>`, else a generated one."""

import pulumi
import pulumi_random

LENGTH = 32


class Passwords(pulumi.ComponentResource):
    """Hands out passwords of letters and digits, so that no file format or URL needs to quote them."""

    def __init__(self) -> None:
        super().__init__("im:passwords:Passwords", "passwords")
        self._made: dict[str, pulumi.Output[str]] = {}

    def password(self, name: str) -> pulumi.Output[str]:
        """The secret called `name`, for example `postgresql_replicator_password`."""
        if name not in self._made:
            self._made[name] = pulumi.Config("im").get_secret(name) or self._generate(name)
        return self._made[name]

    def _generate(self, name: str) -> pulumi.Output[str]:
        options = pulumi.ResourceOptions(parent=self)
        return pulumi_random.RandomPassword(name, length=LENGTH, special=False, opts=options).result

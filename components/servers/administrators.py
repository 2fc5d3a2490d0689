"""Administrators: their accounts, their keys, and sudo without a password. Nobody else gets a login."""

import base64
import binascii
import re
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from pydantic import AfterValidator, Field, IPvAnyNetwork

from components.component import Component
from components.model import Settings
from components.plan import EVERY_ROLE, HostPlan
from components.resources import Directory, File, Health, ServiceState, User
from components.text import render

KEYS = "/etc/ssh/authorized_keys.d"
SHELL = "/bin/bash"
SUDOERS = "/etc/sudoers.d/im-administrators"
KEY_TYPES = re.compile(r"(sk-)?ssh-ed25519(@openssh\.com)?|(sk-)?ecdsa-sha2-nistp\d+(@openssh\.com)?|ssh-rsa")
EXAMPLE = "write it as in ssh-ed25519 AAAA… name"


def a_public_key(text: str) -> str:
    """One line of an authorized_keys file, without options."""
    if "PRIVATE KEY" in text:
        raise ValueError(f"a private key stands here; remove it, make a new one, and {EXAMPLE}")
    kind, _, rest = text.partition(" ")
    if "\n" in text or not KEY_TYPES.fullmatch(kind) or not is_base64(rest.partition(" ")[0]):
        raise ValueError(f"no public ssh key of a type that sshd accepts here; {EXAMPLE}")
    if kind == "ssh-rsa" and rsa_bits(text) < 3072:
        raise ValueError("an RSA key below 3072 bits; make one with ssh-keygen -t ed25519")
    return text


def is_base64(text: str) -> bool:
    """Whether a key's blob decodes."""
    try:
        return len(base64.b64decode(text, validate=True)) >= 32
    except binascii.Error:
        return False


def rsa_bits(text: str) -> int:
    """The size of an RSA key, 0 when it is none."""
    try:
        key = load_ssh_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        return 0
    return key.key_size if isinstance(key, RSAPublicKey) else 0


def an_account(text: str) -> str:
    """A name that useradd takes."""
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,30}", text) or text == "root":
        raise ValueError(f"{text} is no name for an account; use lower-case letters, digits, hyphen and underscore")
    return text


class Administrator(Settings):
    """One person."""

    keys: tuple[Annotated[str, AfterValidator(a_public_key)], ...] = Field(
        min_length=1, description="public ssh keys, one line each"
    )


class AdministratorsSettings(Settings):
    """Who may log in, and from where."""

    networks: tuple[IPvAnyNetwork, ...] = Field(
        min_length=1, description="the only networks that ssh is open to; whoever runs pulumi works from one of them"
    )
    users: dict[Annotated[str, AfterValidator(an_account)], Administrator] = Field(
        default_factory=dict, description="accounts with sudo, by name; the login of onprem:hosts is not one of them"
    )

    def texts(self, version: int) -> list[str]:
        """The networks of one IP version."""
        kind = IPv4Network if version == 4 else IPv6Network
        return [str(network) for network in self.networks if isinstance(network, kind)]


class Administrators(Component):
    """Keys lie in a folder of root's, so that nobody can add one to an account they took over."""

    name = "administrators"
    roles = EVERY_ROLE

    def service(self, host: HostPlan) -> ServiceState:
        people = dict(sorted(self.plan.settings.administrators.users.items()))
        homes = {f"/home/{name}": Directory(mode="0750", owner=name, group=name) for name in people}
        keys = {f"{KEYS}/{name}": File(content="\n".join([*person.keys, ""])) for name, person in people.items()}
        sudoers = File(content=render("administrators/sudoers.j2", names=list(people)), mode="0440")
        return ServiceState(
            packages={"sudo": ""},
            users={name: User(system=False, home=f"/home/{name}", shell=SHELL) for name in people},
            directories={KEYS: Directory(), **homes},
            files={SUDOERS: sudoers, **keys},
            validate={SUDOERS: "visudo -c -q -f {staged}"},
            healthy=Health(command=" && ".join(["visudo -c -q", *(f"id {name} >/dev/null" for name in people)])),
        )

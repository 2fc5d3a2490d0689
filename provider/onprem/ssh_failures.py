"""What ssh, sudo and the host's shell say when a host cannot be used, as one sentence that says what to do."""

import re

from onprem.inventory import Login

OFFERED = re.compile(r"Server host key: (\S+) (SHA256:\S+)")
CHANGED = re.compile(r"fingerprint for the (\S+) key sent by the remote host is\s+(SHA256:[\w+/=]+)")


def is_unknown_key(said: str) -> bool:
    """Whether ssh refused a host that known_hosts does not have."""
    return "host key is known for" in said


def explain(host: str, login: Login, said: str, ssh: str) -> str:
    """The sentence for what was `said` on standard error; `ssh` is the command an operator can try by hand."""
    if found := CHANGED.search(said):
        return (
            f"{host}: its host key has changed: it now offers {found[1]} {found[2]}; find out why before anything"
            f" else, and only then run: {_forget(said, login)} && {_ask(ssh)}"
        )
    if is_unknown_key(said):
        found = OFFERED.search(said)
        offered = f" it offers {found[1]} {found[2]};" if found else ""
        return (
            f"{host}: its host key is not known;{offered} compare it with the host's own, then accept it: {_ask(ssh)}"
        )
    for pattern, sentence in SENTENCES:
        if found := re.search(pattern, said):
            return f"{host}: " + sentence.format(found[0], user=login.user, address=login.address, ssh=ssh)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = f"ssh said: {lines[-1]}" if lines else "nothing was said for a minute"
    return f"{host}: no agent could be started at {login.address}; {last}; try by hand: {ssh} python3 --version"


def _forget(said: str, login: Login) -> str:
    """The command that ssh itself advises: it knows which file holds the old key."""
    found = re.search(r"remove with:\s+(ssh-keygen [^\r\n]+)", said)
    return found[1] if found else f"ssh-keygen -R {login.address}"


def _ask(ssh: str) -> str:
    """The command that shows the key and asks, whatever the configuration says."""
    return f"{ssh.replace('ssh ', 'ssh -o StrictHostKeyChecking=ask ', 1)} true"


SENTENCES = (
    (
        r"Permission denied \([^)]*\)|Too many authentication failures",
        "login as {user} at {address} was refused: {0}; offer a key that the host accepts (ssh-add, or IdentityFile in"
        " the ssh configuration) and try: {ssh} true",
    ),
    (
        r"sudo: .*(password is required|no tty present|must have a tty).*",
        "{user} may not become root without a password ({0}); let sudo run python3 with NOPASSWD, or set user: root",
    ),
    (
        r"onprem-reader: (command )?not found|onprem-reader: No such file",
        "{user} is a login like others and not that of a reader; install the reader there, or correct ONPREM_READER",
    ),
    (
        r"(?<=onprem-reader: )all \d+ places are taken",
        "its reader cannot be used now: {0}; try again once other looks have ended",
    ),
    (r"sudo: (command )?not found|sudo: No such file", "sudo is not installed; install it, or set user: root"),
    (r"[^\n]*is not (in the sudoers file|allowed to)[^\n]*", "{user} may not use sudo; add it to the sudoers"),
    (
        r"python3: (command )?not found|python3: No such file",
        "Python 3 is not installed; run: {ssh} apt-get install -y python3",
    ),
    (r"python3 is [0-9.]+, needed is [^\n]*", "{0}; use a newer release of the operating system"),
    (
        r"Could not resolve hostname [^\n]*",
        "its address {address} cannot be resolved; correct onprem:hosts or the name service",
    ),
    (
        r"(Connection|Operation) timed out|No route to host|Network is unreachable|Connection refused",
        "cannot be reached at {address} ({0}); check that it runs, its address, and the firewalls on the way; if it is"
        " away for long, name it in ONPREM_OFFLINE to preview the others",
    ),
    (
        r"Connection (closed|reset) by [^\n]*|kex_exchange_identification[^\n]*",
        "sshd at {address} ended the connection ({0}); look at its log: MaxStartups, AllowUsers, a full disk",
    ),
    (r"Bad owner or permissions on [^\n]*|Can't open user config file[^\n]*", "ssh cannot use its configuration: {0}"),
)

"""What an installer would have left on a bare host, written over the base before its first boot."""

from pathlib import Path

from commands.lab.apt import Sources
from commands.lab.inventory import LabHost
from commands.lab.mirror import host_urls
from commands.lab.processes import run


def install(folder: Path, host: LabHost, base: Path, public_key: str, sources: Sources) -> None:
    """Makes the folders of the host's overlay and fills them."""
    upper = folder / "upper"
    for name in ("upper/etc/ssh", "work", "root"):
        (folder / name).mkdir(parents=True)
    for path, text in seed(host, public_key, sources).items():
        _write(upper / path, text)
    (upper / "root").chmod(0o700)
    run(["ssh-keygen", "-q", "-A", "-f", upper], doing=f"{host.name}: ssh-keygen")
    if host.user != "root":
        _add_user(base, folder, host.user, public_key)


def seed(host: LabHost, public_key: str, sources: Sources) -> dict[str, str]:
    """Its name, its address, its package sources, the first login."""
    urls = host_urls(sources, host.gateways[0])
    return {
        "etc/hostname": f"{host.name}\n",
        "etc/systemd/network/10-host0.network": network_file(host),
        "etc/apt/sources.list": "".join(f"{line}\n" for line in sources.lines(urls)),
        "root/.ssh/authorized_keys": f"{public_key}\n",
    }


def network_file(host: LabHost) -> str:
    gateways = "".join(f"Gateway={gateway}\n" for gateway in host.gateways)
    addresses = "".join(f"\n[Address]\nAddress={address}\n" for address in host.interfaces)
    return f"""\
[Match]
Name=host0

[Network]
{gateways}IPv6AcceptRA=no
IPv6DuplicateAddressDetection=0
{addresses}"""


def _write(path: Path, text: str) -> None:
    """0644 below folders of 0755, whatever the umask: they shadow the base's own."""
    missing = [folder for folder in path.parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir()
        folder.chmod(0o700 if folder.name == ".ssh" else 0o755)
    path.write_text(text)
    path.chmod(0o644)


ADD_USER = """\
set -eu
mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" lab "$2/root"
chroot "$2/root" useradd --create-home --shell /bin/bash "$3"
install -d -m 0700 "$2/root/home/$3/.ssh"
printf '%s\\n' "$4" >"$2/root/home/$3/.ssh/authorized_keys"
printf '%s ALL=(ALL:ALL) NOPASSWD: ALL\\n' "$3" >"$2/root/etc/sudoers.d/lab-$3"
chmod 0440 "$2/root/etc/sudoers.d/lab-$3"
chroot "$2/root" chown -R "$3:" "/home/$3/.ssh"
"""


def _add_user(base: Path, folder: Path, user: str, public_key: str) -> None:
    """A login that is not root, with sudo; in a mount namespace of its own, so the mount ends with the command."""
    script = ["unshare", "--mount", "--propagation=private", "sh", "-c", ADD_USER, "sh"]
    run([*script, str(base), str(folder), user, public_key], doing=f"{folder.stem}: adding the user {user}")

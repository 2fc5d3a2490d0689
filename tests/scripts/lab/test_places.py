"""Names in the kernel: short enough, and one lab's own."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from commands.lab.places import Places, Shared

NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,61}", fullmatch=True)
INTERFACE_NAME_LENGTH = 15  # IFNAMSIZ less its end (netdevice(7))


@given(NAMES, NAMES)
def test_a_bridge_port_has_a_name_the_kernel_takes(stack: str, host: str) -> None:
    assert len(Places(stack).bridge_port(host)) <= INTERFACE_NAME_LENGTH


def test_stacks_and_checkouts_do_not_collide() -> None:
    labs = [Places(stack, Path(root)) for stack in ("dev", "test") for root in ("/one", "/two")]
    assert len({lab.namespace for lab in labs}) == 4
    assert len({lab.machine("db1") for lab in labs}) == 4


def test_a_checkout_is_in_use_while_a_lab_has_its_passphrase(tmp_path: Path) -> None:
    shared = Shared(tmp_path)
    shared.lock("base").parent.mkdir(parents=True)
    assert not shared.in_use
    folder = Places("dev", tmp_path).folder
    folder.mkdir()
    (folder / "passphrase").touch()
    assert shared.in_use

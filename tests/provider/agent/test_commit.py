"""What a manifest keeps for Delete."""

from pathlib import Path

from onprem.agent.before import Before, DirectoryBefore
from onprem.agent.commit import shared_folders
from onprem.agent.manifest import Manifest
from onprem.agent.store import Store, make_private, write_private

MADE, FOUND = DirectoryBefore(existed=False), DirectoryBefore(existed=True)


def remember(store: Store, service: str, **directories: DirectoryBefore) -> None:
    make_private(store.service(service))
    before = Before(directories={f"/srv/{name}": record for name, record in directories.items()})
    write_private(store.manifest(service), Manifest({}, before).encode())


def test_a_folder_that_another_service_made_is_removed_with_the_last_of_them(tmp_path: Path) -> None:
    store = Store(tmp_path)
    remember(store, "web", shared=MADE, own=MADE, found=FOUND)

    assert shared_folders(store, "db", ["/srv/shared/db", "/srv/found/db"]) == {"/srv/shared": MADE}
    assert shared_folders(store, "web", ["/srv/shared/web"]) == {}

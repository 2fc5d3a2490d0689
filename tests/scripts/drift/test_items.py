"""What differs of one service, as items."""

from typing import Any

from commands.drift.findings import Item
from commands.drift.items import items, manifest_items

DECLARED: dict[str, Any] = {
    "host": "web1",
    "service": "nginx",
    "packages": {"nginx": "1.2"},
    "users": {"web": {"groups": ["adm"]}},
    "directories": {"/srv": {"mode": "0755"}},
    "files": {"/etc/x": {"content": "a\nb\n", "mode": "0644"}},
    "units": {"nginx.service": {"running": True, "enabled": True}},
    "steps": {"made": {"read": "r", "want": "yes", "act": "a"}},
    "secrets": {"pw": "hush"},
}
HEADER = ("--- declared", "+++ found")


def live(**changed: Any) -> dict[str, Any]:
    return {**DECLARED, **changed}


def test_nothing_differs_when_all_is_as_declared() -> None:
    assert list(items(DECLARED, DECLARED)) == []
    assert list(manifest_items(DECLARED, {**DECLARED, "secrets": {"pw": ""}})) == []


def test_each_kind_is_said_in_its_words() -> None:
    found = live(
        packages={"nginx": "1.3"},
        users={"web": {"groups": []}},
        directories={},
        files={"/etc/x": {"content": "a\nc", "mode": "0600"}},
        units={"nginx.service": {"running": False, "enabled": True}},
        steps={"made": {"read": "r", "want": "no", "act": "a"}},
        unfinished="a change was cut off: files",
    )

    assert list(items(DECLARED, found)) == [
        Item("package", "nginx", "1.2 declared, 1.3 found"),
        Item("user", "web", "groups: adm declared, none found"),
        Item("directory", "/srv", "is not there"),
        Item(
            "file",
            "/etc/x",
            "mode: 0644 declared, 0600 found",
            (*HEADER, "@@ -1,2 +1,2 @@", " a", "-b", "+c (no end of line)"),
        ),
        Item("unit", "nginx.service", "running: yes declared, no found"),
        Item("step", "made", "", (*HEADER, "@@ -1 +1 @@", "-yes", "+no")),
        Item("unfinished change", "", "a change was cut off: files"),
    ]


def test_a_package_that_went_is_not_installed() -> None:
    assert list(items(DECLARED, live(packages={}))) == [Item("package", "nginx", "not installed")]


def test_a_manifest_that_differs_is_one_item_with_its_paths() -> None:
    files = {"/etc/x": {"content": "a\nz\n", "mode": "0644"}, "/etc/y": {"content": ""}}
    (item,) = manifest_items(DECLARED, {**DECLARED, "files": files, "secrets": {"pw": "", "new": ""}})

    assert (item.kind, item.what) == (
        "manifest",
        "what the host was last told differs from the state; any change of the service tells it anew",
    )
    assert item.lines[:5] == (*HEADER, '@@ files["/etc/x"].content @@', " a", "-b")
    assert item.lines[-2:] == ("@@ secrets.new @@", "+(secret)")
    assert '@@ files["/etc/y"].mode @@' in item.lines


def test_a_manifest_of_an_older_provider_may_leave_out_defaults() -> None:
    older = {name: value for name, value in DECLARED.items() if name not in ("host", "service", "files")}
    older["files"] = {"/etc/x": {"content": "a\nb\n"}}

    assert list(manifest_items(DECLARED, older)) == []


def test_without_a_manifest_there_is_nothing_to_compare() -> None:
    assert list(manifest_items(DECLARED, None)) == []

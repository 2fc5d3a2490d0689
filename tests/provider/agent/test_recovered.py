"""Secrets are found again where they were written, and only they."""

from pathlib import Path
from typing import Any

import pytest

from onprem.agent import recovered
from onprem.agent.declaration import parse
from onprem.agent.manifest import Manifest, secret_digest, without_secrets
from onprem.agent.store import Store, make_private, write_private

KEY = "-----BEGIN PRIVATE KEY-----\nAAAA\nBBBB\n-----END PRIVATE KEY-----\n"
OTHER_KEY = KEY.replace("AAAA", "DDDD")
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nCCCC\n-----END CERTIFICATE-----\n"


def find(folder: Path, template: str, live: str, secrets: dict[str, str], **more: Any) -> recovered.Recovered:
    """What is recovered of `secrets` from one file."""
    path = folder.resolve() / "file"
    path.write_text(live)
    raw = {"files": {str(path): {"content": template}}, "values": more, "secrets": dict.fromkeys(secrets, "")}
    digests = {name: secret_digest("web", name, value) for name, value in secrets.items()}
    return recovered.of_service(parse("web", raw), digests)


@pytest.mark.parametrize(
    ("template", "live", "secrets"),
    [
        ("a\npw=${secret:pw}\nb\n", "a\npw=s3cret.word\nother\n", {"pw": "s3cret.word"}),
        ("u=${secret:u}:${secret:p}@h\n", "x\nu=one:two~2@h\n", {"u": "one", "p": "two~2"}),
        ("${secret:key}", KEY, {"key": KEY}),
        ("${secret:key}\n", KEY + "\n", {"key": KEY}),
        ("${secret:key}\n", KEY, {"key": KEY.rstrip("\n")}),
        ("${value:cert}${secret:key}", CERTIFICATE + KEY, {"key": KEY}),
        ("${value:cert}\n${secret:key}\n", f"{CERTIFICATE}\n{KEY}\n", {"key": KEY}),
        ("${secret:key}${value:cert}\n", f"{KEY}{CERTIFICATE}\n", {"key": KEY}),
        ("${secret:key}\n${value:cert}\n", f"{KEY}\n{CERTIFICATE}\n", {"key": KEY}),
        ("${secret:a}\n${secret:b}\n", f"{KEY}\n{OTHER_KEY}\n", {"a": KEY, "b": OTHER_KEY}),
        ("${secret:key}", KEY + KEY, {"key": KEY + KEY}),
        ("(pw) = '${secret:pw}'. # $\n", "(pw) = 's3cret'. # $\n", {"pw": "s3cret"}),
    ],
)
def test_a_secret_is_known_again(tmp_path: Path, template: str, live: str, secrets: dict[str, str]) -> None:
    found = find(tmp_path, template, live, secrets, cert=CERTIFICATE)

    assert found == recovered.Recovered(secrets)


def test_another_text_in_its_place_is_not_known_and_hidden_all_the_same(tmp_path: Path) -> None:
    found = find(tmp_path, "pw=${secret:pw}\n", "pw=changed-by-hand\n", {"pw": "s3cret-word"})

    assert found == recovered.Recovered({}, frozenset({"changed-by-hand"}))


def test_links_and_what_is_not_there_have_none(tmp_path: Path) -> None:
    folder = tmp_path.resolve()
    (folder / "target").write_text("pw=s3cret\n")
    (folder / "link").symlink_to("target")
    raw = {"files": {str(folder / name): {"content": "pw=${secret:pw}\n"} for name in ("link", "absent")}}

    found = recovered.of_service(parse("web", raw), {"pw": secret_digest("web", "pw", "s3cret")})

    assert found == recovered.Recovered()


def test_a_file_that_was_blown_up_is_not_searched(tmp_path: Path) -> None:
    found = find(tmp_path, "pw=${secret:pw}\n", "pw=s3cret\n" * 10_000, {"pw": "s3cret"})

    assert found == recovered.Recovered()


def test_those_of_every_service_of_a_host_are_found(tmp_path: Path) -> None:
    store = Store(tmp_path.resolve() / "state")
    for service, secret in (("web", "one-secret"), ("db", "two-secret")):
        path = tmp_path.resolve() / service
        path.write_text(f"pw={secret}\n")
        raw = {"files": {str(path): {"content": "pw=${secret:pw}\n"}}, "secrets": {"pw": secret}}
        kept = Manifest(without_secrets(raw), secret_digests={"pw": secret_digest(service, "pw", secret)})
        make_private(store.service(service))
        write_private(store.manifest(service), kept.encode())
    make_private(store.service("broken"))
    write_private(store.manifest("broken"), b"{}")

    found = recovered.of_host(store)

    assert sorted(found.known.values()) == ["one-secret", "two-secret"]

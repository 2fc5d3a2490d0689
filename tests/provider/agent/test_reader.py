"""The reader answers from manifests only, whatever it is sent."""

import json
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from onprem.agent import distribution, facts, reader
from onprem.agent.manifest import Manifest, secret_digest, without_secrets
from onprem.agent.reader import Reader
from onprem.agent.store import Store, make_private, write_private

SECRET, KEY_LINE = "canary-s3cret-word", "MHcCAQEEIcanary"
KEY = f"-----BEGIN EC PRIVATE KEY-----\n{KEY_LINE}\n-----END EC PRIVATE KEY-----\n"
NOT_LISTED = "web: the reader serves only what the manifests on its host list, and none has this service"


@pytest.fixture(autouse=True)
def supported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distribution, "refuse_unsupported", lambda: None)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A host with one service: a file with a secret, one without, and a step."""
    folder = tmp_path.resolve()
    store = Store(folder / "state")
    (folder / "secret").write_text(f"user=im\npw={SECRET}\n")
    (folder / "plain").write_text("a\n")
    declared = {
        "files": {
            str(folder / "secret"): {"content": "user=im\npw=${secret:pw}\n"},
            str(folder / "plain"): {"content": "a\n"},
        },
        "secrets": {"pw": SECRET},
        "steps": {"state": {"read": f"cat {folder}/state.txt", "want": "yes", "act": "true"}},
    }
    (folder / "state.txt").write_text("yes\n")
    remember(store, "web", declared, {"pw": secret_digest("web", "pw", SECRET)})
    return store


def remember(store: Store, service: str, declared: dict[str, Any], digests: dict[str, str]) -> None:
    make_private(store.service(service))
    kept = Manifest(without_secrets(declared), secret_digests=digests)
    write_private(store.manifest(service), kept.encode())


def frame(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


def say(store: Store, sent: bytes, count: int = 1) -> list[dict[str, Any]]:
    """The first `count` answers to the bytes `sent`; only then the input ends."""
    ours, theirs = socket.socketpair()
    with theirs, ours, ours.makefile("rb") as answers:
        serving = threading.Thread(target=Reader(theirs.makefile("rb"), theirs.makefile("wb"), store).serve)
        serving.start()
        ours.sendall(sent)
        found = [json.loads(answers.read(int.from_bytes(answers.read(4), "big"))) for _ in range(count)]
        ours.shutdown(socket.SHUT_WR)
        serving.join()
    return found


def ask(store: Store, op: Any, **request: Any) -> dict[str, Any]:
    """Result, or error message."""
    (answer,) = say(store, frame(json.dumps({"id": 1, "op": op, **request}).encode()))
    return dict(answer.get("result") or answer["error"])


def file_of(answer: dict[str, Any], name: str) -> str:
    (found,) = [file["content"] for path, file in answer["live"]["files"].items() if path.endswith(f"/{name}")]
    return str(found)


def test_a_host_as_declared_reads_as_its_manifest(store: Store) -> None:
    answer = ask(store, "read", service="web")

    assert answer["live"]["files"] == answer["declared"]["files"]
    assert answer["live"]["steps"]["state"]["want"] == "yes"
    assert answer["declared"]["secrets"] == {"pw": ""}
    assert SECRET not in str(answer)


def test_a_changed_secret_is_seen_and_neither_is_shown(store: Store, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("user=im\npw=changed-by-hand\n")
    (tmp_path / "plain").write_text(f"a\nchanged-by-hand {SECRET}\n")

    answer = ask(store, "read", service="web")

    assert file_of(answer, "secret") == "user=im\n(hidden: this file holds secrets)\n"
    assert file_of(answer, "plain") == f"a\n(secret) {SECRET}\n"  # no longer anywhere that tells it is a secret
    assert "changed-by-hand" not in str(answer)


def test_a_secret_of_any_service_is_hidden_wherever_it_stands(store: Store, tmp_path: Path) -> None:
    path = tmp_path.resolve() / "other"
    path.write_text("b\n")
    remember(store, "other", {"files": {str(path): {"content": "b\n"}}}, {})
    path.write_text(f"b\n{SECRET}\n{KEY}")
    (tmp_path / "state.txt").write_text(f"no, {SECRET}\n{KEY}")

    answers = [ask(store, op, service=service) for op in ("read", "look") for service in ("web", "other")]

    assert file_of(answers[1], "other") == "b\n(secret)\n(private key)\n"
    assert answers[0]["live"]["steps"]["state"]["want"] == "no, (secret)\n(private key)"
    assert not any(text in str(answers) for text in (SECRET, KEY_LINE))


def test_how_a_step_fails_is_said_without_secrets(store: Store, tmp_path: Path) -> None:
    (tmp_path / "state.txt").unlink()
    (tmp_path / "state.txt").mkdir()

    found = ask(store, "read", service="web")["live"]["steps"]["state"]

    assert found["unread"] == f"exit code 1: cat: {tmp_path.resolve()}/state.txt: Is a directory"


def test_nothing_that_a_client_declares_is_used(store: Store, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    declared = {
        "files": {"/etc/shadow": {"content": ""}},
        "steps": {"x": {"read": f"touch {trap}", "want": "", "act": "true"}},
        "secrets": {"pw": SECRET},
        "values": {"a": "b"},
    }

    answers = [ask(store, op, service="web", declared=declared, previous=declared) for op in ("read", "look")]

    assert [sorted(answer["live"]["files"]) for answer in answers] == [
        sorted(answer["declared"]["files"]) for answer in answers
    ]
    assert "shadow" not in str(answers)
    assert not trap.exists()


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"op": "apply", "service": "web"}, "this login only reads; apply needs one that may change the host"),
        ({"op": "confirm", "service": "web"}, "this login only reads; confirm needs one that may change the host"),
        ({"op": "delete", "service": "web"}, "this login only reads; delete needs one that may change the host"),
        ({"op": "prefetch"}, "this login only reads; prefetch needs one that may change the host"),
        ({"op": "shell", "command": "id"}, "the reader knows no such request"),
        ({"op": None}, "the reader knows no such request"),
        ({"op": ["read"]}, "the reader knows no such request"),
        ({"op": "measure", "requirements": 7}, "the reader failed: AttributeError"),
        ({"op": "read"}, "None is no name of a service; letters, digits, dots, dashes and underscores are"),
        (
            {"op": "read", "service": "../../../etc"},
            "'../../../etc' is no name of a service; letters, digits, dots, dashes and underscores are",
        ),
        ({"op": "read", "service": "db"}, NOT_LISTED.removeprefix("web: ")),
        ({"op": "look", "service": "db"}, NOT_LISTED.removeprefix("web: ")),
    ],
)
def test_other_requests_are_refused(store: Store, request_: dict[str, Any], message: str) -> None:
    assert ask(store, **request_) == {"message": message}


def test_a_manifest_without_digests_is_not_served(store: Store) -> None:
    remember(store, "web", {"secrets": {"pw": SECRET}}, {})

    assert ask(store, "read", service="web") == {
        "message": "the host's record of it is older than the reader; any change of the service renews it"
    }


def test_a_manifest_is_told_without_its_digests(store: Store) -> None:
    answer = ask(store, "manifest", service="web")

    assert answer["services"] == ["web"]
    assert answer["declared"]["secrets"] == {"pw": ""}
    assert secret_digest("web", "pw", SECRET) not in str(answer)


def test_names_and_paths_of_the_clients_choice_are_not_looked_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "collect", lambda _: {"operating_system": "debian 12"})
    chosen = {"resolves": ["attacker.example"], "unclaimed": {"192.0.2.9": []}, "majorities": {"x": ["192.0.2.9:80"]}}
    asked = {**chosen, "free_disk_mb": {"/": 1, "/root/x": 1}, "operating_systems": []}

    answer = ask(store, "measure", requirements=asked)

    assert sorted(answer["measured"]) == ["free_disk_mb", "operating_systems"]
    assert list(answer["measured"]["free_disk_mb"]) == ["/"]


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (b"\xff\xff\xff\xff", "a request of 4294967295 bytes is larger than the 4096 that are taken"),
        (b"\x00\x00\x10\x01", "a request of 4097 bytes is larger than the 4096 that are taken"),
        (frame(b"[]"), "a request must be a JSON object"),
        (frame(b"PK\x03\x04"), "Expecting value: line 1 column 1 (char 0)"),
        (frame(b"[" * 4_000), "maximum recursion depth exceeded"),
    ],
)
def test_what_is_no_request_ends_it_with_a_reason(store: Store, sent: bytes, message: str) -> None:
    (answer,) = say(store, sent)

    assert answer["error"]["message"].startswith(message)


def test_a_connection_is_good_for_so_many_requests(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MOST_REQUESTS", 2)
    ping, ask_twice = frame(b'{"op": "ping"}'), frame(b'{"id": 1, "op": "x"}') * 3

    answers = say(store, ping * 5 + ask_twice, 3)

    assert [answer["error"]["message"] for answer in answers if answer["id"] is None] == [
        "a connection is good for 2 requests; open another"
    ]


@pytest.mark.parametrize("text", [KEY, KEY.replace("\n", "\\n"), "x: |\n  " + KEY.replace("\n", "\n  "), KEY[:60]])
def test_private_keys_are_hidden_whole_or_cut_off(text: str) -> None:
    hidden = reader.without_private_keys(f"a\n{text}")

    assert KEY_LINE not in hidden
    assert hidden.startswith("a\n")

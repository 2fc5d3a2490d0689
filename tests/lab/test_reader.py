"""The reader on a real host, attacked by somebody who has its key and all control of the client."""

import itertools
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lab.canaries import told
from tests.lab.conftest import LabFactory
from tests.lab.provider_session import ProviderFailedError, ProviderSession, wire
from tests.lab.reader_session import SECONDS, ReaderSession, frame
from tests.lab.reader_site import (
    ADDRESS,
    FILE_SECRET,
    HOST,
    HOSTS,
    SECRETS,
    Site,
    config,
    deployed,
    file,
    fingerprint,
)

PROGRAM = "/usr/local/sbin/im-reader"
READERS = f"pgrep --full '^/usr/bin/python3 -I {PROGRAM}$'"
STUCK = f"grep -ls pipe_write /dev/null $({READERS} | sed 's|.*|/proc/&/task/*/wchan|')"
"""The threads of readers that wait until somebody takes what they say."""
EVIL = {
    "host": HOST,
    "files": {"/etc/shadow": file(""), "/root/.ssh/authorized_keys": file("")},
    "directories": {"/root": {"mode": "0777"}},
    "steps": {"x": {"read": "id >/srv/trap; cat /etc/shadow", "want": "", "act": "id >/srv/trap"}},
    "values": {"a": "$(id >/srv/trap)"},
    "healthy": {"command": "id >/srv/trap"},
    "leave": "id >/srv/trap",
    "units": {"cron.service": {"running": False}},
}
"""What an attacker would like the host to do."""

ANSWERS = """
import socket
try:
    with socket.create_connection(("127.0.0.1", 4022), 5) as way:
        way.sendall(bytes({hello}))
        print(way.recv(20)[{counted}:] or "nothing")
except OSError:
    print("nothing")
"""
"""Whether an sshd behind the forwarded port says its version; SOCKS 4 answers with eight bytes of its own first."""


@pytest.fixture(scope="module")
def site(lab: LabFactory, tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("thief")
    stack = config(folder)
    return deployed(lab(stack), stack, folder)


@contextmanager
def reading(site: Site) -> Iterator[ProviderSession]:
    """The provider with the reader's key."""
    with site.provider() as provider:
        provider.configure(HOSTS)
        yield provider


@contextmanager
def session(site: Site, *options: str, seconds: int = SECONDS) -> Iterator[ReaderSession]:
    """A reader that answers."""
    with ReaderSession(site.thief, *options, seconds=seconds) as made:
        assert made.start()
        yield made


def refresh(provider: ProviderSession, inputs: dict[str, Any]) -> list[str]:
    """The paths that a refresh shows."""
    identity = f"{HOST}/{inputs['service']}"
    read = provider.call("Read", id=identity, inputs=wire(inputs), properties=wire(inputs))
    diff = provider.call("Diff", id=identity, olds=read["properties"], news=wire(inputs))
    return sorted(diff.get("detailedDiff", {}))


def test_services_read_as_declared_also_against_a_state_without_secrets(site: Site) -> None:
    """The host knows by itself whether its secrets are as they were declared."""
    with reading(site) as provider:
        for inputs in site.declared.values():
            secrets = {"secrets": dict.fromkeys(inputs["secrets"], "stand-in")} if "secrets" in inputs else {}
            assert refresh(provider, {**inputs, **secrets}) == [], inputs["service"]
        assert provider.logged == []


def test_a_preview_looks_and_says_what_it_could_not(site: Site) -> None:
    new = {"host": HOST, "service": "new", "packages": {"bc": ""}}
    with reading(site) as provider:
        for inputs in (site.declared["greet"], new):
            provider.call("Create", properties=wire(inputs), preview=True)
        assert provider.logged == [
            "one/greet: the host is already as declared",
            "one/new: the live host could not be looked at. one/new: the reader serves only what the manifests on its"
            " host list, and none has this service",
        ]


def test_nothing_can_be_changed_through_the_provider(site: Site) -> None:
    inputs = wire(site.declared["greet"])
    calls: dict[str, dict[str, Any]] = {
        "Create": {"properties": inputs},
        "Update": {"id": "x", "old_inputs": inputs, "news": inputs},
        "Delete": {"id": "x", "old_inputs": inputs},
    }
    with reading(site) as provider:
        for method, request in calls.items():
            with pytest.raises(ProviderFailedError, match=r"^one/greet: cannot be changed while ONPREM_READER is set"):
                provider.call(method, **request)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), ()),
        ((), ("cat /etc/shadow",)),
        ((), ("'; id >/srv/trap; '",)),
        (("-s",), ("sftp",)),
        (("-o", "RequestTTY=force"), ("sudo -n sh",)),
        (("-o", "SetEnv=LC_ALL=x PYTHONSTARTUP=/srv/x LD_PRELOAD=/srv/x.so BASH_ENV=/srv/x"), ("id",)),
    ],
)
def test_whatever_is_asked_for_the_reader_starts(site: Site, options: tuple[str, ...], words: tuple[str, ...]) -> None:
    done = site.thief.run(*options, site.thief.login, *words)

    assert (done.returncode, done.stdout) == (0, b"\0onprem-reader\0"), done


def test_only_the_readers_account_takes_the_key(site: Site) -> None:
    done = site.thief.run(f"root@{ADDRESS}", "id")

    assert (done.returncode, done.stdout) == (255, b"")


def test_files_can_neither_be_fetched_nor_put(site: Site, tmp_path: Path) -> None:
    got, mine, remote = tmp_path / "got", tmp_path / "mine", site.thief.login
    mine.write_text("x")

    ways = ((f"{remote}:/etc/shadow", str(got)), ("-O", str(mine), f"{remote}:/srv/trap"))  # by sftp, and as before it
    fetched = [site.thief.run(*way, program=("scp", "-B")).returncode for way in ways]

    assert 0 not in fetched
    assert not got.exists()


@pytest.mark.parametrize(
    ("way", "probe"),
    [
        ("-L 4022:127.0.0.1:22", ANSWERS.format(hello=[], counted=0)),
        ("-D 4022", ANSWERS.format(hello=[4, 1, 0, 22, 127, 0, 0, 1, 0], counted=8)),
    ],
)
def test_no_port_is_forwarded_to_the_host(site: Site, way: str, probe: str) -> None:
    with session(site, *way.split()):
        assert site.lab.run(["python3", "-c", probe]).stdout == "nothing\n"


def test_no_port_is_forwarded_from_the_host(site: Site) -> None:
    with session(site, "-R", "4022:127.0.0.1:22"):
        assert site.root("ss -Hltn 'sport = 4022'") == ""


def test_requests_make_the_host_do_and_tell_nothing_else(site: Site) -> None:
    ops = ("apply", "delete", "confirm", "prefetch", "read", "look", "manifest", "measure", "shell", "rollback")
    services = ("greet", "evil", "../greet", "../../../etc", "greet/../../x", "")
    answered = set()
    with session(site) as open_one:
        for op, service in itertools.product(ops, services):
            request = {"service": service, "declared": EVIL, "previous": EVIL, "token": "x", "packages": ["bc"]}
            answer = open_one.ask(
                op=op, **request, requirements={"resolves": ["x.test"], "free_disk_mb": {"/root/x": 1}}
            )
            if "message" not in answer:
                answered.add((op, service))
                assert answer.get("measured", {"free_disk_mb": {}}) == {"free_disk_mb": {}}
                assert "shadow" not in str(answer)

        assert told(open_one.text, SECRETS) == []
    measured = {("measure", service) for service in services}
    assert answered == measured | {(op, "greet") for op in ("read", "look", "manifest")} | {("manifest", "evil")}


def test_no_byte_of_any_answer_is_a_secret(site: Site) -> None:
    with session(site) as open_one:
        for op, service in itertools.product(("manifest", "read", "look"), site.declared):
            assert "message" not in open_one.ask(op=op, service=service)
    kept = json.loads(site.root("dd status=none iflag=noatime if=/var/lib/onprem/services/greet/manifest.json"))

    assert told(open_one.text, SECRETS) == []
    assert '"pw": ""' in open_one.text
    assert sorted(kept["secret_digests"]) == ["key", "other", "pw"]
    assert not any(digest in open_one.text for digest in kept["secret_digests"].values())


@pytest.mark.parametrize(
    "sent",
    [
        b"\xff\xff\xff\xff" + b"x" * 100_000,
        b"\x00\x00\x00\x04PK\x03\x04",
        (4_000).to_bytes(4, "big") + b"[" * 4_000,
        b"\x00\x00\x00\x02{}" * 201,
    ],
)
def test_what_is_no_request_ends_the_connection(site: Site, sent: bytes) -> None:
    with session(site) as open_one:
        open_one.send(sent)
        assert open_one.is_ended_by_the_host()


def test_of_those_that_come_at_once_the_last_place_is_for_one(site: Site) -> None:
    with ExitStack() as many:
        early: list[ReaderSession] = []
        while len(early) < 7:
            early.append(many.enter_context(session(site, seconds=600)))
            for each in early:
                each.send(frame({"op": "ping"}))
        late = [many.enter_context(ReaderSession(site.thief)) for _ in range(4)]

        assert [each.start() for each in late].count(True) == 1


def test_one_connection_has_one_reader(site: Site, tmp_path: Path) -> None:
    socket = f"{tmp_path}/control"
    with session(site, "-M", "-S", socket):
        again = site.thief.run("-S", socket, "-o", "ProxyCommand=false", site.thief.login)

    assert (again.returncode, again.stdout) == (255, b"")


def wait_until(site: Site, command: str) -> None:
    """Until it succeeds on the host."""
    site.root(f"for _ in $(seq 1200); do {command} && exit; sleep 0.1; done; exit 1")


def test_a_reader_waits_for_who_takes_no_answers_and_is_gone_with_them(site: Site) -> None:
    with session(site) as open_one:
        open_one.send(frame({"op": "manifest", "service": "greet"}) * 200)
        wait_until(site, STUCK)
        open_one.process.kill()

    wait_until(site, f"! {READERS}")


def test_until_here_nothing_on_the_host_has_changed(site: Site) -> None:
    assert fingerprint(site.lab) == site.before


@contextmanager
def seeded(site: Site, seeds: str) -> Iterator[None]:
    """Somebody with root changes the service by hand; put back afterwards."""
    site.root(f"cp -a /etc/greet /root/kept; {seeds}")
    yield
    site.root("rm -r /etc/greet; mv /root/kept /etc/greet; echo yes >/srv/stamp")


def test_drift_is_seen_and_a_changed_secret_too(site: Site) -> None:
    seeds = "echo pw=hand-made >/etc/greet/secret; echo 'and moon' >>/etc/greet/greeting; echo no >/srv/stamp"
    with seeded(site, seeds), reading(site) as provider:
        assert refresh(provider, site.declared["greet"]) == [
            'files["/etc/greet/greeting"].content',
            'files["/etc/greet/secret"].content',
            "steps.stamp.want",
        ]


def test_a_secret_that_leaks_elsewhere_on_the_host_is_hidden(site: Site) -> None:
    seeds = (
        f"echo leaked {FILE_SECRET} >>/etc/greet/greeting; cat /etc/greet/key.pem >>/etc/greet/greeting;"
        " cat /etc/greet/secret >/srv/stamp; echo x >>/etc/greet/secret"
    )
    with seeded(site, seeds), session(site) as open_one:
        live = open_one.ask(op="read", service="greet")["live"]

    assert live["files"]["/etc/greet/greeting"]["content"].startswith("Hello\nleaked (secret)\n")
    assert live["files"]["/etc/greet/secret"]["content"] == (
        "user=im\npw=${secret:pw}\n(hidden: this file holds secrets)\n"
    )
    assert live["steps"]["stamp"]["want"] == "user=im\npw=(secret)"
    assert told(open_one.text, SECRETS) == []


@pytest.mark.parametrize("swap", ["rm {0}/greeting; ln -s /etc/shadow {0}/greeting", "rm -r {0}; ln -s /etc {0}"])
def test_a_link_in_a_managed_path_leads_nowhere(site: Site, swap: str) -> None:
    with seeded(site, swap.format("/etc/greet")), session(site) as open_one:
        live = open_one.ask(op="read", service="greet")["live"]

    assert live["files"]["/etc/greet/greeting"]["content"].startswith("(symbolic link: ")
    assert told(open_one.text, SECRETS) == []


def test_an_outdated_reader_is_drift(site: Site) -> None:
    site.root(f"cp -a {PROGRAM} {PROGRAM}.real; printf '#!/bin/sh\\nexec {PROGRAM}.real\\n' >{PROGRAM}")
    try:
        with reading(site) as provider:
            assert refresh(provider, site.declared["reader"]) == [f'files["{PROGRAM}"].content']
    finally:
        site.root(f"mv {PROGRAM}.real {PROGRAM}")

"""The agent on a real host: packages, files, units and steps as declared, and every way a change can end."""

import copy
import shlex
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.agent_session import AgentFailedError, AgentSession, changed_bundle
from tests.lab.conftest import LabFactory
from tests.lab.private_lab import PrivateLab

HOSTS = {"web": {"address": "10.77.201.11"}}
CONFIG = "/etc/haproxy/haproxy.cfg"
TOKEN = "/etc/haproxy/token"
CANARY = "canary~0123456789.abcdefghij"
CONTENT = """\
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend web
  bind :8080
  http-request return status 200 content-type text/plain string ${value:said}
"""
FETCH = (
    "python3 -c \"import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080', timeout=2).read().decode())\""
)
SLOW = {"read": "cat /run/slow 2>/dev/null || true", "want": "done", "act": "sleep 50; echo done >/run/slow"}
LOCK_HOLDER = (
    "import glob,os\n"
    "for p in glob.glob('/proc/[0-9]*/fd/*'):\n"
    "  try:\n"
    "    if os.readlink(p) == '/var/lib/onprem/lock': print(p.split('/')[2])\n"
    "  except OSError: pass"
)


def declared(**changes: Any) -> dict[str, Any]:
    """A small web server; `changes` replace its properties."""
    whole = {
        "packages": {"haproxy": ""},
        "directories": {"/srv/web": {"mode": "0750", "owner": "web", "group": "web"}},
        "users": {"web": {"system": True, "home": "/srv/web", "shell": "/usr/sbin/nologin", "groups": ["haproxy"]}},
        "files": {
            CONFIG: {"content": CONTENT, "mode": "0640", "owner": "root", "group": "haproxy"},
            TOKEN: {"content": "user: web\ntoken: ${secret:token}\n", "mode": "0600", "owner": "web", "group": "web"},
        },
        "values": {"said": "hello"},
        "secrets": {"token": CANARY},
        "units": {"haproxy.service": {"running": True, "enabled": True, "restart_on": [CONFIG]}},
        "steps": {
            "page": {
                "read": "cat /srv/web/page 2>/dev/null || true",
                "want": "${value:said}",
                "act": "cut -d: -f1 >/srv/web/page",
                "stdin": "${value:said}:${secret:token}",
            }
        },
        "validate": {CONFIG: "haproxy -c -f {staged}"},
        "healthy": {"command": f"{FETCH} | grep -qx '${{value:said}}'", "seconds": 10},
    }
    return {**copy.deepcopy(whole), **changes}


def with_config(content: str, **changes: Any) -> dict[str, Any]:
    files = {**declared()["files"], CONFIG: {**declared()["files"][CONFIG], "content": content}}
    return declared(files=files, **changes)


@pytest.fixture(scope="module")
def hosts(lab: LabFactory) -> PrivateLab:
    return lab({"onprem:hosts": HOSTS})


@pytest.fixture
def agent(hosts: PrivateLab) -> Iterator[AgentSession]:
    with AgentSession(hosts.stack, "web") as session:
        yield session


@pytest.fixture
def applied(agent: AgentSession) -> AgentSession:
    """The host as declared, whatever the test before left."""
    agent.request("apply", service="web", declared=declared(), previous=declared())
    return agent


def on_host(hosts: PrivateLab, command: str) -> str:
    return hosts.ssh("web", command).stdout


def fetch(hosts: PrivateLab) -> str:
    return on_host(hosts, FETCH).strip()


def invocation(hosts: PrivateLab, unit: str = "haproxy.service") -> str:
    return on_host(hosts, f"systemctl show --property InvocationID,ActiveEnterTimestampMonotonic {unit}")


def kill_agent(hosts: PrivateLab) -> None:
    on_host(hosts, f"kill -KILL $(python3 -c {shlex.quote(LOCK_HOLDER)})")


def apply_in_background(agent: AgentSession, state: dict[str, Any], until: str) -> None:
    """Asks for a change and returns once it says `until`."""
    agent.send("apply", service="web", declared=state, previous=declared())
    while until not in agent.progress:
        agent.receive_progress()


def test_looking_at_a_bare_host_changes_nothing_on_it(hosts: PrivateLab, agent: AgentSession) -> None:
    live = agent.request("look", service="web", declared=declared())["live"]

    assert live == {"packages": {}, "users": {}, "directories": {}, "files": {}, "units": {}}
    assert on_host(hosts, "ls -d /var/lib/onprem 2>&1 || true").endswith("No such file or directory\n")


def test_a_bare_host_gets_all_that_is_declared(hosts: PrivateLab, agent: AgentSession) -> None:
    answer = agent.request("apply", service="web", declared=declared(), previous={})

    state = declared()
    del state["values"], state["secrets"], state["validate"], state["healthy"]
    assert answer["live"] == state
    assert answer["token"] is None
    assert fetch(hosts) == "hello"
    assert on_host(hosts, f"stat -c '%a %U %G' {TOKEN} /srv/web") == "600 web web\n750 web web\n"
    assert on_host(hosts, "cat /srv/web/page; id -nG web") == "hello\nweb haproxy\n"


def test_services_do_not_start_while_their_package_is_installed(hosts: PrivateLab) -> None:
    started = on_host(hosts, "journalctl --unit haproxy --output cat | grep -c '^Started haproxy'")

    assert started == "1\n"
    assert on_host(hosts, "ls /usr/sbin/policy-rc.d 2>&1 || true").endswith("No such file or directory\n")


def test_a_change_without_difference_touches_nothing(hosts: PrivateLab, applied: AgentSession) -> None:
    stamps = f"stat -c '%n %y %z %i' {CONFIG} {TOKEN} /etc/haproxy /srv/web/page $(find /var/lib/onprem)"
    before = on_host(hosts, stamps), invocation(hosts)

    applied.request("apply", service="web", declared=declared(), previous=declared())

    assert (on_host(hosts, stamps), invocation(hosts)) == before


def test_drift_reads_as_exactly_what_was_changed_by_hand(hosts: PrivateLab, applied: AgentSession) -> None:
    on_host(
        hosts,
        f"sed -i 's/timeout client 1s/timeout client 9s/' {CONFIG}; chmod 0600 {CONFIG}; echo x >>{TOKEN};"
        " systemctl stop haproxy; echo other >/srv/web/page; chown root /srv/web",
    )
    live = applied.request("read", service="web", declared=declared())["live"]

    expected = declared()
    expected["files"][CONFIG]["content"] = CONTENT.replace("client 1s", "client 9s")
    expected["files"][CONFIG]["mode"] = "0600"
    expected["files"][TOKEN]["content"] = "user: web\ntoken: ${secret:token}\n(hidden: this file holds secrets)\n"
    expected["units"]["haproxy.service"]["running"] = False
    expected["steps"]["page"]["want"] = "other"
    expected["directories"]["/srv/web"]["owner"] = "root"
    assert live == {name: expected[name] for name in live}

    repaired = applied.request("apply", service="web", declared=declared(), previous=declared())["live"]
    assert repaired == {name: declared()[name] for name in repaired}
    assert fetch(hosts) == "hello"


def test_a_removed_package_is_missing_and_comes_back(hosts: PrivateLab, applied: AgentSession) -> None:
    on_host(hosts, "apt-get remove -y -qq haproxy")
    assert applied.request("read", service="web", declared=declared())["live"]["packages"] == {}

    applied.request("apply", service="web", declared=declared(), previous=declared())

    assert fetch(hosts) == "hello"


def test_a_file_that_its_program_refuses_changes_nothing(hosts: PrivateLab, applied: AgentSession) -> None:
    before = on_host(hosts, f"stat -c '%y %i' {CONFIG}"), invocation(hosts)

    with pytest.raises(AgentFailedError) as caught:
        applied.request("apply", service="web", declared=with_config(CONTENT + "  bogus\n"), previous=declared())

    said = str(caught.value)
    assert said.startswith(f'web: {CONFIG} is refused by "haproxy -c -f {CONFIG}": exit code 1: ')
    assert f"parsing [{CONFIG}:9] : unknown keyword 'bogus' in 'frontend' section" in said
    assert said.endswith("; no file or unit was changed")
    assert (on_host(hosts, f"stat -c '%y %i' {CONFIG}"), invocation(hosts)) == before
    assert on_host(hosts, "ls -A /etc/haproxy") == "errors\nhaproxy.cfg\ntoken\n"


def test_a_service_that_does_not_start_is_back_with_its_previous_files(
    hosts: PrivateLab, applied: AgentSession
) -> None:
    broken = with_config(CONTENT.replace(":8080", ":22"))

    with pytest.raises(AgentFailedError) as caught:
        applied.request("apply", service="web", declared=broken, previous=declared())

    assert str(caught.value) == (
        "web: haproxy.service did not restart; the previous files are back and haproxy.service is running"
    )
    assert CONFIG in caught.value.rolled_back
    assert any("Address already in use" in line for line in caught.value.journal)
    assert fetch(hosts) == "hello"


def test_a_member_that_does_not_serve_is_back_as_it_was(hosts: PrivateLab, applied: AgentSession) -> None:
    health = {"command": "false", "seconds": 2}

    with pytest.raises(AgentFailedError) as caught:
        applied.request(
            "apply", service="web", declared=declared(values={"said": "bye"}, healthy=health), previous=declared()
        )

    assert str(caught.value) == (
        "web: not healthy after 2 s (exit code 1); the previous files are back and haproxy.service is running"
    )
    assert fetch(hosts) == "hello"


def test_a_step_whose_act_does_not_help_is_an_error(hosts: PrivateLab, applied: AgentSession) -> None:
    steps = {"page": {**declared()["steps"]["page"], "act": "cat; echo oops >&2; exit 3"}}

    with pytest.raises(AgentFailedError) as caught:
        applied.request(
            "apply", service="web", declared=declared(values={"said": "bye"}, steps=steps), previous=declared()
        )

    assert str(caught.value) == (
        "web: step page: act failed with exit code 3: oops / bye:(secret);"
        " the previous files are back and haproxy.service is running"
    )
    assert caught.value.stayed == ["act of step page"]


def test_a_step_that_takes_too_long_is_ended_with_all_it_started(hosts: PrivateLab, applied: AgentSession) -> None:
    steps = {"slow": {**SLOW, "act": "sleep 4711 & sleep 4711", "seconds": 1}}

    with pytest.raises(AgentFailedError, match="^web: step slow: act failed with not done after 1 s; "):
        applied.request("apply", service="web", declared=declared(steps=steps), previous=declared())

    assert on_host(hosts, "pgrep -cx -f 'sleep 4711' || true") == "0\n"


def test_a_lost_connection_puts_back_what_was_under_way(hosts: PrivateLab, applied: AgentSession) -> None:
    state = with_config(CONTENT.replace("8080", "8081"), steps={"slow": {**SLOW, "when": "before_start"}})
    apply_in_background(applied, state, "step slow")
    assert "8081" in on_host(hosts, f"cat {CONFIG}")

    applied.close()

    assert "8081" not in on_host(hosts, f"cat {CONFIG}")
    assert on_host(hosts, "ls /var/lib/onprem/services/web; pgrep -cx -f 'sleep 50' || true") == (
        "manifest.json\noriginals\n0\n"
    )
    assert fetch(hosts) == "hello"


def test_a_silent_connection_counts_as_lost(hosts: PrivateLab, applied: AgentSession) -> None:
    state = with_config(CONTENT.replace("8080", "8081"), steps={"slow": {**SLOW, "when": "before_start"}})
    impatient = changed_bundle("main", "SILENCE_SECONDS = 60", "SILENCE_SECONDS = 20")

    with AgentSession(hosts.stack, "web", impatient) as session:
        apply_in_background(session, state, "step slow")
        session.fall_silent()
        answer = session.receive()

    assert answer["error"]["message"] == "web: the connection ended; the previous files are back"
    assert "8081" not in on_host(hosts, f"cat {CONFIG}")


def test_a_killed_agent_leaves_what_the_next_change_undoes(hosts: PrivateLab, applied: AgentSession) -> None:
    state = with_config(CONTENT.replace("8080", "8081"), steps={"slow": {**SLOW, "when": "before_start"}})
    apply_in_background(applied, state, "step slow")
    kill_agent(hosts)

    with AgentSession(hosts.stack, "web") as after:
        live = after.request("read", service="web", declared=declared())["live"]
        assert live["unfinished"] == "a change was cut off: step slow"
        assert live["files"][CONFIG]["content"] == CONTENT.replace("8080", "8081")

        answer = after.request("apply", service="web", declared=declared(), previous=declared())
        assert answer["notes"] == ["an earlier change of web was cut off (step slow) and was undone first"]
        assert "unfinished" not in answer["live"]
    assert fetch(hosts) == "hello"


def test_a_killed_installation_lets_services_start_again(hosts: PrivateLab, applied: AgentSession) -> None:
    on_host(hosts, "printf '#!/bin/sh\\nexit 0\\n' >/usr/sbin/policy-rc.d; chmod 0751 /usr/sbin/policy-rc.d")
    apply_in_background(applied, declared(packages={"haproxy": "", "nginx-light": ""}), "installing nginx-light")
    kill_agent(hosts)

    with AgentSession(hosts.stack, "web") as after:
        after.request("apply", service="web", declared=declared(), previous=declared())

    policy = on_host(hosts, "cat /usr/sbin/policy-rc.d; stat -c %a /usr/sbin/policy-rc.d; rm /usr/sbin/policy-rc.d")
    assert policy == "#!/bin/sh\nexit 0\n751\n"
    assert on_host(hosts, "dpkg --audit; pgrep -c apt-get || true") == "0\n"


def test_writers_wait_for_each_other(hosts: PrivateLab, applied: AgentSession) -> None:
    steps = {"slow": {**SLOW, "act": "sleep 8; echo done >/run/slow"}}
    apply_in_background(applied, declared(steps=steps), "step slow")

    with AgentSession(hosts.stack, "web") as second:
        second.request("apply", service="web", declared=declared(), previous=declared())
        assert second.progress[0].startswith("waiting for another change (process ")
        assert ", from 10.77.201.1), " in second.progress[0]
    assert "result" in applied.receive()


def test_a_symbolic_link_is_drift_and_is_not_followed(hosts: PrivateLab, applied: AgentSession) -> None:
    on_host(hosts, f"mv {CONFIG} /root/kept; ln -s /root/kept {CONFIG}")
    live = applied.request("read", service="web", declared=declared())["live"]
    assert live["files"][CONFIG]["content"] == "(symbolic link: /root/kept)"

    with pytest.raises(AgentFailedError) as caught:
        applied.request("apply", service="web", declared=declared(), previous=declared())

    assert str(caught.value) == (
        f"web: {CONFIG} is no regular file (symbolic link: /root/kept); remove it, or declare the path it leads to;"
        " no file or unit was changed"
    )
    on_host(hosts, f"rm {CONFIG}; mv /root/kept {CONFIG}")


def test_a_link_above_a_managed_path_is_refused(hosts: PrivateLab, applied: AgentSession) -> None:
    on_host(hosts, "mkdir -p /srv/real; ln -sfn /srv/real /srv/link")
    files = {**declared()["files"], "/srv/link/x": {"content": "x"}}

    with pytest.raises(AgentFailedError) as caught:
        applied.request("apply", service="web", declared=declared(files=files), previous=declared())

    assert str(caught.value).startswith("web: /srv/link/x is no regular file (symbolic link: /srv/link to /srv/real);")
    assert on_host(hosts, "ls /srv/real") == ""


def test_a_package_that_nobody_offers_is_named(applied: AgentSession) -> None:
    with pytest.raises(AgentFailedError) as caught:
        applied.request(
            "apply",
            service="web",
            declared=declared(packages={"haproxy": "", "no-such-thing": ""}),
            previous=declared(),
        )

    assert str(caught.value) == (
        "web: no-such-thing cannot be downloaded: Unable to locate package no-such-thing; no file or unit was changed"
    )


def test_a_version_is_kept_or_missed(hosts: PrivateLab, applied: AgentSession) -> None:
    version = on_host(hosts, "dpkg-query --show --showformat '${Version}' haproxy")
    pinned = declared(packages={"haproxy": version})
    before = invocation(hosts)
    assert applied.request("apply", service="web", declared=pinned, previous=declared())["notes"] == []
    assert invocation(hosts) == before

    with pytest.raises(AgentFailedError) as caught:
        applied.request("apply", service="web", declared=declared(packages={"haproxy": "0.1"}), previous=pinned)

    assert str(caught.value) == (
        "web: haproxy=0.1 cannot be downloaded: Version '0.1' for 'haproxy' was not found; no file or unit was changed"
    )


def test_a_hand_over_comes_before_a_restart_and_only_then(hosts: PrivateLab, applied: AgentSession) -> None:
    hand_over = {"before_restart": "systemctl show --property InvocationID haproxy >>/run/handed"}
    applied.request("apply", service="web", declared=declared(**hand_over), previous=declared())
    assert on_host(hosts, "cat /run/handed 2>/dev/null || true") == ""
    before = on_host(hosts, "systemctl show --property InvocationID haproxy")

    applied.request("apply", service="web", declared=declared(values={"said": "bye"}, **hand_over), previous=declared())

    assert on_host(hosts, "cat /run/handed; rm /run/handed") == before
    assert fetch(hosts) == "bye"


def test_a_unit_is_off_when_it_is_declared_off_and_comes_back_masked_or_not(
    hosts: PrivateLab, applied: AgentSession
) -> None:
    off = {"haproxy.service": {"running": False, "enabled": False}}
    live = applied.request("read", service="web", declared=declared(units=off))["live"]
    assert live["units"] == {"haproxy.service": {"running": True, "enabled": True}}

    state = declared(units=off, healthy=None)
    assert applied.request("apply", service="web", declared=state, previous=declared())["live"]["units"] == off
    on_host(hosts, "systemctl mask -q haproxy")
    assert applied.request("read", service="web", declared=state)["live"]["units"] == off

    applied.request("apply", service="web", declared=declared(), previous=state)

    assert on_host(hosts, "systemctl is-enabled haproxy") == "enabled\n"
    assert fetch(hosts) == "hello"


def test_what_is_declared_no_longer_is_as_it_was_before(hosts: PrivateLab, applied: AgentSession) -> None:
    unit = "/etc/systemd/system/extra.service"
    extra = {unit: {"content": "[Service]\nExecStart=sleep 600\n[Install]\nWantedBy=multi-user.target\n"}}
    more = declared(
        files={**declared()["files"], **extra},
        units={**declared()["units"], "extra.service": {"running": True, "enabled": True}},
        directories={**declared()["directories"], "/srv/extra": {"mode": "0700"}},
    )
    applied.request("apply", service="web", declared=more, previous=declared())
    assert on_host(hosts, "systemctl is-active extra; systemctl is-enabled extra") == "active\nenabled\n"

    answer = applied.request("apply", service="web", declared=declared(), previous=more)

    assert answer["notes"] == ["directory /srv/extra is declared no longer and stays"]
    assert on_host(hosts, f"ls {unit} 2>/dev/null; systemctl show --property LoadState --value extra") == "not-found\n"


def test_the_manifest_says_what_is_declared_and_no_secret(hosts: PrivateLab, applied: AgentSession) -> None:
    answer = applied.request("manifest", service="web")

    assert answer == {
        "declared": {**declared(), "secrets": {"token": ""}},
        "services": ["web"],
        "unfinished": [],
        "damaged": "",
    }
    assert on_host(hosts, "stat -c '%a %U' /var/lib/onprem /var/lib/onprem/services/web/manifest.json") == (
        "700 root\n600 root\n"
    )


def test_a_secret_is_nowhere_but_in_its_file(hosts: PrivateLab, applied: AgentSession) -> None:
    """Every process that runs during a change is looked at, then the journal and all files of the host."""
    sampler = (
        "import glob,time\n"
        "seen=0; end=time.time()+4\n"
        "while time.time()<end:\n"
        "  for p in glob.glob('/proc/[0-9]*/cmdline')+glob.glob('/proc/[0-9]*/environ'):\n"
        "    try: seen += b'canary~' in open(p,'rb').read().replace(b\"b'canary~'\", b'')\n"
        "    except OSError: pass\n"
        "  time.sleep(0.005)\n"
        "print(seen)\n"
    )
    on_host(hosts, f"echo {shlex.quote(sampler)} >/root/sampler.py; (python3 /root/sampler.py >/root/seen &)")
    on_host(hosts, f"rm /srv/web/page {TOKEN}")
    noisy = {"page": {**declared()["steps"]["page"], "act": "cat; cat >&2; exit 1"}}
    with pytest.raises(AgentFailedError) as caught:
        applied.request("apply", service="web", declared=declared(steps=noisy), previous=declared())
    assert "canary" not in str(caught.value)
    applied.request("apply", service="web", declared=declared(), previous=declared())
    time.sleep(4)

    assert on_host(hosts, "cat /root/seen; rm /root/seen /root/sampler.py") == "0\n"
    assert on_host(hosts, "journalctl --no-pager | grep -c canary~ || true") == "0\n"
    assert on_host(hosts, "grep -rlI canary~ /etc /var /root /tmp /srv /run 2>/dev/null || true") == f"{TOKEN}\n"


def test_delete_puts_back_what_was_there_byte_for_byte(hosts: PrivateLab, agent: AgentSession) -> None:
    with pytest.raises(AgentFailedError) as caught:
        agent.request("delete", service="web", declared=declared(leave="echo still needed; exit 1"))
    assert str(caught.value) == "web: leave failed: exit code 1: still needed; nothing was removed"
    assert fetch(hosts) == "hello"

    answer = agent.request("delete", service="web", declared=declared(leave="echo left >/run/left"))

    assert on_host(hosts, "cat /run/left") == "left\n"
    kept = answer["kept"]
    assert kept == {"packages": ["haproxy", "nginx-light"], "users": ["web"], "data": ["/srv/web"]}
    assert on_host(hosts, "dpkg --verify haproxy; ls -A /etc/haproxy /var/lib/onprem/services") == (
        "/etc/haproxy:\nerrors\nhaproxy.cfg\n\n/var/lib/onprem/services:\n"
    )
    assert on_host(hosts, "systemctl is-active haproxy; systemctl is-enabled haproxy || true").split() == [
        "inactive",
        "disabled",
    ]


def test_an_adopted_service_stays_as_it_was_found(hosts: PrivateLab, agent: AgentSession) -> None:
    """Nothing changes when it is adopted, nor when it is deleted again."""
    on_host(hosts, f"printf %s {shlex.quote(CONTENT.replace('${value:said}', 'hello'))} >{CONFIG}")
    on_host(hosts, f"chgrp haproxy {CONFIG}; chmod 0640 {CONFIG}; systemctl enable -q --now haproxy")
    found = declared(files={CONFIG: declared()["files"][CONFIG]}, steps={}, users={}, directories={}, secrets={})
    before = on_host(hosts, f"stat -c '%y %z %i' {CONFIG}"), invocation(hosts)

    agent.request("apply", service="web", declared=found, previous={})
    assert (on_host(hosts, f"stat -c '%y %z %i' {CONFIG}"), invocation(hosts)) == before
    agent.request("delete", service="web", declared=found)

    assert (on_host(hosts, f"stat -c '%y %z %i' {CONFIG}"), invocation(hosts)) == before
    assert fetch(hosts) == "hello"


def test_an_adopted_service_that_was_changed_is_as_it_was_found(hosts: PrivateLab, agent: AgentSession) -> None:
    found = on_host(hosts, f"sha256sum {CONFIG}; stat -c '%a %U %G' {CONFIG}")
    files = {CONFIG: {**declared()["files"][CONFIG], "mode": "0644", "group": "root"}}
    ours = declared(files=files, steps={}, users={}, directories={}, secrets={}, values={"said": "ours"})

    agent.request("apply", service="web", declared=ours, previous={})
    assert fetch(hosts) == "ours"
    agent.request("delete", service="web", declared=ours)

    assert on_host(hosts, f"sha256sum {CONFIG}; stat -c '%a %U %G' {CONFIG}") == found
    assert fetch(hosts) == "hello"

"""Sentinel: who votes on Redis's primary, and that what it has learned outlives a change of what is declared."""

import subprocess
from pathlib import Path

from components.data_stores.sentinel import CONFIG, DROP_IN, LIVE, PASSWORDS, WATCHER
from tests.recording import Program, as_config, run
from tests.topologies import TEST, recorded


class Watcher:
    """The program of one host in a folder of its own, with a redis-cli that answers as it is told."""

    def __init__(self, folder: Path, program: Program | None = None) -> None:
        self.folder, files = folder, (program or recorded("test")).files("vote1")
        self.live = folder / "live"
        script = files[WATCHER]
        for path, name in ((CONFIG, "declared"), (PASSWORDS, "passwords"), (LIVE, "live")):
            script = script.replace(path, str(folder / name))
        (folder / "declared").write_text(files[CONFIG])
        (folder / "passwords").write_text("requirepass one\nsentinel auth-pass im two\n")
        self.script = script
        self.program("chown", "exit 0")
        self.answers("exit 1")

    def program(self, name: str, text: str) -> None:
        (self.folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (self.folder / name).chmod(0o755)

    def answers(self, text: str) -> None:
        """`$2` is the address that is asked."""
        self.program("redis-cli", f"cat >/dev/null; {text}")

    def run(self, order: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{self.folder}:/usr/bin:/bin"}
        command = ["sh", "-c", self.script, "sentinel", order]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def monitored(self) -> list[str]:
        assert self.run("configure").returncode == 0
        return [line for line in self.live.read_text().splitlines() if " monitor " in line]


def test_votes_on_every_cache_host_and_on_the_witness() -> None:
    assert {"im1/sentinel", "im2/sentinel", "vote1/sentinel"} <= set(recorded("test").services)
    assert not [name for name in recorded("dev").services if name.endswith("/sentinel")]


def test_two_of_three_votes_decide(tmp_path: Path) -> None:
    assert Watcher(tmp_path).monitored() == ["sentinel monitor im 10.77.2.11 6379 2"]


def test_the_declared_files_have_nothing_that_sentinel_learns() -> None:
    files = recorded("test").files("vote1")
    assert "monitor" not in files[CONFIG] + files[PASSWORDS]
    assert f"ExecStart=/usr/bin/redis-sentinel {LIVE} " in files[DROP_IN]
    assert LIVE not in files


def test_a_first_start_finds_the_member_that_is_primary(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path)
    watcher.answers('[ "$2" = 10.77.2.12 ] && printf "OK\\nrole:master\\r\\n"')
    assert watcher.monitored() == ["sentinel monitor im 10.77.2.12 6379 2"]


def test_what_was_learned_stays_and_what_was_declared_before_goes(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path)
    watcher.live.write_text(
        "sentinel myid abc\nsentinel monitor im 10.77.2.12 6379 2\nrequirepass old\n"
        "sentinel config-epoch im 7\nsentinel known-replica im 10.77.2.11 6379\n"
        "sentinel known-sentinel im 10.77.2.99 26379 def\nsentinel down-after-milliseconds im 1\n"
    )
    assert watcher.monitored() == ["sentinel monitor im 10.77.2.12 6379 2"]
    lines = watcher.live.read_text().splitlines()
    assert {"sentinel myid abc", "sentinel config-epoch im 7", "sentinel known-replica im 10.77.2.11 6379"} <= set(
        lines
    )
    assert "requirepass one" in lines
    assert not {"requirepass old", "sentinel down-after-milliseconds im 1"} & set(lines)
    assert "10.77.2.99" not in watcher.live.read_text()


def test_a_primary_that_is_no_member_any_more_is_forgotten(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path)
    watcher.live.write_text("sentinel monitor im 10.77.2.99 6379 2\n")
    assert watcher.monitored() == ["sentinel monitor im 10.77.2.11 6379 2"]


def leaving() -> Program:
    """Two of four cache hosts."""
    hosts = {f"im{last}": {"address": f"10.77.2.1{last}"} for last in (4, 5)}
    roles = {**TEST["im:roles"], "cache": ["im1", "im2", *hosts]}
    changes = {"onprem:hosts": {**TEST["onprem:hosts"], **hosts}, "im:roles": roles}
    return run(as_config({**TEST, **changes, "im:leaving": {"cache": list(hosts)}}), "test")


def test_a_primary_that_is_about_to_leave_is_watched_until_it_hands_over(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path, leaving())
    watcher.live.write_text("sentinel monitor im 10.77.2.14 6379 3\n")
    assert watcher.monitored() == ["sentinel monitor im 10.77.2.14 6379 2"]
    watcher.live.unlink()
    watcher.answers('[ "$2" = 10.77.2.15 ] && printf "OK\nrole:master\r\n"')
    assert watcher.monitored() == ["sentinel monitor im 10.77.2.15 6379 2"]


def test_who_is_about_to_leave_is_a_stranger_once_it_is_silent(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path, leaving())
    knows(watcher, {**KNOWN, "SENTINELS": KNOWN["SENTINELS"].replace("10.77.2.98", "10.77.2.14")})
    assert watcher.run("strangers").stdout == "10.77.2.14 10.77.2.99\n"


def test_is_healthy_when_it_sees_a_primary(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path)
    watcher.answers('printf "OK\\nname\\nim\\nflags\\nmaster\\n"')
    assert watcher.run("healthy").returncode == 0


def test_is_not_healthy_while_the_primary_is_silent(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path)
    watcher.answers('printf "OK\\nflags\\ns_down,master\\n"')
    done = watcher.run("healthy")
    assert (done.returncode, done.stderr) == (1, "vote1: Sentinel sees no primary that answers (s_down,master)\n")


def test_is_not_healthy_when_it_does_not_answer(tmp_path: Path) -> None:
    done = Watcher(tmp_path).run("healthy")
    assert done.stderr == "vote1: Sentinel sees no primary that answers (it does not answer itself)\n"


def test_a_primary_that_is_lost_for_good_is_forgotten(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path)
    watcher.live.write_text("sentinel monitor im 10.77.2.12 6379 2\n")
    watcher.program("systemctl", "exit 0")
    assert watcher.run("abandon").returncode == 0
    assert watcher.monitored() == ["sentinel monitor im 10.77.2.11 6379 2"]


def test_a_primary_that_answers_is_not_forgotten(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path)
    watcher.answers('printf "OK\nflags\nmaster\n"')
    assert watcher.run("abandon").stderr == "vote1: Sentinel sees a primary; it is not abandoned\n"


KNOWN = {
    "MASTER": "flags\nmaster",
    "SENTINELS": "name\na\nip\n10.77.2.11\nrunid\nx\nflags\nsentinel\n"
    "name\nb\nip\n10.77.2.98\nrunid\ny\nflags\ns_down,sentinel",
    "REPLICAS": "name\nc\nip\n10.77.2.99\nrunid\nz\nflags\ns_down,slave\nmaster-host\n10.77.2.12\n"
    "name\nd\nip\n10.77.2.12\nrunid\nw\nflags\ns_down,slave",
}


def knows(watcher: Watcher, known: dict[str, str]) -> Path:
    """Sentinel tells what it has learned; the file has what it was ordered."""
    told = watcher.folder / "told"
    cases = "\n".join(f"""*"SENTINEL {kind}"*) printf '%s\\n' '{text}' ;;""" for kind, text in known.items())
    watcher.program(
        "redis-cli", f'read -r login; read -r order; echo "$order" >>{told}; echo OK\ncase $order in\n{cases}\nesac'
    )
    return told


def test_strangers_are_those_that_nobody_declares_and_that_are_silent(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path)
    knows(watcher, KNOWN)
    assert watcher.run("strangers").stdout == "10.77.2.98 10.77.2.99\n"


def test_who_runs_or_is_declared_is_no_stranger(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path)
    runs = {kind: text.replace("s_down,", "") for kind, text in KNOWN.items()}
    knows(watcher, runs)
    assert watcher.run("strangers").stdout == "none\n"
    knows(watcher, {"MASTER": "flags\nmaster"})
    assert watcher.run("strangers").stdout == "none\n"


def test_without_a_primary_nobody_is_called_a_stranger(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path)
    knows(watcher, {**KNOWN, "MASTER": "flags\no_down,master"})
    assert (watcher.run("strangers").returncode, watcher.run("strangers").stdout) == (1, "")


def test_after_forgetting_it_waits_until_the_others_are_known_again(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path)
    told = knows(watcher, KNOWN)
    assert watcher.run("forget").returncode == 0
    assert told.read_text().splitlines() == ["SENTINEL RESET im", "SENTINEL SENTINELS im"]


def test_the_witness_may_ask_redis() -> None:
    rules = recorded("test").files("im1")["/etc/im-firewall/rules.nft"]
    assert 'ip saddr @witness4 tcp dport { 6379 } accept comment "redis"' in rules
    assert 'ip saddr @witness4 tcp dport { 26379 } accept comment "sentinel"' in rules

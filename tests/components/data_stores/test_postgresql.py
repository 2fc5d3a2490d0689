"""PostgreSQL: what Patroni is told, and what the programs on the host say and do."""

import base64
import hmac
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from components.data_stores.patroni import lines
from components.data_stores.postgresql_files import (
    CHECK,
    DROP_IN,
    FOUNDING,
    PASSWORDS,
    PATRONI,
    PATRONI_PASSWORDS,
)
from components.data_stores.postgresql_settings import PostgreSQLSettings
from tests.components.data_stores.scripts import load
from tests.recording import as_config, run
from tests.topologies import TEST, recorded


def patroni(topology: str, host: str) -> dict[str, Any]:
    return dict(yaml.safe_load(recorded(topology).files(host)[PATRONI]))


def founding(topology: str, host: str) -> dict[str, Any]:
    return dict(yaml.safe_load(recorded(topology).files(host)[FOUNDING])["bootstrap"])


def service(topology: str, host: str) -> Mapping[str, Any]:
    return recorded(topology).services[f"{host}/postgresql"].inputs


def test_one_member_lets_its_im_server_in_and_nobody_else() -> None:
    assert patroni("dev", "dev1")["postgresql"]["pg_hba"] == [
        "local all postgres peer",
        "local all all scram-sha-256",
        "local replication replicator peer map=patroni",
        "hostssl im ejabberd 10.77.1.11/32 scram-sha-256",
    ]


def test_members_let_each_other_in_for_replication_only() -> None:
    remote = [line for line in patroni("prod", "db2")["postgresql"]["pg_hba"] if line.startswith("host")]
    assert [line for line in remote if "replicator" in line] == [
        "hostssl replication replicator 10.77.3.31/32 scram-sha-256",
        "hostssl replication replicator 10.77.3.33/32 scram-sha-256",
    ]
    assert all(line.startswith("hostssl ") and line.endswith(" scram-sha-256") for line in remote)
    assert not [line for line in remote if line.split()[2] == "postgres"]


def test_every_member_asks_all_of_etcd_over_the_api_that_loses_nothing() -> None:
    made = patroni("test", "im1")
    assert made["etcd"]["hosts"] == ["10.77.2.11:2379", "10.77.2.12:2379", "10.77.2.13:2379"]
    assert "etcd3" not in made


def test_the_loopback_is_left_to_the_way_from_the_im_server() -> None:
    assert patroni("dev", "dev1")["postgresql"]["listen"] == "10.77.1.11:5432"


def test_nothing_is_acknowledged_before_a_replica_has_it() -> None:
    shared = founding("test", "im1")["dcs"]
    assert shared["synchronous_mode"] is True
    assert shared["failsafe_mode"] is True
    assert "data-checksums" in founding("test", "im1")["initdb"]
    assert "fsync" not in patroni("test", "im1")["postgresql"]["parameters"]


def test_the_lock_outlives_two_tries_to_renew_it() -> None:
    for seconds in (15, 20, 300):
        text = run(as_config({**TEST, "im:postgresql": {"failover_seconds": seconds}}), "test").files("im1")[FOUNDING]
        shared = yaml.safe_load(text)["bootstrap"]["dcs"]
        assert shared["loop_wait"] + 2 * shared["retry_timeout"] <= shared["ttl"] == seconds


def test_orders_to_patroni_come_from_members_with_a_certificate() -> None:
    rest = patroni("test", "im2")["restapi"]
    assert rest["verify_client"] == "optional"
    assert rest["allowlist"] == ["10.77.2.12", "10.77.2.11"]


def test_passwords_stand_in_files_of_their_own() -> None:
    files = service("dev", "dev1")["files"]
    assert [path for path, file in files.items() if "${secret:" in file["content"]] == [
        path for path in files if path in (PATRONI_PASSWORDS, PASSWORDS) or path.endswith("/key.pem")
    ]
    assert files[PASSWORDS]["mode"] == "0600"


def test_each_adapter_has_its_own_database() -> None:
    assert {"role ejabberd", "database im"} <= set(service("dev", "dev1")["steps"])
    assert {"role package", "database package"} <= set(service("package", "im1")["steps"])
    assert "role ejabberd" not in service("package", "im1")["steps"]


def test_parameters_are_checked_before_a_file_is_replaced() -> None:
    assert service("dev", "dev1")["validate"] == {PATRONI: f"{CHECK} {{staged}}", FOUNDING: f"{CHECK} {{staged}}"}


def test_free_parameters_cannot_undo_what_is_promised() -> None:
    with pytest.raises(
        ValueError, match="fsync is not free to set; remove it, im:postgresql or the deployment decides"
    ):
        PostgreSQLSettings(parameters={"fsync": "off"})
    assert PostgreSQLSettings(parameters={"jit": "off"}).parameters == {"jit": "off"}


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = load("postgresql/patroni_order.py")
    monkeypatch.setattr(module, "local", lambda: {**patroni("test", "im1")})
    monkeypatch.setattr(module, "declared", lambda: founding("test", "im1")["dcs"])
    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    monkeypatch.setattr(module, "last_fatal", lambda _: ". It says: no")
    return module


class Cluster:
    """Answers as the members of a cluster would."""

    def __init__(self, **paths: Any) -> None:
        self.answers: dict[str, tuple[int, Any]] = {
            "/readiness": (200, {}),
            "/patroni": (200, {}),
            "/config": (200, {}),
            **paths,
        }
        self.orders: list[tuple[str, str, Any]] = []

    def ask(self, url: str, path: str, method: str = "GET", body: Any = None, seconds: int = 5) -> tuple[int, Any]:
        if method != "GET":
            self.orders.append((method, f"{url}{path}", body))
            if path == "/restart":
                self.answers[f"{url}/patroni"] = (200, {})
            return self.answers.get(f"{method} {path}", (200, ""))
        return self.answers.get(f"{url}{path}", self.answers.get(path, (503, {})))


IM1, IM2 = "https://10.77.2.11:8008", "https://10.77.2.12:8008"
MEMBERS = {
    "members": [
        {"name": "im1", "role": "leader", "state": "running", "api_url": f"{IM1}/patroni"},
        {"name": "im2", "role": "replica", "state": "running", "api_url": f"{IM2}/patroni"},
    ]
}


def failure(order: ModuleType, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, name: str) -> str:
    monkeypatch.setattr(order, "ask", cluster.ask)
    with pytest.raises(SystemExit) as ended:
        getattr(order, name)()
    return str(ended.value)


def test_a_cluster_with_a_synchronous_replica_is_healthy(order: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    healthy = Cluster(**{"/cluster": (200, MEMBERS), f"{IM1}/primary": (200, {}), f"{IM2}/synchronous": (200, {})})
    monkeypatch.setattr(order, "ask", healthy.ask)
    order.healthy()


def test_a_member_that_is_not_ready_is_not_healthy(order: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    starting = Cluster(**{"/readiness": (503, {"state": "starting"})})
    assert failure(order, starting, monkeypatch, "healthy") == "im1: PostgreSQL is not ready: starting"


def test_two_primaries_are_not_healthy(order: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    split = Cluster(**{"/cluster": (200, MEMBERS), "/primary": (200, {})})
    assert failure(order, split, monkeypatch, "healthy") == (
        "im1: one primary is expected, these say they are it: im1, im2"
    )


def test_a_replica_that_is_not_synchronous_is_not_healthy(order: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    behind = Cluster(**{"/cluster": (200, MEMBERS), f"{IM1}/primary": (200, {})})
    assert failure(order, behind, monkeypatch, "healthy") == "im1: no replica is synchronous yet"


def test_the_step_reads_what_the_program_declares(
    order: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    declared = founding("test", "im1")["dcs"]
    monkeypatch.setattr(order, "ask", Cluster(**{"/config": (200, declared)}).ask)
    order.show_settings()
    printed = capsys.readouterr().out.rstrip("\n")
    assert printed == "\n".join(lines(declared)) == service("test", "im1")["steps"]["cluster settings"]["want"]


def test_a_restart_that_is_pending_is_drift(
    order: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(order, "ask", Cluster(**{"/patroni": (200, {"pending_restart": True})}).ask)
    order.show_settings()
    assert capsys.readouterr().out.endswith("a restart is pending\n")


def test_replicas_restart_before_the_primary(order: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(**{"/cluster": (200, MEMBERS), "/patroni": (200, {"pending_restart": True})})
    monkeypatch.setattr(order, "ask", cluster.ask)
    monkeypatch.setattr(order, "wait", lambda done, seconds: done())
    order.apply()
    assert posted(cluster) == [f"{IM2}/restart", f"{IM1}/restart"]


def posted(cluster: Cluster) -> list[str]:
    return [url for method, url, _ in cluster.orders if method == "POST"]


def test_the_primary_hands_over_to_a_replica_that_has_restarted(
    order: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(**{"/cluster": (200, MEMBERS), f"{IM1}/patroni": (200, {"pending_restart": True})})
    cluster.answers[f"{IM2}/synchronous"] = (200, {})
    monkeypatch.setattr(order, "ask", cluster.ask)
    monkeypatch.setattr(order, "wait", lambda done, seconds: done())
    order.apply()
    assert posted(cluster) == [f"{IM1}/switchover", f"{IM1}/restart"]


class Lowered(Cluster):
    """A value became less: the replica keeps the old one until its primary has restarted."""

    def ask(self, url: str, path: str, method: str = "GET", body: Any = None, seconds: int = 5) -> tuple[int, Any]:
        answer = super().ask(url, path, method, body, seconds)
        if path == "/restart" and posted(self) == [f"{IM2}/restart"]:
            self.answers[f"{IM2}/patroni"] = (200, {"pending_restart": True})
        return answer


def test_a_replica_that_has_yet_to_restart_gets_nothing_handed_over(
    order: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It restarts once more after its primary."""
    cluster = Lowered(**{"/cluster": (200, MEMBERS), "/patroni": (200, {"pending_restart": True})})
    cluster.answers[f"{IM2}/synchronous"] = (200, {})
    monkeypatch.setattr(order, "ask", cluster.ask)
    monkeypatch.setattr(order, "wait", lambda done, seconds: done())
    order.apply()
    assert posted(cluster) == [f"{IM2}/restart", f"{IM1}/restart", f"{IM2}/restart"]


def test_settings_that_keep_postgresql_from_starting_are_put_back(
    order: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(
        **{
            "/cluster": (200, {"members": MEMBERS["members"][:1]}),
            "/config": (200, {"ttl": 30}),
            "/patroni": (200, {"pending_restart": True}),
            "POST /restart": (503, "restart failed"),
        }
    )
    assert failure(order, cluster, monkeypatch, "apply") == (
        "im1: PostgreSQL on im1 does not start with the new settings, the old are put back. It says: no"
    )
    assert [body for method, _, body in cluster.orders if method == "PUT"][-1] == {"ttl": 30}


def test_a_primary_hands_over_before_its_restart(order: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(**{"/cluster": (200, MEMBERS), "/primary": (200, {}), "/synchronous": (200, {})})
    cluster.answers[f"{IM1}/synchronous"] = (503, {})
    monkeypatch.setattr(order, "ask", cluster.ask)
    monkeypatch.setattr(order, "wait", lambda done, seconds: True)
    order.hand_over()
    assert cluster.orders == [("POST", f"{IM1}/switchover", {"leader": "im1", "candidate": "im2"})]


def test_of_three_members_another_may_be_synchronous_before_the_one_that_has_handed_over(
    order: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(**{"/cluster": (200, MEMBERS), f"{IM2}/synchronous": (200, {})})
    monkeypatch.setattr(order, "ask", cluster.ask)
    assert not order.has_handed_over(IM1)
    cluster.answers[f"{IM1}/replica"] = (200, {})
    assert order.has_handed_over(IM1)


def test_one_member_has_nobody_to_hand_over_to(order: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(**{"/cluster": (200, {"members": MEMBERS["members"][:1]}), "/primary": (200, {})})
    monkeypatch.setattr(order, "ask", cluster.ask)
    order.hand_over()
    assert cluster.orders == []


def test_a_password_is_stored_as_rfc_7677_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("postgresql/postgresql_object.py")
    monkeypatch.setattr(module.secrets, "token_bytes", lambda _: base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
    head, keys = module.verifier("pencil").rsplit("$", 1)
    assert head == "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="
    nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    exchange = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={nonce}"
    signature = hmac.digest(base64.b64decode(keys.split(":")[1]), exchange.encode(), "sha256")
    assert base64.b64encode(signature).decode() == "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


@pytest.mark.parametrize(
    ("rights", "login", "state"),
    [
        ("", 0, "there is no such role"),
        ("f", 2, "login is refused"),
        ("f", 0, "login works"),
        ("t", 0, "login works, with more rights than declared"),
    ],
)
def test_a_role_is_read_by_a_login(monkeypatch: pytest.MonkeyPatch, rights: str, login: int, state: str) -> None:
    module = load("postgresql/postgresql_object.py")
    monkeypatch.setattr(module, "is_replica", lambda: False)
    monkeypatch.setattr(module, "query", lambda sql: rights)
    monkeypatch.setattr(
        module, "psql", lambda sql, user: module.subprocess.CompletedProcess([], login if user == "ejabberd" else 9)
    )
    assert module.role("ejabberd") == state


def test_more_shared_buffers_than_memory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("postgresql/postgresql_check.py")
    (tmp_path / "patroni.yml").write_text("{scope: im, postgresql: {parameters: {shared_buffers: 2GB}}}")
    monkeypatch.setattr(module, "shared_buffers", lambda given: {"2GB": 2 << 30}[given["shared_buffers"]])
    monkeypatch.setattr(module, "memory", lambda: 4 << 30)
    module.check(tmp_path / "patroni.yml")
    monkeypatch.setattr(module, "memory", lambda: 2 << 30)
    with pytest.raises(SystemExit) as ended:
        module.check(tmp_path / "patroni.yml")
    assert str(ended.value) == "shared_buffers is 2048 MB, this host has 2048 MB in all; a quarter is usual"


def test_a_cluster_of_debians_is_served_where_it_lies_and_started_by_nobody_else() -> None:
    config = as_config({**TEST, "im:postgresql": {"data_directory": "/var/lib/postgresql/15/main"}})
    program = run(config, "test")
    inputs, files = program.services["im1/postgresql"].inputs, program.files("im1")

    assert yaml.safe_load(files[PATRONI])["postgresql"]["data_dir"] == "/var/lib/postgresql/15/main"
    assert files["/etc/postgresql/15/main/start.conf"].endswith("\ndisabled\n")
    assert inputs["units"]["postgresql@15-main.service"] == {
        "running": False, "enabled": False, "reload_on": [], "restart_on": [],
    }  # fmt: skip
    assert "\nExecStopPost=-/usr/local/lib/im/postgresql-existing release /var/lib/" in files[DROP_IN]
    assert inputs["steps"]["data"]["act"].endswith(" take /var/lib/postgresql/15/main")
    assert inputs["steps"]["data"]["when"] == "before_start"


def test_our_own_data_has_nothing_of_debians() -> None:
    inputs, files = service("test", "im1"), recorded("test").files("im1")

    assert list(inputs["units"]) == ["patroni.service"]
    assert "ExecStopPost" not in files[DROP_IN]
    assert not [path for path in files if path.endswith("start.conf")]


@pytest.mark.parametrize("folder", ["/var/lib/postgresql/13/main", "/srv/data", "/var/lib/postgresql/15/../x"])
def test_data_elsewhere_is_refused(folder: str) -> None:
    with pytest.raises(ValueError, match="data_directory"):
        PostgreSQLSettings(data_directory=folder)

"""Bacula: a client where there is something to save, for the site's director alone, and what that one includes."""

from components.network.firewall import RULES
from components.operations.bacula import CONFIG, JOBS, LOGIN
from tests.topologies import recorded


def file(host: str, path: str) -> str:
    return recorded("bacula").files(host)[path]


def test_there_are_no_clients_until_a_director_is_named() -> None:
    assert not [name for name in recorded("prod").services if name.endswith("/bacula")]


def test_each_host_with_something_to_save_has_a_client() -> None:
    hosts = [name.partition("/")[0] for name in recorded("bacula").services if name.endswith("/bacula")]
    assert sorted(hosts) == ["db1", "db2", "db3", "im1", "im2", "mq1", "mq2", "mq3", "op1"]


def test_only_the_director_logs_in_and_only_over_tls() -> None:
    text = file("im1", CONFIG)
    assert "Name = site-dir\n" in text
    assert text.count("TLS Require = yes") == text.count("TLS Enable = yes") == 2
    assert "Password" not in text
    assert file("im1", LOGIN).endswith('Password = "${secret:password_of_im1}"\n')
    assert 'tcp dport { 9102 } accept comment "bacula"' in file("im1", RULES)


def test_each_client_has_a_password_of_its_own_which_the_director_is_told() -> None:
    def secrets(host: str) -> dict[str, str]:
        found = recorded("bacula").services[f"{host}/bacula"].inputs["secrets"]
        return {name: text for name, text in found.items() if name != "key"}

    assert list(secrets("im1")) == ["password_of_im1"]
    assert secrets("op1")["password_of_im1"] == secrets("im1")["password_of_im1"]
    assert len(set(secrets("op1").values())) == 9


def test_the_director_is_told_what_each_host_has() -> None:
    told = file("op1", JOBS)
    assert told.count("\nJob {") == told.count("\nClient {") == told.count("\nFileSet {") == 9
    keeper = told.partition('Name = "im op1"')[2].partition("Job {")[0]
    assert [line.strip() for line in keeper.splitlines() if "File =" in line] == [
        'File = "/var/lib/onprem"',
        'File = "/var/lib/im-restic"',
        'File = "/var/lib/im-state"',
        'File = "/var/lib/pgbackrest/im"',
    ]
    assert 'File = "/var/lib/ejabberd/upload"' in told
    assert JOBS not in recorded("bacula").files("im1")


def test_what_is_restored_has_neither_unfinished_files_nor_those_that_had_gone() -> None:
    told = file("op1", JOBS)
    assert told.count("Accurate = yes") == 9
    assert told.count('wildfile = "*.pgbackrest.tmp"\n      exclude = yes\n') == 9
    assert told.index("wildfile") < told.index("signature")  # the first Options that match count

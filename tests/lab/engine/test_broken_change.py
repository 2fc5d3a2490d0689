"""A broken change is refused or taken back, with one message, and the service goes on."""

from tests.lab.engine.conftest import HOST
from tests.lab.engine.engine_stack import EngineStack, errors

TEMPLATES = "components/templates"


def refusal(stack: EngineStack, service: str) -> str:
    """The one error of a `pulumi up` that fails; what is pending afterwards is that change alone."""
    done = stack.up(check=False)
    (error,) = errors(done.stdout)
    assert done.returncode != 0
    assert stack.changes("--refresh") == {f"Service {HOST}/{service}": "update"}
    return error


def untouched(stack: EngineStack) -> None:
    """Without the change there is none, and messages get through."""
    assert stack.changes("--refresh") == {}
    stack.verify()


def test_a_haproxy_file_that_does_not_parse_is_refused(stack: EngineStack) -> None:
    with stack.patched(f"{TEMPLATES}/haproxy/haproxy.cfg.j2", "    retries 3\n", "    retrys 3\n") as broken:
        error = refusal(broken, "haproxy")

    assert error.startswith(
        f'{HOST}/haproxy: /etc/haproxy/haproxy.cfg is refused by "haproxy -c -f /etc/haproxy/haproxy.cfg": exit code 1'
    )
    assert "unknown keyword 'retrys' in 'defaults' section" in error
    assert error.endswith("; no file or unit was changed")
    untouched(stack)


def test_more_memory_for_postgresql_than_there_is_is_refused(stack: EngineStack) -> None:
    with stack.configured({"im:postgresql": {"shared_buffers": "900GB"}}):
        error = refusal(stack, "postgresql")

    assert "shared_buffers is 921600 MB, this host has" in error
    assert error.endswith("; no file or unit was changed")
    untouched(stack)


def test_a_setting_that_keeps_postgresql_from_starting_is_taken_back(stack: EngineStack) -> None:
    with stack.configured({"im:postgresql": {"parameters": {"shared_preload_libraries": "no_such_library"}}}):
        error = refusal(stack, "postgresql")

    assert error == (
        f"{HOST}/postgresql: step cluster settings: act failed with exit code 1: {HOST}: PostgreSQL on {HOST} does not"
        " start with the new settings, the old are put back. It says: could not access file"
        ' "no_such_library": No such file or directory; the previous files are back and patroni.service is running\n'
        "As before: /etc/patroni/im/patroni.yml, patroni.service reloaded.\n"
        "Stayed on the host: act of step cluster settings."
    )
    untouched(stack)


def test_administrators_networks_without_this_one_are_refused(stack: EngineStack) -> None:
    with stack.configured({"im:administrators": {"networks": ["198.51.100.0/24"]}}):
        done = stack.up(check=False)

    assert done.returncode != 0
    assert errors(done.stdout) == [
        f"{HOST}/ssh: this login comes from 10.77.1.1, outside the administrators' networks (198.51.100.0/24), and"
        " would be shut out; add its network, or log in from one of them"
    ]
    untouched(stack)


def test_a_firewall_that_shuts_ssh_out_is_taken_back_by_the_host(stack: EngineStack) -> None:
    rules = f"{TEMPLATES}/firewall/rules.nft.j2"
    with stack.patched(rules, "{% for rule in rules %}", '{% for rule in rules if rule.name != "ssh" %}') as broken:
        done = broken.up(check=False)
        stack.lab.ssh(HOST, "true")

    (error,) = errors(done.stdout)
    assert error.startswith(
        f"{HOST}/firewall: no new login succeeded within 60 s, so the host puts back what was before."
        f" {HOST}: cannot be reached at 10.77.1.11"
    )
    untouched(stack)

"""What a preview says about a live host."""

from onprem.previews import lines, without_unknown

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
FILE = {"mode": "0644", "owner": "root", "group": "root"}
UNIT = {"enabled": True, "reload_on": [], "restart_on": []}
DECLARED = {
    "packages": {"nginx": "", "libc6": "2.36", "curl": "8"},
    "users": {"web": {"system": True, "home": "/", "shell": "/bin/sh", "groups": ["adm"]}},
    "directories": {"/srv": {"mode": "0755", "owner": "root", "group": "root"}},
    "files": {
        "/etc/new": {**FILE, "content": "x\n"},
        "/etc/same": {**FILE, "content": "y\n"},
        "/etc/changed": {**FILE, "content": "a\nb\nc=${secret:pw}\n"},
        "/etc/later": {**FILE, "content": "${value:address} ${secret:pw}"},
    },
    "values": {"address": UNKNOWN, "name": "x"},
    "secrets": {"pw": "hunter2"},
    "units": {"nginx.service": {**UNIT, "running": True}},
}
LIVE = {
    "packages": {"libc6": "2.36", "curl": "7"},
    "users": {"web": {"system": True, "home": "/", "shell": "/bin/sh", "groups": ["adm", "more"]}},
    "directories": {},
    "files": {
        "/etc/same": {**FILE, "content": "y\n"},
        "/etc/changed": {**FILE, "content": "a\nB\nc=${secret:pw}\n", "mode": "0600"},
    },
    "units": {"nginx.service": {"running": False, "enabled": True}},
}


def test_each_change_is_a_line_and_a_file_a_line_diff() -> None:
    known, waiting = without_unknown(DECLARED)
    assert known["values"] == {"name": "x"}
    assert set(known["files"]) == {"/etc/new", "/etc/same", "/etc/changed"}
    assert lines(DECLARED, LIVE, waiting) == [
        "+ package nginx",
        "~ package curl: 7 => 8",
        "+ directory /srv",
        "+ file /etc/new:",
        "    +x",
        "~ file /etc/changed: mode: 0600 => 0644",
        "~ file /etc/changed:",
        "    @@ -1,3 +1,3 @@",
        "     a",
        "    -B",
        "    +b",
        "     c=${secret:pw}",
        "? file /etc/later: ${value:address} not known yet; declared:",
        "     ${value:address} ${secret:pw}",
        "~ unit nginx.service: running: no => yes",
    ]


def test_a_host_as_declared_needs_no_line() -> None:
    declared = {"packages": {"nginx": ""}, "files": {"/etc/same": {**FILE, "content": "y\n"}}}
    assert lines(declared, {"packages": {"nginx": "1.2"}, "files": LIVE["files"]}, {}) == []

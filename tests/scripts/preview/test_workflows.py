"""The workflow files: who may do what, and that a pull request's job holds nothing."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from commands.preview.markdown import MARKER

ROOT = Path(__file__).parents[3]
GITHUB = {path.stem: path for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))}
GITLAB = ROOT / ".gitlab-ci.yml"
PERMISSIONS = {
    ("preview", "preview"): {"contents": "read", "actions": "read"},
    ("preview", "comment"): {"actions": "read", "pull-requests": "write"},
    ("deploy", "test"): {"contents": "read"},
    ("deploy", "look-at-prod"): {"contents": "read"},
    ("deploy", "prod"): {"contents": "read"},
    ("drift", "drift"): {"contents": "read"},
}
ENVIRONMENTS = {
    ("preview", "preview"): "reader",
    ("deploy", "test"): "test",
    ("deploy", "look-at-prod"): "prod-look",
    ("deploy", "prod"): "prod",
    ("drift", "drift"): "${{ matrix.stack }}-look",
}
SECRET = re.compile(r"secrets\.|PASSPHRASE|SSH_KEY|READER_KEY|AWS_|with-key|PULUMI_ACCESS_TOKEN")
LOOKS = re.compile(r"scripts/(drift|preview \w+ --live)")
KEYWORDS = {"stages", "variables", "default", "workflow"}


def _github(name: str) -> dict[Any, Any]:
    document = yaml.safe_load(GITHUB[name].read_text())
    assert isinstance(document, dict)
    return document


def _github_jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name in GITHUB:
        for job, described in _github(name)["jobs"].items():
            yield name, job, described


def _gitlab() -> dict[str, Any]:
    document = yaml.safe_load(GITLAB.read_text())
    assert isinstance(document, dict)
    return document


def _gitlab_jobs() -> dict[str, dict[str, Any]]:
    return {name: job for name, job in _gitlab().items() if name not in KEYWORDS and not name.startswith(".")}


def _lines(script: list[Any]) -> list[str]:
    """GitLab flattens lists in scripts."""
    return [line for entry in script for line in (_lines(entry) if isinstance(entry, list) else [entry])]


def test_every_job_has_the_permissions_it_needs_and_no_other() -> None:
    found = {(name, job): described["permissions"] for name, job, described in _github_jobs()}

    assert found == PERMISSIONS
    assert {name: _github(name)["permissions"] for name in GITHUB} == dict.fromkeys(GITHUB, {})


def test_actions_are_the_platforms_own_and_pinned_to_a_whole_version() -> None:
    used = [step["uses"] for _, _, job in _github_jobs() for step in job["steps"] if "uses" in step]

    assert used
    assert [name for name in used if not re.fullmatch(r"actions/[a-z-]+@v\d+\.\d+\.\d+", name)] == []


def test_images_are_pinned_to_a_whole_version() -> None:
    images = [_gitlab()["default"]["image"], *(job["image"] for job in _gitlab_jobs().values() if "image" in job)]

    assert [image for image in images if not re.fullmatch(r"[a-z]+:\d+\.\d+\.\d+(-[a-z]+)?", image)] == []


def test_a_pull_request_has_no_secret_but_the_readers_key() -> None:
    assert list(_github("preview")[True]) == ["pull_request"]
    jobs = _github("preview")["jobs"]
    text = yaml.safe_dump(jobs, width=1_000)

    assert re.findall(r"secrets\.\w+", text) == ["secrets.READER_KEY"]
    assert not re.search("PASSPHRASE|AWS_|PULUMI_ACCESS_TOKEN", text)
    assert "environment" not in jobs["comment"]


def test_a_look_can_be_made_with_the_readers_key() -> None:
    """The job of a pull request always says that its key is the readers'; others where the environment says so."""
    steps = [
        (name, step) for name, _, job in _github_jobs() for step in job["steps"] if "SSH_KEY" in step.get("env", {})
    ]

    assert [step["env"].get("ONPREM_READER") for name, step in steps if name == "preview"] == ["im-reader"]
    for _, step in steps:
        assert ("ONPREM_READER" in step["env"]) == bool(LOOKS.search(step["run"]) or "$live" in step["run"]), step
    assert _gitlab_jobs()["preview"]["variables"] == {"ONPREM_READER": "im-reader"}


def test_a_pull_request_from_a_fork_runs_nothing() -> None:
    jobs = _github("preview")["jobs"]

    own = "github.event.pull_request.head.repo.full_name == github.repository"
    assert own in jobs["preview"]["if"].split(" && ")
    assert jobs["comment"]["needs"] == "preview"
    assert "needs.preview.result != 'skipped'" in jobs["comment"]["if"]


def test_the_code_of_a_pull_request_runs_without_a_token() -> None:
    """The token stays in the steps that name it, and no code is checked out where a comment can be written."""
    preview, comment = (_github("preview")["jobs"][job] for job in ("preview", "comment"))
    runs_code = [step for step in preview["steps"] if "scripts/" in step.get("run", "")]

    assert [sorted(step["env"]) for step in runs_code] == [["ONPREM_READER", "SSH_KEY", "SSH_KNOWN_HOSTS"]]
    assert [step["with"]["persist-credentials"] for step in preview["steps"] if "checkout" in step.get("uses", "")] == [
        False
    ]
    assert [step for step in comment["steps"] if "uses" in step or "scripts/" in step["run"]] == []


def test_secrets_are_in_protected_environments_only() -> None:
    with_secrets = {
        (name, job): described.get("environment")
        for name, job, described in _github_jobs()
        if SECRET.search(yaml.safe_dump(described))
    }

    assert with_secrets == ENVIRONMENTS


def test_what_holds_secrets_runs_after_a_merge_or_at_a_time() -> None:
    assert _github("deploy")[True] == {"push": {"branches": ["main"]}}
    assert list(_github("drift")[True]) == ["schedule", "workflow_dispatch"]


def test_no_text_of_an_event_is_put_into_a_script() -> None:
    scripts = [step.get("run", "") for _, _, job in _github_jobs() for step in job["steps"]]

    assert [script for script in scripts if "${{" in script] == []


def test_production_follows_test_and_what_an_approver_sees() -> None:
    jobs = _github("deploy")["jobs"]

    assert (jobs["look-at-prod"]["needs"], jobs["prod"]["needs"]) == ("test", "look-at-prod")
    gitlab = _gitlab_jobs()
    assert (gitlab["look at prod"]["needs"], gitlab["prod"]["needs"]) == (["test"], ["look at prod"])
    assert gitlab["prod"]["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "push"', "when": "manual"}]
    assert gitlab["prod"]["allow_failure"] is False


def test_no_update_is_cut_off_by_the_next() -> None:
    jobs = _github("deploy")["jobs"]
    gitlab = _gitlab_jobs()

    assert [jobs[name]["concurrency"] for name in ("test", "prod")] == ["stack-test", "stack-prod"]
    assert [gitlab[name]["resource_group"] for name in ("test", "prod")] == ["stack-test", "stack-prod"]
    assert [name for name, job in gitlab.items() if job.get("interruptible")] == ["preview"]


def test_a_merge_request_has_no_secret_but_the_readers_key() -> None:
    jobs = _gitlab_jobs()
    merge_request = '$CI_PIPELINE_SOURCE == "merge_request_event"'
    open_to_authors = {name for name, job in jobs.items() if any(rule["if"] == merge_request for rule in job["rules"])}

    assert open_to_authors == {"preview", "comment"}
    assert not SECRET.search(yaml.safe_dump(jobs["comment"]))
    assert not re.search("PASSPHRASE|AWS_|PULUMI_ACCESS_TOKEN|PREVIEW_TOKEN", yaml.safe_dump(jobs["preview"]))
    assert [jobs[name]["environment"]["name"] for name in ("preview", "comment")] == ["reader", "merge-request"]
    assert jobs["comment"]["variables"] == {"GIT_STRATEGY": "none"}
    own = "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID"
    rules = [rule["if"] for rule in _gitlab()["workflow"]["rules"] if "merge_request_event" in rule["if"]]
    assert [own in rule for rule in rules] == [True]


def test_what_holds_secrets_runs_on_the_default_branch_only() -> None:
    rules = [rule["if"] for rule in _gitlab()["workflow"]["rules"] if re.search('"(push|schedule)"', rule["if"])]

    assert len(rules) == 2
    assert all(rule.endswith("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH") for rule in rules)


def test_the_comment_is_found_by_the_mark_that_it_begins_with() -> None:
    assert MARKER in _github("preview")["jobs"]["comment"]["steps"][0]["run"]
    assert _gitlab()["variables"]["MARKER"] == MARKER


def _shell(name: str, text: str, folder: Path) -> None:
    path = folder / f"{name.replace(' ', '-')}.sh"
    path.write_text(f"#!/bin/bash\n# shellcheck disable=SC2086 # a list of stacks\n{{\n{text}\n}}\n")
    done = subprocess.run(["shellcheck", "--exclude=SC2154", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
def test_shellcheck_finds_nothing_in_scripts(tmp_path: Path) -> None:
    for name, job, described in _github_jobs():
        _shell(f"{name}-{job}", "\n".join(step.get("run", "") for step in described["steps"]), tmp_path)
    for name, described in _gitlab_jobs().items():
        _shell(name, "\n".join(_lines(described["script"])), tmp_path)


@pytest.fixture
def key(tmp_path: Path) -> str:
    if not shutil.which("ssh-agent"):
        pytest.skip("ssh-agent is not installed")
    path = tmp_path / "key"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "canary", "-f", str(path)]
    subprocess.run(command, check=True)
    return path.read_text()


def _with_key(tmp_path: Path, key: str, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "SSH_KEY": key,
        "SSH_KNOWN_HOSTS": "db1 ssh-ed25519 A",
    }
    return subprocess.run(
        [ROOT / ".ci" / "with-key", *command], env=environment, capture_output=True, text=True, check=False
    )


def test_the_key_is_in_the_agent_and_nowhere_else(tmp_path: Path, key: str) -> None:
    done = _with_key(tmp_path, key, "sh", "-c", "ssh-add -l; env; cat ~/.ssh/known_hosts")

    assert done.returncode == 0, done.stderr
    assert "canary (ED25519)" in done.stdout
    assert "PRIVATE KEY" not in done.stdout
    assert done.stdout.endswith("db1 ssh-ed25519 A\n")
    assert [path.name for path in (tmp_path / ".ssh").iterdir()] == ["known_hosts"]


def test_the_status_of_the_command_is_that_of_the_job(tmp_path: Path, key: str) -> None:
    assert _with_key(tmp_path, key, "sh", "-c", "exit 2").returncode == 2


def test_a_missing_key_is_a_sentence(tmp_path: Path) -> None:
    done = _with_key(tmp_path, "", "true")

    assert done.returncode != 0
    assert done.stderr.endswith(
        "SSH_KEY: the private key for the hosts is missing; set it as a secret of the environment of this job\n"
    )

"""How the engine is asked, and what becomes of its answer."""

import json
import os
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from commands.preview import PreviewError
from commands.preview.engine import preview
from tests.scripts.preview.recordings import RECORDED
from tests.scripts.preview.scripted_engine import scripted_engine

ROOT = Path(__file__).parents[3]
SAME = (RECORDED / "same.json").read_text()


def test_without_live_no_host_is_asked_anything(tmp_path: Path) -> None:
    engine = scripted_engine(tmp_path / "engine", {"preview": (0, SAME, "")})
    preview("dev", tmp_path, live=False, environment={**engine.environment, "ONPREM_LIVE": "1"})

    call = engine.calls[0]
    assert call["environment"]["ONPREM_LIVE"] == "0"
    assert "--refresh=false" in call["arguments"]
    assert call["arguments"][:2] == ["preview", "--json"]


def test_live_reads_the_hosts_and_looks_at_new_ones(tmp_path: Path) -> None:
    engine = scripted_engine(tmp_path / "engine", {"preview": (0, SAME, "")})
    preview("dev", tmp_path, live=True, environment={**engine.environment, "ONPREM_LIVE": "0"})

    assert engine.calls[0]["environment"]["ONPREM_LIVE"] == "1"
    assert "--refresh=true" in engine.calls[0]["arguments"]


def test_a_failed_preview_still_tells_what_it_knows(tmp_path: Path) -> None:
    engine = scripted_engine(tmp_path / "engine", {"preview": (1, (RECORDED / "protected.json").read_text(), "")})
    digest = preview("dev", tmp_path, live=False, environment=engine.environment)

    assert digest.has_errors
    assert [step.op for step in digest.changes] == ["update", "delete"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((6, "", "\nerror: no stack named 'dev' found\n"), "dev: no stack named 'dev' found"),
        ((255, "", ""), "dev: pulumi ended with status 255 and said nothing"),
        ((4, SAME, "error: out of memory\n"), "dev: out of memory"),
        (
            (0, '{"steps": [{"op": 1}, {}]}', ""),
            "dev: this version of pulumi prints a preview that is not understood (4 fields)",
        ),
    ],
)
def test_an_engine_without_a_preview_is_an_error_in_its_own_words(
    tmp_path: Path, answer: tuple[int, str, str], expected: str
) -> None:
    engine = scripted_engine(tmp_path / "engine", {"preview": answer})

    with pytest.raises(PreviewError) as raised:
        preview("dev", tmp_path, live=False, environment=engine.environment)
    assert str(raised.value) == expected


def test_no_secret_of_the_job_is_in_an_answer(tmp_path: Path) -> None:
    said = json.dumps({"diagnostics": [{"severity": "error", "message": "wrong: correct horse"}]})
    engine = scripted_engine(tmp_path / "engine", {"preview": (1, said, "")})
    environment = {**engine.environment, "PULUMI_CONFIG_PASSPHRASE": "correct horse"}
    digest = preview("dev", tmp_path, live=False, environment=environment)

    assert digest.diagnostics[0].message == "wrong: [secret]"


def test_a_missing_engine_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(PreviewError) as raised:
        preview("dev", tmp_path, live=False, environment={"PATH": str(tmp_path)})
    assert str(raised.value) == 'pulumi is not on PATH; install it, or run: eval "$(.ci/engine)"'


def test_the_engine_is_put_on_the_path_of_a_shell(tmp_path: Path) -> None:
    plugins = [{"name": name, "version": version(f"pulumi-{name}")} for name in ("command", "random", "tls")]
    engine = scripted_engine(tmp_path / "engine", {"plugin ls": (0, json.dumps(plugins), "")})
    environment = {**os.environ, **engine.environment}
    environment.pop("PULUMI_SKIP_UPDATE_CHECK", None)
    done = subprocess.run([ROOT / ".ci" / "engine"], env=environment, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "export PULUMI_SKIP_UPDATE_CHECK=true\n", "")

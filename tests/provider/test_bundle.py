"""The agent's journey: zipped, sent, imported from memory."""

import io
import marshal
import subprocess
import sys
import zipfile
from importlib.util import MAGIC_NUMBER

from onprem import bundle as subject
from onprem.agent import archive

MARKER = b"\0onprem\0"
MAIN = """
import os
from . import BUNDLE
from .deep import word

def main():
    import agent
    os.write(1, word.encode() + b" %d " % os.stat(agent.BUNDLE).st_size + os.read(0, 100))
"""


def zipped(sources: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, source in sources.items():
            archive.writestr(path, source)
    return buffer.getvalue()


def unzipped(bundle: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def start(sent: bytes) -> tuple[bytes, bytes]:
    done = subprocess.run(  # the same command line as on a host
        [sys.executable, "-I", "-S", "-c", subject.bootstrap()], input=sent, capture_output=True, check=False
    )
    return done.stdout, done.stderr


def test_the_agent_is_imported_from_memory_and_finds_its_input_untouched() -> None:
    bundle = zipped(
        {
            "agent/__init__.py": "BUNDLE = ''",
            "agent/main.py": MAIN,
            "agent/deep/__init__.py": "from .words import word",
            "agent/deep/words.py": "word = 'ready'",
        }
    )
    said, errors = start(len(bundle).to_bytes(4, "big") + bundle + b"first frame")
    assert said == MARKER + b"ready %d first frame" % len(bundle), errors.decode()


def test_a_connection_that_ends_early_is_said() -> None:
    assert start(b"\0\0\1\0too short") == (MARKER, b"the connection ended before the agent arrived\n")


def test_the_same_sources_give_the_same_bytes() -> None:
    first = subject.bundle()
    subject.bundle.cache_clear()
    assert subject.bundle() == first


def test_the_bundle_has_the_agent_and_nothing_else() -> None:
    names = unzipped(subject.bundle())
    assert {"agent/__init__.py", "agent/main.py"} <= names.keys()
    assert all(name.startswith("agent/") and name.endswith((".py", ".pyc")) for name in names)


def test_our_version_of_python_takes_the_compiled_code_and_another_the_sources() -> None:
    contents = {"agent/__init__.py": b"BUNDLE = ''", "agent/main.py": b"def main(): print('compiled here')"}
    code = compile("def main(): print('compiled there')", "main.py", "exec")
    ours, other = (magic + subject.UNCHECKED + marshal.dumps(code) for magic in (MAGIC_NUMBER, b"\0\0\r\n"))
    for compiled, said in ((ours, b"compiled there\n"), (other, b"compiled here\n")):
        bundle = zipped({**contents, "agent/main.pyc": compiled})
        assert start(len(bundle).to_bytes(4, "big") + bundle)[0] == MARKER + said


def test_every_module_is_compiled_and_readable_by_this_python() -> None:
    found = unzipped(subject.bundle())
    sources = [name for name in found if name.endswith(".py")]
    for name in sources:
        head, code = found[name + "c"][:16], marshal.loads(found[name + "c"][16:])  # noqa: S302 - made here
        assert head == MAGIC_NUMBER + subject.UNCHECKED
        assert code.co_code == compile(found[name], name, "exec").co_code


def test_a_reader_is_declared_by_its_digest() -> None:
    inputs = {"files": {"/r": {"content": "${reader}", "mode": "0755"}, "/x": {"content": "a ${reader}"}}}

    found = subject.with_reader(inputs)["files"]

    assert found["/r"] == {"content": f"${{reader:{archive.digest(archive.reader())}}}", "mode": "0755"}
    assert found["/x"] == inputs["files"]["/x"]
    assert subject.with_reader({"host": "web1"}) == {"host": "web1"}

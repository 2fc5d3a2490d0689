"""The engine was killed in the middle of the first deployment."""

from tests.lab.engine.conftest import HOST, Story


def test_the_lock_of_the_killed_engine_is_told(story: Story) -> None:
    assert story.locked.returncode != 0
    assert "the stack is currently locked by 1 lock(s)" in story.locked.stderr + story.locked.stdout


def test_the_next_run_says_what_was_cut_off_and_ends(story: Story) -> None:
    assert "interrupted while creating" in story.up.stdout
    assert "error:" not in story.up.stdout


def test_nothing_is_left_of_the_change_that_was_cut_off(story: Story) -> None:
    assert story.stack.lab.ssh(HOST, "ls -d /var/lib/onprem/services/*/transaction", check=False).stdout == ""
    assert story.stack.lab.ssh(HOST, "dpkg --audit").stdout == ""


def test_messages_get_through(story: Story) -> None:
    assert "15 of 15 work" in story.stack.verify().stdout

"""The drop rules of cuts."""

from pathlib import Path

from commands.lab.faults import Cut, read, ruleset
from commands.lab.places import Places

PLACES = Places("try", Path("/checkout"))
A, B = PLACES.bridge_port("a"), PLACES.bridge_port("b")


def rules(*cuts: Cut) -> list[str]:
    return [line.strip() for line in ruleset(PLACES, cuts).splitlines() if line.endswith("drop")]


def test_a_full_cut_drops_both_ways() -> None:
    assert rules(Cut("a")) == [f'iifname "{A}" drop', f'oifname "{A}" drop']


def test_a_one_way_cut_drops_that_way_only() -> None:
    assert rules(Cut("a", None, "in")) == [f'oifname "{A}" drop']
    assert rules(Cut("a", None, "out")) == [f'iifname "{A}" drop']


def test_a_cut_from_a_peer_names_both_ports() -> None:
    assert rules(Cut("a", "b")) == [f'iifname "{A}" oifname "{B}" drop', f'oifname "{A}" iifname "{B}" drop']


def test_no_cut_is_an_empty_chain_in_one_transaction() -> None:
    assert (
        ruleset(PLACES, ())
        == """\
table bridge lab_cuts {}
delete table bridge lab_cuts
table bridge lab_cuts {
    chain cuts {
    }
    chain input {
        type filter hook input priority 0;
        jump cuts
    }
    chain forward {
        type filter hook forward priority 0;
        jump cuts
    }
    chain output {
        type filter hook output priority 0;
        jump cuts
    }
}
"""
    )


def test_a_lab_without_cuts_has_none(tmp_path: Path) -> None:
    assert read(Places("try", tmp_path)) == ()

"""What the ledger makes of sends, acknowledgements, deliveries and archives."""

from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from commands.drill.ledger import Count, Ledger, Message, reordered

PEOPLE = ("ann", "bob", "cid")
ONE, TWO, THREE = (Message("ann", "bob", number) for number in (1, 2, 3))
messages = st.builds(Message, st.sampled_from(PEOPLE), st.sampled_from(PEOPLE), st.integers(0, 5))
events = st.lists(st.tuples(st.sampled_from(("sent", "acknowledged", "delivered", "archived")), messages))


def _ledger(told: list[tuple[str, Message]]) -> Ledger:
    ledger = Ledger()
    for place, (event, message) in enumerate(told):
        match event:
            case "sent":
                ledger.note_sent(message, place)
            case "acknowledged":
                ledger.note_acknowledged(message, place)
            case "delivered":
                ledger.note_delivered(message)
            case "archived":
                ledger.note_archive(message.recipient, [message])
    return ledger


def test_a_message_that_went_all_the_way_is_in_no_other_figure() -> None:
    ledger = _ledger([("sent", ONE), ("acknowledged", ONE), ("delivered", ONE), ("archived", ONE)])
    ledger.note_archive("ann", [ONE])

    ways = {"sent": 1, "acknowledged": 1, "delivered": 1, "in_senders_archive": 1, "in_recipients_archive": 1}
    assert {name: value for name, value in asdict(ledger.count()).items() if value} == ways
    assert ledger.under_way == 0


def test_what_goes_out_once_more_is_one_message_sent_again() -> None:
    ledger = _ledger([("sent", ONE), ("sent", TWO), ("sent", ONE), ("acknowledged", ONE)])

    assert (ledger.count().sent, ledger.resent) == (2, 1)


def test_what_was_acknowledged_and_is_nowhere_is_lost() -> None:
    assert _ledger([("sent", ONE), ("acknowledged", ONE)]).count() == Count(
        sent=1, acknowledged=1, lost=1, unseen=1, not_in_senders_archive=1, not_in_recipients_archive=1
    )


def test_what_was_not_acknowledged_is_not_lost() -> None:
    ledger = _ledger([("sent", ONE)])

    assert ledger.count() == Count(sent=1)
    assert ledger.under_way == 1


def test_what_only_the_sender_can_find_is_unseen() -> None:
    ledger = _ledger([("sent", ONE), ("acknowledged", ONE)])
    ledger.note_archive("ann", [ONE])

    counted = ledger.count()
    assert (counted.lost, counted.unseen, counted.not_in_recipients_archive) == (0, 1, 1)


def test_a_message_that_came_twice_is_duplicated_and_not_reordered() -> None:
    told = [(event, message) for message in (ONE, TWO) for event in ("sent", "delivered")]
    counted = _ledger([*told, ("delivered", ONE)]).count()

    assert (counted.delivered, counted.duplicated, counted.multiplied, counted.reordered) == (2, 1, 1, 0)


def test_a_message_that_was_sent_twice_may_come_twice() -> None:
    counted = _ledger([("sent", ONE), ("sent", ONE), ("delivered", ONE), ("delivered", ONE)]).count()

    assert (counted.duplicated, counted.multiplied) == (1, 0)


def test_what_came_after_a_later_one_is_reordered() -> None:
    assert reordered([ONE, THREE, TWO]) == 1
    assert reordered([TWO, Message("bob", "ann", 1), Message("ann", "cid", 1)]) == 0


def test_an_archive_with_a_later_message_first_is_reordered() -> None:
    ledger = _ledger([("sent", ONE), ("sent", TWO)])
    ledger.note_archive("ann", [ONE, TWO, ONE])
    ledger.note_archive("bob", [THREE, TWO, ONE])

    assert ledger.count().archives_reordered == 1


def test_a_message_of_an_earlier_round_counts_nowhere() -> None:
    assert _ledger([("delivered", ONE), ("acknowledged", ONE), ("archived", ONE)]).count() == Count()


@given(messages)
def test_a_message_is_read_from_its_own_text(message: Message) -> None:
    assert Message.read(str(message)) == message


@given(st.text())
def test_other_texts_are_no_message(text: str) -> None:
    found = Message.read(text)

    assert found is None or str(found) == text or found.number == int(text.split(" ")[3])


@given(events)
def test_figures_fit_each_other_whatever_happens(told: list[tuple[str, Message]]) -> None:
    counted = _ledger(told).count()

    assert 0 <= counted.lost <= counted.unseen <= counted.not_in_recipients_archive <= counted.acknowledged
    assert counted.lost <= counted.not_in_senders_archive <= counted.acknowledged <= counted.sent
    assert counted.reordered <= counted.delivered <= counted.sent
    assert counted.lost + counted.delivered <= counted.sent


@given(events)
def test_each_message_is_judged_by_itself(told: list[tuple[str, Message]]) -> None:
    whole = _ledger(told).count()
    alone = [
        _ledger([event for event in told if event[1] == message]).count() for message in {each[1] for each in told}
    ]

    for name in set(asdict(whole)) - {"reordered", "archives_reordered"}:
        assert getattr(whole, name) == sum(getattr(part, name) for part in alone), name


@given(st.lists(messages, unique=True))
def test_in_the_order_of_their_numbers_nothing_is_reordered(sent: list[Message]) -> None:
    assert reordered(sorted(sent, key=lambda message: message.number)) == 0

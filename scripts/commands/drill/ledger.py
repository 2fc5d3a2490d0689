"""What became of each message of a round. Times are seconds of the machine's monotonic clock."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

MARK = "drill"


@dataclass(frozen=True)
class Message:
    """One numbered message; the numbers of one sender to one recipient rise by one."""

    sender: str
    recipient: str
    number: int

    def __str__(self) -> str:
        """The text, and the id, that it travels with."""
        return f"{MARK} {self.sender} {self.recipient} {self.number}"

    @classmethod
    def read(cls, text: str) -> "Message | None":
        """None for anything else that a client may receive."""
        words = text.split(" ")
        if len(words) != 4 or words[0] != MARK or not words[3].isdecimal():
            return None
        return cls(words[1], words[2], int(words[3]))


@dataclass(frozen=True)
class Count:
    """A round's figures. `acknowledged` means that the server has told the sender (XEP-0198) that it took the message.

    lost: acknowledged, yet neither delivered nor in any archive. unseen: acknowledged, yet its recipient neither got it
    nor can find it. not_in_…: acknowledged, yet missing in that archive. multiplied: deliveries of a message beyond
    the number of times that it was sent. archives_reordered: places in archives after a later message of the same
    sender to the same recipient.
    """

    sent: int = 0
    acknowledged: int = 0
    delivered: int = 0
    in_senders_archive: int = 0
    in_recipients_archive: int = 0
    duplicated: int = 0
    multiplied: int = 0
    reordered: int = 0
    lost: int = 0
    unseen: int = 0
    not_in_senders_archive: int = 0
    not_in_recipients_archive: int = 0
    archives_reordered: int = 0


@dataclass
class Ledger:
    """Written to while people chat, and counted afterwards."""

    sent: dict[Message, float] = field(default_factory=dict)
    acknowledged: dict[Message, float] = field(default_factory=dict)
    deliveries: list[Message] = field(default_factory=list)
    sendings: Counter[Message] = field(default_factory=Counter)
    """How often a message went out: once more each time its connection ended before it was acknowledged."""
    archives: dict[str, list[Message]] = field(default_factory=dict)
    """By the name of the account that owns the archive, each in its own order."""

    def note_sent(self, message: Message, at: float) -> None:
        """The first time counts; a resend is the same message."""
        self.sendings[message] += 1
        self.sent.setdefault(message, at)

    def note_acknowledged(self, message: Message, at: float) -> None:
        """Once is enough."""
        self.acknowledged.setdefault(message, at)

    def note_delivered(self, message: Message) -> None:
        """In the order in which recipients get them."""
        self.deliveries.append(message)

    def note_archive(self, owner: str, found: Iterable[Message]) -> None:
        """What `owner` can read back, in the archive's order."""
        self.archives.setdefault(owner, []).extend(found)

    @property
    def resent(self) -> int:
        """How often a message went out once more."""
        return self.sendings.total() - len(self.sendings)

    @property
    def under_way(self) -> int:
        """Messages that were sent, and are not both acknowledged and delivered."""
        return len(self.sent.keys() - (self.acknowledged.keys() & set(self.deliveries)))

    def count(self) -> Count:
        """Only of messages that were sent in this round; what comes late from an earlier one is not ours."""
        ours = [message for message in self.deliveries if message in self.sent]
        deliveries = Counter(ours)
        delivered = set(ours)
        archives = {owner: self.sent.keys() & set(found) for owner, found in self.archives.items()}
        with_sender = {message for message in self.sent if message in archives.get(message.sender, ())}
        with_recipient = {message for message in self.sent if message in archives.get(message.recipient, ())}
        taken = set(self.acknowledged) & self.sent.keys()
        return Count(
            sent=len(self.sent),
            acknowledged=len(taken),
            delivered=len(delivered),
            in_senders_archive=len(with_sender),
            in_recipients_archive=len(with_recipient),
            duplicated=sum(times - 1 for times in deliveries.values()),
            multiplied=(deliveries - self.sendings).total(),
            reordered=reordered(dict.fromkeys(ours)),
            lost=len(taken - delivered - with_sender - with_recipient),
            unseen=len(taken - delivered - with_recipient),
            not_in_senders_archive=len(taken - with_sender),
            not_in_recipients_archive=len(taken - with_recipient),
            archives_reordered=sum(
                reordered(dict.fromkeys(message for message in found if message in self.sent))
                for found in self.archives.values()
            ),
        )


def reordered(deliveries: Iterable[Message]) -> int:
    """How many come after a later one of the same sender to the same recipient. Each message counts once."""
    latest: dict[tuple[str, str], int] = {}
    late = 0
    for message in deliveries:
        pair = (message.sender, message.recipient)
        late += message.number < latest.get(pair, -1)
        latest[pair] = max(message.number, latest.get(pair, -1))
    return late

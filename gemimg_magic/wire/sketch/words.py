"""Reads a prompt into a Scene. Pure, and made for any text: what is not understood is left out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from .colours import RGB
from .lettering import take_lettering
from .lexicon import (
    EMPTY_PAIRS,
    NUMBERS,
    PAIRS,
    PLACES,
    QUIET,
    RELATION_WORDS,
    SEASONS,
    SETTINGS,
    SIZES,
    STYLES,
    TIMES,
    WEATHER,
    kind_of_word,
    style_of,
)
from .scene import Pending, Relation, Scene, Thing
from .tokens import LONGEST, read_colour, tokens

MOST_THINGS = 12
MOST_COPIES = 60


@dataclass(slots=True)
class _Reader:
    """Walks once over the words and collects what they ask for."""

    words: list[str]
    at: int = 0
    pending: Pending = field(default_factory=Pending)
    things: list[Thing] = field(default_factory=list)
    relation: tuple[str, int, int | None] | None = None
    settings: list[str] = field(default_factory=list)
    colours: list[RGB] = field(default_factory=list)
    background: RGB | None = None
    gradient: tuple[RGB, ...] = ()
    unknown: list[str] = field(default_factory=list)
    joined: set[int] = field(default_factory=set)
    after_and: bool = False

    def phrase(self, length: int) -> str:
        return " ".join(self.words[self.at : self.at + length])

    def read(self) -> None:
        while self.at < len(self.words):
            if self.words[self.at] in ".,;:!?()[]|\n":
                self._close()
                self.at += 1
                continue
            steps = (self._gradient, self._colour, self._place, self._relation, self._number, self._noun)
            self.at += next((taken for step in steps if (taken := step())), 0) or self._other()
        self._close()

    def _close(self) -> None:
        """At a stop, a noun that nobody drew stands for itself, and a late place or colour is applied."""
        waiting = self.pending
        named = waiting.article or waiting.count is not None or waiting.colour is not None
        if waiting.unknown and (
            named or (self.relation is not None and self.relation[0] not in {"in", "on"})
        ):
            self._add("motif", waiting.unknown, False)
        elif self.things and waiting.place != (None, None):
            self._settle(waiting.place)
        elif waiting.colour is not None:
            self.colours.append(waiting.colour)
        self.pending = Pending()

    def _settle(self, place: tuple[float | None, float | None]) -> None:
        last = self.things[-1]
        if last.place is None:
            self.things[-1] = replace(last, place=_full(place), relation=None)

    def _gradient(self) -> int:
        if self.words[self.at] != "gradient":
            return 0
        found: list[RGB] = []
        index, end = self.at + 1, min(len(self.words), self.at + 14)
        while index < end and (
            self.words[index] in {"from", "to", "of", "and", "into", "through", ","} or found == []
        ):
            index += 1
            colour, taken = read_colour(self.words, index) if index < end else (None, 0)
            if colour is not None:
                found.append(colour)
                index += taken
        if len(found) < 2:
            return 0
        self.gradient = tuple(found[:4])
        self._close()
        return index - self.at

    def _colour(self) -> int:
        colour, taken = read_colour(self.words, self.at)
        if colour is None:
            return 0
        after = self.words[self.at + taken : self.at + taken + 1]
        before = self.words[max(0, self.at - 3) : self.at]
        if after in (["background"], ["backdrop"]):
            self.background = colour
            self.pending = Pending()
            self.relation = None
            return taken + 1
        if "background" in before or "backdrop" in before:
            self.background = colour
        elif (
            before[-1:] in (["is"], ["are"], ["in"])
            and self.things
            and (not after or kind_of_word(after[0]) is None)
        ):
            self.things[-1] = replace(self.things[-1], colour=colour)
            self.relation = None
        else:
            self.pending.colour = colour
        return taken

    def _place(self) -> int:
        word = self.words[self.at]
        if word not in PLACES or self._relation_here() is not None:
            return 0
        across, down = PLACES[word]
        now = self.pending.place
        if word == "corner" and now == (None, None):
            across, down = 0.82, 0.2
        self.pending.place = (now[0] if across is None else across, now[1] if down is None else down)
        if word in {"left", "right", "corner"} or down is not None:
            self.relation = None
        return 1

    def _relation_here(self) -> tuple[str, int] | None:
        for kind, phrases in RELATION_WORDS:
            for words in phrases:
                length = words.count(" ") + 1
                if self.phrase(length) == words:
                    return kind, length
        return None

    def _relation(self) -> int:
        found = self._relation_here()
        if found is None:
            return 0
        if self.pending.unknown:
            self._close()
        if self.things:
            self.relation = (found[0], len(self.things) - 1, None)
        return found[1]

    def _number(self) -> int:
        word = self.words[self.at]
        if word in NUMBERS or (word.isdecimal() and word.isascii() and len(word) < 4):
            count = NUMBERS.get(word) or int(word)
            if word in {"a", "an"}:
                self.pending.article = True
                self.pending.count = self.pending.count or None
            else:
                self.pending.count = max(1, min(MOST_COPIES, count))
            return 1
        if word in SIZES:
            self.pending.size *= SIZES[word]
            return 1
        if word == "the":
            self.pending.article = True
            return 1
        return 0

    def _noun(self) -> int:
        pair = self.phrase(2)
        if pair in EMPTY_PAIRS:
            return 2
        if pair in PAIRS:
            self._add(PAIRS[pair], pair, False)
            return 2
        word = self.words[self.at]
        if word == "stars" and (self.pending.count or self.pending.colour):
            self._add("star", word, True)
            return 1
        if word in SETTINGS and not (word == "mountain" and self.pending.count):
            self.settings.append(SETTINGS[word])
            known = kind_of_word(word)
            if known is None or word == "stars":
                self.relation, self.pending = None, Pending()
                return 1
        found = kind_of_word(word)
        if found is None:
            return 0
        if word in {"coffee", "tea"} and self.things and self.words[self.at - 1] == "of":
            return 1
        self._add(found[0], word, found[1])
        return 1

    def _other(self) -> int:
        word = self.words[self.at]
        if (
            word not in QUIET
            and word not in STYLES
            and word not in TIMES
            and word not in SEASONS
            and word not in WEATHER
        ):
            self.pending.unknown = word
            if len(word) > 2 and not word.isdecimal():
                self.unknown.append(word)
        if word in {"for", "of", "to", "from", "at"} and self.pending.unknown:
            self._close()
        if word in {"and", "or", "but"}:
            self._close_list()
            self.after_and = True
        return 1

    def _close_list(self) -> None:
        relation = self.relation
        self._close()
        self.relation = relation if relation is not None and relation[0] == "between" else None

    def _add(self, kind: str, noun: str, plural: bool) -> None:
        waiting = self.pending
        self.pending = Pending()
        if len(self.things) >= MOST_THINGS:
            return
        count = waiting.count or (4 if plural else 1)
        place = _full(waiting.place) if waiting.place != (None, None) else None
        if self.after_and and self.things:
            self.joined.add(len(self.things))
        self.after_and = False
        self.things.append(Thing(kind, noun[:40], count, waiting.size, waiting.colour, place))
        self._relate(len(self.things) - 1)

    def _relate(self, new: int) -> None:
        if self.relation is None:
            return
        kind, old, first = self.relation
        if kind == "between":
            if first is None and self.things[new].count > 1:
                self.things[old] = replace(self.things[old], relation=Relation(kind, new, new))
                self.relation = None
                return
            if first is None:
                self.relation = (kind, old, new)
                return
            self.things[old] = replace(self.things[old], relation=Relation(kind, first, new))
        elif kind in {"hold", "wear"}:
            self.things[new] = replace(self.things[new], relation=Relation(kind, old))
        else:
            self._relate_all(kind, old, new)
        self.relation = None

    def _relate_all(self, kind: str, old: int, new: int) -> None:
        """Things that were joined by "and" share what is said of the last of them."""
        while old >= 0 and self.things[old].relation is None:
            self.things[old] = replace(self.things[old], relation=Relation(kind, new))
            if old not in self.joined:
                return
            old -= 1


def _full(place: tuple[float | None, float | None]) -> tuple[float, float]:
    across, down = place
    return 0.5 if across is None else across, 0.5 if down is None else down


def read_scene(text: str, seed: int = 0) -> Scene:
    """Read a prompt.

    Args:
        text: Any text at all.
        seed: Another seed gives another palette and composition of the same scene.
    """
    rest, lettering = take_lettering(text[:LONGEST])
    words = tokens(rest)
    reader = _Reader(words)
    reader.read()
    things = list(reader.things)
    line = " ".join(word for word in words if word.isalnum())
    if not things and not reader.settings and not reader.gradient:
        fresh = list(dict.fromkeys(reader.unknown))[:3]
        things = [Thing("motif", word[:40]) for word in fresh if not lettering]
    found = [word for word in words if word in TIMES]
    return Scene(
        things=tuple(things),
        settings=tuple(dict.fromkeys(reader.settings)),
        time=TIMES[found[0]] if found else "",
        season=next((SEASONS[word] for word in words if word in SEASONS), ""),
        weather=tuple(dict.fromkeys(WEATHER[word] for word in words if word in WEATHER)),
        background=reader.background,
        gradient=reader.gradient,
        lettering=lettering,
        style=style_of(line),
        colours=tuple(reader.colours[:4]),
        key=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16],
        seed=seed,
    )

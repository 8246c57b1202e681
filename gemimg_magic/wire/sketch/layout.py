"""Decides where every thing of a scene stands. Pure: a Scene and a size go in, boxes come out."""

from __future__ import annotations

from dataclasses import replace

from .dice import Dice
from .groups import ATTACHED, HELD, WORN, Box, Group, Placed, group_of, scattered
from .scene import Relation, Scene
from .stage import Stage


def arrange(scene: Scene, stage: Stage, size: tuple[int, int]) -> list[Placed]:
    """Place all things of a scene on a picture of that size."""
    return _Layout(scene, stage, size).run()


class _Layout:
    """One run of the arrangement."""

    def __init__(self, scene: Scene, stage: Stage, size: tuple[int, int]) -> None:
        self.scene, self.stage = scene, stage
        self.width, self.height = size
        self.dice = Dice("layout", scene.key, scene.seed)
        self.groups = [group_of(thing, stage) for thing in scene.things]
        self.done: dict[int, Box] = {}
        self.placed: list[Placed] = []
        letters = bool(scene.lettering)
        self.open_top = 0.2 if letters else 0.06
        self.floor = {"plain": 0.93, "room": 0.86, "sea": 0.84, "beach": 0.9, "space": 0.92}.get(
            stage.place, 0.88
        )
        self.base = min(self.height * (0.5 if letters else 0.58), self.width * 0.62)

    def run(self) -> list[Placed]:
        free = [index for index in range(len(self.groups)) if self._column(index)]
        sky = [index for index in free if self._floats(index)]
        self._stand(self._ordered([index for index in free if index not in sky]))
        for number, index in enumerate(sky):
            self._float(index, number)
        for _ in self.groups:
            for index in range(len(self.groups)):
                if index not in self.done:
                    self._attach(index)
        for index in range(len(self.groups)):
            if index not in self.done:
                self._put(index, self.width / 2, self.height * self.floor, self.base * 0.6, 0.5)
        return sorted(self.placed, key=lambda item: item.depth)

    def _relation(self, index: int) -> Relation | None:
        thing = self.scene.things[index]
        relation = thing.relation
        if relation is None:
            return None
        if self.groups[relation.to].kind.home == "sky" and relation.kind in {"below", "in", "front"}:
            return None
        if relation.kind == "hold" and (thing.kind not in HELD or thing.count > 1):
            kind = "wear" if thing.kind in WORN else "beside"
            return replace(relation, kind=kind)
        if relation.kind == "in" and self.groups[index].kind.tall >= self.groups[relation.to].kind.tall:
            return replace(relation, kind="behind")
        return relation

    def _column(self, index: int) -> bool:
        relation = self._relation(index)
        return relation is None or relation.kind not in ATTACHED

    def _floats(self, index: int) -> bool:
        thing, kind = self.scene.things[index], self.groups[index].kind
        if thing.place is not None:
            return True
        outdoors = self.stage.place in {"land", "sea", "beach", "desert", "space"}
        alone = len(self.groups) == 1
        if kind.home == "sky":
            return not alone or outdoors
        return outdoors and (
            (thing.kind in {"star", "heart"} and not alone)
            or (kind.home == "air" and self.stage.place != "space")
        )

    def _ordered(self, indices: list[int]) -> list[int]:
        order = list(indices)
        for index in indices:
            relation = self._relation(index)
            if relation is None or relation.to not in order or index not in order or relation.to == index:
                continue
            if relation.kind in {"left", "right", "beside"}:
                order.remove(index)
                order.insert(order.index(relation.to) + (relation.kind == "right"), index)
            elif relation.kind == "between" and relation.also is not None and relation.also != relation.to:
                order.remove(index)
                if relation.also in order:
                    order.remove(relation.also)
                    order.insert(order.index(relation.to) + 1, relation.also)
                order.insert(order.index(relation.to) + 1, index)
        return order

    def _stand(self, order: list[int]) -> None:
        if not order:
            return
        gap = 0.12
        total = sum(self.groups[index].wide for index in order) + gap * (len(order) - 1)
        highest = max(self.groups[index].high for index in order)
        crowned = any(thing.relation and thing.relation.kind == "above" for thing in self.scene.things)
        room = self.height * (self.floor - self.open_top - 0.03) * (0.72 if crowned else 1.0)
        if self.stage.place != "plain" and highest > 1.28:
            room = min(room, self.height * (0.5 if self.scene.settings else 0.62))
        unit = min(self.base * 1.08, self.width * 0.88 / total, room / highest)
        left = (self.width - total * unit) / 2
        if len(order) == 1 and self.stage.place == "land":
            left += self.dice.real(-0.06, 0.06) * self.width
        for index in order:
            group = self.groups[index]
            flat = self.stage.place == "plain" or (group.kind.home == "air" and self.stage.place == "space")
            middle = self.height * (0.56 if self.scene.lettering else 0.5)
            foot = middle + group.high * unit / 2 if flat else self.height * self.floor
            if not flat and group.kind.tall >= 1.28 and len(order) > 1:
                foot -= self.height * 0.05
            self._put(index, left + group.wide * unit / 2, foot, unit, 0.4 + foot / self.height / 10)
            left += (group.wide + gap) * unit
        self._between_copies(order, unit)

    def _between_copies(self, order: list[int], unit: float) -> None:
        """ "Between two trees": the copies step aside to make room."""
        for index in order:
            relation = self._relation(index)
            if relation is None or relation.kind != "between" or relation.also != relation.to:
                continue
            if relation.to not in order or index not in self.done:
                continue
            self.placed = [
                item
                for item in self.placed
                if item.thing not in (self.scene.things[index], self.scene.things[relation.to])
            ]
            foot = self.height * self.floor
            pair = self.groups[relation.to]
            for number, share in enumerate((0.2, 0.8)):
                single = replace(pair, copies=((0.0, 0.0, pair.copies[0][2]),), wide=pair.kind.wide)
                self._put_group(
                    relation.to,
                    single,
                    self.width * share,
                    foot - self.height * 0.03,
                    unit,
                    0.3 + number / 100,
                )
            self._put(
                index,
                self.width / 2,
                foot,
                min(unit, self.width * 0.36 / max(0.1, self.groups[index].wide)),
                0.5,
            )

    def _float(self, index: int, number: int) -> None:
        group, thing = self.groups[index], self.scene.things[index]
        if thing.place is None and thing.count > 3:
            self._scatter(index)
            return
        crowd = len(self.groups) > 1 or bool(self.scene.settings)
        unit = self.base * (0.72 if crowd else 1.3)
        if group.kind.home not in {"sky", "air"}:
            unit = self.base * (0.62 if crowd or thing.place else 1.2)
        unit = min(unit, self.width * 0.86 / group.wide, self.height * 0.72 / group.high)
        across, down = thing.place or (
            (0.76, 0.25)
            if crowd and number == 0
            else ((0.24 + 0.26 * number) % 0.9, 0.24)
            if crowd
            else (0.5, 0.4)
        )
        if thing.place is None and self.dice.real() < 0.4 and crowd:
            across = 1.0 - across
        high = group.high * unit
        x = min(max(across * self.width, group.wide * unit * 0.54), self.width - group.wide * unit * 0.54)
        y = min(max(down * self.height, high * 0.56), self.height - high * 0.56)
        if group.kind.home == "ground" and thing.place is not None and down == 0.5:
            y = self.height * self.floor - high / 2
        self._put(index, x, y + high / 2, unit, 0.2 if group.kind.home == "sky" else 0.45)

    def _scatter(self, index: int, over: float = 0.52) -> None:
        """Spread many small things over the sky, none too near to another."""
        thing, group = self.scene.things[index], self.groups[index]
        unit = min(self.base * 0.42, self.width * 0.2) * thing.size * group.kind.tall
        unit /= max(1.0, thing.count / 8) ** 0.5
        for x, y in scattered(thing.count, over, self.dice):
            high = unit * self.dice.real(0.7, 1.15)
            wide = high * group.kind.wide
            self.placed.append(
                Placed(thing, (x * self.width - wide / 2, y * self.height - high / 2, wide, high), 0.2)
            )
        self.done[index] = (0.0, 0.0, self.width, self.height * over)

    def _attach(self, index: int) -> None:
        relation = self._relation(index)
        if relation is None or relation.to not in self.done:
            return
        left, top, wide, high = self.done[relation.to]
        group, kind = self.groups[index], self.groups[relation.to].kind
        middle, foot = left + wide / 2, top + high
        depth = 0.5
        unit = high / max(0.3, self.groups[relation.to].high)
        if relation.kind == "hold":
            unit *= 0.56 if group.kind.tall > 0.5 else 0.66
            x, y = left + kind.hand[0] * wide, top + kind.hand[1] * high + group.high * unit * 0.55
            depth = 0.9
        elif relation.kind == "wear":
            unit = wide * 0.56 / group.kind.wide / max(0.2, group.copies[0][2]) if wide < high * 1.3 else unit
            x, y = left + kind.head[0] * wide, top + kind.head[1] * high + group.high * unit * 0.3
            depth = 0.95
        elif relation.kind == "above":
            if group.thing.count > 3:
                self._scatter(index, max(0.24, (top + high * 0.1) / self.height))
                return
            unit *= 0.6
            x, y = middle, max(group.high * unit + 4, top - high * 0.06)
        elif relation.kind == "on":
            unit *= 0.6
            x, y, depth = middle, top + high * 0.13, 0.45
        elif relation.kind == "below":
            self._below(index, relation.to, unit)
            return
        elif relation.kind == "behind":
            unit *= 1.15
            x, y, depth = middle + wide * 0.28, foot - self.height * 0.02, 0.3
        else:
            unit *= 0.62 if relation.kind == "front" else 0.5
            x, y, depth = (
                middle - wide * (0.22 if relation.kind == "front" else 0.0),
                foot + self.height * 0.02,
                0.8,
            )
        high_limit = max(self.height * 0.1, y - self.height * 0.03)
        self._put(index, x, y, min(unit, high_limit / max(0.1, group.high)), depth)

    def _below(self, index: int, to: int, unit: float) -> None:
        """Under a tree means at its foot; under a circle means lower in the picture."""
        left, top, wide, high = self.done[to]
        anchor = self.groups[to].kind
        if anchor.tall >= 1.2 or self.scene.things[to].kind in {"umbrella"}:
            same = [
                i
                for i, thing in enumerate(self.scene.things)
                if thing.relation == self.scene.things[index].relation
            ]
            spot = (same.index(index) + 0.5) / len(same)
            x = (
                left
                + wide / 2
                + (spot - 0.5) * wide * (1.2 if len(same) > 1 else 0.0)
                + (0.0 if len(same) > 1 else wide * 0.2)
            )
            self._put(index, x, top + high + self.height * 0.03, unit * 0.62, 0.8)
            return
        room = self.height * 0.95 - (top + high)
        group = self.groups[index]
        size = min(unit * 0.7, max(unit * 0.3, room * 0.95 / max(0.2, group.high)))
        self._put(
            index,
            left + wide / 2,
            min(self.height * 0.97, top + high + group.high * size + high * 0.05),
            size,
            0.6,
        )

    def _put(self, index: int, x: float, foot: float, unit: float, depth: float) -> None:
        self._put_group(index, self.groups[index], x, foot, unit, depth)

    def _put_group(self, index: int, group: Group, x: float, foot: float, unit: float, depth: float) -> None:
        shadow = group.kind.home in {"ground", "table"} and depth != 0.2 and self._grounded(index, foot)
        if group.kind.home == "flat" and self.stage.place == "room":
            shadow = True
        for number, (across, up, scale) in enumerate(group.copies):
            high = scale * unit
            wide = high * group.kind.wide
            box = (x + across * unit - wide / 2, foot - up * unit - high, wide, high)
            alone = len(self.groups) == 1 and group.thing.count == 1
            turned = self.dice.real() < 0.35 if alone else number % 2 == 1
            flip = turned and group.kind.home == "ground"
            self.placed.append(Placed(group.thing, box, depth - up / 100, flip, shadow))
        wide, high = group.wide * unit, group.high * unit
        self.done[index] = (x - wide / 2, foot - high, wide, high)

    def _grounded(self, index: int, foot: float) -> bool:
        relation = self._relation(index)
        if relation is not None and relation.kind in {"hold", "wear", "above", "on"}:
            return False
        return foot > self.height * 0.6

"""What the answers in a store cost when they were asked for: by model and by notebook, as values and text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .completions import Usage
from .cost import Cost, Total, cost_of
from .text import inert

NO_NOTEBOOK = "(no notebook known)"


@dataclass(frozen=True, slots=True)
class Ledger:
    """Sums over the records of a store.

    Args:
        total: of all answers.
        by_model: by the model that was asked.
        by_notebook: by notebook; an answer that several show counts in each of them.
        by_basis: by where the cost comes from: ``reported``, ``computed`` or ``unknown``.
    """

    total: Total = field(default_factory=Total)
    by_model: Mapping[str, Total] = field(default_factory=dict)
    by_notebook: Mapping[str, Total] = field(default_factory=dict)
    by_basis: Mapping[str, Total] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """The ledger as text; the same for the same store."""
        if not self.total.count:
            return ["No answer is recorded."]
        computed = self.by_basis.get("computed", Total()).count
        width = max(len(inert(name)) for name in (*self.by_model, *self.by_notebook))
        lines = [*_table("model", self.by_model, width), *_table("notebook", self.by_notebook, width)]
        lines.append(f"{'all':<{width + 10}}    {_sum(self.total)}")
        if computed:
            lines.append(
                f"note      {computed} of {self.total.count} computed from tokens at list prices, "
                "because the gateway reported none"
            )
        return lines


def ledger(records: Iterable[Mapping[str, Any]], notebooks: Mapping[str, Iterable[str]]) -> Ledger:
    """Add up what records cost.

    Args:
        records: as the store gives them.
        notebooks: name of a notebook -> the keys of the records that its outputs came from.

    >>> record = {"key": "ab", "request": {"model": "m", "params": {}},
    ...           "result": {"model": "m", "usage": {"cost": 0.04}, "images": []}}
    >>> print("\\n".join(ledger([record], {"a.ipynb": ["ab"]}).lines()))
    model     m          1 answer   $0.0400
    notebook  a.ipynb    1 answer   $0.0400
    all                  1 answer   $0.0400
    """
    shown: defaultdict[str, set[str]] = defaultdict(set)
    for name, keys in notebooks.items():
        for key in keys:
            shown[key].add(name)
    by_model: defaultdict[str, Total] = defaultdict(Total)
    by_notebook: defaultdict[str, Total] = defaultdict(Total)
    by_basis: defaultdict[str, Total] = defaultdict(Total)
    total = Total()
    for record in records:
        cost = record_cost(record)
        one = Total.of([cost])
        asked_in = {name for name in [record.get("asked_in")] if isinstance(name, str) and name}
        # The same name in two folders: the one that shows it is meant.
        named = shown[record["key"]]
        asked_in = {name for name in asked_in if not any(path.rsplit("/", 1)[-1] == name for path in named)}
        for name in (named | asked_in) or {NO_NOTEBOOK}:
            by_notebook[name] += one
        by_model[record["request"]["model"]] += one
        by_basis[cost.basis] += one
        total += one
    return Ledger(total, dict(by_model), dict(by_notebook), dict(by_basis))


def record_cost(record: Mapping[str, Any]) -> Cost:
    """What the answer in a record cost when it was asked for."""
    request, result = record["request"], record["result"]
    size = request.get("params", {}).get("size")
    return cost_of(
        Usage(**result["usage"]),
        models=[request["model"], result["model"]],
        pictures=len(result["images"]),
        size=size if isinstance(size, str) else None,
    )


def _table(title: str, sums: Mapping[str, Total], width: int) -> list[str]:
    named = {inert(name): total for name, total in sums.items()}
    # What has no name stands last.
    rows = sorted(named.items(), key=lambda row: (row[0] == NO_NOTEBOOK, row[0]))
    return [f"{title:<9} {name:<{width}}    {_sum(total)}" for name, total in rows]


def _sum(total: Total) -> str:
    return f"{total.count} answer{'' if total.count == 1 else 's'}   {total}"

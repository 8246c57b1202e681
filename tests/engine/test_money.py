"""What requests cost: limits that hold with many in flight, and sums that never hide what is not known."""

from __future__ import annotations

import threading

import pytest

from gemimg_magic import Engine, errors
from gemimg_magic.budget import Spending
from gemimg_magic.core.completions import Usage
from gemimg_magic.core.cost import cost_of, estimate
from gemimg_magic.core.messages import ImagePart, ImageRequest, user
from gemimg_magic.core.models import MODELS
from support import until
from support.gateway import completion, png, reply

MODEL = "gemini-2.5-flash-image"


@pytest.fixture
def priced(gateway):
    """An engine whose gateway reports its price with every answer; the test says which."""

    def engine(cost=0.05, **fields):
        def answer(request):
            body = completion(png(), model=MODEL)
            if cost is not None:
                body["usage"]["cost"] = cost
            return reply(body, delay=0.05)

        gateway.otherwise = answer
        fields = {"model": MODEL, "mode": "off", "retries": 0, **fields}
        return Engine(base_url=gateway.base_url, api_key="k", **fields)

    return engine


def outcomes(jobs):
    """What became of jobs: completions and errors."""
    found = []
    for job in jobs:
        try:
            found.append(job.result(30))
        except errors.GemimgError as problem:
            found.append(problem)
    return found


def test_a_limit_stops_before_the_request_that_would_pass_it(gateway, priced):
    engine = priced(cost=0.05, max_cost=0.12)

    engine.generate("one")
    engine.generate("two")
    with pytest.raises(errors.BudgetError, match=r"\$0\.1000 of \$0\.1200 is spent.*max_cost"):
        engine.generate("three")

    assert len(gateway.requests) == 2
    assert engine.spending.known == pytest.approx(0.10)


@pytest.mark.parametrize("parallel", [1, 8])
def test_requests_in_flight_reserve_their_estimate(gateway, priced, parallel):
    """Eight at once see the same sum; without reservations all eight would go."""
    engine = priced(cost=0.0387, max_cost=0.12)

    found = outcomes([engine.start(f"picture {number}") for number in range(8)])

    assert len(gateway.requests) == 3
    assert sum(isinstance(one, errors.BudgetError) for one in found) == 5
    assert engine.spending.reserved == 0


def test_a_cheaper_answer_makes_room_for_those_that_wait(gateway, priced):
    engine = priced(cost=0.01, max_cost=0.08)

    found = outcomes([engine.start(f"picture {number}") for number in range(5)])

    assert not [one for one in found if isinstance(one, errors.BudgetError)]
    assert engine.spending.known == pytest.approx(0.05)


def test_what_answers_cost_here_is_expected_of_the_next(gateway, priced):
    """This gateway charges more than the list price, so the list price must not let one more through."""
    engine = priced(cost=0.09, max_cost=0.1)

    engine.generate("one")
    with pytest.raises(errors.BudgetError):
        engine.generate("two")

    cheap = priced(cost=0.09, max_cost=0.17)
    cheap.generate("one")
    with pytest.raises(errors.BudgetError, match=r"may cost \$0\.0900"):
        cheap.generate("two")


def test_a_call_and_the_session_have_a_limit_each(gateway, priced):
    engine = priced(cost=0.04, max_cost=1.0)
    shared = Spending(0.1)

    found = outcomes([engine.start(f"{number}", max_cost=shared) for number in range(4)])
    with pytest.raises(errors.BudgetError):
        engine.generate("x", max_cost=0.01)
    engine.generate("no limit of its own")

    assert sum(isinstance(one, errors.BudgetError) for one in found) >= 2
    assert shared.known <= 0.1
    assert engine.spending.known == pytest.approx(shared.known + 0.04)


def test_without_a_known_price_a_limit_cannot_be_kept(gateway, priced):
    engine = priced(model="somebody/else", max_cost=5.0)

    with pytest.raises(errors.BudgetError, match=r"no price of somebody/else is known.*price"):
        engine.generate("x")

    assert not gateway.requests
    told = priced(model="somebody/else", max_cost=0.2, price=0.15, cost=None)
    told.generate("x")
    with pytest.raises(errors.BudgetError):
        told.generate("y")
    assert told.spending.known == 0.15


def test_a_price_that_this_session_has_seen_is_known(gateway, priced):
    engine = priced(model="somebody/else", cost=0.03)
    engine.generate("without a limit")

    engine.generate("with one", max_cost=0.05)
    with pytest.raises(errors.BudgetError):
        engine.generate("with a small one", max_cost=0.02)


def test_recorded_answers_cost_nothing(gateway, priced):
    engine = priced(cost=0.05, mode="auto", max_cost=0.06)
    engine.generate("a fox")

    again = engine.generate("a fox", max_cost=0)

    assert again.replayed
    assert engine.spending.known == pytest.approx(0.05)
    assert len(gateway.requests) == 1


def test_an_unknown_cost_is_counted_apart_and_holds_its_estimate(gateway, priced):
    def answer(request):
        body = completion(png(), model=MODEL)
        del body["usage"]
        return reply(body)

    engine = priced(max_cost=0.06)
    gateway.otherwise = answer

    engine.generate("one")
    with pytest.raises(errors.BudgetError):
        engine.generate("two")

    assert (engine.spending.known, engine.spending.unknown) == (0.0, 1)
    assert str(engine.spending) == "1 unknown"


def test_failures_that_nobody_bills_give_their_money_back(gateway, priced):
    engine = priced(max_cost=0.05)
    gateway.otherwise = lambda request: reply({"error": {"message": "no"}}, status=400)
    for _ in range(3):
        with pytest.raises(errors.BadRequestError):
            engine.generate("x")

    assert engine.spending.total.count == 0
    assert len(gateway.requests) == 3


def test_a_refusal_costs_its_tokens(gateway, priced):
    engine = priced()
    gateway.otherwise = lambda request: reply(completion(text="No, I will not do that."))

    with pytest.raises(errors.RefusedError):
        engine.generate("x")

    # 10 tokens sent at $0.30, 6 of text back at $2.50, for a million.
    assert engine.spending.known == pytest.approx((10 * 0.30 + 6 * 2.50) / 1e6)


def test_a_cancelled_request_may_have_been_billed(gateway, priced):
    engine = priced()
    gateway.otherwise = lambda request: reply(hang=True)
    job = engine.start("x")
    for _ in range(100):
        if gateway.requests:
            break
        threading.Event().wait(0.02)

    job.cancel()

    assert gateway.disconnected.wait(5)
    for _ in range(100):
        if engine.spending.unknown:
            break
        threading.Event().wait(0.02)
    assert engine.spending.unknown == 1


def test_waiting_for_money_can_be_cancelled(gateway, priced):
    engine = priced(max_cost=0.05)
    gateway.otherwise = lambda request: reply(completion(png()), delay=1.0)
    first = engine.start("one")
    until(lambda: gateway.requests, "the first on its way")  # else either may be
    second = engine.start("two")
    threading.Event().wait(0.3)

    second.cancel()

    assert first.result(30).image
    with pytest.raises(errors.Cancelled):
        second.result(5)
    assert len(gateway.requests) == 1


@pytest.mark.parametrize("limit", [-1, "much", float("nan")])
def test_a_limit_is_an_amount(limit):
    with pytest.raises(errors.GemimgError, match="max_cost"):
        Engine(max_cost=limit, mode="replay")
    with pytest.raises(errors.PromptError, match="max_cost"):
        Engine(mode="replay").start("x", max_cost=limit)


def test_every_price_has_a_date_and_a_source():
    priced = [model for model in MODELS if model.rates]

    assert len(priced) == 5
    for model in priced:
        assert model.rates.as_of == "2026-11"
        assert model.rates.source
        for size, usd in model.prices.items():
            # The published price of a picture is its tokens at the published rate, rounded.
            assert model.rates.made[size] * model.rates.picture / 1e6 == pytest.approx(usd, rel=0.01)


def test_a_price_that_is_not_published_is_unknown():
    at = {
        size: estimate(ImageRequest(MODELS[0].id, (user("x"),), size=size)).usd for size in ("1K", "2K", "4K")
    }

    assert at["1K"] is not None
    assert (at["2K"], at["4K"]) == (None, None)


def test_an_estimate_counts_text_pictures_and_answers():
    picture = ImagePart.of(png(size=(1024, 1024)))
    one = estimate(ImageRequest(MODEL, (user(picture, "a" * 40),)))
    many = estimate(ImageRequest(MODEL, (user(picture, "a" * 40),), params={"n": 3}))

    assert one.prompt_tokens == 10 + 4 * 258
    assert (one.completion_tokens, many.completion_tokens) == (1290, 3870)
    assert one.usd == pytest.approx((1042 * 0.30 + 1290 * 30) / 1e6)


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        (Usage(100, 1120, 1220, None, {"completion_tokens_details": {"image_tokens": 1120}}), 0.1346),
        (Usage(100, 2020, 2120, None, {"completion_tokens_details": {"image_tokens": 1120}}), 0.1454),
        (Usage(100, 2020, 2120), 0.1454),  # thoughts are text
        (Usage(100, 1120, 2120), 0.1454),  # thoughts counted beside the completion
        (Usage(None, 1120), None),
        (Usage(100, None), None),
    ],
)
def test_thoughts_cost_what_text_costs(usage, usd):
    cost = cost_of(usage, models=["gemini-3-pro-image"], pictures=1, size="1K")

    assert cost.usd == (None if usd is None else pytest.approx(usd, abs=1e-4))

"""The number of threads follows what other processes leave of the machine, and what is computed stays the same."""

import hashlib
import os
import time
from types import SimpleNamespace

import pytest
import torch

from models import load, threads
from models.weights import Weights


@pytest.fixture
def unset(monkeypatch):
    """Nobody has chosen a number; afterwards it is what it was."""
    before = torch.get_num_threads()
    monkeypatch.setattr(threads, "_threads", None)
    for name in threads.CHOSEN:
        monkeypatch.delenv(name, raising=False)
    yield
    torch.set_num_threads(before)


def fake_load(monkeypatch, cores, readings):
    """Let the machine have so many cores, and use these (seconds, busy seconds of each core, own seconds) in turn."""
    turns = iter(readings)
    current = next(turns)

    def clock():
        return current[0]

    def times(percpu):
        return [SimpleNamespace(user=busy) for busy in current[1]]

    monkeypatch.setattr(threads, "allowed_cores", lambda: set(range(cores)))
    monkeypatch.setattr(threads.psutil, "cpu_times", times)
    monkeypatch.setattr(threads.os, "times", lambda: SimpleNamespace(user=current[2], system=0.0))
    monkeypatch.setattr(threads.time, "monotonic", clock)
    load_seen = threads.Load()
    current = next(turns)
    return load_seen.look()


@pytest.mark.parametrize(
    ("busy", "own", "others"),
    [
        ([1.0, 1.0], 2.0, [0.0, 0.0]),  # all of it is ours
        ([1.0, 1.0], 1.0, [0.5, 0.5]),  # two loops share both cores with us
        ([1.0, 0.0], 0.0, [1.0, 0.0]),  # a loop, and we wait
        ([0.0, 0.0], 0.0, [0.0, 0.0]),
        ([0.5, 0.5], 1.04, [0.0, 0.0]),  # clocks of different grain
    ],
)
def test_what_others_use_is_what_is_busy_and_not_ours(monkeypatch, busy, own, others):
    seen = fake_load(monkeypatch, 2, [(10.0, [5.0, 7.0], 3.0), (11.0, [5.0 + busy[0], 7.0 + busy[1]], 3.0 + own)])
    assert seen == pytest.approx(others)


@pytest.mark.parametrize(
    ("most", "shares", "expected"),
    [
        (2, [0.0, 0.05], 2),
        (2, [0.5, 0.5], 1),
        (2, [0.9, 0.0], 1),
        (2, [1.0, 1.0], 1),
        (4, [0.0, 0.0, 0.0, 0.9], 3),
        (4, [0.0] * 8, 4),  # no more than PyTorch takes by itself
    ],
)
def test_the_number_of_threads_is_that_of_the_cores_that_are_left(
    unset, monkeypatch, tiny_model, most, shares, expected
):
    torch.set_num_threads(most)
    monkeypatch.setattr(threads, "FIRST", 0.0)
    monkeypatch.setattr(threads, "Load", lambda: SimpleNamespace(look=lambda: shares))
    model = load.model(Weights(tiny_model))
    model(torch.tensor([[5, 6, 7]]))
    assert torch.get_num_threads() == expected


def test_a_number_that_the_user_has_chosen_stays(unset, monkeypatch, tiny_model):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setattr(threads, "Load", lambda: pytest.fail("nobody is to look"))
    torch.set_num_threads(2)
    load.model(Weights(tiny_model))(torch.tensor([[5, 6, 7]]))
    assert torch.get_num_threads() == 2


def test_a_real_busy_core_is_seen():
    """What this process itself uses is not counted, so another one computes."""
    looked = threads.Load()
    child = os.fork()
    if not child:
        until = time.monotonic() + 3
        while time.monotonic() < until:
            pass
        os._exit(0)
    try:
        time.sleep(0.5)
        assert sum(looked.look()) > 0.3
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def test_the_weights_are_the_same_for_any_number_of_threads(unset, tiny_model):
    def trained(numbers):
        torch.manual_seed(0)
        model = load.model(Weights(tiny_model)).train()
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
        for number in numbers:
            torch.set_num_threads(number)
            ids = torch.randint(5, 60, (8, 200))
            model(input_ids=ids, labels=ids).loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        weights = b"".join(part.detach().numpy().tobytes() for part in model.parameters())
        return hashlib.sha256(weights).hexdigest()

    assert trained([1] * 6) == trained([2] * 6) == trained([1, 2, 2, 1, 2, 1])

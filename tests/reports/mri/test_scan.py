"""Scans of real models: against transformers, for several families, cached by weights; and where they refuse."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from benchmark.mazes.errors import CheckpointError
from models import load
from models.checkpoints import Folder
from reports.mri import architecture, probe_set, scan

from ...models.strangers import save


@pytest.fixture(autouse=True)
def store(monkeypatch, tmp_path):
    monkeypatch.setenv("LABIRINTO_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def families(tmp_path_factory, tiny_model):
    """By name: a nano base, a GPT-2, a Qwen; an adapter on the Qwen; the Qwen in bfloat16."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    folder = tmp_path_factory.mktemp("families")
    found = {"nano": Folder("nano", tiny_model)}
    for family in ("GPT2", "Qwen3"):
        found[family] = Folder(family, save(folder / family, family))
    qwen = AutoModelForCausalLM.from_pretrained(found["Qwen3"].path)
    torch.manual_seed(1)
    adapted = get_peft_model(qwen, LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False))
    adapted.save_pretrained(folder / "adapter")
    found["adapter"] = Folder("adapter", folder / "adapter", found["Qwen3"])
    shutil.copytree(found["Qwen3"].path, folder / "half")
    half = AutoModelForCausalLM.from_pretrained(found["Qwen3"].path, dtype=torch.bfloat16)
    half.save_pretrained(folder / "half")
    found["half"] = Folder("half", folder / "half")
    return found


def texts(checkpoint, n=12, form="plain"):
    return probe_set.make(load.tokenizer(checkpoint.weights()), form, n, ("tiny",))


@pytest.mark.parametrize("name", ["nano", "GPT2", "Qwen3", "adapter", "half"])
def test_states_and_logits_are_those_of_the_model_alone(families, name):
    checkpoint = families[name]
    probes = texts(checkpoint, form="chat" if name == "Qwen3" else "plain")
    found = scan.scan(checkpoint, probes)
    model = load.model(checkpoint.weights())
    for at in (0, 5, 11):
        probe = probes.probes[at]
        with torch.no_grad():
            alone = model(torch.tensor([probe.ids]), output_hidden_states=True)
        states = torch.stack([layer[0] for layer in alone.hidden_states], 1).numpy()
        cells = states[list(probe.cells)]
        start = probe.maze.start[0] * probe.maze.cols + probe.maze.start[1]
        for place, rows in (
            ("answer", states[-1]),
            ("prompt", states[probe.prompt]),
            ("drawing", cells.mean(0)),
            ("start", cells[start]),
        ):
            assert np.abs(found.states(place)[at] - rows).max() < 1e-4
        assert np.abs(found.states("cells")[probes.owner == at] - cells).max() < 1e-4
        said = alone.logits[0, -1].log_softmax(-1)
        assert np.abs(found.chances("answer")[at] - said.numpy()).max() < 1e-4
        kept = [said[token].item() if token >= 0 else -np.inf for token in probe.candidates]
        last = found.candidates[at, -1]
        assert np.allclose(last - last.max(), np.array(kept) - max(kept), atol=1e-4)
        best = max(score for score, move in zip(kept, "UDLR", strict=True) if move in probe.right)
        assert found.ranks[at, -1] == 1 + (said > best + 1e-6).sum().item()


@pytest.mark.parametrize("name", ["nano", "GPT2", "Qwen3"])
def test_the_places_are_those_of_the_drawing(families, name):
    checkpoint = families[name]
    tokenizer = load.tokenizer(checkpoint.weights())
    for probe in texts(checkpoint, form="chat" if name == "Qwen3" else "plain").probes:
        (start, goal) = (row * probe.maze.cols + col for row, col in (probe.maze.start, probe.maze.goal))
        assert "S" in tokenizer.decode([probe.ids[probe.cells[start]]])
        assert "G" in tokenizer.decode([probe.ids[probe.cells[goal]]])
        assert list(probe.cells) == sorted(probe.cells)


def test_texts_are_balanced_and_begin_a_right_answer(families):
    probes = probe_set.make(load.tokenizer(families["nano"].weights()), "search", 48, ("tiny", "small"))
    for tier in ("tiny", "small"):
        firsts = [next(move for move in "UDLR" if move in one.right) for one in probes.probes if one.group == tier]
        assert len(firsts) == 24
    assert [len(one.ids) for one in probes.probes] == sorted(len(one.ids) for one in probes.probes)
    tokenizer = load.tokenizer(families["nano"].weights())
    probe = probes.probes[0]
    row, col = probe.maze.start
    assert tokenizer.decode(probe.ids).endswith(f"answer:\nS ({row},{col})")
    beside = {"U": (row - 1, col), "D": (row + 1, col), "L": (row, col - 1), "R": (row, col + 1)}
    for move, token in zip("UDLR", probe.candidates, strict=True):
        inside = 0 <= beside[move][0] < probe.maze.rows and 0 <= beside[move][1] < probe.maze.cols
        assert (token >= 0) == inside
        if inside:
            assert tokenizer.decode([token]) == f" ({beside[move][0]},{beside[move][1]})"


def test_a_scan_is_found_by_weights_and_not_by_path(families, tmp_path, monkeypatch):
    folder = tmp_path / "model"
    shutil.copytree(families["nano"].path, folder)
    checkpoint = Folder("mine", folder)
    probes = texts(checkpoint)
    before = np.array(scan.scan(checkpoint, probes).states("answer"))

    opened = []
    monkeypatch.setattr(scan, "open_model", lambda *given: opened.append(given) or architecture.open_model(*given))
    moved = tmp_path / "moved"
    shutil.copytree(folder, moved)
    assert np.array_equal(scan.scan(Folder("moved", moved), probes).states("answer"), before)
    assert not opened  # the same weights elsewhere

    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"] *= 2
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    after = scan.scan(checkpoint, probes).states("answer")
    assert len(opened) == 1  # other weights at the same path
    assert not np.array_equal(after[:, -1], before[:, -1])


def test_what_was_interrupted_leaves_nothing_behind(families, tmp_path):
    def interrupt(_):
        raise KeyboardInterrupt

    checkpoint = families["nano"]
    with pytest.raises(KeyboardInterrupt):
        scan.scan(checkpoint, texts(checkpoint), interrupt)
    assert list((tmp_path / "home" / "scans").iterdir()) == []
    assert len(scan.scan(checkpoint, texts(checkpoint)).states("answer")) == 12


def test_states_that_do_not_vary_are_refused(families):
    checkpoint = families["nano"]
    probes = texts(checkpoint)
    one = probes.probes[0]
    same = replace(probes, probes=(one,) * 4)
    with pytest.raises(CheckpointError, match=r"the same for all texts .standard deviation 0 in every layer"):
        scan.scan(checkpoint, same)


def test_a_model_that_nobody_trained_is_the_same_each_time_and_another_one(families):
    checkpoint = families["nano"]
    probes = texts(checkpoint)
    untrained = scan.scan(checkpoint, probes, random=True)
    assert untrained.name == "random weights"
    assert not np.allclose(untrained.states("answer"), scan.scan(checkpoint, probes).states("answer"))
    shutil.rmtree(untrained.folder)
    kept = np.array(scan.scan(checkpoint, probes, random=True).states("answer"))
    assert np.array_equal(kept, scan.scan(checkpoint, probes, random=True).states("answer"))


def test_texts_that_are_too_long_are_refused(families):
    tokenizer = load.tokenizer(families["nano"].weights())
    with pytest.raises(CheckpointError, match=r"the longest text has \d+ tokens, and the model reads 20"):
        probe_set.make(tokenizer, "plain", 4, ("tiny",), longest=20)
    with pytest.raises(CheckpointError, match="no chat template"):
        probe_set.make(tokenizer, "chat", 4, ("tiny",))

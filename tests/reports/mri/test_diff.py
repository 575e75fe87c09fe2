"""Diffs of real models: what was planted is named, a copy is not, LLM-MRI is used and is blind by itself."""

import base64
import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from benchmark.mazes.errors import CheckpointError
from benchmark.mazes.labirinto_v1 import SUITE
from models import load
from models.checkpoints import Folder
from models.weights import weights_digest
from reports.mri import diff as diffs
from reports.mri import llm_mri as ours
from reports.mri import probe_set, scan
from reports.render import activations, html, markdown, terminal
from reports.render import json as as_json
from reports.render import llm_mri as drawing
from reports.run import Run
from reports.schema import Record

from ...models.strangers import save
from ...tiny import RECIPES

N = 48


@pytest.fixture(autouse=True)
def store(monkeypatch, tmp_path):
    monkeypatch.setenv("LABIRINTO_HOME", str(tmp_path / "home"))


def copied(base, folder, change=None):
    """A copy of a nano base, in which some weights may be changed."""
    shutil.copytree(base, folder)
    if change:
        weights = load_file(folder / "model.safetensors")
        for name in weights:
            if change in name:
                noise = torch.randn(weights[name].shape, generator=torch.Generator().manual_seed(1))
                weights[name] = weights[name] + 0.5 * weights[name].std() * noise
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return Folder(folder.name, folder)


def made(base, *tuned, reducers=("SVD",), **settings):
    return diffs.diff(base, tuned, diffs.Options(N, ("tiny",), reducers), **settings)


def test_a_perturbed_layer_is_named_and_a_copy_is_not(tiny_model, tmp_path):
    base = Folder("base", tiny_model)
    planted = copied(tiny_model, tmp_path / "planted", "layers.1.mlp")
    copy = copied(tiny_model, tmp_path / "copy")
    found = made(base, planted, copy)

    one = found.find_tuned("planted")
    assert [own.p < 0.01 for own in one.own] == [False, False, True]  # embeddings, layer 1, layer 2
    assert [own.relative[0] > 0 for own in one.own] == [False, False, True]
    assert {moved.name.split(".mlp")[0] for moved in one.moved if moved.relative} == {"model.layers.1"}
    assert all(moved.rotation > 0 and moved.stable_rank > 1 for moved in one.moved if moved.relative)
    last = [layer for layer in one.layers if layer.place == "answer"][-1]
    assert last.p < 0.01
    assert last.cka[0] < 1
    assert one.divergence["answer"][0] > 0
    assert "layer 2 changed most in what it adds by itself" in " ".join(activations.sentences(one))

    same = found.find_tuned("copy")
    assert {own.p for own in same.own} == {1.0}
    for layer in same.layers:
        assert layer.relative == (0, 0, 0)
        assert layer.cosine[0] == pytest.approx(1)
        assert layer.common[0] == 0
        assert layer.p == 1
        assert np.isnan(layer.cka[0]) or layer.cka == pytest.approx((1, 1, 1))
    assert same.divergence["answer"] == (0, 0, 0)
    assert {moved.relative for moved in same.moved} == {0.0}
    assert all(effect.change == 0 for effect in same.effects)
    for graphs in same.graphs:
        assert set(graphs.overlap) == {1.0}
        assert min(graphs.p) == 1
        assert graphs.metrics["base"] == graphs.metrics["tuned"]
        assert "graph" not in drawing.draw(graphs)  # there is nothing to draw
    assert "nothing changed" in activations.sentences(same)[0]


def test_the_same_diff_is_made_twice(tiny_model, tmp_path):
    base, tuned = Folder("base", tiny_model), copied(tiny_model, tmp_path / "tuned", "layers.0")
    first = made(base, tuned)
    again = made(base, tuned)
    assert as_json.render_diff(first) == as_json.render_diff(again)


def test_every_form_has_what_was_found(tiny_model, tmp_path):
    base, tuned = Folder("base", tiny_model), copied(tiny_model, tmp_path / "tuned", "layers.0")
    cases = [SUITE.case("tiny", f"{generator}-{at:04d}") for generator in ("dfs", "wilson") for at in range(40)]
    lines = {
        name: [
            Record("tiny", case.id, 0, case.digest, {}, outcome, outcome, "", "", 0, 4, 0.0, 0, 0, None, 1, "")
            for case, outcome in zip(cases, outcomes, strict=True)
        ]
        for name, outcomes in (
            ("base", ["optimal", "wall"] * 40),
            ("tuned", ["optimal", "optimal"] * 20 + ["wall", "wall"] * 20),
        )
    }
    found = made(base, tuned, runs={name: Run({}, some) for name, some in lines.items()}, reducers=("SVD", "PCA"))
    said = terminal.render_diff(found)
    assert "tuned beside base, before the first move" in said
    assert max(map(len, said.splitlines())) <= 100
    groups = {group.change: group.n for group in found.find_tuned("tuned").groups}
    assert groups.keys() == {"fixed", "broken", "left solved", "left unsolved"}
    assert sum(groups.values()) <= N
    assert all(groups.values())
    assert {graphs.reducer for graphs in found.find_tuned("tuned").graphs} == {"SVD", "PCA"}
    whole = json.loads(as_json.render_diff(found))
    assert len(whole["tuned"][0]["layers"]) == 9  # three places, three layers
    assert {reading["target"] for reading in whole["readings"]["random weights"]} >= {"walls", "first move"}
    assert "areas" not in whole["tuned"][0]["graphs"][0]
    assert markdown.render_diff(found).count("|") > 30
    page = html.render_diff(found)
    assert page.count("<figure") == 12
    assert page.count("<svg") + page.count("<img") == 12
    assert "<script" not in page
    for graphs in found.find_tuned("tuned").graphs:
        for picture in drawing.draw(graphs).values():
            assert base64.b64decode(picture).startswith(b"\x89PNG")


def test_other_tokens_and_other_answers_are_refused(tiny_model, tmp_path):
    other = Folder("other", save(tmp_path / "GPT2", "GPT2"))
    with pytest.raises(CheckpointError, match="base and other do not read the same tokens"):
        made(Folder("base", tiny_model), other)
    with pytest.raises(CheckpointError, match="at least one fine-tune"):
        made(Folder("base", tiny_model))
    with pytest.raises(CheckpointError, match="3 texts are too few for a diff: use at least 16"):
        diffs.diff(Folder("base", tiny_model), [Folder("tuned", tiny_model)], diffs.Options(3))
    with pytest.raises(CheckpointError, match="several checkpoints have the name base"):
        made(Folder("base", tiny_model), Folder("base", tiny_model))


def test_without_llm_mri_the_rest_is_shown(tiny_model, tmp_path, monkeypatch):
    def missing():
        raise ours.MissingError("LLM-MRI cannot be used: No module named 'llm_mri'")

    monkeypatch.setattr(ours, "_package", missing)
    base, tuned = Folder("base", tiny_model), copied(tiny_model, tmp_path / "tuned", "layers.0")
    found = made(base, tuned)
    assert found.find_tuned("tuned").graphs == []
    assert "LLM-MRI cannot be used" in terminal.render_diff(found)
    assert html.render_diff(found).count("<figure") == 6


@pytest.mark.slow
def test_umap_is_there_for_who_asks():
    states = np.random.default_rng(0).standard_normal((3, 40, 8)).astype("f4")
    found = ours.graphs(states, states + 1, "UMAP")
    assert found.reducer == "UMAP"
    assert len(found.overlap) == 2
    assert all(0 <= overlap <= 1 for overlap in found.overlap)
    assert "graph" in drawing.draw(found)


def test_llm_mri_itself_is_blind_and_the_scan_is_not(tmp_path):
    """It reads the first token, which under a causal mask knows of nothing that follows."""
    from datasets import ClassLabel, Dataset, Features, Value

    llm_mri = ours._package()
    svd = llm_mri.dimensionality_reduction.SVD(2, gridsize=10)
    checkpoint = Folder("GPT2", save(tmp_path / "GPT2", "GPT2"))
    tokenizer = load.tokenizer(checkpoint.weights())
    probes = probe_set.make(tokenizer, "plain", 16, ("tiny",))
    features = Features({"text": Value("string"), "label": ClassLabel(names=["up", "other"])})
    rows = {
        "text": [tokenizer.decode(probe.ids) for probe in probes.probes],
        "label": [int("U" not in probe.right) for probe in probes.probes],
    }
    areas = llm_mri.ActivationAreas(str(checkpoint.path), Dataset.from_dict(rows, features=features), svd)
    areas.tokenizer.padding_side = "right"
    with pytest.raises(
        TypeError, match="must be Tensor, not Column"
    ):  # defect 2 in reports.mri.llm_mri; what it read is there
        areas.process_activation_areas()
    for layer in range(3):
        read = np.array(areas.hidden_states_dataset[f"hidden_state_{layer}"])
        assert read.shape == (16, 32)
        assert len(np.unique(read, axis=0)) == 1  # 16 mazes, one state: a standard deviation of 0
    seen = scan.scan(checkpoint, probes).states("answer")
    for layer in range(3):
        assert len(np.unique(seen[:, layer].round(4), axis=0)) > 1


def test_what_the_base_was_taught_inside_is_said_beside_its_probes(tiny_model, tmp_path):
    base = copied(tiny_model, tmp_path / "base")
    recipe = RECIPES["base"].describe()
    (base.path / "labirinto.json").write_text(json.dumps({"recipe": recipe, "weights": weights_digest(base.path)}))
    found = made(base, copied(tiny_model, tmp_path / "tuned", "layers.1.mlp"))

    assert set(found.taught) == {"first move", "S, before", "G, before", "G, after", "walls"}
    assert found.taught["walls"] == ["layer 1: the state of each drawn cell tells its sides (where it has walls)"]
    assert found.as_dict()["taught"] == found.taught
    for words in (terminal.render_diff(found), markdown.render_diff(found), html.render_diff(found)):
        assert "walls: what these probes read was taught to base inside" in words
    assert not made(Folder("plain", tiny_model), base).taught, "without a record nothing is known"

"""Weights that are missing, left over, of another shape or no numbers are an error that names them."""

import json
import shutil

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification

from benchmark.mazes.errors import CheckpointError
from models import load, soundness
from models.engines import vllm, vllm_child
from models.registry import find
from models.weights import Weights

from ..asking import ask, requests
from . import strangers


@pytest.fixture(scope="module", params=strangers.FAMILIES)
def stranger(request, tmp_path_factory):
    """GPT-2's head is its embeddings, and Qwen's is not."""
    return strangers.save(tmp_path_factory.mktemp("sound") / request.param.lower(), request.param)


def changed(folder, target, change):
    """A copy of a model whose weights are changed, by name."""
    shutil.copytree(folder, target)
    file = target / "model.safetensors"
    save_file(change(load_file(file)), file, metadata={"format": "pt"})
    return target


def named(rename):
    return lambda weights: {rename(name): value for name, value in weights.items()}


def without(part):
    return lambda weights: {name: value for name, value in weights.items() if part not in name}


def spoilt(part, value):
    def change(weights):
        name = next(name for name in weights if part in name)
        weights[name].view(-1)[-1] = value
        return weights

    return change


def inner(name):
    first, dot, rest = name.partition(".")
    return f"{first}{dot}_orig_mod.{rest}"


WRONG = {
    "module": (named(lambda name: f"module.{name}"), r"are missing .*contain 'module\.'.*Save the unwrapped"),
    "compiled": (named(lambda name: f"_orig_mod.{name}"), r"contain '_orig_mod\.'"),
    "compiled within": (named(inner), r"contain '_orig_mod\.'"),
    "sharded": (named(lambda name: f"_fsdp_wrapped_module.{name}"), r"contain '_fsdp_wrapped_module\.'"),
    "of an adapter": (named(lambda name: f"base_model.model.{name}"), r"contain 'base_model\.model\.'"),
    "no layer": (without(".1."), r"1[12] of its weights are missing \(.*\.1\."),
    "no norm": (without("norm.weight"), r"weights are missing"),
    "no norms": (without("ln_"), r"weights are missing"),
    "a head too many": (lambda weights: weights | {"v_head.weight": torch.zeros(1, 32)}, r"1 weights .* \(v_head"),
    "a layer too many": (
        named(lambda name: name.replace(".1.", ".2.")),
        r"missing .* do not belong to the model \(.*\.2\.",
    ),
    "cut": (
        lambda weights: {name: value[:-1].clone() for name, value in weights.items()},
        r"has the shape \[\d+.*\] in the file and \[\d+",
    ),
    "nan": (spoilt(".0.", float("nan")), r"1 of its weights are NaN or infinite \(.*\.0\."),
    "infinite": (spoilt(".1.", -float("inf")), r"1 of its weights are NaN or infinite \(.*\.1\."),
    "nan in the embeddings": (spoilt("e", float("nan")), r"are NaN or infinite"),
}
ELSEWHERE = {"qwen3": "no norms", "gpt2": "no norm"}


@pytest.mark.parametrize("wrong", WRONG)
def test_weights_that_are_not_the_models_are_not_asked(stranger, tmp_path, wrong, capsys):
    """Neither by transformers, nor by an engine that loads them elsewhere and has them checked."""
    if wrong == ELSEWHERE[stranger.name]:
        pytest.skip("its norms have other names")
    change, message = WRONG[wrong]
    folder = changed(stranger, tmp_path / "wrong", change)
    for look in (lambda: ask(find(str(folder)), requests("tiny", 1)), lambda: load.check(Weights(folder))):
        with pytest.raises(CheckpointError, match=message) as error:
            look()
        assert str(folder) in str(error.value)
        assert "\n" not in str(error.value)
    assert capsys.readouterr() == ("", "")  # transformers has a table for it


RIGHT = {
    "as it is": lambda weights: weights,
    "the body alone": named(lambda name: name.removeprefix("model.").removeprefix("transformer.")),
    "old buffers": lambda weights: (
        weights
        | (
            {f"transformer.h.{at}.attn.bias": torch.ones(1, 1, 8, 8) for at in range(2)}
            if any("c_attn" in name for name in weights)
            else {f"model.layers.{at}.self_attn.rotary_emb.inv_freq": torch.ones(8) for at in range(2)}
        )
    ),
    "in half": named(str),
}


@pytest.mark.parametrize("right", RIGHT)
def test_weights_that_are_whole_are_asked(stranger, tmp_path, right):
    """A head that is the embeddings need not be there, nor what transformers knows that it may leave out."""
    change = RIGHT[right]
    folder = changed(stranger, tmp_path / "right", change)
    if right == "in half":
        changed(folder, tmp_path / "half", lambda weights: {name: value.half() for name, value in weights.items()})
    else:
        assert ask(find(str(folder)), requests("tiny", 1)) == ask(find(str(stranger)), requests("tiny", 1))
    load.check(Weights(folder))


def test_files_of_an_index_are_looked_at(stranger, tmp_path):
    folder = tmp_path / "sharded"
    load.model(Weights(stranger)).save_pretrained(folder, max_shard_size="40KB")
    shards = sorted(folder.glob("*.safetensors"))
    assert len(shards) > 1
    load.check(Weights(folder))
    save_file(spoilt("", float("nan"))(load_file(shards[-1])), shards[-1], metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match="are NaN or infinite"):
        load.check(Weights(folder))
    index = folder / soundness.INDEX
    for text, message in (("[]", "has no weight_map"), ("{", "cannot read .*index.json"), ("", "cannot read")):
        index.write_text(text)
        with pytest.raises(CheckpointError, match=message):
            soundness.files(folder)


def test_a_head_that_is_to_be_trained_may_be_new(stranger):
    model = load.model(Weights(stranger), kind=AutoModelForSequenceClassification, num_labels=1)
    assert model.num_labels == 1


def test_a_body_has_to_be_there_whatever_head_it_gets(stranger, tmp_path):
    folder = changed(stranger, tmp_path / "wrong", without(".1."))
    with pytest.raises(CheckpointError, match="are missing"):
        load.model(Weights(folder), kind=AutoModelForSequenceClassification, num_labels=1)


def test_vllm_is_ended_before_it_is_asked(stranger, tmp_path, monkeypatch):
    """Its process starts while the weights are looked at; here it is one that does nothing."""
    idle = tmp_path / "idle"
    idle.write_text("#!/bin/sh\nexec cat > /dev/null\n")
    idle.chmod(0o755)
    monkeypatch.setattr(vllm_child.sys, "executable", str(idle))
    monkeypatch.setattr(vllm, "explain_refusal", lambda *_: "")  # the heads of the tiny models are too small for it
    folder = changed(stranger, tmp_path / "wrong", named(lambda name: f"module.{name}"))
    engine = vllm.VLLM()
    with pytest.raises(CheckpointError, match=r"contain 'module\.'"):
        list(engine.generate(find(str(folder)), requests("tiny", 1)))
    assert engine._child is None


@given(
    names=st.sets(st.from_regex(r"[a-z]{1,3}(\.[a-z0-9]{1,3}){1,4}", fullmatch=True), min_size=2, max_size=8),
    prefix=st.sampled_from(["module.", "_orig_mod.", "base_model.model.", "a_b."]),
)
def test_the_likely_prefix_is_found_in_any_names(names, prefix):
    longer = {prefix + name for name in names}
    if longer & names:
        return
    with pytest.raises(CheckpointError, match=f"contain {prefix!r}".replace(".", r"\.")):
        soundness.check_names("it", names, longer)
    with pytest.raises(CheckpointError, match=f"lack {prefix!r}".replace(".", r"\.")):
        soundness.check_names("it", longer, names)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn])
def test_numbers_of_all_kinds_are_looked_at(dtype):
    sound = [("a", torch.ones(3).to(dtype)), ("b", torch.zeros(0)), ("c", torch.tensor([1]))]
    soundness.check_numbers("it", sound)
    largest = torch.tensor(torch.finfo(dtype).max, dtype=torch.float64).to(dtype)
    soundness.check_numbers("it", [("large", largest.expand(70_000))])  # a sum of them would be infinite
    with pytest.raises(CheckpointError, match=r"1 of its weights are NaN or infinite \(d\)"):
        soundness.check_numbers("it", [*sound, ("d", torch.tensor([1, float("nan")]).to(dtype))])


def test_a_cached_run_loads_no_torch(stranger):
    """What weights are is looked at before a model is asked, and not where all is known."""
    import subprocess
    import sys

    from ..conftest import ROOT

    code = (
        "import sys\nfrom models.registry import find\nfrom models.engines import create_engine\n"
        "checkpoint = find(sys.argv[1])\n"
        "[create_engine(one).describe(checkpoint) for one in ('transformers', 'vllm')]\n"
        "checkpoint.content(), checkpoint.prompt_style, checkpoint.provenance()\n"
        "print({'torch', 'transformers', 'peft'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code, stranger], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"
    assert json.loads((stranger / "config.json").read_text())

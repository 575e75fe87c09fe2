import json
import re
import shutil
from argparse import Namespace
from dataclasses import replace
from random import Random

import pytest

from benchmark.mazes.errors import CheckpointError
from benchmark.mazes.printable import printable
from models import registry, store
from models.card import readme
from models.checkpoints import Folder, Hub
from models.checkpoints import built as checkpoint_files
from models.data import pairs as preferences
from models.recipes import RECIPES
from models.recipes.sft import SFT
from models.registry import Choices, base_of_adapter, find
from models.weights import weights_digest

from ..asking import ask, requests


def test_names_and_folders_are_found(tiny_model):
    assert find("oracle").is_agent
    assert (find("sft").name, find("sft").recipe, find("sft").parent) == ("sft", RECIPES["sft"], find("base"))
    found = find(str(tiny_model))
    assert (found.name, found.weights().folder) == ("tiny", tiny_model)
    assert find("org/name") == Hub("org/name", "org/name", None, base_of_adapter)
    assert find("org/name@v1.0") == Hub("org/name@v1.0", "org/name", "v1.0", base_of_adapter)


def test_an_unknown_name_lists_the_names():
    with pytest.raises(
        CheckpointError,
        match=r"base, sft, dpo, orpo, rlhf, rlvr .*oracle, wall-follower, greedy.*mine \(your own\)",
    ):
        find("stf", Choices({"mine": "sft"}))


@pytest.mark.parametrize("name", ["../nowhere/at", "./nowhere", "/nowhere", "a/b/c", "base:sft", "base-lora", "sft:"])
def test_names_that_are_nothing(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if name == "sft:":
        assert find(name).parent == find("base")
        return
    with pytest.raises(CheckpointError):
        find(name)


def test_a_judge_is_not_asked():
    with pytest.raises(CheckpointError, match="reward is a reward model: it scores replies and cannot solve mazes"):
        find("reward")


def test_a_folder_without_a_model_says_what_was_looked_for(tmp_path):
    expected = r"config\.json and \*\.safetensors, adapter_config\.json, or a file \*\.gguf"
    with pytest.raises(CheckpointError, match=expected):
        find(str(tmp_path))


def test_the_digest_follows_every_setting_the_parent_and_the_judge(monkeypatch):
    first = {name: find(name).digest() for name in ("sft", "rlhf")}
    changes = [
        ("sft", SFT(learning_rate=2e-3)),
        ("sft", SFT(seed=2)),
        ("base", replace(RECIPES["base"], num_hidden_layers=3)),
        ("reward", replace(RECIPES["reward"], learning_rate=1e-5)),
    ]
    changed = {"sft": [], "rlhf": []}
    for name, recipe in changes:
        with monkeypatch.context() as patch:
            patch.setitem(RECIPES, name, recipe)
            for of in changed:
                changed[of].append(find(of).digest())
    assert len({first["sft"], *changed["sft"][:3]}) == 4
    assert changed["sft"][3] == first["sft"]
    assert len({first["rlhf"], *changed["rlhf"]}) == 5
    assert find("sft", Choices(rebuild_base=True)).digest() != first["sft"]
    assert find("sft-lora").digest() != first["sft"]


def test_the_shipped_base_is_the_product_of_the_recipe_that_stands_here():
    shipped = checkpoint_files.SHIPPED / "base"
    card = json.loads((shipped / store.RECORD).read_text())
    assert card["digest"] == find("base").digest()
    assert find("base").weights().folder == shipped
    assert card["weights"] == weights_digest(shipped)
    assert sum(file.stat().st_size for file in shipped.iterdir()) < 8e6


def test_the_shipped_base_is_left_alone_where_one_is_to_be_trained(monkeypatch, tmp_path):
    monkeypatch.setenv("LABIRINTO_HOME", str(tmp_path))
    assert find("base", Choices(rebuild_base=True)).is_missing
    assert not find("base").is_missing


@pytest.mark.parametrize("spoil", ["flip", "cut", "card", "gone"])
def test_spoilt_weights_are_found_named_and_built_again(tiny_recipes, capsys, spoil):
    folder = find("base").weights().folder
    weights, card = folder / "model.safetensors", folder / store.RECORD
    before = weights.read_bytes()
    if spoil == "flip":
        weights.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    elif spoil == "cut":
        weights.write_bytes(before[:-100])
    elif spoil == "card":
        card.write_text("{")
    else:
        weights.unlink()
    assert find("base").place() is None
    capsys.readouterr()
    assert find("base").weights().folder == folder
    told = capsys.readouterr().out
    assert "base is built again" in told
    assert str(card if spoil == "card" else folder) in told
    assert weights.read_bytes() == before  # the same seed on one machine: bit for bit


def test_a_shipped_checkpoint_that_was_changed_says_how_to_bring_it_back(monkeypatch, tmp_path):
    shutil.copytree(checkpoint_files.SHIPPED, tmp_path / "shipped")
    monkeypatch.setattr(checkpoint_files, "SHIPPED", tmp_path / "shipped")
    weights = tmp_path / "shipped" / "base" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(CheckpointError, match=r"model\.safetensors were changed after the build.*git checkout"):
        find("base").place()


def test_names_of_ones_own(tiny_model, tmp_path):
    file = tmp_path / "pyproject.toml"
    file.write_text(
        f"""
        [tool.labirinto.checkpoints]
        mine = "{tiny_model}"
        short = {{recipe = "sft", num_examples = 3200, sizes = [4, 5]}}
        after = {{recipe = "dpo", from = "short", rejected_shares = {{wall = 1}}}}
        other = {{recipe = "sft", from = "mine", answer_format = "plain"}}
        """
    )
    choices = Choices(registry.read_names(file))
    mine, short, after, other = (find(name, choices) for name in ("mine", "short", "after", "other"))
    assert mine == Folder("mine", tiny_model)
    assert (short.recipe.num_examples, short.recipe.sizes, short.name) == (3200, (4, 5), "short")
    assert (after.parent, after.recipe.rejected_shares) == (short, {"wall": 1})
    assert (other.parent.path, other.recipe.answer_format, other.recipe.lora_rank) == (tiny_model, "plain", 16)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x = 3", "x must be a string or a table with a recipe, not 3"),
        ("x = {recipe = 'stf'}", "x: recipe must be one of base, sft.* not 'stf'"),
        ("x = {from = 'sft'}", "x: recipe must be one of .* not None"),
        ("x = {recipe = 'sft', exmples = 3}", "sft has no setting 'exmples'. Its settings are batch"),
        ("x = {recipe = 'sft', parent = 'dpo'}", "sft has no setting 'parent'"),
        (
            "x = {recipe = 'sft', num_examples = 'many'}",
            "num_examples of sft cannot be 'many': use a value like the default, 4400",
        ),
        ("x = {recipe = 'sft', from = 'oracle'}", "oracle is an agent: sft cannot be built from it"),
        ("x = {recipe = 'sft', from = 'x'}", "no checkpoint 'x'"),
        ("x = ", "cannot read the names of checkpoints"),
        ("x = {recipe = ['sft']}", r"x: recipe must be one of .* not \['sft'\]"),
        ("x = {recipe = 'sft', from = 3}", "`from` must be the name of a checkpoint, not 3"),
        (
            "x = {recipe = 'sft', sizes = ['4']}",
            r"sizes of sft cannot be \['4'\]: use a value like the default, \(8, 5",
        ),
        (
            "x = {recipe = 'sft', answer_format = ['chat']}",
            r"answer_format of sft cannot be \['chat'\]: .* 'search'",
        ),
        ("x = {recipe = 'sft', num_examples = true}", "num_examples of sft cannot be True"),
        ("x = {recipe = 'sft', learning_rate = nan}", "learning_rate of sft cannot be nan"),
        (
            "x = {recipe = 'dpo', rejected_shares = {wall = 'x'}}",
            "rejected_shares of dpo cannot be {'wall': 'x'}",
        ),
        ("x = {recipe = 'sft', method = 'dpo'}", "sft has no setting 'method'"),
        ("x = {endpoint = 3, model = 'm'}", "a served model needs the settings endpoint and model"),
        ("x = {endpoint = 'http://h/v1'}", "a served model needs the settings endpoint and model"),
        ("x = {endpoint = 'http://h/v1', model = 'm', name = 'y'}", "endpoint and model, and options; name is neither"),
        ("x = {endpoint = 'http://[::1/v1', model = 'm'}", "is not a valid endpoint: Invalid IPv6"),
        ("x = {endpoint = 'http://h:port/v1', model = 'm'}", "is not a valid endpoint: Port could not be cast"),
        ("x = '~nobody-at-all/model'", "no folder '~nobody-at-all/model'"),
        (f"x = '{'n' * 5000}'", "no checkpoint 'nnn"),
        (f"x = '{'sft:' * 3000}oracle'", "is defined by too many other names"),
        ("\n".join(f"x{n} = 'x{n + 1}'" for n in range(3000)) + "\nx = 'x0'", "is defined by too many other names"),
    ],
)
def test_names_that_say_nothing_are_told_with_what_is_wrong(tmp_path, line, message):
    file = tmp_path / "names.toml"
    file.write_text(line)
    with pytest.raises(CheckpointError, match=message):
        find("x", Choices(registry.read_names(file)))


def test_a_file_of_names_has_to_be_there_if_it_is_asked_for(tmp_path):
    assert registry.read_names(tmp_path / "pyproject.toml", needed=False) == {}
    with pytest.raises(CheckpointError, match="cannot read the names"):
        registry.read_names(tmp_path / "names.toml")


def test_an_agent_may_have_a_name_of_ones_own():
    choices = Choices({"who": "oracle", "again": "who"})
    for name in ("who", "again"):
        checkpoint = find(name, choices)
        assert (checkpoint.name, checkpoint.content(), checkpoint.is_agent) == (name, "oracle", True)
        asked = requests("tiny", 3)
        assert [reply.text for reply in ask(checkpoint, asked)] == [reply.text for reply in ask(find("oracle"), asked)]


@pytest.mark.parametrize("name", ["a\nb", "a\tb", "\x1b[31mred", "\u202eabc", "", "bell\x07"])
def test_a_name_that_would_change_the_terminal_is_refused(tmp_path, name):
    file = tmp_path / "names.toml"
    file.write_text(f"{json.dumps(name)} = 'sft'\n")
    with pytest.raises(CheckpointError, match="is not a valid checkpoint name") as error:
        registry.read_names(file)
    assert "\x1b" not in str(error.value)


@pytest.mark.parametrize("name", ["a\nb", "a\tb", "\x1b[31mred", "\u202eabc", "bell\x07", "\udcff"])
def test_a_folder_with_such_a_name_is_shown_in_one_line(tiny_model, tmp_path, name):
    (tmp_path / name).symlink_to(tiny_model)
    checkpoint = find(str(tmp_path / name))
    assert checkpoint.weights().folder == tmp_path / name
    assert printable(checkpoint.name) == checkpoint.name
    assert "\n" not in checkpoint.name
    assert "\t" not in checkpoint.name
    assert checkpoint.name.encode()


def _damage(random, text):
    """The text, spoilt in one of the ways in which files are spoilt."""
    data, at = text.encode(), random.randrange(len(text) or 1)
    deep, long = random.choice((10, 5_000, 100_000)), "9" * 5_000
    values = (long, "null", "[]", "{}", "-1", '"\\ud800"')
    return random.choice(
        (
            lambda: data[:at],
            lambda: data[:at] + bytes([random.randrange(256)]) + data[at + 1 :],
            lambda: (
                data[:at] + random.choice((b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\xe2\x80\xa8", b"\x85")) + data[at:]
            ),
            lambda: text.encode("utf-16"),
            lambda: b"\xef\xbb\xbf" + data[:at],
            lambda: data.replace(random.choice((b'"', b"{", b"}", b"=", b":", b",")), b"", 1),
            lambda: re.sub(r'\d+|"[^"]*"', lambda _: random.choice(values), text, count=2).encode(),
            lambda: f"{text.strip()[:-1]} , {'[' * deep}".encode(),
            lambda: b"[" * deep + b"]" * deep,
            lambda: f'{{"a":{"[" * deep}{"]" * deep}}}'.encode(),
            lambda: f"x = {'[' * deep}{']' * deep}".encode(),
            lambda: f"x = {long}".encode(),
            lambda: random.choice(
                (b"", b"null", b"3", b'"text"', b"[]", b"{}", b"x = 1979-05-27", b"tool = 3", b"x.y.z = 1")
            ),
            lambda: random.randbytes(random.randrange(60)),
        )
    )()


def _find_all(file):
    """All names of a file, chosen as a command line chooses them."""
    options = {"lora": False, "rebuild_base": False, "trust_remote_code": False}
    choices = registry.choose(Namespace(checkpoints=str(file), **options), file.parent)
    for name in choices.named:
        find(name, choices)


def test_five_hundred_damaged_files_are_each_told_in_a_line_with_the_file(tiny_model, tmp_path):
    """TOML tables, JSON lines, settings of adapters and records of checkpoints; some damage leaves them sound."""
    random = Random(1)
    pair = '{"prompt": "a", "chosen": "b", "rejected": "c"}'
    talk = '{"prompt": [{"role": "user", "content": "a"}], "chosen": [{"role": "x", "content": "b"}], "rejected": []}'
    whole = {
        "names.toml": 'x = {recipe = "sft", num_examples = 32, sizes = [4, 5]}\n',
        "mine.jsonl": f"{pair}\n{talk}\n",
    }
    whole["pyproject.toml"] = f"[tool.labirinto.checkpoints]\n{whole['names.toml']}"
    adapter, built = tmp_path / "adapter", tmp_path / "built"
    adapter.mkdir()
    (adapter / "adapter_model.safetensors").write_bytes(b"")
    whole["adapter_config.json"] = json.dumps({"base_model_name_or_path": str(tiny_model), "r": 8, "revision": None})
    card = {"name": "x", "digest": "1", "recipe": {"method": "sft", "data": "2"}, "parent": None, "weights": "3"}
    whole[store.RECORD] = json.dumps(card)
    readers = {
        "names.toml": _find_all,
        "pyproject.toml": _find_all,
        "mine.jsonl": preferences.read,
        "adapter_config.json": lambda file: find(str(file.parent)),
        store.RECORD: lambda file: (
            checkpoint_files.fault(file.parent),
            readme(file.parent, store.read_record(file.parent) or {}, {}),
        ),
    }
    built.mkdir()
    messages = []
    for number in range(500):
        name = list(whole)[number % len(whole)]
        folder = {"adapter_config.json": adapter, store.RECORD: built}.get(name, tmp_path)
        (folder / name).write_bytes(_damage(random, whole[name]))
        try:
            readers[name](folder / name)
        except CheckpointError as error:
            messages.append((folder if folder in (adapter, built) else folder / name, str(error)))
    assert len(messages) > 400
    for place, message in messages:
        assert str(place) in message, message[:300]
        assert "\n" not in message, message[:300]


@pytest.mark.parametrize("name", ["names.toml", "mine.jsonl"])
def test_a_folder_in_the_place_of_a_file_is_told(tmp_path, name):
    (tmp_path / name).mkdir()
    for read in (registry.read_names, preferences.read):
        with pytest.raises(CheckpointError, match=re.escape(str(tmp_path / name))):
            read(tmp_path / name)
        with pytest.raises(CheckpointError, match="null byte"):
            read(tmp_path / "a\0b")


def test_a_setting_under_its_earlier_name_is_told_its_name_now():
    with pytest.raises(CheckpointError, match=re.escape("the setting 'rate' of sft was renamed to 'learning_rate'")):
        registry.built("sft", rate=1e-3)
    with pytest.raises(CheckpointError, match="the setting 'steps' of base was renamed to 'max_steps'"):
        registry.built("base", steps=5)


def test_a_checkpoint_says_how_its_replies_answer(tiny_model):
    """`--mri` gives each checkpoint the beginning of an answer in that form."""
    names = {
        "plain": {"recipe": "sft", "from": str(tiny_model), "answer_format": "plain"},
        "chat": {"recipe": "sft", "from": str(tiny_model), "answer_format": "chat"},
    }
    formats = {name: find(name, Choices(names)).answer_format for name in ("base", "sft", "plain", "chat")}
    assert formats == {"base": "search", "sft": "search", "plain": "plain", "chat": "chat"}
    assert find(str(tiny_model)).answer_format == "plain"

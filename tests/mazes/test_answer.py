import re
import string
from itertools import chain, pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchmark.mazes.answer import Answer, Reading, read, thoughts, write
from benchmark.mazes.draw import DRAWINGS, Glyphs, Grid, draw
from benchmark.mazes.draw import read as read_drawing
from benchmark.mazes.generate import generate
from benchmark.mazes.maze import Maze, follow
from benchmark.mazes.score import score
from benchmark.mazes.solve import shortest_path

from .strategies import mazes, seeds, trees

moves = st.text("UDLR", min_size=1, max_size=40)
# an open field of 12x12 with S at (5,5) and G at (6,6)
FIELD = np.zeros((12, 12), np.uint8)
FIELD[0] |= 1
FIELD[-1] |= 2
FIELD[:, 0] |= 4
FIELD[:, -1] |= 8
MAZE = Maze(FIELD, (5, 5), (6, 6))


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("answer: (5,5) (5,6) (6,6)", "RD"),
        ("answer: (5,6) (6,6)", "RD"),  # S left out
        ("answer: S (5,5) (5,6) G (6,6)", "RD"),
        ("Answer:\n\n  (5,5) -> (5,6) -> (6,6)\n", "RD"),
        ("(5,5), (5,6), (6,6)", "RD"),
        ("answer: [[5, 5], [5, 6], [6, 6]]", "RD"),
        ("answer: [(5, 5), (5, 6), (6, 6)].", "RD"),
        ("answer: (5,5) → (5,6) → (6,6)", "RD"),
        ("RD", "RD"),
        ("R D", "RD"),
        ("r, d", "RD"),
        ("answer: R -> D", "RD"),
        ('answer: ["R", "D"]', "RD"),
        ("answer: right down", "RD"),
        ("answer: right, then down", "RD"),
        ("Resposta: direita, baixo", "RD"),
        ("resposta: para a direita e para baixo", "RD"),
        ("resposta: leste sul oeste norte", "RDLU"),
        ("answer: East, South, West, North", "RDLU"),
        ("answer: E S W N", "RDLU"),
        ("answer: →↓←↑", "RDLU"),
        ("answer: ➡️ ⬇️", "RD"),
        ("answer: > v < ^", "RDLU"),
        ("answer: 6 2 4 8", "RDLU"),
        ("answer: **R D**", "RD"),
        ("**Answer:** R D", "RD"),
        ("**Answer**: R D", "RD"),
        ("answer: `R D`.", "RD"),
        ("answer:\n```\nR D\n```\n", "RD"),
        ("answer:\n```text\nR D\n```\nThat is it.", "RD"),
        ("first I thought answer: U U\nbut no, answer: R D\nthat is all", "RD"),
        ("from (5,5) to (6,6)\nanswer: (5,5) (5,6) (6,6)", "RD"),
        ("answer: (5,5) (4,5)", "U"),
        ("<think>answer: U U</think>answer: R D", "RD"),
        ("answer: U U</think>\nanswer: R D", "RD"),  # the template has opened the thought
    ],
)
def test_answers_that_can_be_read(reply, expected):
    assert read(reply, MAZE).strict == read(reply, MAZE).lenient == Answer(expected)


def test_blanks_of_all_kinds_stand_between_moves():
    blanks = "\u00a0\u202f\u2007\u2009\u3000\u2060\u200b\ufeff"
    for blank in blanks:
        for reply in (
            "answer:{}R{}D",
            "{}R{}D",
            "**Answer:**{}**R{}D**",
            "answer: right,{}down{}",
            "{}answer: R D{}\n",
        ):
            assert read(reply.format(blank, blank), MAZE).strict == Answer("RD"), (hex(ord(blank)), reply)
    for end in "\u2028\u2029\x85":
        assert read(f"So:{end}answer: R D{end}Done.", MAZE).strict == Answer("RD")


@pytest.mark.parametrize(
    "answer",
    [
        "R ... D", "R! D!", "R * D", "**R** **D**", "R<br>D", "R\\nD", "R (west), D (south)", "R (1). D (2).", "6. 2.",
        "(5,5). (5,6). (6,6).", "→ . ↓", "R. Then D.", "Right (1 step) then down", r"\boxed{R (once), D (south)}",
        "S R D G R", "R D GO", "S G R D", "S R (up) D G",
    ],
)  # fmt: skip
def test_of_moves_that_go_on_in_another_way_none_is_taken(answer):
    for tag in ("answer: ", "Path: ", "The answer is ", "<answer>"):
        assert read(tag + answer, MAZE).lenient.moves is None, tag
        assert read(tag + answer, MAZE).strict.moves is None, tag


@pytest.mark.parametrize(
    "answer",
    [
        "R (east), D (south)", "R (right) D (down).", "\n1. R (right)\n2. D (down)\n", r"\boxed{R (right), D (down)}",
        "S R D G", "S -> R -> D -> G", "S, R, D, G.", "`S → R → D → G`", "R D G", "S R (right) D (down) G",
        "R (direita), D (baixo)",
    ],
)  # fmt: skip
def test_moves_that_are_explained_or_stand_between_s_and_g_are_read_leniently(answer):
    for tag in ("answer: ", "**Answer:** ", "Path: ", "<answer>"):
        assert read(tag + answer, MAZE) == Reading(read(tag + answer, MAZE).strict, Answer("RD")), tag
    assert read("answer: " + answer, MAZE).strict.moves is None
    assert read("answer: " + answer.rstrip(), MAZE, truncated=True).lenient.moves in (None, "RD")


def test_south_and_the_letter_of_the_start_are_told_apart():
    assert read("answer: S E", MAZE).strict == read("answer: S E", MAZE).lenient == Answer("DR")
    assert read("The answer is S, S, E.", MAZE).lenient == Answer("DDR")


def _marks():
    """The marks of thought in the table of `thoughts`, as they are written."""
    rows = re.findall(r"^\| `(.+?)` \| `(.+?)` \| .* \|$", thoughts.__doc__, re.MULTILINE)
    return [(begin.replace("\\|", "|"), end.replace("\\|", "|")) for begin, end in rows]


MARKS = _marks()


def test_there_are_marks_of_twenty_one_kinds():
    assert len(MARKS) == 21
    for begin, end in (("<think>", "</think>"), ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>")):
        assert (begin, end) in MARKS


@pytest.mark.parametrize(("begin", "end"), MARKS)
def test_what_is_thought_is_no_answer(begin, end):
    nothing = Answer(None, "no answer")
    for text in ("answer: U U", "U U", "\n\nanswer: U U\n\n", "I go up.\nPath: U U\n", "<answer>U U</answer>"):
        thought = text if begin != "analysis" else "We" + text  # harmony's text follows its channel at once
        for reply in ("answer: R D", "R D", "\n\nanswer: R D\n", "Well:\nanswer: R D"):
            assert read(begin + thought + end + reply, MAZE).strict == Answer("RD"), (thought, reply)
            if not begin.startswith("analysis"):
                assert read(f"\n{begin}\n{thought}\n{end}\n{reply}", MAZE).strict == Answer("RD")
            assert read(thought + end + reply, MAZE).strict == Answer("RD")  # the template has begun the thought
        for reply in (begin + thought, begin + thought + end + "I give up on this maze.\n"):
            assert read(reply, MAZE) == Reading(nothing, nothing), reply
        for reply in (begin + thought, begin + thought + "\n", begin + thought + end, thought + "\nWait"):
            cut = Answer(None, "truncated")
            assert read(reply, MAZE, truncated=True) == Reading(cut, cut), reply


@pytest.mark.parametrize(("begin", "end"), MARKS)
def test_marks_that_are_only_mentioned_are_prose(begin, end):
    for reply in (
        f"answer: R D\n\nI did not write `{begin}` here.",
        f"answer: R D\n\nBetween `{begin}` and `{end}` I looked at all walls.",
        f'I was told to use "{begin}" and "{end}".\nanswer: R D',
    ):
        assert read(reply, MAZE).strict == Answer("RD"), reply
    if begin.startswith(("<t", "<re", "<seed", "Here")):
        for reply in (
            f"answer: R D\n\nI did not use {begin} for that.",
            f"answer: R D\n\nI was asked for {begin} and {end} tags.",
            f"answer: R D\n\nI was asked for {begin}...{end} tags.",
            f"I will not use {begin} here.\nanswer: R D",
            f"{begin}Up? No.{end}\nanswer: R D\n\nMy thought ends with {end} as you see.",
        ):
            assert read(reply, MAZE).strict == Answer("RD"), reply


@pytest.mark.parametrize(
    ("reply", "strict"),
    [
        ("answer: R D\n<think>Is that right? answer: U U</think>\nYes.", "RD"),
        ("answer: R D\n<think>\nanswer: U U", "RD"),
        ("<think>U</think>\n<think>answer: U</think>\nanswer: R D", "RD"),
        ("<think>I close it with `</think>` later. answer: U</think>answer: R D", "RD"),
        ("<think>I close it with </think> later.\nanswer: U\n</think>\nanswer: R D", "RD"),
        ("<think>The user wants <think> tags. answer: U</think>answer: R D", "RD"),
        ("<thinking>U<reflection>answer: U</reflection>answer: U</thinking><output>answer: R D</output>", "RD"),
        ("<thinking>U<reflection>answer: U</reflection>answer: U", None),
        ("<think>answer: U U</thinking>\nanswer: R D", "RD"),
        ("<think>\nup\n</think>\n<answer>\nanswer: R D\n</answer>", "RD"),
        ("<think>\nup\n</think>\n<answer>\nR D\n</answer>", "RD"),
        ("<think>\nup\n</think>\n\n<response>\nanswer: R D\n</response>\n", "RD"),
        ("<THINK>answer: U U</THINK>answer: R D", "RD"),
        ("Okay. <think>answer: U U", None),
        ("Okay <think>I go.\nanswer: U U\n</think>\nI give up", None),
        ("<|START_THINKING|>U<|END_THINKING|><|START_RESPONSE|>answer: R D<|END_RESPONSE|>", "RD"),
        ("<|begin_of_thought|>U<|end_of_thought|>\n<|begin_of_solution|>\nanswer: R D\n<|end_of_solution|>", "RD"),
        (
            "<|channel|>analysis<|message|>U<|end|><|start|>assistant<|channel|>final<|message|>answer: R D<|return|>",
            "RD",
        ),
        ("<|channel|>final<|message|>answer: R D<|return|>", "RD"),
        ("<|channel|>analysis<|message|>U<|end|><|start|>assistant<|channel|>commentary<|message|>answer: U", None),
        ("<|channel|>analysis<|message|>U<|end|><|start|>assistant<|channel|>final <|constrain|>x<|message|>R D", "RD"),
        ("analysisWe go up. answer: U U", None),
        ("analysisWe go up.assistantcommentaryanswer: U Uassistantfinalanswer: R D", "RD"),
        ("finalanswer: R D", "RD"),
        ("finalR D", "RD"),
        ("finally I say\nanswer: R D", "RD"),
        ("analysis of the walls:\nanswer: R D", "RD"),
        ("Analysis: look.\nanswer: R D", "RD"),
        ("Here's my thought process: U. answer: U\n\nHere's my response: answer: R D", "RD"),
    ],
)
def test_thoughts_among_replies(reply, strict):
    assert read(reply, MAZE).strict == Answer(strict, "" if strict else "no answer")


pieces = st.lists(
    st.sampled_from(["answer: U", "U U", "\n", "path: L", "`", "(5,5) (4,5)", "the", " ", "<answer>", "}"])
)


@given(st.sampled_from(MARKS), pieces.map("".join), st.sampled_from(["answer: R D", "R D", "I give up.", "answer: x"]))
def test_no_thought_changes_what_is_read(marks, thought, reply):
    begin, end = marks
    assert read(begin + "A" + thought + end + reply, MAZE) == read(reply, MAZE)
    assert read(thought + "." + end + reply, MAZE) == read(reply, MAZE)
    unended = read(begin + "A" + thought, MAZE)
    assert unended == Reading(unended.strict, unended.strict)
    assert unended.strict.why == "no answer"


@pytest.mark.parametrize(
    "reply", ["answer: unreachable", "Answer: **Unreachable**.", "resposta: inalcançável", "unreachable"]
)
def test_that_no_way_leads_to_the_goal_is_an_answer(reply):
    assert read(reply, MAZE).strict == Answer(None, "unreachable")


@pytest.mark.parametrize(
    ("reply", "why", "lenient"),
    [
        ("<answer>R D</answer>", "no answer", "RD"),
        (r"So it is \boxed{R, D}", "no answer", "RD"),
        ("Path: R D", "no answer", "RD"),
        ("I see it now.\n\n**Path:** R, D\n\nThis leads around the wall to G.", "no answer", "RD"),
        ("Moves:\n1. right\n2. down\nThat is G.", "no answer", "RD"),
        ("Caminho: direita, baixo", "no answer", "RD"),
        ("**Resposta final:** direita, baixo", "no answer", "RD"),
        ("The answer is R D.", "no answer", "RD"),
        ("answer: R D. This way G is reached.", "malformed", "RD"),
        ("answer: R D (2 moves)", "malformed", "RD"),
        ("answer: R D\n\nThe answer: it was easy.", "malformed", "RD"),
        ("answer:\n1. right\n2. down\n", "malformed", "RD"),
        ("answer:\n- Right\n- Down\n\nDone.", "malformed", "RD"),
        ("I look around.\nThen I go.\nR D", "no answer", "RD"),
        ("So:\n```\nR D\n```", "no answer", "RD"),
        ("answer: no path", "malformed", "unreachable"),
        ("I see walls everywhere.\nThere is no path to G.", "no answer", "unreachable"),
        (r"\boxed{R D \text{ (2 moves)}}", "no answer", "RD"),
        (r"\boxed{no path}", "no answer", "unreachable"),
        (r"\boxed{\text{There is no path to G.}}", "no answer", "unreachable"),
        (r"\boxed{\text{unreachable}}", "no answer", "unreachable"),
        ("answer: R. D.", "malformed", "RD"),
        ("Moves:\n1. 6\n2. 2\n", "no answer", "RD"),
        ("Path: Right. Down.", "no answer", "RD"),
        ("Moves:\n1. Right.\n2. Down.\n", "no answer", "RD"),
        (r"\boxed{R. D.}", "no answer", "RD"),
        (r"So it is $\boxed{R \to D}$.", "no answer", "RD"),
        (r"\boxed{R\ D}", "no answer", "RD"),
        (r"\boxed{\text{right, down}}", "no answer", "RD"),
        (r"\boxed{\mathtt{RD}}", "no answer", "RD"),
        (r"\boxed{\rightarrow \downarrow}", "no answer", "RD"),
        (r"\boxed{(5,5) \rightarrow (5,6) \rightarrow (6,6)}", "no answer", "RD"),
        (r"answer: $R \rightarrow D$", "malformed", "RD"),
        ("answer: R D. Left of it is a wall", "malformed", "RD"),
        ("answer: R D (right, down)", "malformed", "RD"),
    ],
)
def test_the_lenient_reading_takes_what_the_strict_one_refuses(reply, why, lenient):
    found = read(reply, MAZE)
    assert found.strict == Answer(None, why)
    assert (found.lenient.moves or found.lenient.why) == lenient


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("go right, then down", "no answer"),
        ("First right, then down along the wall, and you are there.", "no answer"),
        ("for move in 'RD': walk(move)", "no answer"),
        ("```python\npath = ['R', 'D']\nfor move in path:\n    walk(move)\n```", "no answer"),
        ("```python\npath = ['R', 'D']\nprint(path)\n```\nRun this to see it.", "no answer"),
        ("Path: right along the corridor, then down", "no answer"),
        ("The moves: up is blocked and so is left.", "no answer"),
        ("Path: R D\nNo, that runs into the wall on the right. I go back to S and look" + " again" * 20, "no answer"),
        ("I could take the path: R D", "no answer"),
        ("[THINK]\nR D", "no answer"),
        ("answer: I would go right and down", "malformed"),
        ("answer: right of S there is a wall", "malformed"),
        ("answer:", "malformed"),
        ("R D\nanswer: dunno", "malformed"),
        ("answer: RDX", "malformed"),
        ("answer: we", "malformed"),
        ("answer: N/A", "malformed"),
        ("answer: see above", "malformed"),
        ("answer: (5,5) (6,6)", "jump"),
        ("answer: (5,5) (5,5)", "jump"),
        ("answer: (0,0) (0,1)", "start"),
        ("answer: (5,99999999999)", "malformed"),
        ("<think>answer: R D", "no answer"),  # a thought that never ends is no reply
        ("<think>right, down\nR D</think>\nI give up on this maze.", "no answer"),
        ("Is it unreachable? I can not tell you that now.", "no answer"),
    ],
)
def test_replies_that_hold_no_answer_say_why(reply, why):
    assert read(reply, MAZE).strict == read(reply, MAZE).lenient == Answer(None, why)


def test_an_answer_that_was_cut_off_is_not_trusted():
    for reply in ("answer: R D", "", "let me think", "<think>R D", "Path: R D", "so\nR D", "answer: no path"):
        found = read(reply, MAZE, truncated=True)
        assert found.strict == found.lenient == Answer(None, "truncated"), reply


@pytest.mark.parametrize(
    "reply",
    [
        "answer: R D\nAnd now to",  # what was cut off may have been a thought that the template had begun
        "So answer: R D\nWait, that runs into a wall.",
        "answer:\n```\nR D\n```\nThat is",
        "I see.\n\\boxed{R D}\nWait,",
        "Path: R D\n",  # an answer without a tag's line may go on in the next
        "So:\n```\nR D\n```\nand",
        "**Path:** R, D\n\nNo:",
        "</think>\nanswer: R",
        "answer: R D\n<think>\nLet me check",
    ],
)
def test_a_reply_that_was_cut_off_has_no_answer_unless_that_ends_it(reply):
    assert read(reply, MAZE, truncated=True) == Reading(Answer(None, "truncated"), Answer(None, "truncated"))


@pytest.mark.parametrize(
    ("reply", "strict"),
    [
        ("answer: R D\n", True),
        ("I see.\n**Answer:** R D\n\n", True),
        ("answer:\n```\nR D\n```", True),
        ("<think>U</think>answer: R D\n", True),
        ("So \\boxed{R, D}", False),
        ("So $\\boxed{R D}$.\n", False),
        ("<answer>R D</answer>", False),
        ("Path:\n```\nR D\n```\n", False),
        ("So:\n```\nR D\n```\n", False),
    ],
)
def test_an_answer_that_ends_a_reply_that_was_cut_off_is_read(reply, strict):
    reading = read(reply, MAZE, truncated=True)
    assert reading.lenient == Answer("RD")
    assert reading.strict == (Answer("RD") if strict else Answer(None, "truncated"))


@given(moves, mazes)
def test_what_is_written_is_read_back(walked, maze):
    assert read(write(Answer(walked)), maze).strict == Answer(walked)
    assert read(write(Answer(None, "unreachable")), maze).strict == Answer(None, "unreachable")
    assert len(follow(maze.start, walked)) == len(walked) + 1


GRIDS = [name for name, style in DRAWINGS.items() if isinstance(style, Grid)]


def _marked(maze, drawing, char, between, glyphs=None):
    """The drawing with its shortest path marked, on the cells or also between them."""
    lines, style = draw(maze, drawing, glyphs).split("\n"), DRAWINGS[drawing]

    def put(line, column):
        lines[line] = lines[line][:column] + char + lines[line][column + 1 :]

    passed = follow(maze.start, shortest_path(maze))
    for cell in passed[1:-1]:
        put(*style.place(*cell))
    if between:
        for a, b in pairwise(passed):
            put(*(style.right_of if a[0] == b[0] else style.below)(*min(a, b)))
    return "\n".join(lines)


# trees, because where ways lie side by side in a loop, marks need not tell which was gone
@given(
    trees,
    st.sampled_from(GRIDS),
    st.sampled_from(".*x+·"),
    st.booleans(),
    st.sampled_from(["answer:\n{}", "answer:\n```\n{}\n```\nDone.", "{}"]),
)
def test_a_way_marked_in_the_drawing_is_read(maze, drawing, char, between, form):
    if len(shortest_path(maze)) > 1 or between:
        reply = form.format(_marked(maze, drawing, char, between))
        assert read(reply, maze, drawing).strict == Answer(shortest_path(maze))


def test_a_way_marked_by_letters_is_no_prose():
    maze = read_drawing(" _____\n|S__  |\n|___G_|", "compact")
    bare = _marked(maze, "compact", "x", True)
    assert "xxx" in bare
    assert read(bare, maze, "compact").strict == Answer("RD")
    assert read("the way is here:\n" + bare, maze, "compact").strict == Answer(None, "no answer")


@given(seeds, st.sampled_from(["block", "spaced"]))
def test_a_way_marked_with_glyphs_is_read(seed, drawing):
    glyphs, maze = Glyphs.random(str(seed)), generate("dfs", 5, 5, seed, at_least=4)
    reply = "answer:\n" + _marked(maze, drawing, "é", False, glyphs)
    assert read(reply, maze, drawing, glyphs).strict == Answer(shortest_path(maze))


def test_marks_through_a_wall_are_a_way_through_the_wall():
    maze = read_drawing("#####\n#S#G#\n# # #\n#   #\n#####", "block")
    found = read("answer:\n#####\n#S.G#\n# # #\n#   #\n#####", maze, "block").strict
    assert found == Answer("R")
    assert score(maze, found).outcome == "wall"


def test_marks_that_fork_do_not_say_a_way():
    maze = read_drawing("#######\n#S    #\n# ### #\n#    G#\n#######", "block")
    copy = "#######\n#S....#\n#.###.#\n#....G#\n#######"
    assert read("answer:\n" + copy, maze, "block").strict == Answer(None, "malformed")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text,  # nothing marked
        lambda text: text.replace("S", "."),
        lambda text: text.replace("#", ".", 1),
        lambda text: text.rsplit("\n", 1)[0],
        lambda text: text.replace("\n", "..\n", 3),
    ],
)
def test_a_spoilt_copy_of_the_drawing_is_malformed(spoil):
    maze = generate("dfs", 5, 5, 1, at_least=5)
    assert read("answer:\n" + spoil(draw(maze, "block")), maze, "block").strict == Answer(None, "malformed")


def test_a_drawing_that_was_only_quoted_is_no_answer():
    maze = generate("dfs", 5, 5, 1, at_least=5)
    reply = "The maze is\n" + _marked(maze, "block", ".", True) + "\nand I looked at it for long."
    assert read(reply, maze, "block").strict == read(reply, maze, "block").lenient == Answer(None, "no answer")


PIECES = [
    *chain.from_iterable(MARKS),
    *(
        "answer:",
        "Answer :",
        "resposta:",
        "path:",
        "<answer>",
        "\\boxed{",
        "}",
        "```",
        "unreachable",
    ),
    *("(5,5)", "(5,6)", "R", "D", "right", "→", "6", "1. ", "no path", "the", "S", "G"),
    *(" ", "\n", ",", "[", "]", "#", "é", "\ufe0f", "_", "*"),
]
replies = st.text() | st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
drawings = st.sampled_from(["", *DRAWINGS])


def _is_sound(reply, drawing, truncated):
    found = read(reply, MAZE, drawing, truncated=truncated)
    for answer in (found.strict, found.lenient):
        assert (answer.moves is None) == bool(answer.why)
        assert set(answer.moves or "") <= set("UDLR")
        assert answer.why in ("", "unreachable", "empty", "truncated", "no answer", "malformed", "jump", "start")
    if found.strict.is_readable:
        assert found.lenient == found.strict
    assert truncated or found.strict.why != "truncated"


@given(replies, drawings, st.booleans())
@example("answer:" + "[" * 50, "block", False)
def test_any_text_is_read_without_an_error(reply, drawing, truncated):
    _is_sound(reply, drawing, truncated)


@pytest.mark.slow
def test_a_hundred_thousand_texts_are_read_without_an_error():
    """As the test above, without hypothesis, which takes ten times as long to make a text as we to read it."""
    random = Random(1)
    letters = [*string.printable, *"éß→←↑↓①٣\u200b\ufe0f\ud800😀"]
    for number in range(100_000):
        pieces = random.choices(PIECES if number % 4 else letters, k=random.randrange(30))
        _is_sound("".join(pieces), random.choice(["", *DRAWINGS]), random.random() < 0.5)


UNITS = [
    "answer:", "(1,1) ", "R ", "- ", "( ", "1", "up", "answer : ", " \n", "(1 , ", "[", "`", "```\n", "<think>",
    "</think>", "\\boxed{", "path: ", "path: R\n", "answer:\n1. R\n", "1. right\n", "→", "> ", "_", "#####\n",
    "right then ", "e ", "para a ", "x <think> ", "`<think>` ", "x </think> y ", "<|channel|>final ", "R. ", "R (x) ",
]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_reading_takes_time_linear_in_the_text(unit):
    """Counted and not timed: the regular expressions and loops may look at each character a bounded number of times.

    A quadratic reader would take hours for a megabyte, so that this test would not end.
    """
    for head, truncated in (("", False), ("answer:", True), ("<answer>", False)):
        read(head + unit * (1_000_000 // len(unit)), MAZE, "block", truncated=truncated)


def test_the_forms_are_documented_with_examples_that_are_read():
    from benchmark.mazes.answer import forms

    maze = Maze(FIELD, (0, 0), (1, 1))
    rows = re.findall(r"^\| (\w+) \| (.*) \|$", forms.__doc__, re.MULTILINE)[1:]
    assert len(rows) == 5
    for _, examples in rows:
        for text in re.findall(r"`([^`]+)`", examples):
            assert read(f"answer: {text}", maze).strict.moves, text

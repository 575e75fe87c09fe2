"""The question in English."""

NAME = "English"

# The plain question is what the nano family was trained on: its tokenizer knows these sentences as one token each.
QUESTION = """\
Find a shortest path from S to G in this maze. {legend}
{drawing}
Write "answer:" and then the cells of the path as (row,column), rows counted down and columns right, both from 0; \
or its moves as U D L R, one cell each; or "unreachable" if no path leads to G.
"""
TAG = "answer:"
UNREACHABLE = "unreachable"
LEGENDS = {
    "block": "# is a wall.",
    "compact": "_ and | are walls.",
    "spaced": "# is a wall; every second character is only a space.",
    "boxes": "-- and | are walls, + is a corner.",
    "unicode": "Lines are walls.",
    "coordinates": "Pairs of neighbouring cells (row,column) without a wall between them are listed; S is the ORIGIN and "
    "G the TARGET.",
    "walls": "Each cell is given as <|row-column|>, its walls and what it holds; S is the origin and G the target.",
}
GLYPHS = "{wall} is a wall, {floor} is open; S is drawn as {start} and G as {goal}."

SYSTEM = """\
You find your way through mazes that are drawn as text.

A maze is a grid of cells, some of them with walls between. Rows are counted from the top down and columns from left to \
right, both from 0: (r,c) is the cell in row r and column c. You start on the cell S and have to reach the cell G.

There are four moves: U goes up to row r-1, D goes down to row r+1, L goes left to column c-1, R goes right to column c+1. \
Each move goes one cell, never through a wall and never out of the maze. The path ends on G; among all paths, find one with the \
fewest moves.

How the maze is drawn: {legend} {steps}

End your reply with one line that holds "answer:" and then the moves, separated by spaces; or, if no path leads to G, \
"answer: unreachable".

An example:

{drawing}

A right reply to it:

{reply}"""
STEPS = {
    "block": "Every cell is one character, in every second line and every second column of the text, and the character "
    "between two cells is a wall or open: one move is two characters of the text, but one cell of the maze.",
    "spaced": "Every cell is one character, and so is what lies between two cells, a wall or a blank, with a space between "
    "any two characters of a line: one move is two lines down or four characters across, but one cell of the maze.",
    "compact": "Every cell is three characters of one line: its floor, drawn as _ where there is a wall below it, twice, "
    "and its right side, drawn as | where there is a wall. The first line is the top wall.",
    "boxes": "Every cell is two characters wide and one line high, between the lines and characters that are kept for walls: one "
    "move is two lines down or three characters across, but one cell of the maze.",
    "unicode": "Every cell is three characters wide and one line high, between the lines and characters that are kept for "
    "walls: one move is two lines down or four characters across, but one cell of the maze.",
    "coordinates": "Two cells that are not listed as a pair have a wall between them.",
    "walls": "A move is only possible through a side whose wall is not named.",
}
USER = "Find a shortest path from S to G in this maze.\n\n{drawing}\n\n{how}"
AT_ONCE = "Reply with the line of the answer and nothing else."
REASON = "Think step by step: follow the cells from S on and watch the walls. Then give the line of the answer."
THOUGHT = "S is {start}, G is {goal}. {steps} That is G."
STEP = "From {here} {move} leads to {there}."

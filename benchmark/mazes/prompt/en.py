"""The prompt in English."""

NAME = "English"

# The nano models are trained on the plain question: their tokenizer has one token for each of its sentences.
QUESTION = """\
Find a shortest path from S to G in this maze. {legend}
{drawing}
Write "answer:" and then the cells of the path as (row,column), rows counted down and columns right, both from 0; \
or its moves as U D L R, one cell each; or "unreachable" if no path leads to G.
"""
SHORT_QUESTION = "Find a shortest path from S to G in this maze. {legend}\n{drawing}\n{answer}\n"
MOVES = (
    "Give its moves: U (up), D (down), L (left) or R (right), one cell each, never through a wall; "
    'or "unreachable" if no path leads to G.'
)
CELLS = (
    "Give its cells from S to G as (row,column), rows counted down and columns right, both from 0; "
    'or "unreachable" if no path leads to G.'
)
TAG = "answer:"
UNREACHABLE = "unreachable"
GLYPHS = "{wall} is a wall, {floor} is open; S is drawn as {start} and G as {goal}."

RULES = """\
You find your way through mazes that are drawn as text.

A maze is a grid of cells, some of them with walls between. Rows are counted from the top down and columns from left to \
right, both from 0: (r,c) is the cell in row r and column c. You start on the cell S and have to reach the cell G.

There are four moves: U goes up to row r-1, D goes down to row r+1, L goes left to column c-1, R goes right to column c+1. \
Each move goes one cell, never through a wall and never out of the maze. The path ends on G; among all paths, find one with the \
fewest moves.

How the maze is drawn: {legend} {steps}"""
FORM = """\
End your reply with one line that holds "answer:" and then the moves, separated by spaces; or, if no path leads to G, \
"answer: unreachable"."""
EXAMPLE = """\
An example:

{drawing}

A right reply to it:

{reply}"""
USER = "Find a shortest path from S to G in this maze.\n\n{drawing}\n\n{how}"
AT_ONCE = "Reply with the line of the answer and nothing else."
REASON = "Think step by step: follow the cells from S on and watch the walls. Then give the line of the answer."
LINE_ONLY = "Reply with one line in this form and nothing else:"
LINE_LAST = "Think step by step: follow the cells from S on and watch the walls. Then end your reply with one line in this form:"
MOVES_FORM = "answer: MOVE MOVE MOVE ..."
CELLS_FORM = "answer: (row,column) (row,column) (row,column) ..."
THOUGHT = "S is {start}, G is {goal}. {steps} That is G."
STEP = "From {here} {move} leads to {there}."

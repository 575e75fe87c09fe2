"""The prompt in Brazilian Portuguese. The moves and the letters S and G are the same in all languages."""

NAME = "português do Brasil"

QUESTION = """\
Encontre um caminho mais curto de S até G neste labirinto. {legend}
{drawing}
Escreva "resposta:" e depois as células do caminho como (linha,coluna), linhas contadas para baixo e colunas para a \
direita, ambas a partir de 0; ou os seus movimentos como U D L R, uma célula cada; ou "inalcançável" se nenhum caminho leva a G.
"""
SHORT_QUESTION = "Encontre um caminho mais curto de S até G neste labirinto. {legend}\n{drawing}\n{answer}\n"
MOVES = (
    "Dê os seus movimentos: U (para cima), D (para baixo), L (para a esquerda) ou R (para a direita), uma célula cada, "
    'nunca através de uma parede; ou "inalcançável" se nenhum caminho leva a G.'
)
CELLS = (
    "Dê as suas células de S até G como (linha,coluna), linhas contadas para baixo e colunas para a direita, ambas a "
    'partir de 0; ou "inalcançável" se nenhum caminho leva a G.'
)
TAG = "resposta:"
UNREACHABLE = "inalcançável"
GLYPHS = "{wall} é parede, {floor} é livre; S aparece como {start} e G como {goal}."

RULES = """\
Você encontra caminhos em labirintos desenhados como texto.

Um labirinto é uma grade de células, algumas com paredes entre si. As linhas são contadas de cima para baixo e as colunas da \
esquerda para a direita, ambas a partir de 0: (l,c) é a célula na linha l e na coluna c. Você começa na célula S e tem de \
chegar à célula G.

Há quatro movimentos: U sobe para a linha l-1, D desce para a linha l+1, L vai à esquerda para a coluna c-1, R vai à direita \
para a coluna c+1. Cada movimento anda uma célula, nunca através de uma parede e nunca para fora do labirinto. O caminho termina em \
G; entre todos os caminhos, encontre um com o menor número de movimentos.

Como o labirinto é desenhado: {legend} {steps}"""
FORM = """\
Termine a sua resposta com uma única linha que contém "resposta:" e depois os movimentos, separados por espaços; ou, se nenhum \
caminho leva a G, "resposta: inalcançável"."""
EXAMPLE = """\
Um exemplo:

{drawing}

Uma resposta certa:

{reply}"""
USER = "Encontre um caminho mais curto de S até G neste labirinto.\n\n{drawing}\n\n{how}"
AT_ONCE = "Responda com a linha da resposta e nada mais."
REASON = "Pense passo a passo: siga as células a partir de S e observe as paredes. Depois dê a linha da resposta."
LINE_ONLY = "Responda com uma linha nesta forma e nada mais:"
LINE_LAST = (
    "Pense passo a passo: siga as células a partir de S e observe as paredes. Depois termine a sua resposta com uma linha "
    "nesta forma:"
)
MOVES_FORM = "resposta: MOVIMENTO MOVIMENTO MOVIMENTO ..."
CELLS_FORM = "resposta: (linha,coluna) (linha,coluna) (linha,coluna) ..."
THOUGHT = "S é {start}, G é {goal}. {steps} Esta é G."
STEP = "De {here}, {move} leva a {there}."

"""The maze domain. It imports NumPy and Numba, but neither torch nor pytest nor the other rooms."""

from .compiled import choose_folder

choose_folder()

"""The maze domain: NumPy and Numba only, no torch, no pytest, and nothing of the other rooms."""

from .compiled import choose_folder

choose_folder()

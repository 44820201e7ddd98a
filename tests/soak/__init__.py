"""Soak: random work, random harm, and a plain model of what must stand at the end.

``python -m tests.soak --seed 7 --minutes 5 --engine joblib`` by hand; ``test_soak.py`` runs a
short one. Nothing in it is a double but the clock (``clock/sitecustomize.py``).
"""

"""Outputs: staged by workers, published by the runner (:mod:`.publish`, a floor above)."""

"""What datums came to: results in input order, tables of them, and comparisons."""

from .compare import Comparison, compare, compare_here
from .displays import displayed
from .frame import frame_of
from .labels import item_of, label_at, labelled, labels_of
from .order import listed_input, order_of, outcome_json, outcomes
from .results import Results, read_results

__all__ = [
    "Comparison",
    "Results",
    "compare",
    "compare_here",
    "displayed",
    "frame_of",
    "item_of",
    "label_at",
    "labelled",
    "labels_of",
    "listed_input",
    "order_of",
    "outcome_json",
    "outcomes",
    "read_results",
]

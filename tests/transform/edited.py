"""What the tests of fingerprints edit: functions, numbers and an object of a notebook."""

from __future__ import annotations

COMMON = '''
LIMIT = 10
TABLE = {"a": 1, "b": [2, 3]}

def scaled(by):
    def inner(x):
        return x * by
    return inner

def repeat(times):
    def wrap(function):
        @functools.wraps(function)
        def again(x):
            for _ in range(times):
                x = function(x)
            return x
        return again
    return wrap

def deep(x):
    return x + 1

def helper(x, step=2):
    """A docstring."""
    # a comment
    return deep(x) + step

@repeat(3)
def decorated(x):
    return x + 5

class Model:
    def __init__(self):
        self.weight = 1.5
    def predict(self, x):
        return x * self.weight

closure = scaled(4)
keyed = lambda x: x * 7
model = Model()
'''

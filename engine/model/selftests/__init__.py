"""What a self-test says, and comparisons of one loaded model with the library's own pass.

Knows nothing of which self-tests are run; `checks` is their only caller.

Public: verdicts.
"""

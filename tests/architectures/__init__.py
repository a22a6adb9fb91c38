"""Every feature of the engine on tiny random models of many architectures, beside a slow loop.

`python -m tests.architectures` makes the table in `data/architectures.md`; the suite does a part.
"""

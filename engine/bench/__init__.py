"""How fast every numeric job is: beside the studies' way, and beside what the arithmetic allows.

Knows nothing of the store and screens.

Public: opening, operators, peers, picture, report, run, scaling, setting, timing.
"""

"""This engine beside other steering libraries, each in a process of its own environment.

Knows nothing of the studies' way.
"""

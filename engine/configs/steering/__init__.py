"""How a model is steered, as values: what is done with a vector, where, when and how strongly.

Public: Intervention, interventions; Gate, gates; Window, windows.
"""

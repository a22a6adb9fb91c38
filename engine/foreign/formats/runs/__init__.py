"""Results that programs write row by row: our own tables, logs of Inspect, samples of lm-eval.

Each becomes rows of the corrigibility study's layout, or a refusal that names what is missing.
Knows nothing of how sweeps are judged.
"""

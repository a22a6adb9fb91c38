"""What is said across runs: each run's best in a line, and two runs of the same questions.

Knows nothing of files or charts.
"""

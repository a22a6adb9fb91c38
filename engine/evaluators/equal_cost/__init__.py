"""What an intervention costs where nothing should change, and the strength that meets a budget.

Knows nothing of operators, of which cells are compared, and of files' formats.
"""

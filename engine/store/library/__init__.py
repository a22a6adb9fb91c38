"""What is said of stored records together: their figures, two runs, the trash, disk use.

Knows nothing of models or screens.
"""

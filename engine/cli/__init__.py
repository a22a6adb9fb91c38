"""The command line and the tables that it prints.

Knows nothing of screens.

Public: main.
"""

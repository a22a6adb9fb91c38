"""What is read in a model's states, from what is asked to what is shown or stored.

Knows nothing of screens and the command line.
"""

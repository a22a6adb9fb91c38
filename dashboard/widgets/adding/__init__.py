"""The dialog that takes in a reader's own data, and the button of a picker that opens it.

Knows nothing of what is done with the data.
"""

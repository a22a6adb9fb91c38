"""Who says what an answer shows: one judge a file, each blind to how the answer came about.

A judge is given questions and answers alone. To add one: a file here with its formula and source, a
line in `choosing`, its name in `engine.configs.judges.Judge`, a test. Knows nothing of vectors,
of configurations and of how texts were made.
"""

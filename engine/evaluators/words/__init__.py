"""What vectors say in words: one file a reading, each the same for stored and random vectors.

A reading maps directions at a site to a figure a word of the vocabulary, odd in the direction:
what a vector promotes its opposite suppresses. A new reading is a file here and a line in
`reading.READINGS`. Knows nothing of stars, files and screens.
"""

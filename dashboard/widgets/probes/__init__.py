"""What a vector reads, beside what it steers: records, a sentence, tables and charts.

Knows nothing of single pages.
"""

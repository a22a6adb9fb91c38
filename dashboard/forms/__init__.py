"""Fields of a config turned into widgets, and back into a config.

Knows nothing of results.

Public: adaptive, chat, configurations, dataset, drafts, equal_cost, finding, from_config, grid,
interventions, keeping, links, measuring, pairs, searches, training.
"""

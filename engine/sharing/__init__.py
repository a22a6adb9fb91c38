"""Packs: chosen records as one folder with checksums, for a mail, a share or the hub.

Knows nothing of models, of how records are made, and of screens.

Public: card, hub, pack, unpack.
"""

"""Slow neighbours of a vector: plain loops over numbers, no linear algebra, no early stop."""

import math

import numpy as np

from engine.records.records import VectorSet

Key = tuple[str, int]


def cosine(first: np.ndarray, second: np.ndarray) -> float:
    """Of two vectors, number by number; 0 where one has no length."""
    dot = math.fsum(float(a) * float(b) for a, b in zip(first, second, strict=True))
    lengths = [math.sqrt(math.fsum(float(a) ** 2 for a in one)) for one in (first, second)]
    return dot / (lengths[0] * lengths[1]) if all(lengths) else 0.0


def place(found: VectorSet, index: int) -> tuple[str, int]:
    """The input of a block is the output of the one before; an MLP adds to its block's output."""
    site = found.sites[index]
    if site.kind == "block_in":
        return ("in", 0) if site.block == 0 else ("out", site.block - 1)
    return "out", site.block


def of_vector(
    own: VectorSet, index: int, sets: list[VectorSet]
) -> list[tuple[Key, float, bool, set[Key]]]:
    """(first of a direction, its cosine, whether at the vector's place, the others of it)."""
    vector = own.vectors[index]
    groups: list[list[tuple[Key, np.ndarray, tuple[str, int]]]] = []
    for found in sets:
        for row, other in enumerate(found.vectors):
            key, where = (found.digest, row), place(found, row)
            if key == (own.digest, index):
                continue
            for group in groups:
                _, head, at = group[0]
                if at == where and abs(cosine(head, other)) >= 1 - 1e-9:
                    group.append((key, other, where))
                    break
            else:
                groups.append([(key, other, where)])
    rows = [
        (
            group[0][0],
            cosine(vector, group[0][1]),
            group[0][2] == place(own, index),
            {key for key, _, _ in group[1:]},
        )
        for group in groups
    ]
    return sorted(rows, key=lambda row: -abs(row[1]))

"""The kernel of attention while derivatives of derivatives, or forward ones, are taken.

Knows nothing of what is derived.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from torch.nn.attention import SDPBackend, sdpa_kernel

_choice = threading.Lock()
"""The choice of kernel is the process's: a second thread leaving it would undo the first's."""


@contextmanager
def plain_attention() -> Iterator[None]:
    """Within this context attention is made of plain products, as fused kernels have no second and
    no forward derivative."""
    with _choice, sdpa_kernel(SDPBackend.MATH):
        yield

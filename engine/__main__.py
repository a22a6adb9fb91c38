"""`python -m engine VERB …`."""

import sys

from engine.cli import main

sys.exit(main())

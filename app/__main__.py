"""`python -m app` is `stockpulse`."""

import sys

from app.cli import main

sys.exit(main())

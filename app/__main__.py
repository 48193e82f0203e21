"""`python -m app` runs the `stockpulse` command."""

import sys

from app.cli import main

sys.exit(main())

"""The learner's app, recorded."""

import alive

from support import record

app = record(alive.app)

"""The learner's download, recorded; a file that is thrown away open is told of in the log."""

import warnings

from download import app as download

from support import record

warnings.simplefilter("always", ResourceWarning)
app = record(download)

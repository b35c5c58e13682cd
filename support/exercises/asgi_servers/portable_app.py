"""The app of portable: the learner's, recorded. Whatever a server asks of it or does to it, it is the learner's own."""

from everywhere import app as learners

from support import record

app = record(learners)

"""A page in Flask."""

from flask import Flask

from support import record

flask = Flask(__name__)


@flask.get("/")
def hello():
    return "hello from Flask"


app = record(flask)

"""What the learner's consumer calls: a query that takes its time, until a word comes through a named pipe."""

from django.db import connection


def total(account):
    """The total of an account, an int: of tea, or of coffee."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s", [{"tea": 3, "coffee": 7}[account]])
        print(f"the query for {account} begins")
        with open(f"go-{account}") as word:
            word.readline()
        return cursor.fetchone()[0]

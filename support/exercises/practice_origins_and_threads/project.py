"""The project of 4-practice/4.1-django-chat, file by file as that lesson writes it."""

import shutil
from pathlib import Path

from ...bench.bench import Bench

PATIENCE = 300  # seconds for the tables: thirty make theirs at once
SITE = Path(__file__).parents[1] / "practice_django_chat" / "site"


def lay(bench: Bench) -> None:
    """Lays the chat's files into the bench's folder and makes its tables; prints the names of the files."""
    files = [file.relative_to(SITE) for file in sorted(SITE.rglob("*.*")) if "__pycache__" not in file.parts]
    for name in files:
        target = bench.folder / name
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(SITE / name, target)
        print(name)
    bench.run("python manage.py migrate --verbosity 0", listens=False).wait(PATIENCE)

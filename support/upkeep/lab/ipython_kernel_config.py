# Every kernel of this environment knows %%nginx and the hint for cells run out of order (support/notebook.py).
c.InteractiveShellApp.extensions = ["support"]  # noqa: F821  (IPython gives us `c`)

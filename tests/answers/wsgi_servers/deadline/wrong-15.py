options = {"bills": "gunicorn held:app --workers 4", "search": "gunicorn held:app --threads 5", "photos": "gunicorn held:app --threads 5"}

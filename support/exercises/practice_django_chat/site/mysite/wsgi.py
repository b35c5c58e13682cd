import os

from django.core.wsgi import get_wsgi_application

from support import record

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")
application = record(get_wsgi_application())

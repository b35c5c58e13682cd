%%writefile streaming.py
def streaming(app):
    return app

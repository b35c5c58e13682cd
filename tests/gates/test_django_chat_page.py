"""The chat of 4-practice/4.1-django-chat in a real browser: two people sign in, and hear each other."""

import pytest
from browser import browser_page

from support import Bench
from support.exercises.practice_origins_and_threads import lay


@pytest.fixture
def site():
    """The chat on daphne alone."""
    bench = Bench()
    lay(bench)
    yield bench.run("daphne mysite.asgi:application")
    bench.close()


def test_two_people_sign_in_and_chat(site):
    with browser_page() as ann, ann.context.browser.new_context() as another:
        people = {"ann": ann, "bob": another.new_page()}
        for name, page in people.items():
            page.goto(site.url)
            page.locator("input[name=name]").fill(name)
            page.get_by_role("button", name="Enter").click()
            page.wait_for_function("document.querySelector('h3 span')?.textContent == 'open'")
            heading = page.locator("h3").inner_text()
            assert heading == f"{name}: open", f"{name} signed in and reads {heading}: look at chat.html and urls.py"
        for speaker, text in (("ann", "hello, Bob"), ("bob", "안녕, Ann")):
            people[speaker].locator("input").fill(text)
            people[speaker].get_by_role("button", name="Send").click()
            for page in people.values():
                page.locator("li", has_text=f"{speaker}: {text}").wait_for()
        for page in people.values():
            heard = page.locator("li").all_inner_texts()
            said = ["ann: hello, Bob", "bob: 안녕, Ann"]
            assert heard == said, f"somebody heard {heard}: look at consumers.py in the lesson"


def test_a_page_that_nobody_has_signed_in_to_gets_no_websocket(site):
    with browser_page() as page:
        page.goto(site.url)
        address = f"{site.ws_url}/ws/"
        code = page.evaluate("url => new Promise(done => new WebSocket(url).onclose = e => done(e.code))", address)
    assert code == 1006, f"{code}: a page of nobody's got a WebSocket: mend connect() in consumers.py"
    assert site.log("WSREJECT"), "daphne never refused it: mend connect() in consumers.py"

"""The chat page of 3-nginx/3.3-hybrid in a real browser: pages by gunicorn, sockets by daphne, one nginx before."""

import shutil

import course
import pytest
from browser import browser_page, jupyterlab

from support import Bench

LESSON = course.ROOT / "notebooks" / "3-nginx" / "3.3-hybrid.ipynb"
ENTERS = (("isComposing", True), ("keyCode", 229), ("keyCode", 13))  # the last one belongs to the page
FILES = ("page-file", "pages-file", "chat-file")


@pytest.fixture
def site():
    """The lesson's own site, from its own cells: nginx before gunicorn and daphne, as (site, pages, chat)."""
    source = {cell.id: cell.source for cell in course.read(LESSON).cells}
    bench = Bench()
    try:
        for cell in FILES:
            first, _, text = source[cell].partition("\n")
            (bench.folder / first.removeprefix("%%writefile ")).write_text(text, encoding="utf-8")
        pages, chat = bench.run("gunicorn pages:app"), bench.run("daphne chat:app")
        config = source["site-nginx"].partition("\n")[2]
        yield bench.nginx(config, {"pages_tap": pages, "chat_tap": chat}, name="site"), pages, chat
    finally:
        bench.close()


def test_two_browsers_chat_over_both_halves(site):
    nginx, pages, chat = site
    with browser_page() as ann:
        bob = ann.context.new_page()
        for page in (ann, bob):
            page.goto(nginx.url)
            page.wait_for_function("document.querySelector('h3 span').textContent == 'open'")
            heading = page.locator("h3").inner_text()
            assert heading == f"Chat of {nginx.address}, open", f"the page's script or Host went wrong: {heading}"
        for page, text in ((ann, "hello, Bob"), (bob, "안녕, Ann")):
            page.locator("input").fill(text)
            page.get_by_role("button", name="Send").click()
            for reader in (ann, bob):
                reader.locator("li", has_text=text).wait_for()
        for page in (ann, bob):
            assert page.locator("li").all_inner_texts() == [
                f"[{nginx.address}] hello, Bob",
                f"[{nginx.address}] 안녕, Ann",
            ], "somebody missed a message: look at chat.py in the lesson"
        chat.stop()
        for page in (ann, bob):
            page.wait_for_function("document.querySelector('h3 span').textContent == 'closed with 1006'")
        assert bob.goto(nginx.url).status == 200, (
            "the pages are gunicorn's and should stay up: look at the site's nginx"
        )
        bob.wait_for_function("document.querySelector('h3 span').textContent == 'closed with 1006'")
    kinds = [{event.kind for event in events} for events in (pages.events(), chat.events("websocket.receive"))]
    assert kinds == [{"wsgi"}, {"websocket"}], f"a half got what is the other's: mend the site's locations: {kinds}"


def test_a_page_of_another_site_gets_no_socket(site):
    nginx, _, chat = site
    with browser_page() as page:
        page.goto(nginx.url.replace("127.0.0.1", "localhost"))
        page.wait_for_function("document.querySelector('h3 span').textContent == 'open'")
        code = page.evaluate(
            "url => new Promise(done => new WebSocket(url).onclose = event => done(event.code))", f"{nginx.ws_url}/ws/"
        )
    assert code == 1006, f"{code}: a stranger's page was let in: mend the Origin check in chat.py"
    closed = "websocket.close" in chat.events("websocket.close").names
    assert closed, "the app never refused it: mend the Origin check in chat.py"


def test_what_is_still_being_composed_is_not_sent(site):
    """Enter ends the composing of a syllable (`isComposing`, UI Events, section 5.6) and sends nothing."""
    nginx, _, chat = site
    with browser_page() as page:
        page.goto(nginx.url)
        page.wait_for_function("document.querySelector('h3 span').textContent == 'open'")
        page.locator("input").focus()
        keyboard = page.context.new_cdp_session(page)
        keyboard.send("Input.imeSetComposition", {"text": "한", "selectionStart": 1, "selectionEnd": 1})
        page.keyboard.press("Enter")
        keyboard.send("Input.insertText", {"text": "한"})
        page.keyboard.press("Enter")
        page.locator("li").wait_for()
        said = page.locator("li").all_inner_texts()
        assert said == [f"[{nginx.address}] 한"], (
            f"{said}: the page sends half a syllable: look at isComposing in its script"
        )
    received = chat.events("websocket.disconnect").names.count("websocket.receive")
    assert received == 1, f"{received} messages for one: the page sends while Hangul is composed: mend its script"


def test_an_enter_that_belongs_to_the_input_method_submits_nothing(site):
    """Older versions of Safari say so with keyCode 229 alone (WCAG 2.2, technique SCR41)."""
    nginx, _, _ = site
    enter = "new KeyboardEvent('keydown', {key: 'Enter', cancelable: true, ...signs})"
    with browser_page() as page:
        page.goto(nginx.url)
        asked = f"(input, signs) => input.dispatchEvent({enter})"
        said = [page.locator("input").evaluate(asked, {sign: value}) for sign, value in ENTERS]
    assert said == [False, False, True], f"{said}: mend composing() in the script of chat.html"


@pytest.mark.gate
def test_the_page_in_the_notebook_is_alive_after_run_all(tmp_path):
    shutil.copy(LESSON, tmp_path / LESSON.name)
    with jupyterlab(tmp_path) as url, browser_page() as page:
        base, _, token = url.partition("lab?")
        page.goto(f"{base}lab/tree/{LESSON.name}?{token}")
        page.get_by_text("| Idle").wait_for(timeout=60_000)  # without a kernel, the menu would ask for one
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        # Of the lesson's two pages the first has lost its chat, as the lesson shows; the last is alive.
        cell = page.locator(".jp-Notebook .jp-Cell", has_text="bench.page(cured")
        cell.locator("iframe").wait_for(state="attached", timeout=60_000)
        cell.locator("iframe").scroll_into_view_if_needed()
        frame = cell.frame_locator("iframe")
        frame.locator("h3 span", has_text="open").wait_for(timeout=60_000)
        frame.locator("input").fill("from the notebook")
        frame.get_by_role("button", name="Send").click()
        frame.locator("li", has_text="from the notebook").wait_for()

"""Whatever a learner's nginx configuration says, it runs, and on loopback only; what is changed is told."""

import contextlib
import fcntl
import itertools
import os
import re
import socket
import ssl
import tempfile
import threading
from pathlib import Path

import crossplane
import httpx
import psutil
import pytest
import samples

from support import BenchError
from support.bench import ports
from support.bench.certificates import certificate
from support.bench.nginx import CellSite
from support.bench.nginx_configuration import STANDARD, Configuration
from support.bench.nginx_statements import File, quoted, statements
from support.exercises.asleep import asleep

PORT = 28473  # nobody else's: a look at the whole machine finds who listens on it

# As nginx cuts them; crossplane 0.5.8 cuts the last three in another way.
CUT = {
    "listen 80;": [["listen", "80", ";"]],
    "http{server{listen 80;}}": [["http", "{"], ["server", "{"], ["listen", "80", ";"], ["}"], ["}"]],
    "# listen 1;\nlisten 80; # listen 2;\n": [["listen", "80", ";"]],
    "return 200 a#b;": [["return", "200", "a#b", ";"]],
    "listen # x;\n 80;": [["listen", "80", ";"]],
    """return 200 "a; listen 1; {" 'b"; #';""": [["return", "200", "a; listen 1; {", 'b"; #', ";"]],
    r"""return 200 "a\"; listen 1;" a\;b "\t" \d;""": [["return", "200", 'a"; listen 1;', r"a\;b", "\t", r"\d", ";"]],
    '"listen" "80";': [["listen", "80", ";"]],
    "set $a ${b}c;": [["set", "$a", "${b}c", ";"]],
    "location ~ a{\n}": [["location", "~", "a", "{"], ["}"]],
    "a\r\n\tb\r\n;": [["a", "b", ";"]],
    "return 200 'never ends; listen 80;": [],
    "set $a ${b} c;": [["set", "$a", "${b}", "c", ";"]],
    "add_header a b}c; listen 80;": [["add_header", "a", "b}c", ";"], ["listen", "80", ";"]],
    "server_name a${b;listen 80;": [["server_name", "a${b", ";"], ["listen", "80", ";"]],
}
AGREED = [text for text in list(CUT)[:-3] if CUT[text] and "\\" not in text]
# What is written in an http block, what becomes of it, and what is told. The main port is 8080, others go from 9000 on.
MOVED = {
    "server { listen 80; }": ("server { listen 127.0.0.1:8080; }", ["listen 80 → 127.0.0.1:8080"]),
    "server { }": ("server { listen 127.0.0.1:8080; }", ["listen *:80 → 127.0.0.1:8080"]),
    "server { listen *:80 default_server; }": (
        "server { listen 127.0.0.1:8080 default_server; }",
        ["listen *:80 default_server → 127.0.0.1:8080"],
    ),
    "server { listen example.org; }": (
        "server { listen 127.0.0.1:8080; }",
        ["listen example.org → 127.0.0.1:8080"],
    ),
    "server { listen 80; }\nserver { listen 0.0.0.0:80; }\nserver { listen [::]:80; }": (
        "server { listen 127.0.0.1:8080; }\nserver { listen 127.0.0.1:8080; }\nserver { listen 127.0.0.1:8080; }",
        [f"listen {address} → 127.0.0.1:8080" for address in ("80", "0.0.0.0:80", "[::]:80")],
    ),
    "server { listen 80 default_server; listen [::]:80 default_server ipv6only=on; }": (
        "server { listen 127.0.0.1:8080 default_server;  }",
        [
            "listen 80 default_server → 127.0.0.1:8080",
            "listen [::]:80 default_server ipv6only=on → 127.0.0.1:8080",
        ],
    ),
    "server { listen 80 default_server; }\nserver { listen [::]:80 default_server; }": (
        "server { listen 127.0.0.1:8080 default_server; }\nserver { listen 127.0.0.1:8080 ; }",
        [
            "listen 80 default_server → 127.0.0.1:8080",
            "listen [::]:80 default_server → 127.0.0.1:8080",
        ],
    ),
    "server { listen 8081; listen 80; }": (
        "server { listen 127.0.0.1:9000; listen 127.0.0.1:8080; }",
        ["listen 8081 → 127.0.0.1:9000", "listen 80 → 127.0.0.1:8080"],
    ),
    "server { listen 10.0.0.1:80; }\nserver { listen 10.0.0.2:80; }\nserver { listen 10.0.0.1:80; }": (
        "server { listen 127.0.0.1:8080; }\nserver { listen 127.0.0.1:9000; }\nserver { listen 127.0.0.1:8080; }",
        ["listen 10.0.0.1:80 → 127.0.0.1:8080", "listen 10.0.0.2:80 → 127.0.0.1:9000"],
    ),
    "server { listen localhost:80; listen [::1]:80; }": (
        "server { listen 127.0.0.1:8080;  }",
        ["listen localhost:80 → 127.0.0.1:8080", "listen [::1]:80 → 127.0.0.1:8080"],
    ),
    "server { listen 127.0.0.1:8080; }": (
        "server { listen 127.0.0.1:8080; }",
        ["listen 127.0.0.1:8080 → 127.0.0.1:8080"],  # told all the same: the port might have been taken
    ),
    "server { listen 80 reuseport backlog=9; }": (
        "server { listen 127.0.0.1:8080  backlog=9; }",
        ["listen 80 reuseport backlog=9 → 127.0.0.1:8080"],
    ),
    "server { listen\n80 # here\ndefault_server\n; }": (
        "server { listen\n127.0.0.1:8080 # here\ndefault_server\n; }",
        ["listen 80 default_server → 127.0.0.1:8080"],
    ),
    "server { listen 80; listen\n[::]:80\n; }": (
        "server { listen 127.0.0.1:8080; \n\n }",
        ["listen 80 → 127.0.0.1:8080", "listen [::]:80 → 127.0.0.1:8080"],
    ),
    "server { listen unix:/run/site.sock; listen unix:here.sock; }": (
        "server { listen unix:site.sock; listen unix:here.sock; }",
        ["listen unix:/run/site.sock → unix:site.sock"],
    ),
    "map $host $x { listen 80; }\nserver { listen 80; }": (
        "map $host $x { listen 80; }\nserver { listen 127.0.0.1:8080; }",
        ["listen 80 → 127.0.0.1:8080"],
    ),
    # Two statements of one address that nginx refuses stay two.
    "server { listen 80; listen *:80; }": (
        "server { listen 127.0.0.1:8080; listen 127.0.0.1:8080; }",
        ["listen 80 → 127.0.0.1:8080", "listen *:80 → 127.0.0.1:8080"],
    ),
}
NO_PORT = ["$PORT", "${PORT}", "8000-8010", "127.0.0.1:8000-8010", "0", "99999", "example.org:http", "a/b", "[::"]

WHOLE = """user www-data;
worker_processes auto;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log warn;
include /etc/nginx/modules-enabled/*.conf;
events { worker_connections 768; }
http {
    include /etc/nginx/mime.types;
    access_log /var/log/nginx/access.log combined buffer=32k flush=5m;
    proxy_cache_path /var/cache/nginx levels=1:2 keys_zone=pages:1m;
    include conf.d/*.conf;
    server {
        listen 80 default_server;
        listen [::]:80 default_server;
        root static;
        location / { try_files $uri =404; }
        location /api { include proxy_params; proxy_pass http://127.0.0.1:8000; }
    }
}
"""
# Configurations that would open a port to everybody, were they run as they stand: {file: text}, the cell first.
OPEN = {
    "a server block's": {"": f"listen {PORT};\nreturn 200 x;"},
    "two servers'": {"": f"server {{ listen {PORT}; }}\nserver {{ listen *:{PORT} default_server; return 200 x; }}"},
    "none said": {"": "server { return 200 x; }"},
    "a whole file": {
        "": WHOLE.replace("80 default", f"{PORT} default"),
        "conf.d/more.conf": f"server {{ listen 0.0.0.0:{PORT + 1}; return 200 x; }}",
    },
    "an include": {"": "include more.conf;", "more.conf": f"listen {PORT};\nreturn 200 x;"},
    "an include in an include": {
        "": "include a.conf;",
        "a.conf": 'include "b [1].conf";',
        "b [1].conf": "",
        "b 1.conf": f"listen {PORT};",
    },
    "a glob": {"": "include sites/*;", "sites/one": f"listen {PORT};", "sites/two": f"listen {PORT + 1};"},
    "quotes": {"": f"\"listen\" '{PORT}';\nreturn 200 x;"},
    "a brace in a word": {"": f"server {{ add_header x a}}b; listen {PORT}; return 200 x; }}"},
    "a variable that does not end": {"": f"server {{ server_name a${{b;listen {PORT}; return 200 x; }}"},
    "a loop": {"": f"{{% for n in 1, 2 %}}server {{ listen {{{{ {PORT} + n }}}}; }}\n{{% endfor %}}"},
    "an address that is filled in": {"": f'listen {{{{ "0.0.0.0:{PORT}" }}}};'},
    "IPv6": {"": f"listen [::]:{PORT} ipv6only=off;"},
    "several": {"": f"listen {PORT};\nlisten {PORT + 1};\nlisten {{{{ listen }}}};"},
    "a stream": {"": f"stream {{ server {{ listen {PORT}; return hello; }} }}"},
    "a datagram": {"": f"stream {{ server {{ listen {PORT}; listen {PORT} udp; return hello; }} }}"},
    "mail": {"": f"mail {{ server {{ listen {PORT}; protocol smtp; }} }}"},
}
LOOPBACK = ("127.0.0.1:", "unix:")


@pytest.fixture
def configure(tmp_path):
    """A function that reads a text in an http block, moves it and gives back its Configuration and its File."""
    (tmp_path / ".bench").mkdir()

    def configure(text: str, filled_in: str = "", block: str = "http") -> tuple[Configuration, File]:
        made = Configuration(tmp_path, tmp_path, tmp_path, tmp_path / "state", filled_in)
        file = made.read(text, "", "site.conf", made.open(block, made.open("main")))
        made.move(8080, lambda listen: itertools.count(9000))
        return made, file

    return configure


def listeners(bench) -> set[str]:
    """Where the programs of a bench listen: host:port, TCP and UDP."""
    found = set()
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == bench._keeper.pid:
                found |= {f"{c.laddr.ip}:{c.laddr.port}" for c in process.net_connections("inet") if not c.raddr}
        except (psutil.Error, OSError):
            continue  # it ended while we looked, or it belongs to someone else
    return found


@contextlib.contextmanager
def nobody_else(how: int):
    """Waits while another run of these tests on this machine has PORT open (LOCK_EX), or looks whether it is."""
    path = Path(tempfile.gettempdir(), f"tests-of-port-{PORT}")
    if not path.exists():
        path.touch()
    with open(path, encoding="utf-8") as file:  # whoever may read it may lock it
        fcntl.flock(file, how)
        yield


def wide_open() -> set[str]:
    """Who listens on PORT or the next on this machine, beyond loopback, as the kernel tells it in hexadecimal."""
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    spots = {row[1] for row in rows if row[3] == "0A"}
    return {
        spot for spot in spots if int(spot.split(":")[1], 16) in (PORT, PORT + 1) and not spot.startswith("0100007F:")
    }


def written(state: Path) -> list[tuple[list[str], str]]:
    """The statements of what nginx is given to read, each with the blocks it stands in."""
    found = []

    def walk(path: Path, within: list[str]) -> None:
        assert path.parent in (state, STANDARD), path
        for statement in statements(path.read_text(encoding="utf-8")):
            words = [word.text for word in statement.words]
            if words and words[0] == "include":
                walk(state / words[1], list(within))
            elif words:
                found.append((list(within), words))
            if statement.end == "{":
                within.append(words[0])
            elif statement.end == "}":
                within.pop()

    walk(state / "nginx.conf", [])
    return found


# Reading


@pytest.mark.parametrize("text", CUT)
def test_a_text_is_cut_as_nginx_cuts_it(text):
    cut = statements(text)
    assert [[word.text for word in statement.words] + [statement.end] for statement in cut] == CUT[text]
    for statement in cut:
        for word in statement.words:
            assert text[word.start : word.stop].strip("\"'") == word.text or "\\" in text


@pytest.mark.parametrize("text", [*AGREED, WHOLE, *(path.read_text() for path in sorted(STANDARD.iterdir()))])
def test_another_reader_cuts_it_the_same_way(text, tmp_path):
    (tmp_path / "x.conf").write_text(text)
    theirs = [
        token for token, _, in_quotes in crossplane.lex(str(tmp_path / "x.conf")) if token[:1] != "#" or in_quotes
    ]
    assert [word for each in statements(text) for word in (*(word.text for word in each.words), each.end)] == theirs


@pytest.mark.parametrize("word", ["plain", "/a b/c", 'a"b', "a;b", "a{b}", "a\\b", "#a", "", "한글", "a'b"])
def test_a_word_that_is_written_is_read_back(word):
    assert [each.text for each in statements(f"root {quoted(word)};")[0].values] == [word]


# Moving


@pytest.mark.parametrize("text", MOVED)
def test_every_listen_is_moved_and_told(configure, text):
    made, file = configure(text)
    assert (file.changed, made.told) == MOVED[text]


def test_what_is_filled_in_is_the_main_one_and_not_told(configure):
    made, file = configure("server { listen 80; listen 127.0.0.1:8080; }", filled_in="127.0.0.1:8080")
    assert file.changed == "server { listen 127.0.0.1:9000; listen 127.0.0.1:8080; }"
    assert made.told == ["listen 80 → 127.0.0.1:9000"]


@pytest.mark.parametrize("address", NO_PORT)
def test_a_listen_without_one_port_is_refused(configure, address):
    with pytest.raises(BenchError) as caught:
        configure(f"server {{\n  listen {address};\n}}")
    assert caught.value.en.startswith("Line 2 of this configuration listens where")
    assert samples.HANGUL.search(caught.value.ko)
    assert caught.value.evidence == f"2: listen {address};"


def test_the_main_listen_is_plain_http_on_port_80(configure):
    stream = "stream { server { listen 1; } }"
    servers = "server { listen 2 ssl; } server { listen 3; } server { listen 80; }"
    for text, main in (
        (f"{stream} http {{ {servers} }}", "80"),
        (f"{stream} http {{ server {{ listen 3; }} server {{ listen 2 ssl; }} }}", "3"),
        (f"{stream} http {{ server {{ listen 2 ssl; }} }}", "2"),
        (stream, "1"),
    ):
        assert configure(text, block="main")[0].main_listen.address == main
    assert configure("server { listen unix:a; }")[0].main_listen is None


def test_tls_is_told_by_any_listen_of_an_address(configure):
    made, _ = configure("server { listen 443 ssl; } server { listen 443; } server { listen 80; }")
    assert [made.speaks_tls(listen) for listen in made.listens] == [True, True, False]


@pytest.mark.parametrize("text", [*MOVED, WHOLE.split("http {\n")[1].rstrip("}\n")])
def test_every_line_stays_where_it_is(configure, tmp_path, text):
    _, file = configure(text)
    before, after = (each.split("\n") for each in (file.text, file.changed))
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        assert set(re.findall(r"return|location|server_name|root|#.*", old)) <= set(re.findall(r"\w+|#.*", new))


def test_what_nginx_would_write_elsewhere_stays_on_the_bench(configure, tmp_path):
    text = (
        "pid /run/x.pid; error_log /var/log/e.log warn; worker_processes auto; daemon on; load_module no/such.so;\n"
        "http { access_log /var/log/a.log main buffer=4k gzip=1 flush=1m if=$x; access_log off;\n"
        "proxy_temp_path /var/tmp/p 1 2; proxy_cache_path /var/cache/x keys_zone=x:1m;\n"
        "client_body_temp_path here/body; access_log logs/a.log; error_log syslog:server=unix:/x; error_log /dev/null;"
        "\n}"
    )
    made, file = configure(text, block="main")
    assert file.changed.split("\n") == [
        " error_log stderr warn; worker_processes 1;  ",
        "http { fastcgi_temp_path state/fastcgi; uwsgi_temp_path state/uwsgi; scgi_temp_path state/scgi; "
        "access_log /dev/stderr main    if=$x; access_log off;",
        "proxy_temp_path state/var/tmp/p 1 2; proxy_cache_path state/var/cache/x keys_zone=x:1m;",
        *text.split("\n")[3:],
    ]
    assert made.told == [
        "pid /run/x.pid → state/nginx.pid",
        "error_log /var/log/e.log → stderr",
        "worker_processes auto → 1",
        "daemon on → off",
        "load_module no/such.so → –",
        "access_log /var/log/a.log → /dev/stderr",
        "proxy_temp_path /var/tmp/p → state/var/tmp/p",
        "proxy_cache_path /var/cache/x → state/var/cache/x",
    ]
    assert all((tmp_path / folder).is_dir() for folder in ("here", "logs", "state/var/tmp", "state/var/cache"))


@pytest.mark.parametrize(
    ("user", "root", "kept"), [("root", True, True), ("no-such", True, False), ("root", False, False)]
)
def test_nginx_works_as_somebody_that_it_can_be(configure, monkeypatch, user, root, kept):
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    made, file = configure(f"user {user};", block="main")
    assert (file.changed, made.told) == ((f"user {user};", []) if kept else ("", [f"user {user} → –"]))


# Certificates


def test_a_certificate_is_made_where_tls_has_none(configure, tmp_path):
    made, file = configure("server { listen 443 ssl; }\nserver { listen 80; }")
    pair = f"ssl_certificate {tmp_path}/.bench/certificate.pem; ssl_certificate_key {tmp_path}/.bench/key.pem;"
    assert file.changed.split("\n") == [
        f"server {{ {pair} listen 127.0.0.1:9000 ssl; }}",
        "server { listen 127.0.0.1:8080; }",
    ]
    assert made.told[-2:] == ["ssl_certificate → .bench/certificate.pem", "ssl_certificate_key → .bench/key.pem"]


@pytest.mark.parametrize(
    "text",
    [
        "ssl_certificate a.pem; ssl_certificate_key b.pem; server { listen 443 ssl; }",
        "server { listen 443 ssl; } ssl_certificate a.pem; ssl_certificate_key b.pem;",
        "server { listen 443 ssl; ssl_certificate a.pem; ssl_certificate_key b.pem; }",
        "server { listen 443 ssl; ssl_certificate $name.pem; ssl_certificate_key data:$key; }",
        "server { listen 443 ssl; ssl_reject_handshake on; }",
    ],
)
def test_a_certificate_of_ones_own_is_kept(configure, tmp_path, text):
    made, file = configure(text)
    assert made.told == ["listen 443 ssl → 127.0.0.1:8080"]
    # nginx looks for it beside its nginx.conf, which is elsewhere now.
    assert f"ssl_certificate {tmp_path}/a.pem" in file.changed or "a.pem" not in text
    assert file.changed.replace(f"{tmp_path}/", "") == text.replace("listen 443", "listen 127.0.0.1:8080")


def test_a_certificate_that_this_machine_has_not_is_replaced(configure, tmp_path):
    theirs = "/etc/no-such-letsencrypt/live/example.org"
    pair = f"ssl_certificate {theirs}/fullchain.pem; ssl_certificate_key {theirs}/privkey.pem;"
    made, file = configure(f"server {{ listen 443 ssl; {pair} }}")
    assert theirs not in file.changed
    assert made.told[1:] == [
        f"ssl_certificate {theirs}/fullchain.pem → .bench/certificate.pem",
        f"ssl_certificate_key {theirs}/privkey.pem → .bench/key.pem",
    ]


def test_the_certificate_is_made_once_and_its_key_is_kept_secret(tmp_path):
    (tmp_path / ".bench").mkdir()
    first = certificate(tmp_path)
    assert first.key.stat().st_mode & 0o777 == 0o600
    content = first.cert.read_bytes()
    assert certificate(tmp_path) == first
    assert first.cert.read_bytes() == content


# Includes


def test_what_every_nginx_brings_along_is_there(configure, tmp_path):
    _, file = configure("include mime.types; include /etc/nginx/uwsgi_params; include own/proxy_params;")
    if not Path("/etc/nginx/uwsgi_params").exists():
        names = ("mime.types", "uwsgi_params", "proxy_params")
        assert file.changed == " ".join(f"include {quoted(str(STANDARD / name))};" for name in names)
    (tmp_path / "mime.types").write_text("types { text/x x; }")
    assert configure("include mime.types;")[1].changed == "include 1-mime.types;"


def test_an_include_that_is_missing(configure, tmp_path):
    (tmp_path / "a.conf").write_text("\n\n  include b.conf;\n")
    with pytest.raises(BenchError) as caught:
        configure("include a.conf;")
    assert caught.value.en == "Line 3 of a.conf includes b.conf, which is not there. Write it first, or mend its name."
    assert caught.value.ko == (
        "a.conf의 3번째 줄에서 include하는 b.conf 파일이 없습니다. 파일을 먼저 만들거나 이름을 고치세요."
    )
    assert caught.value.evidence == "3: include b.conf;"


def test_an_include_that_is_a_folder(configure, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(BenchError, match=r"cannot be read \(errno 21\)") as caught:
        configure("include folder;")
    assert samples.HANGUL.search(caught.value.ko)


def test_an_include_of_itself(configure, tmp_path):
    (tmp_path / "a.conf").write_text("include a.conf;")
    with pytest.raises(BenchError, match="includes itself") as caught:
        configure("include a.conf;")
    assert samples.HANGUL.search(caught.value.ko)


def test_a_glob_is_settled_once_and_for_all(configure, tmp_path):
    """What matches later is not read by an nginx that reads its configuration again by itself."""
    for name in ("b.conf", "a.conf"):
        (tmp_path / name).write_text("")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "site.conf").write_text("")  # the bench's own
    text = "include *.conf; include */*.conf;"
    assert configure(text)[1].changed == "include 1-a.conf; include 2-b.conf; "


def test_bytes_that_are_no_text_pass_through(configure, tmp_path):
    (tmp_path / "a.conf").write_bytes(b"# \xff\xfe\n")
    made, _ = configure("include a.conf;")
    made.write()
    assert (tmp_path / "state" / "1-a.conf").read_bytes() == b"# \xff\xfe\n"


# Running


@pytest.mark.parametrize("which", OPEN)
def test_nothing_listens_beyond_loopback(bench, nginx, which):
    """Neither in the end nor in between: what nginx is given to read is looked at too."""
    texts = dict(OPEN[which])
    for name, text in texts.items():
        path = bench.folder / (name or "cell")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    seen, over = set(), threading.Event()

    def watch():
        while not over.is_set():
            seen.update(wide_open())

    with nobody_else(fcntl.LOCK_SH):
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            server = bench.nginx(texts[""])
        except BenchError as error:
            assert "unknown directive" in error.evidence and which in ("a stream", "a datagram", "mail")  # not built in
        else:
            assert server.port in {int(address.rpartition(":")[2]) for address in listeners(bench)}
        finally:
            over.set()
            watcher.join()
    assert seen == set()
    assert {address for address in listeners(bench) if not address.startswith(LOOPBACK)} == set()
    read = written(bench.folder / "nginx")
    addresses = [words[1] for _, words in read if words[0] == "listen"]
    assert addresses and all(address.startswith(LOOPBACK) for address in addresses)
    servers = sum(words == ["server"] for within, words in read if within[-1:] == ["http"])
    assert servers <= len(addresses)


def test_a_port_that_is_open_to_everybody_is_seen(bench):
    """The test above is not blind."""
    with nobody_else(fcntl.LOCK_EX), socket.create_server(("0.0.0.0", PORT)):
        assert wide_open() == {f"00000000:{PORT:04X}"}


def whole_site(folder: Path) -> None:
    """Writes what WHOLE includes and serves, and WHOLE itself as my.conf."""
    (folder / "static").mkdir()
    (folder / "static" / "style.css").write_text("p {}")
    (folder / "conf.d").mkdir()
    (folder / "conf.d" / "more.conf").write_text(f"server {{ listen {PORT + 1}; return 200 more; }}")
    (folder / "my.conf").write_text(WHOLE)


@pytest.mark.parametrize("how", ["cell", "command"])
def test_a_whole_nginx_conf_runs_as_it_stands(bench, nginx, capsys, how):
    whole_site(bench.folder)
    server = bench.nginx(WHOLE) if how == "cell" else bench.run("nginx -p . -c my.conf")
    answer = httpx.get(f"{server.url}/style.css")
    assert (answer.text, answer.headers["content-type"]) == ("p {}", "text/css")
    assert "GET /style.css" in server.log("GET")
    more = server.ports[f"*:{PORT + 1}"]
    assert httpx.get(f"http://127.0.0.1:{more}").text == "more"
    assert (bench.folder / "my.conf").read_text() == WHOLE
    state = "nginx" if how == "cell" else ".bench/my.conf"
    command, *told = capsys.readouterr().out.splitlines()
    assert command == f"$ nginx -p . -c {state}/nginx.conf -e stderr"
    assert [line for line in told if not line.startswith("user")] == [
        "worker_processes auto → 1",
        f"pid /run/nginx.pid → {state}/nginx.pid",
        "error_log /var/log/nginx/error.log → stderr",
        "access_log /var/log/nginx/access.log → /dev/stderr",
        f"proxy_cache_path /var/cache/nginx → {state}/var/cache/nginx",
        f"listen {PORT + 1} → 127.0.0.1:{more}",
        f"listen 80 default_server → {server.address}",
        f"listen [::]:80 default_server → {server.address}",
    ]


def test_a_stream(bench, nginx):
    if nginx == "debian":
        pytest.skip("Debian's nginx loads streams from a package of their own")
    for text in ("stream { server { listen 12345; return hello; } }", "stream { server { listen 80; return hello; } }"):
        server = bench.nginx(text)
        with socket.create_connection(("127.0.0.1", server.port), timeout=samples.HANGING) as client:
            assert client.recv(5) == b"hello"


@pytest.mark.parametrize("name", sorted(path.name for path in STANDARD.iterdir()))
def test_nginx_takes_what_every_nginx_brings_along(bench, nginx, name):
    server = bench.nginx(f"location / {{ include {name}; return 200 fine; }}")
    assert httpx.get(server.url).text == "fine"


@pytest.mark.parametrize(
    "text", ["listen 443 ssl;\nreturn 200 $scheme;", "server { listen 443 ssl; return 200 $scheme; }"]
)
def test_tls_runs_without_a_certificate_and_clients_can_verify_it(bench, nginx, text):
    server = bench.nginx(text)
    assert server.tls
    trust = ssl.create_default_context(cafile=certificate(bench.folder).ca)
    for host in ("127.0.0.1", "localhost"):
        assert httpx.get(f"https://{host}:{server.port}", verify=trust).text == "https"


def test_the_ports_of_tls_and_plain_http(bench, nginx):
    server = bench.nginx("server { listen 443 ssl; return 200 tls; }\nserver { listen 80; return 200 plain; }")
    assert not server.tls
    assert httpx.get(server.url).text == "plain"
    trust = ssl.create_default_context(cafile=certificate(bench.folder).ca)
    assert httpx.get(f"https://127.0.0.1:{server.ports['*:443']}", verify=trust).text == "tls"


def test_files_beside_the_configuration_are_found(bench, nginx):
    folder = bench.folder / "conf"
    folder.mkdir()
    (folder / "users").write_text("me:{PLAIN}secret\n")
    (folder / "my.conf").write_text(
        "events {}\nhttp { server { listen 80; auth_basic x; auth_basic_user_file users; root .; } }"
    )
    (bench.folder / "page.html").write_text("a page")
    server = bench.run("nginx -p . -c conf/my.conf")
    assert httpx.get(f"{server.url}/page.html").status_code == 401
    assert httpx.get(f"{server.url}/page.html", auth=("me", "secret")).text == "a page"


def test_a_site_of_ones_own_elsewhere(bench, nginx):
    """Its folder is read, and nothing is written into it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "page.html").write_text("a page")
        (folder / "nginx.conf").write_text(
            "events {}\nhttp { access_log logs/access.log; server { location / { root .; } } }"
        )
        server = bench.run(f"nginx -p {folder}")
        assert httpx.get(f"{server.url}/page.html").text == "a page"
        assert "GET /page.html" in server.log("GET")
        assert sorted(path.name for path in folder.iterdir()) == ["nginx.conf", "page.html"]


def test_it_stays_in_the_foreground_whatever_it_says(bench, nginx):
    (bench.folder / "my.conf").write_text("daemon on;\nevents {}\nhttp { server { return 200 x; } }")
    for command in ("nginx -c my.conf", "nginx -c my.conf -g 'daemon on;'", "nginx -p . -cmy.conf -e stderr"):
        server = bench.run(command)
        assert server.running
        server.stop()
        assert samples.programs(bench) == []


def test_what_is_said_on_the_command_line_is_moved_too(bench, nginx):
    (bench.folder / "servers.conf").write_text(f"http {{ server {{ listen {PORT}; return 200 x; }} }}")
    (bench.folder / "my.conf").write_text("events {}")
    server = bench.run("nginx -c my.conf -g 'include servers.conf;'")
    assert httpx.get(server.url).text == "x"
    assert {address for address in listeners(bench) if not address.startswith(LOOPBACK)} == set()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("nginx", ["nginx.conf, which is not there", "-c"]),
        ("nginx -c no.conf", ["no.conf, which is not there"]),
        ("nginx -x", ["option -x not recognized"]),
        ("nginx -c my.conf -s reload", ["nginx.reload()"]),
    ],
)
def test_a_command_that_runs_no_nginx(bench, command, words):
    with pytest.raises(BenchError) as caught:
        bench.run(command)
    assert all(word in caught.value.en for word in words)
    assert samples.HANGUL.search(caught.value.ko)
    assert samples.programs(bench) == []


def test_nginx_names_the_line_that_the_learner_wrote(bench, nginx):
    (bench.folder / "conf.d").mkdir()
    (bench.folder / "conf.d" / "more.conf").write_text("server {\n    listen 80;\n    bogus on;\n}\n")
    (bench.folder / "my.conf").write_text("user www-data;\nevents {}\nhttp {\n    include conf.d/*.conf;\n}\n")
    for run in (
        lambda: bench.run("nginx -p . -c my.conf"),
        lambda: bench.nginx("include conf.d/more.conf;\nserver { listen 80; }"),
    ):
        with pytest.raises(BenchError) as caught:
            run()
        assert "line 3 of conf.d/more.conf" in caught.value.en
        assert "conf.d/more.conf의 3번째 줄" in caught.value.ko
        assert caught.value.evidence == '3: bogus on;\nnginx: [emerg] unknown directive "bogus"'


def test_sockets_of_this_machine(bench, nginx, capsys):
    """Relative names mean the bench's folder, for those who listen and for those who connect."""
    back = bench.nginx("listen {{ listen }};\nlisten unix:back.sock;\nreturn 200 back;", name="back")
    front = bench.nginx(
        "upstream back { server unix:back.sock; }\n"
        "server { location / { proxy_pass http://back; } location /2 { proxy_pass http://unix:back.sock:/; } }",
        name="front",
    )
    assert [httpx.get(front.url + path).text for path in ("/", "/2")] == ["back", "back"]
    back.stop()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind("back.sock")  # as one that was killed leaves it behind
    again = bench.nginx("listen {{ listen }};\nlisten unix:back.sock;\nreturn 200 again;", name="back")
    assert httpx.get(again.url).text == "again"
    assert httpx.get(front.url).text == "again"


def test_a_site_on_sockets_only_says_which(bench):
    assert CellSite(bench.folder, "nginx", "listen unix:a/b.sock;", {}).unix == Path("a/b.sock")
    assert CellSite(bench.folder, "nginx", "listen unix:/run/b.sock;", {}).unix == Path("b.sock")
    assert CellSite(bench.folder, "nginx", "listen unix:b.sock; listen 80;", {}).unix is None


@pytest.mark.parametrize(
    ("text", "port"),
    [("return 200 x;", 8080), ("listen 81;", 8080), ("listen 8000;", 8000), ("listen 443 ssl;", 8443)],
)
def test_the_familiar_port(bench, text, port):
    assert CellSite(bench.folder, "nginx", text, {}).port == port


def test_the_address_that_is_filled_in_is_the_servers_own(bench, nginx, capsys):
    server = bench.nginx("server { listen 80; return 200 other; }\nserver { listen {{ listen }}; return 200 filled; }")
    assert httpx.get(server.url).text == "filled"
    told = capsys.readouterr().out.splitlines()[1:]
    assert told == [f"listen 80 → 127.0.0.1:{server.ports['*:80']}"]


def test_every_port_is_claimed(bench, nginx):
    """So no other bench tries it, until this one lets go of it."""
    server = bench.nginx("server { listen 80; }\nserver { listen 81; }\nserver { listen unix:x.sock; }")
    assert len(server.ports) == 2
    for port in server.ports.values():
        with pytest.raises(ports.Claimed):
            ports.Claim(port)
    server.stop()
    server.release()
    for port in server.ports.values():
        ports.Claim(port).close()


def test_a_port_that_is_asked_for(bench, nginx):
    (bench.folder / "my.conf").write_text("events {}\nhttp { server { listen 80; return 200 x; } }")
    port = samples.quiet_port()
    assert bench.run("nginx -c my.conf", port=port).port == port


# Reloading


def test_a_file_that_was_changed_is_read_again(bench, nginx, capsys):
    text = "events {{}}\nhttp {{ server {{ listen 80; return 200 {}; }} }}"
    (bench.folder / "my.conf").write_text(text.format("old"))
    server = bench.run("nginx -c my.conf")
    with httpx.Client() as client:
        assert client.get(server.url).text == "old"
        assert server.stale() is None
        (bench.folder / "my.conf").write_text(text.format("new"))
        assert "my.conf" in server.stale().en
        capsys.readouterr()
        server.reload()
        assert server.stale() is None
        assert httpx.get(server.url).text == "new"
    assert capsys.readouterr().out.splitlines() == [
        "$ nginx -p . -c .bench/my.conf/nginx.conf -e stderr -s reload",
        f"listen 80 → {server.address}",
    ]
    with pytest.raises(BenchError, match="write the file") as caught:
        server.reload("return 200 x;")
    assert samples.HANGUL.search(caught.value.ko)


def test_a_cell_is_given_a_new_text_and_keeps_its_ports(bench, nginx):
    server = bench.nginx("server { listen 80; return 200 old; }\nserver { listen 81; return 200 side; }")
    before = dict(server.ports)
    side = f"http://127.0.0.1:{before['*:81']}"
    for turn in range(5):  # no old worker answers once it has returned
        server.reload(f"server {{ listen 81; return 200 side{turn}; }}\nserver {{ listen 80; return 200 new{turn}; }}")
        assert [httpx.get(url).text for url in (server.url, side)] == [f"new{turn}", f"side{turn}"]
        assert server.ports == before
    server.reload(f"listen {PORT};\nreturn 200 moved;")
    assert httpx.get(server.url).text == "moved"
    assert {address for address in listeners(bench) if not address.startswith(LOOPBACK)} == set()


def test_a_configuration_that_is_refused_leaves_the_old_one(bench, nginx):
    server = bench.nginx("return 200 old;")
    with pytest.raises(BenchError) as caught:
        server.reload("\nbogus on;")
    assert "line 2" in caught.value.en
    assert caught.value.evidence == '2: bogus on;\nnginx: [emerg] unknown directive "bogus"'
    assert httpx.get(server.url).text == "old"
    server.reload()
    assert httpx.get(server.url).text == "old"


def test_a_file_that_is_refused_is_not_what_is_served(bench, nginx):
    (bench.folder / "my.conf").write_text("events {}\nhttp { server { listen 80; return 200 old; } }")
    server = bench.run("nginx -c my.conf")
    (bench.folder / "my.conf").write_text("events {}\nbogus;")
    with pytest.raises(BenchError, match=r"line 2 of my\.conf"):
        server.reload()
    assert "my.conf" in server.stale().en


@pytest.mark.parametrize("only_unix", [True, False])
def test_an_nginx_that_is_restarted_keeps_its_addresses(bench, nginx, only_unix):
    """And reads its configuration again."""
    text = "events {{}}\nhttp {{ server {{ listen {}; return 200 {}; }} }}"
    listen = "unix:site.sock" if only_unix else "80; listen 81"
    (bench.folder / "my.conf").write_text(text.format(listen, "old"))
    server = bench.run("nginx -c my.conf")
    before = server.address, dict(server.ports)
    (bench.folder / "my.conf").write_text(text.format(listen, "new"))
    server.restart()
    assert (server.address, server.ports) == before
    with server.connect(timeout=samples.HANGING) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer = b""
        while piece := client.recv(1000):
            answer += piece
    assert answer.endswith(b"new")
    assert (server.address == "unix:site.sock") == only_unix


def test_an_nginx_that_does_not_run_is_not_reloaded(bench):
    server = bench.nginx("return 200 x;")
    server.stop()
    with pytest.raises(BenchError, match="no longer runs"):
        server.reload()


def test_two_of_one_file_are_told_apart(bench, nginx):
    text = "pid nginx.pid;\nevents {}\nhttp { server { return 200 %s; } }"
    (bench.folder / "my.conf").write_text(text % "old")
    first, second = (bench.run("nginx -c my.conf", name=name) for name in ("the first", "the second"))
    (bench.folder / "my.conf").write_text(text % "new")
    first.reload()
    assert [httpx.get(server.url).text for server in (first, second)] == ["new", "old"]


def test_who_is_connected_goes_on_while_others_are_served_anew(bench, nginx):
    bench.nginx("location / { return 200 x; }", name="back")
    server = bench.nginx("return 200 old;")
    with socket.create_connection(("127.0.0.1", server.port), timeout=samples.HANGING) as client:
        client.sendall(b"GET / HTTP/1.1\r\n")  # half a request: the old worker waits for the rest
        samples.until(lambda: asleep(server))  # it has read what was sent
        server.reload("return 200 new;")
        assert httpx.get(server.url).text == "new"
        client.sendall(b"Host: x\r\nConnection: close\r\n\r\n")
        answer = b""
        while piece := client.recv(1000):
            answer += piece
        assert answer.endswith(b"old")

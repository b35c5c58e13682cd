"""A certificate for servers on the bench that speak TLS, signed by an authority of the bench's own."""

import os
from dataclasses import dataclass
from pathlib import Path

from ..loopback import HOST

NAMES = ("localhost", HOST, "::1")


@dataclass(frozen=True)
class Certificate:
    """Three PEM files: the certificate with its chain, its private key, and the authority that a client must trust."""

    cert: Path
    key: Path
    ca: Path


def certificate(folder: Path) -> Certificate:
    """The certificate of the bench in that folder, for the names in NAMES; made when it is first asked for.

    A client trusts it with `ssl.create_default_context(cafile=certificate.ca)`.
    """
    home = folder / ".bench"
    made = Certificate(home / "certificate.pem", home / "key.pem", home / "ca.pem")
    if not made.ca.exists():
        _make(made)
    return made


def _make(files: Certificate) -> None:
    import trustme  # here, because it takes as long as ten starts of nginx

    authority = trustme.CA(organization_name="support.bench")
    issued = authority.issue_cert(*NAMES)
    files.cert.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    with open(os.open(files.key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as key:
        key.write(issued.private_key_pem.bytes())
    authority.cert_pem.write_to_path(files.ca)  # last: where it is, the others are

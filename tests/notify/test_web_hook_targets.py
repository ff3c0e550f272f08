"""A web hook never reaches into the machine, its network or its cloud unless that was allowed (reliability H8)."""

from __future__ import annotations

import socket
from ipaddress import IPv6Address
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldframe.notify.addresses import is_public
from coldframe.notify.hooks import WebHookNotifier
from coldframe.notify.network import Network
from coldframe.notify.targets import Target, WebHook, parse_target
from coldframe.ports.notices import NotDelivered, Notice, Undeliverable
from coldframe.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Address

PUBLIC = "93.184.215.14"
NOTICE = Notice("an-id", "arn:aws:sns:us-east-1:123456789012:t", "{}")
NAMES = {
    "localhost": ["127.0.0.1"],
    "localhost.localdomain": ["::1"],
    "loopback.example": ["127.0.0.1"],
    "loopback6.example": ["::1"],
    "private.example": ["10.1.2.3"],
    "home.example": ["192.168.1.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "mapped.example": ["::ffff:10.0.0.1"],
    "nat64.example": ["64:ff9b::a9fe:a9fe"],
    "ula.example": ["fd00:ec2::254"],
    "link.example": ["fe80::1%eth0"],
    "both.example": [PUBLIC, "127.0.0.1"],
    "both6.example": [PUBLIC, "fe80::1"],
    "odd.example": ["not an address"],
    "127.0.0.1.nip.example": ["127.0.0.1"],
}
REFUSED = [
    # loopback, and every way to write it
    "http://127.0.0.1/",
    "http://127.0.0.1:8080/",
    "https://127.0.0.1/",
    "http://127.1.2.3/",
    "http://127.255.255.254/",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://0177.0.0.01/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0x7f.1/",
    "http://0X7F000001/",
    "http://127.0.0.0x1/",
    "http://127.000.000.001/",
    "http://127.0.0.1./",
    "http://0/",
    "http://0.0.0.0/",
    "http://00000000.0/",
    "http://%31%32%37.0.0.1/",
    "http://①②⑦.⓪.⓪.①/",  # what some programs take for digits
    "http://127。0。0。1/",  # and for dots
    "http://[::1]/",
    "http://[::1]:80/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[0000::0001]/",
    "http://[::]/",
    # forms of IPv6 around IPv4
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[2002:c0a8:101::1]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    # link-local and the clouds' metadata
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.169.254:80/",
    "http://169.254.0.1/",
    "http://169.254.170.2/v2/credentials",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://100.100.100.200/latest/meta-data/",
    "http://168.63.129.16/",
    "http://192.0.0.192/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[fd00:ec2::254]/",
    # private and special networks
    "http://10.0.0.1/",
    "http://10.255.255.255/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.0.1/",
    "http://100.64.0.1/",
    "http://198.18.0.1/",
    "http://192.0.2.1/",
    "http://192.88.99.1/",
    "http://203.0.113.5/",
    "http://224.0.0.1/",
    "http://239.255.255.250:1900/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[fc00::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://[100::1]/",
    "http://[5f00::1]/",
    # names that lead there
    *(f"http://{name}/" for name in NAMES),
    "http://LOCALHOST/",
    "http://localhost./",
    "https://private.example:8443/hook",
    # what is no URL of a web hook
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "gopher://127.0.0.1:11211/_stats",
    "ftp://hooks.example.org/",
    "dict://127.0.0.1:11211/stat",
    "ldap://127.0.0.1/",
    "jar:http://hooks.example.org/!/",
    "data:text/plain,hello",
    "javascript:alert(1)",
    "unix:///var/run/docker.sock",
    "//hooks.example.org/",
    "hooks.example.org/path",
    "",
    "http:",
    "http://",
    "http:///path",
    "http://?query",
    "http:hooks.example.org",
    # two programs could read these in two ways
    "http://user:password@hooks.example.org/",
    "http://user@hooks.example.org/",
    "http://@hooks.example.org/",
    "http://hooks.example.org@127.0.0.1/",
    "http://127.0.0.1#@hooks.example.org/",
    "http://hooks.example.org#@127.0.0.1/",
    "http://127.0.0.1\\@hooks.example.org/",
    "http://hooks.example.org\\@127.0.0.1/",
    "http://hooks.example.org\\.127.0.0.1/",
    "http:\\\\127.0.0.1/",
    "http://127.0.0.1 .example.org/",
    " http://127.0.0.1/",
    "http://127.0.0.1\t/",
    "ht\ntp://127.0.0.1/",
    "http://hooks.example.org/\r\nHost: 127.0.0.1",
    "http://hooks.example.org/ HTTP/1.1",
    "http://hooks.example.org%00.127.0.0.1/",
    "http://hooks..example.org/",
    "http://.example.org/",
    "http://-hooks.example.org/",
    "http://hooks,example.org/",
    "http://hooks.example.org:80:80/",
    "http://[::1/",
    "http://::1/",
    "http://[127.0.0.1]/",
    "http://[hooks.example.org]/",
    "http://[v1.fe80]/",
    "http://[2606:4700::1111]127.0.0.1/",
    "http://[2606:4700::1111]x:80/",
    "http://127.0.0.1[2606:4700::1111]/",
    "http://1.2.3.4.5/",
    "http://256.256.256.256/",
    f"http://{'a' * 64}.example.org/",
    f"http://{'a.' * 130}org/",
    f"http://hooks.example.org/{'a' * 2048}",
    # ports
    "http://hooks.example.org:0/",
    "http://hooks.example.org:65536/",
    "http://hooks.example.org:99999999999/",
    "http://hooks.example.org:-1/",
    "http://hooks.example.org:+80/",
    "http://hooks.example.org:0x50/",
    "http://hooks.example.org:http/",
    "http://hooks.example.org:/",
    "http://hooks.example.org: 80/",
]


def _target(host: str, port: int, path: str, *, is_tls: bool) -> Target:
    return Target(is_tls, host, port, path)


class Trap:
    """Looks names up in a table, and remembers who connected where."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.connected: list[tuple[str, int]] = []

    def resolve(self, host: str, _port: int) -> Sequence[str]:
        """The addresses of a name; one that the table does not know is a mistake of the test."""
        self.asked.append(host)
        return self.answers.pop(0) if self.answers else NAMES[host]

    def connect(self, address: str, port: int, _seconds: float) -> socket.socket:
        """Remember, and refuse."""
        self.connected.append((address, port))
        raise ConnectionRefusedError(111, "Connection refused")

    def deliver(self, url: str, *, is_private_allowed: bool = False) -> None:
        """Post a notice to a URL."""
        clock = FakeClock()
        network = Network(clock, is_private_allowed=is_private_allowed, resolve=self.resolve, connect=self.connect)
        WebHookNotifier(WebHook(parse_target(url)), network=network, clock=clock).deliver(NOTICE)


def test_table_of_refused_targets_is_long_enough() -> None:
    """It has no duplicates, and more than the 60 rows that are asked for."""
    assert len(set(REFUSED)) == len(REFUSED) > 130


@pytest.mark.parametrize("url", REFUSED)
def test_web_hook_is_refused(url: str) -> None:
    """Nobody connects to anything."""
    trap = Trap()
    with pytest.raises((ValueError, NotDelivered), match=r"web hook"):
        trap.deliver(url)
    assert trap.connected == []


@pytest.mark.parametrize(
    ("url", "address", "port"),
    [
        ("http://hooks.example.org/", PUBLIC, 80),
        ("http://hooks.example.org:8080/a?b=c", PUBLIC, 8080),
        ("HTTP://HOOKS.example.ORG/", PUBLIC, 80),
        ("https://hooks_1.xn--exmple-cua.org", PUBLIC, 443),
        ("http://8.8.8.8/", "8.8.8.8", 80),
        ("http://[2606:4700::1111]/", "2606:4700::1111", 80),
        ("http://[2002:808:808::1]/", "2002:808:808::1", 80),
        ("http://[64:ff9b::808:808]/", "64:ff9b::808:808", 80),
        ("http://[::ffff:8.8.8.8]/", "::ffff:808:808", 80),
        ("http://1.2.3.4.example.org/", PUBLIC, 80),
    ],
)
def test_web_hook_in_the_internet_is_reached(url: str, address: str, port: int) -> None:
    """What anybody may talk to is connected to, at its own port."""
    trap = Trap([PUBLIC])
    with pytest.raises(NotDelivered, match=r"cannot be reached: Connection refused"):
        trap.deliver(url)
    assert trap.connected == [(address, port)]


def test_name_is_looked_up_once(clock: FakeClock) -> None:
    """A name that answers a public address first and a private one after (rebinding) is connected to at the first."""
    trap = Trap([PUBLIC], ["127.0.0.1"], ["169.254.169.254"])
    with pytest.raises(NotDelivered, match=r"Connection refused"):
        trap.deliver("http://rebinding.example/")
    assert trap.asked == ["rebinding.example"]
    assert trap.connected == [(PUBLIC, 80)]
    with pytest.raises(NotDelivered, match=r"private network"):
        trap.deliver("http://rebinding.example/")
    assert trap.connected == [(PUBLIC, 80)]


def test_all_addresses_of_a_name_are_tried_in_turn() -> None:
    """A host with two addresses is reached at the second if the first does not answer."""
    trap = Trap([PUBLIC, "8.8.8.8"])
    with pytest.raises(NotDelivered):
        trap.deliver("http://hooks.example.org/")
    assert trap.connected == [(PUBLIC, 80), ("8.8.8.8", 80)]


def test_private_targets_are_reached_if_that_is_allowed() -> None:
    """Whoever runs a receiver at home says so in the configuration; odd forms stay refused."""
    trap = Trap()
    for url in ("http://192.168.1.1:9000/", "http://private.example/", "http://[::1]/"):
        with pytest.raises(NotDelivered, match=r"Connection refused"):
            trap.deliver(url, is_private_allowed=True)
    assert trap.connected == [("192.168.1.1", 9000), ("10.1.2.3", 80), ("::1", 80)]
    with pytest.raises(ValueError, match=r"usual"):
        trap.deliver("http://2130706433/", is_private_allowed=True)


def test_private_address_is_refused_for_good_and_a_name_for_now() -> None:
    """A name may lead elsewhere tomorrow, an address does not."""
    with pytest.raises(Undeliverable):
        Trap().deliver("http://10.0.0.1/")
    with pytest.raises(NotDelivered) as caught:
        Trap().deliver("http://private.example/")
    assert not isinstance(caught.value, Undeliverable)


def test_name_that_cannot_be_looked_up_is_tried_later() -> None:
    """A resolver that is down says nothing about the hook."""

    def fail(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    network = Network(FakeClock(), resolve=fail)
    with pytest.raises(NotDelivered, match=r"hooks\.example\.org cannot be reached: Temporary failure"):
        network.post(parse_target("https://hooks.example.org/secret"), headers={}, body=b"")


@pytest.mark.parametrize("text", ["", "127.0.0.1", "::1", "hooks.example.org", "8.8.8.8%1", "2606:4700::1111%1"])
def test_address_is_not_public(text: str) -> None:
    """What cannot be read is not public either."""
    assert not is_public(text)


@pytest.mark.parametrize(
    ("url", "target", "authority"),
    [
        ("https://h.example", _target("h.example", 443, "/", is_tls=True), "h.example"),
        ("https://h.example:80/a", _target("h.example", 80, "/a", is_tls=True), "h.example:80"),
        ("http://h.example:80/?q", _target("h.example", 80, "/?q", is_tls=False), "h.example"),
        (
            "http://[2606:4700::1]:81/a;b?c=d&e",
            _target("2606:4700::1", 81, "/a;b?c=d&e", is_tls=False),
            "[2606:4700::1]:81",
        ),
    ],
)
def test_target_is_taken_apart(url: str, target: Target, authority: str) -> None:
    """Scheme, host, port, path and query, and what the header Host says."""
    assert parse_target(url) == target
    assert parse_target(url).authority == authority


def test_target_does_not_show_its_path() -> None:
    """The path of a web hook is often its password."""
    hook = WebHook(parse_target("https://h.example/T0K3N"), secret="S3CR3T")
    assert "T0K3N" not in repr(hook)
    assert "S3CR3T" not in repr(hook)
    with pytest.raises(ValueError, match="port") as caught:
        parse_target("https://h.example:0/T0K3N")
    assert "T0K3N" not in str(caught.value)


@given(st.text() | st.from_regex(r"https?://[\[\]a-f0-9.:@%x]{1,30}/", fullmatch=True))
def test_text_is_a_target_or_is_refused(text: str) -> None:
    """Whatever is configured: it is refused, or means one place, which its own host and port name again."""
    try:
        target = parse_target(text)
    except ValueError:
        return
    again = parse_target(f"{'https' if target.is_tls else 'http'}://{target.authority}{target.path}")
    assert again == target


@given(st.ip_addresses(v=4), st.sampled_from([("::ffff:0:0", 0), ("64:ff9b::", 0), ("2002::", 80)]))
def test_address_is_as_public_as_the_one_inside(address: IPv4Address, form: tuple[str, int]) -> None:
    """No form of IPv6 makes an IPv4 address more public, nor less."""
    prefix, shift = form
    around = IPv6Address(int(IPv6Address(prefix)) | int(address) << shift)
    assert is_public(str(around)) is is_public(str(address))

"""The fixtures of the tests against a server."""

from cli.conftest import home  # noqa: F401 - a fixture
from remote.conftest import key, make_key, served  # noqa: F401 - fixtures

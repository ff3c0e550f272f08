"""The configuration: flag, environment, profile, file, default, in this order; and where things lie on this machine.

Every key is one row of :data:`KEYS`: the same parser reads it from the TOML file, from `COLDFRAME_<KEY>` and from a
flag. A profile, a table `[profile.NAME]`, holds the same keys for one kind of work (ADR 44). An unknown key or a wrong
value raises :class:`~coldframe.errors.BadSettings`, which names the file, the line and the key.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from coldframe.config_file import Key, parse_value, read_config, read_values
from coldframe.errors import BadSettings, BadUsage, nearest
from coldframe.model import AMAZON_WAITS, MAX_PART_SIZE, MIB, MIN_PART_SIZE, Tier, TierWaits
from coldframe.notify.order_hooks import HOOK_SECONDS, Hooks
from coldframe.quantities import parse_dollars, parse_duration, parse_money, parse_rate, parse_size
from coldframe.rates import parse_limit
from coldframe.rule_sets import SHIPPED, choose_rule_sets, parse_own_rule_set
from coldframe.server.address import Address, parse_address
from coldframe.server.limits import Limits
from coldframe.server.limits import parse_limits as limits_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from coldframe.config_file import ConfigFile
    from coldframe.notify.targets import WebHook
    from coldframe.rates import Limit
    from coldframe.rule_sets import RuleSet

CONFIG_NAME = "config.toml"
OUTPUT_FORMS = ("table", "csv", "json")
LOG_FORMS = ("text", "json")
AMAZON_SNS = "amazon"
"""In place of an endpoint: Amazon's own."""
PROFILES = "profile"
PROFILE_VARIABLE = "COLDFRAME_PROFILE"
RULE_SETS = "rule_set"
_TABLES = (PROFILES, RULE_SETS)
_MAX_JOBS = 256
_MAX_KEPT = 1000
_LEAST_LOG = 1024
_VAULT = re.compile(r"[A-Za-z0-9._-]{1,255}", re.ASCII)
_TOPIC = re.compile(r"arn:[a-z-]+:sns:[a-z0-9-]*:[0-9]{12}:[A-Za-z0-9_.-]{1,256}", re.ASCII)
_HOOK_KEYS = frozenset({"url", "secret"})
_ORDER_HOOK_KEYS = frozenset({"on_done", "on_attention", "notify", "timeout"})
_LISTEN = Address("127.0.0.1", 8377)
_TIER_KEYS = ("expedited", "standard", "bulk", "inventory")


@dataclass(frozen=True, slots=True)
class Home:
    """Where coldframe keeps what is local."""

    config_folder: str
    data_folder: str

    @property
    def config(self) -> str:
        """The configuration, a TOML file that need not be there."""
        return os.path.join(self.config_folder, CONFIG_NAME)

    @property
    def catalog(self) -> str:
        """The catalog."""
        return os.path.join(self.data_folder, "catalog.sqlite")

    @property
    def store(self) -> str:
        """The folder of the embedded store that is used when no other is named."""
        return os.path.join(self.data_folder, "store")

    @property
    def locks(self) -> str:
        """The folder of the locks that keep two runs apart."""
        return os.path.join(self.data_folder, "locks")


def find_home(environ: Mapping[str, str] | None = None) -> Home:
    """`COLDFRAME_HOME` for everything, or else the platform's usual places."""
    environ = os.environ if environ is None else environ
    folder = environ.get("COLDFRAME_HOME")
    if folder:
        folder = os.path.abspath(os.path.expanduser(folder))
        return Home(folder, folder)
    import platformdirs  # noqa: PLC0415 - not needed where COLDFRAME_HOME is set; start-up time

    return Home(
        platformdirs.user_config_dir("coldframe", appauthor=False),
        platformdirs.user_data_dir("coldframe", appauthor=False),
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user has settled beforehand; a command's flags come on top (:func:`with_flags`)."""

    profile: str | None = None
    store: str | None = None
    vault: str | None = None
    jobs: int | None = None
    part_size: int = 64 * MIB
    limit_rate: Limit | None = None
    download_rate: float | None = None
    output: str | None = None
    inventory: str | None = None
    inventory_copy: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    zip: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    rule_sets: Mapping[str, RuleSet] = field(default_factory=dict)
    follow_symlinks: bool = False
    checksum: bool = False
    dedupe: bool = True
    into: str | None = None
    tier: Tier = Tier.STANDARD
    max_cost: float | None = None
    budget: Decimal | None = None
    prices: str | None = None
    tiers: TierWaits = field(default_factory=TierWaits)
    sns_endpoint: str | None = None
    webhooks: Mapping[str, WebHook] = field(default_factory=dict)
    webhooks_allow_private: bool = False
    listen: Address = _LISTEN
    admin_listen: Address | None = None
    account: str | None = None
    region: str = "us-east-1"
    free_daily_bytes: int | None = None
    scarce_expedited: bool = False
    limits: Limits = field(default_factory=Limits)
    seal_key: str | None = None
    log_file: str | None = None
    log_size: int = 10 * MIB
    log_keep: int = 5
    log_form: str = "text"
    hooks: Hooks = field(default_factory=Hooks)
    queue: tuple[str, ...] = ()
    sqs_endpoint: str | None = None
    aws_profile: str | None = None


def parse_text(value: object) -> str:
    """A text that says something."""
    if not isinstance(value, str) or not value:
        raise ValueError("it wants a text in quotes")
    return value


def parse_path(value: object) -> str:
    """A path, with `~` for the user's folder."""
    return os.path.expanduser(parse_text(value))


def parse_vault(value: object) -> str:
    """A vault's name as the protocol allows it (glacier-api 5)."""
    name = parse_text(value)
    if not _VAULT.fullmatch(name):
        raise ValueError(f"{name!r} cannot name a vault: 1 to 255 letters, digits, '.', '_' and '-'")
    return name


def parse_texts(value: object) -> tuple[str, ...]:
    """A list of texts; where there are no lists (environment), a text with commas."""
    if isinstance(value, str):
        return tuple(text.strip() for text in value.split(",") if text.strip())
    if not isinstance(value, list | tuple):
        raise ValueError('it wants a list of texts: ["a", "b"]')  # noqa: TRY004 - each parser says no in one way
    return tuple(parse_text(text) for text in value)


def parse_flag(value: object) -> bool:
    """Yes or no."""
    words = {True: True, False: False, "true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    chosen = words.get(value.lower() if isinstance(value, str) else value) if isinstance(value, str | bool) else None
    if chosen is None:
        raise ValueError("it wants true or false")
    return chosen


def parse_jobs(value: object) -> int:
    """How many parts or files are on their way at once."""
    return _whole(value, 1, _MAX_JOBS)


def parse_part_size(value: object) -> int:
    """The smallest part: a power of two MiB from 1 MiB to 4 GiB (glacier-api 5)."""
    size = parse_size(_quantity(value))
    if not MIN_PART_SIZE <= size <= MAX_PART_SIZE or size & (size - 1):
        raise ValueError("it wants a power of two from 1MiB to 4GiB, such as 64MiB")
    return size


def parse_tier(value: object) -> Tier:
    """A tier, in whatever case."""
    tiers = {tier.value.lower(): tier for tier in Tier}
    try:
        return tiers[parse_text(value).lower()]
    except (KeyError, ValueError):
        raise ValueError(f"it wants one of {', '.join(Tier)}") from None


def parse_budget(value: object) -> Decimal:
    """A table that says how many US dollars a month may cost; where there are no tables (environment), the sum."""
    table = value if isinstance(value, dict) else {"per_month": value}
    if set(table) != {"per_month"}:
        raise ValueError("it wants a table with per_month alone: a sum in US dollars")
    return parse_dollars(_quantity(table["per_month"]))


def parse_output(value: object) -> str:
    """One of the forms that data is printed in."""
    if value not in OUTPUT_FORMS:
        raise ValueError(f"it wants one of {', '.join(OUTPUT_FORMS)}")
    return str(value)


def parse_hooks(value: object) -> Hooks:
    """A table of programs and URLs that are told of orders. What is wrong with a URL is told without it."""
    if not isinstance(value, dict):
        raise ValueError("it wants a table of on_done, on_attention, notify and timeout")  # noqa: TRY004 - as above
    unknown = sorted(set(value) - _ORDER_HOOK_KEYS)
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not known of hooks; it wants {', '.join(sorted(_ORDER_HOOK_KEYS))}")
    timeout = parse_duration(_quantity(value["timeout"])) if "timeout" in value else HOOK_SECONDS
    return Hooks(
        on_done=_words(value, "on_done"),
        on_attention=_words(value, "on_attention"),
        notify=_urls(value.get("notify", [])),
        timeout_seconds=timeout,
    )


def _words(table: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = table.get(name, [])
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value) or (value and not value[0]):
        raise ValueError(f'{name} wants a program and its arguments: ["notify-send", "coldframe"]; there is no shell')
    return tuple(value)


def _urls(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(url, str) and ":/" in url for url in value):
        raise ValueError('notify wants a list of apprise URLs: ["ntfy://topic", "mailto://user:password@example.org"]')
    return tuple(value)


def parse_log_size(value: object) -> int:
    """The most bytes of one file of a log; below a KiB it would hold no line."""
    size = parse_size(_quantity(value))
    if size < _LEAST_LOG:
        raise ValueError("it wants 1KiB or more, such as 10MiB")
    return size


def parse_log_keep(value: object) -> int:
    """How many older files of a log are kept."""
    return _whole(value, 0, _MAX_KEPT)


def parse_log_form(value: object) -> str:
    """One of the forms of a log's lines."""
    if value not in LOG_FORMS:
        raise ValueError(f"it wants one of {', '.join(LOG_FORMS)}")
    return str(value)


def parse_waits(value: object) -> TierWaits:
    """`"none"`, `"amazon"`, or a table of durations by tier."""
    named = {"none": TierWaits(), "amazon": AMAZON_WAITS}
    if isinstance(value, str) and value.lower() in named:
        return named[value.lower()]
    if not isinstance(value, dict):
        raise ValueError('it wants "none", "amazon" or a table: standard = "4h"')  # noqa: TRY004 - as above
    unknown = sorted(set(value) - set(_TIER_KEYS))
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no tier; it wants {', '.join(_TIER_KEYS)}")
    return TierWaits(**{f"{tier}_seconds": parse_duration(_quantity(wait)) for tier, wait in value.items()})


def parse_sns_endpoint(value: object) -> str:
    """`"amazon"`, or the URL of an endpoint that speaks like SNS."""
    from coldframe.notify.targets import parse_target  # noqa: PLC0415 - only where somebody is served; start-up time

    text = parse_text(value)
    if text.lower() == AMAZON_SNS:
        return AMAZON_SNS
    try:
        parse_target(text)
    except ValueError as error:
        raise ValueError('it wants "amazon", or a URL: "http://127.0.0.1:4566"') from error
    return text


def parse_webhooks(value: object) -> Mapping[str, WebHook]:
    """A table of web hooks by the ARNs of topics: each a URL, or a table of URL and secret."""
    if not isinstance(value, dict):
        raise ValueError("it wants a table of topic ARNs and URLs")  # noqa: TRY004 - as above
    for topic in value:
        if not _TOPIC.fullmatch(topic):
            raise ValueError(f"{topic!r} is no topic; it wants arn:aws:sns:<region>:<12 digits>:<name>")
    return {topic: _webhook(hook) for topic, hook in value.items()}


def _webhook(value: object) -> WebHook:
    from coldframe.notify.targets import WebHook, parse_target  # noqa: PLC0415 - as above

    table = value if isinstance(value, dict) else {"url": value}
    unknown = sorted(set(table) - _HOOK_KEYS)
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not known of a web hook; it wants url and secret")
    return WebHook(parse_target(table.get("url")), parse_text(table["secret"]) if "secret" in table else None)


def parse_account(value: object) -> str:
    """An account's 12 digits."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{12}", value):
        raise ValueError(f"{value!r} is no account: write 12 digits, such as 123456789012")
    return value


def parse_region(value: object) -> str:
    """The name of a region, as signatures and ARNs spell it."""
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9-]{1,64}", value):
        raise ValueError(f"{value!r} is no region: write one such as us-east-1")
    return value


def parse_limits(value: object) -> Limits:
    """A table of limits, or a text with commas: `idle_seconds=30s,max_connections=200`."""
    if isinstance(value, str):
        value = dict(pair.partition("=")[::2] for pair in parse_texts(value))
    if not isinstance(value, dict):
        raise ValueError('it wants a table: idle_seconds = "30s"')  # noqa: TRY004 - as above
    return limits_of({str(name): _quantity(each) for name, each in value.items()})


def _whole(value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).strip().isdigit():
        raise ValueError("it wants a whole number")
    if not least <= int(value) <= most:
        raise ValueError(f"it wants a number from {least} to {most}")
    return int(value)


def _quantity(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("it wants a number, or a text with a unit")  # noqa: TRY004 - as above
    return str(value)


KEYS: Mapping[str, Key] = {
    "store": Key(parse_text, "the store URL or folder", '"/mnt/disk/store"'),
    "vault": Key(parse_vault, "the vault", '"astrodata"'),
    "jobs": Key(parse_jobs, "how many parts or files travel at once", "8"),
    "part_size": Key(parse_part_size, "the smallest part of a multipart upload", '"64MiB"'),
    "limit_rate": Key(
        lambda value: parse_limit(_quantity(value)), "the highest rate, or `08:00-23:00=2M,*=full`", '"20MiB/s"'
    ),
    "download_rate": Key(
        lambda value: parse_rate(_quantity(value)), "what your line downloads in a second; else measured", '"80Mbit/s"'
    ),
    "output": Key(parse_output, "the form in which data is printed", '"table"'),
    "inventory": Key(parse_path, "the inventory CSV that archive extends", '"~/m33.archive_inventory.csv"'),
    "inventory_copy": Key(parse_texts, "where copies of it go", '["s3://myastrodata/"]'),
    "include": Key(parse_texts, "patterns of files that are archived at all", '["*.fit"]'),
    "exclude": Key(parse_texts, "patterns of files and folders that are left out", '["*.tmp"]'),
    "zip": Key(parse_texts, "patterns of folders that become one zip each", '["Bias", "Dark", "Flat"]'),
    "rules": Key(parse_texts, "rule sets: what is zipped and left out of programs' trees", '["nina", "wbpp"]'),
    "follow_symlinks": Key(parse_flag, "whether symlinks are followed", "false"),
    "checksum": Key(parse_flag, "whether archive compares tree hashes, not size and modification time", "false"),
    "dedupe": Key(parse_flag, "whether known content is recorded instead of sent again", "true"),
    "into": Key(parse_path, "the folder that retrieve fills", '"~/retrieved"'),
    "tier": Key(parse_tier, "how quickly a retrieval is wanted", '"Standard"'),
    "max_cost": Key(
        lambda value: parse_money(_quantity(value)),
        "the highest price of what retrieves, deletes, buys or asks for an inventory, US dollars",
        "5",
    ),
    "budget": Key(parse_budget, "what a month may cost in all, US dollars", '{ per_month = "10.00" }'),
    "prices": Key(parse_path, "the price file in place of the one that came with coldframe", '"~/prices.toml"'),
    "tiers": Key(parse_waits, "how long jobs of the embedded store take", '"amazon"'),
    "sns_endpoint": Key(parse_sns_endpoint, "where serve publishes that jobs are done", '"http://127.0.0.1:4566"'),
    "webhooks": Key(
        parse_webhooks,
        "where serve posts that jobs are done, by topic",
        '{ "arn:aws:sns:us-east-1:123456789012:ready" = "https://hooks.example.org/ready" }',
    ),
    "webhooks_allow_private": Key(parse_flag, "whether web hooks may be in a private network", "false"),
    "listen": Key(parse_address, "where serve listens", '"127.0.0.1:8377"'),
    "admin_listen": Key(parse_address, "where serve tells of health and metrics", '"127.0.0.1:8378"'),
    "account": Key(parse_account, "whose the store itself is, where it is served", '"123456789012"'),
    "region": Key(parse_region, "the region that clients of serve sign for", '"us-east-1"'),
    "free_daily_bytes": Key(
        lambda value: parse_size(_quantity(value)), "what the strategy FreeTier allows in a day", '"333MB"'
    ),
    "scarce_expedited": Key(parse_flag, "whether Expedited needs provisioned capacity", "false"),
    "limits": Key(parse_limits, "what one client of serve may take", '{ idle_seconds = "60s" }'),
    "seal_key": Key(parse_path, "the file that unseals access keys, if not in the store", '"/etc/coldframe/seal.key"'),
    "log_file": Key(parse_path, "where archive and watch log what they do", '"~/coldframe.log"'),
    "log_size": Key(parse_log_size, "how large it grows before it is put away", '"10MiB"'),
    "log_keep": Key(parse_log_keep, "how many such files are kept", "5"),
    "log_form": Key(parse_log_form, "text, or json for an object a line", '"text"'),
    "hooks": Key(
        parse_hooks,
        "who is told that an order is done or needs attention",
        '{ on_done = ["notify-send", "coldframe"] }',
    ),
    "queue": Key(parse_texts, "the SQS queues that watch listens to", '["arn:aws:sqs:us-east-1:123456789012:ready"]'),
    "sqs_endpoint": Key(parse_sns_endpoint, "where SQS is, if not where SNS is", '"http://127.0.0.1:4566"'),
    "aws_profile": Key(parse_text, "the AWS profile for SNS and SQS", '"astro"'),
}


def load_settings(home: Home, environ: Mapping[str, str] | None = None, *, profile: str | None = None) -> Settings:
    """The settings from the environment, the profile and the rest of the file, in this order.

    Args:
        home: Where the file is.
        environ: The environment; None for this process's.
        profile: The profile; else `COLDFRAME_PROFILE` names it, or there is none.

    Raises:
        BadSettings: The file cannot be read or understood, a key or value is wrong, or there is no such profile.
    """
    environ = os.environ if environ is None else environ
    config = read_config(home.config)
    values = read_values(config, KEYS, tables=_TABLES)
    profiles = {name: read_values(config, KEYS, (PROFILES, name)) for name in config.subtables(PROFILES)}
    own = _own_rule_sets(config)
    _check_rules(config, own, values)
    for name, profile_values in profiles.items():
        _check_rules(config, own, profile_values, PROFILES, name)
    chosen = profile or environ.get(PROFILE_VARIABLE) or None
    if chosen is not None:
        if chosen not in profiles:
            raise BadSettings(_no_profile(chosen, config.path, profiles))
        values |= profiles[chosen] | {"profile": chosen}
    for name, key in KEYS.items():
        variable = f"COLDFRAME_{name.upper()}"
        if environ.get(variable):
            values[name] = parse_value(key, environ[variable], f"The environment variable {variable}")
    return Settings(**values, rule_sets=own)


def profile_names(home: Home) -> list[str]:
    """The profiles that the configuration has, in its order; none where it cannot be read (a shell wants to know)."""
    try:
        return list(read_config(home.config).subtables(PROFILES))
    except BadSettings:
        return []


def rule_set_names(home: Home) -> list[str]:
    """The rule sets there are: those that come with coldframe, and the configuration's own where it can be read."""
    try:
        return [*SHIPPED, *read_config(home.config).subtables(RULE_SETS)]
    except BadSettings:
        return list(SHIPPED)


def with_flags(settings: Settings, **flags: Any) -> Settings:
    """The settings with those flags on top that were given: neither None nor empty."""
    names = {each.name for each in fields(Settings)}
    return replace(
        settings, **{name: value for name, value in flags.items() if name in names and value not in (None, ())}
    )


def _own_rule_sets(config: ConfigFile) -> dict[str, RuleSet]:
    found = {}
    for name, table in config.subtables(RULE_SETS).items():
        try:
            found[name] = parse_own_rule_set(name, table)
        except ValueError as error:
            raise BadSettings(f"{config.where(RULE_SETS, name)}: {error}.") from error
    return found


def _check_rules(config: ConfigFile, own: Mapping[str, RuleSet], values: Mapping[str, Any], *within: str) -> None:
    try:
        choose_rule_sets(values.get("rules", ()), own)
    except BadUsage as error:
        raise BadSettings(f"{config.where(*within, 'rules')}: {error}") from error


def _no_profile(name: str, path: str, profiles: Mapping[str, object]) -> str:
    if not profiles:
        return f"There is no profile {name!r}: {path} has none. Write [{PROFILES}.{name}] there, and its keys below."
    return f"There is no profile {name!r} in {path}{nearest(name, profiles)}"

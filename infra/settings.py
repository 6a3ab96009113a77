"""Every setting: typed, with its unit and default. Set one by the environment variable TUAN_<NAME>.

`tuan up` keeps what it chose for itself (ports, passwords, keys, addresses) in `<data_dir>/settings.json`,
under the same names; the environment wins over that file. Secrets are never shown.
"""

import difflib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from infra.dsn import acting_as

CHECKOUT = Path(__file__).resolve().parent.parent
PREFIX = "TUAN_"
MADE = "settings.json"  # in the data directory, readable by its owner only

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0)]


class SettingsError(Exception):
    """A setting is wrong, missing or unreachable. The message is the one line a user needs."""


class Settings(BaseSettings):
    """What can be set. Everything has a default that works for `tuan up` on one machine."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )

    # --- where things are ---
    data_dir: Path = CHECKOUT / ".tuan"
    """Directory of everything `tuan up` keeps: databases, logs, keys, chosen ports."""
    postgres_dsn: SecretStr | None = None
    """PostgreSQL 15 or later, as URL or key=value list. Unset: `tuan up` starts one of its own."""
    nats_url: SecretStr | None = None
    """NATS 2.12 or later with JetStream, e.g. nats://token@host:4222; several by comma. Unset: embedded."""
    clock_file: Path | None = None
    """Shared scaled clock of a simulation. Unset: the machine's clock."""
    channels_file: Path | None = None
    """JSON: tenant -> its WeChat Pay account. Unset: <data_dir>/channels.json."""
    key_dir: Path | None = None
    """Directory of key and certificate files made at set-up. Unset: <data_dir>/keys."""

    # --- who I am ---
    cell: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")] = "cell_0"
    """The cell (PostgreSQL schema) this process serves."""
    host: str = "127.0.0.1"
    """Address that HTTP services listen on."""
    engine_port: Port = 8701
    """TCP port of the engine's write API."""
    gateway_port: Port = 8700
    """TCP port of the public API: commands and queries."""
    console_port: Port = 8702
    """TCP port of the operator console."""
    dev_issuer_port: Port = 8710
    """TCP port of the development token issuer."""
    channel_simulator_port: Port = 8711
    """TCP port of the simulated WeChat Pay."""
    relay_port: Port = 8721
    """TCP port of the relay's health and metrics."""
    projector_port: Port = 8722
    """TCP port of the projector's health and metrics."""
    runner_port: Port = 8723
    """TCP port of the process runner's health and metrics."""
    engine_address: str = ""
    """Base URL under which other processes reach this engine. Empty: http://<host>:<engine_port>."""
    gateway_url: str = ""
    """Base URL of the public API. Empty: http://<host>:<gateway_port>."""
    console_url: str = ""
    """Address at which browsers find the operator console. Empty: http://<host>:<console_port>."""
    channel_simulator_url: str = ""
    """Base URL of the simulated WeChat Pay. Empty: http://<host>:<channel_simulator_port>."""
    channel_deposit_fen: Annotated[int, Field(ge=0)] = 1_000_000
    """Fen on each merchant account when the simulated WeChat Pay opens it: refunds are paid from there."""
    channel_fault_rate: Annotated[float, Field(ge=0, le=1)] = 0
    """How often the simulated WeChat Pay fails on purpose, from 0 to 1, until /sim/faults says otherwise."""
    code_rev: str = "unknown"
    """Revision of the running code, recorded with every command."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe log line that is written."""

    # --- who may come in ---
    token_issuer: str = ""
    """`iss` of accepted tokens. Empty: the development issuer, http://<host>:<dev_issuer_port>."""
    token_audience: str = "tuan"
    """`aud` of accepted tokens."""
    token_jwks_url: str = ""
    """Where the issuer publishes its keys. Empty: <token_issuer>/.well-known/jwks.json."""
    token_leeway_seconds: Annotated[float, Field(ge=0)] = 5
    """Clock difference forgiven when a token's times are checked."""
    platform_key: SecretStr | None = None
    """Wraps the keys of data subjects: 32 bytes as 64 hexadecimal digits."""
    mac_key: SecretStr | None = None
    """Keys the digests of command bodies and API keys: 32 bytes as 64 hexadecimal digits."""
    anchor_key: SecretStr | None = None
    """Signs anchors and evidence (an Ed25519 seed): 32 bytes as 64 hexadecimal digits. Unset: none are made."""
    anchor_verifiers: str = ""
    """Verifier keys of others whose anchors are believed, or of earlier keys, by comma: `tuan anchors` shows them."""

    # --- how the engine runs ---
    batch_commands_max: Annotated[int, Field(ge=1)] = 512
    """Most commands decided and committed together."""
    queue_commands_max: Annotated[int, Field(ge=1)] = 4096
    """Most commands waiting in the engine; more are answered 503."""
    rate_per_second: Annotated[float, Field(gt=0)] = 50
    """Commands a second that one principal may ask of one route, before the engine."""
    rate_burst: Annotated[float, Field(ge=1)] = 100
    """Commands that may come at once after a rest, within the same limit."""
    service_rate_per_second: Annotated[float, Field(gt=0)] = 20_000
    """The same limit for services: scopes payment:record, process:act, bench. Burst: as many."""
    cache_bytes_max: Annotated[int, Field(ge=1_000_000)] = 256_000_000
    """Bytes of aggregate states the engine keeps in memory."""
    channel_calls_per_second: Annotated[float, Field(gt=0)] = 100
    """Refund calls a second to one merchant account; WeChat Pay allows 150."""
    delivery_disorder: Annotated[int, Field(ge=0)] = 0
    """Seed by which consumers double and shuffle what NATS brings, to prove that it changes nothing; 0: they do not."""
    world_rate: Annotated[float, Field(ge=0)] = 2
    """Orders a second that made-up shoppers try in the development tenant while `tuan up` runs; 0: nobody comes."""
    read_wait_seconds: Seconds = 5
    """Longest wait of a read for the position named in its token."""
    live_feeds_per_tenant: Annotated[int, Field(ge=1)] = 500
    """Live feeds that one tenant may have open at once in one gateway."""
    live_feeds_per_principal: Annotated[int, Field(ge=1)] = 20
    """Live feeds that one principal may have open at once in one gateway."""
    live_origins: str = ""
    """Web origins whose pages may open live feeds, by comma. Empty: the console and the public API themselves."""

    @field_validator("data_dir")
    @classmethod
    def _from_anywhere(cls, path: Path) -> Path:
        return path.expanduser().absolute()

    @field_validator("postgres_dsn")
    @classmethod
    def _is_a_dsn(cls, dsn: SecretStr | None) -> SecretStr | None:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict

        try:
            conninfo_to_dict(dsn.get_secret_value() if dsn else "")
        except psycopg.ProgrammingError:
            raise ValueError("is neither a postgresql:// URL nor a key=value list") from None
        return dsn

    @field_validator("platform_key", "mac_key", "anchor_key")
    @classmethod
    def _is_a_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key and not re.fullmatch("[0-9a-f]{64}", key.get_secret_value()):
            raise ValueError("must be 64 hexadecimal digits")
        return key

    @field_validator("nats_url")
    @classmethod
    def _is_a_nats_url(cls, url: SecretStr | None) -> SecretStr | None:
        servers = url.get_secret_value().split(",") if url else []
        if not all(server.strip().startswith(("nats://", "tls://")) for server in servers):
            raise ValueError("must start with nats:// or tls://")
        return url

    def as_environment(self) -> dict[str, str]:
        """What was set, as variables for a process of ours. Secrets are in the clear."""
        chosen = ((name, getattr(self, name)) for name in self.model_fields_set)
        return {
            f"{PREFIX}{name.upper()}": value.get_secret_value()
            if isinstance(value, SecretStr)
            else str(value)
            for name, value in chosen
            if value is not None
        }

    def dsn(self, role: str = "") -> str:
        """How to connect, acting as `role` when one is given. Raises: SettingsError when unset."""
        if self.postgres_dsn is None:
            raise SettingsError(f"no database: start `tuan up`, or set {PREFIX}POSTGRES_DSN")
        return acting_as(self.postgres_dsn.get_secret_value(), role)

    def nats_servers(self) -> list[str]:
        """NATS addresses, tokens included. Raises: SettingsError when unset."""
        if self.nats_url is None:
            raise SettingsError(f"no NATS: start `tuan up`, or set {PREFIX}NATS_URL")
        return [server.strip() for server in self.nats_url.get_secret_value().split(",")]

    def key(self, name: Literal["platform_key", "mac_key", "anchor_key"]) -> bytes:
        """32 secret bytes. Raises: SettingsError when unset."""
        secret: SecretStr | None = getattr(self, name)
        if secret is None:
            raise SettingsError(f"no key: start `tuan up`, or set {PREFIX}{name.upper()}")
        return bytes.fromhex(secret.get_secret_value())

    @property
    def keys(self) -> Path:
        return self.key_dir or self.data_dir / "keys"

    @property
    def channels(self) -> Path:
        return self.channels_file or self.data_dir / "channels.json"

    @property
    def engine_url(self) -> str:
        return self.engine_address or f"http://{self.host}:{self.engine_port}"

    @property
    def public_url(self) -> str:
        return self.gateway_url or f"http://{self.host}:{self.gateway_port}"

    @property
    def console_origin(self) -> str:
        return self.console_url or f"http://{self.host}:{self.console_port}"

    @property
    def simulator_url(self) -> str:
        return self.channel_simulator_url or f"http://{self.host}:{self.channel_simulator_port}"

    @property
    def issuer(self) -> str:
        return self.token_issuer or f"http://{self.host}:{self.dev_issuer_port}"

    @property
    def jwks_url(self) -> str:
        return self.token_jwks_url or f"{self.issuer}/.well-known/jwks.json"


def load(**given: Any) -> Settings:
    """Settings from `given`, the environment and the data directory, in this order. Raises: SettingsError."""
    refuse_typing_errors(os.environ)
    try:
        explicit = Settings(**given)
        made = made_by_up(explicit.data_dir)
        rest = {name: made[name] for name in made if name not in explicit.model_fields_set}
        return Settings(**given, **rest)
    except ValidationError as error:
        raise SettingsError(in_one_line(error)) from None


def load_given() -> Settings:
    """What the user set, without anything `tuan up` chose before. Raises: SettingsError."""
    refuse_typing_errors(os.environ)
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(in_one_line(error)) from None


def made_by_up(data_dir: Path) -> dict[str, Any]:
    """What an earlier `tuan up` chose for this data directory. Raises: SettingsError."""
    path = data_dir / MADE
    try:
        made = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
    return {name: value for name, value in made.items() if name in Settings.model_fields}


def embedded(settings: Settings) -> bool:
    """Is this the database that `tuan up` made, and no other issuer named?

    Known by its user and random password, whatever port leads to it: chaos runs put a proxy before it.
    """
    from psycopg.conninfo import conninfo_to_dict

    made, dsn = made_by_up(settings.data_dir).get("postgres_dsn"), settings.postgres_dsn
    if made is None or dsn is None or settings.token_issuer:
        return False
    ours, named = conninfo_to_dict(made), conninfo_to_dict(dsn.get_secret_value())
    return {**ours, "port": ""} == {**named, "port": ""}


def refuse_typing_errors(environment: Mapping[str, str]) -> None:
    """A variable that looks like a setting but is none would be ignored in silence. Raises: SettingsError."""
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    for name in environment:
        if name.startswith(PREFIX) and name not in known:
            meant = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
            if meant:
                raise SettingsError(f"{name} is not a setting; did you mean {meant[0]}?")


def in_one_line(error: ValidationError) -> str:
    """Which variables are wrong and why; never their values."""
    return "; ".join(
        f"{PREFIX}{str(at['loc'][0]).upper()}: {at['msg'].removeprefix('Value error, ')}"
        for at in error.errors()
    )

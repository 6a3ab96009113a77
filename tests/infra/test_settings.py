"""A wrong setting is one clear line and exit code 2; a secret is never part of it."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from infra.embedded import ports
from infra.embedded.home import remember
from infra.settings import Settings, SettingsError, load
from tests.servers import Processes

HIDDEN = "hush-hush"


@pytest.fixture(autouse=True)
def _own_data_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUAN_DATA_DIR", str(tmp_path))


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("TUAN_GATEWAY_PORT", "eighty", "TUAN_GATEWAY_PORT: Input should be a valid integer"),
        ("TUAN_GATEWAY_PORT", "70000", "TUAN_GATEWAY_PORT: Input should be less than or equal"),
        ("TUAN_CELL", "Robert'); drop", "TUAN_CELL: String should match"),
        ("TUAN_POSTGRES_DSN", f"mysql:{HIDDEN}", "TUAN_POSTGRES_DSN: is neither a postgresql://"),
        ("TUAN_NATS_URL", f"http://{HIDDEN}@host", "TUAN_NATS_URL: must start with nats://"),
        ("TUAN_MAC_KEY", HIDDEN, "TUAN_MAC_KEY: must be 64 hexadecimal digits"),
        ("TUAN_POSTGRES_DNS", HIDDEN, "TUAN_POSTGRES_DNS is not a setting; did you mean TUAN_POST"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(
    name: str, value: str, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{re.escape(complaint)}") as caught:
        load()
    assert "\n" not in str(caught.value)
    assert HIDDEN not in str(caught.value)


@pytest.mark.parametrize("command", ["up", "migrate", "engine"])
def test_an_unreachable_database_is_one_clear_line(processes: Processes, command: str) -> None:
    port = ports.choose()
    run = processes.tuan(
        command,
        env={
            "TUAN_POSTGRES_DSN": f"postgresql://user:{HIDDEN}@127.0.0.1:{port}/tuan",
            "TUAN_NATS_URL": f"nats://{HIDDEN}@127.0.0.1:{port}",
        },
    )
    assert run.process
    assert run.process.wait(30) == 2
    assert run.log.read_text() == (
        f"tuan: TUAN_POSTGRES_DSN: no database at 127.0.0.1:{port}: Connection refused\n"
    )


def test_an_unreachable_nats_is_one_clear_line(processes: Processes, settings: Settings) -> None:
    port = ports.choose()
    given = {"TUAN_NATS_URL": f"nats://{HIDDEN}@127.0.0.1:{port}"}
    run = processes.tuan("relay", settings=settings, env=given)
    assert run.process
    assert run.process.wait(30) == 2
    assert re.fullmatch(
        rf"tuan: TUAN_NATS_URL: no NATS at 127.0.0.1:{port}: .*refused\n", run.log.read_text()
    )


def test_what_up_chose_counts_unless_the_environment_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(tmp_path, {"gateway_port": 8001, "engine_port": 8002, "nats_token": "not a setting"})
    monkeypatch.setenv("TUAN_ENGINE_PORT", "9002")
    assert (load().gateway_port, load().engine_port) == (8001, 9002)
    assert load(gateway_port=7001).gateway_port == 7001


def test_secrets_are_hidden_but_reach_our_own_processes() -> None:
    settings = Settings(postgres_dsn=SecretStr(f"postgresql://u:{HIDDEN}@h/d"), cell="cell_7")
    assert HIDDEN not in repr(settings) + str(settings)
    environment = settings.as_environment()
    assert HIDDEN in environment["TUAN_POSTGRES_DSN"]
    assert environment["TUAN_CELL"] == "cell_7"


def test_a_role_is_added_to_the_options_that_are_there() -> None:
    settings = Settings(
        postgres_dsn=SecretStr("postgresql://u@h/d?options=-c%20statement_timeout%3D9")
    )
    dsn = settings.dsn("tuan_reader")
    assert "options='-c statement_timeout=9 -c role=tuan_reader'" in dsn
    assert "application_name=tuan_reader" in dsn


def test_what_is_missing_is_said_with_the_way_out() -> None:
    with pytest.raises(
        SettingsError, match="no database: start `tuan up`, or set TUAN_POSTGRES_DSN"
    ):
        load().dsn()


def test_every_setting_says_what_it_is() -> None:
    unsaid = [name for name, field in Settings.model_fields.items() if not field.description]
    assert unsaid == []

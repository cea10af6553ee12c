from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec
import pytest

from cuneifox.config import Config, ConfigError, load_config

SHIPPED = Path(__file__).parent.parent / "config.toml"


def write(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("data_foldr = 'x'", "no setting 'data_foldr'. Did you mean 'data_folder'?"),
        ("[server]\nprot = 1", r"no setting 'prot' in \[server\]. Did you mean 'port'?"),
        ("[sesions]\nidle_minutes = 1", "Did you mean 'sessions'?"),
        ("zzz = 1", "Known are: data_folder"),
        ("server = 8000", r"write it as \[server\]"),
        ("[server]\nport = 'http'", r"Expected `int`, got `str` - at `\$.server.port`"),
        ("[server]\nport = 65536", "65535"),
        ("[sessions]\nidle_minutes = 0", "idle_minutes"),
        ("time_zone = 'Bangkok'", "time_zone 'Bangkok' isn't known"),
        ("time_zone = '../../etc/passwd'", "isn't known"),
        ("language = 'tlh'", "language"),
        ("data_folder = ", "isn't valid TOML"),
    ],
)
def test_a_slip_is_told_with_its_key(tmp_path: Path, text: str, said: str) -> None:
    """Unknown keys, wrong types and bad values each name the file, the key and the mend."""
    file = write(tmp_path, text)
    with pytest.raises(ConfigError, match=said) as caught:
        load_config(file, {})
    assert str(file) in str(caught.value)


def test_a_file_that_is_named_must_exist(tmp_path: Path) -> None:
    """Neither --config nor CUNEIFOX_CONFIG falls back to defaults in silence."""
    with pytest.raises(ConfigError, match="no settings file"):
        load_config(tmp_path / "none.toml", {})
    with pytest.raises(ConfigError, match="no settings file"):
        load_config(None, {"CUNEIFOX_CONFIG": str(tmp_path / "none.toml")})


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    """Binary rubbish is a ConfigError, not a traceback."""
    file = tmp_path / "config.toml"
    file.write_bytes(b"\xff\xfe\x00data")
    with pytest.raises(ConfigError, match="isn't valid TOML"):
        load_config(file, {})


def test_where_settings_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file named wins over CUNEIFOX_CONFIG, that over ./config.toml, that over the defaults."""
    monkeypatch.chdir(tmp_path)
    assert load_config(None, {}) == Config()
    write(tmp_path, "data_folder = 'here'")
    assert load_config(None, {}).data_folder == "here"
    env = tmp_path / "env.toml"
    env.write_text("data_folder = 'env'")
    named = tmp_path / "named.toml"
    named.write_text("data_folder = 'named'")
    assert load_config(None, {"CUNEIFOX_CONFIG": str(env)}).data_folder == "env"
    assert load_config(named, {"CUNEIFOX_CONFIG": str(env)}).data_folder == "named"


def test_port_and_data_folder_come_from_the_environment(tmp_path: Path) -> None:
    """PORT and CUNEIFOX_DATA win over the file, and leave the rest of it as it is."""
    file = write(tmp_path, "data_folder = 'file'\n[server]\nport = 1\nthreads = 3")
    config = load_config(file, {"PORT": "8123", "CUNEIFOX_DATA": "elsewhere"})
    assert (config.data_folder, config.server.port, config.server.threads) == ("elsewhere", 8123, 3)


@pytest.mark.parametrize("port", ["http", "-1", "70000", "8000 ", "๘๐"])
def test_a_port_that_is_none_is_told(port: str) -> None:
    """PORT with anything but a port in it is a ConfigError."""
    with pytest.raises(ConfigError, match=r"PORT|port"):
        load_config(None, {"PORT": port})


def test_the_file_that_ships_documents_every_setting() -> None:
    """config.toml names each setting with its default, and a comment stands above each."""
    text = SHIPPED.read_text(encoding="utf-8")
    assert msgspec.convert(tomllib.loads(text), Config) == Config()
    shipped = tomllib.loads(text)
    for field in msgspec.structs.fields(Config):
        assert field.name in shipped
        if isinstance(shipped[field.name], dict):
            inner = {inner.encode_name for inner in msgspec.structs.fields(field.type)}
            assert inner == set(shipped[field.name])
    blocks = [block for block in text.split("\n\n") if "=" in block]
    assert all("#" in block for block in blocks)

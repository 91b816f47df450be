"""What an installation is made of: image, compose file, reverse proxy, systemd units; each asked of its own linter."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import compose_spec
import pytest
import yaml

from server.serving.connections import LINGERS
from server.settings import Settings, variables

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
DEPLOY = ROOT / "docs" / "deploy"
GIVEN = {"POSTGRES_PASSWORD": "x" * 48, "SITE_NAME": "tungnha.example.vn"}
"""What .env has to say."""
ACCEPTED = {
    "CL-0019",  # a digest would have to be renewed by hand with every repair of an image
    "CL-0005",  # the proxy's two ports are what everybody comes in by
}
PUBLISHED = {"80:80", "443:443"}


def _run(*command: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, timeout=60, cwd=ROOT,
        env={"PATH": "/usr/sbin:/usr/bin:/bin", "HOME": tempfile.gettempdir(), **environ},
    )  # fmt: skip


def _interpolated(text: str) -> str:
    """The compose file as Compose reads it with GIVEN: `${NAME:?why}` and `${NAME:-default}`."""
    return re.sub(
        r"\$\{(\w+)(?::([-?])([^}]*))?\}",
        lambda found: GIVEN.get(found[1], (found[3] or "") if found[2] == "-" else ""),
        text,
    )


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(_interpolated((ROOT / "compose.yaml").read_text()))[
        "services"
    ]
    return found


def test_the_image_passes_hadolint() -> None:
    told = _run(BIN / "hadolint", "Dockerfile")
    assert (told.returncode, told.stdout) == (0, "")


def test_the_image_runs_as_nobody_in_particular_and_in_stages() -> None:
    text = (ROOT / "Dockerfile").read_text()
    stages = re.findall(r"^FROM (\S+)(?: AS (\w+))?$", text, re.MULTILINE)
    assert [name for _, name in stages] == ["browser", "build", ""]
    assert all("slim" in image for image, _ in stages)
    last = text[text.rindex("FROM ") :]
    assert re.search(r"^USER (\d+):(\d+)$", last, re.MULTILINE)[1] != "0"  # type: ignore[index]
    assert "pip install" not in last


def test_the_compose_file_is_one_by_the_specification(services: dict[str, dict[str, Any]]) -> None:
    found = compose_spec.PyCompose.from_yaml(_interpolated((ROOT / "compose.yaml").read_text()))
    found.validate()
    assert set(found.service_names()) == set(services) == {"db", "tables", "app", "proxy"}


def test_the_compose_file_passes_its_linter_but_for_what_was_decided() -> None:
    told = _run(BIN / "compose-lint", "check", "--quiet", "--no-env", "--no-pager", "compose.yaml")
    assert set(re.findall(r"CL-\d+", told.stdout)) <= ACCEPTED, told.stdout
    assert told.returncode == 0, told.stdout


def test_no_password_stands_in_the_compose_file_and_none_is_left_out() -> None:
    text = (ROOT / "compose.yaml").read_text()
    for name in GIVEN:
        assert set(re.findall(rf"\$\{{{name}(:.)", text)) == {":?"}, f"{name} has to be set"
        assert f"{name}=" in (DEPLOY / "env.example").read_text()
    assert not re.search(r"(?i)^\s*\w*(password|secret\w*):[ \t]+(?!\$\{)\S", text, re.MULTILINE)
    assert re.search(r"(?m)^POSTGRES_PASSWORD=$", (DEPLOY / "env.example").read_text())


def test_settings_in_the_files_are_settings(services: dict[str, dict[str, Any]]) -> None:
    for file in (
        "compose.yaml",
        *(str(path.relative_to(ROOT)) for path in DEPLOY.iterdir() if path.is_file()),
    ):
        named = set(re.findall(r"\bTUNGNHA_[A-Z_]+\b", (ROOT / file).read_text()))
        assert named <= variables(), file
    given = {name: str(value) for name, value in services["app"]["environment"].items()}
    assert Settings.from_env(given).https
    assert services["tables"]["environment"] == services["app"]["environment"]


def test_only_the_proxy_is_reached_from_outside_and_only_it_is_believed(
    services: dict[str, dict[str, Any]],
) -> None:
    published = {name: set(each["ports"]) for name, each in services.items() if "ports" in each}
    assert published == {"proxy": PUBLISHED}
    networks = yaml.safe_load((ROOT / "compose.yaml").read_text())["networks"]
    assert networks["inside"]["internal"] is True
    assert services["db"]["networks"] == ["inside"]
    [subnet] = networks["outside"]["ipam"]["config"]
    assert services["app"]["environment"]["TUNGNHA_PROXY_NETWORKS"] == subnet["subnet"]


def test_every_service_can_do_as_little_as_possible(services: dict[str, dict[str, Any]]) -> None:
    for name, each in services.items():
        assert each["read_only"] is True, name
        assert each["cap_drop"] == ["ALL"], name
        assert each["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in each, name
        assert not any("docker.sock" in str(volume) for volume in each["volumes"]), name
    assert "cap_add" not in services["app"]


def test_what_a_file_names_is_there(services: dict[str, dict[str, Any]]) -> None:
    assert (ROOT / "docs" / "deploy" / "Caddyfile").is_file()
    units = "".join(path.read_text() for path in DEPLOY.glob("*.service"))
    for path in re.findall(r"/srv/tung-nha/((?:docs|server)/\S+)", units):
        assert (ROOT / path).exists(), path
    assert "--config server/gunicorn_conf.py" in units


@pytest.mark.skipif(shutil.which("caddy") is None, reason="no Caddy here")
@pytest.mark.parametrize("tls", ["", "tls internal"])
def test_the_proxys_file_is_valid(tls: str) -> None:
    told = _run("caddy", "validate", "--config", DEPLOY / "Caddyfile", SITE_NAME="tn.example", SITE_TLS=tls)
    assert told.returncode == 0, told.stderr
    assert "Caddyfile input is not formatted" not in told.stderr


@pytest.mark.skipif(shutil.which("caddy") is None, reason="no Caddy here")
def test_the_proxy_lets_go_of_an_idle_line_before_the_server_does() -> None:
    """A visit that goes down a line which the server is closing is 502 to its phone: a POST is not sent twice."""
    told = _run("caddy", "adapt", "--config", DEPLOY / "Caddyfile", SITE_NAME="tn.example")
    [idle] = re.findall(r'"keep_alive":\{"idle_timeout":(\d+)\}', told.stdout)
    configured = (ROOT / "server" / "gunicorn_conf.py").read_text()
    [kept] = re.findall(r"(?m)^keepalive = (\d+)$", configured)
    assert int(idle) / 1_000_000_000 < min(int(kept), LINGERS)


@pytest.mark.skipif(shutil.which("haproxy", path="/usr/sbin:/usr/bin") is None, reason="no HAProxy here")
def test_the_file_that_finds_the_primary_is_valid() -> None:
    told = _run("haproxy", "-c", "-V", "-f", DEPLOY / "haproxy.cfg")
    assert (told.returncode, "warning" in told.stderr.lower()) == (0, False), told.stderr


def test_machines_of_the_database_agree_on_where_they_are() -> None:
    """Patroni asks etcd where it listens, HAProxy asks Patroni and PostgreSQL where they do."""
    patroni, etcd = (
        dict(re.findall(r"(?m)^(\w+)=(.*)$", (DEPLOY / f"{name}.env.example").read_text()))
        for name in ("patroni", "etcd")
    )
    assert etcd["ETCD_ADVERTISE_CLIENT_URLS"].removeprefix("http://") in patroni["PATRONI_ETCD_HOSTS"].split(
        ","
    )
    peers = re.findall(r"(\w+)=http://([\d.]+):2380", etcd["ETCD_INITIAL_CLUSTER"])
    servers = re.findall(r"server (\w+) ([\d.]+):5432 check port 8008", (DEPLOY / "haproxy.cfg").read_text())
    assert servers == [*peers, *peers]
    assert [f"{address}:2379" for _, address in peers] == patroni["PATRONI_ETCD_HOSTS"].split(",")
    assert patroni["PATRONI_RESTAPI_LISTEN"].endswith(":8008")
    shared = yaml.safe_load((DEPLOY / "patroni.yml").read_text())["bootstrap"]["dcs"]
    assert shared["synchronous_mode"] is True
    assert shared["loop_wait"] + 2 * shared["retry_timeout"] <= shared["ttl"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_the_units_are_valid_and_closed(tmp_path: Path) -> None:
    """What is verified has its programs where this machine has some, so that nothing else is complained of."""
    for path in [*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer"), *DEPLOY.glob("*.socket")]:
        text = (
            path.read_text()
            .replace("/srv/tung-nha/.venv/bin/", f"{BIN}/")
            .replace("/srv/tung-nha", str(ROOT))
        )
        (tmp_path / path.name).write_text(text)
    told = _run("systemd-analyze", "verify", "--man=no", *sorted(tmp_path.iterdir()))
    assert told.stderr == ""
    rated = _run("systemd-analyze", "security", "--offline=true", "--no-pager", tmp_path / "tung-nha.service")
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", rated.stdout)
    assert exposure is not None, rated.stderr
    assert float(exposure[1]) < 2


def test_no_image_is_taken_from_a_named_registry() -> None:
    images = re.findall(r"(?m)^\s*(?:image:|FROM) (\S+)", (ROOT / "compose.yaml").read_text())
    images += re.findall(r"(?m)^FROM (\S+)", (ROOT / "Dockerfile").read_text())
    assert images
    assert [image for image in images if "." in image.partition("/")[0].partition(":")[0]] == []

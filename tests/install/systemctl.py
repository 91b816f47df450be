#!/usr/bin/python3
"""As much of systemctl as docs/install.md asks for, where systemd itself cannot run (inside a chroot).

Reads units and their drop-ins and does what they say of account, environment, folders and commands; what a unit
forbids (ProtectSystem and so on) needs the real one.
"""

import grp
import os
import pwd
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

UNITS = (Path("/etc/systemd/system"), Path("/lib/systemd/system"), Path("/usr/lib/systemd/system"))
RUN = Path("/run/units")


def read(name: str) -> dict[str, list[str]]:
    """Key → values of [Service], those of drop-ins after the unit's; an empty value forgets those before it."""
    found: dict[str, list[str]] = {}
    files = [folder / name for folder in UNITS if (folder / name).exists()][:1]
    files += sorted(path for folder in UNITS for path in (folder / f"{name}.d").glob("*.conf"))
    for file in files:
        section = ""
        for line in map(str.strip, file.read_text().splitlines()):
            if line.startswith("["):
                section = line
            elif section == "[Service]" and "=" in line and not line.startswith("#"):
                key, value = line.split("=", 1)
                found[key] = [*found.get(key, []), value] if value else []
    return found


def start(name: str) -> None:
    """Begin a service; for a oneshot, wait for its end."""
    unit = read(name)
    user = unit["User"][-1]
    account = pwd.getpwnam(user)
    group = grp.getgrnam(unit.get("Group", [user])[-1]).gr_gid
    for folder in unit.get("StateDirectory", []):
        path = Path("/var/lib") / folder
        path.mkdir(exist_ok=True, parents=True)
        path.chmod(int(unit.get("StateDirectoryMode", ["0755"])[-1], 8))
        os.chown(path, account.pw_uid, group)
    environ = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": account.pw_dir,
        "USER": user,
        **environment(unit),
    }
    os.umask(int(unit.get("UMask", ["0022"])[-1], 8))
    whole = {
        "env": environ, "cwd": unit.get("WorkingDirectory", ["/"])[-1], "user": account.pw_uid, "group": group,
        "extra_groups": os.getgrouplist(user, group),
    }  # fmt: skip
    for command in unit.get("ExecStartPre", []):
        subprocess.run(shlex.split(command), check=True, **whole)
    if unit.get("Type", [""])[-1] == "oneshot":
        for command in unit["ExecStart"]:
            subprocess.run(shlex.split(command), check=True, **whole)
        return
    command = shlex.split(unit["ExecStart"][-1])
    for capability in unit.get("AmbientCapabilities", []):
        given = "+" + capability.removeprefix("CAP_").lower()
        command = ["setpriv", f"--reuid={user}", f"--regid={group}", "--init-groups", f"--inh-caps={given}",
                   f"--ambient-caps={given}", *command]  # fmt: skip
        whole |= {"user": 0, "group": 0, "extra_groups": []}
    RUN.mkdir(exist_ok=True)
    with (RUN / f"{name}.log").open("ab") as log:
        begun = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **whole)
    (RUN / f"{name}.pid").write_text(str(begun.pid))


def environment(unit: dict[str, list[str]]) -> dict[str, str]:
    pairs = [word for line in unit.get("Environment", []) for word in shlex.split(line)]
    for file in unit.get("EnvironmentFile", []):
        path = Path(file.removeprefix("-"))
        if path.exists() or not file.startswith("-"):
            pairs += [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(pair.split("=", 1) for pair in pairs)


def stop(name: str) -> None:
    path = RUN / f"{name}.pid"
    if path.exists():
        number = int(path.read_text())
        try:
            os.killpg(number, signal.SIGTERM)
            for _ in range(100):
                os.killpg(number, 0)
                time.sleep(0.1)
        except ProcessLookupError:
            pass
        path.unlink()


def main(act: str, names: list[str]) -> None:
    services = [name if "." in name else f"{name}.service" for name in names if not name.startswith("-")]
    for name in services:
        if not any((folder / name).exists() for folder in UNITS):
            sys.exit(f"there is no unit {name}")
        if name.endswith(".timer"):
            continue
        if act in ("stop", "restart"):
            stop(name)
        if act in ("start", "restart") or (act == "enable" and "--now" in names):
            start(name)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

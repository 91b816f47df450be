"""Asks whether a library of the lock files has a known vulnerability: ends with 1 if one has, and with 0 and a sentence
where nobody can be asked. What is written after the command goes to pip-audit (`--vulnerability-service osv`)."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements-dev.lock"
"""All that is installed anywhere: it holds requirements.lock too."""
KNOWN: dict[str, str] = {}
"""Vulnerabilities that do not reach us, by their id, each with the reason; taken out when a library has repaired it."""
MOST_SECONDS = 300
UNREACHED = ("ConnectionError", "Timeout", "ServiceError", "NameResolutionError", "ProxyError", "SSLError")


def main(options: list[str]) -> int:
    """Ask, tell, and the exit code."""
    ignored = [word for known in KNOWN for word in ("--ignore-vuln", known)]
    command = [
        sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--require-hashes", "--disable-pip",
        "--progress-spinner", "off", "--timeout", "10", "--format", "json", *ignored, *options,
    ]  # fmt: skip
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=MOST_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return _unasked(f"no answer within {MOST_SECONDS} s")
    try:
        dependencies = json.loads(asked.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        if any(word in asked.stderr for word in UNREACHED):
            return _unasked(asked.stderr.strip().splitlines()[-1][:200])
        sys.stderr.write(asked.stderr)
        return 2
    return _told(dependencies)


def _told(dependencies: list[dict[str, object]]) -> int:
    unknown = [each for each in dependencies if "skip_reason" in each]
    found = [(each, vuln) for each in dependencies for vuln in each.get("vulns", [])]  # type: ignore[attr-defined]
    for each, vuln in found:
        repaired = ", ".join(vuln["fix_versions"]) or "no version yet"
        sys.stdout.write(f"audit: {each['name']} {each['version']}: {vuln['id']}, repaired in {repaired}\n")
    if found:
        return 1
    if len(unknown) == len(dependencies):
        return _unasked("the registry that is reached here knows nothing of vulnerabilities")
    left = f", {len(unknown)} of them unknown to who was asked" if unknown else ""
    sys.stdout.write(f"audit: no known vulnerability in {len(dependencies)} libraries{left}\n")
    return 0


def _unasked(why: str) -> int:
    sys.stdout.write(f"audit: libraries were NOT looked at for known vulnerabilities: {why}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

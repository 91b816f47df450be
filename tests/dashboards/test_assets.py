"""Fetching and copying what browsers need of others' work."""

import gzip
import json
from pathlib import Path

import pytest

from dashboards import assets, static_files

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """node_modules as npm leaves it, and an empty static/vendor."""
    folder = tmp_path / "node_modules"
    for name in assets.FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    for weight in assets.WEIGHTS:
        source = "url(./files/be-vietnam-pro-{0}-{1}-normal.woff2) format('woff2')"
        older = "url(./files/be-vietnam-pro-{0}-{1}-normal.woff) format('woff')"
        faces = [f"@font-face {{ src: {source}, {older}; }}".replace("{0}", s) for s in assets.SUBSETS]
        (folder / assets.FONT / f"{weight}.css").write_text("\n".join(faces).replace("{1}", weight))
    (folder / assets.ENGINE_SOURCE).parent.mkdir(parents=True)
    (folder / assets.ENGINE_SOURCE).write_text(
        "export const loadForm = (form) => form ?? null; // a comment\n"
    )
    (folder / "@esbuild").symlink_to(ROOT / "node_modules" / "@esbuild")
    monkeypatch.setattr(assets, "ENGINE", tmp_path / "engine.js")
    monkeypatch.setattr(assets, "MODULES", folder)
    monkeypatch.setattr(assets, "VENDOR", tmp_path / "vendor")
    return folder


def test_every_file_is_copied_with_its_licence(modules: Path) -> None:
    assets.copy()
    assert (assets.VENDOR / "leaflet/leaflet.js").read_bytes() == b"leaflet/dist/leaflet.js"
    assert (assets.VENDOR / "leaflet/LICENSE").exists()
    assert (assets.VENDOR / "be-vietnam-pro/LICENSE").exists()


def test_scripts_and_styles_have_a_compressed_copy_beside_them(modules: Path) -> None:
    assets.copy()
    packed = gzip.decompress((assets.VENDOR / "leaflet/leaflet.js.gz").read_bytes())
    assert packed == (assets.VENDOR / "leaflet/leaflet.js").read_bytes()


def test_the_fonts_stylesheet_names_our_files_alone(modules: Path) -> None:
    assets.copy()
    css = (assets.VENDOR / "be-vietnam-pro/font.css").read_text()
    assert css.count("@font-face") == 9
    assert "url(vietnamese-400.woff2)" in css
    assert ".woff)" not in css


def test_vietnamese_letters_come_from_the_vietnamese_file(modules: Path) -> None:
    """Of two files that hold a letter browsers load the one whose rule stands last."""
    assets.copy()
    for faces in (assets.VENDOR / "be-vietnam-pro/font.css").read_text().split("@font-face")[1:][2::3]:
        assert "url(vietnamese-" in faces


def test_what_was_copied_is_not_copied_again_until_the_lock_changes(
    modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not assets.is_current()
    assets.copy()
    assert assets.is_current()
    monkeypatch.setattr(assets, "_version", lambda: "of another lock")
    assert not assets.is_current()


def test_a_file_that_went_missing_is_noticed(modules: Path) -> None:
    assets.copy()
    (assets.VENDOR / "leaflet/leaflet.css").unlink()
    assert not assets.is_current()


def test_the_engine_is_written_down_small_for_old_iphones(modules: Path) -> None:
    assets.copy()
    written = assets.ENGINE.read_text()
    assert "loadForm" in written
    assert "a comment" not in written


def test_a_package_without_an_expected_file_is_refused(modules: Path) -> None:
    (modules / "leaflet/dist/leaflet.js").unlink()
    with pytest.raises(assets.AssetsMissing, match=r"leaflet\.js"):
        assets.copy()


def test_a_stylesheet_of_another_shape_is_refused(modules: Path) -> None:
    (modules / assets.FONT / "600.css").write_text("@font-face { src: url(other.woff2); }")
    with pytest.raises(assets.AssetsMissing, match=r"600\.css"):
        assets.copy()


def test_a_command_that_fails_says_why() -> None:
    with pytest.raises(assets.AssetsMissing, match="no such"):
        assets.run(["sh", "-c", "echo no such package >&2; exit 1"])


def test_the_lock_names_no_registry() -> None:
    """Where packages come from is the machine's affair, not the repository's."""
    lock = json.loads((ROOT / "package-lock.json").read_text())
    assert not any("resolved" in package for package in lock["packages"].values())
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


def test_a_base_map_of_any_host_may_be_loaded() -> None:
    """A header holds ASCII alone."""
    policy = static_files.frame_policy("N0nce", "https://{s}.bản-đồ.vn:8443/{z}/{x}/{y}.png")
    assert policy.isascii()
    assert "https://*.xn--" in policy
    assert ":8443" in policy

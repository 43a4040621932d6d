"""Kernels on disk: loaded again, whatever has become of the files."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aura.zones.fabric.neurons.compiled import kernel_folder, load_kernel

SOURCE = '''
import numpy as np
from numba import njit

SIGNATURE = "void(float64[::1])"


@njit(nogil=True, cache=True)
def advance(values):
    for index in range(values.size):
        values[index] += 1.5
'''

PROGRAM = """
import sys
import numpy as np
from aura.zones.fabric.neurons.compiled import load_kernel
kernel, values = load_kernel(sys.stdin.read(), "advance"), np.zeros(3)
kernel(values)
assert values.tolist() == [1.5] * 3
print(sum(kernel.stats.cache_hits.values()))
"""


NAME = f"aura_kernel_{hashlib.sha256(SOURCE.encode()).hexdigest()[:16]}"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AURA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "kernels"


def load_afresh() -> int:
    """Load the kernel as another process would; return how often it came from disk."""
    sys.modules.pop(NAME, None)
    kernel, values = load_kernel(SOURCE, "advance"), np.zeros(3)
    kernel(values)
    assert values.tolist() == [1.5] * 3
    return sum(kernel.stats.cache_hits.values())


def test_what_was_compiled_once_is_loaded(cache):
    assert kernel_folder() == cache
    assert load_afresh() == 0
    assert load_afresh() == 1
    assert load_kernel(SOURCE, "advance") is load_kernel(SOURCE, "advance")
    assert sorted(path.suffix for path in (cache / "__pycache__").iterdir()) == [".json", ".nbc", ".nbi"]
    assert not list(cache.glob("*.tmp"))


def test_the_kernel_takes_its_signature_only(cache):
    load_afresh()
    with pytest.raises(TypeError, match="No matching definition"):
        load_kernel(SOURCE, "advance")(np.zeros(3, np.float32))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the compiled kernel, which each test damages in a copy of its own."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AURA_CACHE", str(folder))
        assert load_afresh() == 0
    return folder / "kernels"


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip(path: Path) -> None:
    """Change one bit, where an object file has its code."""
    content = bytearray(path.read_bytes())
    content[len(content) * 2 // 3] ^= 1
    path.write_bytes(bytes(content))


def scribble(path: Path) -> None:
    path.write_bytes(b"\xff\x00 no such thing")


@pytest.mark.parametrize("damage", [cut, empty, flip, scribble, Path.unlink])
@pytest.mark.parametrize("pattern", ["__pycache__/*.nbc", "__pycache__/*.nbi", "__pycache__/*.json", "*.py"])
def test_a_damaged_file_is_made_anew(cache, whole, damage, pattern):
    shutil.copytree(whole, cache)
    (file,) = cache.glob(pattern)
    damage(file)
    load_afresh()
    assert load_afresh() == 1


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "cache").write_text("a file, no folder", encoding="utf-8")
    monkeypatch.setenv("AURA_CACHE", str(tmp_path / "cache"))
    assert load_afresh() == 0
    assert (tmp_path / "cache").read_text(encoding="utf-8") == "a file, no folder"
    assert not Path(sys.modules[NAME].__file__ or "").is_relative_to(tmp_path)


def test_a_kernel_that_does_not_compile_leaves_no_module(cache):
    wrong = SOURCE.replace("+= 1.5", "= unknown")
    with pytest.raises(Exception, match="unknown"):
        load_kernel(wrong, "advance")
    assert not any(getattr(module, "advance", None) is not None and name.startswith("aura_kernel_")
                   and "unknown" in Path(module.__file__ or "").read_text(encoding="utf-8")
                   for name, module in list(sys.modules.items()) if name.startswith("aura_kernel_"))


@pytest.mark.slow
def test_of_processes_that_need_a_kernel_at_once_one_compiles_it(cache):
    def start() -> subprocess.Popen[str]:
        made = subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
        assert made.stdin is not None
        made.stdin.write(SOURCE)
        made.stdin.close()
        return made

    def end(process: subprocess.Popen[str]) -> int:
        with process:
            assert process.stdout is not None
            assert process.stderr is not None
            output, problems = process.stdout.read(), process.stderr.read()
        assert process.returncode == 0, problems
        return int(output)

    assert sorted(end(process) for process in [start() for _ in range(3)]) == [0, 1, 1]

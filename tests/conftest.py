"""What every test may rely on: a cache of its own session, no network, and real data where AURA_DATA points."""

from __future__ import annotations

import gc
import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

# A worker of xdist has a core to itself: threads that wait for each other on it cost time and, as tests of their own
# say, change no bit. Libraries read it when they are loaded, so it is set before all else.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# What is started in the background of a shell ignores Ctrl-C, and so would the programs that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Let the collector of garbage pass over what lasts to the end: modules and tests, some millions of objects."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _own_cache(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests' embeddings and kernels apart from the user's, in one folder for all workers of a session."""
    folder = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):  # a worker of xdist has a folder of its own in the session's
        folder = folder.parent
    patch = pytest.MonkeyPatch()
    patch.setenv("AURA_CACHE", str(folder / "cache"))
    patch.setenv("HF_HUB_OFFLINE", "1")
    yield
    patch.undo()


@pytest.fixture(scope="session")
def full_disk() -> Callable[[int], AbstractContextManager[None]]:
    """A function that gives a block in which no file may grow beyond so many bytes, as on a disk that is full."""

    @contextmanager
    def bounded(size: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return bounded


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data; a test that asks for it is skipped where there is none."""
    folder = os.environ.get("AURA_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("AURA_DATA names no folder of data sets")
    return Path(folder)

"""The command as a process of its own: what it imports, signals, kills, and whole runs with a report."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from aura.core.checkpoint import list_checkpoints

AURA = [sys.executable, "-m", "aura"]


def aura(*words, cwd, **options):
    """Run a command to its end."""
    return subprocess.run([*AURA, *map(str, words)], cwd=cwd, capture_output=True, text=True, timeout=120, check=False,
                          **options)


def begin(*words, cwd):
    """Begin a command."""
    return subprocess.Popen([*AURA, *map(str, words)], cwd=cwd, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def wait_for(condition, process):
    """Wait until something has happened; fail if the process ends first."""
    began = time.monotonic()
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() - began < 60
        time.sleep(0.01)


SHOWING = ("--help", "zones", "zones sensory", "plugins", "streams", "scenarios", "describe feelings")
SHOW = f"""
import sys
from aura.sim.cli import main
for words in {SHOWING}:
    sys.argv[1:] = words.split()
    try:
        main()
    except SystemExit as ended:
        assert not ended.code, (words, ended.code)
    heavy = {{'torch', 'jax', 'sklearn', 'matplotlib', 'scipy', 'sentence_transformers', 'tokenizers'}}
    print('HEAVY', words, sorted(heavy & set(sys.modules)))
"""


@pytest.mark.slow
def test_commands_that_only_show_import_nothing_heavy(tmp_path):
    done = subprocess.run([sys.executable, "-c", SHOW], cwd=tmp_path, capture_output=True, text=True, timeout=60,
                          check=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("HEAVY")]
    assert lines == [f"HEAVY {words} []" for words in SHOWING]


@pytest.mark.slow
def test_a_whole_run_leaves_a_report_and_can_be_replayed(sim):
    done = aura("run", "small.toml", "--out", "one", cwd=sim.folder)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "report: one/report.html" in done.stdout
    report = (sim.folder / "one/report.html").read_text(encoding="utf-8")
    assert "majority" in report
    assert "<svg" in report
    done = aura("replay", "one", "--out", "two", "--quiet", cwd=sim.folder)
    assert done.returncode == 0, done.stderr
    assert "bit for bit" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("imported", ["typer", "own"])
def test_ctrl_c_ends_a_command_with_one_line_and_its_own_status_whatever_it_is_doing(tmp_path, imported):
    (tmp_path / f"{imported}.py").write_text("import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\n"
                                             "time.sleep(5)\n", encoding="utf-8")
    (tmp_path / "mine.toml").write_text('aura = 1\nname = "mine"\nplugins = ["own.py"]\n', encoding="utf-8")
    # `python -m` puts the folder first on the path: what is imported is the module that presses Ctrl-C.
    done = aura("describe", "mine.toml", cwd=tmp_path)
    assert done.returncode == 130, done
    assert done.stderr.splitlines()[-1] == "aura: interrupted"
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
def test_a_signal_ends_a_run_cleanly_and_a_resume_finishes_it(sim, whole, number):
    # Paced, so that the signal comes in mid-run.
    process = begin("run", "small.toml", "--quiet", "--out", "one", "--realtime", "0.4", cwd=sim.folder)
    wait_for(lambda: len(list_checkpoints(sim.folder / "one/checkpoints")) > 1, process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "stopping after this tick" in err
    assert "Traceback" not in err
    assert out.splitlines()[-1] == "to go on: aura resume one"
    record = sim.read("one")
    assert record["status"] == "stopped"
    assert 250_000_000 < record["now"] < 790_000_000

    if number == signal.SIGTERM:
        return
    assert sim.make("one").resume() == "finished"
    assert sim.difference(whole, "one") is None


@pytest.mark.slow
def test_a_killed_run_is_resumed_as_if_it_had_not_been(sim, whole):
    for delay_s in (0.0, 0.4):
        process = begin("run", "small.toml", "--quiet", "--out", "one", "--realtime", "0.5", cwd=sim.folder)
        wait_for(lambda: list_checkpoints(sim.folder / "one/checkpoints"), process)
        time.sleep(delay_s)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert sim.read("one")["status"] == "running"

        resumed = sim.make("one")
        assert resumed.resume() == "finished"
        assert sim.difference(whole, "one") is None
        for name in ("metrics.json", "metrics.jsonl"):
            assert (sim.folder / "one" / name).read_text() == (whole / name).read_text(), name
        (sim.folder / "one").rename(sim.folder / f"done-{delay_s}")


@pytest.mark.slow
def test_standard_input_is_heard_line_by_line(sim):
    sim.scenario(f'''aura = 1
name = "live"
plugins = ['{sim.zones}']
pathways = ["ear.text -> shout.text"]
[streams.ear]
kind = "jsonlines"
columns = {{text = "text"}}
[zones.shout]
''', "live.toml")
    done = aura("run", "live.toml", "--quiet", "--out", "one", cwd=sim.folder, input='{"text": "a"}\n{"text": "bb"}\n')
    assert done.returncode == 0, done.stderr
    assert [text for _, (text,) in sim.values("one", "ear.text")] == ["a", "bb"]
    done = aura("replay", "one", "--quiet", "--out", "two", cwd=sim.folder, stdin=subprocess.DEVNULL)
    assert "bit for bit" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("how", "buffered"), [(["--quiet"], ""), ([], ""), (["--json"], "1")],
                         ids=["quiet", "progress", "json unbuffered"])
def test_a_run_whose_output_is_read_no_further_ends_as_any_other(sim, how, buffered):
    out, into = os.pipe()
    os.close(out)  # as `| head` does once it has seen enough
    done = subprocess.run([*AURA, "run", str(sim.file), "--out", "run", *how], cwd=sim.folder, stdout=into, stderr=into,
                          timeout=120, check=False, env={**os.environ, "PYTHONUNBUFFERED": buffered})
    os.close(into)
    assert done.returncode == 0
    assert sim.read("run")["status"] == "finished"
    assert not any(notice["fault"] for notice in sim.read("run")["notices"])
    assert (sim.folder / "run/report.html").is_file()
    assert not (sim.folder / "run/tracebacks.txt").exists()


@pytest.mark.slow
@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-"])
def test_a_run_whose_output_is_closed_ends_as_any_other(sim, closed):
    done = subprocess.run(f"{sys.executable} -m aura run {sim.file} --out run {closed}", shell=True, cwd=sim.folder,
                          capture_output=True, timeout=120, check=False)
    assert done.returncode == 0
    assert sim.read("run")["status"] == "finished"
    assert not (sim.folder / "run/tracebacks.txt").exists()

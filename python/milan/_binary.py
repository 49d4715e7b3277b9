"""Runs the milan program."""

import collections
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading

from ._run import load


class MilanError(RuntimeError):
    """milan stopped. `str(error)` is its message; `exit_code` is 1 where a file or the machine is at
    fault, 2 where the request is, 3 for a bug in milan (docs/faults.md)."""

    def __init__(self, message, exit_code, command):
        super().__init__(message)
        self.exit_code = exit_code
        self.command = command


def find_binary(milan=None):
    """The milan program: `milan` if given, else $MILAN, else the one of this checkout
    (build/release/milan), else the one on the PATH. Raises FileNotFoundError saying where it looked."""
    for given, origin in ((milan, "the argument milan"), (os.environ.get("MILAN"), "$MILAN")):
        if given:
            found = shutil.which(os.fspath(given))
            if found is None:
                raise FileNotFoundError(f"{given} ({origin}) is no program")
            return found
    checkout = pathlib.Path(__file__).resolve().parents[2] / "build" / "release" / "milan"
    found = shutil.which(str(checkout)) or shutil.which("milan")
    if found is None:
        raise FileNotFoundError(
            f"milan was not found: not in $MILAN, not as {checkout}, not on the PATH; build it "
            "(make), or name it: milan=...")
    return found


def _option(name, value):
    """`layers=["a", "b"]` is --layers a --layers b; True is a flag; None and False are left out."""
    flag = f"-{name}" if len(name) == 1 else "--" + name.replace("_", "-")
    if value is None or value is False:
        return []
    if value is True:
        return [flag]
    if isinstance(value, (list, tuple)) or type(value).__name__ == "ndarray":
        # Numbers (mean, std) are one option, names may be many.
        if any(isinstance(item, str) for item in value):
            return [part for item in value for part in (flag, str(item))]
        return [flag, ",".join(str(item) for item in value)]
    return [flag, os.fspath(value) if isinstance(value, os.PathLike) else str(value)]


def _relay(stream, progress, last_lines):
    for line in stream:
        last_lines.append(line.rstrip("\n"))
        if progress is True:
            sys.stderr.write(line)
            sys.stderr.flush()
        elif callable(progress):
            progress(line.rstrip("\n"))


class _InterruptsLater:
    """Remembers an interrupt for as long as this lasts; nothing in threads, which get none. What it
    starts has the usual handling of its own."""

    came = False

    def __enter__(self):
        self._is_main = threading.current_thread() is threading.main_thread()
        self._before = signal.getsignal(signal.SIGINT) if self._is_main else None
        if self._before is not None:
            signal.signal(signal.SIGINT, self._remember)
        return self

    def _remember(self, _number, _frame):
        self.came = True

    def __exit__(self, *_error):
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)


def _stop(process):
    """One interrupt lets milan keep what it has; a second one from the user ends it at once."""
    try:
        process.send_signal(signal.SIGINT)
        process.wait()
    except KeyboardInterrupt:
        process.kill()
        process.wait()


def _message(last_lines, exit_code):
    errors = [line for line in last_lines if line.startswith("error: ")]
    if errors:
        return errors[-1][len("error: "):]
    return "\n".join(last_lines) or f"milan ended with exit code {exit_code}"


def run_milan(*arguments, progress=True, milan=None):
    """Runs `milan ARGUMENTS...` and returns what it printed.

    `progress`: True shows milan's progress on stderr, False hides it, a function gets each line.
    Raises MilanError when it fails. Ctrl-C stops milan in order and raises KeyboardInterrupt."""
    command = [find_binary(milan), *map(os.fspath, arguments)]
    # A session of its own: the terminal's Ctrl-C would reach milan as well, and two end it at once.
    last_lines = collections.deque(maxlen=100)
    process = reader = None
    try:
        with _InterruptsLater() as interrupts:  # one in the midst of this would leave milan running
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       text=True, errors="replace", start_new_session=True)
            reader = threading.Thread(target=_relay, args=(process.stderr, progress, last_lines),
                                      daemon=True)
            reader.start()
        if interrupts.came:
            raise KeyboardInterrupt
        output = process.stdout.read()
        exit_code = process.wait()
    except BaseException:
        if process is not None:
            _stop(process)
        raise
    finally:
        if reader is not None:
            reader.join(timeout=5)
            process.stdout.close()
            process.stderr.close()
    if exit_code == 130:
        raise KeyboardInterrupt
    if exit_code != 0:
        raise MilanError(_message(last_lines, exit_code), exit_code, command)
    return output


def describe(network, photos, run, *, progress=True, milan=None, **options):
    """Describes a network's units over photos, in the folder `run`; returns `load(run)`.

    `options` are those of `milan describe` with underscores: layers=["layer1", "layer2*"], k=10,
    beam=10, bundle="models/base", no_report=True. Repeated, it continues with what the folder has."""
    flags = [part for name, value in options.items() for part in _option(name, value)]
    run_milan("describe", network, photos, "--output", run, *flags, progress=progress, milan=milan)
    return load(run)

"""Errors, progress and Ctrl-C of the milan program, as Python sees them."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

import milan

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def program(folder, text):
    path = pathlib.Path(folder) / "program"
    path.write_text("#!/bin/bash\n" + text)
    path.chmod(0o755)
    return path


class Binary(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def test_options_become_flags(self):
        echo = program(self.folder.name, 'printf "%s\\n" "$@"')
        from milan._binary import _option
        flags = [part for name, value in {
            "layers": ["a*", "b"], "k": 5, "no_report": True, "also": None, "strict": False,
            "mean": [0.5, 0.5, 0.5], "bundle": pathlib.Path("x y")}.items()
            for part in _option(name, value)]
        output = milan.run_milan("describe", *flags, milan=echo)
        self.assertEqual(output.split("\n")[:-1], [
            "describe", "--layers", "a*", "--layers", "b", "-k", "5", "--no-report", "--mean",
            "0.5,0.5,0.5", "--bundle", "x y"])

    def test_an_error_is_an_exception_with_message_and_code(self):
        fails = program(self.folder.name, 'echo "tally 1/2" >&2; echo "error: net.onnx: odd" >&2; exit 2')
        with self.assertRaises(milan.MilanError) as caught:
            milan.run_milan("describe", milan=fails, progress=False)
        self.assertEqual(str(caught.exception), "net.onnx: odd")
        self.assertEqual(caught.exception.exit_code, 2)
        self.assertIn("describe", caught.exception.command)

    def test_progress_goes_to_a_function(self):
        works = program(self.folder.name, 'echo "tally 1/2" >&2; echo "tally 2/2" >&2; echo done')
        lines = []
        self.assertEqual(milan.run_milan(milan=works, progress=lines.append), "done\n")
        self.assertEqual(lines, ["tally 1/2", "tally 2/2"])

    def test_much_output_on_both_streams_does_not_block(self):
        works = program(self.folder.name, 'for i in {1..3000}; do echo "$i ----------------------------'
                                          '--------"; echo "$i ------------------------------" >&2; done')
        output = milan.run_milan(milan=works, progress=False)
        self.assertEqual(output.count("\n"), 3000)

    def test_a_missing_program_is_named(self):
        with self.assertRaisesRegex(FileNotFoundError, "no/such/milan"):
            milan.run_milan(milan="no/such/milan")

    def test_an_interrupt_reaches_milan_once_and_python(self):
        # The program takes its time to stop, as milan does that saves its state.
        slow = program(self.folder.name, textwrap.dedent(f"""
            trap 'echo stopped >> {self.folder.name}/log; sleep 0.3; exit 130' INT
            touch {self.folder.name}/started
            while true; do sleep 0.05; done"""))
        script = f"import milan\nmilan.run_milan(milan={str(slow)!r})"
        process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True,
                                   env={**os.environ, "PYTHONPATH": str(SOURCE / "python")})
        while not os.path.exists(f"{self.folder.name}/started"):
            self.assertIsNone(process.poll())
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        self.assertIn("KeyboardInterrupt", errors)
        self.assertEqual(pathlib.Path(self.folder.name, "log").read_text(), "stopped\n")


if __name__ == "__main__":
    unittest.main()

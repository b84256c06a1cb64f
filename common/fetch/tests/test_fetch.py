# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fetching from a server that cuts, stalls, lies and is not there."""

import contextlib
import dataclasses
import hashlib
import io
import os
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path
from unittest import mock

from fetch import __main__ as program
from fetch import places, progress

from .fetching import ALL, FILES, WEIGHTS, Fetching, brief, table
from .server import Answer, Hub


class Served(Fetching):
    def test_whole(self):
        err = self.expect_all()
        self.assertEqual(err.count("\n"), len(FILES))  # a line for each, no other
        self.assertNotIn("\r", err)
        self.assertIn("model.safetensors: 3 MB in 0 s, checksum right", err)
        self.assertEqual(places.find("tiny"), self.folder)
        self.assertEqual(places.find("some/tiny"), self.folder)
        # A second time nothing is asked for.
        asked = len(self.hub.requests)
        self.assertIn("model.safetensors: there, checksum right", self.expect_all())
        self.assertEqual(len(self.hub.requests), asked)

    def test_to_a_folder(self):
        self.folder = self.cache / "a folder"
        self.expect_all("tiny", "--to", str(self.folder))

    def test_redirect_to_another_port(self):
        with Hub({"/blob": WEIGHTS}) as other:
            to = Answer(status=302, to=other.url + "/blob")
            other.answers["/blob"] = [Answer(send=1_000_000)]
            self.answer("model.safetensors", to, dataclasses.replace(to))
            self.expect_all()
            # The rest is asked for where the redirect leads.
            self.assertEqual(other.ranges("blob"), [None, "bytes=1000000-"])

    def test_error_that_passes(self):
        self.answer("config.json", Answer(status=500), Answer(status=429))
        err = self.expect_all()
        self.assertIn("config.json: HTTP 500 Internal Server Error (at 0 B); again in", err)

    def test_body_without_a_length(self):
        self.answer("model.safetensors", Answer(chunked=True))
        self.expect_all()


class Cut(Fetching):
    def test_goes_on_where_it_was_cut(self):
        self.answer("model.safetensors", Answer(send=1_000_000), Answer(send=500_000))
        err = self.expect_all()
        self.assertIn("the connection was cut (at 1 MB); again in", err)
        self.assertEqual(
            self.hub.ranges("model.safetensors"), [None, "bytes=1000000-", "bytes=1500000-"]
        )

    def test_stalls(self):
        self.answer("model.safetensors", Answer(send=1_000_000, stall=30))
        began = time.monotonic()
        err = self.expect_all("tiny", "--timeout=0.3")
        self.assertIn("nothing came for 0.3 s", err)
        self.assertLess(time.monotonic() - began, 10)

    def test_cut_again_and_again(self):
        self.answer("model.safetensors", *[Answer(send=7)], *[Answer(send=0)] * 5)
        err = self.expect_failure("the connection was cut, 5 times", WEIGHTS[:7])
        self.assertIn("model.safetensors.part, and the same command goes on from there", err)
        # More tries as long as there is progress.
        self.answer("model.safetensors", *[Answer(send=100_000)] * 10)
        self.hub.requests.clear()
        self.expect_all()
        self.assertEqual(self.hub.ranges("model.safetensors")[0], "bytes=7-")

    def test_server_that_sends_no_rest(self):
        self.answer("model.safetensors", Answer(send=1_000_000), Answer(ignore_range=True))
        self.assertIn("the server sends no rest of a file; starting over", self.expect_all())

    def test_server_that_sends_no_rest_and_cuts(self):
        """It never ends by itself: each try starts over."""
        cut = [Answer(send=1_000_000, ignore_range=True) for _ in range(20)]
        self.answer("model.safetensors", *cut)
        self.expect_failure("the connection was cut, 5 times", WEIGHTS[:1_000_000])

    def test_server_that_has_no_such_rest(self):
        self.answer("model.safetensors", Answer(send=1_000_000), Answer(status=416))
        err = self.expect_all()
        self.assertIn("there is no such rest; starting over", err)

    def test_another_range_than_asked_for(self):
        self.answer("model.safetensors", Answer(send=1_000_000), Answer(shift=5))
        self.expect_failure(
            "asked for bytes from 1000000, got those from 1000005", WEIGHTS[:1_000_000]
        )

    def test_part_of_something_else(self):
        self.folder.mkdir(parents=True)
        (self.folder / "model.safetensors.part").write_bytes(b"x" * 100)
        err = self.expect_all()
        self.assertIn("the checksum is wrong; starting over", err)
        self.assertEqual(self.hub.ranges("model.safetensors"), ["bytes=100-", None])

    def test_part_that_is_whole_or_too_long(self):
        self.folder.mkdir(parents=True)
        (self.folder / "model.safetensors.part").write_bytes(WEIGHTS)
        (self.folder / "merges.txt.part").write_bytes(b"m" * 1001)
        self.expect_all()
        self.assertEqual(self.hub.ranges("model.safetensors"), [])
        self.assertEqual(self.hub.ranges("merges.txt"), [None])


class Refused(Fetching):
    def test_no_such_file(self):
        del self.hub.files[self.path("model.safetensors")]
        err = self.expect_failure("HTTP 404 Not Found; nothing of this file has come", None)
        self.assertIn(self.path("model.safetensors"), err)
        self.assertEqual(len(self.hub.ranges("model.safetensors")), 1)  # not again

    def test_wrong_body(self):
        wrong = bytes([WEIGHTS[0] ^ 1]) + WEIGHTS[1:]
        self.answer("model.safetensors", Answer(body=wrong))
        found = hashlib.sha256(wrong).hexdigest()
        expected = hashlib.sha256(WEIGHTS).hexdigest()
        self.expect_failure(f"expected SHA-256 {expected}, found {found}", None)

    def test_other_sizes(self):
        for body in (WEIGHTS + b"x", WEIGHTS[:-1], b"<html>Sign in</html>"):
            self.answer("model.safetensors", Answer(body=body))
            self.expect_failure(f"expected 3000000 bytes, found {len(body)}", None)

    def test_longer_than_promised(self):
        self.answer("model.safetensors", Answer(body=WEIGHTS + b"x", chunked=True))
        self.expect_failure("expected 3000000 bytes, found more", None)

    def test_shorter_than_promised(self):
        short = Answer(body=WEIGHTS[:-1], length=len(WEIGHTS))
        self.answer("model.safetensors", short)
        self.assertIn("the connection was cut", self.expect_all())
        self.assertEqual(self.hub.ranges("model.safetensors"), [None, "bytes=2999999-"])

    def test_no_server(self):
        self.hub.server.shutdown()
        self.hub.server.server_close()
        began = time.monotonic()
        code, err = self.fetch()
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual((code, self.lying()), (1, {}))
        self.assertIn(f"{self.hub.url} cannot be reached: Connection refused", err)
        self.assertIn(f"Without a network, put these files into {self.folder}:", err)
        for name, body in FILES.items():
            self.assertIn(f"https://huggingface.co{self.path(name)}", err)
            self.assertIn(f"{len(body)} bytes, SHA-256 {hashlib.sha256(body).hexdigest()}", err)
        # Whoever has put them there by hand needs no server.
        for name, body in FILES.items():
            (self.folder / name).write_bytes(body)
        self.expect_all()

    def test_no_server_wanted(self):
        with mock.patch.dict(os.environ, HF_HUB_OFFLINE="1"):
            code, err = self.fetch()
        self.assertEqual((code, self.hub.requests), (1, []))
        self.assertIn("HF_HUB_OFFLINE is set", err)

    def test_file_of_the_user(self):
        self.folder.mkdir(parents=True)
        for other in (WEIGHTS[::-1], b"mine"):
            (self.folder / "model.safetensors").write_bytes(other)
            code, err = self.fetch()
            self.assertEqual(code, 1)
            self.assertIn("model.safetensors is another file: expected 3000000 bytes", err)
            self.assertEqual(self.lying()["model.safetensors"], brief(other))

    def test_full_disk(self):
        free = mock.Mock(return_value=mock.Mock(free=1_000_000))
        with mock.patch.object(program.shutil, "disk_usage", free):
            code, err = self.fetch()
        self.assertEqual((code, self.hub.requests), (1, []))
        self.assertIn("3 MB are needed, 1 MB are free", err)

    def test_folder_that_cannot_be_made(self):
        file = self.cache / "file"
        file.write_text("")
        code, err = self.fetch("tiny", "--to", str(file / "below"))
        self.assertEqual(code, 1)
        self.assertIn(f"{file / 'below'}: Not a directory", err)

    def test_arguments(self):
        for arguments, message in {
            ("huge",): "there is no model 'huge'; there are: tiny",
            ("--to=x",): "the following arguments are required: NAME",
            ("tiny", "tiny", "--to=x"): "--to takes one model",
            ("tiny", "--timeout=never"): "expected a number of seconds",
        }.items():
            code, err = self.fetch(*arguments)
            self.assertEqual(code, 1)
            self.assertIn(message, err)
        with mock.patch.dict(os.environ, HF_ENDPOINT="hub"):
            self.assertIn("HF_ENDPOINT=hub: expected an address", self.fetch()[1])


class WithoutChecksum(Fetching):
    """A file of which only the server knows what it is."""

    def setUp(self):
        super().setUp()
        entries = table(FILES)
        entries["tiny"]["files"]["model.safetensors"] = {}
        self.set_table(entries)

    def test_git_blob(self):
        blob = hashlib.sha1(b"blob 3000000\0" + WEIGHTS).hexdigest()
        self.answer("model.safetensors", Answer(etag=f'W/"{blob}"', send=1000), Answer(etag=blob))
        self.expect_all()

    def test_sha256_of_the_redirect(self):
        with Hub({"/blob": WEIGHTS}) as other:
            other.answers["/blob"] = [Answer(etag='"of the redirect\'s target"')]
            self.answer("model.safetensors", Answer(status=302, to=other.url + "/blob"))
            self.expect_all()

    def test_part_of_an_earlier_run(self):
        """Nothing would tell whether it belongs to this file."""
        self.folder.mkdir(parents=True)
        (self.folder / "model.safetensors.part").write_bytes(WEIGHTS[:1000])
        self.answer("model.safetensors", Answer(etag=hashlib.sha256(WEIGHTS).hexdigest()))
        self.expect_all()
        self.assertEqual(self.hub.ranges("model.safetensors"), [None])

    def test_another(self):
        self.answer("model.safetensors", Answer(etag=f'"{"0" * 40}"'))
        self.expect_failure(f"expected the server's ETag \"{'0' * 40}\", found SHA-256", None)

    def test_none(self):
        self.expect_failure("expected the server's ETag None", None)


class Processes(Fetching):
    """As a user runs it, with a small table."""

    def start(self) -> subprocess.Popen:
        code = (
            "import sys; from pathlib import Path; from fetch import __main__, places;"
            f"places.TABLE = Path({str(self.table)!r}); sys.exit(__main__.main())"
        )
        common = str(Path(__file__).parents[2])
        return subprocess.Popen(
            [sys.executable, "-c", code, "tiny"],
            env={**self.environment, "PYTHONPATH": common},
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, what) -> None:
        end = time.monotonic() + 10
        while not what():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def test_interrupted(self):
        self.answer("model.safetensors", Answer(send=1_000_000, stall=30))
        running = self.start()
        part = self.folder / "model.safetensors.part"
        self.wait_for(lambda: part.exists() and part.stat().st_size == 1_000_000)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=10)
        self.assertEqual((running.returncode, out), (130, ""))
        self.assertIn("fetch: stopped; the same command goes on from there", err)
        self.assertEqual(self.lying()[part.name], brief(WEIGHTS[:1_000_000]))
        self.expect_all()
        self.assertEqual(self.hub.ranges("model.safetensors"), [None, "bytes=1000000-"])

    def test_two_at_once(self):
        self.answer("config.json", Answer(pause=0.5))
        first = self.start()
        self.wait_for(lambda: self.hub.requests)
        second = self.start()
        for running in first, second:
            out, err = running.communicate(timeout=20)
            self.assertEqual((running.returncode, out), (0, "./tutorial run --model tiny\n"), err)
        self.assertIn("waiting for another fetch", err)
        self.assertEqual(self.lying(), ALL)
        self.assertEqual(len(self.hub.requests), len(FILES))  # each once


class Terminal(Fetching):
    def test_progress(self):
        self.enter(mock.patch.object(progress, "INTERVAL", 0))
        screen = io.StringIO()
        screen.isatty = lambda: True
        # A slow hash is shown, too; the rate is of what came since the cut.
        self.answer("model.safetensors", Answer(send=1_500_000), Answer(pause=0.2))
        with mock.patch.object(sys, "stderr", screen), contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(program.run(["tiny"]), 0)
        shown = screen.getvalue()
        self.assertRegex(
            shown, r"\rmodel.safetensors: [0-9.]+ MB of 3 MB, \d+ %, [0-9.]+ [kMG]?B/s, \d+ s left"
        )
        self.assertIn("\r\033[Kmodel.safetensors: the connection was cut", shown)
        self.assertTrue(shown.endswith("checksum right\n"))

    def test_numbers(self):
        self.assertEqual([progress.size(n) for n in (26, 548105171)], ["26 B", "548 MB"])
        self.assertEqual(progress.size(6431829964), "6.43 GB")
        self.assertEqual([progress.duration(n) for n in (59.6, 7300)], ["1 min 0 s", "2 h 1 min"])


if __name__ == "__main__":
    unittest.main()

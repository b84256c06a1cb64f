# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One file from a server: resumed after cuts, and checked before it has its name.

What has come lies in FILE.part, and stays there if the program ends. A server
that cannot send the rest of a file sends all of it, and the part starts over.
"""

import hashlib
import http.client
import os
import re
import time
import urllib.error
import urllib.request
from pathlib import Path

from .places import File
from .progress import Progress, size

CHUNK = 1 << 20  # bytes
# Seconds before a further try, counted anew whenever more has come than before.
DELAYS = (1, 2, 4, 8)


class Failed(Exception):
    """One message for the user."""


class Unreachable(Failed):
    """No answer, and none before."""


class Interrupted(Exception):
    """A fault that may pass: the same request can be made again."""


class Redirects(urllib.request.HTTPRedirectHandler):
    """Remembers what the hub says of a file before it sends us to where it lies."""

    stated = None

    def redirect_request(self, request, file, code, message, headers, url):
        self.stated = headers.get("X-Linked-ETag") or self.stated
        return super().redirect_request(request, file, code, message, headers, url)


class Server:
    """Where the files of one run come from."""

    def __init__(self, timeout: float):
        self.timeout = timeout  # seconds without a byte
        self.has_answered = False
        self.redirects = Redirects()
        self.opener = urllib.request.build_opener(self.redirects)

    def open(self, url: str, offset: int):
        """The response, and the checksum that is stated for the whole file."""
        headers = {"User-Agent": "lowering-gpt2"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        self.redirects.stated = None
        try:
            response = self.opener.open(
                urllib.request.Request(url, headers=headers), timeout=self.timeout
            )
        except urllib.error.HTTPError:
            self.has_answered = True
            raise
        except urllib.error.URLError as error:
            raise self.fault(error.reason) from error
        except (OSError, http.client.HTTPException) as error:
            raise self.fault(error) from error
        self.has_answered = True
        header = response.headers
        return response, self.redirects.stated or header.get("X-Linked-ETag") or header.get("ETag")

    def fault(self, reason) -> Exception:
        """What to raise for a connection that failed."""
        if isinstance(reason, TimeoutError):
            text = f"nothing came for {self.timeout:g} s"
        else:
            text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        return Interrupted(text) if self.has_answered else Unreachable(text)


def digest(path: Path, progress: Progress):
    """SHA-256 of a file."""
    sha256 = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            sha256.update(block)
            progress.update(file.tell())
    return sha256


def git_blob(path: Path) -> str:
    """The name that git gives to a file's contents."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Download:
    """Of `url` to `target`, which is `file` of the table."""

    def __init__(self, server: Server, url: str, target: Path, file: File):
        self.server, self.url, self.target, self.file = server, url, target, file
        self.part = target.with_name(target.name + ".part")
        self.progress = Progress(file.name, file.bytes)
        self.stated = None  # the server's checksum
        self.resumed = False

    def run(self) -> None:
        """Returns once the file is there, whole and checked."""
        try:
            with self.part.open("a+b", buffering=0) as self.out:
                self.take_up()
                self.complete()
                self.check()
                os.fsync(self.out.fileno())
            self.part.replace(self.target)
        finally:
            if self.part.exists() and not self.part.stat().st_size:
                self.part.unlink()
        self.progress.finish(self.done)

    def check(self) -> None:
        if not self.is_right() and self.resumed:
            # Perhaps the beginning was another's.
            self.progress.say("the checksum is wrong; starting over")
            self.start_over()
            self.complete()
        if not self.is_right():
            self.discard(*self.checksums())

    def take_up(self) -> None:
        """Goes on with what an earlier run left."""
        self.done = self.part.stat().st_size
        # Without a checksum nothing tells whether it belongs to this file.
        if not self.file.sha256:
            self.start_over()
        self.sha256 = digest(self.part, self.progress)
        self.resumed = self.done > 0

    def start_over(self) -> None:
        self.out.truncate(0)
        self.done, self.sha256, self.resumed = 0, hashlib.sha256(), False

    def complete(self) -> None:
        """Asks again until all has come."""
        most, failures = self.done, 0
        while self.file.bytes is None or self.done < self.file.bytes:
            try:
                self.transfer()
                break
            except Interrupted as error:
                failures = 0 if self.done > most else failures
                most = max(most, self.done)
                if failures == len(DELAYS):
                    raise Failed(
                        f"{self.url}: {error}, {failures + 1} times; {self.left()}"
                    ) from error
                delay = DELAYS[failures]
                failures += 1
                self.progress.say(f"{error} (at {size(self.done)}); again in {delay} s")
                time.sleep(delay)

    def transfer(self) -> None:
        """One request, and what comes of it."""
        self.resumed |= self.done > 0
        try:
            response, self.stated = self.server.open(self.url, self.done)
        except urllib.error.HTTPError as error:
            self.refused(error)
            return self.transfer()  # from the start
        with response:
            self.expect(response)
            self.receive(response)

    def refused(self, error: urllib.error.HTTPError) -> None:
        """Returns if the file can be asked for from its start."""
        status = f"HTTP {error.code} {error.reason}"
        error.close()
        if error.code == 416 and self.done:
            self.progress.say(f"{status}: there is no such rest; starting over")
            return self.start_over()
        if error.code in (408, 425, 429) or error.code >= 500:
            raise Interrupted(status)
        raise Failed(f"{self.url}: {status}; {self.left()}")

    def expect(self, response) -> None:
        """Holds the header against what is wanted, before anything is written."""
        length = response.headers.get("Content-Length")
        begin = 0
        if response.status == 206:
            part = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
            begin = int(part[1]) if part else -1
        if begin != self.done:
            if begin:
                raise Failed(
                    f"{self.url}: asked for bytes from {self.done}, got those from {begin}"
                )
            self.progress.say("the server sends no rest of a file; starting over")
            self.start_over()
        total = self.done + int(length) if length else None
        if None not in (total, self.file.bytes) and total != self.file.bytes:
            self.discard(f"{self.file.bytes} bytes", total)
        self.end = total or self.file.bytes
        self.progress.start(self.done)

    def receive(self, response) -> None:
        while True:
            try:
                block = response.read1(CHUNK)
            except (OSError, http.client.HTTPException) as error:
                raise self.server.fault(error) from error
            if not block:
                break
            self.out.write(block)
            self.sha256.update(block)
            self.done += len(block)
            self.progress.update(self.done)
            if self.end and self.done > self.end:
                self.discard(f"{self.end} bytes", "more")
        if self.end and self.done < self.end:
            raise Interrupted("the connection was cut")

    def is_right(self) -> bool:
        if self.file.sha256:
            return self.sha256.hexdigest() == self.file.sha256
        stated = (self.stated or "").removeprefix("W/").strip('"')
        if re.fullmatch("[0-9a-f]{64}", stated):
            return self.sha256.hexdigest() == stated
        return git_blob(self.part) == stated

    def checksums(self) -> tuple[str, str]:
        """Expected, found."""
        if self.file.sha256:
            return f"SHA-256 {self.file.sha256}", self.sha256.hexdigest()
        return f"the server's ETag {self.stated}", f"SHA-256 {self.sha256.hexdigest()}"

    def discard(self, expected: str, found) -> None:
        self.part.unlink()
        raise Failed(f"{self.url}: expected {expected}, found {found}; nothing of it was kept")

    def left(self) -> str:
        if not self.done:
            return "nothing of this file has come"
        return f"{size(self.done)} lie in {self.part}, and the same command goes on from there"

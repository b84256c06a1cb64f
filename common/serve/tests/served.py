# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A server for tests, and plain requests to it."""

import http.client
import json
import os
import re
import signal
import subprocess
import threading

PROGRAM = os.environ["SERVE_PROGRAM"]


class Served:
    """The program as a server, at any free port of this machine."""

    def __init__(self, *options):
        self.process = subprocess.Popen(
            [PROGRAM, "--serve", "--port=0", "--device=cpu", *options], stderr=subprocess.PIPE, text=True)
        self.said = ""
        for line in self.process.stderr:
            self.said += line
            if found := re.search(r"http://127\.0\.0\.1:(\d+)/", line):
                self.port = int(found[1])
                break
        else:
            raise RuntimeError(self.said)
        # What else it says must not fill the pipe.
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.said += line

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self, seconds=60):
        """Asks it to end; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(seconds)
        self.reader.join(5)
        self.process.stderr.close()
        return code

    def connect(self, timeout=60):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(self, method, path, body=None, headers=None):
        """Status, headers and body of an answer."""
        connection = self.connect()
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        result = answer.status, dict(answer.getheaders()), answer.read()
        connection.close()
        return result

    def complete(self, **fields):
        """Status and JSON of a completion."""
        status, _, body = self.ask("POST", "/v1/completions", json.dumps(fields))
        return status, json.loads(body)

    def text(self, **fields):
        status, answer = self.complete(**fields)
        assert status == 200, answer
        return answer["choices"][0]["text"]

    def stream(self, **fields):
        """The chunks of a streamed completion, without the end's."""
        _, _, body = self.ask("POST", "/v1/completions", json.dumps({"stream": True, **fields}))
        events = [event for event in body.decode().split("\n\n") if event]
        assert events[-1] == "data: [DONE]", events[-1]
        return [json.loads(event.removeprefix("data: ")) for event in events[:-1]]

    def stats(self):
        return json.loads(self.ask("GET", "/stats")[2])

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What batching, specialised programs, prompts in pieces and shared beginnings buy.

Starts the server with and without each, has clients of this machine send it a mix
of requests, and tells throughput beside the tails of latencies, as a table, as JSON
and as a picture. Clients wait for their text before they send the next request.

usage: python3 -m serve.bench PROGRAM [--clients 16] [--requests 96] [--mix chat]
                              [--only VARIANT...] [--out FILE] [OPTIONS OF THE SERVER]
"""

import argparse
import asyncio
import json
import os
import random
import re
import subprocess
import sys
import time
import urllib.request

from compare import machine

VARIANTS = {
    "all": [],
    "no batching": ["--texts=1"],
    "no specialised programs": ["--no-specialize"],
    "whole prompts": ["--whole-prompts"],
    "no shared beginnings": ["--kept-texts=0"],
    "one client": [],
}
MIXES = ("uniform", "chat", "adversarial")


def mix_of(name, count, context, seed=1):
    """Requests as (ids of the prompt, tokens to write); ids are of any vocabulary."""
    draw = random.Random(seed)
    ids = lambda n: [draw.randrange(4000) for _ in range(n)]
    system = ids(48)  # with which all of a chat's prompts begin
    requests = []
    for i in range(count):
        if name == "uniform":
            requests.append((ids(draw.randint(32, 128)), 64))
        elif name == "chat":
            length = min(400, context - 208, int(draw.lognormvariate(3.6, 0.8)))
            requests.append((system + ids(max(4, length)), min(160, max(8, int(draw.lognormvariate(3.7, 0.6))))))
        else:  # prompts that fill the context, with little to write, among short ones with much
            requests.append((ids(context - 24), 4) if i % 4 == 0 else (ids(8), 64))
    return requests


class Server:
    def __init__(self, program, options):
        self.process = subprocess.Popen([program, "--serve", "--port=0", *options], stderr=subprocess.PIPE, text=True)
        said = ""
        for line in self.process.stderr:
            said += line
            if found := re.search(r"http://([\d.]+):(\d+)/", line):
                self.port = int(found[2])
                return
        raise SystemExit(said)

    def end(self):
        self.process.terminate()
        self.process.wait(120)
        self.process.stderr.close()


async def ask(port, prompt, count, temperature, times):
    """Streams a text; notes when the first token came, and each further chunk."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps({"prompt": prompt, "max_tokens": count, "temperature": temperature, "stream": True})
    start = time.perf_counter()
    writer.write(f"POST /v1/completions HTTP/1.1\r\nHost: here\r\nConnection: close\r\n"
                 f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
    await writer.drain()
    last, got = start, 0
    async for line in reader:
        if not line.startswith(b"data: {"):
            if line.startswith(b"HTTP/1.1") and b" 200 " not in line:
                raise SystemExit(line.decode())
            continue
        now = time.perf_counter()
        (times["next"] if got else times["first"]).append(now - last)
        last = now
        got += 1
    writer.close()
    times["done"] += 1


async def drive(port, requests, clients, temperature):
    waiting = list(reversed(requests))
    times = {"first": [], "next": [], "done": 0}

    async def client():
        while waiting:
            prompt, count = waiting.pop()
            await ask(port, prompt, count, temperature, times)

    start = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return time.perf_counter() - start, times


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def read_json(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        return json.load(answer)


def tails_of(times):
    return {f"{kind}_p{share}": quantile(times[kind], share / 100)
            for kind in ("first", "next") for share in (50, 95, 99)}


def measure(known, options, clients):
    server = Server(known.program, options)
    try:
        context = read_json(server.port, "/v1/models")["data"][0]["max_model_len"]
        requests = mix_of(known.mix, known.requests, context)
        warm = mix_of(known.mix, max(32, known.requests // 2), context, seed=2)
        # What a server learns from the same traffic is not measured: until nothing is
        # compiled or tried any more, but for a minute and a half at most.
        end = time.perf_counter() + 90
        while True:
            asyncio.run(drive(server.port, warm, clients, known.temperature))
            states = [program["state"] for program in read_json(server.port, "/stats").get("programs", [])]
            if time.perf_counter() > end or not {"being compiled", "trial"} & set(states):
                break
        before = read_json(server.port, "/stats")
        seconds, times = asyncio.run(drive(server.port, requests, clients, known.temperature))
        after = read_json(server.port, "/stats")
    finally:
        server.end()
    grown = lambda name: after[name] - before[name]
    return {
        "seconds": seconds,
        "tokens_per_second": grown("tokens") / seconds,
        "reused": grown("reused_tokens"),
        "own": 1 - grown("model_seconds") / grown("step_seconds"),
        "programs": after.get("programs", []),
        **tails_of(times),
    }


def title_of(measured):
    return f"{measured['requests']} requests of {measured['clients']} clients, {measured['mix']}"


def rows_of(results):
    rows = [["", "tokens/s", "first p50", "p95", "p99", "next p50", "p95", "p99", "server's own"]]
    for name, found in results.items():
        rows.append([name, f"{found['tokens_per_second']:.0f}"] + [
            f"{1e3 * found[f'{kind}_p{share}']:.1f}" for kind in ("first", "next") for share in (50, 95, 99)]
            + [f"{100 * found['own']:.1f} %" if "own" in found else "-"])
    return rows


def table_of(results):
    rows = rows_of(results)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(w) if i == 0 else cell.rjust(w)
                               for i, (cell, w) in enumerate(zip(row, widths))) for row in rows)


def draw(results, title, file):
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for axis, kind, label in ((axes[0], "first", "first token"), (axes[1], "next", "between tokens")):
        for name, found in results.items():
            points = [1e3 * found[f"{kind}_p{share}"] for share in (50, 95, 99)]
            axis.plot(points, [found["tokens_per_second"]] * 3, marker="o", label=name)
        axis.set_xscale("log")
        axis.set_xlabel(f"ms, {label}: p50, p95, p99")
        axis.set_ylim(bottom=0)
    axes[0].set_ylabel("tokens a second")
    axes[1].legend(fontsize=8)
    figure.suptitle(title)
    figure.savefig(file)


def main():
    parser = argparse.ArgumentParser(prog="./tutorial serve --bench", description=__doc__.split("\n\n")[0])
    parser.add_argument("program", help=argparse.SUPPRESS)
    parser.add_argument("--clients", type=int, default=16, help="that ask at once (default 16)")
    parser.add_argument("--requests", type=int, default=96, help="in all (default 96)")
    parser.add_argument("--mix", choices=MIXES, default="chat", help="of lengths (default chat)")
    parser.add_argument("--temperature", type=float, default=0, help="of all requests (default 0: greedy)")
    parser.add_argument("--only", choices=VARIANTS, nargs="*", help="of the variants (default all of them)")
    parser.add_argument("--out", help="also write what was measured as JSON, and a picture beside it")
    known, options = parser.parse_known_args()
    results = {}
    for name in known.only or VARIANTS:
        print(f"{name} ...", file=sys.stderr)
        results[name] = measure(known, [f"--queue={known.clients}", *options, *VARIANTS[name]],
                                1 if name == "one client" else known.clients)
    measured = {"mix": known.mix, "clients": known.clients, "requests": known.requests, "options": options,
                "temperature": known.temperature, "machine": machine.machine()["cpu"],
                "date": time.strftime("%Y-%m-%d"), "results": results}
    print(f"{title_of(measured)}; milliseconds\n{table_of(results)}")
    if known.out:
        os.makedirs(os.path.dirname(os.path.abspath(known.out)), exist_ok=True)
        with open(known.out, "w") as file:
            json.dump(measured, file, indent=1)
            file.write("\n")
        draw(results, title_of(measured), os.path.splitext(known.out)[0] + ".svg")


if __name__ == "__main__":
    main()

"""Follows one build's log with many clients, and writes lines into it through Kafka meanwhile.

  sse.py URL KEY JOB API_PID FOLLOWERS LINES WRITER...

WRITER is a program that writes the lines, and prints the number of each and when it was written. The
first line must be in the log already, so that what begins with a first line is over.

Prints JSON: how long each line took from the moment it was given to Kafka until each follower had it,
whether every follower got each line once and in order, and what the API's memory grew by.
"""

import http.client
import json
import selectors
import socket
import subprocess
import sys
import time
import urllib.parse

PATIENCE_S = 60


def resident_kb(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Rss:"))


class Follower:
    """One stream; the seq of each line that came, and when (monotonic seconds)."""

    def __init__(self, url, key, job):
        where = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((where.hostname, where.port))
        self.socket.sendall(
            f"GET /models/build-logs?job_id={job}&follow=true HTTP/1.1\r\nHost: {where.netloc}\r\n"
            f"Authorization: Bearer {key}\r\nAccept: text/event-stream\r\n\r\n".encode()
        )
        self.rest = b""
        self.seqs = []
        self.times = []
        self.open = False

    def read(self):
        data = self.socket.recv(1 << 16)
        now = time.monotonic()
        if not data:
            raise SystemExit("the API hung up on a follower")
        self.open = self.open or b" 200 " in data
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        for line in lines:
            if line.startswith(b"id: "):
                self.seqs.append(int(line.strip().rpartition(b".")[2]))
                self.times.append(now)


def read_until(selector, wanted):
    until = time.monotonic() + PATIENCE_S
    while not wanted():
        for key, _ in selector.select(0.05):
            key.data.read()
        if time.monotonic() > until:
            raise SystemExit("the followers did not get what they wait for in time")


def main():
    url, key, job, pid = sys.argv[1:5]
    count, lines = int(sys.argv[5]), int(sys.argv[6])
    ask = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc)
    ask.request("GET", "/readyz")
    ask.getresponse().read()
    before_kb = resident_kb(pid)
    selector = selectors.DefaultSelector()
    followers = [Follower(url, key, job) for _ in range(count)]
    for follower in followers:
        selector.register(follower.socket, selectors.EVENT_READ, follower)
    read_until(selector, lambda: all(follower.open for follower in followers))
    with subprocess.Popen(sys.argv[7:], stdout=subprocess.PIPE, text=True) as writer:
        read_until(selector, lambda: all(len(follower.seqs) >= lines for follower in followers))
        after_kb = resident_kb(pid)
        told = dict(line.split() for line in writer.stdout)
    if writer.returncode != 0:
        raise SystemExit("the lines could not be written")
    sent = [float(told[str(seq)]) for seq in range(lines)]
    taken = sorted(
        (at - sent[seq]) * 1000
        for follower in followers
        for seq, at in zip(follower.seqs, follower.times)
        if seq > 0  # the first was there before
    )
    print(json.dumps({
        "followers": count, "lines": lines,
        "each_once_in_order": all(follower.seqs == list(range(lines)) for follower in followers),
        "p50_ms": round(taken[len(taken) // 2], 1),
        "p99_ms": round(taken[len(taken) * 99 // 100], 1),
        "max_ms": round(taken[-1], 1),
        "kb_a_follower": round((after_kb - before_kb) / count, 1),
    }))


main()

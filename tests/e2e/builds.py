"""What tests of builds share: a System that builds models, and a Case that shows its logs."""

import csv
import http.client
import io
import json
import os
import random
import re
import subprocess
import sys
import unittest

from support import Answer, System, free_port, read_table, wait_for

# What a program logs that misbehaved, though nobody at the other end saw it.
MISBEHAVES = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|Assertion .* failed")
ENDS = ("COMPLETED", "FAILED", "CANCELLED")


def big_table(rows=10000, columns=30):
    """A CSV whose build takes some ten seconds: numbers, and an outcome that hangs on them."""
    numbers = random.Random(7)
    lines = [",".join(f"x{number}" for number in range(columns)) + ",outcome"]
    for _ in range(rows):
        row = [numbers.random() for _ in range(columns)]
        outcome = sum((x - 0.5) * (n % 5) for n, x in enumerate(row))
        outcome += 3 * row[0] * row[1] + numbers.gauss(0, 0.5)
        lines.append(",".join(f"{x:.4f}" for x in row) + f",{outcome:.4f}")
    return ("\n".join(lines) + "\n").encode()


def number(text):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def table_rows(name, target):
    """(row without its target, target) of one of the tables of tests/data, as a client has them."""
    for row in csv.DictReader(io.StringIO(read_table(name).decode())):
        truth = number(row.pop(target))
        yield {field: number(text) for field, text in row.items() if text != ""}, truth


def process_stat(pid):
    """(state, parent, when it began) of a process; None if there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], int(fields[1]), fields[19]


def process_is_alive(process):
    """Of (id, when it began): a zombie has ended, and the id may be somebody else's since."""
    stat = process_stat(process[0])
    return stat is not None and stat[0] != "Z" and stat[2] == process[1]


def children_of(pid):
    """The living children of a process, as (id, when it began)."""
    found = [(int(name), process_stat(name)) for name in os.listdir("/proc") if name.isdigit()]
    return [(child, stat[2]) for child, stat in found if stat and stat[1] == pid and stat[0] != "Z"]


def control(server, verb):
    """Starts, stops or kills POSTGRES or KAFKA."""
    program = os.environ[f"TRAINYARD_TEST_{server}_CTL"]
    done = subprocess.run([program, verb], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


class Builds(System):
    """A System whose workers are started by name."""

    def __init__(self, workers=0, **settings):
        super().__init__(0, **settings)
        self.names = [f"worker-{number + 1}" for number in range(workers)]

    def __enter__(self):
        super().__enter__()
        try:
            for name in self.names:
                self.start_worker(name)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error):
        for name in list(self.processes):
            self.stop(name)
        said = [line for file in os.listdir(self.folder) if file.endswith(".log")
                for line in self.log(file[: -len(".log")]).splitlines() if MISBEHAVES.search(line)]
        super().__exit__(*error)
        assert not said, said

    def start_worker(self, name, **settings):
        port = free_port()
        self.start(name, "trainyard-worker", METRICS_PORT=port, **settings)

        def ready():
            if self.processes[name].poll() is not None:
                raise RuntimeError(f"{name} ended: {self.log(name)}")
            try:
                return self.send("GET", "/readyz", port=port).status
            except OSError as error:
                return error

        wait_for(ready, lambda status: status == 200)

    def children(self, name):
        return children_of(self.processes[name].pid)

    def wait_for_child(self, *names):
        """(worker, process) of the build that runs in one of the workers."""
        return wait_for(
            lambda: [(name, child) for name in names for child in self.children(name)], bool, 30
        )[0]

    def put_table(self, filename, data, key=None):
        """Uploads one file by its signed URL; the answer to its confirmation."""
        made = self.call("POST", "/uploads", {"filename": filename, "content_type": "text/csv"}, key=key)
        assert made.status == 200, made
        path = made.json["presigned_url"].split(f":{self.upload_port}", 1)[1]
        put = self.send("PUT", path, data, {"Content-Type": "text/csv"}, port=self.upload_port)
        assert put.status == 200, put
        return self.call("POST", "/uploads/status", {"upload_id": made.json["upload_id"]}, key=key)

    def build(self, name, dataset, intent, key=None, **body):
        """Asks for a model; its job's id."""
        body = dict(body, intent=intent, dataset_id=dataset)
        answer = self.call("POST", "/models/" + name, body, key=key)
        assert answer.status == 200, answer
        assert answer.json["status"] == "PENDING", answer
        return answer.json["job_id"]

    def job(self, job, key=None):
        answer = self.call("GET", "/jobs/" + job, key=key)
        assert answer.status == 200, answer
        return answer.json

    def wait_for_job(self, job, *statuses, key=None, patience_s=180):
        """The job once it has one of the statuses; it may not end in another one."""
        told = wait_for(
            lambda: self.job(job, key), lambda found: found["status"] in statuses + ENDS, patience_s
        )
        assert told["status"] in statuses, told
        return told

    def version(self, name, part="status", key=None):
        answer = self.call("GET", f"/models/{name}/v1.0/{part}", key=key)
        assert answer.status == 200, answer
        return answer.json

    def infer(self, name, row):
        return self.call("POST", f"/models/{name}/latest/infer", row, port=self.predict_port)

    def follow(self, job, last=None):
        """Yields (event, id, data) of a job's log until the stream ends."""
        headers = {"Authorization": "Bearer " + self.key, "Accept": "text/event-stream"}
        if last is not None:
            headers["Last-Event-ID"] = last
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", f"/models/build-logs?job_id={job}", headers=headers)
            response = connection.getresponse()
            assert response.status == 200, Answer(response)
            event = {}
            for raw in response:
                line = raw.decode().rstrip("\n")
                if line == "":
                    if "data" in event:
                        yield event.get("event"), event.get("id"), json.loads(event["data"])
                    event = {}
                elif not line.startswith(":"):
                    field, _, value = line.partition(": ")
                    event[field] = value
        finally:
            connection.close()


class Case(unittest.TestCase):
    """Shows what the programs logged when one of its tests fails."""

    system = None

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before and self.system is not None:
            self.show_logs()
        return result

    def show_logs(self):
        for file in sorted(os.listdir(self.system.folder)):
            if file.endswith(".log"):
                lines = self.system.log(file[: -len(".log")]).splitlines()
                print(f"--- {file}", *lines[-60:], sep="\n", file=sys.stderr)

    def assert_error(self, answer, status, code, *words):
        """A refusal: its status and code, and a message that says what to do."""
        self.assertEqual((answer.status, answer.json["error"]["code"]), (status, code), answer)
        for word in words:
            self.assertIn(word, answer.json["error"]["message"])
        self.assertEqual(answer.json["request_id"], answer.headers["x-request-id"])

    def assert_whole_log(self, stream, status, run=1):
        """Every line of every run once and in order, then the end; the lines."""
        lines = [data for event, _, data in stream if event == "log"]
        self.assertEqual([event for event, _, _ in stream], ["log"] * len(lines) + ["end"])
        self.assertEqual(stream[-1][2]["status"], status)
        last = [line["seq"] for line in lines if line["run"] == run]
        self.assertEqual(last, list(range(len(last))))
        self.assertGreater(len(last), 0)
        self.assertEqual([(line["run"], line["seq"]) for line in lines],
                         sorted({(line["run"], line["seq"]) for line in lines}))
        self.assertEqual([name for _, name, _ in stream[:-1]],
                         [f"{line['run']}.{line['seq']}" for line in lines])
        return lines

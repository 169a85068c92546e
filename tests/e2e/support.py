"""A Trainyard of a test's own: a database, topics, an API and workers, stopped by their ids.

Where the servers and the programs are comes from TRAINYARD_TEST_DATABASE_URL,
TRAINYARD_TEST_BROKERS and TRAINYARD_BIN, as scripts/test sets them.
"""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.parse
import uuid

PATIENCE_S = 120
DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")


class Answer:
    """status, headers (names in lower case), body as bytes, json (None if it is none)."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()
        try:
            self.json = json.loads(self.body)
        except ValueError:
            self.json = None

    def __repr__(self):
        return f"{self.status} {self.body[:500]!r}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def read_table(name):
    with open(os.path.join(DATA, name), "rb") as file:
        return file.read()


def multipart(parts):
    """(body, content type) of parts (field, file name or None, bytes)."""
    line = uuid.uuid4().hex
    body = b""
    for field, filename, data in parts:
        named = f'; filename="{filename}"' if filename is not None else ""
        body += f'--{line}\r\nContent-Disposition: form-data; name="{field}"{named}\r\n'.encode()
        body += b"Content-Type: text/csv\r\n\r\n" if filename is not None else b"\r\n"
        body += data + b"\r\n"
    return body + f"--{line}--\r\n".encode(), "multipart/form-data; boundary=" + line


def make_certificate(folder, name):
    """A certificate of its own authority for 127.0.0.1; (file of it, file of its key)."""
    certificate, key = (os.path.join(folder, f"{name}.{part}") for part in ("crt", "key"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-subj", "/CN=" + name, "-addext", "subjectAltName=IP:127.0.0.1",
         "-out", certificate, "-keyout", key],
        check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
    )
    return certificate, key


def wait_for(ask, wanted, patience_s=PATIENCE_S):
    """Asks until wanted(answer) holds; the last answer."""
    until = time.monotonic() + patience_s
    while True:
        answer = ask()
        if wanted(answer):
            return answer
        if time.monotonic() > until:
            raise AssertionError(f"after {patience_s} s still {answer}")
        time.sleep(0.05)


class System:
    """settings are names without TRAINYARD_, such as MAX_BODY_KB=64."""

    def __init__(self, workers=1, **settings):
        self.workers = workers
        self.settings = settings
        self.name = "e2e_" + uuid.uuid4().hex[:12]
        self.folder = tempfile.mkdtemp(prefix="trainyard-e2e-")
        self.processes = {}
        self.port, self.predict_port, self.upload_port = (free_port() for _ in range(3))
        self.url = f"http://127.0.0.1:{self.port}"
        self.predict_url = f"http://127.0.0.1:{self.predict_port}"
        self.server = os.environ["TRAINYARD_TEST_DATABASE_URL"]
        self.bin = os.environ["TRAINYARD_BIN"]
        where = urllib.parse.urlsplit(self.server)
        self.database_url = urllib.parse.urlunsplit(where._replace(path="/" + self.name))
        self.key = None
        self.trust = None  # ssl.SSLContext of clients, when the ports speak TLS

    # Start and stop

    def __enter__(self):
        try:
            self.psql(self.server, f"create database {self.name}")
            self.run("trainyard", "migrate")
            self.run("trainyard", "topics")
            self.key = self.make_key("tester")
            self.start_api()
            for number in range(self.workers):
                self.start("worker-%d" % (number + 1), "trainyard-worker", METRICS_PORT=0)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in list(self.processes):
            self.stop(name)
        self.psql(self.server, f"drop database if exists {self.name} with (force)")
        logs = [self.log(name[:-4]) for name in os.listdir(self.folder) if name.endswith(".log")]
        shutil.rmtree(self.folder, ignore_errors=True)
        for log in logs:  # a program may misbehave without anybody at the other end seeing it
            found = re.search(r"(ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:).*", log)
            if found is not None:
                raise AssertionError(log[found.start() : found.start() + 5000])

    def environment(self, **more):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("TRAINYARD_")}
        settings = {
            "DATABASE_URL": self.database_url,
            "KAFKA_BROKERS": os.environ["TRAINYARD_TEST_BROKERS"],
            "TOPIC_PREFIX": self.name,
            "BLOB_DIR": os.path.join(self.folder, "blobs"),
            "PORT": self.port,
            "PREDICT_PORT": self.predict_port,
            "UPLOAD_PORT": self.upload_port,
            "PREDICT_URL": self.predict_url,
            "LOG_FORMAT": "json",
            "GRACE_S": 5,
        }
        settings.update(self.settings)
        settings.update(more)
        return dict(kept, **{"TRAINYARD_" + k: str(v) for k, v in settings.items()})

    def run(self, program, *arguments):
        """Runs a program to its end; what it wrote to stdout."""
        done = subprocess.run(
            [os.path.join(self.bin, program), *arguments],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} {' '.join(arguments)}: {done.stderr}")
        return done.stdout.strip()

    def start(self, name, program, **settings):
        """Starts a program; its log is log(name)."""
        with open(self.log_path(name), "ab") as log:
            self.processes[name] = subprocess.Popen(
                [os.path.join(self.bin, program)],
                env=self.environment(**settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def start_api(self):
        self.start("api", "trainyard-api")
        until = time.monotonic() + PATIENCE_S
        while True:
            if self.processes["api"].poll() is not None:
                raise RuntimeError("the API ended: " + self.log("api"))
            try:
                if self.call("GET", "/readyz").status == 200:
                    return
            except OSError:
                pass
            if time.monotonic() > until:
                raise RuntimeError("the API is not ready: " + self.log("api"))
            time.sleep(0.05)

    def stop(self, name, how=signal.SIGTERM):
        """Ends a program; its exit code."""
        process = self.processes.pop(name)
        process.send_signal(how)
        try:
            return process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def log_path(self, name):
        return os.path.join(self.folder, name + ".log")

    def log(self, name):
        with open(self.log_path(name), encoding="utf-8", errors="replace") as file:
            return file.read()

    # The database

    @staticmethod
    def psql(url, statement):
        done = subprocess.run(
            ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statement, url],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{statement}: {done.stderr}")
        return done.stdout.strip()

    def sql(self, statement):
        return self.psql(self.database_url, statement)

    def make_key(self, account, permission="read_write"):
        return self.run("trainyard", "keys", "create", "--account", account, "--permission", permission)

    # HTTP

    def connect(self, port=None):
        where = ("127.0.0.1", port or self.port)
        if self.trust is None:
            return http.client.HTTPConnection(*where, timeout=PATIENCE_S)
        return http.client.HTTPSConnection(*where, timeout=PATIENCE_S, context=self.trust)

    def send(self, method, path, body=None, headers=None, port=None):
        """One request as it is given, without a key."""
        connection = self.connect(port)
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def call(self, method, path, body=None, headers=None, key=None, port=None):
        """One request with a key; a body that is no bytes or text goes as JSON."""
        headers = dict({"Authorization": f"Bearer {key or self.key}"}, **(headers or {}))
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        return self.send(method, path, body, headers, port)

    def upload(self, filename, data):
        """Uploads one file; the answer."""
        body, kind = multipart([("files", filename, data)])
        return self.call("POST", "/uploads", body, {"Content-Type": kind})

    def upload_table(self, name):
        """The id of a complete upload of one of the tables of tests/data."""
        answer = self.upload(name, read_table(name))
        assert answer.status == 200, answer
        return answer.json["upload_id"]

    def raw(self, data, port=None, half_close=False, listen_s=PATIENCE_S):
        """Sends bytes as they are; what comes back until the connection ends, or listen_s is over."""
        where = ("127.0.0.1", port or self.port)
        with socket.create_connection(where, timeout=PATIENCE_S) as end:
            heard = b""
            try:
                end.sendall(data)
                if half_close:
                    end.shutdown(socket.SHUT_WR)
                end.settimeout(listen_s)
                while chunk := end.recv(65536):
                    heard += chunk
            except OSError:  # it hung up, or says nothing more
                pass
            return heard


class TlsSystem(System):
    """A System whose ports speak TLS, with the certificates `first` and `second` at hand."""

    def __init__(self, workers=1, **settings):
        super().__init__(workers, **settings)
        self.tls_files = [os.path.join(self.folder, name) for name in ("tls.crt", "tls.key")]
        self.made = {name: make_certificate(self.folder, name) for name in ("first", "second")}
        self.trust = ssl.create_default_context()
        for certificate, _ in self.made.values():
            self.trust.load_verify_locations(certificate)
        self.settings.update(TLS_CERT=self.tls_files[0], TLS_KEY=self.tls_files[1])
        self.settings.setdefault("PREDICT_URL", f"https://127.0.0.1:{self.predict_port}")
        self.url = f"https://127.0.0.1:{self.port}"
        self.install("first")

    def install(self, name):
        for source, target in zip(self.made[name], self.tls_files):
            shutil.copy(source, target)

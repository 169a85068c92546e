"""The ports over TLS: what they present, a certificate that is renewed, and ones that are bad."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import unittest
import warnings

from support import System, TlsSystem, wait_for

CSV = b"a,b,y\n" + b"".join(b"%d,x,%d\n" % (n, n % 2) for n in range(30))
system = None


def setUpModule():
    global system
    system = TlsSystem(workers=0)
    system.__enter__()
    unittest.addModuleCleanup(system.__exit__)


def presented(port):
    """The certificate's name, as the port shows it now."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
        with system.trust.wrap_socket(plain, server_hostname="127.0.0.1") as end:
            return dict(part[0] for part in end.getpeercert()["subject"])["commonName"]


class Tls(unittest.TestCase):
    def ports(self):
        return system.port, system.predict_port, system.upload_port

    def reload(self, phrase):
        said = system.log("api").count(phrase)
        system.processes["api"].send_signal(signal.SIGHUP)
        wait_for(lambda: system.log("api").count(phrase), lambda now: now > said)

    def test_every_port_speaks_it(self):
        made = system.call("POST", "/uploads", {"filename": "a.csv", "content_type": "text/csv"})
        self.assertEqual(made.status, 200, made)
        url = made.json["presigned_url"]
        self.assertTrue(url.startswith(f"https://127.0.0.1:{system.upload_port}/"), url)
        path = url.split(str(system.upload_port), 1)[1]
        put = system.send("PUT", path, CSV, {"Content-Type": "text/csv"}, port=system.upload_port)
        self.assertEqual(put.status, 200, put)
        whole = system.upload("large.csv", CSV * 20000)
        self.assertEqual(whole.status, 200, whole)
        self.assertEqual(whole.json["files"][0]["size_bytes"], 20000 * len(CSV))
        upload = system.upload("small.csv", CSV).json["upload_id"]
        made = system.call("POST", "/models/tls", {"intent": "predict y", "dataset_id": upload})
        self.assertEqual(made.status, 200, made)
        self.assertTrue(system.call("GET", "/models/tls").json["endpoint"].startswith("https://"))
        answer = system.call("POST", "/models/tls/v1.0/infer", {"a": 1}, port=system.predict_port)
        self.assertEqual(answer.status, 409, answer)

    def test_plain_http_gets_no_answer(self):
        for port in self.ports():
            heard = system.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", port, listen_s=5)
            self.assertNotIn(b"HTTP/1.1 200", heard)
        self.assertEqual(system.send("GET", "/healthz").status, 200)

    def test_old_versions_are_refused(self):
        def speak(version, port):
            with warnings.catch_warnings(action="ignore"):  # it is as old as that
                client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
                client.set_ciphers("ALL:@SECLEVEL=0")
                client.minimum_version = client.maximum_version = version
            with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
                with client.wrap_socket(plain, server_hostname="127.0.0.1") as end:
                    return end.version()

        for port in self.ports():
            self.assertEqual(speak(ssl.TLSVersion.TLSv1_2, port), "TLSv1.2")
            self.assertEqual(speak(ssl.TLSVersion.TLSv1_3, port), "TLSv1.3")
            with self.assertRaises(ssl.SSLError):
                speak(ssl.TLSVersion.TLSv1_1, port)

    def test_a_renewed_certificate_is_presented(self):
        open_before = system.connect()
        self.addCleanup(open_before.close)
        open_before.request("GET", "/healthz")
        self.assertEqual(open_before.getresponse().read(), b'{"status":"ok"}')
        for name in ("second", "first"):
            system.install(name)
            self.reload("certificate read")
            for port in self.ports():
                self.assertEqual(presented(port), name)
        open_before.request("GET", "/healthz")  # its connection lives on
        self.assertEqual(open_before.getresponse().status, 200)

    def test_a_bad_certificate_leaves_the_old_one(self):
        self.addCleanup(system.install, "first")
        certificate, key = system.tls_files
        for spoil in (
            lambda: os.truncate(certificate, 0),
            lambda: os.truncate(key, 100),
            lambda: os.remove(key),
            lambda: shutil.copy(system.made["second"][1], key),
        ):
            system.install("first")
            spoil()
            self.reload("the certificate stays")
            for port in self.ports():
                self.assertEqual(presented(port), "first")


class BadSettings(unittest.TestCase):
    def refuse(self, *words, **settings):
        done = subprocess.run(
            [os.path.join(system.bin, "trainyard-api")], env=system.environment(**settings),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        )
        self.assertEqual(done.returncode, 1)
        told = [line for line in done.stderr.splitlines() if "TRAINYARD_TLS" in line]
        self.assertEqual(len(told), 1, done.stderr)
        for word in words:
            self.assertIn(word, told[0])

    def test_what_cannot_be_used_is_one_line(self):
        first, second = system.made["first"], system.made["second"]
        self.refuse("both", TLS_KEY="")
        self.refuse("both", TLS_CERT="")
        self.refuse("TLS_CERT", "/nowhere.crt", "No such file", TLS_CERT="/nowhere.crt")
        self.refuse("TLS_KEY", "/nowhere.key", "No such file", TLS_KEY="/nowhere.key")
        self.refuse("no certificate and its key", TLS_CERT=first[0], TLS_KEY=second[1])
        self.refuse("no certificate and its key", TLS_CERT=first[1], TLS_KEY=first[0])


class Plain(unittest.TestCase):
    def test_without_tls_a_hangup_changes_nothing(self):
        with System(workers=0) as plain:
            plain.processes["api"].send_signal(signal.SIGHUP)
            wait_for(lambda: plain.log("api"), lambda log: "nothing to read again" in log)
            self.assertEqual(plain.send("GET", "/healthz").status, 200)


if __name__ == "__main__":
    unittest.main()

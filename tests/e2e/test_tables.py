"""The forms a table may come in, and its first rows: read by a child, whatever is in them."""

import base64
import gzip
import io
import json
import os
import unittest
import zipfile

from builds import Builds
from support import multipart, read_table

CSV = b"a,b,y\n" + b"".join(b"%d,x%d,%d\n" % (n, n % 3, n % 2) for n in range(60))
ROWS = [{"a": n, "b": f"x{n % 3}", "y": n % 2, "nested": {"k": [n]}} for n in range(60)]
system = None


def setUpModule():
    global system
    system = Builds(workers=1, MAX_UPLOAD_MB=200)
    system.__enter__()
    unittest.addModuleCleanup(system.__exit__)


def upload(*files):
    body, kind = multipart([("files", name, data) for name, data in files])
    return system.call("POST", "/uploads", body, {"Content-Type": kind})


def archive(*members, packing=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as made:
        for name, data in members:
            made.writestr(name, data)
    return file.getvalue()


def preview(made, name, query="", prefix=""):
    return system.call("GET", f"{prefix}/uploads/{made['upload_id']}/files/{name}/preview{query}")


class Preview(unittest.TestCase):
    def test_of_csv(self):
        made = upload(("a.csv", b'a,b,y\n007,"x, y",NA\n,z,1.50\n')).json
        told = preview(made, "a.csv")
        self.assertEqual(told.status, 200, told)
        self.assertEqual(told.json, {
            "filename": "a.csv", "total_rows": 2, "returned_rows": 2, "columns": ["a", "b", "y"],
            "data": [["007", "x, y", "NA"], ["", "z", "1.50"]]})
        self.assertEqual(preview(made, "a.csv", prefix="/data").json, told.json)

    def test_pages(self):
        made = upload(("a.csv", CSV)).json
        self.assertEqual(len(preview(made, "a.csv").json["data"]), 10)
        told = preview(made, "a.csv", "?limit=2&offset=57").json
        self.assertEqual((told["returned_rows"], told["total_rows"]), (2, 60))
        self.assertEqual([row[0] for row in told["data"]], ["57", "58"])
        self.assertEqual(preview(made, "a.csv", "?limit=100&offset=1000").json["data"], [])
        for query in ("?limit=101", "?limit=0", "?offset=-1", "?limit=x"):
            self.assertEqual(preview(made, "a.csv", query).status, 400)

    def test_of_json(self):
        array = json.dumps(ROWS).encode()
        lines = b"".join(json.dumps(row).encode() + b"\n" for row in ROWS)
        for name, data in (("a.json", array), ("a.ndjson", lines), ("a.jsonl.gz", gzip.compress(lines))):
            with self.subTest(name):
                made = upload((name, data))
                self.assertEqual(made.status, 200, made)
                told = preview(made.json, name, "?limit=3&offset=1")
                self.assertEqual(told.status, 200, told)
                self.assertEqual(told.json["data"], ROWS[1:4])
                self.assertNotIn("columns", told.json)

    def test_of_other_forms(self):
        for name, data in (("a.tsv", CSV.replace(b",", b"\t")), ("a.csv.gz", gzip.compress(CSV)),
                           ("latin.csv", CSV.replace(b"x1", b"\xe9"))):
            with self.subTest(name):
                told = preview(upload((name, data)).json, name, "?limit=1")
                self.assertEqual(told.json["data"], [["0", "x0", "0"]], told)

    def test_what_stands_far_behind_the_beginning(self):
        data = b"a,y\n" + b"plain,1\n" * 200000 + b"\xe9,2\n"
        told = preview(upload(("far.csv", data)).json, "far.csv", "?offset=200000")
        self.assertEqual(told.json["data"], [["\xe9", "2"]], told)

    def test_names(self):
        made = upload(("my table.csv", CSV)).json
        self.assertEqual(system.call("GET", made["files"][0]["preview_url"]).status, 200)
        self.assertEqual(preview(made, "no.csv").status, 404)
        self.assertEqual(preview(made, "..%2F..%2Fetc%2Fpasswd").status, 404)
        made = system.call("POST", "/uploads", {"filename": "a.csv", "content_type": "text/csv"}).json
        self.assertEqual(preview(made, "a.csv").status, 409)


class LongTables(unittest.TestCase):
    """Of these only some rows are looked at, but all are counted."""

    def test_rows(self):
        data = b"a,y\n" + b"".join(b"%d,1\n" % n for n in range(600001))
        for name, table in (("a.csv", data), ("a.csv.gz", gzip.compress(data, 1))):
            answer = upload((name, table))
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(answer.json["files"][0]["rows"], 600001)


class Archives(unittest.TestCase):
    def assert_refused(self, data, *words):
        answer = upload(("data.zip", data))
        self.assertEqual((answer.status, answer.json["error"]["code"]), (422, "validation_error"), answer)
        for word in words:
            self.assertIn(word, answer.json["error"]["message"])

    def test_one_table(self):
        for packing in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
            data = archive(("data/", b""), ("data/README.md", b"about it"), ("data/a.csv", CSV),
                           ("__MACOSX/data/._a.csv", b"junk"), packing=packing)
            answer = upload(("data.zip", data))
            self.assertEqual(answer.status, 200, answer)
            file = answer.json["files"][0]
            self.assertEqual((file["filename"], file["table"], file["rows"]), ("data.zip", "a.csv", 60))
            told = preview(answer.json, "data.zip", "?limit=1")
            self.assertEqual(told.json["data"], [["0", "x0", "0"]], told)

    def test_among_other_files(self):
        answer = upload(("a.csv", CSV), ("b.zip", archive(("../../b.csv", CSV))))
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual([file["rows"] for file in answer.json["files"]], [60, 60])

    def test_equal_builds(self):
        table = read_table("penguins.csv")
        plain = upload(("penguins.csv", table)).json["upload_id"]
        packed = upload(("penguins.zip", archive(("penguins.csv", table)))).json["upload_id"]
        digests = []
        for name, dataset in (("plain", plain), ("packed", packed)):
            job = system.build(name, dataset, "predict the species", max_iterations=1)
            digests.append(system.wait_for_job(job, "COMPLETED")["result"]["artifact_digest"])
        self.assertEqual(digests[0], digests[1])

    def test_no_table_or_several(self):
        self.assert_refused(archive(), "no table")
        self.assert_refused(archive(("a.md", b"x"), ("b.md", b"y")), "no table")
        self.assert_refused(archive(("a.csv", CSV), ("b.csv", CSV)), "several tables", "a.csv", "b.csv")
        self.assert_refused(archive(("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>")), "Excel")

    def test_bombs_and_broken_ones(self):
        line = base64.b64encode(os.urandom(9000)) + b"\n"  # so that it packs some 100 times
        self.assert_refused(archive(("a.csv", line * ((210 << 20) // len(line)))), "limit")
        self.assert_refused(archive(("a.csv", b"0" * (100 << 20))), "times its size")
        whole = archive(("a.csv", CSV))
        self.assert_refused(whole[:-30], "broken")
        self.assert_refused(whole[:60] + b"\xff\xff\xff\xff" + whole[64:], "broken")
        locked = bytearray(whole)
        locked[locked.index(b"PK\1\2") + 8] |= 1
        self.assert_refused(bytes(locked), "password")
        inner = archive(("a.csv", CSV))
        self.assert_refused(archive(("inner.zip", inner)), "ZIP archive within another")


if __name__ == "__main__":
    unittest.main()

"""Uploads over HTTP: every way in, and every way to get it wrong."""

import gzip
import re
import unittest

from wire import call, send, table, upload_parts

CSV = b"a,b\n1,x\n2,y\n3,z\n"
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")


def announce(filename="a.csv", content_type="text/csv", **more):
    return call("POST", "/uploads", dict(more, filename=filename, content_type=content_type))


def put(url, data=CSV, content_type="text/csv"):
    return send("PUT", url, data, {"Content-Type": content_type})


class SignedPut(unittest.TestCase):
    def test_one_file(self):
        made = announce()
        self.assertEqual(made.status, 200, made)
        self.assertEqual(made.json["status"], "pending")
        self.assertRegex(made.json["upload_id"], "^upload_[a-z0-9]{20}$")
        self.assertRegex(made.json["expires_at"], TIME)
        self.assertEqual(put(made.json["presigned_url"]).status, 200)
        confirmed = call(
            "POST",
            "/uploads/status",
            {
                "upload_id": made.json["upload_id"],
                "filename": "a.csv",
                "s3_key": made.json["key"],
            },
        )
        self.assertEqual(confirmed.status, 200, confirmed)
        self.assertEqual(confirmed.json["status"], "complete")
        file = confirmed.json["files"][0]
        self.assertEqual((file["rows"], file["columns"], file["size_bytes"]), (3, 2, len(CSV)))
        self.assertEqual([c["name"] for c in file["column_info"]], ["a", "b"])
        self.assertEqual([c["type"] for c in file["column_info"]], ["integer", "string"])

    def test_several_files_by_the_reference(self):
        files = [
            {"filename": "a.csv", "content_type": "text/csv", "size_bytes": len(CSV)},
            {"filename": "b.csv", "content_type": "text/csv"},
        ]
        made = call("POST", "/data/upload", {"name": "both", "description": "d", "files": files})
        self.assertEqual(made.status, 200, made)
        self.assertEqual((made.json["name"], made.json["description"]), ("both", "d"))
        for file in made.json["files"]:
            self.assertEqual(put(file["presigned_url"]).status, 200)
        body = {
            "upload_id": made.json["upload_id"],
            "status": "complete",
            "files": [{"filename": f["filename"], "s3_key": f["s3_key"]} for f in made.json["files"]],
        }
        confirmed = call("POST", "/uploads/status", body)
        self.assertEqual(confirmed.status, 200, confirmed)
        self.assertEqual(confirmed.json["status"], "complete")
        again = call("POST", "/uploads/status", body)
        self.assertEqual((again.status, again.json["status"]), (200, "complete"))

    def test_form_fields(self):
        made = call(
            "POST",
            "/uploads",
            "filename=a.csv&content_type=application%2Foctet-stream",
            {"Content-Type": "application/x-www-form-urlencoded"},
        )
        self.assertEqual(made.status, 200, made)
        self.assertEqual(
            put(made.json["presigned_url"], content_type="application/octet-stream").status, 200
        )
        confirmed = call(
            "POST",
            "/uploads/status",
            f"upload_id={made.json['upload_id']}&filename=a.csv&s3_key={made.json['key']}",
            {"Content-Type": "application/x-www-form-urlencoded"},
        )
        self.assertEqual(confirmed.json["status"], "complete", confirmed)

    def test_confirming_before_the_file_is_there(self):
        made = announce()
        answer = call(
            "POST", "/uploads/status", {"upload_id": made.json["upload_id"], "filename": "a.csv"}
        )
        self.assertEqual(answer.status, 409, answer)
        self.assertIn("a.csv has not arrived", answer.json["error"]["message"])
        self.assertEqual(put(made.json["presigned_url"]).status, 200)

    def test_a_url_that_was_changed(self):
        url = announce().json["presigned_url"]
        answer = put(url[:-1] + ("0" if url[-1] != "0" else "1"))
        self.assertEqual(answer.status, 403)
        self.assertEqual(answer.json["error"]["code"], "forbidden")
        self.assertEqual(put(url.replace("/0?", "/1?")).status, 403)

    def test_another_content_type(self):
        answer = put(announce().json["presigned_url"], content_type="text/plain")
        self.assertEqual(answer.status, 400)
        self.assertIn("text/csv", answer.json["error"]["message"])


class Multipart(unittest.TestCase):
    def test_files_are_complete_at_once(self):
        for field in ("file", "files"):
            answer = upload_parts([(field, "a.csv", CSV)])
            self.assertEqual((answer.status, answer.json["status"]), (200, "complete"), answer)
            self.assertEqual(answer.json["files"][0]["rows"], 3)

    def test_a_real_table(self):
        answer = upload_parts([("file", "telco_churn.csv", table("telco_churn.csv"))])
        self.assertEqual(answer.status, 200, answer)
        file = answer.json["files"][0]
        self.assertEqual((file["rows"], file["columns"]), (7043, 20))

    def test_gzip(self):
        answer = upload_parts([("file", "a.csv.gz", gzip.compress(CSV))])
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json["files"][0]["rows"], 3)

    def test_names_lose_their_folders(self):
        answer = upload_parts([("file", "../../etc/passwd.csv", CSV)])
        self.assertEqual(answer.json["files"][0]["filename"], "passwd.csv", answer)

    def test_a_name_beside_the_file(self):
        answer = upload_parts([("name", None, b"my table"), ("file", "a.csv", CSV)])
        self.assertEqual((answer.status, answer.json["name"]), (200, "my table"), answer)
        for name in (b"\xff\xfe", b"x" * 500):
            answer = upload_parts([("name", None, name), ("file", "a.csv", CSV)])
            self.assertEqual(answer.status, 422, answer)
            self.assertIn("name", answer.json["error"]["details"])

    def test_no_file(self):
        for parts in ([("name", None, b"x")], [("other", "a.csv", CSV)]):
            answer = upload_parts(parts)
            self.assertEqual(answer.status, 400, answer)
            self.assertIn("files", answer.json["error"]["message"])

    def test_a_form_that_says_nothing(self):
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        for path, wanted in (("/uploads", "filename"), ("/uploads/status", "upload_id")):
            for body in (b"name=x", b""):
                answer = call("POST", path, body, kind)
                self.assertEqual(answer.status, 400, answer)
                self.assertIn(wanted, answer.json["error"]["message"])

    def test_a_name_that_comes_twice(self):
        answer = upload_parts([("files", "a.csv", CSV), ("files", "a.csv", CSV)])
        self.assertEqual(answer.status, 422, answer)

    def test_too_many_files(self):
        answer = upload_parts([("files", f"{n}.csv", CSV) for n in range(51)])
        self.assertEqual(answer.status, 422, answer)
        self.assertIn("50", answer.json["error"]["message"])


class BadTables(unittest.TestCase):
    """Each is refused with a reason, and the upload remembers it as failed."""

    TABLES = {
        "empty": b"",
        "header only": b"a,b\n",
        "binary": bytes(range(256)) * 64,
        "ragged": b"a,b\n1,2\n1,2,3\n1\n" * 20,
        "ten thousand columns": (",".join(f"c{n}" for n in range(10000)) + "\n").encode()
        + (",".join("1" for n in range(10000)) + "\n").encode(),
    }

    def test_bad_tables(self):
        for what, data in self.TABLES.items():
            with self.subTest(what):
                answer = upload_parts([("file", "bad.csv", data)])
                self.assertEqual(answer.status, 422, answer)
                self.assertEqual(answer.json["error"]["code"], "validation_error")
                self.assertGreater(len(answer.json["error"]["message"]), 10)
                page = call("GET", "/uploads?limit=1&status=failed").json["uploads"]
                self.assertEqual(page[0]["status"], "failed")
                self.assertEqual(page[0]["error"], answer.json["error"]["message"])

    def test_a_failed_upload_stays_failed(self):
        made = announce()
        put(made.json["presigned_url"], b"")
        body = {"upload_id": made.json["upload_id"], "filename": "a.csv"}
        first = call("POST", "/uploads/status", body)
        second = call("POST", "/uploads/status", body)
        self.assertEqual((first.status, second.status), (422, 422))
        self.assertEqual(first.json["error"]["message"], second.json["error"]["message"])
        self.assertEqual(put(made.json["presigned_url"]).status, 409)

    def test_files_with_other_columns(self):
        answer = upload_parts([("files", "a.csv", CSV), ("files", "b.csv", b"a,c\n1,2\n")])
        self.assertEqual(answer.status, 422, answer)
        self.assertIn("a.csv", answer.json["error"]["message"])
        self.assertIn("b.csv", answer.json["error"]["message"])


class BadRequests(unittest.TestCase):
    def test_bodies(self):
        good = {"filename": "a.csv", "content_type": "text/csv"}
        cases = [
            ("not JSON", "{", 400, None),
            ("no object", "[]", 422, None),
            ("nothing", "{}", 422, "files"),
            ("no files", '{"files": []}', 422, "files"),
            ("no type", {"files": [{"filename": "a.csv"}]}, 422, "files[0].content_type"),
            ("a wrong type", {"files": [dict(good, size_bytes="5")]}, 422, "files[0].size_bytes"),
            ("a huge size", {"files": [dict(good, size_bytes=1 << 60)]}, 422, "files[0].size_bytes"),
            ("the same name twice", {"files": [good, good]}, 422, "files[1].filename"),
            ("no name", dict(good, filename=".."), 422, "filename"),
            ("a misspelt field", dict(good, descripton="x"), 422, "descripton"),
            ("a NUL", dict(good, name="a\0b"), 422, "name"),
            ("51 files", {"files": [dict(good, filename=f"{n}.csv") for n in range(51)]}, 422, "files"),
        ]
        for what, body, status, field in cases:
            with self.subTest(what):
                answer = call("POST", "/uploads", body, {"Content-Type": "application/json"})
                self.assertEqual(answer.status, status, answer)
                if field is not None:
                    self.assertIn(field, answer.json["error"]["details"])

    def test_confirmations(self):
        made = announce()
        identity = {"upload_id": made.json["upload_id"]}
        for more, field in (
            ({"filename": "b.csv"}, "filename"),
            ({"filename": "a.csv", "s3_key": "x"}, "s3_key"),
            ({"files": [{"filename": "b.csv"}]}, "files[0].filename"),
            ({"status": "failed"}, "status"),
        ):
            answer = call("POST", "/uploads/status", dict(identity, **more))
            self.assertEqual(answer.status, 422, answer)
            self.assertIn(field, answer.json["error"]["details"])
        answer = call("POST", "/uploads/status", {"upload_id": "upload_" + "0" * 20})
        self.assertEqual(answer.status, 404, answer)
        answer = call("POST", "/uploads/status", {"filename": "a.csv"})
        self.assertEqual(answer.status, 422, answer)
        self.assertIn("upload_id", answer.json["error"]["details"])

    def test_no_key(self):
        for method, path in (("GET", "/uploads"), ("POST", "/uploads"), ("POST", "/uploads/status")):
            answer = call(method, path, None if method == "GET" else {}, {"Authorization": ""})
            self.assertEqual(answer.status, 401, answer)
        answer = upload_parts([("file", "a.csv", CSV)])
        self.assertEqual(answer.status, 200)


class Looking(unittest.TestCase):
    def test_one(self):
        made = upload_parts([("file", "a.csv", CSV)]).json
        found = call("GET", "/uploads/" + made["upload_id"])
        self.assertEqual(found.status, 200, found)
        for name in ("upload_id", "name", "description", "created_at", "status", "files", "created_by"):
            self.assertIn(name, found.json)
        self.assertRegex(found.json["created_at"], TIME)
        for name in ("filename", "size_bytes", "rows", "columns", "column_info", "s3_key", "content_type"):
            self.assertIn(name, found.json["files"][0])
        self.assertEqual(call("GET", "/uploads/upload_" + "0" * 20).status, 404)

    def test_pages(self):
        ids = [announce().json["upload_id"] for _ in range(3)]
        page = call("GET", "/uploads?limit=2").json
        self.assertEqual([u["upload_id"] for u in page["uploads"]], [ids[2], ids[1]])
        self.assertEqual((page["pagination"]["limit"], page["pagination"]["offset"]), (2, 0))
        self.assertTrue(page["pagination"]["has_more"])
        total = page["pagination"]["total"]
        last = call("GET", f"/uploads?offset={total - 1}").json
        self.assertEqual(len(last["uploads"]), 1)
        self.assertFalse(last["pagination"]["has_more"])
        pending = call("GET", "/uploads?status=pending&limit=100").json
        self.assertEqual({u["status"] for u in pending["uploads"]}, {"pending"})

    def test_wrong_queries(self):
        for query in ("limit=0", "limit=101", "limit=x", "offset=-1", "status=x", "sort=x", "order=x"):
            answer = call("GET", "/uploads?" + query)
            self.assertEqual(answer.status, 400, (query, answer))


if __name__ == "__main__":
    unittest.main()

"""Uploads as datasets: their versions, who uses them, their end, and every way to confirm."""

import threading
import unittest

from support import System, multipart

CSV = b"a,b,y\n" + b"".join(b"%d,x,%d\n" % (n, n % 2) for n in range(30))
system = None


def setUpModule():
    global system
    system = System(workers=0)
    system.__enter__()
    unittest.addModuleCleanup(system.__exit__)


def upload(data=CSV, filename="a.csv", name=None, key=None):
    parts = [] if name is None else [("name", None, name.encode())]
    body, kind = multipart(parts + [("files", filename, data)])
    return system.call("POST", "/uploads", body, {"Content-Type": kind}, key=key)


def build(name, dataset):
    return system.call("POST", "/models/" + name, {"intent": "predict y", "dataset_id": dataset})


class Detail(unittest.TestCase):
    def test_an_upload_tells_its_columns_and_its_models(self):
        made = upload(b"id,a,y\n1,x,0\n2,,1\n3,x,1\n", "my table.csv").json
        file = system.call("GET", "/uploads/" + made["upload_id"]).json["files"][0]
        self.assertEqual(file["preview_url"],
                         f"/uploads/{made['upload_id']}/files/my%20table.csv/preview")
        told = [(c["name"], c["type"], c["nullable"], c["unique"]) for c in file["column_info"]]
        self.assertEqual(told, [("id", "integer", False, True), ("a", "string", True, False),
                                ("y", "integer", False, False)])
        self.assertEqual(build("detail", made["upload_id"]).status, 200)
        found = system.call("GET", "/uploads/" + made["upload_id"]).json
        self.assertEqual(found["models_using_this"],
                         [{"model_id": "detail:v1.0", "model_name": "detail", "version": "v1.0"}])

    def test_older_paths_of_the_list(self):
        upload()
        told = system.call("GET", "/uploads?limit=1").json
        for path in ("/data/uploads?limit=1", "/data/upload?limit=1"):
            self.assertEqual(system.call("GET", path).json, told)
        self.assertEqual(system.call("GET", "/uploads?status=deleted").status, 400)


class Confirm(unittest.TestCase):
    def test_by_the_path(self):
        for body in (None, {}, {"status": "complete"}, "filename=a.csv"):
            with self.subTest(body):
                made = system.call("POST", "/uploads", {"filename": "a.csv", "content_type": "text/csv"}).json
                where = made["presigned_url"].split(f":{system.upload_port}", 1)[1]
                put = system.send("PUT", where, CSV, {"Content-Type": "text/csv"}, system.upload_port)
                self.assertEqual(put.status, 200, put)
                kind = {"Content-Type": "application/x-www-form-urlencoded"} if isinstance(body, str) else {}
                path = f"/uploads/{made['upload_id']}/status"
                wrong = system.call("POST", path, {"upload_id": "upload_" + "0" * 20})
                self.assertEqual(wrong.status, 422, wrong)
                self.assertIn("upload_id", wrong.json["error"]["details"])
                answer = system.call("POST", path, body, kind)
                self.assertEqual((answer.status, answer.json["status"]), (200, "complete"), answer)
                self.assertEqual(answer.json["upload_id"], made["upload_id"])

    def test_of_another_account(self):
        made = upload().json
        key = system.make_key("confirmer")
        for answer in (system.call("POST", f"/uploads/{made['upload_id']}/status", {}, key=key),
                       system.call("DELETE", "/uploads/" + made["upload_id"], key=key)):
            self.assertEqual((answer.status, answer.json["error"]["code"]), (404, "not_found"), answer)


class Versions(unittest.TestCase):
    def test_the_newest_comes_first(self):
        ids = [upload(name="history").json["upload_id"] for _ in range(3)]
        told = system.call("GET", "/uploads/datasets/history/versions")
        self.assertEqual(told.status, 200, told)
        self.assertEqual(told.json["dataset_name"], "history")
        self.assertEqual([(v["version"], v["upload_id"]) for v in told.json["versions"]],
                         [("v3.0", ids[2]), ("v2.0", ids[1]), ("v1.0", ids[0])])
        first = told.json["versions"][0]
        self.assertEqual((first["status"], first["file_count"], first["total_size_bytes"]),
                         ("complete", 1, len(CSV)))
        system.call("DELETE", "/uploads/" + ids[1])
        told = system.call("GET", "/uploads/datasets/history/versions").json["versions"]
        self.assertEqual([v["version"] for v in told], ["v3.0", "v1.0"])

    def test_a_name_nobody_uses(self):
        upload(name="mine")
        self.assertEqual(system.call("GET", "/uploads/datasets/nothing/versions").status, 404)
        other = system.make_key("looker")
        answer = system.call("GET", "/uploads/datasets/mine/versions", key=other)
        self.assertEqual(answer.status, 404, answer)

    def test_a_name_means_its_newest_complete_upload(self):
        upload(name="daily")
        newest = upload(name="daily").json["upload_id"]
        self.assertEqual(upload(b"", name="daily").status, 422)
        self.assertEqual(build("of-a-name", "daily").status, 200)
        users = system.call("GET", "/uploads/" + newest).json["models_using_this"]
        self.assertEqual([user["model_name"] for user in users], ["of-a-name"])
        self.assertEqual(build("of-no-name", "weekly").status, 404)


class Delete(unittest.TestCase):
    def test_it_is_gone(self):
        made = upload().json["upload_id"]
        answer = system.call("DELETE", "/uploads/" + made)
        self.assertEqual((answer.status, answer.json["status"]), (200, "deleted"), answer)
        self.assertEqual(answer.json["upload_id"], made)
        self.assertRegex(answer.json["deleted_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        for method in ("GET", "DELETE"):
            self.assertEqual(system.call(method, "/uploads/" + made).status, 404)
        self.assertEqual(build("of-what-is-gone", made).status, 404)

    def test_not_while_a_model_uses_it(self):
        made = upload().json["upload_id"]
        job = build("user-of-it", made).json["job_id"]
        answer = system.call("DELETE", "/uploads/" + made)
        self.assertEqual((answer.status, answer.json["error"]["code"]), (409, "conflict"), answer)
        self.assertIn("user-of-it:v1.0", answer.json["error"]["message"])
        system.sql("update versions set status = 'DELETED', revision = revision + 1"
                   f" where dataset_id = '{made}'")
        answer = system.call("DELETE", "/uploads/" + made)
        self.assertEqual(answer.status, 409, answer)
        self.assertIn(job, answer.json["error"]["message"])
        self.assertEqual(system.call("POST", f"/jobs/{job}/cancel").status, 200)
        self.assertEqual(system.call("DELETE", "/uploads/" + made).status, 200)

    def test_a_build_or_the_end_but_not_both(self):
        for turn in range(10):
            made = upload(name="race").json["upload_id"]
            answers = {}

            def run(what, *request):
                answers[what] = what(*request)

            def end(which):
                return system.call("DELETE", "/uploads/" + which)

            threads = [threading.Thread(target=run, args=(build, f"race-{turn}", made)),
                       threading.Thread(target=run, args=(end, made))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertIn((answers[build].status, answers[end].status), ((200, 409), (404, 200)))


class Names(unittest.TestCase):
    """File names are told, never used as paths; those that cannot be told are refused."""

    def test_announced(self):
        for name in ("..", "../", "/", "a\0b.csv", "x" * 300, "", "\x01\x02"):
            with self.subTest(name):
                answer = system.call("POST", "/uploads", {"filename": name, "content_type": "text/csv"})
                self.assertEqual(answer.status, 422, answer)
                self.assertIn("filename", answer.json["error"]["details"])

    def test_sent(self):
        for name in ("..", "../", "x" * 300):
            with self.subTest(name):
                answer = upload(filename=name)
                self.assertIn(answer.status, (400, 422), answer)

    def test_made_harmless(self):
        for name, told in (("../../a.csv", "a.csv"), ("..\\a.csv", "a.csv"), ("/etc/passwd", "passwd"),
                           ("a%2Fb.csv", "a%2Fb.csv")):
            answer = upload(filename=name)
            self.assertEqual((answer.status, answer.json["files"][0]["filename"]), (200, told), answer)


class OtherColumns(unittest.TestCase):
    def test_both_files_and_the_columns_are_named(self):
        body, kind = multipart([("files", "first.csv", b"a,b,y\n1,2,3\n"), ("files", "other.csv", b"a,c,y\n1,2,3\n")])
        answer = system.call("POST", "/uploads", body, {"Content-Type": kind})
        self.assertEqual(answer.status, 422, answer)
        for word in ("first.csv", "other.csv", "'b'", "'c'"):
            self.assertIn(word, answer.json["error"]["message"])


if __name__ == "__main__":
    unittest.main()

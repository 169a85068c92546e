"""Models, versions and jobs over HTTP: what is answered, and what is refused and how."""

import json
import os
import re
import signal
import unittest

from support import System, wait_for

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
CSV = b"a,b,y\n" + b"".join(b"%d,x,%d\n" % (n, n % 2) for n in range(30))
STATUS = {
    "invalid_request": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "payload_too_large": 413,
    "validation_error": 422,
}
system = None
dataset = None


def setUpModule():
    global system, dataset
    system = System(workers=0, MAX_BODY_KB=64)
    system.__enter__()
    unittest.addModuleCleanup(system.__exit__)
    answer = system.upload("small.csv", CSV)
    assert answer.status == 200, answer
    dataset = answer.json["upload_id"]


def good(**more):
    return dict({"intent": "predict y", "dataset_id": dataset}, **more)


class Case(unittest.TestCase):
    def assert_error(self, answer, code, words="", status=None):
        """The answer is an error of this code, in the form that clients of every age read."""
        self.assertEqual(answer.status, status or STATUS[code], answer)
        body = answer.json
        self.assertEqual(set(body), {"error", "request_id", "detail", "message"}, answer)
        self.assertEqual(body["error"]["code"], code, answer)
        self.assertEqual(body["error"]["status"], answer.status)
        self.assertEqual(body["error"]["message"], body["message"])
        self.assertEqual(body["error"]["message"], body["detail"])
        self.assertEqual(body["request_id"], answer.headers["x-request-id"])
        self.assertIn(words, body["message"])
        self.assertLessEqual(set(body["error"]), {"code", "message", "status", "details"})

    def assert_untouched(self, name):
        """Nothing was made under this name."""
        self.assertEqual(system.call("GET", "/models/" + name).status, 404)
        count = system.sql(f"select count(*) from jobs where model_name = '{name}'")
        self.assertEqual(count, "0")

    def create(self, model, **more):
        answer = system.call("POST", "/models/" + model, good(**more))
        self.assertEqual(answer.status, 200, answer)
        return answer.json


class BadBodies(Case):
    def refuse(self, body, code, words="", field=None, status=None):
        answer = system.call("POST", "/models/refused", body)
        with self.subTest(body=body if not isinstance(body, bytes) else body[:60]):
            self.assert_error(answer, code, words, status)
            if field is not None:
                self.assertIn(field, answer.json["error"]["details"])
            self.assert_untouched("refused")
        return answer

    def test_not_json(self):
        for body in ("", "{", "nonsense", '{"intent": "a",}', "{'intent': 'a'}", b"\x00\x01", b'{"a":"\xff"}'):
            self.refuse(body, "invalid_request")
        self.refuse('{"intent":"a","intent":"b"}', "invalid_request", "duplicate")
        self.refuse("[" * 40 + "]" * 40, "invalid_request", "nested")
        self.refuse('{"a":1e999}', "invalid_request")
        self.refuse('{"a":99999999999999999999}', "invalid_request")

    def test_no_object(self):
        for body in ("[]", "3", "null", '"text"', "true"):
            self.refuse(body, "validation_error", "must be a JSON object")

    def test_missing_fields(self):
        self.refuse({"dataset_id": dataset}, "validation_error", "Missing required field: intent", "intent")
        self.refuse({"intent": "predict y"}, "validation_error", "Missing required field: dataset_id")
        answer = self.refuse({}, "validation_error", "intent")
        self.assertEqual(set(answer.json["error"]["details"]), {"intent", "dataset_id"})

    def test_wrong_types_and_limits(self):
        cases = [
            ("intent", 7), ("intent", ""), ("intent", "  "), ("intent", "x" * 5000), ("intent", "a\0b"),
            ("name", []), ("name", "x" * 300), ("description", {}), ("description", "x" * 5000),
            ("dataset_id", 5), ("dataset_id", ""), ("dataset_id", ["a"]),
            ("dataset_id", "ftp://example.org/a.csv"),
            ("input_schema", []), ("input_schema", {"a": "flot"}), ("input_schema", {"a": None}),
            ("input_schema", {"": "float"}), ("output_schema", "y"),
            ("tags", "a"), ("tags", [1]), ("tags", ["x" * 101]), ("tags", ["t"] * 51),
            ("max_iterations", 0), ("max_iterations", 101), ("max_iterations", "3"),
            ("timeout", -1), ("timeout", 1.5), ("seed", -1), ("seed", "x"),
            ("metric", 3), ("target", []),
        ]
        for field, value in cases:
            self.refuse(good(**{field: value}), "validation_error", field, field)

    def test_unknown_fields_get_a_suggestion(self):
        answer = self.refuse(good(datset_id="x"), "validation_error", "did you mean dataset_id?", "datset_id")
        self.assertEqual(len(answer.json["error"]["details"]), 1)
        self.refuse(good(zzzzzzzz=1), "validation_error", "unknown field", "zzzzzzzz")

    def test_spellings_that_differ(self):
        self.refuse(good(goal="another"), "validation_error", "differs from intent", "goal")
        self.refuse(good(upload_id="another"), "validation_error", "differs from dataset_id", "upload_id")
        self.refuse(good(metric="a", eval="b"), "validation_error", "differs from metric", "eval")

    def test_every_problem_is_told_at_once(self):
        body = {"goal": 7, "dataset_id": dataset, "tags": 1, "timeout": 0, "colour": "red"}
        details = self.refuse(body, "validation_error").json["error"]["details"]
        self.assertEqual(set(details), {"goal", "tags", "timeout", "colour"})

    def test_unknown_datasets(self):
        for field in ("dataset_id", "upload_id", "data_reference"):
            body = {"intent": "predict y", field: "upload_00000000000000000000"}
            self.refuse(body, "not_found", field)
        self.refuse(good(dataset_id="' or 1=1 --"), "not_found")

    def test_another_account_has_the_dataset(self):
        other = system.make_key("other")
        answer = system.call("POST", "/models/refused", good(), key=other)
        self.assert_error(answer, "not_found", "dataset_id")

    def test_a_dataset_that_is_not_whole(self):
        made = system.call("POST", "/uploads", {"filename": "a.csv", "content_type": "text/csv"})
        self.assertEqual(made.status, 200, made)
        self.refuse(good(dataset_id=made.json["upload_id"]), "conflict", "/uploads/status")

    def test_a_dataset_that_failed(self):
        self.assertEqual(system.upload("empty.csv", b"").status, 422)
        failed = system.sql("select id from uploads where status = 'failed' limit 1")
        self.refuse(good(dataset_id=failed), "validation_error", "upload the table anew")

    def test_bodies_over_the_limit(self):
        for size in (64 * 1024 + 1, 1 << 20):
            self.refuse(b"a" * size, "payload_too_large", "64 KiB")
        chunks = (b"a" * 1024 for _ in range(100))
        answer = system.call("POST", "/models/refused", chunks_of(chunks), {"Transfer-Encoding": "chunked"})
        self.assert_error(answer, "payload_too_large")
        self.refuse(b" " * (64 * 1024), "invalid_request")

    def test_lengths_that_lie(self):
        head = f"POST /models/refused HTTP/1.1\r\nHost: x\r\nx-api-key: {system.key}\r\n"
        body = json.dumps(good())
        short = f"{head}Content-Length: {len(body) + 100}\r\n\r\n{body}".encode()
        heard = system.raw(short, half_close=True)
        self.assertNotIn(b" 200 ", heard)
        for length in ("-5", "abc", "99999999999999999999999"):
            heard = system.raw(f"{head}Content-Length: {length}\r\n\r\n{body}".encode(), listen_s=0.5)
            self.assertRegex(heard, rb"^(HTTP/1.1 4|$)")
        self.assert_untouched("refused")

    def test_forms_that_are_none(self):
        for kind in ("multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundry=x"):
            for port in (system.port, system.predict_port):
                body = json.dumps({"a": 1})
                answer = system.call("POST", "/models/none/v1.0/infer", body, {"Content-Type": kind}, port=port)
                self.assert_error(answer, "not_found")
            self.assertEqual(system.call("GET", "/models", headers={"Content-Type": kind}).status, 200)
            answer = system.call("POST", "/uploads", "nonsense", {"Content-Type": kind})
            self.assert_error(answer, "invalid_request", "no file in the body")

    def test_a_file_where_none_is_taken(self):
        body = b'--line0\r\nContent-Disposition: form-data; name="f"; filename="a.csv"\r\n\r\na\r\n--line0--\r\n'
        answer = system.call(
            "POST", "/models/refused", body, {"Content-Type": "multipart/form-data; boundary=line0"}
        )
        self.assert_error(answer, "invalid_request", "no file is taken here")


def chunks_of(chunks):
    """A body that http.client sends as it is: chunks in the form of chunked encoding."""
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


class BadRequests(Case):
    def test_names(self):
        for name in ("A", "-a", ".a", "a%20b", "a:b", "x" * 64, "caf%C3%A9", "predict"):
            answer = system.call("POST", "/models/" + name, good())
            self.assert_error(answer, "validation_error", "model_name")
        for name in ("build-logs", "list"):
            self.assert_error(system.call("POST", "/models/" + name, good()), "invalid_request", status=405)
        self.assert_error(system.call("POST", "/models/..%2Fa", good()), "validation_error")
        self.assert_error(system.call("POST", "/models/a%00b", good()), "invalid_request")

    def test_a_name_that_is_taken(self):
        self.create("taken")
        answer = system.call("POST", "/models/taken", good())
        self.assert_error(answer, "conflict", "POST /models/taken/versions")
        self.assertEqual(system.sql("select count(*) from jobs where model_name = 'taken'"), "1")

    def test_keys(self):
        reader = system.make_key("tester", "read_only")
        cases = [
            ({}, "missing_key"),
            ({"Authorization": ""}, "missing_key"),
            ({"Authorization": "Bearer "}, "missing_key"),
            ({"Authorization": "Basic abc"}, "missing_key"),
            ({"Authorization": "Bearer plx_sk_wrong"}, "invalid_key"),
            ({"x-api-key": "plx_sk_wrong"}, "invalid_key"),
            ({"x-api-key": "x" * 5000}, "invalid_key"),
        ]
        for headers, word in cases:
            answer = system.send("GET", "/models", headers=headers)
            self.assert_error(answer, "unauthorized")
            self.assertEqual(answer.json["error"]["details"], {"code": word})
            self.assertEqual(answer.headers["www-authenticate"], "Bearer")
        for headers in ({"Authorization": "Bearer " + reader}, {"x-api-key": reader}):
            self.assertEqual(system.send("GET", "/models", headers=headers).status, 200)
            answer = system.send("POST", "/models/x", "{}", headers)
            self.assert_error(answer, "forbidden", "read_write")

    def test_expired_and_revoked_keys(self):
        for word, change in (
            ("expired_key", "expires_at = now() - interval '1 s'"),
            ("revoked_key", "status = 'revoked'"),
        ):
            key = system.make_key("tester")
            self.assertEqual(system.call("GET", "/models", key=key).status, 200)
            system.sql(
                f"update keys set {change}, changed_at = clock_timestamp()"
                " where id = (select id from keys order by created_at desc limit 1)"
            )
            answer = wait_for(lambda: system.call("GET", "/models", key=key), lambda a: a.status != 200, 20)
            self.assert_error(answer, "unauthorized")
            self.assertEqual(answer.json["error"]["details"], {"code": word})

    def test_paths_and_methods(self):
        for path in ("/", "/nothing", "/models/a/b/c", "/models//status", "/jobs/a/b", "/v9/models"):
            self.assert_error(system.call("GET", path), "not_found")
        for method, path, allow in (
            ("DELETE", "/models", "GET, HEAD, POST, OPTIONS"),
            ("PUT", "/models/a", "GET, HEAD, POST, PATCH, DELETE, OPTIONS"),
            ("GET", "/models/a/v1.0/infer", "POST, OPTIONS"),
            ("PATCH", "/jobs/a/cancel", "POST, OPTIONS"),
        ):
            answer = system.call(method, path)
            self.assert_error(answer, "invalid_request", "not allowed", status=405)
            self.assertEqual(answer.headers["allow"], allow)

    def test_unknown_things(self):
        self.create("known")
        for path in (
            "/models/unknown", "/models/unknown/v1.0/status", "/models/known/v2.0/status",
            "/models/known/v2.0", "/models/known/newest/describe", "/models/known/ver_0",
            "/jobs/job_00000000000000000000", "/models/%27%3B%20drop%20table%20models",
        ):
            self.assert_error(system.call("GET", path), "not_found")
        self.assert_error(system.call("POST", "/jobs/unknown/cancel"), "not_found")

    def test_other_accounts_see_nothing(self):
        made = self.create("secret")
        other = system.make_key("stranger")
        for path in ("/models/secret", "/models/secret/v1.0", f"/models/secret/{made['version_id']}/status",
                     f"/jobs/{made['job_id']}", f"/uploads/{dataset}"):
            self.assert_error(system.call("GET", path, key=other), "not_found")
        self.assert_error(system.call("POST", f"/jobs/{made['job_id']}/cancel", key=other), "not_found")
        for path, name in (("/models", "models"), ("/jobs", "jobs"), ("/uploads", "uploads")):
            self.assertEqual(system.call("GET", path, key=other).json[name], [])

    def test_queries(self):
        for query in ("limit=0", "limit=101", "limit=x", "limit=", "limit=5%20", "offset=-1", "offset=1e3",
                      "status=ready", "status=DELETED", "sort_by=id", "sort_dir=up", "status=%FF"):
            self.assert_error(system.call("GET", "/models?" + query), "invalid_request")
        for query in ("status=DONE", "sort=name", "order=up", "limit=999999999999999999999"):
            self.assert_error(system.call("GET", "/jobs?" + query), "invalid_request")
        self.assert_error(system.call("GET", "/jobs?status=RUNNNIG"), "invalid_request", "did you mean RUNNING?")

    def test_garbage_on_the_wire(self):
        for data in (b"\r\n\r\n", b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x00" * 50,
                     b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
                     b"GET /healthz HTTP/1.1\r\nHost: x\r\nx: " + b"a" * 100000 + b"\r\n\r\n"):
            for port in (system.port, system.predict_port):
                heard = system.raw(data, port, half_close=True, listen_s=0.5)
                self.assertRegex(heard, rb"^(HTTP/1.1 (4|505)|$)")
        self.assertEqual(system.send("GET", "/healthz").status, 200)

    def test_the_predict_port_predicts_only(self):
        self.assert_error(system.call("GET", "/models", port=system.predict_port), "not_found")
        answer = system.call("POST", "/models/none/v1.0/infer", {"a": 1}, port=system.predict_port)
        self.assert_error(answer, "not_found", "none")
        answer = system.send("POST", "/models/none/v1.0/infer", "{}", port=system.predict_port)
        self.assert_error(answer, "unauthorized")


class Answers(Case):
    def test_a_build_is_accepted(self):
        made = self.create(
            "accepted", name="Accepted", description="d", tags=["a", "b"], input_schema={"a": "integer"},
            output_schema={"y": "float"}, metric="roc_auc", max_iterations=3, timeout=60, seed=7,
            target="y", provider="openai/x",
        )
        self.assertEqual(made["status"], "PENDING")
        self.assertEqual((made["model_name"], made["model_version"]), ("accepted", "v1.0"))
        self.assertEqual(made["model_id"].split(":"), ["accepted", "v1.0"])
        self.assertEqual(made["dataset_id"], dataset)
        self.assertRegex(made["created_at"], TIME)
        self.assertRegex(made["job_id"], "^job_[a-z0-9]{20}$")
        self.assertRegex(made["version_id"], "^ver_[a-z0-9]{20}$")
        message = json.loads(system.sql(f"select message from jobs where id = '{made['job_id']}'"))
        self.assertEqual(message["spec"]["seed"], 7)
        self.assertEqual(message["spec"]["target"], "y")
        self.assertEqual(message["spec"]["metric"], "roc_auc")
        self.assertEqual(message["spec"]["timeout_s"], 60)
        self.assertEqual(message["dataset"]["files"][0]["filename"], "small.csv")
        wait_for(lambda: system.sql("select count(*) from outbox"), lambda count: count == "0")

    def test_a_model(self):
        self.create("told", tags=["t"])
        model = system.call("GET", "/models/told").json
        self.assertEqual(model["name"], "Told")
        self.assertEqual(model["intent"], "predict y")
        self.assertEqual((model["status"], model["deployment_status"]), ("DRAFT", None))
        self.assertEqual(model["endpoint"], system.predict_url + "/models/told/v1.0/infer")
        self.assertEqual((model["metrics"], model["input_schema"], model["output_schema"]), ({}, {}, {}))
        self.assertEqual((model["dataset_id"], model["tags"]), (dataset, ["t"]))
        self.assertIsNone(model["description"])
        self.assertRegex(model["created_by"], "^user_")
        for field in ("created_at", "updated_at"):
            self.assertRegex(model[field], TIME)

    def test_a_version(self):
        made = self.create("version")
        expected = None
        for word in ("v1.0", "1", "latest", made["version_id"]):
            status = system.call("GET", f"/models/version/{word}/status").json
            expected = expected or status
            self.assertEqual(status, expected)
        self.assertEqual((status["status"], status["build_progress"]), ("DRAFT", 0))
        self.assertEqual(status["last_updated"], status["updated_at"])
        self.assertIsNone(status["error"])
        self.assertIn("no worker of the pool build was seen for 60 s", status["message"])
        whole = system.call("GET", "/models/version/v1.0").json
        described = system.call("GET", "/models/version/v1.0/describe").json
        for part in (status, described):
            for field in part:
                self.assertEqual(whole[field], part[field], field)
        self.assertEqual(described["training_info"]["feature_importance"], {})
        self.assertEqual(described["warnings"], [])

    def test_a_prediction_of_what_is_not_ready(self):
        self.create("unready")
        answer = system.call("POST", "/models/unready/v1.0/infer", {"a": 1})
        self.assert_error(answer, "conflict", "/models/unready/v1.0/status")

    def test_pages(self):
        key = system.make_key("pages")
        body, kind = b"a,y\n" + b"1,2\n" * 30, {"Content-Type": "text/csv"}
        made = system.call("POST", "/uploads", {"filename": "a.csv", "content_type": "text/csv"}, key=key)
        put = made.json["presigned_url"].split(str(system.upload_port), 1)[1]
        self.assertEqual(system.send("PUT", put, body, kind, port=system.upload_port).status, 200)
        confirmed = system.call("POST", "/uploads/status", {"upload_id": made.json["upload_id"]}, key=key)
        self.assertEqual(confirmed.status, 200, confirmed)
        for number in range(7):
            answer = system.call("POST", f"/models/page-{number}",
                                 {"goal": "predict y", "upload_id": made.json["upload_id"]}, key=key)
            self.assertEqual(answer.status, 200, answer)
        for path, items in (("/models", "models"), ("/jobs", "jobs")):
            seen = []
            for offset in range(0, 9, 3):
                page = system.call("GET", f"{path}?limit=3&offset={offset}", key=key).json
                seen += [item.get("job_id") or item["model_name"] for item in page[items]]
                self.assertEqual(page["pagination"], {"total": 7, "limit": 3, "offset": offset,
                                                      "has_more": offset + 3 < 7})
            self.assertEqual(len(set(seen)), 7)
        names = [m["model_name"] for m in system.call(
            "GET", "/models?sort_by=name&sort_dir=asc", key=key).json["models"]]
        self.assertEqual(names, [f"page-{number}" for number in range(7)])
        newest = system.call("GET", "/models?limit=1", key=key).json["models"][0]
        self.assertEqual(newest["model_name"], "page-6")
        self.assertEqual(system.call("GET", "/models?status=READY", key=key).json["models"], [])
        self.assertEqual(system.call("GET", "/jobs?type=other", key=key).json["pagination"]["total"], 0)

    def test_a_job(self):
        made = self.create("job")
        job = system.call("GET", "/jobs/" + made["job_id"]).json
        self.assertEqual((job["type"], job["status"], job["progress"]), ("model_build", "PENDING", 0))
        self.assertEqual((job["resource_id"], job["resource_type"]), ("job", "model"))
        self.assertGreaterEqual(job["position"], 1)
        self.assertIn(made["job_id"], job["logs_url"])
        for field in ("completed_at", "result", "error", "started_at"):
            self.assertIsNone(job[field])
        cancelled = system.call("POST", f"/jobs/{made['job_id']}/cancel")
        self.assertEqual((cancelled.status, cancelled.json["status"]), (200, "CANCELLED"))
        again = system.call("POST", f"/jobs/{made['job_id']}/cancel")
        self.assert_error(again, "conflict", "CANCELLED")
        job = system.call("GET", "/jobs/" + made["job_id"]).json
        self.assertEqual((job["status"], job["position"]), ("CANCELLED", None))
        self.assertEqual(job["error"]["code"], "cancelled")
        self.assertRegex(job["completed_at"], TIME)
        status = system.call("GET", "/models/job/v1.0/status").json
        self.assertEqual(status["status"], "ERROR")
        self.assertEqual(status["error"], status["error_message"])

    def test_health_and_metrics(self):
        for path in ("/healthz", "/health"):
            self.assertEqual(system.send("GET", path).json, {"status": "ok"})
        self.assertEqual(system.send("GET", "/readyz").status, 200)
        metrics = system.send("GET", "/metrics")
        self.assertTrue(metrics.headers["content-type"].startswith("text/plain"))
        for name in ("trainyard_http_requests_total", "trainyard_http_seconds_bucket",
                     "trainyard_outbox_rows", "trainyard_http_connections"):
            self.assertIn(name, metrics.body.decode())
        names = re.findall(r"^# TYPE (\S+)", metrics.body.decode(), re.M)
        self.assertEqual(len(names), len(set(names)))

    def test_options_head_and_origin(self):
        answer = system.send("OPTIONS", "/models/a")
        self.assertEqual((answer.status, answer.body), (204, b""))
        self.assertEqual(answer.headers["access-control-allow-origin"], "*")
        self.assertEqual(answer.headers["access-control-max-age"], "86400")
        self.assertIn("X-Api-Key", answer.headers["access-control-allow-headers"])
        head = system.call("HEAD", "/models")
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertGreater(int(head.headers["content-length"]), 0)
        answer = system.call("GET", "/models", headers={"Origin": "http://page"})
        self.assertEqual(answer.headers["access-control-allow-origin"], "*")

    def test_a_trace_goes_through(self):
        trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        answer = system.call("POST", "/models/traced", good(), {"traceparent": trace})
        kept = system.sql(f"select traceparent from jobs where id = '{answer.json['job_id']}'")
        self.assertEqual(kept, trace)
        answer = system.call("POST", "/models/untraced", good(), {"traceparent": "nonsense"})
        kept = system.sql(f"select traceparent from jobs where id = '{answer.json['job_id']}'")
        self.assertRegex(kept, "^00-[0-9a-f]{32}-[0-9a-f]{16}-01$")


class Process(Case):
    def test_mistakes_of_the_configuration_are_told_at_once(self):
        with self.assertRaises(RuntimeError) as caught:
            bad = System(workers=0, PORT="x", MAX_BODY_KB=0, LOG_LEVEL="loud")
            bad.database_url = ""
            try:
                bad.run("trainyard-api")
            finally:
                os.rmdir(bad.folder)
        for name in ("DATABASE_URL", "PORT", "MAX_BODY_KB", "LOG_LEVEL"):
            self.assertIn("TRAINYARD_" + name, str(caught.exception))

    def test_help_and_version(self):
        self.assertIn("TRAINYARD_MAX_BODY_KB", system.run("trainyard-api", "--help"))
        self.assertRegex(system.run("trainyard-api", "--version"), r"^trainyard-api \d")

    def test_zz_it_stops_when_told_and_comes_back(self):
        self.assertEqual(system.stop("api", signal.SIGTERM), 0)
        with self.assertRaises(OSError):
            system.send("GET", "/healthz")
        system.start_api()
        self.assertEqual(system.call("GET", "/models").status, 200)


if __name__ == "__main__":
    unittest.main()

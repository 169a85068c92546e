"""Older spellings: every path under /v0 and /v1, words of /v0, a model's name in the body."""

import json
import unittest

from support import System

CSV = b"a,b,y\n" + b"".join(b"%d,x,%d\n" % (n, n % 2) for n in range(30))
system = None
dataset = None


def setUpModule():
    global system, dataset
    system = System(workers=0)
    system.__enter__()
    unittest.addModuleCleanup(system.__exit__)
    dataset = system.upload("small.csv", CSV).json["upload_id"]


def create(path, **body):
    return system.call("POST", path, dict({"goal": "predict y", "upload_id": dataset, "eval": None}, **body))


class Aliases(unittest.TestCase):
    def test_every_get_answers_the_same_under_v1(self):
        made = create("/models/same").json
        for path in ("/models", "/models/same", "/models/same/v1.0", "/models/same/v1.0/status",
                     "/models/same/latest/describe", "/jobs", "/jobs/" + made["job_id"], "/uploads",
                     "/uploads/" + dataset, "/models/build-logs?job_id=" + made["job_id"], "/healthz"):
            bare = system.call("GET", path)
            self.assertEqual(bare.status, 200, bare)
            self.assertEqual(system.call("GET", "/v1" + path).body, bare.body)
            self.assertEqual(system.call("GET", "/v0" + path).status, 200)

    def test_v0_has_words_of_its_own(self):
        made = create("/v0/models/old/create")
        self.assertEqual(made.status, 200, made)
        self.assertEqual((made.json["status"], made.json["model_version"]), ("pending", "v1.0"))
        path = "/models/old/v1.0/status"
        status = system.call("GET", "/v0" + path).json
        self.assertEqual((status["status"], status["result"], status["error"]), ("pending", None, None))
        self.assertEqual(system.call("GET", path).json["status"], "DRAFT")
        for told in (("BUILDING", "processing"), ("READY", "completed")):
            report = json.dumps({"metric": "accuracy", "metrics": {"accuracy": 0.75}})
            system.sql(f"update versions set status = '{told[0]}', report = '{report}',"
                       " artifact_digest = 'none'"
                       f" where id = '{made.json['version_id']}'")
            self.assertEqual(system.call("GET", path).json["status"], told[0])
            self.assertEqual(system.call("GET", "/v0" + path).json["status"], told[1])
            self.assertEqual(system.call("GET", "/v0/models/old").json["status"], told[1])
            listed = system.call("GET", "/v0/models?limit=100").json["models"]
            self.assertEqual([m["status"] for m in listed if m["model_name"] == "old"], [told[1]])
        status = system.call("GET", "/v0" + path).json
        self.assertEqual(status["result"],
                         {"metric_name": "accuracy", "metric_value": 0.75, "valid_metric": 0.75})
        self.assertEqual(system.call("GET", "/v0/jobs/" + made.json["job_id"]).json["status"], "pending")

    def test_what_create_answers(self):
        made = create("/models/answers/create")
        self.assertEqual(made.status, 200, made)
        self.assertEqual(made.json["model_id"], "answers:v1.0")
        self.assertEqual(made.json["status"], "PENDING")
        self.assertEqual(
            (made.json["intent"], made.json["upload_id"], made.json["provider"]), ("predict y", dataset, "auto"))

    def test_a_name_in_the_body(self):
        for path, body, name in (
            ("/models", {"model_name": "in-the-body", "name": "Shown"}, "in-the-body"),
            ("/models/build", {"name": "Customer Churn -- Predictor 2!"}, "customer-churn-predictor-2"),
            ("/v1/models/build", {"name": "übermodel"}, "bermodel"),
        ):
            made = create(path, **body)
            self.assertEqual((made.status, made.json.get("model_name")), (200, name), made)
            self.assertEqual(system.call("GET", "/models/" + name).json["name"], body["name"])
        self.assertEqual(create("/models/build", model_name="in-the-body").status, 409)
        for body in ({}, {"name": "!!!"}, {"name": None}, {"model_name": "A b"}, {"model_name": 7}, {"name": 7},
                     {"model_name": "build"}):
            refused = create("/models", **body)
            self.assertEqual(refused.status, 422, refused)
            self.assertTrue({"model_name", "name"} & set(refused.json["error"]["details"]), refused)

    def test_older_paths(self):
        create("/models/listed")
        self.assertEqual(system.call("GET", "/models/list").body, system.call("GET", "/models").body)
        self.assertEqual(system.call("GET", "/models/list?limit=0").status, 400)
        for path in ("/v0", "/v1/", "/v2/models", "/v0/v0/models", "/V1/models"):
            self.assertEqual(system.call("GET", path).status, 404, path)
        self.assertEqual(system.send("GET", "/v0/models").status, 401)
        for path in ("/v0/healthz", "/v1/models/none/v1.0/infer"):
            answer = system.call("GET", path, port=system.predict_port)
            self.assertIn(answer.status, (200, 405), answer)


if __name__ == "__main__":
    unittest.main()

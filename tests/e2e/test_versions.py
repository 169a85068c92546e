"""Versions of models, and what is told and changed of models, over HTTP."""

import json
import re
import threading
import unittest

from support import System, wait_for

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
CSV = b"a,b,y\n" + b"".join(b"%d,x,%d\n" % (n, n % 2) for n in range(30))
system = None
dataset = None


def setUpModule():
    global system, dataset
    system = System(workers=0)
    system.__enter__()
    unittest.addModuleCleanup(system.__exit__)
    answer = system.upload("small.csv", CSV)
    assert answer.status == 200, answer
    dataset = answer.json["upload_id"]


class Case(unittest.TestCase):
    def call(self, method, path, body=None, **more):
        answer = system.call(method, path, body, **more)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def create(self, name, **more):
        return self.call("POST", "/models/" + name, dict({"intent": "predict y", "dataset_id": dataset}, **more))

    def refuse(self, method, path, body, status, code, words=""):
        answer = system.call(method, path, body)
        self.assertEqual((answer.status, answer.json["error"]["code"]), (status, code), answer)
        self.assertIn(words, json.dumps(answer.json["error"]))
        return answer.json["error"]

    def make_ready(self, version_id, report):
        system.sql(
            "update versions set status = 'READY', artifact_digest = 'd', revision = revision + 1,"
            f" updated_at = clock_timestamp(), report = '{json.dumps(report)}' where id = '{version_id}'"
        )


class Versions(Case):
    def test_a_further_version_is_asked_for_as_the_model_was(self):
        first = self.create("grows", input_schema={"a": "integer"}, output_schema={"y": "string"},
                            metric="accuracy", max_iterations=3, timeout=60, seed=7)
        self.make_ready(first["version_id"], {"metrics": {"accuracy": 0.9}})
        made = self.call("POST", "/models/grows/versions", {"dataset_id": dataset})
        self.assertEqual((made["status"], made["model_name"], made["model_version"]), ("PENDING", "grows", "v1.0"))
        self.assertEqual((made["version"], made["new_version"], made["model_id"]), (2, "v2.0", "grows:v2.0"))
        self.assertRegex(made["job_id"], "^job_")
        self.assertRegex(made["version_id"], "^ver_")
        self.assertRegex(made["created_at"], TIME)
        message = json.loads(system.sql(f"select message from jobs where id = '{made['job_id']}'"))
        self.assertEqual((message["version"], message["version_id"]), (2, made["version_id"]))
        self.assertEqual(message["spec"], {
            "intent": "predict y", "target": None, "metric": "accuracy", "input_schema": {"a": "integer"},
            "output_schema": {"y": "string"}, "max_iterations": 3, "timeout_s": 60, "seed": 7})
        kept = system.sql(f"select key = model_id, pool, kind from jobs where id = '{made['job_id']}'")
        self.assertEqual(kept, "t|build|model_build")

        other = {"upload_id": dataset, "goal": "predict b", "input_schema": {"y": "int"}, "output_schema": {"b": "str"}}
        made = self.call("POST", "/models/grows/versions", other)
        message = json.loads(system.sql(f"select message from jobs where id = '{made['job_id']}'"))
        self.assertEqual((made["version"], message["spec"]["intent"]), (3, "predict b"))
        self.assertEqual((message["spec"]["input_schema"], message["spec"]["output_schema"]), ({"y": "int"}, {"b": "str"}))

        told = self.call("GET", "/models/grows/versions")
        self.assertEqual((told["model_name"], told["model_version"]), ("grows", "v1.0"))
        self.assertEqual([(v["version"], v["status"], v["metrics"]) for v in told["versions"]],
                         [(3, "DRAFT", {}), (2, "DRAFT", {}), (1, "READY", {"accuracy": 0.9})])
        self.assertEqual(told["versions"][0]["version_id"], made["version_id"])
        self.assertRegex(told["versions"][0]["created_at"], TIME)
        for word in ("v3.0", "3", made["version_id"]):
            status = self.call("GET", f"/models/grows/{word}/status")
            self.assertEqual((status["model_version"], status["status"]), ("v3.0", "DRAFT"))
        # The model goes on as the version that answers.
        model = self.call("GET", "/models/grows")
        self.assertEqual((model["model_version"], model["status"], model["intent"]), ("v1.0", "READY", "predict y"))
        self.make_ready(made["version_id"], {"metrics": {"accuracy": 0.8}})
        model = self.call("GET", "/models/grows")
        self.assertEqual((model["model_version"], model["intent"]), ("v3.0", "predict b"))
        self.assertEqual((model["output_schema"], model["metrics"]), ({"b": "str"}, {"accuracy": 0.8}))

    def test_versions_made_at_once_have_numbers_of_their_own(self):
        self.create("crowd")
        made = []

        def make():
            made.append(self.call("POST", "/models/crowd/versions", {"dataset_id": dataset})["version"])

        threads = [threading.Thread(target=make) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(made), list(range(2, 18)))
        told = self.call("GET", "/models/crowd/versions")["versions"]
        self.assertEqual([version["version"] for version in told], list(range(17, 0, -1)))

    def test_what_cannot_be_made(self):
        self.create("picky")
        path = "/models/picky/versions"
        self.refuse("POST", path, {}, 422, "validation_error", "Missing required field: dataset_id")
        self.refuse("POST", path, {"dataset_id": dataset, "intnt": "x"}, 422, "validation_error", "did you mean intent?")
        self.refuse("POST", path, {"dataset_id": dataset, "name": "x"}, 422, "validation_error", "name")
        self.refuse("POST", path, {"dataset_id": dataset, "intent": " "}, 422, "validation_error", "intent")
        self.refuse("POST", path, {"dataset_id": dataset, "input_schema": {"a": "flot"}}, 422, "validation_error", "a")
        self.refuse("POST", path, {"upload_id": "upload_0"}, 404, "not_found", "upload_id")
        self.refuse("POST", "/models/nobody/versions", {"dataset_id": dataset}, 404, "not_found", "nobody")
        self.refuse("GET", "/models/nobody/versions", None, 404, "not_found", "nobody")
        self.assertEqual(len(self.call("GET", path)["versions"]), 1)
        other = system.make_key("stranger")
        self.assertEqual(system.call("GET", path, key=other).status, 404)
        self.assertEqual(system.call("POST", path, {"dataset_id": dataset}, key=other).status, 404)


class Patches(Case):
    def test_a_model_is_called_otherwise(self):
        self.create("plain", description="old", tags=["a"])
        body = {"name": "Enhanced", "description": "new", "tags": ["production", "v2"]}
        told = self.call("PATCH", "/models/plain", body)
        self.assertEqual((told["model_name"], told["model_version"]), ("plain", "v1.0"))
        self.assertEqual({field: told[field] for field in body}, body)
        self.assertRegex(told["updated_at"], TIME)
        model = self.call("GET", "/models/plain")
        self.assertEqual({field: model[field] for field in body}, body)
        self.assertIsNone(self.call("PATCH", "/models/plain", {"description": None})["description"])
        self.assertEqual(self.call("PATCH", "/models/plain", {"tags": []})["tags"], [])
        self.assertEqual(self.call("PATCH", "/models/plain", {})["name"], "Enhanced")
        self.assertEqual(system.sql("select revision from models where name = 'plain'"), "4")
        sent = "select count(*) from events_outbox where kind = 'model' and subject = 'plain'"
        wait_for(lambda: system.sql(sent), lambda count: count == "0")

    def test_what_cannot_be_changed(self):
        self.create("fixed")
        refuse = lambda body, words: self.refuse("PATCH", "/models/fixed", body, 422, "validation_error", words)
        refuse({"nme": "x"}, "did you mean name?")
        refuse({"intent": "x"}, "intent")
        refuse({"name": ""}, "name")
        refuse({"name": None}, "name")
        self.assertEqual(set(refuse({"name": 1, "tags": "a", "description": []}, "")["details"]),
                         {"name", "tags", "description"})
        self.refuse("PATCH", "/models/nobody", {"name": "x"}, 404, "not_found")
        reader = system.make_key("tester", "read_only")
        self.assertEqual(system.call("PATCH", "/models/fixed", {"name": "x"}, key=reader).status, 403)


class Lists(Case):
    def test_pages_sorting_and_filters(self):
        key = system.make_key("lister")
        names = [f"m-{number:02}" for number in range(7)]
        system.sql(
            "insert into models (id, account, name, display_name, intent, tags, dataset_id, created_by, created_at)"
            " select 'mdl_' || n, a.id, 'm-' || lpad(n::text, 2, '0'), 'M', 'i',"
            "        case when n % 2 = 0 then '[\"even\",\"all\"]' else '[\"all\"]' end::json, 'd', a.id,"
            "        now() - make_interval(mins => n)"
            "   from accounts a, generate_series(0, 6) n where a.name = 'lister'")
        system.sql(
            "insert into versions (id, model_id, account, version, job_id, intent, dataset_id, status, artifact_digest,"
            " report) select 'ver_' || m.id, m.id, m.account, 1, 'j_' || m.id, 'i', 'd',"
            "   case when m.name < 'm-03' then 'READY' else 'DRAFT' end, 'd', '{}' from models m"
            " join accounts a on a.id = m.account where a.name = 'lister'")

        def page(query=""):
            told = self.call("GET", "/models" + query, key=key)
            return [model["model_name"] for model in told["models"]], told["pagination"]

        self.assertEqual(page(), (names, {"total": 7, "limit": 20, "offset": 0, "has_more": False}))
        self.assertEqual(page("?sort_dir=asc")[0], names[::-1])
        self.assertEqual(page("?sort_by=name&sort_dir=desc")[0], names[::-1])
        self.assertEqual(page("?sort_by=name&sort_dir=asc")[0], names)
        for limit in (1, 2, 3, 7, 8):
            seen = []
            for offset in range(0, 9, limit):
                found, told = page(f"?limit={limit}&offset={offset}")
                self.assertEqual((told["total"], told["limit"], told["offset"]), (7, limit, offset))
                self.assertEqual(told["has_more"], offset + len(found) < 7 and len(found) > 0)
                seen += found
            self.assertEqual(seen, names)
        self.assertEqual(page("?status=READY"), (names[:3], {"total": 3, "limit": 20, "offset": 0, "has_more": False}))
        self.assertEqual(page("?status=DRAFT&sort_by=name&sort_dir=desc&limit=1&offset=1"),
                         (["m-05"], {"total": 4, "limit": 1, "offset": 1, "has_more": True}))
        self.assertEqual(page("?tags=even")[0], names[::2])
        self.assertEqual(page("?tags=all,even&status=READY")[0], ["m-00", "m-02"])
        self.assertEqual(page("?tags=none")[0], [])
        self.assertEqual(page("?tags=")[0], names)

    def test_deployments_are_told_in_a_word(self):
        made = self.create("shown")
        insert = ("insert into deployments (id, account, model_id, version_id, job_id, environment, replicas,"
                  " auto_scale, status) select 'dep_{0}', account, id, '{1}', 'dj_{0}', 'production', 1, true, '{0}'"
                  " from models where name = 'shown'")
        self.assertIsNone(self.call("GET", "/models/shown")["deployment_status"])
        system.sql(insert.format("DEPLOYING", made["version_id"]))
        self.assertEqual(self.call("GET", "/models/shown")["deployment_status"], "DEPLOYING")
        system.sql(insert.format("ACTIVE", made["version_id"]))
        self.call("POST", "/models/shown/versions", {"dataset_id": dataset})
        for path, word in (("/models/shown", "DEPLOYED"), ("/models/shown/v1.0/status", "DEPLOYED"),
                           ("/models/shown/v1.0", "DEPLOYED"), ("/models/shown/v2.0/status", None)):
            self.assertEqual(self.call("GET", path)["deployment_status"], word, path)
        listed = {m["model_name"]: m for m in self.call("GET", "/models?limit=100")["models"]}
        self.assertEqual(listed["shown"]["deployment_status"], "DEPLOYED")
        told = self.call("GET", "/models/shown/versions")["versions"]
        self.assertEqual([version["deployment_status"] for version in told], [None, "DEPLOYED"])


if __name__ == "__main__":
    unittest.main()

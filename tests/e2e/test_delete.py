"""Models are deleted: what they had ends, their names are free, nothing of them comes back."""

import threading
import unittest

from builds import Builds, Case, big_table, process_is_alive, read_table, wait_for

system = None


def setUpModule():
    global system
    system = Builds(workers=1).__enter__()


def tearDownModule():
    system.__exit__()


class Deletion(Case):
    @classmethod
    def setUpClass(cls):
        cls.system = system
        cls.small = system.put_table("penguins.csv", read_table("penguins.csv")).json["upload_id"]
        cls.big = system.put_table("big.csv", big_table(25000)).json["upload_id"]

    def build(self, name, dataset=None, **more):
        body = dict({"max_iterations": 1}, **more) if dataset is None else more
        return system.build(name, dataset or self.small, "predict the species or outcome", **body)

    def delete(self, name):
        answer = system.call("DELETE", "/models/" + name)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def assert_gone(self, name):
        for path in ("", "/versions", "/v1.0", "/v1.0/status", "/latest/describe"):
            self.assert_error(system.call("GET", f"/models/{name}{path}"), 404, "not_found", name)
        for path, body in (("/versions", {"dataset_id": self.small}),):
            self.assert_error(system.call("POST", f"/models/{name}{path}", body), 404, "not_found", name)
        self.assert_error(system.call("PATCH", f"/models/{name}", {"name": "x"}), 404, "not_found", name)
        self.assert_error(system.call("DELETE", f"/models/{name}"), 404, "not_found", name)
        self.assertNotIn(name, [m["model_name"] for m in system.call("GET", "/models?limit=100").json["models"]])

    def test_a_model_that_answers(self):
        job = self.build("answers", target="species")
        system.wait_for_job(job, "COMPLETED")
        row = {"island": "Dream"}
        self.assertNotEqual(system.infer("answers", row).status, 404)
        old = system.sql("select id from models where name = 'answers'")
        told = self.delete("answers")
        self.assertEqual({field: told[field] for field in ("model_name", "model_version", "status")},
                         {"model_name": "answers", "model_version": "v1.0", "status": "DELETED"})
        self.assertRegex(told["deleted_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assert_gone("answers")
        wait_for(lambda: system.infer("answers", row), lambda answer: answer.status == 404, 10)
        self.assertEqual(system.job(job)["status"], "COMPLETED")

        # Under its name another one is made, with versions of its own.
        job = self.build("answers", target="species")
        system.wait_for_job(job, "COMPLETED")
        status = system.version("answers")
        self.assertEqual((status["status"], status["version"], status["job_id"]), ("READY", 1, job))
        wait_for(lambda: system.infer("answers", row), lambda answer: answer.status != 404, 10)
        self.assertNotEqual(
            system.sql("select id from models where name = 'answers' and deleted_at is null"), old)

    def test_a_model_that_is_being_built(self):
        job = self.build("halfway", self.big, target="outcome")
        more = system.call("POST", "/models/halfway/versions", {"dataset_id": self.small, "target": "species"})
        self.assertEqual(more.status, 200, more)
        worker, child = system.wait_for_child("worker-1")
        self.delete("halfway")
        self.assert_gone("halfway")
        ended = system.wait_for_job(job, "CANCELLED", patience_s=20)
        self.assertEqual(ended["error"]["code"], "cancelled")
        waited = system.job(more.json["job_id"])
        self.assertEqual((waited["status"], waited["error"]["message"]), ("CANCELLED", "its model was deleted"))
        wait_for(lambda: process_is_alive(child), lambda alive: not alive, 15)
        versions = system.sql(
            "select count(*) from versions v join models m on m.id = v.model_id"
            " where m.name = 'halfway' and v.status <> 'DELETED'")
        self.assertEqual(versions, "0")

    def test_deployments_go_with_it(self):
        job = self.build("deployed", target="species")
        system.sql("insert into deployments (id, account, model_id, version_id, job_id, environment, replicas,"
                   " auto_scale, status) select 'dep_' || s, m.account, m.id, v.id, 'dj_' || s, 'production', 1,"
                   "   true, s from models m join versions v on v.model_id = m.id,"
                   " unnest(array['DEPLOYING', 'ACTIVE', 'UNDEPLOYED']) s where m.name = 'deployed'")
        self.delete("deployed")
        left = system.sql("select count(*) from deployments d join models m on m.id = d.model_id"
                          " where m.name = 'deployed' and d.status in ('DEPLOYING', 'ACTIVE', 'FAILED')")
        self.assertEqual(left, "0")
        self.assertIn(system.wait_for_job(job, "CANCELLED", "COMPLETED")["status"], ("CANCELLED", "COMPLETED"))

    def test_others_cannot_delete(self):
        self.build("kept", target="species")
        self.assert_error(system.call("DELETE", "/models/kept", key=system.make_key("stranger")), 404, "not_found")
        self.assert_error(system.call("DELETE", "/models/kept", key=system.make_key("tester", "read_only")), 403, "forbidden")
        self.assertEqual(system.call("GET", "/models/kept").status, 200)

    def test_one_of_many_deletes_it(self):
        self.build("once", target="species")
        answers = []
        ask = lambda: answers.append(system.call("DELETE", "/models/once").status)
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(answers), [200] + 7 * [404])


if __name__ == "__main__":
    unittest.main()

"""Deployments: held warm on the instances of the API, predicted from, moved when an instance dies."""

import concurrent.futures
import os
import signal
import time
import unittest

from builds import Builds, Case, table_rows
from support import free_port, wait_for

ROW, TRUTH = next(table_rows("penguins.csv", "species"))


class Deploys(Builds):
    """A System with a READY model "penguins", and APIs by name."""

    def __enter__(self):
        super().__enter__()
        try:
            self.ports = {"api": self.port}
            if not self.names:  # one that only builds it
                self.start_worker("builder")
            job = self.build("penguins", self.upload_table("penguins.csv"), "predict the species")
            self.wait_for_job(job, "COMPLETED")
            if not self.names:
                self.stop("builder")
        except BaseException:
            self.__exit__()
            raise
        return self

    def start_other_api(self, name):
        self.ports[name] = free_port()
        self.start(name, "trainyard-api", PORT=self.ports[name], PREDICT_PORT=0, UPLOAD_PORT=0)
        wait_for(lambda: self.is_ready(name), bool)

    def is_ready(self, name):
        try:
            return self.send("GET", "/readyz", port=self.ports[name]).status == 200
        except OSError:
            return False

    def deploy(self, body=None, name="penguins", **more):
        answer = self.call("POST", f"/models/{name}/deploy", body, **more)
        assert answer.status == 200, answer
        return answer.json

    def deployment(self, made, **more):
        answer = self.call("GET", "/deployments/" + made["deployment_id"], **more)
        assert answer.status == 200, answer
        return answer.json

    def wait_for_deployment(self, made, status, patience_s=60):
        return wait_for(lambda: self.deployment(made), lambda d: d["status"] == status, patience_s)

    def undeploy(self, made, name="penguins", **more):
        return self.call("DELETE", f"/models/{name}/deployments/{made['deployment_id']}", **more)

    def predict(self, made, port=None, body=ROW, key=None):
        return self.call("POST", "/predict/" + made["deployment_id"], body, port=port, key=key)

    def messages(self, made):
        """The lines of its job's log."""
        answer = self.call("GET", f"/models/build-logs?job_id={made['job_id']}")
        return [line["message"] for line in answer.json["logs"]]

    def warm_on(self, made):
        """How many replicas are warm on each of the instances that live."""
        rows = self.sql(
            "select r.instance, count(*) from replicas r join instances i on i.id = r.instance"
            f" where r.deployment_id = '{made['deployment_id']}' and r.state = 'warm'"
            " and i.seen_at > now() - interval '15 s' group by 1 order by 1"
        )
        return {line.split("|")[0]: int(line.split("|")[1]) for line in rows.splitlines()}


class Deploy(Case):
    @classmethod
    def setUpClass(cls):
        cls.system = Deploys(workers=1)
        cls.system.__enter__()
        cls.addClassCleanup(cls.system.__exit__)

    def test_the_way_of_a_deployment(self):
        system = self.system
        made = system.deploy()
        self.assertRegex(made["deployment_id"], "^dep_")
        self.assertEqual(
            {k: made[k] for k in ("model_name", "model_version", "status", "environment", "replicas", "auto_scale")},
            {"model_name": "penguins", "model_version": "v1.0", "status": "DEPLOYING",
             "environment": "production", "replicas": 1, "auto_scale": True},
        )
        self.assertEqual(made["endpoint"], f"{system.predict_url}/predict/{made['deployment_id']}")
        self.assertRegex(made["created_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(system.predict(made).status, 200)  # from the start

        job = system.wait_for_job(made["job_id"], "COMPLETED", patience_s=30)
        self.assertEqual((job["type"], job["resource_type"]), ("model_deploy", "deployment"))
        self.assertEqual(job["resource_id"], made["deployment_id"])
        self.assertEqual((job["params"]["environment"], job["params"]["replicas"]), ("production", 1))
        self.assertEqual(job["result"]["deployment_id"], made["deployment_id"])
        told = system.deployment(made)  # ACTIVE with the finish of the job, not some time later
        self.assertEqual(told["status"], "ACTIVE")
        self.assertEqual((told["warm_replicas"], told["wanted_replicas"]), (1, 1))
        self.assertIsNotNone(told["active_at"])
        wait_for(lambda: system.messages(made), lambda lines: any("1 of 1 warm" in line for line in lines), 20)

        infer = system.infer("penguins", ROW).json
        for port in (system.port, system.predict_port):
            answer = system.predict(made, port)
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(answer.json["deployment_id"], made["deployment_id"])
            self.assertEqual(answer.json["result"], infer["result"])
            self.assertEqual(set(answer.json), set(infer) | {"deployment_id"})

        listed = system.call("GET", "/models/penguins/deployments").json
        self.assertEqual((listed["model_name"], listed["model_version"]), ("penguins", "v1.0"))
        item = next(d for d in listed["deployments"] if d["deployment_id"] == made["deployment_id"])
        self.assertEqual((item["status"], item["version"], item["version_id"]), ("ACTIVE", 1, made["version_id"]))
        self.assertEqual(item["endpoint"], made["endpoint"])

        metrics = system.send("GET", "/metrics").body.decode()
        for name in ("replicas_wanted", "replicas_warm", "replicas_held", "models_loaded", "models_bytes"):
            self.assertRegex(metrics, rf"(?m)^trainyard_{name} [1-9]")

        gone = system.undeploy(made)
        self.assertEqual((gone.status, gone.json["status"]), (200, "UNDEPLOYING"), gone)
        self.assertEqual((gone.json["model_name"], gone.json["model_version"]), ("penguins", "v1.0"))
        wait_for(lambda: system.predict(made).status, lambda status: status == 404, 5)
        system.wait_for_deployment(made, "UNDEPLOYED", 20)
        again = system.undeploy(made).json
        self.assertEqual((again["status"], again["undeployed_at"]), ("UNDEPLOYED", gone.json["undeployed_at"]))
        listed = system.call("GET", "/models/penguins/deployments").json["deployments"]
        self.assertNotIn(made["deployment_id"], [d["deployment_id"] for d in listed])
        self.assertEqual(system.warm_on(made), {})
        events = system.sql("select kind from events_outbox where entity = '%s'" % made["deployment_id"])
        self.assertEqual(set(events.splitlines()) - {"deployment"}, set())

    def test_every_word_for_the_version(self):
        system = self.system
        for word in ("v1.0", 1, "1", "latest", None, system.deploy()["version_id"]):
            made = system.deploy({"version": word, "environment": "staging", "auto_scale": False})
            self.assertEqual((made["version"], made["environment"]), (1, "staging"))
            system.undeploy(made)

    def test_what_is_refused(self):
        system = self.system
        answer = system.call("POST", "/models/penguins/deploy",
                             {"replicas": 101, "environment": "a b", "auto_scale": "yes", "version": [], "size": 1})
        self.assert_error(answer, 422, "validation_error")
        self.assertEqual(set(answer.json["error"]["details"]),
                         {"replicas", "environment", "auto_scale", "version", "size"})
        self.assert_error(system.call("POST", "/models/penguins/deploy", {"version": "v9.0"}), 404, "not_found", "v9.0")
        self.assert_error(system.call("POST", "/models/nobody/deploy"), 404, "not_found", "nobody")
        self.assert_error(system.call("POST", "/models/penguins/deploy", "{"), 400, "invalid_request")
        self.assert_error(system.call("GET", "/models/nobody/deployments"), 404, "not_found")
        self.assert_error(system.predict({"deployment_id": "dep_nothing"}), 404, "not_found", "dep_nothing")
        made = system.deploy()
        self.assertEqual(system.predict(made, body={"island": []}).status, 422)
        read_only = system.make_key("tester", "read_only")
        self.assertEqual(system.predict(made, key=read_only).status, 200)
        self.assert_error(system.call("POST", "/models/penguins/deploy", key=read_only), 403, "forbidden")
        self.assert_error(system.undeploy(made, key=read_only), 403, "forbidden")
        system.undeploy(made)

    def test_a_model_without_a_ready_version(self):
        system = self.system
        system.stop("worker-1")
        try:
            job = system.build("waits", system.upload_table("penguins.csv"), "predict the species")
            self.assert_error(system.call("POST", "/models/waits/deploy"), 409, "conflict", "DRAFT")
            system.call("POST", f"/jobs/{job}/cancel")
            # what waits for a worker goes at once
            made = system.deploy()
            self.assertEqual(system.undeploy(made).json["status"], "UNDEPLOYING")
            self.assertEqual(system.job(made["job_id"])["status"], "CANCELLED")
            system.wait_for_deployment(made, "UNDEPLOYED", 20)
        finally:
            system.start_worker("worker-1")

    def test_other_accounts_see_nothing(self):
        system = self.system
        made = system.deploy()
        other = system.make_key("stranger")
        path = "/deployments/" + made["deployment_id"]
        for answer in (
            system.call("GET", path, key=other),
            system.call("GET", "/models/penguins/deployments", key=other),
            system.call("POST", "/models/penguins/deploy", key=other),
            system.undeploy(made, key=other),
            system.predict(made, key=other),
            system.predict(made, port=system.predict_port, key=other),
        ):
            self.assert_error(answer, 404, "not_found")
        system.wait_for_deployment(made, "ACTIVE")
        # and of another model of the same account it is none either
        self.assertEqual(system.undeploy(made, name="nobody").status, 404)
        self.assertEqual(system.undeploy(made).status, 200)

    def test_a_deleted_model_answers_no_more(self):
        system = self.system
        job = system.build("brief", system.upload_table("penguins.csv"), "predict the species")
        system.wait_for_job(job, "COMPLETED")
        made = system.deploy(name="brief")
        system.wait_for_deployment(made, "ACTIVE")
        self.assertEqual(system.call("GET", "/models/brief").json["deployment_status"], "DEPLOYED")
        self.assertEqual(system.predict(made).status, 200)
        self.assertEqual(system.call("DELETE", "/models/brief").status, 200)
        start = time.monotonic()
        wait_for(lambda: system.predict(made, system.predict_port).status, lambda status: status == 404, 5)
        self.assertLess(time.monotonic() - start, 1.5)
        wait_for(lambda: system.sql(f"select status from deployments where id = '{made['deployment_id']}'"),
                 lambda status: status == "UNDEPLOYED", 20)
        self.assertEqual(system.warm_on(made), {})

    def test_many_at_once(self):
        system = self.system
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            made = list(pool.map(lambda n: system.deploy({"replicas": n + 1, "auto_scale": False}), range(6)))
        self.assertEqual(len({m["deployment_id"] for m in made}), 6)
        for number, one in enumerate(made):
            told = system.wait_for_deployment(one, "ACTIVE")
            self.assertEqual((told["warm_replicas"], told["wanted_replicas"]), (number + 1, number + 1))
        for one in made:
            self.assertEqual(system.undeploy(one).status, 200)
        for one in made:
            system.wait_for_deployment(one, "UNDEPLOYED", 20)
        self.assertEqual(system.sql("select count(*) from replicas r join deployments d on d.id = r.deployment_id"
                                    " where d.status = 'UNDEPLOYED'"), "0")


class Instances(Case):
    def setUp(self):
        self.own = Deploys(workers=1)
        self.own.__enter__()
        self.addCleanup(self.own.__exit__)

    def test_replicas_spread_move_and_reach_later_instances(self):
        system = self.own
        system.start_other_api("api-2")
        exact = system.deploy({"replicas": 3, "auto_scale": False})
        scaled = system.deploy({"replicas": 1, "auto_scale": True})
        system.wait_for_deployment(exact, "ACTIVE")
        system.wait_for_deployment(scaled, "ACTIVE")
        self.assertEqual(sorted(system.warm_on(exact).values()), [1, 2])
        self.assertEqual(list(system.warm_on(scaled).values()), [1, 1])
        self.assertEqual(system.predict(exact, port=system.ports["api-2"]).status, 200)

        system.start_other_api("api-3")
        wait_for(lambda: system.warm_on(scaled), lambda held: list(held.values()) == [1, 1, 1], 20)
        wait_for(lambda: system.warm_on(exact), lambda held: list(held.values()) == [1, 1, 1], 20)

        start = time.monotonic()
        system.stop("api-2", signal.SIGKILL)
        system.stop("api-3", signal.SIGKILL)

        def settled():
            self.assertEqual(system.predict(exact).status, 200)  # all the while
            return system.deployment(exact), system.warm_on(exact), system.warm_on(scaled)

        told, _, _ = wait_for(
            settled, lambda now: list(now[1].values()) == [3] and list(now[2].values()) == [1], 60
        )
        self.assertLess(time.monotonic() - start, 45)
        self.assertEqual(told["status"], "ACTIVE")

    def test_an_instance_that_ends_in_good_order_hands_over_at_once(self):
        system = self.own
        system.start_other_api("api-2")
        made = system.deploy({"replicas": 2, "auto_scale": False})
        system.wait_for_deployment(made, "ACTIVE")
        self.assertEqual(len(system.warm_on(made)), 2)
        self.assertEqual(system.stop("api-2"), 0)
        wait_for(lambda: system.warm_on(made), lambda held: list(held.values()) == [2], 10)


class NoInstance(Case):
    def test_a_deployment_without_instances_fails_and_says_why(self):
        with Deploys(DEPLOY_WAIT_S=2) as system:
            made = system.deploy()
            waits = system.deployment(made)
            self.assertEqual(waits["status"], "DEPLOYING")
            system.stop("api")
            system.start_worker("worker-1")
            wait_for(lambda: system.sql(f"select status from jobs where id = '{made['job_id']}'"),
                     lambda status: status == "FAILED", 30)
            system.start_api()
            told = system.deployment(made)
            self.assertEqual(told["status"], "FAILED")
            self.assertIn("start one", told["error_message"])
            self.assertIn("trainyard-api", told["error_message"])
            self.assert_error(system.predict(made), 409, "conflict", "FAILED")
            wait_for(lambda: system.messages(made), lambda lines: any("waiting up to 2 s" in line for line in lines), 20)
            self.assertEqual(system.call("GET", "/models/penguins/deployments").json["deployments"], [])
            listed = system.call("GET", "/models/penguins/deployments?status=FAILED").json["deployments"]
            self.assertEqual([d["deployment_id"] for d in listed], [made["deployment_id"]])
            gone = system.undeploy(made)
            self.assertEqual(gone.json["status"], "UNDEPLOYING", gone)
            system.wait_for_deployment(made, "UNDEPLOYED", 20)

    def test_a_version_that_cannot_be_opened_fails_and_says_why(self):
        with Deploys(workers=1, DEPLOY_WAIT_S=2) as system:
            digest = system.sql("select artifact_digest from versions")
            path = next(os.path.join(folder, digest) for folder, _, files in os.walk(system.folder) if digest in files)
            os.rename(path, path + ".away")
            made = system.deploy()
            told = system.wait_for_deployment(made, "FAILED", 60)
            self.assertIn("0 of 1 replicas", told["error_message"])
            self.assertIn("missing or damaged", told["error_message"])
            os.rename(path + ".away", path)
            system.wait_for_deployment(system.deploy(), "ACTIVE")

    def test_a_killed_worker_is_followed_by_another_and_an_instance_may_come_late(self):
        with Deploys() as system:
            made = system.deploy({"replicas": 2})
            system.stop("api")
            system.start_worker("worker-1")
            wait_for(lambda: system.sql(f"select status from jobs where id = '{made['job_id']}'"),
                     lambda status: status == "RUNNING", 30)
            system.stop("worker-1", signal.SIGKILL)
            system.start_worker("worker-2")
            system.start_api()
            told = system.wait_for_deployment(made, "ACTIVE", 90)
            self.assertEqual((told["warm_replicas"], told["wanted_replicas"]), (2, 2))
            job = system.job(made["job_id"])
            self.assertEqual((job["status"], job["run"], job["failures"]), ("COMPLETED", 2, 1))
            self.assertEqual(system.predict(made).status, 200)


if __name__ == "__main__":
    unittest.main()

"""What may be killed or stopped while models are built: nothing is lost, nothing is done twice."""

import json
import os
import signal
import threading
import time
import unittest

from builds import Builds, Case, big_table, control, process_is_alive, read_table, table_rows, wait_for

OUTAGE_S = 60

system = None
big = None
penguins = None


def setUpModule():
    global system, big, penguins
    system = Builds().__enter__()
    big = system.put_table("big.csv", big_table()).json["upload_id"]
    penguins = system.upload_table("penguins.csv")


def tearDownModule():
    system.__exit__()


def start_big_build(where, name, dataset, *workers):
    """(job, worker, child) of a build that has begun to train."""
    job = where.build(name, dataset, "predict outcome")
    worker, child = where.wait_for_child(*workers)
    wait_for(lambda: where.job(job), lambda told: told["progress"] >= 15, 30)
    return job, worker, child


class Failures(Case):
    @classmethod
    def setUpClass(cls):
        cls.system = system

    def tearDown(self):
        for name in set(system.processes) - {"api"}:
            system.stop(name)

    def start_workers(self, *names, **settings):
        for name in names:
            system.start_worker(name, **settings)

    def assert_built(self, name, job, run, failures=0):
        told = self.system.wait_for_job(job, "COMPLETED")
        self.assertEqual((told["run"], told["failures"], told["error"]), (run, failures, None))
        self.assertEqual(told["progress"], 100)
        status = self.system.version(name)
        self.assertEqual((status["status"], status["build_progress"]), ("READY", 100))
        return self.assert_whole_log(list(self.system.follow(job)), "COMPLETED", run)


class Workers(Failures):
    """A killed worker's lease runs out after 30 s: the other tests run meanwhile."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.orphans = cls.enterClassContext(Builds(workers=2))
        dataset = cls.orphans.put_table("big.csv", big_table()).json["upload_id"]
        cls.orphan, cls.killed, child = start_big_build(cls.orphans, "orphan", dataset, "worker-1", "worker-2")
        cls.orphans.stop(cls.killed, signal.SIGKILL)
        wait_for(lambda: process_is_alive(child), lambda alive: not alive, 2)

    def test_the_build_of_a_killed_worker_completes_elsewhere(self):
        self.system = self.orphans
        lines = self.assert_built("orphan", self.orphan, run=2, failures=1)
        self.assertEqual({line["run"] for line in lines}, {1, 2})
        (other,) = set(self.orphans.processes) - {"api"}
        self.assertNotEqual(other, self.killed)
        self.assertIn(self.orphan, self.orphans.log(other))

    def test_a_worker_that_is_stopped_hands_its_build_over(self):
        self.start_workers("worker-1", "worker-2", GRACE_S=0)
        job, worker, child = start_big_build(system, "handed", big, "worker-1", "worker-2")
        self.assertEqual(system.stop(worker, signal.SIGTERM), 0)
        self.assertFalse(process_is_alive(child))
        self.assert_built("handed", job, run=2, failures=0)

    def test_a_worker_that_is_stopped_lets_its_build_end(self):
        self.start_workers("worker-1", GRACE_S=60)
        job = system.build("graceful", penguins, "predict the species")
        worker, _ = system.wait_for_child("worker-1")
        self.assertEqual(system.stop(worker, signal.SIGTERM), 0)
        self.assertEqual(system.job(job)["status"], "COMPLETED")
        self.start_workers("worker-2")  # its pool writes the lines
        self.assert_built("graceful", job, run=1)

    def test_a_killed_child_s_build_is_tried_again(self):
        self.start_workers("worker-1")
        job = system.build("crashed", penguins, "predict the species")
        _, child = system.wait_for_child("worker-1")
        os.kill(child[0], signal.SIGKILL)
        lines = self.assert_built("crashed", job, run=2, failures=1)
        self.assertTrue(any("crashed" in line["message"] for line in lines))


class Api(Failures):
    def test_a_killed_api_comes_back_with_everything(self):
        self.start_workers("worker-1")
        built = system.build("kept", penguins, "predict the species")
        self.assert_built("kept", built, run=1)
        row, truth = next(table_rows("penguins.csv", "species"))
        lists = ("/models?limit=100", "/uploads?limit=100", "/models/kept", "/models/kept/v1.0",
                 "/jobs/" + built, f"/models/build-logs?job_id={built}&limit=1000")
        before = {path: system.call("GET", path).json for path in lists}
        answer = system.infer("kept", row).json["result"]

        job, _, child = start_big_build(system, "meanwhile", big, "worker-1")
        stream = system.follow(job)
        heard = [next(stream) for _ in range(3)]
        system.stop("api", signal.SIGKILL)
        with self.assertRaises(OSError):
            system.call("GET", "/models")
        stream.close()
        system.start_api()
        self.assertTrue(process_is_alive(child))

        for path in lists[1:]:
            self.assertEqual(system.call("GET", path).json, before[path], path)
        names = {model["model_name"] for model in before[lists[0]]["models"]} | {"meanwhile"}
        after = system.call("GET", lists[0]).json["models"]
        self.assertEqual({model["model_name"] for model in after}, names)
        self.assertEqual(system.infer("kept", row).json["result"], answer)
        self.assertEqual(answer["species"], truth)
        heard += system.follow(job, last=heard[-1][1])
        self.assert_whole_log(heard, "COMPLETED")
        self.assert_built("meanwhile", job, run=1)


class Kafka(Failures):
    def test_jobs_run_while_kafka_is_away(self):
        self.start_workers("worker-1")
        control("KAFKA", "stop")
        try:
            job = system.build("unheard", penguins, "predict the species")
            lines = self.assert_built("unheard", job, run=1)
            self.assertIn("model is ready", lines[-1]["message"])
            self.assertNotEqual(system.sql("select count(*) from outbox"), "0")
            self.assertEqual(system.infer("unheard", next(table_rows("penguins.csv", "species"))[0]).status, 200)
        finally:
            control("KAFKA", "start")
        for table in ("outbox", "events_outbox"):
            wait_for(lambda: system.sql(f"select count(*) from {table}"), lambda count: count == "0", 60)
        again = system.build("heard", penguins, "predict the species")
        self.assert_built("heard", again, run=1)
        self.assertEqual(system.job(job)["run"], 1)  # its message has come by now, and changed nothing


class Postgres(Failures):
    def assert_away(self, answer):
        self.assert_error(answer, 503, "service_unavailable")
        self.assertGreater(int(answer.headers["retry-after"]), 0)
        self.assertNotIn("postgres", json.dumps(answer.json).lower())

    def test_a_build_outlives_an_outage(self):
        self.start_workers("worker-1")
        row, _ = next(table_rows("penguins.csv", "species"))
        built = system.build("served", penguins, "predict the species")
        self.assert_built("served", built, run=1)
        self.assertEqual(system.infer("served", row).status, 200)

        job, _, child = start_big_build(system, "outage", big, "worker-1")
        heard = []
        follower = threading.Thread(target=lambda: heard.extend(system.follow(job)))
        follower.start()
        control("POSTGRES", "stop")
        until = time.monotonic() + OUTAGE_S
        try:
            self.assertTrue(process_is_alive(child))
            wait_for(lambda: system.call("GET", "/jobs/" + job), lambda answer: answer.status == 503, 15)
            asked = {"intent": "predict the species", "dataset_id": penguins}
            while time.monotonic() < until:
                self.assert_away(system.call("GET", "/jobs/" + job))
                self.assert_away(system.call("GET", "/readyz"))
                self.assert_away(system.call("POST", "/models/lost", asked))
                self.assert_away(system.upload("penguins.csv", read_table("penguins.csv")))
                self.assertEqual(system.send("GET", "/healthz").status, 200)
                self.assertEqual(system.infer("served", row).status, 200)  # all that it needs is cached
                time.sleep(1)
            self.assertFalse(process_is_alive(child))  # the build has ended meanwhile
        finally:
            control("POSTGRES", "start")
        lines = self.assert_built("outage", job, run=1)
        follower.join(60)
        self.assertEqual([data for event, _, data in heard if event == "log"], lines)
        self.assertEqual(heard[-1][0], "end")
        self.assertEqual(system.call("GET", "/models/lost").status, 404)
        wait_for(lambda: system.call("GET", "/readyz").status, lambda status: status == 200, 15)
        again = system.build("after", penguins, "predict the species")
        self.assert_built("after", again, run=1)


if __name__ == "__main__":
    unittest.main()

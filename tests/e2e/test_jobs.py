"""Jobs over HTTP: waiting for their ends, their logs, their places, their lists."""

import signal
import threading
import time
import unittest

from builds import Builds, Case, big_table, read_table, wait_for

system = None


def setUpModule():
    global system
    system = Builds(workers=1).__enter__()


def tearDownModule():
    system.__exit__()


class Jobs(Case):
    @classmethod
    def setUpClass(cls):
        cls.system = system
        cls.small = system.put_table("penguins.csv", read_table("penguins.csv")).json["upload_id"]
        cls.big = system.put_table("big.csv", big_table(25000)).json["upload_id"]

    def get(self, path, key=None):
        answer = system.call("GET", path, key=key)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def cancel(self, job, key=None):
        self.assertEqual(system.call("POST", f"/jobs/{job}/cancel", key=key).status, 200)

    def test_waiting_ends_with_the_job(self):
        job = system.build("quick", self.small, "predict the species", max_iterations=1)
        told = self.get(f"/jobs/{job}?wait=60s")
        self.assertEqual(told["status"], "COMPLETED")
        begun = time.monotonic()
        for form in ("60", "120s", "2m", "500ms", "0"):
            self.assertEqual(self.get(f"/jobs/{job}?wait={form}")["status"], "COMPLETED")
        self.assertLess(time.monotonic() - begun, 30)
        for form in ("121", "121s", "3m", "120001ms", "", "s", "-1", "1h", "1.5s", "9" * 20):
            answer = system.call("GET", f"/jobs/{job}?wait={form}")
            self.assert_error(answer, 400, "invalid_request", "120 s")
        self.assert_error(system.call("GET", "/jobs/job_0?wait=60s"), 404, "not_found")
        self.assert_error(system.call("GET", f"/jobs/{job}?wait=60s", key=system.make_key("stranger")), 404, "not_found")

    def test_a_job_says_what_was_asked_for(self):
        job = system.build("asked", self.small, "predict the species", max_iterations=1, metric="accuracy",
                           target="species")
        told = self.get(f"/jobs/{job}?wait=60s")
        self.assertEqual((told["type"], told["resource_type"], told["resource_id"]), ("model_build", "model", "asked"))
        self.assertEqual({name: told["params"][name] for name in ("intent", "dataset_id", "metric", "target",
                                                                  "max_iterations", "model_name")},
                         {"intent": "predict the species", "dataset_id": self.small, "metric": "accuracy",
                          "target": "species", "max_iterations": 1, "model_name": "asked"})
        self.assertIn(f"/jobs/{job}/logs", told["logs_url"])

        # A job ends when Kafka has its lines; the stream waits until the database has them too.
        stream = system.call("GET", f"/jobs/{job}/logs", headers={"Accept": "text/event-stream"})
        lines = self.get(f"/jobs/{job}/logs?limit=1000")
        self.assertEqual((lines["job_id"], lines["pagination"]["total"]), (job, len(lines["logs"])))
        self.assertEqual(lines["logs"], self.get(f"/models/build-logs?limit=1000&job_id={job}")["logs"])
        for line in lines["logs"]:
            self.assertLessEqual({"timestamp", "level", "message"}, set(line))
        page = self.get(f"/jobs/{job}/logs?limit=2&offset=1")
        self.assertEqual(page["logs"], lines["logs"][1:3])
        self.assertEqual(page["pagination"], {"total": len(lines["logs"]), "limit": 2, "offset": 1, "has_more": True})
        self.assert_error(system.call("GET", "/jobs/job_0/logs"), 404, "not_found")
        self.assert_error(system.call("GET", f"/jobs/{job}/logs?limit=1001"), 400, "invalid_request", "1000")
        self.assert_error(system.call("GET", f"/jobs/{job}/logs?level=DEBUG"), 400, "invalid_request", "WARNING")
        self.assertEqual(stream.body.count(b"event: log\n"), len(lines["logs"]))

    def test_levels(self):
        job = system.build("warned", self.small, "make a model of it", max_iterations=1, target="species",
                           output_schema={"strange_word": "string"})
        system.call("GET", f"/jobs/{job}/logs?follow=true")
        every = self.get(f"/jobs/{job}/logs?limit=1000")["logs"]
        wanted = [line for line in every if line["level"] != "INFO"]
        self.assertTrue(0 < len(wanted) < len(every), every)
        for path in (f"/jobs/{job}/logs?level=WARNING", f"/models/build-logs?job_id={job}&level=WARNING"):
            self.assertEqual(self.get(path)["logs"], wanted)
            stream = system.call("GET", path + "&follow=true")
            ids = [line.split(b": ")[1].decode() for line in stream.body.splitlines() if line.startswith(b"id: ")]
            self.assertEqual(ids, [f"{line['run']}.{line['seq']}" for line in wanted])
            self.assertEqual(stream.body.count(b"event: end\n"), 1)
        self.assertEqual(self.get(f"/jobs/{job}/logs?level=ERROR")["logs"], [])

    def test_places_are_the_accounts_own(self):
        system.stop("worker-1")  # so that all of it waits
        self.addCleanup(system.start_worker, "worker-1")
        key, other = system.make_key("queue"), system.make_key("other-queue")
        data = {}
        for who in (key, other):
            data[who] = system.put_table("penguins.csv", read_table("penguins.csv"), who).json["upload_id"]
        jobs = [system.build(f"model-{n}", data[key], "predict the species", key) for n in range(5)]
        others = [system.build(f"model-{n}", data[other], "predict the species", other) for n in range(3)]
        place = lambda job, who: self.get(f"/jobs/{job}", who)["position"]
        self.assertEqual([place(job, key) for job in jobs], [1, 2, 3, 4, 5])
        self.assertEqual([place(job, other) for job in others], [1, 2, 3])
        self.cancel(jobs[2], key)
        self.assertEqual([place(job, key) for job in jobs], [1, 2, None, 3, 4])

        # While many wait, others are served, and nobody holds a session.
        waiting = []
        ask = lambda: waiting.append(self.get(f"/jobs/{jobs[4]}?wait=100s", key)["status"])
        threads = [threading.Thread(target=ask) for _ in range(60)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            self.assertEqual(self.get(f"/jobs/{jobs[4]}", key)["status"], "PENDING")
        self.assertEqual(waiting, [])
        self.cancel(jobs[4], key)
        for thread in threads:
            thread.join()
        self.assertEqual(waiting, ["CANCELLED"] * 60)
        listed = lambda query: [job["job_id"] for job in self.get("/jobs?" + query, key)["jobs"]]
        self.assertEqual(listed("sort=created_at&order=asc"), jobs)
        self.assertEqual(listed("sort=created_at&order=desc&limit=2&offset=1"), jobs[3:1:-1])
        self.assertEqual(listed("type=model_build&order=asc"), jobs)
        self.assertEqual(listed("type=model_retrain"), [])
        self.assertEqual(listed("status=CANCELLED&order=asc"), [jobs[2], jobs[4]])
        self.assertEqual(listed("status=PENDING&limit=1&order=asc"), jobs[:1])
        self.assertEqual(listed("status=COMPLETED&type=model_build"), [])

    def test_zz_who_waits_is_answered_when_the_api_stops(self):
        job = system.build("stops", self.big, "predict outcome")
        told = []
        ask = lambda: told.append(system.call("GET", f"/jobs/{job}?wait=120s").json["status"])
        thread = threading.Thread(target=ask)
        wait_for(lambda: system.job(job)["status"], lambda status: status == "RUNNING")
        thread.start()
        waits = "select count(*) from pg_stat_activity where query like '%unnest($1::text[]) as w(id)%'"
        wait_for(lambda: system.sql(waits + f" and datname = '{system.name}' and pid <> pg_backend_pid()"),
                 lambda count: count != "0")
        begun = time.monotonic()
        self.assertEqual(system.stop("api", signal.SIGTERM), 0)
        thread.join()
        self.assertLess(time.monotonic() - begun, 20)
        self.assertEqual(told, ["RUNNING"])
        system.start_api()
        self.cancel(job)


if __name__ == "__main__":
    unittest.main()

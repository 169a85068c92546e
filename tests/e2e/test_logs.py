"""Build logs over HTTP: pages, and streams that are followed, broken off and taken up again."""

import threading
import unittest

from wire import build, call, events, upload_table, wait_for


def follow(job, last=None):
    return list(events(f"/models/build-logs?job_id={job}", last=last))


def lines_of(stream):
    return [data for event, _, data in stream if event == "log"]


class Logs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model, cls.job = build(
            "logs", upload_table("penguins.csv"), intent="predict the species"
        )
        cls.live = follow(cls.job)

    def page(self, query=""):
        return call("GET", f"/models/build-logs?job_id={self.job}{query}")

    def test_a_stream_is_live_and_ends(self):
        event, _, data = self.live[-1]
        self.assertEqual(event, "end")
        self.assertEqual(data, {"job_id": self.job, "status": "COMPLETED"})
        lines = lines_of(self.live)
        self.assertGreater(len(lines), 3)
        self.assertEqual([line["seq"] for line in lines], list(range(len(lines))))
        self.assertEqual({line["run"] for line in lines}, {1})
        self.assertEqual([i for _, i, _ in self.live[:-1]], [f"1.{n}" for n in range(len(lines))])
        told = [line["progress"] for line in lines if line["progress"] is not None]
        self.assertEqual(told, sorted(told))

    def test_a_page_has_the_same_lines(self):
        answer = self.page("&limit=1000")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json["logs"], lines_of(self.live))
        first = answer.json["logs"][0]
        self.assertEqual((first["job_id"], first["model_name"]), (self.job, self.model))
        self.assertRegex(first["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertIn(first["level"], ("INFO", "WARNING", "ERROR"))

    def test_pages_add_up(self):
        total = len(lines_of(self.live))
        seen = []
        for offset in range(0, total, 3):
            page = self.page(f"&limit=3&offset={offset}").json
            seen += [line["seq"] for line in page["logs"]]
            self.assertEqual(page["pagination"]["total"], total)
            self.assertEqual(page["pagination"]["has_more"], offset + 3 < total)
        self.assertEqual(seen, list(range(total)))

    def test_a_level_leaves_lesser_lines_out(self):
        for line in self.page("&level=WARNING&limit=1000").json["logs"]:
            self.assertIn(line["level"], ("WARNING", "ERROR"))

    def test_all_jobs_of_the_account(self):
        answer = call("GET", "/models/build-logs?limit=1000")
        self.assertEqual(answer.status, 200, answer)
        self.assertIn(self.job, {line["job_id"] for line in answer.json["logs"]})

    def test_a_stream_resumes_exactly(self):
        middle = len(lines_of(self.live)) // 2
        rest = follow(self.job, last=f"1.{middle}")
        self.assertEqual(rest, self.live[middle + 1 :])
        answer = list(events(f"/models/build-logs?job_id={self.job}&last_event_id=1.{middle}"))
        self.assertEqual(answer, rest)

    def test_follow_without_the_header(self):
        stream = events(
            f"/models/build-logs?job_id={self.job}&follow=true", headers={"Accept": "*/*"}
        )
        self.assertEqual(list(stream), self.live)

    def test_many_follow_one_build(self):
        _, job = build("many", upload_table("penguins.csv"), intent="predict the species")
        streams = [None] * 20

        def read(index):
            streams[index] = follow(job)

        readers = [threading.Thread(target=read, args=(n,)) for n in range(len(streams))]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        for stream in streams:
            self.assertEqual(stream, streams[0])
        self.assertEqual(streams[0][-1][0], "end")

    def test_a_cancelled_job_ends_its_stream(self):
        _, job = build("cancelled", upload_table("telco_churn.csv"), intent="predict churn")
        call("POST", f"/jobs/{job}/cancel")
        event, _, data = follow(job)[-1]
        self.assertEqual(event, "end")
        ended = wait_for(
            lambda: call("GET", f"/jobs/{job}"),
            lambda answer: answer.json["status"] in ("CANCELLED", "COMPLETED"),
        )
        self.assertEqual(data["status"], ended.json["status"])

    def test_wrong_requests(self):
        cases = [
            ("limit=0", 400),
            ("limit=1001", 400),
            ("offset=x", 400),
            ("level=LOUD", 400),
            ("follow=true", 400),
            (f"job_id={self.job}&follow=true&last_event_id=x", 400),
            ("job_id=job_" + "0" * 20, 404),
            ("job_id=job_" + "0" * 20 + "&follow=true", 404),
        ]
        for query, status in cases:
            answer = call("GET", "/models/build-logs?" + query)
            self.assertEqual(answer.status, status, (query, answer))
        answer = call("GET", "/models/build-logs", headers={"Authorization": ""})
        self.assertEqual(answer.status, 401)


if __name__ == "__main__":
    unittest.main()

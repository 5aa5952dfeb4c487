"""Measures Celery with its own client: `measure.py end-to-end|one-at-a-time <jobs> <jobs to warm up>`."""
import json
import sys
import time

from celery import group

from tasks import app, noop

BATCH = 100
POLL_SECONDS = 0.05


def end_to_end(jobs):
    """Returns jobs per second, from the first call until every result is there."""
    results = app.backend.client
    before = results.dbsize()
    began = time.perf_counter()
    for first in range(0, jobs, BATCH):
        group(noop.s(n) for n in range(first, min(first + BATCH, jobs))).apply_async()
    while results.dbsize() < before + jobs:
        time.sleep(POLL_SECONDS)
    return jobs / (time.perf_counter() - began)


def one_at_a_time(jobs):
    """Returns the milliseconds that each job took, from the call until its result was there."""
    took = []
    for n in range(jobs):
        began = time.perf_counter()
        noop.delay(n).get(timeout=20)
        took.append((time.perf_counter() - began) * 1000)
    return took


if __name__ == "__main__":
    measure = {"end-to-end": end_to_end, "one-at-a-time": one_at_a_time}[sys.argv[1]]
    measure(int(sys.argv[3]))
    print("RESULT " + json.dumps(measure(int(sys.argv[2]))))

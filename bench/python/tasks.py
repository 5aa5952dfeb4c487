"""The Celery app that Chard is compared with. Each setting names the page that recommends it."""
import os

from celery import Celery

redis = os.environ["BENCH_REDIS"]
# The broker and the results use two databases, so that one command reads the number of results.
app = Celery("bench", broker=f"{redis}/0", backend=f"{redis}/1")
app.conf.update(
    # A job whose worker dies runs again, as in Chard:
    # https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.acks_late
    task_acks_late=True,
    # Many short tasks: https://docs.celeryq.dev/en/stable/userguide/optimizing.html#prefetch-limits
    worker_prefetch_multiplier=int(os.environ.get("BENCH_PREFETCH", "128")),
    # The result of a job stays available, as in Chard.
    task_ignore_result=False,
    # https://docs.celeryq.dev/en/stable/userguide/configuration.html#worker-disable-rate-limits
    worker_disable_rate_limits=True,
    broker_connection_retry_on_startup=True,
)


@app.task
def noop(n):
    return None

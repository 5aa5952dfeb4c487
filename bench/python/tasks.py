"""The Celery that Chard is measured against: every setting with the page that asks for it."""
import os

from celery import Celery

redis = os.environ["BENCH_REDIS"]
# The broker and the results in two databases, so that the number of results can be read at once.
app = Celery("bench", broker=f"{redis}/0", backend=f"{redis}/1")
app.conf.update(
    # A job whose worker dies is given out again, as Chard's are:
    # https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.acks_late
    task_acks_late=True,
    # Many short tasks: https://docs.celeryq.dev/en/stable/userguide/optimizing.html#prefetch-limits
    worker_prefetch_multiplier=int(os.environ.get("BENCH_PREFETCH", "128")),
    # How a job ended can be asked for afterwards, as in Chard.
    task_ignore_result=False,
    # https://docs.celeryq.dev/en/stable/userguide/configuration.html#worker-disable-rate-limits
    worker_disable_rate_limits=True,
    broker_connection_retry_on_startup=True,
)


@app.task
def noop(n):
    return None

"""FastAPI in front of Celery, as https://fastapi.tiangolo.com/tutorial/background-tasks/ recommends for heavy work."""
from fastapi import FastAPI

from tasks import noop

app = FastAPI()


# Not async: `delay` blocks, and FastAPI then runs the route in its thread pool: https://fastapi.tiangolo.com/async/
@app.post("/one", status_code=202)
def one():
    return {"id": noop.delay(0).id}

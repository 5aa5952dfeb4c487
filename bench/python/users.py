"""The sign-up with BackgroundTasks, as in https://fastapi.tiangolo.com/tutorial/background-tasks/."""
import os
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()
# Every worker process appends a byte per finished job, so that the number is known even after a crash.
done = os.open(os.environ["BENCH_DONE"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def send_mail(user):
    time.sleep(2)
    os.write(done, b"m")


def draw_image(user):
    time.sleep(5)
    os.write(done, b"i")


@app.post("/users", status_code=202)
async def sign_up(background_tasks: BackgroundTasks):
    background_tasks.add_task(send_mail, 0)
    background_tasks.add_task(draw_image, 0)
    return {"message": "the rest follows"}

"""A FastAPI service with one worker, whose readiness asks all dependencies at once, each with a timeout.

`per-request`: as guides show it, each request makes a client for HTTP. `shared`: the application has one.
"""

import asyncio
import os
import socket
import sys
import threading
import time
from contextlib import asynccontextmanager

import asyncpg
import httpx
import redis.asyncio
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse

POSTGRES = f"postgres://postgres@{os.environ['HEALTH_BENCH_POSTGRES']}/postgres?sslmode=disable"
REDIS = f"redis://{os.environ['HEALTH_BENCH_REDIS']}/"
URL = f"http://{os.environ['HEALTH_BENCH_HTTP']}/"

clients = {}


@asynccontextmanager
async def lifespan(app):
    clients["database"] = await asyncpg.create_pool(POSTGRES, min_size=1, max_size=10)
    clients["cache"] = redis.asyncio.from_url(REDIS)
    if sys.argv[1] == "shared":
        clients["http"] = httpx.AsyncClient()
    yield


app = FastAPI(lifespan=lifespan)


async def check_database():
    async with clients["database"].acquire() as connection:
        await connection.fetchval("SELECT 1")


async def check_cache():
    await clients["cache"].ping()


async def check_service():
    if client := clients.get("http"):
        (await client.get(URL)).raise_for_status()
        return
    async with httpx.AsyncClient() as client:
        (await client.get(URL)).raise_for_status()


async def look(check, timeout):
    start = time.perf_counter()
    try:
        await asyncio.wait_for(check(), timeout)
        return {"healthy": True, "latency_ms": round((time.perf_counter() - start) * 1000, 1)}
    except asyncio.TimeoutError:
        return {"healthy": False, "error": f"Timeout after {timeout * 1000:.0f}ms"}
    except Exception as error:
        return {"healthy": False, "error": str(error)}


@app.get("/health/ready")
async def ready():
    database, cache, service = await asyncio.gather(
        look(check_database, 2.0), look(check_cache, 1.0), look(check_service, 3.0)
    )
    checks = {"database": database, "cache": cache, "service": service}
    is_ready = all(check["healthy"] for check in checks.values())
    return JSONResponse(
        {"status": "ready" if is_ready else "not_ready", "checks": checks},
        status_code=200 if is_ready else 503,
    )


def end_with_standard_input():
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_standard_input, daemon=True).start()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    print("{}:{}".format(*listener.getsockname()), flush=True)
    config = uvicorn.Config(app, log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])

"""A FastAPI service with one worker, whose readiness asks one dependency after the other.

`per-request`: as guides show it, each request makes its clients. `shared`: the application has one of each.
"""

import asyncio
import os
import socket
import sys
import threading
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

shared = {}


@asynccontextmanager
async def lifespan(app):
    if sys.argv[1] == "shared":
        shared["database"] = await asyncpg.create_pool(POSTGRES, min_size=1, max_size=10)
        shared["cache"] = redis.asyncio.from_url(REDIS)
        shared["http"] = httpx.AsyncClient()
    yield


app = FastAPI(lifespan=lifespan)


async def check_database():
    if pool := shared.get("database"):
        await pool.fetchval("SELECT 1")
        return
    connection = await asyncpg.connect(POSTGRES)
    try:
        await connection.fetchval("SELECT 1")
    finally:
        await connection.close()


async def check_cache():
    if client := shared.get("cache"):
        await client.ping()
        return
    async with redis.asyncio.from_url(REDIS) as client:
        await client.ping()


async def check_service():
    if client := shared.get("http"):
        (await client.get(URL)).raise_for_status()
        return
    async with httpx.AsyncClient() as client:
        (await client.get(URL)).raise_for_status()


async def look(check, timeout):
    try:
        await asyncio.wait_for(check(), timeout)
        return {"healthy": True}
    except asyncio.TimeoutError:
        return {"healthy": False, "error": f"Timeout after {timeout * 1000:.0f}ms"}
    except Exception as error:
        return {"healthy": False, "error": str(error)}


@app.get("/health/ready")
async def ready():
    checks = {
        "database": await look(check_database, 2.0),
        "cache": await look(check_cache, 1.0),
        "service": await look(check_service, 3.0),
    }
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

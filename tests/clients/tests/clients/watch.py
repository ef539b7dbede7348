"""Says, one line each time, what Check, Watch and List tell of the service "".

Needs grpcio-health-checking; takes the address of the server.
"""

import sys
import threading
import time

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

channel = grpc.insecure_channel(
    sys.argv[1], options=[("grpc.max_reconnect_backoff_ms", 200)]
)
stub = health_pb2_grpc.HealthStub(channel)
request = health_pb2.HealthCheckRequest(service="")
watched = "nothing"


def name(response):
    return health_pb2.HealthCheckResponse.ServingStatus.Name(response.status)


def watch():
    global watched
    while True:
        try:
            for response in stub.Watch(request):
                watched = name(response)
        except grpc.RpcError as error:
            watched = error.code().name
        time.sleep(0.05)


def asked(ask):
    try:
        return name(ask())
    except grpc.RpcError as error:
        return error.code().name


threading.Thread(target=watch, daemon=True).start()
while True:
    check = asked(lambda: stub.Check(request, timeout=5))
    listed = asked(
        lambda: stub.List(health_pb2.HealthListRequest(), timeout=5).statuses[""]
    )
    print(check, watched, listed, flush=True)
    time.sleep(0.02)

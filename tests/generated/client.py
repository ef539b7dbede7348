"""Asks the default dialect with the client that was generated from its document."""

import sys
import urllib.request

from health_client import ApiClient, Configuration, HealthChecksApi
from health_client.exceptions import NotFoundException, ServiceException
from health_client.models import HealthReady503Response

address = sys.argv[1]
api = HealthChecksApi(ApiClient(Configuration(host=address)))


def switch_second(position):
    request = urllib.request.Request(f"{address}/demo/second/{position}", method="POST")
    urllib.request.urlopen(request)


def refused(call, *arguments):
    try:
        call(*arguments)
    except (NotFoundException, ServiceException) as answer:
        return answer
    raise AssertionError("it was not refused")


assert api.health_live().status == "alive"
ready = api.health_ready()
assert ready.status == "ready" and not ready.degraded
assert ready.checks.second.healthy and ready.checks.second.tags == ["even"]
assert ready.checks.second.data["position"].actual_instance == 0
assert api.health_checks_name("first").name == "first"

switch_second("degraded")
ready = api.health_ready()
assert ready.degraded is True and ready.checks.second.message == "switched to degraded"

switch_second("unhealthy")
answer = refused(api.health_ready)
assert answer.status == 503 and isinstance(answer.data, HealthReady503Response)
assert answer.data.status == "not_ready"
assert answer.data.checks.second.error == "switched to unhealthy"
assert api.health_groups_tag("odd").status == "healthy"
assert refused(api.health_groups_tag, "even").data.status == "unhealthy"

answer = refused(api.health_checks_name, "fourth")
assert answer.status == 404 and answer.data.status == "not_found"
assert answer.data.known == ["first", "second", "third"]

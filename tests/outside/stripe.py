"""localstripe signs events of its own; our gateway must take them, refuse them under another secret, and keep each once."""

import json
import sys
import time
import urllib.parse
import urllib.request
from urllib.error import HTTPError

STRIPE, GATEWAY, METRICS = sys.argv[1:4]


def post(url, fields, key=True):
    headers = {"Authorization": "Bearer sk_test_outside"} if key else {}
    request = urllib.request.Request(url, urllib.parse.urlencode(fields).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        body = answer.read()
        return json.loads(body) if body else None


def counted(name):
    with urllib.request.urlopen(METRICS + "/metrics") as answer:
        lines = answer.read().decode().splitlines()
    told = [line for line in lines if line.startswith(name + "{") and 'provider="stripe"' in line]
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in told)


def wait_for(name, least):
    for _ in range(100):
        if counted(name) >= least:
            return
        time.sleep(0.2)
    raise AssertionError(f"{name} is {counted(name)}, not {least}")


def ready():
    for _ in range(100):
        try:
            urllib.request.urlopen(STRIPE + "/v1/balance")
        except HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("localstripe does not answer")


def main():
    ready()
    hook = {"url": GATEWAY + "/webhooks/stripe", "secret": "whsec_outside"}
    post(STRIPE + "/_config/webhooks/ours", hook, key=False)
    customer = post(STRIPE + "/v1/customers", {"email": "awa@example.com", "name": "Awa Exemple"})
    post(STRIPE + "/v1/payouts", {"amount": "1000", "currency": "eur", "status": "failed"})
    assert customer["id"].startswith("cus_"), customer
    wait_for("webhooks_received_total", 3)
    assert counted("webhooks_refused_total") == 0
    print(f"  signed by localstripe: {counted('webhooks_received_total')} taken, 0 refused")
    taken = counted("webhooks_received_total")
    post(STRIPE + "/_config/webhooks/ours", {**hook, "secret": "whsec_of_somebody_else"}, key=False)
    post(STRIPE + "/v1/customers", {"email": "moussa@example.com"})
    wait_for("webhooks_refused_total", 1)
    assert counted("webhooks_received_total") == taken
    print(f"  signed with another secret: {counted('webhooks_refused_total')} refused")


main()

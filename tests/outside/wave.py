"""Every call of the Python client wave-business-api, unsigned, against the Wave simulator.

Its signed mode signs other bytes than it sends; that too is checked here, so that a mended version is noticed.
"""

import json
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.error import HTTPError

from wave_business_api import WaveClient
from wave_business_api.exceptions import (
    WaveAPIError, WaveAuthError, WaveNotFoundError, WaveValidationError, WaveWebhookError,
)
from wave_business_api.webhook import WebhookVerifier

SANDBOX = sys.argv[1]
KEY = "wave_sn_prod_sandbox"
SECRET = "wave_sn_WHS_sandbox"


def control(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(SANDBOX + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


class Prefixed(BaseHTTPRequestHandler):
    """The client drops a path from its base URL, so this puts the simulator's prefix in front again."""

    def forward(self):
        length = int(self.headers.get("Content-Length") or 0)
        headers = {k: v for k, v in self.headers.items() if k not in ("Host", "Connection", "Accept-Encoding")}
        body = self.rfile.read(length) if length else None
        request = urllib.request.Request(SANDBOX + "/wave" + self.path, body, headers, method=self.command)
        try:
            answer = urllib.request.urlopen(request)
        except HTTPError as error:
            answer = error
        payload = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_POST = do_PUT = do_DELETE = forward

    def log_message(self, *_):
        pass


class Shop(BaseHTTPRequestHandler):
    """Takes webhooks and keeps their very bytes."""

    taken = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        Shop.taken.append((body, self.headers.get("Wave-Signature")))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def serve(handler):
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def refused(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was expected")


def checkout(client):
    session = client.checkout.create_session(
        amount="12500", currency="XOF", success_url="https://shop.example/ok", error_url="https://shop.example/ko",
        client_reference="outside-1",
    )
    assert session["checkout_status"] == "open" and session["wave_launch_url"].startswith("http"), session
    control("/_control/wave/pay", {"reference": session["id"]})
    paid = client.checkout.get_session(session["id"])
    assert (paid["checkout_status"], paid["payment_status"]) == ("complete", "succeeded"), paid
    assert client.checkout.get_session_by_transaction(paid["transaction_id"])["id"] == session["id"]
    assert [found["id"] for found in client.checkout.search_sessions("outside-1")] == [session["id"]]
    assert client.checkout.refund_session(session["id"]) is None
    assert client.checkout.refund_session(session["id"]) is None, "a second refund changes nothing"
    other = client.checkout.create_session("500", "XOF", "https://shop.example/ok", "https://shop.example/ko")
    assert client.checkout.expire_session(other["id"]) is None
    assert client.checkout.get_session(other["id"])["checkout_status"] == "expired"
    refused(WaveNotFoundError, lambda: client.checkout.get_session("cos-nobody"))


def payouts(client):
    before = int(client.balance.get()["amount"])
    payout = client.payout.create(currency="XOF", receive_amount="15000", mobile="+221770003344",
                                  name="Awa Exemple", client_reference="outside-2", idempotency_key="k-1")
    again = client.payout.create(currency="XOF", receive_amount="15000", mobile="+221770003344",
                                 name="Awa Exemple", client_reference="outside-2", idempotency_key="k-1")
    assert payout["id"] == again["id"] and payout["status"] == "succeeded", (payout, again)
    after = int(client.balance.get()["amount"])
    assert before - after == 15000 + int(payout["fee"]), (before, after, payout)
    assert client.payout.get(payout["id"])["receive_amount"] == "15000"
    assert [found["id"] for found in client.payout.search("outside-2")] == [payout["id"]]
    assert client.payout.reverse(payout["id"]) is None
    assert int(client.balance.get()["amount"]) == before
    batch = client.payout.create_batch([
        {"currency": "XOF", "receive_amount": "5000", "mobile": "+221770003345"},
        {"currency": "XOF", "receive_amount": "8000", "mobile": "+221770003346"},
    ])
    for _ in range(50):
        told = client.payout.get_batch(batch["id"])
        if told["status"] == "complete":
            break
        time.sleep(0.2)
    assert told["status"] == "complete" and len(told["payouts"]) == 2, told
    assert all(line["status"] == "succeeded" for line in told["payouts"]), told
    checked = client.payout.verify_recipient(mobile="+221770003344", amount="1000", currency="XOF", name="Awa Exemple")
    assert isinstance(checked, dict) and checked, checked


def statement(client):
    page = client.balance.get_transactions()
    assert page["items"], page
    everything = list(client.balance.get_all_transactions())
    assert len(everything) >= len(page["items"])
    assert all("transaction_id" in line and "amount" in line for line in everything), everything[:1]


def webhooks(client):
    url = serve(Shop)
    control("/_control/wave/webhooks", {"wallet": "sn", "name": "outside", "url": url, "secrets": [SECRET]})
    session = client.checkout.create_session("700", "XOF", "https://shop.example/ok", "https://shop.example/ko")
    control("/_control/wave/pay", {"reference": session["id"]})
    for _ in range(50):
        if Shop.taken:
            break
        time.sleep(0.2)
    body, signature = Shop.taken[0]
    event = WebhookVerifier(signing_secret=SECRET).verify_and_parse(body, wave_signature=signature)
    assert event["type"] == "checkout.session.completed" and event["data"]["id"] == session["id"], event
    stranger = WebhookVerifier(signing_secret="wave_sn_WHS_other")
    refused(WaveWebhookError, lambda: stranger.verify_and_parse(body, wave_signature=signature))
    changed = body.replace("700", "7000")
    verifier = WebhookVerifier(signing_secret=SECRET)
    refused(WaveWebhookError, lambda: verifier.verify_and_parse(changed, wave_signature=signature))


def merchants(client):
    api = client.aggregated_merchants
    made = api.create(name="Marché de Fatou", business_type="other", business_description="A market in Dakar.",
                      business_sector="retail", manager_name="Fatou Exemple")
    assert made["id"].startswith("am-") and made["is_locked"] is False, made
    assert api.get(made["id"]) == made
    # The client takes the 409 of a duplicate for an idempotency conflict; Wave's own status is unknown.
    error = refused(WaveAPIError, lambda: api.create("Marché de Fatou", "other", "Another one"))
    assert error.error_code == "duplicate-aggregated-merchant-name", error
    refused(WaveValidationError, lambda: api.create("Banque", "bank", "Not a known type"))
    changed = api.update(made["id"], name="Grand marché", business_type="fintech", business_description="It grew.")
    assert (changed["name"], changed["business_sector"]) == ("Grand marché", None), changed
    others = [api.create(f"Boutique {number}", "other", "A shop")["id"] for number in range(3)]
    page = api.list(first=2)
    assert len(page["items"]) == 2 and page["page_info"]["has_next_page"], page
    rest = api.list(first=100, after=page["page_info"]["end_cursor"])
    assert [item["id"] for item in page["items"] + rest["items"]] == [made["id"], *others], (page, rest)
    assert [item["id"] for item in api.list_all()] == [made["id"], *others]

    session = client.checkout.create_session("900", "XOF", "https://shop.example/ok", "https://shop.example/ko",
                                             aggregated_merchant_id=made["id"])
    assert session["business_name"] == "Grand marché", session
    payout = client.payout.create(currency="XOF", receive_amount="1000", mobile="+221770003344",
                                  aggregated_merchant_id=made["id"])
    assert payout["aggregated_merchant_id"] == made["id"], payout
    control("/_control/wave/merchants", {"wallet": "sn", "id": made["id"], "checkout_fee": "one_percent"})
    error = refused(WaveAuthError, lambda: api.update(made["id"], "Petit marché", "other", "It shrank."))
    assert error.error_code == "record-locked", error

    for merchant in (made["id"], *others):
        assert api.delete(merchant) is None, "a locked one, too"
    refused(WaveNotFoundError, lambda: api.get(made["id"]))
    refused(WaveNotFoundError, lambda: api.delete(made["id"]))
    assert api.list()["items"] == []
    error = refused(WaveValidationError, lambda: client.checkout.create_session(
        "900", "XOF", "https://shop.example/ok", "https://shop.example/ko", aggregated_merchant_id=made["id"]))
    assert error.error_code == "invalid-aggregated-merchant-id", error


def main():
    base_url = serve(Prefixed)
    client = WaveClient(api_key=KEY, base_url=base_url)
    for part in (checkout, payouts, statement, webhooks, merchants):
        part(client)
        print(f"  {part.__name__}: ok")
    error = refused(WaveAuthError, lambda: WaveClient(api_key="wave_sn_prod_other", base_url=base_url).balance.get())
    print(f"  another key: {error}")


main()

// The Node client mtn-momo against the MTN simulator in its sandbox environment: provisioning, both products, and
// the numbers that the real sandbox answers in its own way.

const assert = require("node:assert");
const momo = require("mtn-momo");

const baseUrl = process.argv[2] + "/mtn";
const sandbox = momo.create({ callbackHost: "127.0.0.1", baseUrl, environment: "sandbox" });

async function account(product) {
  const primaryKey = `mtn_sandbox_primary_${product}`;
  const users = sandbox.Users({ primaryKey });
  const userId = await users.create("127.0.0.1");
  const { apiKey } = await users.login(userId);
  return { primaryKey, userId, userSecret: apiKey };
}

async function settled(product, id) {
  for (let tries = 0; tries < 50; tries += 1) {
    const told = await product.getTransaction(id);
    if (told.status === "SUCCESSFUL") return told;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${id} did not settle`);
}

const ask = (partyId) => ({
  amount: "50",
  currency: "EUR",
  externalId: "123456",
  payer: { partyIdType: "MSISDN", partyId },
  payerMessage: "testing",
  payeeNote: "hello",
});

const pay = (partyId) => {
  const { payer, ...rest } = ask(partyId);
  return { ...rest, payee: payer };
};

async function refusal(product, id) {
  for (let tries = 0; tries < 50; tries += 1) {
    try {
      await product.getTransaction(id);
    } catch (error) {
      return error.name;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${id} was not refused`);
}

async function main() {
  const collections = sandbox.Collections(await account("collection"));
  const paid = await settled(collections, await collections.requestToPay(ask("256774290781")));
  assert.strictEqual(paid.amount, "50");
  assert.strictEqual(paid.externalId, "123456");
  assert.ok(paid.financialTransactionId);
  console.log("  request to pay: ok");

  const refused = {
    46733123450: "InternalProcessingError",
    46733123451: "ApprovalRejectedError",
    46733123452: "ExpiredError",
    46733123455: "PayerNotFoundError",
  };
  for (const [number, name] of Object.entries(refused)) {
    assert.strictEqual(await refusal(collections, await collections.requestToPay(ask(number))), name);
  }
  console.log("  numbers that are refused: ok");

  const disbursements = sandbox.Disbursements(await account("disbursement"));
  const transfer = await settled(disbursements, await disbursements.transfer(pay("256776564739")));
  assert.strictEqual(transfer.status, "SUCCESSFUL");
  assert.strictEqual(await refusal(disbursements, await disbursements.transfer(pay("46733123455"))), "NotEnoughFundsError");
  console.log("  transfer: ok");

  for (const product of [collections, disbursements]) {
    const { availableBalance, currency } = await product.getBalance();
    assert.ok(Number(availableBalance) > 0 && currency === "EUR");
  }
  assert.strictEqual(await disbursements.isPayerActive("256776564739"), true);
  console.log("  balance and account holder: ok");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});

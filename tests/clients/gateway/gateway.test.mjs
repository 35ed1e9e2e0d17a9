// What an application sees of a chain through the official client. CONNECTION names the connection file of a chain
// where the contract `notes` of ../js-contract is deployed and needs an endorsement of both organizations.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';

import * as grpc from '@grpc/grpc-js';
import { EndorseError, GatewayError } from '@hyperledger/fabric-gateway';

import { dial, gateway, read } from './connection.mjs';

const settings = read();
const text = (bytes) => Buffer.from(bytes).toString();
let client, session, network, notes;

before(() => {
  client = dial(settings);
  session = gateway(settings, client);
  network = session.getNetwork(settings.channel);
  notes = network.getContract(settings.contract);
});
after(() => {
  session.close();
  client.close();
});

async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({ message: 'the call succeeded' });
}

test('a submitted transaction is committed and can be read back', async () => {
  const key = randomUUID();

  const commit = await notes.submitAsync('put', { arguments: [key, 'hello'] });
  const status = await commit.getStatus();

  assert.deepEqual([status.successful, status.code, status.transactionId], [true, 0, commit.getTransactionId()]);
  assert.ok(status.blockNumber > 0n);
  assert.equal(text(await notes.evaluateTransaction('get', key)), 'hello');
});

test('a contract error of an evaluation carries the contract\'s words', async () => {
  const error = await failure(notes.evaluateTransaction('fail', 'the cellar is flooded'));

  assert.ok(error instanceof GatewayError);
  assert.equal(error.code, grpc.status.UNKNOWN);
  assert.match(error.message, /evaluate call to endorser returned error: chaincode response 500, the cellar is flooded/);
  assert.deepEqual(
    error.details.map(({ mspId, message }) => ({ mspId, message })),
    [{ mspId: settings.mspId, message: 'chaincode response 500, the cellar is flooded' }],
  );
});

test('a contract error of a submission names the endorser that saw it', async () => {
  const error = await failure(notes.submitTransaction('fail', 'the cellar is flooded'));

  assert.ok(error instanceof EndorseError);
  assert.equal(error.code, grpc.status.ABORTED);
  assert.match(error.message, /failed to endorse transaction, see attached details for more info/);
  // One detail for each peer of the organization that was tried.
  assert.ok(error.details.length > 0);
  for (const { mspId, message } of error.details) {
    assert.deepEqual([mspId, message], [settings.mspId, 'chaincode response 500, the cellar is flooded']);
  }
});

test('an unknown function is refused in the contract\'s words', async () => {
  const error = await failure(notes.submitTransaction('nowhere'));

  assert.ok(error instanceof EndorseError);
  assert.match(error.details[0].message, /function that does not exist: nowhere/);
});

test('an unknown contract is named', async () => {
  const error = await failure(network.getContract('absent').evaluateTransaction('get', 'x'));

  assert.ok(error instanceof GatewayError);
  assert.match(`${error.message} ${JSON.stringify(error.details)}`, /absent/);
});

test('endorsements that disagree are refused before ordering', async () => {
  const error = await failure(notes.submitTransaction('disagree', randomUUID()));

  assert.ok(error instanceof EndorseError);
  assert.equal(error.code, grpc.status.ABORTED);
  assert.match(JSON.stringify(error.details), /ProposalResponsePayloads do not match/);
});

test('of two transactions that read the same version one commits and one is an MVCC conflict', async () => {
  const key = randomUUID();
  await notes.submitTransaction('put', key, '');
  const endorsed = await Promise.all([1, 2].map((n) => notes.newProposal('append', { arguments: [key, `${n}`] }).endorse()));

  const commits = await Promise.all(endorsed.map((transaction) => transaction.submit()));
  const codes = (await Promise.all(commits.map((commit) => commit.getStatus()))).map((status) => status.code);

  assert.deepEqual(codes.sort((a, b) => a - b), [0, 11]);
});

test('a transaction that comes after the key has changed is told so by its commit status', async () => {
  const key = randomUUID();
  await notes.submitTransaction('put', key, '');
  const proposal = () => notes.newProposal('append', { arguments: [key, 'x'] }).endorse();
  const [first, second] = await Promise.all([proposal(), proposal()]);
  await (await first.submit()).getStatus();

  const late = await second.submit();
  const status = await late.getStatus();

  assert.deepEqual([status.successful, status.code], [false, 11]);
});

test('endorsers of an organization that is not there cannot be found', async () => {
  const error = await failure(
    notes.submit('put', { arguments: [randomUUID(), 'x'], endorsingOrganizations: [settings.mspId, 'NowhereMSP'] }),
  );

  assert.ok(error instanceof EndorseError);
  assert.equal(error.code, grpc.status.UNAVAILABLE);
  assert.match(error.message, /NowhereMSP/);
});

test('a deadline that passes is answered as one', async () => {
  const error = await failure(
    notes.newProposal('slow', { arguments: ['5000'] }).endorse({ deadline: Date.now() + 500 }),
  );

  assert.equal(error.code, grpc.status.DEADLINE_EXCEEDED);
});

test('contract events arrive in order, from the block asked for, with their transaction', async () => {
  const key = randomUUID();
  const commit = await notes.submitAsync('put', { arguments: [key, 'news'] });
  const { blockNumber } = await commit.getStatus();

  const events = await network.getChaincodeEvents(settings.contract, { startBlock: blockNumber });
  try {
    for await (const event of events) {
      if (event.transactionId !== commit.getTransactionId()) continue;
      assert.deepEqual(
        [event.blockNumber, event.chaincodeName, event.eventName, JSON.parse(text(event.payload))],
        [blockNumber, settings.contract, 'put', { key, text: 'news' }],
      );
      break;
    }
  } finally {
    events.close();
  }
});

test('block events replay the chain from its first block', async () => {
  const blocks = await network.getBlockEvents({ startBlock: 0n });
  const numbers = [];
  try {
    for await (const block of blocks) {
      numbers.push(block.getHeader().getNumber());
      if (numbers.length === 3) break;
    }
  } finally {
    blocks.close();
  }

  assert.deepEqual(numbers, [0, 1, 2]);
});

test('filtered block events name each transaction and its code', async () => {
  const commit = await notes.submitAsync('put', { arguments: [randomUUID(), 'x'] });
  const { blockNumber } = await commit.getStatus();

  const blocks = await network.getFilteredBlockEvents({ startBlock: blockNumber });
  try {
    for await (const block of blocks) {
      const found = block.getFilteredTransactionsList().find((tx) => tx.getTxid() === commit.getTransactionId());
      assert.equal(found.getTxValidationCode(), 0);
      break;
    }
  } finally {
    blocks.close();
  }
});

test('a channel that the peer has not joined is unknown', async () => {
  const elsewhere = session.getNetwork('elsewhere').getContract(settings.contract);

  const error = await failure(elsewhere.evaluateTransaction('get', 'x'));

  assert.ok(error instanceof GatewayError);
  assert.equal(error.code, grpc.status.UNAVAILABLE);
  assert.match(error.message, /could not get last config for channel elsewhere/);
});

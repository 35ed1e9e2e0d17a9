'use strict';

const { Contract } = require('fabric-contract-api');
const { randomUUID } = require('node:crypto');

/** Keeps texts by key, and misbehaves on request. */
class Notes extends Contract {
  constructor() {
    super('notes');
  }

  async put(ctx, key, text) {
    await ctx.stub.putState(key, Buffer.from(text));
    ctx.stub.setEvent('put', Buffer.from(JSON.stringify({ key, text })));
  }

  async get(ctx, key) {
    const text = await ctx.stub.getState(key);
    if (text.length === 0) throw new Error(`no note under ${key}`);
    return text.toString();
  }

  /** Reads, then writes: two of these in one block conflict. */
  async append(ctx, key, text) {
    const before = await ctx.stub.getState(key);
    await ctx.stub.putState(key, Buffer.concat([before, Buffer.from(text)]));
  }

  async count(ctx, start, end) {
    let rows = 0;
    for await (const _ of ctx.stub.getStateByRange(start, end)) rows += 1;
    return rows;
  }

  /** Writes something else on each peer, so that endorsements cannot agree. */
  async disagree(ctx, key) {
    await ctx.stub.putState(key, Buffer.from(randomUUID()));
  }

  /** Answers after `milliseconds`, for deadlines. */
  async slow(_ctx, milliseconds) {
    await new Promise((done) => setTimeout(done, Number(milliseconds)));
    return 'done';
  }

  async fail(_ctx, message) {
    throw new Error(message);
  }
}

module.exports.contracts = [Notes];

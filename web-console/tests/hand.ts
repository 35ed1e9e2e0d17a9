/** Somebody's hand on a page: it clicks and types, and counts what that takes. */
import type { Locator, Page } from 'playwright-core';

/** Seconds, by the keystroke-level model (Card, Moran, Newell): to think of the next thing, to point and click, to hit a key. */
const THINK = 1.35;
const CLICK = 1.3;
const KEY = 0.28;

/** Seconds are what somebody waits, and what it takes them altogether. */
export type Effort = { waited: number; clicks: number; keys: number; byHand: number };

/** One thing after the other. */
export const both = (one: Effort, other: Effort): Effort => ({
  waited: one.waited + other.waited,
  clicks: one.clicks + other.clicks,
  keys: one.keys + other.keys,
  byHand: one.byHand + other.byHand,
});

export class Hand {
  #thoughts = 0;
  #clicks = 0;
  #keys = 0;
  #began = Date.now();
  #paused = 0;

  constructor(readonly page: Page) {}

  async click(target: Locator) {
    await target.click();
    this.#thoughts += 1;
    this.#clicks += 1;
  }

  /** Goes to a field and types. */
  async type(target: Locator, text: string) {
    await this.#write(target, text, text.length);
  }

  /** Goes to a field and pastes what was copied elsewhere. */
  async paste(target: Locator, text: string) {
    await this.#write(target, text, 2);
  }

  async #write(target: Locator, text: string, keys: number) {
    // Nobody points at a field in which the cursor stands already.
    const isThere = await target.evaluate((field) => field === document.activeElement);
    await target.fill(text);
    this.#thoughts += 1;
    this.#clicks += isThere ? 0 : 1;
    this.#keys += keys;
  }

  /** Does what is none of somebody's work, such as pictures, while the clock stands still. */
  async aside(work: () => Promise<unknown>) {
    const began = Date.now();
    await work();
    this.#paused += Date.now() - began;
  }

  /** What it took, and what it would take a person, who waits as long and needs time for each click and key. */
  report(): Effort {
    const waited = (Date.now() - this.#began - this.#paused) / 1000;
    const byHand = waited + this.#thoughts * THINK + this.#clicks * CLICK + this.#keys * KEY;
    return { waited, clicks: this.#clicks, keys: this.#keys, byHand };
  }
}

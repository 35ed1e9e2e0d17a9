/** Somebody's hand on a page: it clicks and types, and counts what that takes. */
import type { Locator, Page } from 'playwright-core';

/** Seconds, by the keystroke-level model (Card, Moran, Newell): to think of the next thing, to point and click, to hit a key. */
const THINK = 1.35;
const CLICK = 1.3;
const KEY = 0.28;

export class Hand {
  #clicks = 0;
  #keys = 0;
  #began = Date.now();
  #paused = 0;

  constructor(readonly page: Page) {}

  async click(target: Locator) {
    await target.click();
    this.#clicks += 1;
  }

  /** Goes to a field and types. */
  async type(target: Locator, text: string) {
    await target.fill(text);
    this.#clicks += 1;
    this.#keys += text.length;
  }

  /** Goes to a field and pastes what was copied elsewhere. */
  async paste(target: Locator, text: string) {
    await target.fill(text);
    this.#clicks += 1;
    this.#keys += 2;
  }

  /** Does what is none of somebody's work, such as pictures, while the clock stands still. */
  async aside(work: () => Promise<unknown>) {
    const began = Date.now();
    await work();
    this.#paused += Date.now() - began;
  }

  /** What it took, and what it would take a person, who waits as long and needs time for each click and key. */
  report(): { waited: number; clicks: number; keys: number; byHand: number } {
    const waited = (Date.now() - this.#began - this.#paused) / 1000;
    const byHand = waited + this.#clicks * (THINK + CLICK) + this.#keys * KEY;
    return { waited: Math.round(waited), clicks: this.#clicks, keys: this.#keys, byHand: Math.round(byHand) };
  }
}

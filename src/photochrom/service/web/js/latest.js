/**
 * Of many wishes that come quickly, only the last is worth fulfilling. One task runs at a time; while it does, the
 * newest wish waits and replaces the one that waited before it.
 */

import { wasAborted } from "./dom.js";

/** @typedef {(signal: AbortSignal) => Promise<void>} Task */

export class Latest {
  /** @param {(error: unknown) => void} failed is told of what went wrong in a task that still counted */
  constructor(failed) {
    this.failed = failed;
    /** @type {AbortController | null} */
    this.running = null;
    /** @type {Task | null} */
    this.next = null;
  }

  /**
   * @param {Task} task
   * @param {{patient?: boolean}} [how] patient: what runs may end first, so that quick wishes show something
   */
  want(task, { patient = false } = {}) {
    this.next = task;
    if (!this.running) void this.#run();
    else if (!patient) this.running.abort();
  }

  /** Give up what runs and what waits. */
  stop() {
    this.next = null;
    this.running?.abort();
  }

  async #run() {
    while (this.next) {
      const task = this.next;
      const running = new AbortController();
      this.next = null;
      this.running = running;
      try {
        await task(running.signal);
      } catch (error) {
        if (!running.signal.aborted && !wasAborted(error)) this.failed(error);
      }
      this.running = null;
    }
  }
}

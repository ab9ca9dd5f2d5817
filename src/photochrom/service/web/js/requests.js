/**
 * One request to the server, and all that can come in its way: a busy server is waited for, a key is asked for
 * once and kept for this tab, and whatever else goes wrong becomes a sentence. Only engine.js uses this.
 */

const KEY = "photochrom-key";
const LONGEST_WAIT = 30;

/** Something that went wrong, told in a sentence. */
export class Problem extends Error {
  /**
   * @param {string} message for people
   * @param {number} status of HTTP; 0 where no answer came
   */
  constructor(message, status) {
    super(message);
    this.name = "Problem";
    this.status = status;
  }
}

/**
 * @typedef {object} Waiting
 * @property {(seconds: number) => void} busy is told when the server has no place yet and is asked again later
 * @property {(again: boolean) => Promise<string | null>} askKey gives the key that a person typed; null: none
 */

/** Sends requests, one address after the other. */
export class Requests {
  /** @param {Waiting} waiting */
  constructor(waiting) {
    this.waiting = waiting;
    /** @type {Promise<boolean> | null} */
    this.asking = null;
  }

  /**
   * The answer, which is a good one.
   * @param {string} path
   * @param {{method?: string, json?: unknown, form?: FormData, signal?: AbortSignal}} [how]
   * @returns {Promise<Response>}
   */
  async send(path, { method, json, form, signal } = {}) {
    for (;;) {
      const key = sessionStorage.getItem(KEY);
      /** @type {Record<string, string>} */
      const headers = key ? { Authorization: `Bearer ${key}` } : {};
      if (json !== undefined) headers["Content-Type"] = "application/json";
      const body = json === undefined ? form : JSON.stringify(json);
      const answer = await this.#answer(path, { method: method ?? (body ? "POST" : "GET"), headers, body, signal });
      if (answer.ok) return answer;
      if (answer.status === 503) {
        const seconds = Math.min(Number(answer.headers.get("Retry-After")) || 1, LONGEST_WAIT);
        this.waiting.busy(seconds);
        await pause(seconds * (1 + Math.random() / 4), signal);
      } else if (answer.status === 401) {
        if (!(await this.#newKey(key))) throw new Problem("Without its key, Photochrom does not answer.", 401);
      } else {
        throw new Problem(await sentence(answer), answer.status);
      }
    }
  }

  /**
   * @param {string} path
   * @param {RequestInit} how
   */
  async #answer(path, how) {
    try {
      return await fetch(path, { ...how, cache: "no-store", credentials: "same-origin", referrerPolicy: "no-referrer" });
    } catch (error) {
      if (how.signal?.aborted) throw error;
      throw new Problem(
        "Photochrom does not answer. See whether it is still running on its computer, and try again; " +
          "what you have done here is not lost.",
        0,
      );
    }
  }

  /**
   * Asks for a key; requests that wait for one at the same time share the question.
   * @param {string | null} tried
   */
  async #newKey(tried) {
    if (sessionStorage.getItem(KEY) !== tried) return true;
    this.asking ??= this.waiting.askKey(tried !== null).then((key) => {
      if (key !== null) sessionStorage.setItem(KEY, key);
      this.asking = null;
      return key !== null;
    });
    return this.asking;
  }
}

/**
 * What the server says of an error; its answers hold a sentence.
 * @param {Response} answer
 */
async function sentence(answer) {
  try {
    const { message } = await answer.json();
    if (typeof message === "string" && message) return finished(message);
  } catch {
    // no JSON: something between here and the server answered
  }
  return `Photochrom answered with an error that it did not explain (${answer.status}).`;
}

/**
 * The server's sentences may follow a name and a colon; here they stand alone.
 * @param {string} message
 */
function finished(message) {
  const named = /^\S*\.\S*: /.test(message);
  const begun = named ? message : message[0].toUpperCase() + message.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

/**
 * @param {number} seconds
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, seconds * 1000);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

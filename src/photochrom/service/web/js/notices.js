/**
 * What the page says: sentences that come and go on the screen and are read out by screen readers, and the thin
 * line that moves while something is on its way.
 */

import { byId, icon, make } from "./dom.js";

const SHORT_MS = 7000;
const PATIENCE_MS = 250;

export class Notices {
  constructor() {
    this.list = byId("notices", HTMLElement);
    this.main = byId("main", HTMLElement);
    this.line = byId("busy", HTMLElement);
    this.spoken = byId("spoken", HTMLElement);
    this.tasks = 0;
    this.timer = 0;
  }

  /**
   * For screen readers alone: what others see anyway.
   * @param {string} sentence
   */
  say(sentence) {
    this.spoken.textContent = sentence;
  }

  /**
   * @param {string} sentence that goes by itself after a while
   * @param {{label: string, act: () => void}} [offer] something to do about it
   */
  tell(sentence, offer) {
    const item = this.#show(sentence, "notice", offer);
    if (!offer) setTimeout(() => item.remove(), SHORT_MS);
  }

  /** @param {string} sentence that stays until it is closed */
  problem(sentence) {
    this.#show(sentence, "notice problem");
  }

  /**
   * Something is on its way.
   * @returns {() => void} to be called when it is there
   */
  busy() {
    this.#count(1);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.line.hidden = this.tasks === 0), PATIENCE_MS);
    return () => {
      this.#count(-1);
      if (this.tasks === 0) this.line.hidden = true;
    };
  }

  /** @param {number} more */
  #count(more) {
    this.tasks += more;
    this.main.setAttribute("aria-busy", String(this.tasks > 0));
  }

  /**
   * @param {string} sentence
   * @param {string} className
   * @param {{label: string, act: () => void}} [offer]
   */
  #show(sentence, className, offer) {
    for (const old of this.list.children) if (old.firstElementChild?.textContent === sentence) old.remove();
    const close = make("button", { type: "button", className: "plain", "aria-label": "Close" }, icon("close"));
    const item = make("div", { className }, make("p", {}, sentence));
    if (offer) {
      const act = make("button", { type: "button" }, offer.label);
      act.addEventListener("click", () => {
        item.remove();
        offer.act();
      });
      item.append(act);
    }
    close.addEventListener("click", () => item.remove());
    item.append(close);
    this.list.append(item);
    while (this.list.children.length > 4) this.list.firstElementChild?.remove();
    return item;
  }
}

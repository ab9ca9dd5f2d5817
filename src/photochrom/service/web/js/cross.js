/** The photograph by keyboard: arrow keys move a cross, Enter does at its place what a click would do there. */

import { byId } from "./dom.js";

/** @typedef {import("./types.js").Point} Point */

export class Cross {
  /**
   * @param {import("./stage.js").Stage} stage
   * @param {import("./refine.js").Refine} refine
   * @param {import("./notices.js").Notices} notices
   * @param {(place: Point) => void} tap
   */
  constructor(stage, refine, notices, tap) {
    this.stage = stage;
    this.refine = refine;
    this.notices = notices;
    this.tap = tap;
    this.cross = byId("cross", HTMLElement);
    /** Of the photograph, so that it stays there while the view moves. @type {Point | null} */
    this.place = null;
    /** Where a box begins. @type {Point | null} */
    this.corner = null;
    stage.on("view", () => this.#put());
    stage.canvas.addEventListener("keydown", (event) => this.#key(event));
    stage.canvas.addEventListener("blur", () => (this.cross.hidden = true));
    stage.canvas.addEventListener("pointerdown", () => this.#leave());
  }

  #leave() {
    this.place = this.corner = null;
    this.#put();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (!this.stage.photo || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 48 : 8;
    /** @type {Record<string, [number, number]>} */
    const ways = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (event.key in ways) this.#move(...ways[event.key]);
    else if (event.key === "Enter" || event.key === " ") this.#act();
    else if (event.key === "Escape" && (this.corner || this.refine.active)) {
      this.corner = null;
      this.refine.toggle(false);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /**
   * @param {number} across on the stage
   * @param {number} down
   */
  #move(across, down) {
    const { stage } = this;
    const { width, height } = /** @type {import("./types.js").Size} */ (stage.photo);
    const from = this.place ? stage.toScreen(this.place) : this.#middle;
    const first = !this.place;
    const at = stage.toPhoto(first ? from : { x: from.x + across, y: from.y + down });
    this.place = { x: Math.min(Math.max(at.x, 0), width - 1), y: Math.min(Math.max(at.y, 0), height - 1) };
    stage.reveal(this.place);
    this.#put();
    const percent = (/** @type {number} */ part) => Math.round(100 * part);
    this.notices.say(`${percent(this.place.x / width)} % across, ${percent(this.place.y / height)} % down`);
  }

  get #middle() {
    const { left, top, width, height } = this.stage.seen;
    return { x: left + width / 2, y: top + height / 2 };
  }

  #act() {
    this.place ??= this.stage.toPhoto(this.#middle);
    this.#put();
    if (!this.refine.active) this.tap(this.place);
    else if (!this.corner) {
      this.corner = this.place;
      this.notices.say("First corner set. Go to the opposite one and press Enter.");
    } else {
      const [from, to] = [this.corner, this.place].map((each) => this.stage.toScreen(each));
      this.corner = null;
      this.refine.draw(from, to, true);
    }
  }

  #put() {
    this.cross.hidden = !this.place || document.activeElement !== this.stage.canvas;
    if (!this.place) return;
    const { x, y } = this.stage.toScreen(this.place);
    this.cross.style.transform = `translate(${x}px, ${y}px)`;
    if (this.corner) this.refine.draw(this.stage.toScreen(this.corner), { x, y }, false);
  }
}

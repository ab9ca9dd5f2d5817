/** The hints on the photograph: each a button that is opened, dragged, pushed by arrow keys, or deleted. */

import { make } from "./dom.js";
import { moved, placeOf, withHint, withoutHint } from "./edits.js";
import { nameOf } from "./names.js";

/** @typedef {import("./types.js").Hint} Hint */

const STILL = 4;

export class Markers {
  /**
   * @param {HTMLElement} layer over the stage
   * @param {import("./stage.js").Stage} stage
   * @param {import("./album.js").Album} album
   * @param {(index: number) => void} open is told of the hint that somebody wants to change
   */
  constructor(layer, stage, album, open) {
    this.layer = layer;
    this.stage = stage;
    this.album = album;
    this.open = open;
    this.chosen = -1;
    /** Whether a hint is on its way by arrow keys: one way is one step to undo, however often the key repeats. */
    this.pushed = false;
    stage.on("view", () => this.#place());
    album.on("current", () => this.#show());
    album.on("edit", () => this.#show());
    album.on("picture", () => this.#show());
  }

  /** @param {number} index of the hint that is being changed; -1: none */
  choose(index) {
    this.chosen = index;
    this.#show();
  }

  get #hints() {
    const picture = this.album.current;
    return (picture?.state !== "failed" && picture?.edit?.hints) || [];
  }

  #show() {
    const hints = this.#hints;
    const { children } = this.layer;
    while (children.length > hints.length) children[children.length - 1].remove();
    while (children.length < hints.length) this.layer.append(this.#marker(children.length));
    hints.forEach((hint, index) => {
      const marker = /** @type {HTMLElement} */ (children[index]);
      marker.style.backgroundColor = hint.color;
      marker.classList.toggle("chosen", index === this.chosen);
      marker.setAttribute("aria-label", `Hint ${index + 1}, ${nameOf(hint.color)}${hint.note ? `, ${hint.note}` : ""}`);
    });
    this.#place();
  }

  #place() {
    this.#hints.forEach((hint, index) => {
      const marker = /** @type {HTMLElement | undefined} */ (this.layer.children[index]);
      const { x, y } = this.stage.toScreen(placeOf(hint));
      if (!marker) return;
      marker.style.transform = `translate(${x}px, ${y}px)`;
      const radius = (hint.radius ?? 0) * this.stage.view.scale;
      marker.style.setProperty("--reach", `${2 * radius}px`);
      marker.classList.toggle("reaching", radius > 13);
    });
  }

  /** @param {number} index */
  #marker(index) {
    const marker = make("button", { type: "button", className: "marker", "aria-describedby": "marker-help" });
    /** @type {{x: number, y: number} | null} */
    let from = null;
    let dragged = false;
    marker.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      marker.setPointerCapture(event.pointerId);
      from = { x: event.clientX, y: event.clientY };
      dragged = false;
    });
    marker.addEventListener("pointermove", (event) => {
      if (!from) return;
      dragged ||= Math.hypot(event.clientX - from.x, event.clientY - from.y) > STILL;
      if (dragged) this.#move(index, event, true);
    });
    marker.addEventListener("pointerup", (event) => {
      from = null;
      if (dragged) this.#move(index, event, false);
    });
    marker.addEventListener("pointercancel", (event) => {
      from = null;
      if (dragged) this.#move(index, event, false);
    });
    marker.addEventListener("click", () => {
      if (!dragged) this.open(index);
      dragged = false;
    });
    marker.addEventListener("keydown", (event) => this.#key(index, event));
    for (const rest of ["keyup", "blur"]) marker.addEventListener(rest, () => this.#rest());
    return marker;
  }

  /**
   * @param {number} index
   * @param {PointerEvent} event
   * @param {boolean} passing
   */
  #move(index, event, passing) {
    const { left, top } = this.stage.canvas.getBoundingClientRect();
    this.#put(index, this.stage.toPhoto({ x: event.clientX - left, y: event.clientY - top }), passing);
  }

  /**
   * @param {number} index
   * @param {import("./types.js").Point} place of the photograph
   * @param {boolean} passing
   */
  #put(index, place, passing) {
    const edit = this.album.current?.edit;
    if (edit) this.album.change(withHint(edit, index, moved(edit.hints[index], place, edit.photo)), { passing });
  }

  #rest() {
    const edit = this.album.current?.edit;
    if (edit && this.pushed) this.album.change(edit);
    this.pushed = false;
  }

  /**
   * @param {number} index
   * @param {KeyboardEvent} event
   */
  #key(index, event) {
    const edit = this.album.current?.edit;
    if (!edit) return;
    const step = (event.shiftKey ? 20 : 4) / this.stage.view.scale;
    /** @type {Record<string, [number, number]>} */
    const ways = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (event.key in ways) {
      const { x, y } = placeOf(edit.hints[index]);
      const [across, down] = ways[event.key];
      this.pushed = true;
      this.#put(index, { x: x + across, y: y + down }, true);
      this.stage.reveal(placeOf(this.#hints[index]));
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.#rest();
      this.album.change(withoutHint(edit, index));
      const next = /** @type {HTMLElement | undefined} */ (this.layer.children[Math.max(index - 1, 0)]);
      (next ?? this.stage.canvas).focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

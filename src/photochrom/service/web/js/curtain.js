/** Before and after: a handle on the stage that draws the photograph as it came over the one in colour. */

import { calm } from "./dom.js";

const REVEAL_MS = 900;
const KNOB = 24;

export class Curtain {
  /**
   * @param {HTMLElement} handle with role="slider"
   * @param {import("./stage.js").Stage} stage
   */
  constructor(handle, stage) {
    this.handle = handle;
    this.stage = stage;
    this.animation = 0;
    /** Where it was before all was shown as it came. @type {number | null} */
    this.left = null;
    stage.on("view", () => this.#place());
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      handle.focus({ preventScroll: true });
      handle.setPointerCapture(event.pointerId);
      cancelAnimationFrame(this.animation);
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const { left, width } = stage.seen;
      this.set((event.clientX - stage.canvas.getBoundingClientRect().left - left) / Math.max(width, 1));
    });
    handle.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {number} part of what is seen that is shown as it came, 0 to 1 */
  set(part) {
    cancelAnimationFrame(this.animation);
    this.#show(Math.min(Math.max(part, 0), 1));
  }

  /** Draws it aside, once, so that colour comes over the grey and everybody sees what the handle is for. */
  reveal() {
    if (calm()) {
      this.set(0);
      return;
    }
    cancelAnimationFrame(this.animation);
    const start = performance.now();
    const step = (/** @type {number} */ now) => {
      const time = Math.min(Math.max((now - start) / REVEAL_MS, 0), 1);
      this.#show((1 - time) ** 3);
      if (time < 1) this.animation = requestAnimationFrame(step);
    };
    this.#show(1);
    this.animation = requestAnimationFrame(step);
  }

  /** @param {boolean} down whether to show all as it came, until this is called with false */
  peek(down) {
    if (down && this.left === null) {
      this.left = this.stage.curtain;
      this.set(1);
    } else if (!down && this.left !== null) {
      this.set(this.left);
      this.left = null;
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = event.shiftKey ? 0.1 : 0.02;
    /** @type {Record<string, number>} */
    const to = {
      ArrowLeft: this.stage.curtain - step,
      ArrowDown: this.stage.curtain - step,
      ArrowRight: this.stage.curtain + step,
      ArrowUp: this.stage.curtain + step,
      PageDown: this.stage.curtain - 0.25,
      PageUp: this.stage.curtain + 0.25,
      Home: 0,
      End: 1,
    };
    if (!(event.key in to)) return;
    event.preventDefault();
    event.stopPropagation();
    this.set(to[event.key]);
  }

  /** @param {number} part */
  #show(part) {
    this.stage.curtain = part;
    const percent = Math.round(part * 100);
    this.handle.setAttribute("aria-valuenow", String(percent));
    this.handle.setAttribute("aria-valuetext", `${percent} % as it came, ${100 - percent} % in colour`);
    this.stage.draw();
    this.#place();
  }

  #place() {
    const { left, top, width, height } = this.stage.seen;
    this.handle.hidden = !this.stage.photo || !this.stage.after;
    const x = left + width * this.stage.curtain;
    const inside = Math.min(Math.max(x, KNOB), this.stage.size.width - KNOB);
    this.handle.style.transform = `translate(${x}px, ${top}px)`;
    this.handle.style.height = `${height}px`;
    this.handle.style.setProperty("--inward", `${inside - x}px`);
  }
}

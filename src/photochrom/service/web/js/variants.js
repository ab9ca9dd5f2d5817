/** Other possible colourings as a filmstrip; choosing one takes over its hints. */

import { byId, make, told } from "./dom.js";
import { changed } from "./edits.js";
import { Latest } from "./latest.js";

/** @typedef {import("./types.js").Hint} Hint */

const AT_ONCE = 4;
const SIZE = 360;

export class Variants {
  /**
   * @param {import("./types.js").Engine} engine
   * @param {import("./album.js").Album} album
   * @param {import("./notices.js").Notices} notices
   */
  constructor(engine, album, notices) {
    this.engine = engine;
    this.album = album;
    this.notices = notices;
    this.button = byId("variants", HTMLButtonElement);
    this.strip = byId("film", HTMLElement);
    this.frames = byId("frames", HTMLElement);
    this.seed = 0;
    /** The hints of each frame, and those that all of them keep first. @type {(readonly Hint[])[]} */
    this.hints = [];
    /** Addresses of their pictures. @type {string[]} */
    this.addresses = [];
    this.asking = new Latest((error) => {
      this.toggle(false);
      notices.problem(told(error));
    });
    this.button.addEventListener("click", () => this.toggle());
    byId("film-close", HTMLButtonElement).addEventListener("click", () => this.toggle(false));
    byId("film-others", HTMLButtonElement).addEventListener("click", () => this.#ask(this.seed + 1));
    album.on("current", () => this.toggle(false));
    album.on("edit", () => (this.album.current?.edit?.reference ? this.toggle(false) : this.#reflect()));
  }

  toggle(on = this.strip.hidden) {
    const open = on && Boolean(this.album.current?.edit);
    if (open && this.album.current?.edit?.reference) {
      this.notices.tell("A reference decides what variants would vary. Remove it to see variants.");
      return;
    }
    const inside = this.strip.contains(document.activeElement);
    this.strip.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
    this.asking.stop();
    this.hints = [];
    if (open) this.#ask(0);
    else if (inside) this.button.focus();
  }

  /** @param {number} seed */
  #ask(seed) {
    const now = this.album.current?.edit;
    if (!now) return;
    const [base = now.hints] = this.hints.includes(now.hints) ? this.hints : [];
    const edit = changed(now, { hints: base });
    this.seed = seed;
    this.hints = [base];
    this.#empty();
    this.asking.want(async (signal) => {
      const done = this.notices.busy();
      try {
        const variants = await this.engine.variants(edit, { n: AT_ONCE, seed, size: SIZE, signal });
        const asItWas = await this.engine.paint(edit, { size: SIZE, signal });
        if (signal.aborted) return;
        this.hints = [base, ...variants.map((each) => each.hints)];
        const pictures = [asItWas, ...variants.map((each) => each.image)];
        this.addresses = pictures.map((picture) => URL.createObjectURL(picture));
        this.frames.replaceChildren(
          ...this.addresses.map((src, at) => this.#frame(at, at ? `Variant ${at}` : "As it was", src)),
        );
        this.#reflect();
        this.notices.say(`${variants.length} variants.`);
      } finally {
        done();
      }
    });
  }

  #empty() {
    for (const address of this.addresses) URL.revokeObjectURL(address);
    this.addresses = [];
    const waiting = () => make("span", { className: "frame waiting" });
    this.frames.replaceChildren(...Array.from({ length: AT_ONCE + 1 }, waiting));
  }

  /**
   * @param {number} at
   * @param {string} name
   * @param {string} src
   */
  #frame(at, name, src) {
    const frame = make("button", { type: "button", className: "frame" }, make("img", { src, alt: "", draggable: false }), name);
    frame.addEventListener("click", () => {
      const edit = this.album.current?.edit;
      if (edit) this.album.change(changed(edit, { hints: this.hints[at] }));
    });
    return frame;
  }

  /** Which of them is on the stage. */
  #reflect() {
    const hints = this.album.current?.edit?.hints;
    [...this.frames.children].forEach((frame, at) =>
      frame.setAttribute("aria-pressed", String(this.hints[at] === hints)),
    );
  }
}

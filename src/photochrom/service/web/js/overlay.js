/** Shows where the colours come from: stated, following from that, inferred, or uncertain; with a legend in numbers. */

import { byId, percent, told } from "./dom.js";
import { Latest } from "./latest.js";

const KINDS = /** @type {const} */ (["stated", "follows", "inferred", "uncertain"]);
const WAIT_MS = 120;

export class Overlay {
  /**
   * @param {import("./types.js").Engine} engine
   * @param {import("./album.js").Album} album
   * @param {import("./stage.js").Stage} stage
   * @param {import("./notices.js").Notices} notices
   */
  constructor(engine, album, stage, notices) {
    this.engine = engine;
    this.album = album;
    this.stage = stage;
    this.notices = notices;
    this.button = byId("overlay", HTMLButtonElement);
    this.legend = byId("legend", HTMLElement);
    this.active = false;
    this.timer = 0;
    /** What the answer is on its way for, or on the stage. @type {import("./types.js").Edit | null} */
    this.asked = null;
    this.asking = new Latest((error) => {
      this.toggle(false);
      notices.problem(told(error));
    });
    this.button.addEventListener("click", () => this.toggle());
    album.on("current", () => {
      this.#show(null);
      this.#ask();
    });
    album.on("picture", (picture) => picture === album.current && this.#ask());
    album.on("edit", ({ passing }) => passing || this.#ask());
  }

  toggle(on = !this.active) {
    this.active = on;
    this.button.setAttribute("aria-pressed", String(on));
    if (on) this.#ask();
    else {
      this.asking.stop();
      this.#show(null);
    }
  }

  #ask() {
    clearTimeout(this.timer);
    if (this.active) this.timer = setTimeout(() => this.#fetch(), WAIT_MS);
  }

  #fetch() {
    const edit = this.album.current?.edit;
    if (!edit || !this.active || edit === this.asked) return;
    this.asked = edit;
    this.asking.want(async (signal) => {
      const done = this.notices.busy();
      try {
        const { shares, overlay } = await this.engine.confidence(edit, { signal });
        const bitmap = await createImageBitmap(overlay);
        if (signal.aborted || this.album.current?.edit !== edit) return;
        this.#show(bitmap);
        const words = KINDS.map((kind) => {
          const share = percent(shares[kind]);
          byId(`share-${kind}`, HTMLElement).textContent = share;
          return `${kind} ${share}`;
        });
        this.notices.say(`Of this picture: ${words.join(", ")}.`);
      } finally {
        done();
      }
    });
  }

  /** @param {ImageBitmap | null} bitmap */
  #show(bitmap) {
    if (!bitmap) this.asked = null;
    this.stage.overlay?.close();
    this.stage.overlay = bitmap;
    this.legend.hidden = !bitmap;
    this.stage.draw();
  }
}

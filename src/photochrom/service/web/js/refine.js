/** Looking closer: a box is drawn over a face or a medal, and the engine looks at it again, one box at a time. */

import { byId, make, told } from "./dom.js";
import { changed } from "./edits.js";

/** @typedef {import("./types.js").Point} Point */
/** @typedef {import("./types.js").Box} Box */

const LEAST = 8;

export class Refine {
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
    this.button = byId("refine", HTMLButtonElement);
    this.frame = byId("box", HTMLElement);
    this.looked = byId("looked", HTMLElement);
    this.active = false;
    /** Whether the engine looks at a box now. */
    this.looking = false;
    this.button.addEventListener("click", () => this.toggle());
    album.on("current", () => {
      this.toggle(false);
      this.frame.hidden = true;
    });
    stage.on("view", () => {
      this.frame.hidden = true;
      this.#showLooked();
    });
  }

  /** @param {boolean} [on] whether a drag draws a box from now on */
  toggle(on = !this.active) {
    this.active = on && !this.looking && Boolean(this.album.current?.edit);
    this.button.setAttribute("aria-pressed", String(this.active));
    this.frame.hidden = !this.looking;
    byId("tool-help", HTMLElement).hidden = !this.active;
    this.#showLooked();
    if (this.active) this.notices.say("Draw a box around a face or a thing, with some room around it.");
  }

  /** While boxes are drawn, the ones that there are can be seen. */
  #showLooked() {
    const boxes = (this.active && this.album.current?.edit?.photo.boxes) || [];
    const frames = /** @type {HTMLCollectionOf<HTMLElement>} */ (this.looked.children);
    while (frames.length > boxes.length) frames[0].remove();
    while (frames.length < boxes.length) this.looked.append(make("i"));
    boxes.forEach(([left, top, right, bottom], index) => {
      const { style } = frames[index];
      const [from, to] = [this.stage.toScreen({ x: left, y: top }), this.stage.toScreen({ x: right, y: bottom })];
      style.transform = `translate(${from.x}px, ${from.y}px)`;
      style.width = `${to.x - from.x}px`;
      style.height = `${to.y - from.y}px`;
    });
  }

  /**
   * @param {Point} from on the stage
   * @param {Point} to
   * @param {boolean} done
   */
  draw(from, to, done) {
    const [left, right] = [from.x, to.x].sort((one, other) => one - other);
    const [top, bottom] = [from.y, to.y].sort((one, other) => one - other);
    this.frame.hidden = false;
    this.frame.style.transform = `translate(${left}px, ${top}px)`;
    this.frame.style.width = `${right - left}px`;
    this.frame.style.height = `${bottom - top}px`;
    if (!done) return;
    const photo = this.album.current?.edit?.photo;
    if (!photo) return;
    const one = this.stage.toPhoto({ x: left, y: top });
    const other = this.stage.toPhoto({ x: right, y: bottom });
    /** @type {Box} */
    const box = [
      Math.max(Math.floor(one.x), 0),
      Math.max(Math.floor(one.y), 0),
      Math.min(Math.ceil(other.x), photo.width),
      Math.min(Math.ceil(other.y), photo.height),
    ];
    if (box[2] - box[0] < LEAST || box[3] - box[1] < LEAST) {
      this.frame.hidden = true;
      this.notices.tell("That box is too small to look at. Draw a larger one.");
    } else void this.#look(box);
  }

  cancel() {
    this.frame.hidden = true;
  }

  /** @param {Box} box */
  async #look(box) {
    const picture = this.album.current;
    const photo = picture?.edit?.photo;
    if (!picture || !photo) return;
    const done = this.notices.busy();
    this.looking = true;
    this.frame.classList.add("looking");
    this.toggle(false);
    try {
      const closer = await this.engine.refine(photo, box);
      if (picture.edit?.photo !== photo) return;
      this.album.change(changed(picture.edit, { photo: closer }), { of: picture });
      this.notices.say("Looked closer at that part.");
    } catch (error) {
      this.notices.problem(told(error));
    } finally {
      done();
      this.looking = false;
      this.frame.hidden = true;
      this.frame.classList.remove("looking");
    }
  }
}

/** Opens the photographs of the album, two at a time, the one that is looked at first, and colours the others small. */

import { told } from "./dom.js";
import { untouched } from "./edits.js";
import { History } from "./history.js";

/** @typedef {import("./album.js").Picture} Picture */

const AT_ONCE = 2;
const SMALL = 320;
const SCREEN = 1600;
const LARGEST_SIGHT = 40e6;
const SEEN_BY_BROWSERS = /^image\/(jpeg|png|webp|avif|bmp)$/;

export class Queue {
  /**
   * @param {import("./types.js").Engine} engine
   * @param {import("./album.js").Album} album
   */
  constructor(engine, album) {
    this.engine = engine;
    this.album = album;
    this.running = 0;
    album.on("pictures", () => this.#go());
    album.on("picture", (picture) => picture.state === "waiting" && this.#go());
  }

  /** @param {Picture} picture that failed; others that did for the same reason, such as no answer, go with it */
  again({ problem }) {
    const failed = this.album.pictures.filter((each) => each.state === "failed" && each.problem === problem);
    for (const each of failed) this.album.mark(each, "waiting");
  }

  #go() {
    while (this.running < AT_ONCE) {
      const waiting = this.album.pictures.filter((each) => each.state === "waiting");
      const next = waiting.find((each) => each === this.album.current) ?? waiting[0];
      if (!next) return;
      this.running += 1;
      next.state = "opening";
      void this.#open(next).finally(() => {
        this.running -= 1;
        this.#go();
      });
    }
  }

  /** @param {Picture} picture */
  async #open(picture) {
    this.album.mark(picture, picture.history ? "coloring" : "opening");
    try {
      const edit = picture.edit ?? (await this.#first(picture));
      if (picture.state !== "coloring") this.album.mark(picture, "coloring");
      if (picture === this.album.current) return;
      const bitmap = await createImageBitmap(await this.engine.paint(edit, { size: SMALL }));
      if (picture === this.album.current) return;
      picture.drawThumb(bitmap);
      bitmap.close();
      this.album.mark(picture, "done");
    } catch (error) {
      this.album.mark(picture, "failed", told(error));
    }
  }

  /**
   * Opens it; nothing is asked of it yet.
   * @param {Picture} picture
   */
  async #first(picture) {
    const [photo] = await Promise.all([this.engine.open(picture.file, { page: picture.page }), this.#sight(picture)]);
    picture.history = new History(untouched(photo));
    return picture.history.present;
  }

  /**
   * What the browser itself can show of the file, until the engine has looked at it.
   * @param {Picture} picture
   */
  async #sight(picture) {
    if (!SEEN_BY_BROWSERS.test(picture.file.type) || picture.file.size > LARGEST_SIGHT || picture.page) return;
    try {
      const bitmap = await greyed(await createImageBitmap(picture.file));
      picture.drawThumb(bitmap);
      if (picture === this.album.current && !picture.before) picture.before = { bitmap, size: 0 };
      else bitmap.close();
      this.album.emit("picture", picture);
    } catch {
      // not for browsers; the engine will say whether it is a photograph
    }
  }
}

/**
 * The same without colours, no larger than a screen.
 * @param {ImageBitmap} bitmap
 */
function greyed(bitmap) {
  const scale = Math.min(SCREEN / Math.max(bitmap.width, bitmap.height), 1);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(Math.round(bitmap.width * scale), 1);
  canvas.height = Math.max(Math.round(bitmap.height * scale), 1);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.filter = "grayscale(1)";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return createImageBitmap(canvas);
}

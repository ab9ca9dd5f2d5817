/**
 * Keeps the stage up to date: shows the current picture as it came at once, then in colour, again after each edit,
 * and sharper where somebody looks closer. Small and quick while a slider moves; of many wishes the last one counts.
 */

import { told } from "./dom.js";
import { Latest } from "./latest.js";

/** @typedef {import("./album.js").Picture} Picture */

const QUICK = 640;
const LEAST = 512;
const LARGEST_PREVIEW = 2048;
const MOST_PIXELS = 48e6;
const SHARPEN_MS = 250;
const KEPT = 4;

export class Coloring {
  /**
   * @param {import("./types.js").Engine} engine
   * @param {import("./album.js").Album} album
   * @param {import("./stage.js").Stage} stage
   * @param {import("./curtain.js").Curtain} curtain
   * @param {import("./notices.js").Notices} notices
   */
  constructor(engine, album, stage, curtain, notices) {
    this.engine = engine;
    this.album = album;
    this.stage = stage;
    this.curtain = curtain;
    this.notices = notices;
    this.paints = new Latest((error) => this.#failed(error));
    this.originals = new Latest((error) => this.#failed(error));
    this.quick = false;
    this.sharpening = 0;
    /** The pictures whose large bitmaps are kept, the last one last. @type {Picture[]} */
    this.recent = [];
    /** The one whose pictures are on their way or on the stage. @type {Picture | null} */
    this.started = null;
    album.on("current", () => this.#begin());
    album.on("picture", (picture) => picture === album.current && this.#begin());
    album.on("edit", ({ picture, passing }) => picture === album.current && this.#paint(passing));
    stage.on("view", () => {
      clearTimeout(this.sharpening);
      this.sharpening = setTimeout(() => this.#sharpen(), SHARPEN_MS);
    });
  }

  /** The current picture, from what there is of it. */
  #begin() {
    const picture = this.album.current;
    if (picture !== this.started) this.#leave();
    if (!picture || picture.state === "failed") {
      this.started = null;
      this.#onStage(null);
      return;
    }
    this.#onStage(picture);
    if (!picture.history || picture === this.started) return;
    this.started = picture;
    this.#keep(picture);
    this.stage.zoomToFit();
    this.#original(this.#previewSize);
    this.#paint(false);
  }

  /** What is unfinished of the picture that was looked at is left to the queue. */
  #leave() {
    const left = this.started;
    this.started = null;
    this.paints.stop();
    this.originals.stop();
    const unfinished = left && left.state !== "failed" && left.after?.edit !== left.edit;
    if (unfinished && this.album.pictures.includes(left)) this.album.mark(left, "waiting");
  }

  /** @param {Picture | null} picture */
  #onStage(picture) {
    const { stage } = this;
    stage.before = picture?.before?.bitmap ?? (picture?.thumb.width ? picture.thumb : null);
    const after = picture?.after?.bitmap ?? null;
    const first = after && !stage.after && picture?.state !== "done";
    stage.after = after;
    stage.setPhoto(picture?.edit?.photo ?? stage.before);
    if (first) this.curtain.reveal();
    stage.draw();
  }

  /** Longer side of what is shown while the whole photograph is seen. */
  get #previewSize() {
    const steps = Math.ceil(this.stage.fitPixels / 256) * 256;
    return Math.min(Math.max(steps, LEAST), LARGEST_PREVIEW, this.#fullSize);
  }

  /** Longer side at the photograph's own resolution; very large ones stay below what a browser can hold. */
  get #fullSize() {
    const { width, height } = this.stage.photo ?? { width: 1, height: 1 };
    return Math.round(Math.max(width, height) * Math.min(1, Math.sqrt(MOST_PIXELS / (width * height))));
  }

  /** @param {number} size */
  #original(size) {
    const picture = this.album.current;
    const edit = picture?.edit;
    if (!picture || !edit || (picture.before?.size ?? 0) >= size) return;
    this.originals.want(async (signal) => {
      const busy = this.notices.busy();
      try {
        const bitmap = await createImageBitmap(await this.engine.original(edit.photo, { size, signal }));
        if (signal.aborted) return;
        picture.before?.bitmap.close();
        picture.before = { bitmap, size };
        if (picture === this.album.current) this.#onStage(picture);
      } finally {
        busy();
      }
    });
  }

  /**
   * @param {boolean} passing
   * @param {number} [wanted] size
   */
  #paint(passing, wanted) {
    const picture = this.album.current;
    const edit = picture?.edit;
    if (!picture || !edit) return;
    const size = wanted ?? (passing ? Math.min(QUICK, this.#previewSize) : this.#previewSize);
    if (picture.after?.edit === edit && picture.after.size >= size) return;
    if (picture.state !== "done") this.album.mark(picture, "coloring");
    this.paints.want(
      async (signal) => {
        this.quick = passing;
        const busy = this.notices.busy();
        try {
          const bitmap = await createImageBitmap(await this.engine.paint(edit, { size, signal }));
          if (signal.aborted) return;
          picture.after?.bitmap.close();
          picture.after = { bitmap, size, edit };
          if (picture === this.album.current) this.#onStage(picture);
          if (!passing) picture.drawThumb(bitmap);
          if (!passing) this.album.mark(picture, "done");
        } finally {
          busy();
        }
        if (!passing && picture === this.album.current) this.#sharpen();
      },
      { patient: this.quick },
    );
  }

  /** Fetch the photograph at its own size where the preview would be enlarged. */
  #sharpen() {
    const picture = this.album.current;
    if (!picture?.edit || picture.after?.edit !== picture.edit) return;
    const size = this.stage.pixels > this.#previewSize * 1.1 ? this.#fullSize : this.#previewSize;
    this.#paint(false, size);
    this.#original(size);
  }

  /** @param {Picture} picture */
  #keep(picture) {
    this.recent = [...this.recent.filter((each) => each !== picture), picture];
    while (this.recent.length > KEPT) this.recent.shift()?.release();
  }

  /** @param {unknown} error */
  #failed(error) {
    const picture = this.album.current;
    const problem = told(error);
    if (picture && !picture.after) this.album.mark(picture, "failed", problem);
    else this.notices.problem(problem);
  }
}

/**
 * The photographs on the page, each with a history of its own, and the one that is being looked at.
 *
 * Events: `pictures` (some came or went), `current` (another one is looked at), `picture` (its state or its small
 * picture changed), `edit` (something else is asked of the current one).
 */

import { Emitter } from "./emitter.js";

/** @typedef {import("./types.js").Edit} Edit */
/** @typedef {"waiting" | "opening" | "coloring" | "done" | "failed"} State */
/** @typedef {{bitmap: ImageBitmap, size: number}} Shown a picture for the screen; `size` is its longer side */

const THUMB = 160;

/** One photograph, from the moment it was dropped. */
export class Picture {
  /**
   * @param {File} file
   * @param {number} page
   */
  constructor(file, page) {
    this.file = file;
    this.page = page;
    this.name = page ? `${file.name}, page ${page + 1}` : file.name || "pasted picture";
    /** @type {State} */
    this.state = "waiting";
    /** Why it failed, in a sentence. */
    this.problem = "";
    /** What was asked of it; null until the engine has opened it. @type {import("./history.js").History<Edit> | null} */
    this.history = null;
    /** @type {Shown | null} */
    this.before = null;
    /** @type {(Shown & {edit: Edit}) | null} */
    this.after = null;
    /** What was downloaded last. @type {Edit | null} */
    this.kept = null;
    this.thumb = document.createElement("canvas");
    this.thumb.width = this.thumb.height = 0;
  }

  /** @returns {Edit | null} */
  get edit() {
    return this.history && this.history.present;
  }

  /** Whether something was asked that is in no download yet. */
  get unkept() {
    return Boolean(this.history?.past.length) && this.kept !== this.edit;
  }

  /** @param {ImageBitmap} bitmap */
  drawThumb(bitmap) {
    const scale = Math.min(THUMB / Math.max(bitmap.width, bitmap.height), 1);
    this.thumb.width = Math.max(Math.round(bitmap.width * scale), 1);
    this.thumb.height = Math.max(Math.round(bitmap.height * scale), 1);
    const context = /** @type {CanvasRenderingContext2D} */ (this.thumb.getContext("2d"));
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, this.thumb.width, this.thumb.height);
  }

  /** Give back the memory of what is shown large; it can be had again. */
  release() {
    this.before?.bitmap.close();
    this.after?.bitmap.close();
    this.before = this.after = null;
  }
}

/**
 * @typedef {object} Events
 * @property {null} pictures
 * @property {Picture | null} current
 * @property {Picture} picture
 * @property {{picture: Picture, passing: boolean, jump: boolean}} edit passing: more of the same is about to come;
 *   jump: by undo or redo
 */

/** @extends {Emitter<Events>} */
export class Album extends Emitter {
  constructor() {
    super();
    /** @type {Picture[]} */
    this.pictures = [];
    /** @type {Picture | null} */
    this.current = null;
  }

  /**
   * @param {File[]} files
   * @param {number} [page]
   */
  add(files, page = 0) {
    const added = files.map((file) => new Picture(file, page));
    this.pictures.push(...added);
    this.emit("pictures", null);
    if (added.length && (!this.current || added.length === 1)) this.select(added[0]);
  }

  /** @param {Picture} picture */
  remove(picture) {
    const index = this.pictures.indexOf(picture);
    this.pictures.splice(index, 1);
    picture.release();
    if (picture === this.current) this.select(this.pictures[Math.min(index, this.pictures.length - 1)] ?? null);
    this.emit("pictures", null);
  }

  /**
   * @param {Picture} picture that was removed
   * @param {number} index where it was
   */
  putBack(picture, index) {
    this.pictures.splice(index, 0, picture);
    this.emit("pictures", null);
    this.select(picture);
  }

  /** @param {Picture | null} picture */
  select(picture) {
    if (picture === this.current) return;
    this.current = picture;
    this.emit("current", picture);
  }

  /** @param {number} steps */
  selectNext(steps) {
    const index = this.pictures.findIndex((each) => each === this.current) + steps;
    if (this.pictures[index]) this.select(this.pictures[index]);
  }

  /**
   * @param {Picture} picture
   * @param {State} state
   * @param {string} [problem]
   */
  mark(picture, state, problem = "") {
    picture.state = state;
    picture.problem = problem;
    this.emit("picture", picture);
  }

  /**
   * Ask something else of the current picture.
   * @param {Edit} edit
   * @param {{passing?: boolean, of?: Picture | null}} [how] of: another picture than the current one
   */
  change(edit, { passing = false, of: picture = this.current } = {}) {
    if (!picture?.history) return;
    picture.history.change(edit, passing);
    this.emit("edit", { picture, passing, jump: false });
  }

  undo() {
    if (this.current?.history?.undo()) this.emit("edit", { picture: this.current, passing: false, jump: true });
  }

  redo() {
    if (this.current?.history?.redo()) this.emit("edit", { picture: this.current, passing: false, jump: true });
  }
}

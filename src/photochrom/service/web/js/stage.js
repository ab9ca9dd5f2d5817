/**
 * The stage: draws the photograph before and after, and what is laid over it, as near and far as somebody likes.
 *
 * Pictures of any resolution lie on the same place, so a sharper one can replace another at any time.
 * Events: `view` (it lies elsewhere now).
 */

import { Emitter } from "./emitter.js";
import { fitting, held, toPhoto, toScreen, zoomed } from "./view.js";

/** @typedef {import("./types.js").Point} Point */
/** @typedef {import("./types.js").Size} Size */

const MARGIN = 28;
const NARROW_MARGIN = 10;
const NARROW = 600;

/** @extends {Emitter<{view: null}>} */
export class Stage extends Emitter {
  /** @param {HTMLCanvasElement} canvas fills its parent */
  constructor(canvas) {
    super();
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    /** @type {Size} */
    this.size = { width: 1, height: 1 };
    /** The photograph's own pixels; null: nothing is shown. @type {Size | null} */
    this.photo = null;
    /** @type {import("./view.js").View} */
    this.view = { scale: 1, x: 0, y: 0 };
    this.fitted = true;
    /** Pixels at the lower end that something else needs. */
    this.below = 0;
    /** The photograph as it came. @type {ImageBitmap | HTMLCanvasElement | null} */
    this.before = null;
    /** In colour. @type {ImageBitmap | null} */
    this.after = null;
    /** Laid over the photograph as it came. @type {ImageBitmap | null} */
    this.overlay = null;
    /** Left of this part of what is seen, the photograph is shown as it came. */
    this.curtain = 0;
    this.pending = false;
    new ResizeObserver(() => this.#resize()).observe(canvas.parentElement ?? canvas);
  }

  /** Of the whole photograph. */
  get fit() {
    return fitting(this.photo ?? this.size, this.#frame);
  }

  get #frame() {
    const { width, height } = this.size;
    const margin = width < NARROW ? NARROW_MARGIN : MARGIN;
    return { left: margin, top: margin, right: width - margin, bottom: height - Math.max(margin, this.below) };
  }

  /** Pixels that a picture for the screen needs along its longer side while all of it is seen. */
  get fitPixels() {
    const { width, height } = this.photo ?? this.size;
    return Math.ceil(Math.max(width, height) * this.fit.scale * devicePixelRatio);
  }

  /** The same, as near as it is now. */
  get pixels() {
    const { width, height } = this.photo ?? this.size;
    return Math.ceil(Math.max(width, height) * this.view.scale * devicePixelRatio);
  }

  /** @param {Size | null} photo that is shown from now on; its pictures follow */
  setPhoto(photo) {
    const same = photo && this.photo && photo.width === this.photo.width && photo.height === this.photo.height;
    this.photo = photo;
    if (!same || this.fitted) this.zoomToFit();
    this.draw();
  }

  /** @param {number} pixels at the lower end that something else needs from now on */
  leaveBelow(pixels) {
    this.below = pixels;
    this.#resize();
  }

  zoomToFit() {
    this.fitted = true;
    this.#look(this.fit);
  }

  /**
   * @param {number} factor
   * @param {Point} [around] on the stage; else its middle
   */
  zoom(factor, around = { x: this.size.width / 2, y: this.size.height / 2 }) {
    if (!this.photo) return;
    const next = zoomed(this.view, factor, around, this.fit);
    this.fitted = next.scale <= this.fit.scale * 1.001;
    this.#look(next);
  }

  /** One pixel of the photograph on one of the screen. */
  zoomToPixels() {
    this.zoom(1 / devicePixelRatio / this.view.scale);
  }

  /**
   * @param {number} across
   * @param {number} down
   */
  pan(across, down) {
    this.#look({ ...this.view, x: this.view.x + across, y: this.view.y + down });
  }

  /**
   * Moves so that a place of the photograph is seen.
   * @param {Point} place in pixels of the photograph
   */
  reveal(place) {
    const { x, y } = this.toScreen(place);
    const room = 40;
    const across = x < room ? room - x : x > this.size.width - room ? this.size.width - room - x : 0;
    const end = this.#frame.bottom - room;
    const down = y < room ? room - y : y > end ? end - y : 0;
    if (across || down) this.pan(across, down);
  }

  /** @param {Point} point on the stage */
  toPhoto(point) {
    return toPhoto(this.view, point);
  }

  /** @param {Point} point in pixels of the photograph */
  toScreen(point) {
    return toScreen(this.view, point);
  }

  /** The part of the stage on which the photograph is seen. */
  get seen() {
    const { width, height } = this.photo ?? this.size;
    const { x, y, scale } = this.view;
    const left = Math.max(x, 0);
    const top = Math.max(y, 0);
    return {
      left,
      top,
      width: Math.max(Math.min(x + width * scale, this.size.width) - left, 0),
      height: Math.max(Math.min(y + height * scale, this.size.height) - top, 0),
    };
  }

  /** Soon, once for all that changed. */
  draw() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.#draw();
    });
  }

  /** @param {import("./view.js").View} view */
  #look(view) {
    this.view = this.photo ? held(view, this.photo, this.#frame) : view;
    this.draw();
    this.emit("view", null);
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas.parentElement ?? this.canvas;
    this.size = { width, height };
    this.canvas.width = Math.round(width * devicePixelRatio);
    this.canvas.height = Math.round(height * devicePixelRatio);
    if (this.fitted) this.zoomToFit();
    else this.#look(this.view);
    this.pending = false;
    this.#draw();
  }

  #draw() {
    const { context, canvas, photo, view } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!photo) return;
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.imageSmoothingEnabled = view.scale * devicePixelRatio < 3;
    context.imageSmoothingQuality = "high";
    const lay = (/** @type {ImageBitmap | HTMLCanvasElement | null} */ bitmap) => {
      if (bitmap) context.drawImage(bitmap, view.x, view.y, photo.width * view.scale, photo.height * view.scale);
    };
    const { left, top, width, height } = this.seen;
    if (this.overlay) {
      lay(this.before);
      context.imageSmoothingEnabled = true;
      lay(this.overlay);
    } else {
      lay(this.after ?? this.before);
    }
    if (this.curtain > 0) {
      context.save();
      context.beginPath();
      context.rect(left, top, width * this.curtain, height);
      context.clip();
      lay(this.before);
      context.restore();
    }
  }
}

/**
 * The colour picker: every hue and strength that a place can have in its own light, and no other.
 *
 * The plane is for pointers; the two sliders below it do the same for keys and screen readers.
 */

import { byId } from "./dom.js";
import { greatestChroma, hexOf, inLight, polar, rgbOf } from "./lab.js";

const COLUMNS = 120;
const ROWS = 56;

export class Picker {
  /** @param {(color: string, passing: boolean) => void} picked */
  constructor(picked) {
    this.picked = picked;
    this.plane = byId("picker-plane", HTMLCanvasElement);
    this.knob = byId("picker-knob", HTMLElement);
    this.hue = byId("picker-hue", HTMLInputElement);
    this.chroma = byId("picker-chroma", HTMLInputElement);
    this.hex = byId("picker-hex", HTMLInputElement);
    this.swatch = byId("picker-swatch", HTMLElement);
    this.lightness = 50;
    this.plane.width = COLUMNS;
    this.plane.height = ROWS;

    const point = (/** @type {PointerEvent} */ event, /** @type {boolean} */ passing) => {
      const { left, top, width, height } = this.plane.getBoundingClientRect();
      this.hue.value = String(Math.min(Math.max((event.clientX - left) / width, 0), 1) * 360);
      this.chroma.value = String(100 - Math.min(Math.max((event.clientY - top) / height, 0), 1) * 100);
      this.#pick(passing);
    };
    this.plane.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.plane.setPointerCapture(event.pointerId);
      point(event, true);
    });
    this.plane.addEventListener("pointermove", (event) => {
      if (this.plane.hasPointerCapture(event.pointerId)) point(event, true);
    });
    this.plane.addEventListener("pointerup", (event) => point(event, false));
    for (const slider of [this.hue, this.chroma]) {
      slider.addEventListener("input", () => this.#pick(true));
      slider.addEventListener("change", () => this.#pick(false));
    }
    this.hex.addEventListener("change", () => this.#typed());
  }

  /**
   * @param {number} lightness L* of the place
   * @param {string | null} color that is chosen
   */
  show(lightness, color) {
    this.lightness = Math.min(Math.max(lightness, 2), 99);
    this.#draw();
    this.set(color ?? "#808080");
    if (!color) this.hex.value = "";
  }

  /** @param {string} color that is chosen from now on, without saying so */
  set(color) {
    const { hue, chroma } = polar(color);
    this.hue.value = String(hue);
    this.chroma.value = String(Math.min((100 * chroma) / greatestChroma(this.lightness, hue), 100));
    this.#reflect(color);
  }

  /** @param {boolean} passing */
  #pick(passing) {
    const hue = Number(this.hue.value);
    const chroma = (Number(this.chroma.value) / 100) * greatestChroma(this.lightness, hue);
    const color = hexOf(rgbOf(this.lightness, hue, chroma));
    this.#reflect(color);
    this.picked(color, passing);
  }

  #typed() {
    const [, digits] = /^\s*#?([0-9a-f]{6}|[0-9a-f]{3})\s*$/i.exec(this.hex.value) ?? [];
    this.hex.setAttribute("aria-invalid", String(!digits && this.hex.value.trim() !== ""));
    if (!digits) return;
    const color = `#${digits.length === 3 ? digits.replace(/./g, "$&$&") : digits}`.toLowerCase();
    this.set(color);
    this.picked(color, false);
  }

  /** @param {string} color */
  #reflect(color) {
    this.hex.value = color;
    this.hex.setAttribute("aria-invalid", "false");
    this.swatch.style.backgroundColor = inLight(color, this.lightness);
    const most = greatestChroma(this.lightness, Number(this.hue.value));
    const [grey, full] = [0, most].map((chroma) => hexOf(rgbOf(this.lightness, Number(this.hue.value), chroma)));
    this.chroma.style.setProperty("--track", `linear-gradient(90deg, ${grey}, ${full})`);
    this.knob.style.left = `${(Number(this.hue.value) / 360) * 100}%`;
    this.knob.style.top = `${100 - Number(this.chroma.value)}%`;
    this.hue.setAttribute("aria-valuetext", `${Math.round(Number(this.hue.value))} degrees`);
    this.chroma.setAttribute("aria-valuetext", `${Math.round(Number(this.chroma.value))} %`);
  }

  #draw() {
    const context = /** @type {CanvasRenderingContext2D} */ (this.plane.getContext("2d"));
    const image = context.createImageData(COLUMNS, ROWS);
    for (let column = 0; column < COLUMNS; column += 1) {
      const hue = (360 * (column + 0.5)) / COLUMNS;
      const most = greatestChroma(this.lightness, hue);
      for (let row = 0; row < ROWS; row += 1) {
        const rgb = rgbOf(this.lightness, hue, most * (1 - (row + 0.5) / ROWS));
        image.data.set([...rgb, 255], 4 * (row * COLUMNS + column));
      }
    }
    context.putImageData(image, 0, 0);
    const hues = Array.from({ length: 13 }, (_, at) => hexOf(rgbOf(this.lightness, 30 * at, greatestChroma(this.lightness, 30 * at))));
    this.hue.style.setProperty("--track", `linear-gradient(90deg, ${hues.join(", ")})`);
  }
}

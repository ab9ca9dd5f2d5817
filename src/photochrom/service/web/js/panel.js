/** The sliders, which answer while they move, and the list of what is known. */

import { byId, icon, make, percent, plural } from "./dom.js";
import { changed, untouched, withoutHint } from "./edits.js";
import { nameOf } from "./names.js";

/** @typedef {import("./types.js").Edit} Edit */

/** How each slider's value is written. */
const WORDS = {
  vividness: percent,
  warmth: (/** @type {number} */ value) =>
    value === 0 ? "as it comes" : `${Math.round(Math.abs(value) * 100)} % ${value < 0 ? "cooler" : "warmer"}`,
  strength: percent,
};

/** @typedef {keyof typeof WORDS} Name */

export class Panel {
  /**
   * @param {import("./album.js").Album} album
   * @param {(index: number) => void} open a hint
   */
  constructor(album, open) {
    this.album = album;
    this.open = open;
    this.sliders = /** @type {Record<Name, HTMLInputElement>} */ ({
      vividness: byId("vividness", HTMLInputElement),
      warmth: byId("warmth", HTMLInputElement),
      strength: byId("strength", HTMLInputElement),
    });
    this.tone = byId("keep-tone", HTMLInputElement);
    this.reset = byId("reset", HTMLButtonElement);
    this.forAll = byId("for-all", HTMLButtonElement);
    this.list = byId("hints", HTMLElement);
    this.closer = byId("closer", HTMLElement);
    for (const [name, slider] of Object.entries(this.sliders)) {
      slider.addEventListener("input", () => this.#change({ [name]: Number(slider.value) }, true));
      slider.addEventListener("change", () => this.#change({ [name]: Number(slider.value) }, false));
      slider.addEventListener("dblclick", () => this.#change({ [name]: this.#first()?.[/** @type {Name} */ (name)] }, false));
    }
    this.tone.addEventListener("change", () => this.#change({ keepTone: this.tone.checked }, false));
    this.reset.addEventListener("click", () => {
      const first = this.#first();
      if (!first) return;
      const { vividness, warmth, strength, keepTone } = first;
      this.#change({ vividness, warmth, strength, keepTone }, false);
    });
    this.forAll.addEventListener("click", () => this.#useForAll());
    album.on("pictures", () => this.#show());
    album.on("current", () => this.#show());
    album.on("picture", (picture) => picture === album.current && this.#show());
    album.on("edit", () => this.#show());
    this.#show();
  }

  #first() {
    const photo = this.album.current?.edit?.photo;
    return photo && untouched(photo);
  }

  /**
   * @param {Partial<Edit>} changes
   * @param {boolean} passing
   */
  #change(changes, passing) {
    const edit = this.album.current?.edit;
    if (edit) this.album.change(changed(edit, changes), { passing });
  }

  /** Sliders and reference, not hints: those belong to places. In each picture it can be undone. */
  #useForAll() {
    const { current, pictures } = this.album;
    if (!current?.edit) return;
    const { vividness, warmth, strength, keepTone, reference } = current.edit;
    for (const picture of pictures) {
      if (picture === current || !picture.edit) continue;
      const look = { vividness, warmth, strength, reference, keepTone: keepTone && picture.edit.photo.wasColored === "toned" };
      this.album.change(changed(picture.edit, look), { of: picture });
      if (picture.state === "done") this.album.mark(picture, "waiting");
    }
  }

  #show() {
    const edit = this.album.current?.edit ?? null;
    const values = {
      vividness: edit?.vividness ?? edit?.photo.vividness ?? 0.5,
      warmth: edit?.warmth ?? 0,
      strength: edit?.strength ?? 1,
    };
    for (const [key, slider] of Object.entries(this.sliders)) {
      const name = /** @type {Name} */ (key);
      slider.disabled = !edit;
      if (Number(slider.value) !== values[name]) slider.value = String(values[name]);
      const word = WORDS[name](values[name]);
      slider.setAttribute("aria-valuetext", word);
      byId(`${name}-value`, HTMLElement).textContent = word;
    }
    this.tone.disabled = !edit;
    this.tone.checked = edit?.keepTone ?? false;
    byId("tone", HTMLElement).hidden = edit?.photo.wasColored !== "toned";
    const touched = edit && (edit.vividness !== null || edit.warmth || edit.strength !== 1 || edit.keepTone);
    this.reset.hidden = !touched;
    this.forAll.hidden = this.album.pictures.length < 2 || !(touched || edit?.reference);
    this.#showHints(edit);
    const boxes = edit?.photo.boxes.length ?? 0;
    this.closer.textContent = boxes ? `Looked closer at ${boxes} ${plural("place", boxes)}.` : "";
  }

  /** @param {Edit | null} edit */
  #showHints(edit) {
    byId("no-hints", HTMLElement).hidden = Boolean(edit?.hints.length);
    const focused = [...this.list.children].findIndex((each) => each.contains(document.activeElement));
    this.list.replaceChildren(
      ...(edit?.hints ?? []).map((hint, index) => {
        const swatch = make("span", { className: "swatch" });
        swatch.style.backgroundColor = hint.color;
        const name = nameOf(hint.color);
        const words = make("span", { className: "words" }, hint.note || name);
        const open = make("button", { type: "button", className: "row plain" }, swatch, words);
        open.setAttribute("aria-label", `Change hint ${index + 1}, ${name}${hint.note ? `, ${hint.note}` : ""}`);
        open.title = `${name}, ${hint.color}`;
        open.addEventListener("click", () => this.open(index));
        const remove = make("button", { type: "button", className: "plain square" }, icon("close"));
        remove.setAttribute("aria-label", `Delete hint ${index + 1}`);
        remove.addEventListener("click", () => {
          const now = this.album.current?.edit;
          if (now) this.album.change(withoutHint(now, index));
        });
        return make("li", {}, open, remove);
      }),
    );
    if (focused < 0) return;
    const next = this.list.children[Math.min(focused, this.list.children.length - 1)];
    /** @type {HTMLElement} */ (next?.querySelector("button") ?? this.list).focus();
  }
}

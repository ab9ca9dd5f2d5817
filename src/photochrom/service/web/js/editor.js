/**
 * Where one hint is edited: the likely colours of its place, a picker for any other, how wide it reaches, and where
 * the knowledge comes from. The hint exists from the moment on that a colour is chosen. It stands beside the
 * photograph, in the panel; narrow screens have it over their lower end.
 */

import { byId, make, percent, told } from "./dom.js";
import { placeOf, within, withHint, withoutHint } from "./edits.js";
import { Latest } from "./latest.js";
import { nameOf } from "./names.js";
import { Picker } from "./picker.js";

/** @typedef {import("./types.js").Point} Point */
/** @typedef {import("./types.js").Hint} Hint */

const WIDEST = 0.12;
const DARK = 9;
const BRIGHT = 97;

export class Editor {
  /**
   * @param {import("./types.js").Engine} engine
   * @param {import("./album.js").Album} album
   * @param {import("./stage.js").Stage} stage
   * @param {(index: number) => void} choose is told which hint is being changed; -1: none
   */
  constructor(engine, album, stage, choose) {
    this.engine = engine;
    this.album = album;
    this.stage = stage;
    this.choose = choose;
    this.box = byId("editor", HTMLElement);
    this.spot = byId("spot", HTMLElement);
    this.list = byId("suggestions", HTMLElement);
    this.word = byId("suggestions-word", HTMLElement);
    this.note = byId("hint-note", HTMLInputElement);
    this.radius = byId("hint-radius", HTMLInputElement);
    this.removing = byId("hint-delete", HTMLButtonElement);
    this.narrow = matchMedia("(max-width: 720px)");
    this.tools = stage.below;
    this.place = { x: 0, y: 0 };
    this.index = 0;
    /** How the hints were when this looked last: an edit by anybody else is noticed. @type {readonly Hint[]} */
    this.seen = [];
    this.picker = new Picker((color, passing) => this.#color(color, passing));
    byId("other-color", HTMLDetailsElement).addEventListener("toggle", () => this.isOpen && this.#makeRoom());
    this.asking = new Latest((error) => {
      this.list.replaceChildren();
      this.word.textContent = told(error);
    });

    this.note.addEventListener("change", () => this.#amend({ note: this.note.value.trim() }, false));
    this.radius.addEventListener("input", () => this.#amend({ radius: Number(this.radius.value) }, true));
    this.radius.addEventListener("change", () => this.#amend({ radius: Number(this.radius.value) }, false));
    this.removing.addEventListener("click", () => this.#remove());
    for (const id of ["hint-done", "hint-close"]) {
      byId(id, HTMLButtonElement).addEventListener("click", ({ detail }) => this.close(detail === 0));
    }
    this.note.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      this.note.blur();
      this.close();
    });
    this.box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
    stage.on("view", () => this.#put());
    album.on("current", () => this.close(false));
    album.on("edit", ({ picture, passing, jump }) => picture === album.current && this.#edited(passing, jump));
  }

  get isOpen() {
    return !this.box.hidden;
  }

  /** The hint that is being changed; none before a colour is chosen. @returns {Hint | undefined} */
  get hint() {
    return this.#hints[this.index];
  }

  /** @returns {readonly Hint[]} */
  get #hints() {
    return this.album.current?.edit?.hints ?? [];
  }

  /**
   * Begin a hint at a place of the photograph.
   * @param {Point} place
   */
  begin(place) {
    const edit = this.album.current?.edit;
    if (!edit) return;
    this.#open({ x: within(place.x, edit.photo.width), y: within(place.y, edit.photo.height) }, edit.hints.length);
  }

  /**
   * Change a hint that is there.
   * @param {number} index
   */
  change(index) {
    const hint = this.album.current?.edit?.hints[index];
    if (hint) this.#open(placeOf(hint), index);
  }

  /** @param {boolean} [focus] whether to go back to the photograph, for the keyboard */
  close(focus = true) {
    if (!this.isOpen) return;
    const inside = this.box.contains(document.activeElement);
    this.box.hidden = this.spot.hidden = true;
    this.#makeRoom();
    this.asking.stop();
    this.choose(-1);
    if (focus && inside) this.stage.canvas.focus({ preventScroll: true });
  }

  /**
   * @param {Point} place
   * @param {number} index
   */
  #open(place, index) {
    this.place = place;
    this.index = index;
    this.seen = this.#hints;
    const { width = 1, height = 1 } = this.album.current?.edit?.photo ?? {};
    this.radius.max = String(Math.max(Math.round(Math.max(width, height) * WIDEST), 4));
    this.radius.value = String(this.hint?.radius ?? 0);
    this.note.value = this.hint?.note ?? "";
    this.removing.hidden = !this.hint;
    this.box.hidden = false;
    this.picker.show(50, this.hint?.color ?? null);
    byId("other-color", HTMLDetailsElement).open = !this.narrow.matches;
    this.#makeRoom();
    this.box.scrollIntoView({ block: "nearest" });
    this.stage.reveal(place);
    this.#put();
    this.choose(index);
    this.#suggest();
    this.box.focus({ preventScroll: true });
  }

  #suggest() {
    const edit = this.album.current?.edit;
    if (!edit) return;
    const others = this.hint ? withoutHint(edit, this.index) : edit;
    this.list.replaceChildren(...Array.from({ length: 5 }, () => make("span", { className: "suggestion waiting" })));
    this.word.textContent = "Looking for likely colours…";
    this.asking.want(async (signal) => {
      const { suggestions, lightness } = await this.engine.suggest(others, this.place, { signal });
      if (signal.aborted) return;
      this.list.replaceChildren(...suggestions.map((each) => this.#suggestion(each)));
      this.word.textContent =
        lightness < DARK ? "This place is nearly black: colours hardly show here."
        : lightness > BRIGHT ? "This place is nearly white: colours hardly show here."
        : "Likely colours here";
      this.picker.show(lightness, this.hint?.color ?? null);
      if (this.box === document.activeElement) {
        /** @type {HTMLElement | null} */ (this.list.querySelector("button"))?.focus({ preventScroll: true });
      }
    });
  }

  /**
   * @param {import("./types.js").Suggestion} suggestion
   */
  #suggestion({ color, probability }) {
    const swatch = make("span", { className: "swatch" });
    swatch.style.backgroundColor = color;
    const button = make("button", { type: "button", className: "suggestion" }, swatch, percent(probability));
    const name = nameOf(color);
    button.setAttribute("aria-label", `${name}, ${percent(probability)} likely`);
    button.title = `${name}, ${color}`;
    button.dataset.color = color;
    button.setAttribute("aria-pressed", String(color === this.hint?.color));
    button.addEventListener("click", () => {
      this.picker.set(color);
      this.#color(color, false);
    });
    return button;
  }

  /**
   * @param {string} color
   * @param {boolean} passing
   */
  #color(color, passing) {
    const edit = this.album.current?.edit;
    if (!edit) return;
    const kept = this.hint ?? tidy({ ...this.place, color, radius: Number(this.radius.value), note: this.note.value });
    this.#write(withHint(edit, this.index, { ...kept, color }), passing);
    this.removing.hidden = false;
    this.spot.hidden = true;
    this.choose(this.index);
    for (const button of this.list.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.color === color));
    }
  }

  /**
   * Change a hint that has a colour already; else what was typed is taken along once it has.
   * @param {Partial<Hint>} changes
   * @param {boolean} passing
   */
  #amend(changes, passing) {
    const edit = this.album.current?.edit;
    if (!edit || !this.hint) return;
    this.#write(withHint(edit, this.index, tidy({ ...this.hint, ...changes })), passing);
  }

  /**
   * @param {import("./types.js").Edit} edit
   * @param {boolean} passing
   */
  #write(edit, passing) {
    this.seen = edit.hints;
    this.album.change(edit, { passing });
  }

  /**
   * A hint that was moved meanwhile is followed; where others came or went, none is being changed any more.
   * @param {boolean} passing
   * @param {boolean} jump
   */
  #edited(passing, jump) {
    if (!this.isOpen) return;
    const [before, now] = [this.seen[this.index], this.hint];
    const same = this.seen.length === this.#hints.length && before?.color === now?.color && before?.note === now?.note;
    if (jump || !same) this.close(false);
    else if (now && this.seen !== this.#hints) {
      this.place = placeOf(now);
      this.#put();
      if (passing) return;
      this.seen = this.#hints;
      this.#suggest();
    }
  }

  #remove() {
    const edit = this.album.current?.edit;
    if (edit && this.hint) this.album.change(withoutHint(edit, this.index));
    this.close();
  }

  /** On narrow screens it lies over the lower end, and the photograph moves up. */
  #makeRoom() {
    const over = this.stage.canvas.getBoundingClientRect().bottom - this.box.getBoundingClientRect().top;
    this.stage.leaveBelow(this.isOpen && this.narrow.matches ? Math.max(over + 10, this.tools) : this.tools);
  }

  /** The place is marked until a colour is chosen, whose marker then stands there. */
  #put() {
    if (!this.isOpen) return;
    const { x, y } = this.stage.toScreen(this.place);
    this.spot.hidden = Boolean(this.hint);
    this.spot.style.transform = `translate(${x}px, ${y}px)`;
  }
}

/**
 * @param {Hint} hint
 * @returns {Hint} without what says nothing
 */
function tidy({ radius, note, ...hint }) {
  return { ...hint, ...(radius ? { radius } : {}), ...(note?.trim() ? { note: note.trim() } : {}) };
}

/** The reference picture: one in colour that lends its colours to what is alike, dropped on a well of its own. */

import { byId, told } from "./dom.js";
import { changed } from "./edits.js";

/** @typedef {import("./types.js").Photo} Photo */

const SMALL = 480;

export class Reference {
  /**
   * @param {import("./types.js").Engine} engine
   * @param {import("./album.js").Album} album
   * @param {import("./notices.js").Notices} notices
   */
  constructor(engine, album, notices) {
    this.engine = engine;
    this.album = album;
    this.notices = notices;
    this.well = byId("well", HTMLElement);
    this.words = byId("well-words", HTMLElement);
    this.picture = byId("well-picture", HTMLCanvasElement);
    this.remove = byId("well-remove", HTMLButtonElement);
    /** Whose picture is in the well. @type {Photo | null} */
    this.drawn = null;
    const chooser = byId("well-file", HTMLInputElement);

    byId("well-choose", HTMLButtonElement).addEventListener("click", () => chooser.click());
    chooser.addEventListener("change", () => {
      if (chooser.files?.[0]) void this.#take(chooser.files[0]);
      chooser.value = "";
    });
    this.well.addEventListener("dragover", (event) => {
      event.preventDefault();
      this.well.classList.add("over");
    });
    this.well.addEventListener("dragleave", () => this.well.classList.remove("over"));
    this.well.addEventListener("drop", (event) => {
      event.preventDefault();
      event.stopPropagation();
      this.well.classList.remove("over");
      dispatchEvent(new Event("dropped"));
      const file = event.dataTransfer?.files[0];
      if (file) void this.#take(file);
    });
    this.remove.addEventListener("click", () => {
      const edit = album.current?.edit;
      if (edit) album.change(changed(edit, { reference: null }));
    });
    album.on("current", () => this.#show());
    album.on("edit", () => this.#show());
    this.#show();
  }

  /** @param {File} file */
  async #take(file) {
    const picture = this.album.current;
    if (!picture?.edit) {
      this.notices.problem("Add a photograph first; then give it a reference.");
      return;
    }
    const done = this.notices.busy();
    try {
      const reference = await this.engine.open(file);
      if (reference.wasColored !== "color") {
        this.notices.problem(`${file.name} is in black and white: a reference has colours to lend.`);
      } else if (picture.edit) this.album.change(changed(picture.edit, { reference }), { of: picture });
    } catch (error) {
      this.notices.problem(told(error));
    } finally {
      done();
    }
  }

  #show() {
    const reference = this.album.current?.edit?.reference ?? null;
    this.remove.hidden = this.picture.hidden = !reference;
    this.words.textContent = reference ? reference.name : "Drop a similar picture in colour here";
    if (reference && reference !== this.drawn) void this.#draw(reference);
  }

  /**
   * In its own colours, where the browser can read the file; else at least its light.
   * @param {Photo} reference
   */
  async #draw(reference) {
    this.drawn = reference;
    try {
      const light = () => this.engine.original(reference, { size: SMALL }).then((blob) => createImageBitmap(blob));
      const bitmap = await createImageBitmap(reference.file).catch(light);
      if (this.drawn !== reference) return;
      const scale = Math.min(SMALL / Math.max(bitmap.width, bitmap.height), 1);
      this.picture.width = Math.max(Math.round(bitmap.width * scale), 1);
      this.picture.height = Math.max(Math.round(bitmap.height * scale), 1);
      this.picture.getContext("2d")?.drawImage(bitmap, 0, 0, this.picture.width, this.picture.height);
      bitmap.close();
    } catch (error) {
      this.notices.problem(told(error));
    }
  }
}

/** Keeping what was made: the picture, its layer, its comparison, its project, or all pictures in one archive. */

import { byId, told, wasAborted } from "./dom.js";
import { apart, zip } from "./zip.js";

/** @typedef {import("./types.js").Output} Output */

const ARCHIVE = "coloured.zip";

export class Downloads {
  /**
   * @param {import("./types.js").Engine} engine
   * @param {import("./album.js").Album} album
   * @param {import("./notices.js").Notices} notices
   */
  constructor(engine, album, notices) {
    this.engine = engine;
    this.album = album;
    this.notices = notices;
    this.dialog = byId("downloads", HTMLDialogElement);
    this.button = byId("download", HTMLButtonElement);
    this.format = byId("download-format", HTMLSelectElement);
    this.label = byId("download-label", HTMLInputElement);
    this.all = byId("download-all", HTMLButtonElement);
    /** @type {AbortController | null} */
    this.running = null;
    this.button.addEventListener("click", () => this.open());
    for (const button of this.dialog.querySelectorAll("button[data-output]")) {
      const output = /** @type {Output} */ (/** @type {HTMLElement} */ (button).dataset.output);
      button.addEventListener("click", () => this.one(output));
    }
    this.all.addEventListener("click", () => this.#all());
    album.on("picture", () => this.#show());
    album.on("pictures", () => this.#show());
    album.on("current", () => this.#show());
    this.#show();
  }

  open() {
    if (!this.button.disabled) this.dialog.showModal();
  }

  /** @param {Output} output of the current picture */
  async one(output) {
    const picture = this.album.current;
    const edit = picture?.edit;
    if (!edit) return;
    this.dialog.close();
    const done = this.notices.busy();
    try {
      const { blob, name, warnings } = await this.engine.finish(edit, output, this.#how());
      save(blob, name);
      if (output === "file" || output === "project") picture.kept = edit;
      for (const warning of warnings) this.notices.tell(warning);
      this.notices.say(`${name} was downloaded.`);
    } catch (error) {
      this.notices.problem(told(error));
    } finally {
      done();
    }
  }

  /** Each as it is asked for now, one after the other; a second press gives up. */
  async #all() {
    if (this.running) {
      this.running.abort();
      return;
    }
    this.running = new AbortController();
    const done = this.notices.busy();
    try {
      const finished = await this.#finished(this.running.signal);
      const names = apart(finished.map(({ name }) => name));
      if (finished.length) save(await zip(finished.map(({ blob }, at) => ({ blob, name: names[at] }))), ARCHIVE);
      for (const { picture, edit } of finished) picture.kept = edit;
      this.dialog.close();
    } catch (error) {
      if (!wasAborted(error)) this.notices.problem(error instanceof RangeError ? error.message : told(error));
    } finally {
      done();
      this.running = null;
      this.#show();
    }
  }

  /**
   * The files of all pictures; of one that fails, it is told why.
   * @param {AbortSignal} signal
   */
  async #finished(signal) {
    const finished = [];
    const pictures = this.album.pictures.filter((each) => each.edit && each.state !== "failed");
    for (const [at, picture] of pictures.entries()) {
      const edit = /** @type {import("./types.js").Edit} */ (picture.edit);
      this.all.textContent = `${at + 1} of ${pictures.length}… Stop`;
      try {
        finished.push({ picture, edit, ...(await this.engine.finish(edit, "file", { ...this.#how(), signal })) });
      } catch (error) {
        if (wasAborted(error)) throw error;
        this.notices.problem(`${picture.name} is not in the archive. ${told(error)}`);
      }
    }
    return finished;
  }

  #how() {
    return { ...(this.format.value ? { format: this.format.value } : {}), label: this.label.checked };
  }

  #show() {
    const { pictures, current } = this.album;
    const ready = pictures.filter((each) => each.edit && each.state !== "failed").length;
    const open = pictures.some((each) => each.state === "waiting" || each.state === "opening");
    this.button.disabled = !current?.edit || current.state === "failed";
    byId("download-many", HTMLElement).hidden = pictures.length < 2;
    if (this.running) return;
    this.all.disabled = open || ready === 0;
    this.all.textContent = open ? "All of them, once all are opened" : `All ${ready} in one zip`;
  }
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

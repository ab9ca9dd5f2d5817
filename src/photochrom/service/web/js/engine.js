/**
 * The engine that asks a Photochrom server. The page knows no other module that does, and knows of this one only
 * what `Engine` in types.js says, so that an engine inside the browser can take its place.
 *
 * A server forgets photographs after a while. A `Photo` here never ends: where the server has forgotten it, it is
 * sent once more, looked at closer in the same boxes, and the question asked again.
 */

import { Problem, Requests } from "./requests.js";

/** @typedef {import("./types.js").Photo} Photo */
/** @typedef {import("./types.js").Edit} Edit */
/** @typedef {import("./types.js").Engine} Engine */

/** Longer side that the server makes previews of; what is larger comes as a file. */
const LARGEST_PREVIEW = 4096;

/** @implements {Engine} */
export class ServerEngine {
  /** @param {import("./requests.js").Waiting} waiting */
  constructor(waiting) {
    this.requests = new Requests(waiting);
    /** What the server calls each photograph. @type {WeakMap<Photo, Promise<string>>} */
    this.ids = new WeakMap();
  }

  /** @type {Engine["open"]} */
  async open(file, { page = 0, signal } = {}) {
    return this.#remember(await this.#upload(file, page, signal), file);
  }

  /** @type {Engine["original"]} */
  async original(photo, { size, signal } = {}) {
    const query = size === undefined || size > LARGEST_PREVIEW ? "" : `?size=${size}`;
    return (await this.#ask(photo, (id) => this.requests.send(`/v1/photos/${id}/grey${query}`, { signal }))).blob();
  }

  /** @type {Engine["paint"]} */
  async paint(edit, { size, signal } = {}) {
    const larger = size !== undefined && size > LARGEST_PREVIEW && edit.photo.pages === 1;
    const what = larger
      ? { output: "file", format: "jpeg", quality: 90 }
      : { output: "preview", size: size && Math.min(size, LARGEST_PREVIEW) };
    return (await this.#askEdit(edit, "paint", what, signal)).blob();
  }

  /** @type {Engine["finish"]} */
  async finish(edit, output, { format, label, signal } = {}) {
    const answer = await this.#askEdit(edit, "paint", { output, format, label }, signal);
    const warnings = JSON.parse(answer.headers.get("Photochrom-Warnings") ?? "[]");
    return { blob: await answer.blob(), name: nameIn(answer) ?? fallbackName(edit.photo, output), warnings };
  }

  /** @type {Engine["suggest"]} */
  async suggest(edit, place, { signal } = {}) {
    const reference = edit.reference && (await this.#id(edit.reference));
    const json = { ...place, n: 5, hints: edit.hints, reference };
    return (await this.#ask(edit.photo, (id) => this.#post(id, "suggest", json, signal))).json();
  }

  /** @type {Engine["confidence"]} */
  async confidence(edit, { signal } = {}) {
    const found = await (await this.#askEdit(edit, "confidence", { output: "layers" }, signal)).json();
    return { shares: found.shares, overlay: decoded(found.overlay, "image/png") };
  }

  /** @type {Engine["variants"]} */
  async variants(edit, { n, seed, size = 480, signal }) {
    const found = await (await this.#askEdit(edit, "variants", { n, seed, size }, signal)).json();
    return found.variants.map((/** @type {any} */ each) => ({ ...each, image: decoded(each.image, "image/jpeg") }));
  }

  /** @type {Engine["refine"]} */
  async refine(photo, box, { signal } = {}) {
    const answer = await this.#ask(photo, (id) => this.#post(id, "refine", { box }, signal));
    return this.#remember(await answer.json(), photo.file);
  }

  /** @type {Engine["project"]} */
  async project(photo, file, { signal } = {}) {
    const ask = (/** @type {string} */ id) => {
      const form = new FormData();
      form.append("file", file, file.name);
      return this.requests.send(`/v1/photos/${id}/project`, { form, signal });
    };
    return savedIn(await (await this.#ask(photo, ask)).json());
  }

  /** @type {Engine["close"]} */
  close(photo) {
    const known = this.ids.get(photo);
    this.ids.delete(photo);
    known?.then((id) => this.requests.send(`/v1/photos/${id}`, { method: "DELETE" })).catch(() => {});
  }

  /**
   * @param {File} file
   * @param {number} page
   * @param {AbortSignal} [signal]
   */
  async #upload(file, page, signal) {
    try {
      await file.slice(0, 1).arrayBuffer();
    } catch {
      throw new Problem(`${file.name} can't be read any more: it was moved or changed. Add it again.`, 0);
    }
    const form = new FormData();
    form.append("file", file, file.name);
    form.append("page", String(page));
    return (await this.requests.send("/v1/photos", { form, signal })).json();
  }

  /**
   * @param {any} info as the server gives it
   * @param {File} file
   * @returns {Photo}
   */
  #remember(info, file) {
    const { name, width, height, page, pages, format, model, warnings } = info;
    const photo = Object.freeze({
      ...{ file, name, width, height, page, pages, format, model, warnings },
      wasColored: info.was_colored,
      vividness: info.vividness,
      boxes: Object.freeze(info.refined),
      saved: info.project && savedIn(info.project),
    });
    this.ids.set(photo, Promise.resolve(info.id));
    return photo;
  }

  /**
   * Ask about a photograph; should the server have forgotten it, tell it and ask once more.
   * @param {Photo} photo
   * @param {(id: string) => Promise<Response>} question
   */
  async #ask(photo, question) {
    const id = await this.#id(photo);
    try {
      return await question(id);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 404) throw error;
      await this.#forget(photo, id);
      return question(await this.#id(photo));
    }
  }

  /**
   * @param {Edit} edit
   * @param {string} verb
   * @param {object} more
   * @param {AbortSignal} [signal]
   */
  async #askEdit(edit, verb, more, signal) {
    const ask = async () => {
      const options = {
        hints: edit.hints,
        vividness: edit.vividness,
        strength: edit.strength,
        warmth: edit.warmth,
        keep_tone: edit.keepTone,
        reference: edit.reference && (await this.#id(edit.reference)),
      };
      return this.#ask(edit.photo, (id) => this.#post(id, verb, { ...options, ...more }, signal));
    };
    try {
      return await ask();
    } catch (error) {
      if (!edit.reference || !(error instanceof Problem) || error.status !== 404) throw error;
      await this.#forget(edit.reference, await this.#id(edit.reference));
      return ask();
    }
  }

  /**
   * @param {string} id
   * @param {string} verb
   * @param {unknown} json
   * @param {AbortSignal} [signal]
   */
  #post(id, verb, json, signal) {
    return this.requests.send(`/v1/photos/${id}/${verb}`, { json, signal });
  }

  /**
   * The server's name for a photograph, which is sent again where it has none.
   * @param {Photo} photo
   * @returns {Promise<string>}
   */
  #id(photo) {
    let id = this.ids.get(photo);
    if (!id) {
      id = this.#again(photo);
      id.catch(() => this.ids.delete(photo));
      this.ids.set(photo, id);
    }
    return id;
  }

  /** @param {Photo} photo */
  async #again(photo) {
    let { id } = await this.#upload(photo.file, photo.page);
    for (const box of photo.boxes) ({ id } = await (await this.#post(id, "refine", { box })).json());
    return id;
  }

  /**
   * @param {Photo} photo
   * @param {string} id that the server does not know; another question may have noticed it already
   */
  async #forget(photo, id) {
    if ((await this.ids.get(photo)) === id) this.ids.delete(photo);
  }
}

/**
 * @param {any} project as the server gives it
 * @returns {import("./types.js").Saved}
 */
function savedIn({ options, hints, refined, warnings }) {
  return { options, hints, boxes: refined, warnings };
}

/**
 * @param {string} text in base64
 * @param {string} type
 */
function decoded(text, type) {
  return new Blob([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], { type });
}

/**
 * The name that an answer gives its file (RFC 6266).
 * @param {Response} answer
 */
function nameIn(answer) {
  const disposition = answer.headers.get("Content-Disposition") ?? "";
  const extended = /filename\*\s*=\s*UTF-8''([^;]+)/i.exec(disposition);
  if (extended) return decodeURIComponent(extended[1]);
  return /filename\s*=\s*"((?:[^"\\]|\\.)*)"/i.exec(disposition)?.[1].replace(/\\(.)/g, "$1");
}

/**
 * @param {Photo} photo
 * @param {import("./types.js").Output} output
 */
function fallbackName(photo, output) {
  const [, stem, ending] = /** @type {RegExpExecArray} */ (/^(.*?)(\.[^.]*)?$/s.exec(photo.name));
  const endings = { file: ending ?? "", layer: "-layer.png", compare: "-compare.jpg", project: ".photochrom" };
  return `${stem}-colour${endings[output]}`;
}

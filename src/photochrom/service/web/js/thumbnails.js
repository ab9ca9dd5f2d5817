/** The strip of all photographs and how far they are; and what stands on the stage where one can't be shown. */

import { byId, icon, make } from "./dom.js";

/** @typedef {import("./album.js").Picture} Picture */

const WORDS = { waiting: "waiting", opening: "opening", coloring: "being coloured", done: "coloured", failed: "failed" };

export class Thumbnails {
  /**
   * @param {import("./album.js").Album} album
   * @param {import("./queue.js").Queue} queue
   * @param {import("./types.js").Engine} engine
   * @param {import("./notices.js").Notices} notices
   */
  constructor(album, queue, engine, notices) {
    this.album = album;
    this.engine = engine;
    this.notices = notices;
    this.strip = byId("strip", HTMLElement);
    this.list = byId("thumbnails", HTMLElement);
    this.progress = byId("progress", HTMLProgressElement);
    /** @type {WeakMap<Picture, HTMLLIElement>} */
    this.items = new WeakMap();
    album.on("pictures", () => this.#list());
    album.on("picture", (picture) => this.#show(picture));
    album.on("current", () => this.#list());
    byId("failed-again", HTMLButtonElement).addEventListener("click", () => album.current && queue.again(album.current));
    byId("failed-remove", HTMLButtonElement).addEventListener("click", () => album.current && this.#remove(album.current));
  }

  #list() {
    const { pictures, current } = this.album;
    const items = pictures.map((picture) => this.items.get(picture) ?? this.#item(picture));
    if (items.length !== this.list.children.length || items.some((item, at) => item !== this.list.children[at])) {
      this.list.replaceChildren(...items);
    }
    this.strip.hidden = pictures.length < 2;
    document.body.classList.toggle("empty", pictures.length === 0);
    for (const picture of pictures) this.#show(picture);
    const item = current && this.items.get(current);
    item?.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (!current) this.#failure();
  }

  /** @param {Picture} picture */
  #item(picture) {
    const state = make("span", { className: "state" });
    const name = make("span", { className: "name" }, picture.name);
    const open = make("button", { type: "button", className: "thumbnail" }, picture.thumb, name, state);
    open.addEventListener("click", () => this.album.select(picture));
    open.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (event.key === "Delete") this.#remove(picture);
      if (!step && event.key !== "Delete") return;
      if (step) this.album.selectNext(step);
      event.preventDefault();
      event.stopPropagation();
      const { current } = this.album;
      /** @type {HTMLElement | null | undefined} */ (current && this.items.get(current)?.querySelector("button"))?.focus();
    });
    const remove = make("button", { type: "button", className: "remove" }, icon("close"));
    remove.setAttribute("aria-label", `Remove ${picture.name}`);
    remove.addEventListener("click", () => this.#remove(picture));
    const item = make("li", {}, open, remove);
    this.items.set(picture, item);
    return item;
  }

  /** @param {Picture} picture */
  #show(picture) {
    const item = this.items.get(picture);
    const button = item?.querySelector("button");
    if (button) {
      const isCurrent = picture === this.album.current;
      if (isCurrent) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
      button.dataset.state = picture.state;
      button.title = picture.name;
      button.setAttribute("aria-label", `${picture.name}, ${WORDS[picture.state]}`);
    }
    if (picture === this.album.current) this.#failure();
    this.#count();
  }

  #failure() {
    const { current } = this.album;
    const failed = current?.state === "failed";
    byId("failed", HTMLElement).hidden = !failed;
    byId("failed-name", HTMLElement).textContent = failed ? current.name : "";
    byId("failed-why", HTMLElement).textContent = failed ? withoutName(current.problem, current.file.name) : "";
    byId("name", HTMLElement).textContent = current?.name ?? "";
    document.title = current ? `${current.name} – Photochrom` : "Photochrom";
  }

  #count() {
    const { pictures } = this.album;
    const failed = pictures.filter((each) => each.state === "failed").length;
    const done = pictures.filter((each) => each.state === "done").length;
    this.progress.max = Math.max(pictures.length, 1);
    this.progress.value = done + failed;
    this.progress.hidden = done + failed === pictures.length;
    const words =
      `${done} of ${pictures.length} coloured` + (failed ? `, ${failed} failed` : "");
    const place = byId("count", HTMLElement);
    if (place.textContent === words) return;
    place.textContent = words;
    if (pictures.length > 1 && done + failed === pictures.length) this.notices.say(`${words}.`);
  }

  /** @param {Picture} picture */
  #remove(picture) {
    const { unkept } = picture;
    const at = this.album.pictures.indexOf(picture);
    this.album.remove(picture);
    if (picture.edit) this.engine.close(picture.edit.photo);
    if (!unkept) return;
    const act = () => this.album.putBack(picture, at);
    this.notices.tell(`${picture.name} was removed, with what you asked of it.`, { label: "Put it back", act });
  }
}

/**
 * A sentence that begins with a file's name, for a place that shows the name already.
 * @param {string} sentence
 * @param {string} name
 */
function withoutName(sentence, name) {
  if (!sentence.startsWith(`${name}: `)) return sentence;
  const rest = sentence.slice(name.length + 2);
  return `This file ${/^(is|has|can|was|could|does|holds)\b/.test(rest) ? "" : "can't be used: "}${rest}`;
}

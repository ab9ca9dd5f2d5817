/**
 * Keys for everything, and the help that lists them, from one table. Keys without Ctrl can be turned off, for those
 * who speak to their computer (WCAG 2.1.4).
 */

import { byId, make } from "./dom.js";

/**
 * @typedef {object} Shortcut
 * @property {string} keys as people read them
 * @property {string} means
 * @property {(event: KeyboardEvent) => boolean} is
 * @property {() => void} act
 * @property {boolean} [always] even where single keys are turned off: those with Ctrl
 * @property {boolean} [typing] even while something is typed, which is finished by it
 */

const OFF = "photochrom-keys-off";

/** @param {string[]} keys */
export const key = (...keys) => (/** @type {KeyboardEvent} */ event) =>
  keys.includes(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey;

/**
 * @param {string} letter
 * @param {boolean} [shift]
 */
export const withCtrl = (letter, shift = false) => (/** @type {KeyboardEvent} */ event) =>
  (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === letter && event.shiftKey === shift;

/**
 * Those that belong to an element of their own, which listens for them itself.
 * @type {[string, string][]}
 */
const ELSEWHERE = [
  ["Arrows on the photograph", "move the cross; with Shift in large steps"],
  ["Enter on the photograph", "give a hint there, or set a corner of the box"],
  ["Arrows on a hint", "move it"],
  ["Delete on a hint", "delete it"],
  ["Arrows on the before/after handle", "draw it over the picture"],
  ["Escape", "close what is open"],
];

/** @param {Shortcut[]} shortcuts */
export function listen(shortcuts) {
  const dialog = byId("help", HTMLDialogElement);
  const letters = byId("letters", HTMLInputElement);
  letters.checked = localStorage.getItem(OFF) === null;
  letters.addEventListener("change", () => {
    if (letters.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "yes");
  });
  byId("shortcuts", HTMLElement).append(
    ...[...shortcuts.map(({ keys, means }) => /** @type {[string, string]} */ ([keys, means])), ...ELSEWHERE].flatMap(
      ([keys, means]) => [make("dt", {}, keys.length > 12 ? keys : make("kbd", {}, keys)), make("dd", {}, means)],
    ),
  );
  byId("help-open", HTMLButtonElement).addEventListener("click", () => dialog.showModal());

  addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    const found = shortcuts.find(({ is, always }) => is(event) && (always || letters.checked));
    if (!found || (takesLetters(event.target) && !found.typing)) return;
    event.preventDefault();
    if (found.typing && event.target instanceof HTMLElement) event.target.blur();
    found.act();
  });
  for (const each of document.querySelectorAll("dialog")) {
    each.addEventListener("click", (event) => {
      const { left, right, top, bottom } = each.getBoundingClientRect();
      const { clientX: x, clientY: y, detail } = event;
      if (event.target === each && detail && (x < left || x > right || y < top || y > bottom)) each.close();
    });
    for (const button of each.querySelectorAll("[data-close]")) button.addEventListener("click", () => each.close());
  }
}

/** @param {EventTarget | null} target */
function takesLetters(target) {
  const isText = target instanceof HTMLInputElement && ["text", "password"].includes(target.type);
  return isText || target instanceof HTMLSelectElement;
}

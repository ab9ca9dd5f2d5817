/** On narrow screens the panel is a sheet at the lower end that shows one section at a time. */

import { byId } from "./dom.js";

/** Makes its tabs work. */
export function listen() {
  const panel = byId("panel", HTMLElement);
  const tabs = /** @type {HTMLButtonElement[]} */ ([...panel.querySelectorAll("[data-section]")]);
  const show = (/** @type {string} */ name) => {
    panel.dataset.open = name;
    for (const tab of tabs) tab.setAttribute("aria-expanded", String(tab.dataset.section === name));
  };
  for (const tab of tabs) {
    const name = tab.dataset.section ?? "";
    tab.addEventListener("click", () => show(panel.dataset.open === name ? "" : name));
  }
  show("");
}

/** The few things that every part of the page does with its elements. */

/**
 * An element of the page by its id.
 * @template {Element} E
 * @param {string} id
 * @param {new () => E} kind
 * @returns {E}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new TypeError(`the page has no ${kind.name} #${id}`);
  return found;
}

/**
 * A new element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [properties] of the element; names with a hyphen, and `role`, are attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, String(value));
    else Reflect.set(element, name, value);
  }
  element.append(...children);
  return element;
}

/**
 * One of the icons that index.html brings.
 * @param {string} name
 */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** @param {unknown} error */
export function wasAborted(error) {
  return error instanceof DOMException && error.name === "AbortError";
}

/**
 * What to tell people of an error.
 * @param {unknown} error
 */
export function told(error) {
  if (error instanceof Error && error.name === "Problem") return error.message;
  console.error(error);
  return "Something went wrong on this page. Try again; if it happens once more, load the page anew.";
}

/** Whether somebody asked for less movement on the screen. */
export function calm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** @param {number} part */
export function percent(part) {
  return part > 0 && part < 0.005 ? "< 1 %" : `${Math.round(part * 100)} %`;
}

/**
 * @param {string} word
 * @param {number} n
 */
export function plural(word, n) {
  return n === 1 ? word : `${word}s`;
}

/** Asks for the key of a Photochrom that wants one. */

import { byId } from "./dom.js";

/**
 * @param {boolean} again whether one was given that did not fit
 * @returns {Promise<string | null>} null where none was given
 */
export function askKey(again) {
  const dialog = byId("key", HTMLDialogElement);
  const field = byId("key-field", HTMLInputElement);
  const form = byId("key-form", HTMLFormElement);
  byId("key-wrong", HTMLElement).hidden = !again;
  field.value = "";
  dialog.showModal();
  field.focus();
  return new Promise((resolve) => {
    const given = () => {
      form.removeEventListener("submit", given);
      dialog.removeEventListener("close", given);
      resolve(/^[\x21-\x7e]+$/.test(field.value) ? field.value : null);
    };
    form.addEventListener("submit", given);
    dialog.addEventListener("close", given);
  });
}

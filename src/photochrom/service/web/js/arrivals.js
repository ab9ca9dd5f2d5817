/** Files that come to the page: dropped anywhere on it, folders too, pasted, or chosen. */

import { byId } from "./dom.js";

/** @param {(files: File[]) => void} arrived */
export function welcome(arrived) {
  const chooser = byId("chooser", HTMLInputElement);
  const veil = byId("veil", HTMLElement);
  for (const button of document.querySelectorAll("[data-choose]")) {
    button.addEventListener("click", () => chooser.click());
  }
  chooser.addEventListener("change", () => {
    arrived([...(chooser.files ?? [])]);
    chooser.value = "";
  });

  let inside = 0;
  const carries = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
  const leave = () => {
    inside = 0;
    veil.hidden = true;
  };
  addEventListener("dragenter", (event) => {
    if (!carries(event)) return;
    inside += 1;
    veil.hidden = false;
  });
  addEventListener("dragleave", () => {
    inside -= 1;
    if (inside <= 0) leave();
  });
  addEventListener("dragover", (event) => {
    if (carries(event)) event.preventDefault();
  });
  addEventListener("dropped", leave);
  addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    leave();
    void filesIn(/** @type {DataTransfer} */ (event.dataTransfer)).then(arrived);
  });
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) arrived(files);
  });
}

/**
 * All files that were dropped, those in folders too, in the order of their names.
 * @param {DataTransfer} transfer
 */
async function filesIn(transfer) {
  const plain = [...transfer.files];
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (!entries.some((entry) => entry?.isDirectory)) return plain;
  const found = await Promise.all(entries.map((entry) => (entry ? filesOf(entry) : [])));
  return found.flat();
}

/**
 * @param {FileSystemEntry} entry
 * @returns {Promise<File[]>}
 */
async function filesOf(entry) {
  if (entry.name.startsWith(".")) return [];
  if (entry.isFile) {
    return new Promise((resolve) =>
      /** @type {FileSystemFileEntry} */ (entry).file(
        (file) => resolve([file]),
        () => resolve([]),
      ),
    );
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  /** @type {FileSystemEntry[]} */
  const all = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!some.length) break;
    all.push(...some);
  }
  all.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
  return (await Promise.all(all.map(filesOf))).flat();
}

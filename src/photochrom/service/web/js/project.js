/** Takes up a colouring that was kept, in a `.photochrom` file or in the mark of a picture that was coloured before. */

import { changed, untouched } from "./edits.js";

/** @typedef {import("./types.js").Edit} Edit */

/**
 * What has to be asked of a photograph for that colouring.
 * @param {import("./types.js").Engine} engine
 * @param {Edit} edit of the photograph as it is now
 * @param {import("./types.js").Saved} saved
 * @returns {Promise<Edit>}
 */
export async function takenUp(engine, edit, { options, hints, boxes }) {
  let photo = edit.photo;
  const there = new Set(photo.boxes.map(String));
  for (const box of boxes) {
    if (!there.has(String(box))) photo = await engine.refine(photo, box);
  }
  return changed(untouched(photo), {
    hints: Object.freeze(hints),
    vividness: options.vividness ?? null,
    strength: options.strength ?? 1,
    warmth: options.warmth ?? 0,
    keepTone: options.keep_tone ?? false,
    reference: edit.reference,
  });
}

/** What can be asked of a picture: each function gives a new edit and leaves the old one as it was. */

/** @typedef {import("./types.js").Edit} Edit */
/** @typedef {import("./types.js").Hint} Hint */
/** @typedef {import("./types.js").Photo} Photo */

/**
 * Nothing asked yet.
 * @param {Photo} photo
 * @returns {Edit}
 */
export function untouched(photo) {
  return Object.freeze({
    ...{ photo, hints: Object.freeze([]) },
    ...{ vividness: null, strength: 1, warmth: 0, keepTone: false, reference: null },
  });
}

/**
 * @param {Edit} edit
 * @param {Partial<Edit>} changes
 * @returns {Edit}
 */
export function changed(edit, changes) {
  return Object.freeze({ ...edit, ...changes });
}

/**
 * With a hint in a place of the list; at its end it is a new one.
 * @param {Edit} edit
 * @param {number} index
 * @param {Hint} hint
 */
export function withHint(edit, index, hint) {
  return changed(edit, { hints: Object.freeze([...edit.hints.slice(0, index), hint, ...edit.hints.slice(index + 1)]) });
}

/**
 * @param {Edit} edit
 * @param {number} index
 */
export function withoutHint(edit, index) {
  return changed(edit, { hints: Object.freeze(edit.hints.filter((_, each) => each !== index)) });
}

/**
 * Where a hint is shown and taken hold of.
 * @param {Hint} hint
 * @returns {import("./types.js").Point}
 */
export function placeOf(hint) {
  const [x, y] = hint.stroke ? hint.stroke[Math.floor(hint.stroke.length / 2)] : [hint.x ?? 0, hint.y ?? 0];
  return { x, y };
}

/**
 * The hint at another place of the photograph; a stroke moves as a whole.
 * @param {Hint} hint
 * @param {import("./types.js").Point} place
 * @param {import("./types.js").Size} photo
 * @returns {Hint}
 */
export function moved(hint, place, photo) {
  const x = within(place.x, photo.width);
  const y = within(place.y, photo.height);
  if (!hint.stroke) return { ...hint, x, y };
  const from = placeOf(hint);
  return {
    ...hint,
    stroke: hint.stroke.map(([a, b]) => [within(a + x - from.x, photo.width), within(b + y - from.y, photo.height)]),
  };
}

/**
 * @param {number} value
 * @param {number} side of the photograph
 */
export function within(value, side) {
  return Math.round(Math.min(Math.max(value, 0), side - 1) * 10) / 10;
}

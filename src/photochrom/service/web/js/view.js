/** Where a photograph lies on the screen: pure arithmetic of zooming and panning. */

/** @typedef {import("./types.js").Point} Point */
/** @typedef {import("./types.js").Size} Size */

/**
 * @typedef {object} View
 * @property {number} scale screen pixels for each of the photograph
 * @property {number} x where the photograph's upper left corner is on the screen
 * @property {number} y
 */

const CLOSEST = 8;

/**
 * All of the photograph, in the middle, never enlarged by much.
 * @param {Size} photo
 * @param {Size} stage
 * @param {number} margin
 * @returns {View}
 */
export function fitting(photo, stage, margin) {
  const across = Math.max(stage.width - 2 * margin, 16) / photo.width;
  const down = Math.max(stage.height - 2 * margin, 16) / photo.height;
  const scale = Math.min(across, down, 4);
  return { scale, x: (stage.width - photo.width * scale) / 2, y: (stage.height - photo.height * scale) / 2 };
}

/**
 * Closer or farther, around a point that stays where it is.
 * @param {View} view
 * @param {number} factor
 * @param {Point} around on the screen
 * @param {View} fit beyond which it never goes farther
 * @returns {View}
 */
export function zoomed(view, factor, around, fit) {
  const scale = Math.min(Math.max(view.scale * factor, fit.scale), Math.max(CLOSEST, fit.scale));
  const ratio = scale / view.scale;
  return { scale, x: around.x - (around.x - view.x) * ratio, y: around.y - (around.y - view.y) * ratio };
}

/**
 * So that no more of the stage is empty than has to be.
 * @param {View} view
 * @param {Size} photo
 * @param {Size} stage
 * @param {number} margin
 * @returns {View}
 */
export function held(view, photo, stage, margin) {
  const hold = (/** @type {number} */ at, /** @type {number} */ long, /** @type {number} */ room) =>
    long + 2 * margin <= room ? (room - long) / 2 : Math.min(Math.max(at, room - margin - long), margin);
  return {
    scale: view.scale,
    x: hold(view.x, photo.width * view.scale, stage.width),
    y: hold(view.y, photo.height * view.scale, stage.height),
  };
}

/**
 * @param {View} view
 * @param {Point} point on the screen
 * @returns {Point} in pixels of the photograph
 */
export function toPhoto(view, point) {
  return { x: (point.x - view.x) / view.scale, y: (point.y - view.y) / view.scale };
}

/**
 * @param {View} view
 * @param {Point} point in pixels of the photograph
 * @returns {Point} on the screen
 */
export function toScreen(view, point) {
  return { x: view.x + point.x * view.scale, y: view.y + point.y * view.scale };
}

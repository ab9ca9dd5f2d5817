/** Where a photograph lies on the screen: pure arithmetic of zooming and panning. */

/** @typedef {import("./types.js").Point} Point */
/** @typedef {import("./types.js").Size} Size */

/**
 * @typedef {object} View
 * @property {number} scale screen pixels for each of the photograph
 * @property {number} x where the photograph's upper left corner is on the screen
 * @property {number} y
 */

/** @typedef {{left: number, top: number, right: number, bottom: number}} Frame the part of the stage to lie in */

const CLOSEST = 8;
const LEAST_ROOM = 16;
const MOST_ENLARGED = 4;

/**
 * All of the photograph, in the middle, never enlarged by much.
 * @param {Size} photo
 * @param {Frame} frame
 * @returns {View}
 */
export function fitting(photo, frame) {
  const across = Math.max(frame.right - frame.left, LEAST_ROOM) / photo.width;
  const down = Math.max(frame.bottom - frame.top, LEAST_ROOM) / photo.height;
  return held({ scale: Math.min(across, down, MOST_ENLARGED), x: 0, y: 0 }, photo, frame);
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
 * So that no more of the frame is empty than has to be.
 * @param {View} view
 * @param {Size} photo
 * @param {Frame} frame
 * @returns {View}
 */
export function held({ scale, x, y }, photo, { left, top, right, bottom }) {
  return { scale, x: hold(x, photo.width * scale, left, right), y: hold(y, photo.height * scale, top, bottom) };
}

/**
 * @param {number} at where something begins
 * @param {number} long
 * @param {number} from where it has room
 * @param {number} to
 */
function hold(at, long, from, to) {
  const spare = to - from - long;
  return spare >= 0 ? from + spare / 2 : Math.min(Math.max(at, from + spare), from);
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

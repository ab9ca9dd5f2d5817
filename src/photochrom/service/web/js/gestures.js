/**
 * What fingers, pen, mouse and wheel do on the stage, told in its own words: a tap, a drag, a pinch, a box.
 */

/** @typedef {import("./types.js").Point} Point */

/**
 * @typedef {object} Wishes
 * @property {(at: Point) => void} tap
 * @property {(across: number, down: number) => void} drag
 * @property {(factor: number, at: Point) => void} zoom
 * @property {() => boolean} boxing whether a drag draws a box now
 * @property {(from: Point, to: Point, done: boolean) => void} box
 * @property {() => void} cancel a box that was begun
 */

const STILL = 6;

/**
 * @param {HTMLElement} surface
 * @param {Wishes} wishes
 */
export function listen(surface, wishes) {
  /** Where each finger is. @type {Map<number, Point>} */
  const fingers = new Map();
  /** @type {Point | null} */
  let from = null;
  let moved = false;

  const place = (/** @type {MouseEvent} */ event) => {
    const { left, top } = surface.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };

  surface.addEventListener("pointerdown", (event) => {
    if (event.button > 1) return;
    surface.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, place(event));
    if (fingers.size === 1) {
      from = place(event);
      moved = false;
    } else {
      if (wishes.boxing() && moved) wishes.cancel();
      from = null;
    }
  });

  surface.addEventListener("pointermove", (event) => {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    const now = place(event);
    if (fingers.size === 2) {
      const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      const ratio = distance(now, other) / Math.max(distance(last, other), 1);
      wishes.zoom(ratio, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
      wishes.drag((now.x - last.x) / 2, (now.y - last.y) / 2);
    } else if (from) {
      moved ||= distance(now, from) > STILL;
      if (moved && wishes.boxing()) wishes.box(from, now, false);
      else if (moved) wishes.drag(now.x - last.x, now.y - last.y);
    }
    if (moved || fingers.size > 1) fingers.set(event.pointerId, now);
  });

  const end = (/** @type {PointerEvent} */ event) => {
    if (!fingers.delete(event.pointerId) || !from) return;
    const start = from;
    from = null;
    if (event.type === "pointercancel") {
      if (wishes.boxing()) wishes.cancel();
    } else if (moved && wishes.boxing()) wishes.box(start, place(event), true);
    else if (!moved && event.button === 0) wishes.tap(start);
  };
  surface.addEventListener("pointerup", end);
  surface.addEventListener("pointercancel", end);

  surface.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const speed = event.ctrlKey ? 0.01 : 0.002;
      wishes.zoom(Math.exp(-Math.min(Math.max(event.deltaY * lines, -200), 200) * speed), place(event));
    },
    { passive: false },
  );
}

/**
 * @param {Point} one
 * @param {Point} other
 */
function distance(one, other) {
  return Math.hypot(one.x - other.x, one.y - other.y);
}

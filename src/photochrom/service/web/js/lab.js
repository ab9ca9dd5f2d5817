/** Colours at a given lightness: CIE Lab (D65) and back to sRGB, as far as a screen can show them. */

/** @typedef {[number, number, number]} Triple */

const WHITE = [0.95047, 1, 1.08883];
const GREATEST_CHROMA = 135;

/**
 * @param {string} hex `#rrggbb`
 * @returns {Triple} L* from 0 to 100, a*, b*
 */
export function labOf(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => toLinear(parseInt(hex.slice(at, at + 2), 16) / 255));
  const [x, y, z] = [
    0.4124564 * r + 0.3575761 * g + 0.1804375 * b,
    0.2126729 * r + 0.7151522 * g + 0.072175 * b,
    0.0193339 * r + 0.119192 * g + 0.9503041 * b,
  ].map((value, at) => forth(value / WHITE[at]));
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/**
 * @param {Triple} lab
 * @returns {Triple} linear sRGB; outside of 0 to 1 where no screen shows it
 */
function linearOf([lightness, a, b]) {
  const y = (lightness + 16) / 116;
  const [X, Y, Z] = [y + a / 500, y, y - b / 200].map((value, at) => back(value) * WHITE[at]);
  return [
    3.2404542 * X - 1.5371385 * Y - 0.4985314 * Z,
    -0.969266 * X + 1.8760108 * Y + 0.041556 * Z,
    0.0556434 * X - 0.2040259 * Y + 1.0572252 * Z,
  ];
}

/**
 * @param {number} lightness
 * @param {number} hue in degrees
 * @param {number} chroma
 * @returns {Triple} 0 to 255, cut where no screen shows it
 */
export function rgbOf(lightness, hue, chroma) {
  const angle = (hue * Math.PI) / 180;
  const linear = linearOf([lightness, chroma * Math.cos(angle), chroma * Math.sin(angle)]);
  return /** @type {Triple} */ (linear.map((value) => Math.round(fromLinear(Math.min(Math.max(value, 0), 1)) * 255)));
}

/**
 * The strongest colour of a hue that a screen can show at a lightness.
 * @param {number} lightness
 * @param {number} hue in degrees
 */
export function greatestChroma(lightness, hue) {
  const angle = (hue * Math.PI) / 180;
  let [low, high] = [0, GREATEST_CHROMA];
  while (high - low > 0.25) {
    const chroma = (low + high) / 2;
    const linear = linearOf([lightness, chroma * Math.cos(angle), chroma * Math.sin(angle)]);
    if (linear.every((value) => value > -0.0005 && value < 1.0005)) low = chroma;
    else high = chroma;
  }
  return low;
}

/** @param {Triple} rgb */
export function hexOf(rgb) {
  return `#${rgb.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * The colour as it looks in the light of a place.
 * @param {string} hex
 * @param {number} lightness
 */
export function inLight(hex, lightness) {
  const { hue, chroma } = polar(hex);
  return hexOf(rgbOf(lightness, hue, Math.min(chroma, greatestChroma(lightness, hue))));
}

/**
 * @param {string} hex
 * @returns {{hue: number, chroma: number}} degrees from 0 to 360, and how far from grey
 */
export function polar(hex) {
  const [, a, b] = labOf(hex);
  return { hue: ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360, chroma: Math.hypot(a, b) };
}

/** @param {number} value */
function toLinear(value) {
  return value > 0.04045 ? ((value + 0.055) / 1.055) ** 2.4 : value / 12.92;
}

/** @param {number} value */
function fromLinear(value) {
  return value > 0.0031308 ? 1.055 * value ** (1 / 2.4) - 0.055 : value * 12.92;
}

/** @param {number} value */
function forth(value) {
  return value > 216 / 24389 ? Math.cbrt(value) : ((24389 / 27) * value + 16) / 116;
}

/** @param {number} value */
function back(value) {
  return value > 6 / 29 ? value ** 3 : (116 * value - 16) / (24389 / 27);
}

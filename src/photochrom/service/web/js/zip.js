/** Writes a zip archive of files that are compressed already: they are stored as they are (APPNOTE 6.3.10). */

const UTF8_NAMES = 0x0800;
const LARGEST = 0xffffffff;
const MOST_FILES = 0xffff;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

/** @typedef {{name: string, blob: Blob}} Entry */

/**
 * @param {readonly Entry[]} entries
 * @param {Date} [date] that all of them bear
 * @returns {Promise<Blob>}
 * @throws {RangeError} where they are more, or larger, than a plain archive holds
 */
export async function zip(entries, date = new Date()) {
  const total = entries.reduce((sum, { blob, name }) => sum + blob.size + 4 * name.length + 128, 0);
  if (total > LARGEST || entries.length > MOST_FILES) {
    throw new RangeError("Together these pictures are more than 4 GB: download them one by one.");
  }
  /** @type {BlobPart[]} */
  const parts = [];
  /** @type {BlobPart[]} */
  const directory = [];
  const stamp = dosTime(date);
  let at = 0;
  let directorySize = 0;
  for (const { name, blob } of entries) {
    const bytes = new TextEncoder().encode(name);
    const common = [[2, 20], [2, UTF8_NAMES], [2, 0], [4, stamp], [4, await crcOf(blob)], [4, blob.size], [4, blob.size]];
    const local = fields([[4, 0x04034b50], ...common, [2, bytes.length], [2, 0]]);
    const central = fields([
      ...[[4, 0x02014b50], [2, 20], ...common, [2, bytes.length]],
      ...[[2, 0], [2, 0], [2, 0], [2, 0], [4, 0], [4, at]],
    ]);
    parts.push(local, bytes, blob);
    directory.push(central, bytes);
    at += local.length + bytes.length + blob.size;
    directorySize += central.length + bytes.length;
  }
  const count = entries.length;
  const end = fields([[4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, directorySize], [4, at], [2, 0]]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

/**
 * Names that differ in an archive whose reader may not tell upper from lower case.
 * @param {readonly string[]} names
 */
export function apart(names) {
  const taken = new Set();
  return names.map((name) => {
    const plain = name.replace(/[/\\:*?"<>|\u0000-\u001f]/g, "_");
    const [, stem, ending] = /** @type {RegExpExecArray} */ (/^(.*?)(\.[^.]*)?$/s.exec(plain));
    let other = plain;
    for (let number = 2; taken.has(other.toLowerCase()); number += 1) other = `${stem} (${number})${ending ?? ""}`;
    taken.add(other.toLowerCase());
    return other;
  });
}

/** @param {Blob} blob */
async function crcOf(blob) {
  let crc = 0xffffffff;
  const reader = blob.stream().getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    for (const byte of part.value) crc = CRC_TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** @param {number[][]} values pairs of a width in bytes and a value */
function fields(values) {
  const view = new DataView(new ArrayBuffer(values.reduce((sum, [width]) => sum + width, 0)));
  let at = 0;
  for (const [width, value] of values) {
    if (width === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += width;
  }
  return new Uint8Array(view.buffer);
}

/** @param {Date} date */
function dosTime(date) {
  const day = ((date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate();
  const time = (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1);
  return ((day << 16) | time) >>> 0;
}

/**
 * Undo and redo over values that never change. While a slider moves, its values pass by without being kept;
 * where it comes to rest, one step is kept.
 */

/** @template T */
export class History {
  /** @param {T} first */
  constructor(first) {
    this.present = first;
    /** @type {T[]} */
    this.past = [];
    /** @type {T[]} */
    this.future = [];
    /** What it was before a passing change. @type {T | null} */
    this.rest = null;
  }

  /**
   * @param {T} next
   * @param {boolean} [passing] whether more of the same is about to come
   */
  change(next, passing = false) {
    this.rest ??= this.present;
    this.present = next;
    if (passing) return;
    if (next !== this.rest) {
      this.past.push(this.rest);
      this.future = [];
    }
    this.rest = null;
  }

  /** Whether there was something to undo. */
  undo() {
    if (this.rest !== null) this.change(this.present);
    const back = this.past.pop();
    if (back === undefined) return false;
    this.future.push(this.present);
    this.present = back;
    return true;
  }

  /** Whether there was something to do again. */
  redo() {
    const forth = this.future.pop();
    if (forth === undefined) return false;
    this.past.push(this.present);
    this.present = forth;
    return true;
  }
}

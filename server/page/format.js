// Numbers for people.

const grouped = new Intl.NumberFormat("en");

/** 12,345 */
export const count = (value) => grouped.format(value);

/** An amount in satoshi, to the millisatoshi where there is a rest: 1,234.567 */
export function sat(msat) {
  const rest = msat % 1000;
  const whole = grouped.format((msat - rest) / 1000);
  return rest === 0 ? whole : `${whole}.${String(rest).padStart(3, "0")}`;
}

/** Bitcoin to three digits or so. */
export function btc(msat) {
  const value = msat / 1e11;
  return value >= 100 ? grouped.format(Math.round(value)) : value.toPrecision(3);
}

/** A share of one: 97.3 % */
export const percent = (share) => `${(100 * share).toFixed(share > 0.9995 || share < 0.0995 ? 2 : 1)} %`;

/** A few letters for a large number: 1k, 20M. */
export function brief(value) {
  for (const [unit, letter] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (value >= unit) return `${+(value / unit).toPrecision(3)}${letter}`;
  }
  return String(value);
}

/** A time that something took. */
export function took(micros) {
  if (micros < 1000) return `${micros} µs`;
  if (micros < 1e6) return `${(micros / 1000).toPrecision(3)} ms`;
  return `${(micros / 1e6).toPrecision(3)} s`;
}

/** How long ago, or for how long. */
export function span(seconds) {
  for (const [unit, name] of [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]]) {
    if (seconds >= 2 * unit || (unit === 1)) {
      const whole = Math.round(seconds / unit);
      return `${grouped.format(whole)} ${name}${whole === 1 ? "" : "s"}`;
    }
  }
}

/** Blocks as time: one in ten minutes. */
export const blocks = (number) => span(600 * number);

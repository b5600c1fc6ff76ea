// Summary statistics of many noisy numbers.

/** The middle one, or the mean of the two in the middle; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  const lower = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

/** The smallest value that at least `percent` of all values do not exceed (nearest rank); NaN for none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(Math.ceil((percent / 100) * sorted.length) - 1, 0)] ?? Number.NaN;
}

export type Point = readonly [x: number, y: number];

/** The b of y = a * x^b: least squares of the logarithms; NaN for fewer than two different x, or where one is not above 0. */
export function exponent(points: readonly Point[]): number {
  return slope(points.map(([x, y]) => [Math.log(x), Math.log(y)]));
}

/** The b of y = a + b * x, by least squares; NaN for fewer than two different x. */
export function slope(points: readonly Point[]): number {
  const mean = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0) / values.length;
  const middle = { x: mean(points.map(([x]) => x)), y: mean(points.map(([, y]) => y)) };
  const products = points.map(([x, y]) => (x - middle.x) * (y - middle.y));
  const squares = points.map(([x]) => (x - middle.x) ** 2);
  return mean(products) / mean(squares);
}
